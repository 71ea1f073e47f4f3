"""Cross-validation from moments, against kernels fitted and tried on the pixels themselves."""

import numpy as np
import pytest
from scipy import ndimage

from convmat import data_matrix
from convmat.identify.box import Box
from convmat.identify.cross_validation import cross_validation, predicted_square
from convmat.identify.fit import fit_box
from convmat.identify.given import planes_of

EPS = np.finfo(float).eps
GAUSS = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    before = rng.integers(0, 256, (60, 70)).astype(float)
    return before, np.rint(ndimage.convolve(before, GAUSS, mode="mirror"))


def test_moments_predict_as_pixels_do(pair):
    before, after = pair
    planes, _ = planes_of(before, after)
    window, box = Box((-4, -3), (3, 4)), Box((-1, -2), (2, 1))
    fit = fit_box(planes, window, quarters=True)
    region = window.interior(before.shape, after.shape)
    expected = 0.0
    parts = region.quarters()

    def rows(part):
        matrix = data_matrix(before[box.reads(part)], box.shape, "valid").toarray()
        return np.c_[matrix, np.ones(len(matrix))], after[part.slices].ravel()

    for part in parts:
        others = [rows(other) for other in parts if other != part]
        matrix, wanted = (np.concatenate(pieces) for pieces in zip(*others, strict=True))
        unknowns = np.linalg.lstsq(matrix, wanted)[0]
        own, levels = rows(part)
        expected += np.sum((levels - own @ unknowns) ** 2)
    found = predicted_square(fit.moments, window, box)
    assert abs(found - expected) <= 100 * EPS * np.vdot(after, after)


@pytest.mark.parametrize(
    ("box", "goes_on"), [(Box((-1, -1), (1, 1)), True), (Box((-2, -2), (2, 2)), False)]
)
def test_a_box_too_small_is_told(pair, box, goes_on):
    planes, _ = planes_of(*pair)
    found = cross_validation(fit_box(planes, Box((-4, -4), (4, 4)), quarters=True), box)
    assert (found.value > found.limit) is goes_on
    assert ("goes on" in found.text) is goes_on
    assert not found.against


def test_one_part_cannot_be_predicted(pair):
    planes, _ = planes_of(*pair)
    window = Box((-4, -4), (4, 4))
    assert cross_validation(fit_box(planes, window), window) is None
