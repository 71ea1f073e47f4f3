"""The moments, against the explicit data matrix."""

from functools import reduce
from operator import add

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import convmat.gram.data_moments
import convmat.operators.block_spectra
from convmat import (
    Boundary,
    ConvmatError,
    DataOperator,
    Geometry,
    LeastSquares,
    Status,
    data_matrix,
    estimate_kernel,
    solve,
)
from convmat.gram.data_moments import data_moments
from convmat.gram.displacement import window_products
from convmat.gram.lag_sums import strip_lag_sums
from convmat.gram.moments import Moments
from convmat.operators.block_spectra import BlockSpectra
from convmat.operators.convolution import extend
from convmat.solvers.cholesky import gram_inverse

EPS = np.finfo(np.float64).eps
SHAPES = [
    ((40,), (7,)),
    ((5,), (9,)),
    ((13, 14), (5, 4)),
    ((13, 14), (1, 4)),
    ((13, 14), (3, 1)),
    ((9, 8, 7), (3, 2, 4)),
]
WEIGHTS = ("none", "mask", "few", "border", "general")


@pytest.fixture(params=["fft", "rows"])
def way(request, monkeypatch):
    """Both ways to the same sums, whatever the size."""
    monkeypatch.setattr(
        convmat.gram.data_moments, "_ROWS_ENTRIES", 0 if request.param == "fft" else 2**60
    )
    monkeypatch.setattr(convmat.gram.data_moments, "_ROWS_ENTRIES_PER_SAMPLE", 0)
    monkeypatch.setattr(convmat.operators.block_spectra, "_BLOCK_SAMPLES", 64)
    return request.param


def noise(rng, shape, is_complex=False):
    values = rng.standard_normal(shape)
    return values + 1j * rng.standard_normal(shape) if is_complex else values


