"""Examples from the literature, with the figures that they are known for.

The first is the kernel estimate of a white square by gradient descent, exact and rounded to
8 bits; the second the quotient of the Fourier transforms of a whole picture.
"""

from importlib.resources import files

import numpy as np
import pytest
from scipy import fft

from convmat import (
    DataOperator,
    LeastSquares,
    Status,
    choose_damp,
    convolve,
    deconvolve,
    difference_matrix,
    estimate_kernel,
    solve,
)
from convmat.damped_family import DampedFamily


def gaussian(size, sigma):
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)
    return np.outer(line, line) / line.sum() ** 2


def relative(error, truth):
    return np.linalg.norm(error) / np.linalg.norm(truth)


# A white square, 30x30 in a black picture of 200x200, and a 51x51 Gaussian of sigma 4.
SQUARE = np.zeros((200, 200))
SQUARE[85:115, 85:115] = 1
KERNEL = gaussian(51, 4)
BLURRED = convolve(SQUARE, KERNEL, "valid")
ROUNDED = np.round(255 * BLURRED) / 255
ROUNDING = np.sqrt(np.mean((ROUNDED - BLURRED) ** 2))


def kernel_error(x):
    return relative(x - KERNEL.ravel(), KERNEL)


@pytest.fixture(scope="module")
def exact():
    return LeastSquares(DataOperator(SQUARE, KERNEL.shape, "valid"), BLURRED.ravel())


@pytest.mark.parametrize(
    ("solver", "options", "lowest", "highest"),
    [
        # The Gram matrix is slower here than two FFT products an iteration.
        ("gradient", {"step": 2e-6, "max_iterations": 3000, "gram": False}, 0.9 * 0.046, 0.05),
        ("fista", {"step": 2e-6, "max_iterations": 1000, "gram": False}, 0, 5e-3),
        ("lsmr", {"max_iterations": 3000}, 0, 1e-3),
        ("cholesky", {}, 0, 1e-10),
    ],
)
def test_the_kernel_of_exact_pictures(exact, solver, options, lowest, highest):
    assert BLURRED.shape == (150, 150)
    solution = solve(exact, solver, **options)
    assert lowest <= kernel_error(solution.x) <= highest
    if solver == "gradient":
        assert solution.status is Status.MAX_ITERATIONS
        assert np.all(np.diff(solution.history[:, 0]) <= 0)


def test_rounding_to_8_bits_costs_exact_least_squares_44_per_cent():
    found = estimate_kernel(SQUARE, ROUNDED, KERNEL.shape)
    assert kernel_error(found.kernel.ravel()) == pytest.approx(0.44, rel=0.1)
    assert found.solution.status is Status.CONVERGED  # it is not the arithmetic


def laplacian(shape):
    """Second differences along both axes, summed; zeros outside the support."""
    return sum(difference_matrix(shape, 2, axis, "zero") for axis in range(len(shape)))


@pytest.fixture(scope="module", params=["identity", "laplacian"])
def rounded(request):
    """The penalty's name, and all damped solutions of the rounded problem."""
    penalty = laplacian(KERNEL.shape) if request.param == "laplacian" else None
    data = DataOperator(SQUARE, KERNEL.shape, "valid")
    return request.param, DampedFamily(LeastSquares(data, ROUNDED.ravel(), penalty=penalty))


@pytest.mark.parametrize(
    ("method", "identity", "smooth"),
    [("gcv", 0.22, 0.24), ("rgcv", 0.064, 0.020), ("discrepancy", 0.040, 0.017)],
)
def test_the_chosen_damp_on_rounded_pictures(rounded, method, identity, smooth):
    penalty, family = rounded
    choice = choose_damp(family, method, noise_std=ROUNDING)
    expected = identity if penalty == "identity" else smooth
    assert kernel_error(family.solution(choice.damp)) == pytest.approx(expected, rel=0.1)
    assert not choice.at_end


