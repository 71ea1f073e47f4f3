"""Laws of inverse filters and pseudo-inverses, over kernels of every kind.

The oracles are dense matrices: NumPy's least squares and pseudo-inverse, Penrose's conditions, and
the gradient written out. Of ties, kernels whose delays are equal by their structure.
"""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convmat import (
    ConvmatError,
    Status,
    TooLargeError,
    compare_inverses,
    convolution_matrix,
    difference_matrix,
    inverse_filter,
    inverse_matrix,
    smallest_inverse,
)

EPS = np.finfo(float).eps
SEEDS = st.integers(0, 2**32 - 1)
DTYPES = ["float32", "float64", "complex64", "complex128"]


def random_kernel(rng, shape, dtype="float64"):
    kernel = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        kernel = kernel + 1j * rng.standard_normal(shape)
    return kernel.astype(dtype)


def delta(index, shape):
    response = np.zeros(shape)
    response[index] = 1
    return response


def full_shape(kernel, shape):
    return tuple(n + k - 1 for n, k in zip(shape, kernel.shape, strict=True))


def stacked(kernel, shape, damp, penalty):
    """``[H; damp L]``, dense."""
    wide = kernel.astype(np.result_type(kernel, np.float64))
    H = convolution_matrix(wide, shape).toarray()
    L = np.eye(H.shape[1]) if penalty is None else penalty
    return np.vstack([H, damp * L]) if damp else H


# Ties ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "shape", "row"),
    [
        ([[-0.1321048632913019, 0.6404226504432821, 0.10490011715303971]], (3, 17), 1),
        ([[0.5811658124128057, 1.294558819441117, -0.7546057912599311]], (3, 23), 1),
    ],
)
def test_rows_of_small_residuals_go_to_the_centre(kernel, shape, row):
    assert inverse_filter(kernel, shape).delay[0] == row


@settings(max_examples=150)
@given(
    seed=SEEDS,
    taps=st.integers(1, 6),
    rows=st.integers(1, 6),
    columns=st.integers(1, 24),
    zeros=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dtype=st.sampled_from(DTYPES),
    damp=st.sampled_from([0, 0, 1e-5, 0.3]),
    turned=st.booleans(),
    peak=st.floats(0, 10),
)
def test_along_an_axis_without_taps_the_centre_wins(
    seed, taps, rows, columns, zeros, dtype, damp, turned, peak
):
    """Every row that the one row of taps reaches is as good as the others."""
    line = random_kernel(np.random.default_rng(seed), taps, dtype)
    line[seed % taps] += peak
    kernel = np.pad(line[None], (zeros, (0, 0)))
    shape = (rows, columns)
    if turned:
        kernel, shape = kernel.T, shape[::-1]
    delay = inverse_filter(kernel, shape, damp=damp).delay[1 if turned else 0]
    centre = (rows + sum(zeros) - 1) / 2
    reached = zeros[0] + np.arange(rows)
    assert delay in reached
    assert abs(delay - centre) == np.abs(reached - centre).min()


@settings(max_examples=50)
@given(SEEDS, st.integers(1, 5), st.integers(1, 15), st.sampled_from(DTYPES))
def test_with_a_zero_between_taps_neighbours_are_alike(seed, taps, half, dtype):
    """Even and odd samples are two problems, and the same."""
    kernel = np.zeros(2 * taps, dtype)
    kernel[::2] = random_kernel(np.random.default_rng(seed), taps, dtype)
    found = inverse_filter(kernel, 2 * half)
    (delay,), centre = found.delay, (2 * half + 2 * taps - 2) / 2
    pairs = found.delay_choice.objective_norms
    assert abs(delay - centre) <= abs((delay ^ 1) - centre) or (delay ^ 1) >= len(pairs)


# Optimality ----------------------------------------------------------------------------


