"""deconvolve: the shapes, the boundaries, and least squares on the explicit matrix."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from convmat import Boundary, ConvmatError, Mode, convolution_matrix, convolve, deconvolve

EPS = np.finfo(float).eps
KERNEL = np.array([[1.0, 2, 0], [3, 9, 1]]) / 16


def picture(shape=(9, 8)):
    return np.random.default_rng(0).random(shape)


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
    expected = np.linalg.lstsq(augmented, np.append(image, np.zeros(sharp.size)))[0]
    tolerance = 1000 * EPS * np.linalg.cond(augmented) ** 2 + 1e-9 * (found.solver == "lsmr")
    assert_allclose(found.x, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("boundary", ["circular", "symmetric", "zero"])
def test_exact_pictures_are_restored(boundary):
    sharp = picture((20, 30))
    kernel = np.array([[1.0, 4, 1], [4, 40, 4], [1, 4, 1]]) / 60
    found = deconvolve(convolve(sharp, kernel, "same", boundary), kernel, boundary=boundary)
    assert_allclose(found.x.reshape(sharp.shape), sharp, rtol=0, atol=1e-9)


def test_pixels_of_weight_0_are_left_out():
    sharp = picture()
    image = convolve(sharp, KERNEL, "full")
    weights = np.ones(image.shape)
    image[3, 4] = 99.0
    weights[3, 4] = 0.0
    found = deconvolve(image, KERNEL, mode="full", boundary="zero", weights=weights)
    assert_allclose(found.x.reshape(sharp.shape), sharp, rtol=0, atol=1e-8)


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
