"""Kernels that vary: the matrix against sums over nodes, the estimate against known fields."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import BOUNDARIES, MODES, extended, has_outputs, integers
from scipy import interpolate

from convmat import (
    ConvmatError,
    Geometry,
    TooLargeError,
    convolution_matrix,
    convolve,
    estimate_kernel,
    solve,
)
from convmat.matrices import blocks
from convmat.matrices.varying import varying_convolution_matrix
from convmat.varying.estimate_field import estimate_kernel_field
from convmat.varying.field_problem import kernel_field_problem

EPS = np.finfo(float).eps

# Signal, kernel and grid.
SHAPES = [
    ((9,), (3,), (4,)),
    ((4,), (7,), (2,)),
    ((5, 6), (3, 2), (2, 3)),
    ((5, 6), (2, 3), (1, 9)),
    ((3, 4, 5), (2, 3, 2), (2, 1, 3)),
]


def field(grid, kernel, seed=0, dtype=np.float64):
    values = np.random.default_rng(seed).standard_normal((*grid, *kernel))
    return values.astype(dtype)


def shares(grid, sizes):
    """How much of each node there is at each sample, by SciPy; shape (*grid, *sizes)."""
    samples = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), axis=-1)
    nodes = [
        np.linspace(0, n - 1, g) if g > 1 else [0, n]  # one node is the same everywhere
        for g, n in zip(grid, sizes, strict=True)
    ]
    result = np.empty((*grid, *sizes))
    for node in np.ndindex(*grid):
        unit = np.zeros(grid)
        unit[node] = 1
        for axis, g in enumerate(grid):
            unit = np.repeat(unit, 2, axis=axis) if g == 1 else unit
        result[node] = interpolate.interpn(nodes, unit, samples)
    return result


@pytest.mark.parametrize(("n", "k", "grid"), SHAPES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
def test_a_constant_field_is_the_convolution_matrix_exactly(n, k, grid, boundary, mode):
    if not has_outputs(n, k, mode):
        return
    kernel = field((), k)
    kernel[(0,) * len(k)] = 0
    kernels = np.broadcast_to(kernel, (*grid, *k))
    for order in "CF":
        expected = convolution_matrix(kernel, n, mode, boundary, order=order)
        for place in ("output", "input"):
            H = varying_convolution_matrix(
                kernels, n, mode, boundary, order=order, interpolated=place
            )
            for name in ("indptr", "indices", "data"):
                assert_array_equal(getattr(H, name), getattr(expected, name))
            assert H.has_canonical_format


@pytest.mark.parametrize(("n", "k", "grid"), SHAPES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", ["output", "input"])
def test_it_is_the_sum_over_nodes(n, k, grid, boundary, mode, place):
    if not has_outputs(n, k, mode):
        return
    kernels = field(grid, k)
    sizes = Geometry(n, k, mode).output_shape if place == "output" else n
    if 1 in sizes:
        return  # more than one node there is refused
    weights = shares(grid, sizes)
    expected = 0.0
    for node in np.ndindex(*grid):
        H = convolution_matrix(kernels[node], n, mode, boundary).toarray()
        share = weights[node].ravel()
        expected = expected + (share[:, None] * H if place == "output" else H * share)
    found = varying_convolution_matrix(kernels, n, mode, boundary, interpolated=place)
    tolerance = 8 * 2 ** len(n) * np.prod(k) * EPS * np.abs(expected).max()
    assert_allclose(found.toarray(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_kernel_for_each_pixel(boundary, order):
    """The definition, an output at a time, on integers."""
    n, k = (4, 5), (3, 2)
    kernels, signal = integers((*n, *k)), integers(n, 4)
    samples = extended(signal, k, "same", boundary)
    expected = [
        (samples[i : i + 3, j : j + 2] * kernels[i, j, ::-1, ::-1]).sum() for i, j in np.ndindex(*n)
    ]
    H = varying_convolution_matrix(kernels, n, "same", boundary, order=order)
    found = (H @ signal.ravel(order)).reshape(n, order=order)
    assert_array_equal(found.ravel(), expected)


def test_a_point_spread_function_is_interpolated_at_the_input():
    """Each column is the spread of its own sample: with `zero`, sums that are kept."""
    kernels = np.abs(field((3, 2), (3, 3)))
    kernels /= kernels.sum(axis=(2, 3), keepdims=True)
    spreads = varying_convolution_matrix(kernels, (6, 7), "full", interpolated="input")
    assert_allclose(spreads.sum(axis=0), 1, rtol=0, atol=40 * EPS)
    gathers = varying_convolution_matrix(kernels, (6, 7), "same", "replicate")
    assert_allclose(gathers.sum(axis=1), 1, rtol=0, atol=40 * EPS)
    assert np.abs(gathers.sum(axis=0) - 1).max() > 0.1


def test_nodes_anywhere():
    kernels = np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 4.0]])
    H = varying_convolution_matrix(kernels, 7, "same", nodes=([-1.0, 2.5, 4.0],))
    inside = [np.interp(np.arange(7), [-1.0, 2.5, 4.0], column) for column in kernels.T]
    assert_allclose(H.diagonal(), inside[0], rtol=4 * EPS)
    assert_allclose(H.diagonal(-1), inside[1][1:], rtol=4 * EPS)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dense"])
def test_dtypes_and_formats(dtype, format):
    kernels = field((2, 2), (2, 2), dtype=dtype)
    H = varying_convolution_matrix(kernels, (4, 4), "same", "antireflect", format=format)
    assert H.dtype == dtype
    assert (format == "dense") == isinstance(H, np.ndarray)
    assert format == "dense" or H.format == format


def test_large_matrices_are_built_in_strips(monkeypatch):
    kernels = field((3, 4), (3, 3))
    options = {"input_shape": (20, 15), "mode": "same", "boundary": "mirror"}
    places = ("output", "input")
    expected = [varying_convolution_matrix(kernels, **options, interpolated=p) for p in places]
    monkeypatch.setattr(blocks, "_ENTRIES_PER_STRIP", 50)
    for place, matrix in zip(places, expected, strict=True):
        H = varying_convolution_matrix(kernels, **options, interpolated=place)
        assert_array_equal(H.toarray(), matrix.toarray())


def test_entries_that_are_zero_in_every_kernel_are_not_stored():
    kernels = np.zeros((2, 3))
    assert varying_convolution_matrix(kernels, 5, "same").nnz == 0
    kernels[0, 1] = 1
    assert varying_convolution_matrix(kernels, 5, "same").nnz == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernels": np.ones((2, 3))}, "kernels must have 4 axes"),
        ({"kernels": np.full((2, 2, 3, 3), np.inf)}, "kernels has entries that are NaN or inf"),
        ({"interpolated": "both"}, "interpolated must be output or input"),
        ({"order": "K"}, "order must be"),
        ({"format": "lil"}, "format must be"),
        ({"boundary": "reflect"}, "means two different things"),
        ({"nodes": [0, 1]}, r"nodes\[0\] must have 1 axes"),
        ({"nodes": ([0, 1],)}, "nodes must be 2 arrays"),
        ({"nodes": ([0, 1], [0, 1, 2])}, r"nodes\[1\] must be 2 ascending positions"),
        ({"nodes": ([0, 1], [1, 1])}, r"nodes\[1\] must be 2 ascending positions"),
        ({"nodes": ([0, 1], [0, np.nan])}, r"nodes\[1\] has entries that are NaN"),
        ({"nodes": "ab"}, "nodes must be 2 arrays"),
        ({"input_shape": (1, 6)}, "2 nodes along axis 0, which has one pixel"),
    ],
)
def test_what_is_no_field(change, message):
    good = {"kernels": np.ones((2, 2, 3, 3)), "input_shape": (6, 6), "mode": "same"}
    with pytest.raises(ConvmatError, match=message):
        varying_convolution_matrix(**(good | change))


def test_what_does_not_fit_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr("convmat.memory.available_bytes", lambda: 2**20)
    with pytest.raises(TooLargeError):
        varying_convolution_matrix(np.ones((2, 2, 9, 9)), (100, 100), "same")


# --- estimation


def blurred(
    n, k, grid, *, mode="same", boundary="mirror", noise=0.0, seed=0, offset=0.0, nodes=None
):
    rng = np.random.default_rng(seed)
    before = rng.standard_normal(n)
    kernels = rng.standard_normal((*grid, *k))
    H = varying_convolution_matrix(kernels, n, mode, boundary, nodes=nodes)
    after = (H @ before.ravel()).reshape(Geometry(n, k, mode).output_shape) + offset
    return before, after + noise * rng.standard_normal(after.shape), kernels


FITS = [
    ((40,), (3,), (3,), "same", "mirror"),
    ((20, 21), (3, 2), (2, 3), "full", "zero"),
    ((20, 21), (3, 2), (1, 3), "same", None),
    ((20, 21), (2, 3), (3, 1), "valid", None),
    ((9, 10, 11), (2, 1, 3), (2, 2, 2), "same", "antireflect"),
]


@pytest.mark.parametrize(("n", "k", "grid", "mode", "boundary"), FITS)
def test_the_problem_is_the_varying_matrix_of_the_unknowns(n, k, grid, mode, boundary):
    """Its operator, its explicit matrix and its normal equations agree, with weights and a mask."""
    before, after, kernels = blurred(n, k, grid, mode=mode, boundary=boundary or "zero", offset=2)
    rng = np.random.default_rng(1)
    weights, mask = rng.random(after.shape) + 0.5, rng.random(after.shape) < 0.1
    problem = kernel_field_problem(
        before,
        after,
        k,
        grid,
        mode=mode,
        boundary=boundary,
        offset=True,
        weights=weights,
        mask=mask,
    )
    A, truth = problem.A, np.append(kernels, 2.0)
    M = A.to_matrix()
    scale = np.abs(M).sum(axis=1).max() * np.abs(truth).max()
    assert M.has_canonical_format
    assert_allclose(M @ truth, problem.b, rtol=0, atol=100 * EPS * scale)
    assert_allclose(A @ truth, M @ truth, rtol=0, atol=100 * EPS * scale)
    r = rng.standard_normal(A.shape[0])
    assert_allclose(A.H @ r, M.T @ r, rtol=0, atol=1000 * EPS * scale)
    W = problem.weights
    gram, rhs, constant = A.normal_equations(r, weights=W)
    expected = (M.T * W) @ M
    size = np.abs(expected).max()
    assert_allclose(gram, expected.toarray(), rtol=0, atol=100 * EPS * size)
    assert_allclose(rhs, M.T @ (W * r), rtol=0, atol=1000 * EPS * size)
    assert constant == pytest.approx(r @ (W * r), rel=100 * EPS)


@pytest.mark.parametrize(("n", "k", "grid", "mode", "boundary"), FITS)
def test_a_known_field_comes_back(n, k, grid, mode, boundary):
    before, after, kernels = blurred(n, k, grid, mode=mode, boundary=boundary or "zero")
    found = estimate_kernel_field(before, after, k, grid, mode=mode, boundary=boundary)
    assert found.solution.status == "converged"
    bound = 1000 * EPS * found.solution.condition * np.abs(kernels).max()
    assert_allclose(found.kernels, kernels, rtol=0, atol=bound)
    assert found.note == ""


def test_nodes_and_offset_come_back():
    nodes = ([2.0, 30.0], [-5.0, 11.0, 40.0])
    before, after, kernels = blurred((40, 41), (3, 3), (2, 3), offset=7, nodes=nodes)
    found = estimate_kernel_field(
        before, after, (3, 3), (2, 3), nodes=nodes, offset=True, boundary="mirror"
    )
    assert_allclose(found.kernels, kernels, rtol=0, atol=1e5 * EPS)
    assert found.offset == pytest.approx(7, abs=1e5 * EPS)


def test_complex_pictures():
    rng = np.random.default_rng(0)
    before = rng.standard_normal((20, 20)) + 1j * rng.standard_normal((20, 20))
    kernels = rng.standard_normal((2, 2, 2, 2)) + 1j * rng.standard_normal((2, 2, 2, 2))
    H = varying_convolution_matrix(kernels, (20, 20), "same")
    after = (H @ before.ravel()).reshape(20, 20)
    found = estimate_kernel_field(before, after, (2, 2), (2, 2), boundary="zero")
    assert_allclose(found.kernels, kernels, rtol=0, atol=1e5 * EPS)


def test_one_node_is_estimate_kernel():
    rng = np.random.default_rng(0)
    before = rng.random((30, 40))
    after = convolve(before, rng.random((3, 4)), "same") + 0.01 * rng.standard_normal((30, 40))
    one = estimate_kernel(before, after, (3, 4))
    field = estimate_kernel_field(before, after, (3, 4), 1 if before.ndim == 1 else (1, 1))
    assert_allclose(field.kernels[0, 0], one.kernel, rtol=0, atol=1e4 * EPS)
    assert_allclose(field.std_error[0, 0], one.std_error, rtol=1e4 * EPS)
    assert field.residual_std == pytest.approx(one.residual_std, rel=1e4 * EPS)
    # With neighbours that may not differ, too: smoothing draws the grid to one kernel.
    stiff = estimate_kernel_field(before, after, (3, 4), (3, 3), smoothness=1e7)
    assert_allclose(stiff.kernels, np.broadcast_to(one.kernel, stiff.kernels.shape), atol=1e-9)


def test_several_pictures_are_fitted_by_the_same_kernels():
    first = blurred((25, 25), (2, 2), (2, 2), noise=0.1)
    second = blurred((25, 25), (2, 2), (2, 2), noise=0.1)  # the same kernels and noise
    both = estimate_kernel_field(
        [first[0], second[0]], [first[1], second[1]], (2, 2), (2, 2), boundary="mirror"
    )
    alone = estimate_kernel_field(*first[:2], (2, 2), (2, 2), boundary="mirror")
    assert_allclose(both.kernels, alone.kernels, rtol=0, atol=1e5 * EPS)
    assert_allclose(both.std_error, alone.std_error / np.sqrt(2), rtol=0.01)


def test_error_bars_are_calibrated():
    """z-scores over entries and noises: mean square 1, few beyond 2; covariances, too."""
    n, k, grid, trials = (24, 26), (2, 2), (2, 3), 60
    scores, joint = [], []
    for seed in range(trials):
        before, after, kernels = blurred(n, k, grid, noise=0.3, seed=seed, offset=1.0)
        found = estimate_kernel_field(before, after, k, grid, boundary="mirror", offset=True)
        assert found.note == ""
        scores.append(((found.kernels - kernels) / found.std_error).ravel())
        wrong = np.append(found.kernels - kernels, found.offset - 1.0)
        joint.append(wrong @ np.linalg.solve(found.covariance, wrong) / wrong.size)
    scores = np.array(scores)
    count = scores.size
    # Entries of one fit are correlated: half of them, say, are independent.
    assert np.mean(scores**2) == pytest.approx(1, abs=4 * np.sqrt(2 / (count / 2)))
    assert np.mean(np.abs(scores) > 2) == pytest.approx(0.0455, abs=4 * np.sqrt(0.0455 / count * 2))
    unknowns = scores.shape[1] + 1
    assert np.mean(joint) == pytest.approx(1, abs=4 * np.sqrt(2 / unknowns / trials))


def test_known_noise_scales_the_error_bars():
    before, after, _ = blurred((24, 26), (2, 2), (2, 2), noise=0.3)
    guessed = estimate_kernel_field(before, after, (2, 2), (2, 2), boundary="mirror")
    known = estimate_kernel_field(before, after, (2, 2), (2, 2), boundary="mirror", noise_std=0.6)
    ratio = 0.6 / guessed.residual_std
    assert_allclose(known.std_error, guessed.std_error * ratio, rtol=1e4 * EPS)


def slow_field(grid, k):
    """A width that grows slowly from one corner to the other."""
    taps = [np.arange(size) - (size - 1) / 2 for size in k]
    radius = np.add.outer(taps[0] ** 2, taps[1] ** 2)
    at = [np.linspace(0, 1, g) for g in grid]
    width = 0.8 + 0.5 * np.add.outer(at[0], at[1])
    kernels = np.exp(-radius / (2 * width[:, :, None, None] ** 2))
    return kernels / kernels.sum(axis=(2, 3), keepdims=True)


@pytest.mark.parametrize("smoothness", ["gcv", "rgcv", "discrepancy"])
def test_smoothness_helps_a_slowly_varying_field(smoothness):
    rng = np.random.default_rng(0)
    n, k, grid = (80, 80), (5, 5), (6, 6)
    truth = slow_field(grid, k)
    before = rng.standard_normal(n)
    H = varying_convolution_matrix(truth, n, "same", "mirror")
    after = (H @ before.ravel()).reshape(n) + 0.1 * rng.standard_normal(n)
    options = {"boundary": "mirror", "noise_std": 0.1}
    rough = estimate_kernel_field(before, after, k, grid, **options)
    smooth = estimate_kernel_field(before, after, k, grid, smoothness=smoothness, **options)
    assert smooth.smoothness == smooth.smoothness_choice.damp > 0

    def error(kernels):
        return np.linalg.norm(kernels - truth)

    one = estimate_kernel(before, after, k, **options).kernel
    assert error(smooth.kernels) < min(error(rough.kernels), error(one))
    if smoothness == "gcv":  # as good as any choice that knows the truth
        others = [
            estimate_kernel_field(before, after, k, grid, smoothness=s, **options).kernels
            for s in np.geomspace(smooth.smoothness / 30, smooth.smoothness * 30, 9)
        ]
        assert error(smooth.kernels) <= 1.1 * min(map(error, others))
    assert np.isnan(smooth.std_error).all()
    assert np.isnan(smooth.covariance).all()
    assert "smoothing biases the estimate" in smooth.note
    assert "smoothness" in str(smooth)


@given(st.floats(0.1, 100), st.integers(0, 100))
def test_smoothing_trades_fit_for_equal_neighbours(smoothness, seed):
    before, after, _ = blurred((20,), (2,), (4,), noise=0.1, seed=seed)

    def costs(s):
        found = estimate_kernel_field(before, after, 2, 4, smoothness=s, boundary="mirror")
        return found.solution.residual_norm, np.linalg.norm(np.diff(found.kernels, axis=0))

    less, more = costs(smoothness), costs(2 * smoothness)
    assert more[0] >= less[0] * (1 - 1e6 * EPS)
    assert more[1] <= less[1] * (1 + 1e6 * EPS)


def test_smoothness_is_what_its_name_says():
    """The solution of the normal equations written out, with an offset that is not smoothed."""
    before, after, _ = blurred((9, 8), (2, 2), (2, 3), noise=0.1, offset=1)
    options = {"boundary": "mirror", "offset": True, "smoothness": 1.5}
    problem = kernel_field_problem(before, after, (2, 2), (2, 3), **options)
    M = problem.A.to_matrix().toarray()
    number = np.arange(6).reshape(2, 3)
    pairs = [*zip(number[0], number[1], strict=True)]
    pairs += [*zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]
    L = np.zeros((4 * len(pairs), 25))
    for row, (low, high) in enumerate(pairs):
        for entry in range(4):
            L[4 * row + entry, [4 * low + entry, 4 * high + entry]] = -1, 1
    expected = np.linalg.solve(M.T @ M + 1.5**2 * L.T @ L, M.T @ problem.b)
    found = estimate_kernel_field(before, after, (2, 2), (2, 3), **options)
    assert_allclose(found.solution.x, expected, rtol=0, atol=1e5 * EPS)
    assert found.offset == found.solution.x[-1]


def test_iterative_solvers_and_constraints_take_the_problem():
    before, after, kernels = blurred((30, 30), (2, 2), (2, 2))
    problem = kernel_field_problem(before, after, (2, 2), (2, 2), boundary="mirror")
    solution = solve(problem, "lsmr", tolerance=1e-12)
    assert_allclose(solution.x, kernels.ravel(), rtol=0, atol=1e-9)
    positive = solve(problem, "bounded", lower=0)
    assert positive.x.min() >= 0
    assert positive.status == "converged"


def test_what_the_pictures_do_not_determine_is_a_status():
    flat = np.ones((20, 20))
    found = estimate_kernel_field(flat, flat, (3, 3), (2, 2))
    assert found.solution.status == "rank_deficient"
    assert np.isnan(found.std_error).all()
    assert "do not determine" in found.note


def test_the_kernel_at_a_pixel():
    kernels = field((2, 3), (2, 2))
    before = np.random.default_rng(0).standard_normal((21, 31))
    H = varying_convolution_matrix(kernels, before.shape, "same", "mirror")
    after = (H @ before.ravel()).reshape(before.shape)
    found = estimate_kernel_field(before, after, (2, 2), (2, 3), boundary="mirror")
    assert_allclose(found.kernel_at(0, 15), found.kernels[0, 1], rtol=0, atol=10 * EPS)
    expected = (kernels[0, 1] + kernels[0, 2] + kernels[1, 1] + kernels[1, 2]) / 4
    assert_allclose(found.kernel_at(10, 22.5), expected, rtol=0, atol=1e5 * EPS)
    assert_allclose(found.kernel_at(-9, 99), found.kernels[0, 2], rtol=0, atol=10 * EPS)
    for wrong in ((1,), (1, 2, 3), (np.nan, 1), ("a", "b")):
        with pytest.raises(ConvmatError, match="position must be 2 numbers"):
            found.kernel_at(*wrong)


def test_results_for_people():
    before, after, _ = blurred((30, 30), (2, 2), (2, 2), noise=0.1, offset=3)
    text = str(estimate_kernel_field(before, after, (2, 2), (2, 2), boundary="mirror", offset=True))
    for part in ("2x2 kernels 2x2, anchor (0, 0)", "standard errors", "offset 2.99", "solved by"):
        assert part in text, text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grid_shape": 2}, "grid_shape must have as many axes as kernel_shape"),
        ({"grid_shape": (2, 0)}, "grid_shape must be one or more sizes"),
        ({"kernel_shape": 3}, "grid_shape must have as many axes"),
        ({"smoothness": -1}, "smoothness must be from 0"),
        ({"smoothness": np.nan}, "smoothness must be from 0"),
        ({"smoothness": "best"}, "one of gcv, rgcv, lcurve, discrepancy"),
        ({"smoothness": None}, "smoothness must be from 0"),
        ({"smoothness": "discrepancy"}, "noise_std"),
        ({"noise_std": 0}, "noise_std"),
        ({"offset": "yes"}, "offset must be True or False"),
        ({"nodes": ([0, 1], [0])}, r"nodes\[1\] must be 2 ascending positions"),
        ({"after": np.ones((3, 3))}, "after has shape"),
        ({"before": np.full((20, 20), np.nan)}, "before has entries that are NaN"),
        ({"mask": np.ones((20, 20), bool)}, "leave no pixel to fit"),
        ({"solver": "none"}, "solver"),
        (
            {"before": [np.ones((20, 20)), np.ones((9, 9))]}
            | {"after": [np.ones((20, 20)), np.ones((9, 9))]},
            "the pictures must have one shape",
        ),
    ],
)
def test_bad_input(change, message):
    good = {"before": np.eye(20), "after": np.eye(20), "kernel_shape": (2, 2), "grid_shape": (2, 2)}
    with pytest.raises(ConvmatError, match=message):
        estimate_kernel_field(**(good | change))


def test_too_many_unknowns_are_refused(monkeypatch):
    monkeypatch.setattr("convmat.memory.available_bytes", lambda: 2**20)
    with pytest.raises(TooLargeError, match="kernel_field_problem"):
        estimate_kernel_field(np.eye(20), np.eye(20), (5, 5), (10, 10))