def judged(found, B, response):
    """The gradient from the dense matrix, in multiples of rounding."""
    rhs = np.zeros(len(B), dtype=np.result_type(response, B))
    rhs[: response.size] = response.ravel()
    g = found.filter.ravel()
    left = B @ g - rhs
    norm = np.linalg.norm(B, 2)
    rounding = 50 * EPS * norm * (np.linalg.norm(rhs) + norm * np.linalg.norm(g))
    slope = np.linalg.norm(B.conj().T @ left)
    assert slope <= rounding
    assert abs(found.solution.gradient_norm - slope) <= rounding
    assert abs(found.residual_norm - np.linalg.norm(left[: response.size])) <= rounding / norm
    np.testing.assert_allclose(
        found.residual.ravel(), left[: response.size], rtol=0, atol=rounding / norm
    )
    return rhs


@settings(max_examples=120)
@given(
    seed=SEEDS,
    sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3),
    dtype=st.sampled_from(DTYPES),
    damp=st.sampled_from([0, 1e-3, 0.5, 20]),
    penalty=st.sampled_from([None, "differences", "dense", "complex"]),
    wanted=st.sampled_from(["best", "delay", "target", "complex target"]),
)
def test_every_filter_is_a_minimum(seed, sizes, dtype, damp, penalty, wanted):
    rng = np.random.default_rng(seed)
    taps, shape = zip(*sizes, strict=True)
    kernel = random_kernel(rng, taps, dtype)
    entries = int(np.prod(shape))
    rough = {
        None: lambda: None,
        "differences": lambda: difference_matrix(shape, 1, boundary="zero").toarray(),
        "dense": lambda: random_kernel(rng, (entries + 1, entries)),
        "complex": lambda: random_kernel(rng, (2, entries), "complex128"),
    }[penalty]()
    outputs = full_shape(kernel, shape)
    options = {}
    if wanted == "delay":
        options["delay"] = tuple(int(rng.integers(m)) for m in outputs)
    elif wanted != "best":
        options["target"] = random_kernel(
            rng, outputs, "complex128" if "complex" in wanted else "float64"
        )
    found = inverse_filter(kernel, shape, damp=damp, penalty=rough, **options)
    response = options.get("target", delta(found.delay, outputs))
    B = stacked(kernel, shape, damp, rough)
    rhs = judged(found, B, response)
    condition = np.linalg.cond(B)
    if condition < 1e6:
        expected = np.linalg.lstsq(B, rhs)[0]
        # Wedin: the error of least squares, twice the rounding of both.
        size = np.linalg.norm(expected) + condition * np.linalg.norm(rhs) / np.linalg.norm(B, 2)
        assert np.linalg.norm(found.filter.ravel() - expected) <= 100 * EPS * condition * size
    assert found.delay_choice is None or wanted == "best"


DIRECT = ["auto", "cholesky", "qr", "pinv", "spectral"]
ITERATIVE = ["lsqr", "lsmr", "cgls", "pcg"]


@pytest.mark.parametrize("solver", [*DIRECT, *ITERATIVE])
@pytest.mark.parametrize("damp", [0.0, 0.2])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_every_solver_gives_the_same_filter(solver, damp, dtype, axes):
    rng = np.random.default_rng(axes)
    lines = [random_kernel(rng, 3 - a % 2, dtype) for a in range(axes)]
    for line in lines:
        line[0] += 4
    kernel, shape = reduce(np.multiply.outer, lines), (5, 4, 3)[:axes]
    place = (1, 2, 1)[:axes]
    iterative = {"tolerance": 1e-13} if solver in ITERATIVE else {}
    found = inverse_filter(kernel, shape, delay=place, damp=damp, solver=solver, **iterative)
    B = stacked(kernel, shape, damp, None)
    rhs = np.zeros(len(B))
    rhs[: found.residual.size] = delta(place, found.residual.shape).ravel()
    expected = np.linalg.lstsq(B, rhs)[0]
    slope = np.linalg.norm(B.conj().T @ (B @ found.filter.ravel() - rhs))
    rounding = 50 * EPS * np.linalg.norm(B, 2)
    tolerance = rounding + iterative.get("tolerance", 0) * np.linalg.norm(B.conj().T @ rhs)
    assert slope <= tolerance
    smallest = np.linalg.svd(B, compute_uv=False)[-1]
    assert np.linalg.norm(found.filter.ravel() - expected) <= 2 * tolerance / smallest**2
    assert found.solution.status is Status.CONVERGED
    assert np.iscomplexobj(found.filter) == (dtype == "complex128")