def test_the_best_possible_damp_on_rounded_pictures(rounded):
    penalty, family = rounded
    best = min(kernel_error(family.solution(damp)) for damp in family.grid(200))
    assert best == pytest.approx(0.040 if penalty == "identity" else 0.010, rel=0.1)


def test_the_corner_of_the_l_curve_depends_on_the_penalty(rounded):
    penalty, family = rounded
    error = kernel_error(family.solution(choose_damp(family, "lcurve").damp))
    if penalty == "identity":
        assert error > 0.2  # no better than plain cross-validation
    else:
        assert error == pytest.approx(0.010, rel=0.1)  # as good as the best damp there is


# The quotient of the Fourier transforms of a photograph, blurred past replicated edges.
BLUR = gaussian(11, 1.5)


@pytest.fixture(scope="module")
def photograph():
    imageio = pytest.importorskip("imageio.v3")
    return imageio.imread((files("convmat") / "data" / "camera.png").read_bytes()).astype(float)


def quotient(before, after):
    """The whole quotient, origin in the middle, and the kernel's support cut out of it."""
    whole = fft.fftshift(fft.ifft2(fft.fft2(after) / fft.fft2(before)).real)
    row, column = (n // 2 - 5 for n in whole.shape)
    return whole, whole[row : row + 11, column : column + 11]


def test_most_of_the_error_of_the_quotient_is_the_edges(photograph):
    errors = {}
    for boundary in ("circular", "replicate"):
        blurred = convolve(photograph, BLUR, "same", boundary)
        for name, after in (("exact", blurred), ("rounded", np.rint(blurred))):
            error = relative(quotient(photograph, after)[1] - BLUR, BLUR)
            errors[boundary, name] = error
    assert errors["circular", "exact"] < 1e-12  # the convolution theorem
    assert errors["circular", "rounded"] == pytest.approx(0.044, rel=0.1)
    assert errors["replicate", "exact"] == pytest.approx(0.450, rel=0.1)
    assert errors["replicate", "rounded"] == pytest.approx(0.455, rel=0.1)


def test_the_quotient_is_what_the_solver_fft_gives(photograph):
    after = np.rint(convolve(photograph, BLUR, "same", "replicate"))
    # Convolution commutes: the picture before is the kernel, and the kernel is asked for.
    centre = tuple(n // 2 for n in photograph.shape)
    found = deconvolve(after, photograph, boundary="circular", anchor=centre, solver="fft")
    whole, _ = quotient(photograph, after)
    tolerance = 100 * np.finfo(float).eps * found.condition * np.abs(whole).max()
    assert found.x.reshape(whole.shape) == pytest.approx(whole, rel=0, abs=tolerance)


@pytest.mark.parametrize(
    ("boundary", "lowest", "highest"), [("replicate", 2, 4), ("circular", 0.8, 1.2)]
)
def test_the_error_of_the_quotient_lies_on_a_cross(photograph, boundary, lowest, highest):
    error, _ = quotient(photograph, np.rint(convolve(photograph, BLUR, "same", boundary)))
    error[123:134, 123:134] -= BLUR
    cross = np.zeros(error.shape, dtype=bool)
    cross[128, :] = cross[:, 128] = True
    ratio = np.sqrt(np.mean(error[cross] ** 2) / np.mean(error[~cross] ** 2))
    assert lowest < ratio < highest


def test_least_squares_that_knows_the_boundary_leaves_only_the_rounding(photograph):
    blurred = convolve(photograph, BLUR, "same", "replicate")
    errors = {}
    for name, after in (("exact", blurred), ("rounded", np.rint(blurred))):
        found = estimate_kernel(photograph, after, (11, 11), boundary="replicate", offset=True)
        errors[name] = relative(found.kernel - BLUR, BLUR)
        assert abs(found.offset) < 0.01
    assert errors["exact"] < 1e-12
    assert errors["rounded"] == pytest.approx(0.0104, rel=0.1)
