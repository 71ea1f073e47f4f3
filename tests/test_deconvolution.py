"""deconvolve: the shapes, the boundaries, and least squares on the explicit matrix."""

import numpy as np
import pytest

from convmat import (
    Boundary,
    ConvmatError,
    Mode,
    convolution_matrix,
    convolve,
    deconvolve,
    difference_matrix,
)
from convmat.solvers.iteration import TOLERANCE

EPS = np.finfo(float).eps
KERNEL = np.array([[1.0, 2, 0], [3, 9, 1]]) / 16


def picture(shape=(9, 8)):
    return np.random.default_rng(0).random(shape)


def assert_minimum(found, matrix, b, expected):
    """Of |matrix x - b|: the gradient is as small as the solver promises, and so is the error.

    An error e has the gradient matrix' matrix e, which is at least the smallest singular value,
    squared, times e.
    """
    singular = np.linalg.svd(matrix, compute_uv=False)
    size = np.linalg.norm(expected)
    iterative = TOLERANCE * np.linalg.norm(matrix.T @ b) * (found.solver == "lsmr")
    rounding = 100 * EPS * singular[0] * (singular[0] * size + np.linalg.norm(b))
    assert found.gradient_norm <= iterative + rounding
    allowed = (found.gradient_norm + rounding) / singular[-1] ** 2
    assert np.linalg.norm(found.x - expected.ravel()) <= allowed


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("anchor", [None, (1, 0)])
def test_it_is_least_squares_on_the_explicit_matrix(mode, boundary, anchor):
    sharp = picture()
    image = convolve(sharp, KERNEL, mode, boundary, anchor=anchor)
    image = image + 0.01 * np.random.default_rng(1).standard_normal(image.shape)
    found = deconvolve(image, KERNEL, mode=mode, boundary=boundary, anchor=anchor, damp=0.1)
    matrix = convolution_matrix(KERNEL, sharp.shape, mode, boundary, anchor=anchor).toarray()
    augmented = np.vstack([matrix, 0.1 * np.eye(sharp.size)])
    b = np.append(image, np.zeros(sharp.size))
    assert_minimum(found, augmented, b, np.linalg.lstsq(augmented, b)[0])


@pytest.mark.parametrize("boundary", ["circular", "symmetric", "zero"])
def test_exact_pictures_are_restored(boundary):
    sharp = picture((20, 30))
    kernel = np.array([[1.0, 4, 1], [4, 40, 4], [1, 4, 1]]) / 60
    image = convolve(sharp, kernel, "same", boundary)
    matrix = convolution_matrix(kernel, sharp.shape, "same", boundary).toarray()
    assert_minimum(deconvolve(image, kernel, boundary=boundary), matrix, image.ravel(), sharp)


def test_pixels_of_weight_0_are_left_out():
    sharp = picture()
    image = convolve(sharp, KERNEL, "full")
    weights = np.ones(image.shape)
    image[3, 4] = 99.0
    weights[3, 4] = 0.0
    found = deconvolve(image, KERNEL, mode="full", boundary="zero", weights=weights)
    matrix = convolution_matrix(KERNEL, sharp.shape).toarray() * weights.reshape(-1, 1)
    assert_minimum(found, matrix, (weights * image).ravel(), sharp)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("boundary", ["circular", "symmetric"])
def test_differences_with_the_same_boundary_are_solved_exactly(boundary, n):
    sharp = picture()
    kernel = np.array([[0.0, 1, 0], [1, 3, 1], [0, 1, 0]]) / 7
    image = convolve(sharp, kernel, "same", boundary)
    rough = difference_matrix(sharp.shape, n, boundary=boundary)
    found = deconvolve(image, kernel, boundary=boundary, damp=0.3, penalty=rough)
    assert found.solver == "spectral"
    matrix = convolution_matrix(kernel, sharp.shape, "same", boundary).toarray()
    augmented = np.vstack([matrix, 0.3 * rough.toarray()])
    b = np.append(image, np.zeros(rough.shape[0]))
    assert_minimum(found, augmented, b, np.linalg.lstsq(augmented, b)[0])


IMAGE = picture()


@pytest.mark.parametrize(
    ("image", "kernel", "options", "message"),
    [
        (IMAGE, KERNEL, {"boundary": "reflect"}, "two different things"),
        (IMAGE, KERNEL, {"boundary": "zero", "mode": "half"}, "mode 'half'"),
        (IMAGE, [1.0, 2.0], {"boundary": "zero"}, "kernel must have 2 axes"),
        (IMAGE, KERNEL * np.nan, {"boundary": "zero"}, "kernel has entries that are NaN"),
        (IMAGE, KERNEL, {"boundary": "zero", "damp": -1}, "damp"),
        (IMAGE, KERNEL, {"boundary": "zero", "weights": IMAGE[1:]}, "weights must have the shape"),
        (IMAGE[:1], KERNEL, {"boundary": "zero", "mode": "full"}, "smaller than any"),
        (IMAGE, KERNEL, {"boundary": "zero", "solver": "spectral"}, "no fast transform"),
    ],
)
def test_bad_input(image, kernel, options, message):
    with pytest.raises(ConvmatError, match=message):
        deconvolve(image, kernel, **options)


def test_the_boundary_must_be_named():
    with pytest.raises(TypeError, match="boundary"):
        deconvolve(IMAGE, KERNEL)
