"""Kernels of fractions that make every pixel: found where they did, and nowhere else."""

import numpy as np
import pytest
from scipy import ndimage

from convmat.identify.box import Box
from convmat.identify.fit import fit_box, residuals_of
from convmat.identify.given import planes_of
from convmat.identify.quantization import Rounding
from convmat.identify.reproduction import reproduction

GAUSS = np.outer([1, 2, 1], [1, 2, 1])
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
SKEW = np.array([[1, 2, 0], [3, 6, 1]])
KERNELS = [(GAUSS, 16, 0), (np.ones((3, 3), int), 9, 0), (SKEW, 13, 3), (LAPLACE, 8, 128)]
WINDOW = Box((-4, -3), (3, 4))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def drawing(rng):
    blobs = ndimage.gaussian_filter(rng.standard_normal((90, 100)), 3)
    return np.where(blobs > 0.02, 255.0, 0.0)


def cells(rng):
    return rng.choice([64.0, 191.0], (60, 70))


def found(before, after):
    planes, _ = planes_of(before, after)
    fit = fit_box(planes, WINDOW)
    return reproduction(fit, list(residuals_of(planes, fit)), 1.0)


@pytest.mark.parametrize("picture", [drawing, cells])
@pytest.mark.parametrize(("numerators", "divisor", "offset"), KERNELS)
@pytest.mark.parametrize(
    ("rule", "name"), [(np.rint, Rounding.ROUNDED), (np.floor, Rounding.TRUNCATED)]
)
def test_it_is_found_on_its_smallest_box(rng, picture, numerators, divisor, offset, rule, name):
    before = picture(rng)
    exact = ndimage.convolve(before, numerators.astype(float)) / divisor + offset
    result = found(before, rule(exact + 1e-9))
    assert result is not None
    rational = result.rational
    scale = rational.divisor / divisor
    np.testing.assert_array_equal(rational.numerators, numerators * scale)
    assert result.box.shape == numerators.shape
    assert result.offset == offset or name is not Rounding.ROUNDED
    assert rational.reproduced == 1


def medians(picture, rng):
    return ndimage.median_filter(picture, 3)


def noises(picture, rng):
    return picture + rng.integers(0, 2, picture.shape)


def dots(picture, rng):
    return np.where(rng.random(picture.shape) < 0.002, 255.0 - picture, picture)


@pytest.mark.parametrize("made", [medians, noises, dots])
@pytest.mark.parametrize("picture", [drawing, cells])
def test_nothing_else_is(rng, picture, made):
    before = picture(rng)
    assert found(before, made(before, rng)) is None


def test_many_digits_are_no_fractions(rng):
    before = rng.integers(0, 256, (60, 70)).astype(float)
    kernel = rng.random((3, 3))
    assert found(before, np.rint(ndimage.convolve(before, kernel / kernel.sum()))) is None


def test_levels_too_few_for_the_divisor_prove_nothing(rng):
    before = rng.integers(0, 3, (60, 70)).astype(float)
    assert found(before, np.rint(ndimage.convolve(before, GAUSS / 16.0))) is None
