"""Pairs of pictures in the form that is fitted: what is read, and which pixels are kept."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import signal

from convmat import Boundary, ConvmatError, Geometry, Mode, convolve
from convmat.estimation.observations import infer_mode, observe


def observed(before, after, kernel_shape, **options):
    defaults = dict.fromkeys(("mode", "boundary", "anchor", "mask", "weights"))
    return observe(before, after, kernel_shape, **defaults | options)


@pytest.mark.parametrize("boundary", [None, *Boundary])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("anchor", [None, (0, 0), (4, -1)])
def test_kept_pixels_are_the_valid_convolution_of_what_is_read(mode, boundary, anchor):
    before = np.random.default_rng(0).integers(0, 9, (9, 8)).astype(float)
    kernel = np.random.default_rng(1).integers(0, 9, (3, 2)).astype(float)
    after = convolve(before, kernel, mode, boundary or "mirror", anchor=anchor)
    (pair,) = observed(before, after, (3, 2), mode=mode, boundary=boundary, anchor=anchor)
    expected = signal.convolve(pair.samples, kernel, mode="valid", method="direct")
    assert_array_equal(pair.values, expected)
    assert pair.keep.all()
    geometry = Geometry(before.shape, (3, 2), mode, boundary or "zero", anchor)
    assert pair.geometry == geometry
    kept = after if boundary else after[geometry.interior]
    assert_array_equal(pair.values, kept)


@pytest.mark.parametrize(
    ("after", "mode"), [((8, 9), "same"), ((10, 12), "full"), ((6, 6), "valid")]
)
def test_the_mode_is_told_by_the_shapes(after, mode):
    assert infer_mode((8, 9), after, (3, 4)) is Mode(mode)


def test_a_kernel_of_one_sample_is_same():
    assert infer_mode((8, 9), (8, 9), (1, 1)) is Mode.SAME


def test_a_shape_of_no_mode_is_refused_with_all_three():
    with pytest.raises(ConvmatError, match=r"\(8, 9\) for same, \(10, 12\) for full, \(6, 6\)"):
        infer_mode((8, 9), (8, 10), (3, 4))


def test_a_list_of_arrays_is_several_pictures_and_nested_numbers_are_one():
    rows = [[1, 2, 3], [4, 5, 6]]
    assert len(observed(rows, rows, (1, 2))) == 1
    assert (
        len(observed([np.array(row) for row in rows], [np.array(row) for row in rows], (2,))) == 2
    )


def test_pixels_without_weight_and_masked_ones_are_not_kept():
    picture = np.ones((4, 4))
    mask = np.zeros((4, 4), bool)
    mask[1, 2] = True
    weights = np.ones((4, 4))
    weights[2, 1] = 0
    (pair,) = observed(picture, picture, (1, 1), mask=mask, weights=weights)
    assert_array_equal(pair.keep, ~mask & (weights > 0))
