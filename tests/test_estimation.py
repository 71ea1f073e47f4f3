"""estimate_kernel against kernels that are known, and its error bars against repeated noise."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import linalg, ndimage, optimize, signal
from scipy.sparse.linalg import aslinearoperator

import convmat
from convmat import Boundary, ConvmatError, KernelEstimate, Status, convolve, estimate_kernel
from convmat.solvers import SOLVERS

EPS = np.finfo(float).eps
DATA = Path(convmat.__file__).parent / "data"
UNCONSTRAINED = [name for name, row in SOLVERS.items() if not (row.structure or row.imposes)]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_found(found: KernelEstimate, kernel: np.ndarray, offset: complex = 0.0) -> None:
    """Exact data: what is left is rounding, magnified by the condition of the problem."""
    tolerance = 100 * EPS * found.solution.condition * (np.abs(kernel).max() + abs(offset))
    assert_allclose(found.kernel, kernel, rtol=0, atol=tolerance)
    assert found.offset == pytest.approx(offset, abs=tolerance)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", [None, *Boundary])
@pytest.mark.parametrize(
    ("shape", "kernel_shape"), [((40,), (5,)), ((15, 12), (3, 4)), ((7, 8, 6), (2, 3, 2))]
)
def test_exact_data_give_the_exact_kernel(mode, boundary, shape, kernel_shape):
    before, kernel = rng(1).random(shape), rng(2).standard_normal(kernel_shape)
    # A picture whose boundary is unknown to the fit may have been continued in any way.
    after = convolve(before, kernel, mode, boundary or "antireflect") + 7
    found = estimate_kernel(before, after, kernel_shape, mode=mode, boundary=boundary, offset=True)
    assert found.solution.status is Status.CONVERGED
    assert_found(found, kernel, 7.0)


@pytest.mark.parametrize("anchor", [(0, 0), (1, 2), (3, -2)])
@pytest.mark.parametrize("boundary", [None, "mirror"])
def test_any_anchor(anchor, boundary):
    before, kernel = rng(1).random((20, 22)), rng(2).random((3, 4))
    after = convolve(before, kernel, "same", "mirror", anchor=anchor)
    found = estimate_kernel(before, after, (3, 4), boundary=boundary, anchor=anchor)
    assert found.geometry.anchor == anchor
    assert_found(found, kernel)


def test_scipy_signal_and_ndimage_agree_on_what_was_found():
    before, kernel = rng(1).random((30, 31)), rng(2).random((5, 3))
    after = signal.convolve(before, kernel, mode="valid", method="direct")
    assert_found(estimate_kernel(before, after, (5, 3)), kernel)
    after = ndimage.convolve(before, kernel, mode="reflect")
    assert_found(estimate_kernel(before, after, (5, 3), boundary="symmetric"), kernel)


@pytest.mark.parametrize("solver", UNCONSTRAINED)
def test_every_solver_finds_it(solver):
    before, kernel = rng(1).random((40, 40)), rng(2).random((3, 3))
    options = {"tolerance": 1e-10} if SOLVERS[solver].iterative else {}
    if solver == "gradient":
        options["max_iterations"] = 100_000
    found = estimate_kernel(
        before, convolve(before, kernel, "same"), (3, 3), boundary="zero", solver=solver, **options
    )
    assert found.solution.solver == solver
    assert_allclose(found.kernel, kernel, rtol=0, atol=1e-8)


def test_complex_pictures():
    before = rng(1).random((20, 20)) + 1j * rng(2).random((20, 20))
    kernel = rng(3).random((3, 3)) - 1j * rng(4).random((3, 3))
    after = convolve(before, kernel, "valid") + (2 - 3j)
    found = estimate_kernel(before, after, (3, 3), offset=True)
    assert found.std_error.dtype == np.float64
    assert_found(found, kernel, 2 - 3j)


def test_several_pictures_of_different_sizes_share_one_kernel():
    kernel = rng(0).random((3, 2))
    befores = [rng(1).random((5, 6)), rng(2).random((4, 7))]
    afters = [convolve(before, kernel, "valid") for before in befores]
    assert_found(estimate_kernel(befores, afters, (3, 2)), kernel)
    assert_found(estimate_kernel(tuple(befores), tuple(afters), (3, 2)), kernel)


@pytest.mark.parametrize("kernel_shape", [(3, 2), (9, 9)])
def test_several_pictures_of_different_means_share_one_offset(kernel_shape):
    kernel = rng(0).random(kernel_shape)
    befores = [mean + rng(i).standard_normal((50, 60)) for i, mean in enumerate((3.0, 500.0))]
    afters = [convolve(before, kernel, "valid") - 7 for before in befores]
    assert_found(estimate_kernel(befores, afters, kernel_shape, offset=True), kernel, -7.0)
    mask = np.zeros(afters[0].shape, bool)
    mask[4, 5:9] = True
    found = estimate_kernel(befores, afters, kernel_shape, offset=True, mask=mask)
    assert_found(found, kernel, -7.0)


def test_masked_pixels_are_not_looked_at():
    before, kernel = rng(1).random((20, 20)), rng(2).random((3, 3))
    after = convolve(before, kernel, "same")
    mask = rng(3).random(after.shape) < 0.2
    after[mask] = np.nan
    assert_found(estimate_kernel(before, after, (3, 3), mask=mask), kernel)
    assert_found(estimate_kernel([before] * 2, [after] * 2, (3, 3), mask=mask), kernel)


def test_masked_and_weightless_pixels_of_a_nested_list_are_not_looked_at():
    before, kernel = rng(1).random((8, 8)), rng(2).random((2, 2))
    after = convolve(before, kernel, "same")
    after[3, 4] = np.nan
    mask = np.isnan(after)
    found = estimate_kernel(before.tolist(), after.tolist(), (2, 2), mask=mask.tolist())
    assert_found(found, kernel)
    assert_found(estimate_kernel(before, after, (2, 2), weights=1.0 - mask), kernel)


def test_a_penalty_that_is_an_operator_leaves_the_offset_alone():
    before, after = rng(1).random((12, 12)), rng(2).random((12, 12))
    matrix = rng(3).standard_normal((5, 9))
    for offset in (False, True):
        options = {"damp": 2.0, "offset": offset}
        expected = estimate_kernel(before, after, (3, 3), penalty=matrix, **options)
        operator = aslinearoperator(matrix)
        found = estimate_kernel(before, after, (3, 3), penalty=operator, **options)
        tolerance = 100 * EPS * expected.solution.condition**2
        assert_allclose(found.kernel, expected.kernel, rtol=0, atol=tolerance)


@pytest.mark.parametrize("method", ["gcv", "rgcv", "lcurve"])
def test_what_needs_no_damping_gets_next_to_none(method):
    before, kernel = rng(1).random((40, 50)), rng(2).random((3, 3))
    after = convolve(before, kernel, "same")
    found = estimate_kernel(before, after, (3, 3), damp=method)
    assert np.abs(found.kernel - kernel).max() < 1e-5
    noisy = after + 0.01 * rng(3).standard_normal(after.shape)
    plain = np.abs(estimate_kernel(before, noisy, (3, 3)).kernel - kernel).max()
    found = estimate_kernel(before, noisy, (3, 3), damp=method)
    if method != "lcurve":
        assert np.abs(found.kernel - kernel).max() < 1.5 * plain


def test_weights_are_inverse_variances():
    """A repeated equation and one of weight 2 are the same."""
    before = rng(1).random((12, 12))
    after = rng(2).random((12, 12))
    weighted = estimate_kernel(before, after, (3, 3), weights=np.full(after.shape, 2.0))
    twice = estimate_kernel([before] * 2, [after] * 2, (3, 3))
    tolerance = 100 * EPS * weighted.solution.condition
    assert_allclose(weighted.kernel, twice.kernel, rtol=0, atol=tolerance)
    zero = np.ones(after.shape)
    zero[3:6, 2:9] = 0
    masked = estimate_kernel(before, after, (3, 3), mask=zero == 0)
    assert_array_equal(
        estimate_kernel(before, after, (3, 3), weights=zero).covariance.shape, (9, 9)
    )
    assert_allclose(
        estimate_kernel(before, after, (3, 3), weights=zero).std_error,
        masked.std_error,
        rtol=1000 * EPS * masked.solution.condition**2,
    )


def test_covariance_is_that_of_ordinary_least_squares():
    before, after = rng(1).random((9, 9)), rng(2).random((9, 9))
    found = estimate_kernel(before, after, (2, 2), boundary="circular", offset=True)
    matrix = convmat.data_matrix(before, (2, 2), "same", "circular", format="dense")
    design = np.column_stack([matrix, np.ones(81)])
    expected, squares, _, singular = np.linalg.lstsq(design, after.ravel())
    inverse = np.linalg.inv(design.T @ design)
    tolerance = 1000 * EPS * (singular[0] / singular[-1]) ** 2
    assert_allclose(np.append(found.kernel, found.offset), expected, rtol=tolerance, atol=tolerance)
    assert found.residual_std**2 == pytest.approx(squares[0] / (81 - 5), rel=tolerance)
    covariance = squares[0] / (81 - 5) * inverse
    assert_allclose(found.covariance, covariance, atol=tolerance * np.abs(covariance).max())
    assert_allclose(found.std_error.ravel(), np.sqrt(np.diag(covariance))[:4], rtol=tolerance)
    known = estimate_kernel(before, after, (2, 2), boundary="circular", offset=True, noise_std=0.25)
    assert known.residual_std == 0.25
    assert_allclose(
        known.covariance, 0.25**2 * inverse, atol=tolerance * np.abs(0.25**2 * inverse).max()
    )


def test_error_bars_are_calibrated():
    """The z-scores of 1,500 entries have a standard deviation of one, to 4 of its own errors."""
    before, kernel = rng(1).random((24, 24)), rng(2).random((3, 3))
    clean = convolve(before, kernel, "valid")
    scores = []
    for seed in range(150):
        noisy = clean + 0.1 * rng(seed).standard_normal(clean.shape) + 3
        found = estimate_kernel(before, noisy, (3, 3), offset=True)
        scores += [*((found.kernel - kernel) / found.std_error).ravel()]
        scores.append((found.offset - 3) / found.offset_std_error)
    spread = np.std(scores)
    assert abs(spread - 1) < 4 / np.sqrt(2 * len(scores))


def test_large_common_offsets_cost_no_digits():
    """16-bit pictures around 40,000 that vary by 50: centring keeps what they know."""
    before = 40_000 + 50 * rng(1).standard_normal((40, 40))
    kernel = rng(2).random((3, 3))
    after = convolve(before, kernel, "valid") - 25_000
    found = estimate_kernel(before, after, (3, 3), offset=True)
    assert found.solution.condition < 100
    # The pictures themselves are rounded, to eps times 40,000 in a spread of 50.
    assert_allclose(found.kernel, kernel, rtol=0, atol=100 * EPS * 40_000 * kernel.sum() / 50)


@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("mean", [0.0, 800.0])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 0.8, 1.2])
def test_as_accurate_as_orthogonal_methods(sigma, mean, noise, offset):
    """Refinement that stops at what QR and the SVD would be off by, for conditions up to 1e6."""
    before = ndimage.gaussian_filter(rng(1).standard_normal((40, 40)), sigma) + mean
    kernel = rng(2).random((5, 5))
    after = convolve(before, kernel, "valid")
    after = after + noise * rng(3).standard_normal(after.shape)
    matrix = convmat.data_matrix(before, (5, 5), "valid", format="dense")
    design = np.column_stack([matrix, np.ones(len(matrix))]) if offset else matrix
    found = estimate_kernel(before, after, (5, 5), offset=offset)
    expected, _, _, singular = np.linalg.lstsq(design, after.ravel())
    peer = linalg.lstsq(design, after.ravel(), lapack_driver="gelsy")[0]
    # What is known exactly, or else what two orthogonal methods agree on.
    truth = kernel.ravel() if noise == 0 else expected[:25]
    error = np.linalg.norm(found.kernel.ravel() - truth)
    condition = singular[0] / singular[-1]
    allowed = (
        EPS
        * condition
        * (
            1
            + condition
            * np.linalg.norm(design @ peer - after.ravel())
            / (singular[0] * np.linalg.norm(expected))
        )
    )
    peer_error = np.linalg.norm(peer[:25] - truth)
    assert error <= 3 * peer_error + allowed * np.linalg.norm(expected)


def test_an_iterative_solver_that_stops_short_has_no_error_bars():
    before = 40_000 + 0.3 * rng(1).standard_normal((40, 40))
    after = convolve(before, rng(2).random((3, 3)), "valid")
    after = after + 0.003 * rng(3).standard_normal(after.shape)
    found = estimate_kernel(before, after, (3, 3), solver="lsmr")
    assert np.isnan(found.std_error).all()
    assert "lower its tolerance" in found.note
    assert np.isfinite(estimate_kernel(before, after, (3, 3)).std_error).all()


def test_damping_pulls_towards_zero_and_leaves_the_offset_alone():
    before = rng(1).random((30, 30))
    after = convolve(before, np.ones((3, 3)) / 9, "valid") + 100
    found = estimate_kernel(before, after, (3, 3), offset=True, damp=1e6)
    assert np.abs(found.kernel).max() < 1e-6
    assert found.offset == pytest.approx(after.mean())
    assert np.isnan(found.std_error).all()
    assert "damping" in found.note
    differences = np.diff(np.eye(9), axis=0)
    smooth = estimate_kernel(before, after, (3, 3), offset=True, damp=1e6, penalty=differences)
    assert_allclose(smooth.kernel, np.full((3, 3), smooth.kernel.mean()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("offset", [False, True])
def test_nonnegative_is_scipys_nnls(offset):
    before = rng(1).random((15, 15))
    after = rng(2).random((15, 15)) - 0.4 * before
    found = estimate_kernel(
        before, after, (3, 3), boundary="mirror", nonnegative=True, offset=offset
    )
    matrix = convmat.data_matrix(before, (3, 3), "same", "mirror", format="dense")
    # A free offset is the difference of two that are not negative.
    extra = [np.ones(225), -np.ones(225)] if offset else []
    expected = optimize.nnls(np.column_stack([matrix, *extra]), after.ravel())[0]
    assert found.kernel.min() == 0.0
    assert_allclose(found.kernel.ravel(), expected[:9], rtol=0, atol=1e-9)
    assert np.isnan(found.std_error).all()
    assert "held at a bound" in found.note


def test_normalized_sums_to_one_and_knows_it():
    before, kernel = rng(1).random((20, 20)), rng(2).random((3, 3))
    after = convolve(before, kernel / kernel.sum(), "valid")
    after = after + 0.1 * rng(3).standard_normal(after.shape)
    found = estimate_kernel(before, after, (3, 3), normalized=True, offset=True)
    assert found.kernel.sum() == pytest.approx(1, abs=100 * EPS)
    # The last entry is one less the others: least squares for the eight and the offset.
    matrix = convmat.data_matrix(before, (3, 3), "valid", format="dense")
    design = np.column_stack([matrix[:, :8] - matrix[:, 8:], np.ones(len(matrix))])
    rhs = after.ravel() - matrix[:, 8]
    expected, squares, *_ = np.linalg.lstsq(design, rhs)
    assert_allclose(found.kernel.ravel()[:8], expected[:8], rtol=0, atol=1e-12)
    covariance = squares[0] / (len(rhs) - 9) * np.linalg.inv(design.T @ design)
    assert_allclose(found.std_error.ravel()[:8], np.sqrt(np.diag(covariance))[:8], rtol=1e-9)
    assert_allclose(found.covariance[:9, :9].sum(), 0, atol=1e-12)


def test_nonnegative_and_normalized_together():
    before, after = rng(1).random((15, 15)), rng(2).random((13, 13))
    found = estimate_kernel(before, after, (3, 3), nonnegative=True, normalized=True)
    assert found.kernel.sum() == pytest.approx(1, abs=100 * EPS)
    assert found.kernel.min() >= 0
    # No other kernel on the simplex does better: check towards each corner of it.
    matrix = convmat.data_matrix(before, (3, 3), "valid", format="dense")
    gradient = matrix.T @ (matrix @ found.kernel.ravel() - after.ravel())
    slopes = gradient - gradient @ found.kernel.ravel()
    assert slopes.min() > -1e-9 * np.abs(gradient).max()


def test_fft_is_the_quotient_of_the_spectra():
    before, kernel = rng(1).random((16, 15)), rng(2).random((3, 4))
    after = convolve(before, kernel, "same", "circular", anchor=(0, 0))
    found = estimate_kernel(before, after, (3, 4), anchor=(0, 0), solver="fft")
    assert_found(found, kernel)
    noisy = after + 0.01 * rng(3).standard_normal(after.shape)
    found = estimate_kernel(before, noisy, (3, 4), anchor=(0, 0), solver="fft")
    quotient = np.fft.ifft2(np.fft.fft2(noisy) / np.fft.fft2(before)).real
    tolerance = 100 * EPS * found.solution.condition * np.linalg.norm(quotient)
    assert_allclose(found.kernel, quotient[:3, :4], rtol=0, atol=tolerance)
    assert_allclose(found.solution.x.reshape(16, 15), quotient, rtol=0, atol=tolerance)
    assert "circular" in str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"offset": True}, "takes no offset"),
        ({"mask": np.zeros((8, 8), bool)}, "takes no mask"),
        ({"boundary": "zero"}, "'circular' only"),
        ({"mode": "full"}, "mode 'same'"),
        ({"damp": "gcv"}, "damp as a number"),
    ],
)
def test_fft_refuses_what_it_cannot_do(options, message):
    with pytest.raises(ConvmatError, match=message):
        estimate_kernel(IMAGE, IMAGE, (3, 3), solver="fft", **options)


def test_the_solver_nonnegative_bounds_the_kernel_only():
    before = rng(1).random((15, 15))
    after = rng(2).random((15, 15)) - 5
    found, other = (
        estimate_kernel(before, after, (3, 3), offset=True, **options)
        for options in ({"solver": "nonnegative"}, {"nonnegative": True})
    )
    assert found.offset < -3
    assert_array_equal(found.kernel, other.kernel)


def test_constraints_need_a_solver_that_takes_them():
    with pytest.raises(ConvmatError, match="takes no constraints"):
        estimate_kernel(IMAGE, IMAGE, (3, 3), nonnegative=True, solver="pinv")


@pytest.mark.parametrize("method", ["gcv", "rgcv", "discrepancy"])
def test_damp_is_chosen_from_the_data(method):
    before = ndimage.gaussian_filter(rng(1).random((40, 40)), 2)
    kernel = np.outer(signal.windows.gaussian(7, 1.5), signal.windows.gaussian(7, 1.5))
    clean = convolve(before, kernel / kernel.sum(), "valid")
    after = clean + 0.001 * rng(3).standard_normal(clean.shape)
    found = estimate_kernel(before, after, (7, 7), damp=method, noise_std=0.001)
    assert found.damp_choice.damp == found.solution.damp > 0
    plain = estimate_kernel(before, after, (7, 7))
    error, undamped = (np.linalg.norm(f.kernel - kernel / kernel.sum()) for f in (found, plain))
    assert error < undamped / 3
    assert "damping" in found.note


@pytest.mark.parametrize(
    "solver", ["auto", *(n for n, row in SOLVERS.items() if not row.structure)]
)
def test_a_constant_picture_is_a_status_not_an_answer(solver):
    found = estimate_kernel(np.full((9, 9), 5.0), np.full((9, 9), 5.0), (3, 3), solver=solver)
    assert found.solution.status is Status.RANK_DEFICIENT
    assert found.solution.status.advice in str(found)
    assert np.isnan(found.std_error).all()
    assert_allclose(found.kernel.sum(), 1)
    if solver == "auto" or SOLVERS[solver].minimum_norm:
        assert_allclose(found.kernel, np.full((3, 3), 1 / 9))


def test_no_residual_no_error_bars():
    found = estimate_kernel(rng(1).random(5), rng(2).random(3), 3, mode="valid")
    assert np.isnan(found.std_error).all()
    assert "3 pixels for 3 unknowns" in found.note


def test_the_real_pair():
    iio = pytest.importorskip("imageio.v3")
    before, after = (iio.imread(DATA / name) for name in ("camera.png", "camera-filtered.png"))
    truth = np.loadtxt(DATA / "kernel.csv", delimiter=",")
    found = estimate_kernel(before, after, (5, 5), offset=True)
    assert np.abs(found.kernel - truth).max() < 5e-4
    assert abs(found.offset + 0.5) < 5 * found.offset_std_error
    assert found.residual_std == pytest.approx(1 / np.sqrt(12), rel=0.02)
    scores = (found.kernel - truth) / found.std_error
    assert 0.7 < np.sqrt(np.mean(scores**2)) < 1.3


def test_printed_for_people():
    before = rng(1).random((20, 20))
    after = convolve(before, [[0.25, 0.75]], "same") + 0.01 * rng(2).standard_normal((20, 20))
    text = str(estimate_kernel(before, after, (1, 2), offset=True))
    assert "kernel 1x2, anchor (0, 0)" in text
    assert "offset" in text
    assert "standard errors" in text


IMAGE = rng(5).random((8, 8))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((IMAGE, IMAGE, 3), {}, "before has 2 axes"),
        ((IMAGE, IMAGE, (3, 0)), {}, "kernel_shape"),
        ((IMAGE, IMAGE, (3, 3)), {"mode": "valid"}, r"\(6, 6\) for mode valid"),
        ((IMAGE, IMAGE[1:], (3, 3)), {}, r"\(7, 8\).*\(8, 8\) for same"),
        ((IMAGE, IMAGE, (9, 9)), {}, "name the boundary"),
        ((IMAGE, IMAGE, (3, 3)), {"boundary": "reflect"}, "two different things"),
        ((IMAGE, IMAGE, (3, 3)), {"mode": "some"}, "mode 'some'"),
        ((IMAGE, IMAGE, (3, 3)), {"anchor": (1,)}, "anchor"),
        ((IMAGE * np.nan, IMAGE, (3, 3)), {}, "before has entries that are NaN"),
        ((IMAGE, IMAGE * np.inf, (3, 3)), {}, "after has entries that are NaN"),
        (([IMAGE], [IMAGE, IMAGE], (3, 3)), {}, "in pairs"),
        (([], [], (3, 3)), {}, "before is empty"),
        (([[1, 2], [3]], IMAGE, (3, 3)), {}, "before must be a rectangular"),
        ((IMAGE, [[1, 2], [3]], (3, 3)), {}, "after must be a rectangular"),
        ((IMAGE, IMAGE, (3, 3)), {"mask": np.ones((8, 8), bool)}, "leave no pixel"),
        ((IMAGE, IMAGE, (3, 3)), {"mask": np.ones((8, 8))}, "mask must be boolean"),
        ((IMAGE, IMAGE, (3, 3)), {"mask": np.ones((7, 8), bool)}, "mask must have the shape"),
        ((IMAGE, IMAGE, (3, 3)), {"weights": -IMAGE}, "weights must be real and not negative"),
        ((IMAGE, IMAGE, (3, 3)), {"weights": 0 * IMAGE}, "leave no pixel"),
        ((IMAGE, IMAGE, (3, 3)), {"weights": IMAGE[1:]}, "weights must have the shape"),
        (
            (IMAGE, IMAGE, (3, 3)),
            {"noise_std": 0},
            "noise_std must be a finite number above 0, got 0",
        ),
        ((IMAGE, IMAGE, (3, 3)), {"noise_std": "x"}, "noise_std must be a finite number"),
        ((IMAGE, IMAGE, (3, 3)), {"damp": -1}, "damp"),
        ((IMAGE, IMAGE, (3, 3)), {"damp": np.array([1, 2])}, "damp must be a number"),
        ((IMAGE, IMAGE, (3, 3)), {"lower": 0.5}, "nonnegative and normalized, not lower"),
        ((IMAGE, IMAGE, (3, 3)), {"damp": 1e200}, "damp must be from 0"),
        ((IMAGE, IMAGE, (3, 3)), {"boundary": ""}, "boundary '' is unknown"),
        ((IMAGE, IMAGE, (3, 3)), {"boundary": ()}, "names 0 axes"),
        ((IMAGE, IMAGE, (3, 3)), {"offset": "no"}, "offset must be True or False"),
        ((IMAGE, IMAGE, (3, 3)), {"nonnegative": "no"}, "nonnegative must be True or False"),
        ((IMAGE, IMAGE, (3, 3)), {"progress": 3}, "progress must be callable"),
        ((IMAGE, IMAGE, (3000, 3000)), {"boundary": "zero"}, "would take .*smaller kernel"),
        ((IMAGE, IMAGE, (4_000_000, 3)), {"boundary": "zero"}, "would take .*smaller kernel"),
        ((1e160 * IMAGE, IMAGE, (3, 3)), {}, "before has values beyond 1e"),
        ((IMAGE, -1e160 * IMAGE, (3, 3)), {}, "after has values beyond 1e"),
        ((IMAGE, IMAGE, (3, 3)), {"penalty": "x", "offset": True, "damp": 1}, "penalty must hold"),
        ((IMAGE, IMAGE, (3, 3)), {"penalty": [[1], [1, 2]], "offset": True}, "penalty must be"),
        ((IMAGE, IMAGE, (3, 3)), {"damp": "magic"}, "damp must be a number or gcv"),
        ((IMAGE, IMAGE, (3, 3)), {"damp": "discrepancy"}, "needs noise_std"),
        ((IMAGE, IMAGE, (3, 3)), {"penalty": np.eye(8), "offset": True}, "penalty must have one"),
        ((IMAGE, IMAGE, (3, 3)), {"penalty": np.eye(8)}, "penalty must have"),
        ((IMAGE, IMAGE, (3, 3)), {"solver": "magic"}, "solver must be"),
        ((IMAGE, IMAGE, (3, 3)), {"solver": "pinv", "tolerance": 1}, "no option tolerance"),
        ((np.array("text"), IMAGE, (3, 3)), {}, "must hold numbers"),
    ],
)
def test_bad_input_says_what_is_wrong(arguments, options, message):
    with pytest.raises(ConvmatError, match=message):
        estimate_kernel(*arguments, **options)