def make_weights(rng, kind, shape):
    if kind == "none":
        return None
    if kind == "mask":
        return rng.random(shape) < 0.8
    weights = np.full(shape, 2.0)
    if kind == "few":
        weights.flat[:3] = 0, 1, 5
    elif kind == "border":
        inside = tuple(slice(n // 3, n // 3 + n // 2 + 1) for n in shape)
        weights = np.zeros(shape)
        weights[inside] = 1
    else:
        weights = rng.random(shape)
    return weights


def check(moments, X, y, weights):
    """Every sum against the explicit one, to a multiple of eps times the norms."""
    w = np.ones(y.size) if weights is None else weights.ravel().astype(float)
    x, v = X - moments.shift, y.ravel() - moments.observed_shift
    kept = w > 0
    x, v, w = x[kept], v[kept], w[kept]
    # What is summed also reads samples that only outputs of weight 0 read.
    size = np.sqrt(np.sum(w) * np.max(np.abs(x)) ** 2)
    length = np.sqrt(np.sum(w * np.abs(v) ** 2))
    tolerance = 20 * EPS * size
    adjoint = x.conj().T * w
    assert np.abs(moments.gram - adjoint @ x).max() <= tolerance * size
    assert np.abs(moments.cross - adjoint @ v).max() <= tolerance * length
    sums = np.ascontiguousarray(adjoint).sum(axis=1)
    assert np.abs(moments.column_sums - sums).max() <= tolerance * np.sqrt(w.sum())
    assert abs(moments.power - length**2) <= 20 * EPS * length**2
    assert abs(moments.observed_sum - w @ v) <= 20 * EPS * np.sqrt(w.sum()) * length
    assert moments.weight_sum == pytest.approx(w.sum(), rel=20 * EPS)
    assert moments.observations == kept.sum()
    assert_array_equal(moments.gram, moments.gram.conj().T)


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("shape", "kernel"), SHAPES)
def test_every_geometry(way, shape, kernel, mode, boundary):
    if mode == "valid" and kernel > shape:
        pytest.skip("has no outputs")
    rng = np.random.default_rng(0)
    for is_complex in (False, True):
        for anchor in (None, tuple(k // 2 for k in kernel), tuple(k + 1 for k in kernel)):
            samples = 10 + noise(rng, shape, is_complex)
            geometry = Geometry(shape, kernel, mode, boundary, anchor)
            X = data_matrix(samples, kernel, mode, boundary, anchor=anchor, format="dense")
            y = noise(rng, geometry.output_shape, is_complex)
            moments = data_moments(extend(samples, geometry), kernel, y)
            check(moments, X, y, None)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize(("shape", "kernel"), [((60,), (7,)), ((23, 24), (5, 4))])
def test_weights(way, shape, kernel, is_complex, kind):
    rng = np.random.default_rng(1)
    samples = noise(rng, shape, is_complex) + 3
    X = data_matrix(samples, kernel, "valid", format="dense")
    y = noise(rng, Geometry(shape, kernel, "valid").output_shape, is_complex)
    weights = make_weights(rng, kind, y.shape)
    if kind == "mask":
        y[~weights] = np.nan  # is not read
    check(data_moments(samples, kernel, y, weights), X, y, weights)


def test_outliers_under_the_mask(way):
    """Taking away rows much larger than those that stay would leave their rounding."""
    rng = np.random.default_rng(2)
    samples = noise(rng, (40, 40))
    samples[15:20, 15:20] *= 1e9
    reads = data_matrix((samples > 1e6) | (samples < -1e6), (5, 5), "valid", format="dense")
    weights = ~reads.any(axis=1).reshape(36, 36)
    y = noise(rng, weights.shape)
    X = data_matrix(samples, (5, 5), "valid", format="dense")
    moments = data_moments(samples, (5, 5), y, weights)
    x = X[weights.ravel()] - moments.shift
    assert np.abs(moments.gram - x.T @ x).max() <= 20 * EPS * np.trace(x.T @ x)


@pytest.mark.parametrize("shape", [(30, 31), (31, 8), (200, 6)])
def test_the_cheaper_way_is_no_other(shape):
    rng = np.random.default_rng(3)
    samples = noise(rng, shape)
    X = data_matrix(samples, (6, 5), "valid", format="dense")
    y = noise(rng, Geometry(shape, (6, 5), "valid").output_shape)
    check(data_moments(samples, (6, 5), y), X, y, None)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "complex64"])
def test_computed_in_double_precision(dtype):
    rng = np.random.default_rng(4)
    samples = rng.integers(0, 255, (20, 20)).astype(dtype)
    y = rng.integers(0, 255, (18, 18)).astype(dtype)
    moments = data_moments(samples, (3, 3), y)
    assert moments.gram.dtype == ("complex128" if dtype == "complex64" else "float64")
    X = data_matrix(samples.astype(moments.gram.dtype), (3, 3), "valid", format="dense")
    check(moments, X, y.astype(moments.gram.dtype), None)


def test_real_samples_and_complex_observations():
    rng = np.random.default_rng(5)
    samples, y = noise(rng, (20, 21)), noise(rng, (18, 19), True)
    check(
        data_moments(samples, (3, 3), y), data_matrix(samples, (3, 3), "valid").toarray(), y, None
    )


def test_moments_of_several_pairs_add_up(way):
    rng = np.random.default_rng(6)
    for is_complex in (False, True):
        shapes, means = [(20, 21), (15, 30), (9, 9)], [3, 5, -2]
        pictures = [noise(rng, n, is_complex) + m for n, m in zip(shapes, means, strict=True)]
        outputs = [Geometry(n, (4, 3), "valid").output_shape for n in shapes]
        observed = [noise(rng, m, is_complex) + 1 for m in outputs]
        weights = [
            make_weights(rng, kind, m) for kind, m in zip(WEIGHTS[1:4], outputs, strict=True)
        ]
        pairs = zip(pictures, observed, weights, strict=True)
        total = reduce(add, (data_moments(p, (4, 3), y, w) for p, y, w in pairs))
        X = np.concatenate([data_matrix(p, (4, 3), "valid", format="dense") for p in pictures])
        y, w = (np.concatenate([a.ravel() for a in arrays]) for arrays in (observed, weights))
        kept = w > 0
        x, v, w = X[kept] - total.shift, y[kept] - total.observed_shift, w[kept]
        size = 100 * EPS * np.sum(w) * np.abs(x).max() ** 2
        assert np.abs(total.gram - (x.conj().T * w) @ x).max() <= size
        assert np.abs(total.cross - (x.conj().T * w) @ v).max() <= size
        assert np.abs(total.column_sums - x.conj().T @ w).max() <= size
        assert abs(total.power - w @ np.abs(v) ** 2) <= size
        assert total.observations == kept.sum()


def test_plain_normal_equations_of_small_means():
    rng = np.random.default_rng(7)
    samples, y = 2 + noise(rng, (20, 21)), 1 + noise(rng, (18, 19))
    X = data_matrix(samples, (3, 3), "valid", format="dense")
    G, g, constant = data_moments(samples, (3, 3), y).plain()
    assert np.abs(G - X.T @ X).max() <= 50 * EPS * np.trace(X.T @ X)
    assert np.abs(g - X.T @ y.ravel()).max() <= 50 * EPS * np.linalg.norm(X) * np.linalg.norm(y)
    assert constant == pytest.approx(np.vdot(y, y), rel=50 * EPS)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("kind", ["none", "general"])
def test_centred_equations(kind, is_complex):
    """They are those of the columns less their weighted means, as NumPy has them."""
    rng = np.random.default_rng(8)
    samples, y = noise(rng, (30, 31), is_complex) + 1, noise(rng, (27, 27), is_complex) - 3
    weights = make_weights(rng, kind, y.shape)
    found = data_moments(samples, (4, 5), y, weights).centred()
    X, b = data_matrix(samples, (4, 5), "valid", format="dense"), y.ravel()
    w = np.ones(y.size) if weights is None else weights.ravel()
    mean, level = np.average(X, axis=0, weights=w), np.average(b, weights=w)
    spread, rest = X - mean, b - level
    tolerance = 100 * EPS * np.linalg.norm(X) * max(np.linalg.norm(X), np.linalg.norm(b))
    assert np.abs(found.gram - (spread.conj().T * w) @ spread).max() <= tolerance
    assert np.abs(found.rhs - (spread.conj().T * w) @ rest).max() <= tolerance
    assert found.constant == pytest.approx(w @ np.abs(rest) ** 2, rel=1e3 * EPS)
    assert np.abs(found.mean - mean.conj()).max() <= 100 * EPS
    assert abs(found.level - level) <= 100 * EPS
    assert found.weight == pytest.approx(w.sum(), rel=100 * EPS)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("damp", [0.0, 3.0])
@pytest.mark.parametrize("kind", ["none", "general"])
def test_cholesky_with_the_means_apart(kind, damp, is_complex):
    rng = np.random.default_rng(9)
    samples = noise(rng, (20, 20), is_complex) + 2
    weights = make_weights(rng, kind, (18, 18))
    y = noise(rng, (18, 18), is_complex)
    X = data_matrix(samples, (3, 3), "valid", format="dense")
    w = np.ones(y.size) if weights is None else weights.ravel()
    G = (X.conj().T * w) @ X + damp**2 * np.eye(9)
    problem = LeastSquares(DataOperator(samples, (3, 3), "valid"), y.ravel(), weights=w, damp=damp)
    solution = solve(problem, "cholesky", refinements=0)
    assert solution.status is Status.CONVERGED
    expected = np.linalg.solve(G, (X.conj().T * w) @ y.ravel())
    tolerance = 100 * EPS * np.linalg.cond(G)
    assert np.linalg.norm(solution.x - expected) <= tolerance * np.linalg.norm(expected)
    inverse = np.linalg.inv(G)
    assert np.abs(gram_inverse(problem) - inverse).max() <= tolerance * np.abs(inverse).max()
    assert solution.condition == pytest.approx(np.sqrt(np.linalg.cond(G)), rel=0.1)


@pytest.mark.parametrize("offset", [False, True])
def test_large_common_mean_costs_no_digits(offset):
    """16-bit data around 40,000: as accurate as a QR or SVD of X itself."""
    rng = np.random.default_rng(10)
    samples = np.round(40000 + 50 * noise(rng, (64, 64)))
    kernel = rng.random(25) / 12
    X = data_matrix(samples, (5, 5), "valid", format="dense")
    y = (X @ kernel).reshape(60, 60) + (7.5 if offset else 0)
    options = {"solver": "cholesky", "refinements": 0}
    found = estimate_kernel(samples, y, (5, 5), mode="valid", offset=offset, **options)
    A = np.column_stack([X, np.ones(len(X))]) if offset else X
    peer = np.linalg.lstsq(A, y.ravel(), rcond=None)[0]
    peer_error = np.linalg.norm(peer[:25] - kernel)
    error = np.linalg.norm(found.kernel.ravel() - kernel)
    assert error <= 3 * peer_error
    # Rounding y to a double is what limits anyone: eps * 40,000 against a deviation of 50.
    assert error <= 40000 / 50 * EPS * 5
    G, g, _ = data_moments(samples, (5, 5), y).plain()
    assert np.linalg.norm(np.linalg.solve(G, g) - kernel) > 100 * error


def test_no_array_of_X_s_size():
    import tracemalloc

    rng = np.random.default_rng(11)
    samples, y = noise(rng, (512, 512)), noise(rng, (498, 498))
    tracemalloc.start()
    data_moments(samples, (15, 15), y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 12 * samples.nbytes


def test_lag_sums_of_strips_and_images_agree():
    rng = np.random.default_rng(12)
    image = noise(rng, (20, 9), True)
    expected = strip_lag_sums(image[np.newaxis], (4, 3))[0, 0]
    found = BlockSpectra(image, (4, 3)).lag_sums()
    assert np.abs(found - expected).max() <= 20 * EPS * np.linalg.norm(image) ** 2


def test_window_products_of_several_strips():
    rng = np.random.default_rng(13)
    strips = noise(rng, (3, 8, 7), True)
    windows = np.lib.stride_tricks.sliding_window_view(strips, (3, 2), axis=(1, 2))
    windows = np.moveaxis(windows, (3, 4), (1, 2)).reshape(3 * 6, -1)
    expected = windows.conj() @ windows.T
    found = window_products(strips, (3, 2)).reshape(18, 18)
    assert np.abs(found - expected).max() <= 20 * EPS * np.linalg.norm(strips) ** 2


def test_refuses():
    samples = np.ones((5, 5))
    with pytest.raises(ConvmatError, match="larger than what is read"):
        data_moments(samples, (6, 1))
    with pytest.raises(ConvmatError, match=r"observed must have shape \(4, 4\)"):
        data_moments(samples, (2, 2), samples)
    with pytest.raises(ConvmatError, match="no pixel is left"):
        data_moments(samples, (2, 2), np.ones((4, 4)), np.zeros((4, 4), bool))


def test_a_constant_picture_goes_by_its_mean():
    """Less its mean nothing is left, and its mean determines a kernel of one entry."""
    problem = LeastSquares(DataOperator(np.full((9, 9), 5.0), (1, 1)), np.full(81, 10.0))
    solution = solve(problem, "cholesky")
    assert solution.status is Status.CONVERGED
    assert solution.x == pytest.approx([2.0], rel=10 * EPS)


def test_moments_add_only_to_moments():
    moments = data_moments(np.arange(9.0), (2,))
    assert isinstance(moments + moments, Moments)
    with pytest.raises(TypeError):
        moments + 1