# Pseudo-inverses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "mode", "boundary", "method"),
    [
        ((33, 32), "same", "zero", "kronecker"),
        ((33, 32), "full", ("replicate", "mirror"), "kronecker"),
        ((35, 36), "valid", "zero", "kronecker"),
        ((33, 32), "same", "circular", "transforms"),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_penrose_by_structure(shape, mode, boundary, method, dtype):
    rng = np.random.default_rng(1)
    lines = [random_kernel(rng, 3, dtype), random_kernel(rng, 4, dtype)]
    for line in lines:
        line[1] += 3
    edges = (boundary,) * 2 if isinstance(boundary, str) else boundary
    factors = [
        convolution_matrix(line, n, mode, edge, format="dense")
        for line, n, edge in zip(lines, shape, edges, strict=True)
    ]
    found = inverse_matrix(np.multiply.outer(*lines), shape, mode, boundary)
    assert (found.method, found.matrix) == (method, None)
    H = np.kron(*factors)
    P = found.operator @ np.eye(len(H))
    condition = np.prod([np.linalg.cond(factor) for factor in factors])
    assert found.condition == pytest.approx(condition, rel=100 * EPS * condition)
    assert found.rank == min(H.shape)
    error = 10 * EPS * condition
    HP, PH = H @ P, P @ H
    assert np.linalg.norm(HP @ H - H) <= error * np.linalg.norm(H)
    assert np.linalg.norm(PH @ P - P) <= error * np.linalg.norm(P)
    assert np.linalg.norm(HP - HP.conj().T) <= error * np.linalg.norm(HP)
    assert np.linalg.norm(PH - PH.conj().T) <= error * np.linalg.norm(PH)
    expected = np.kron(*[np.linalg.pinv(factor) for factor in factors])
    assert np.linalg.norm(P - expected) <= error * condition * np.linalg.norm(expected)
    assert np.iscomplexobj(P) == (dtype == "complex128")
    back = found.operator.H @ np.eye(H.shape[1], 3)
    assert np.linalg.norm(back - P.conj().T[:, :3]) <= error * np.linalg.norm(P)


# Sizes ---------------------------------------------------------------------------------

HUGE = 10**12


@pytest.mark.parametrize(
    ("find", "size"),
    [
        (lambda: inverse_filter([1, 2], HUGE), rf"{HUGE} entries \(inverse_shape"),
        (lambda: inverse_filter([[1, 2]], (10**6, 10**6), damp=1), rf"{HUGE} entries"),
        (lambda: inverse_filter([1, 2j], HUGE, delay=0), rf"{HUGE} entries .*smaller"),
        (lambda: smallest_inverse([1, 2], 0.1, max_size=HUGE), rf"{HUGE} entries \(max_size"),
        (lambda: smallest_inverse([[1, 2], [3, 9]], 0.1, max_size=HUGE), r"0 entries \(max_size"),
        (lambda: compare_inverses([1, 2], 9, supports=[3, HUGE]), rf"{HUGE} entries.*262144"),
        (lambda: inverse_matrix([1, 2, 1], HUGE, boundary="circular"), rf"{HUGE} x {HUGE}"),
        (lambda: inverse_matrix([1, 2, 1], HUGE, boundary="symmetric"), rf"{HUGE} x {HUGE}"),
        (lambda: inverse_matrix(np.eye(2), (10**6,) * 2), rf"{HUGE} x {HUGE}"),
        (lambda: compare_inverses([1, 2], HUGE), rf"{HUGE} samples"),
    ],
)
def test_what_is_too_large_is_told_by_its_size(find, size):
    with pytest.raises(TooLargeError, match=size):
        find()


def test_the_largest_decomposition_is_stated():
    with pytest.raises(TooLargeError, match=r'at most 3072 samples .*"lsmr"'):
        inverse_matrix(np.eye(2), (56, 55))


def test_a_support_that_cannot_be_counted():
    with pytest.raises(ConvmatError, match="more elements than can be counted"):
        inverse_filter([1, 2], 10**30)
