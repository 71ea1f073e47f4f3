"""Pictures whose rounding is no noise: few levels, repeats, changes of less than a level."""

import numpy as np
import pytest
from scipy import ndimage

from convmat import identify_filter

GAUSS = np.outer([1, 2, 1], [1, 2, 1]) / 16
SKEW = np.array([[1.0, 2, 0], [3, 6, 1], [0, 1, 2]]) / 16
BELL = np.exp(-np.add.outer(np.arange(-3, 4) ** 2, np.arange(-3, 4) ** 2) / 2.4)
BELL /= BELL.sum()
MANY_DIGITS = np.random.default_rng(3).random((3, 4))
MANY_DIGITS /= MANY_DIGITS.sum()
KERNELS = {"gauss": GAUSS, "box": np.ones((3, 3)) / 9, "skew": SKEW, "bell": BELL}
KERNELS["many digits"] = MANY_DIGITS


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def drawing(rng):
    return np.where(ndimage.gaussian_filter(rng.standard_normal((150, 160)), 2) > 0.05, 255, 0)


def cells(rng):
    return rng.choice([64, 191], (64, 64))


def posterized(rng):
    smooth = ndimage.gaussian_filter(rng.standard_normal((120, 130)), 2)
    return np.clip(np.rint(4 + 40 * smooth), 0, 7) * 32


def dots(rng):
    return np.where(rng.random((120, 120)) < 0.004, 255, 0)


def filtered(before, kernel):
    made = ndimage.convolve(before.astype(float), kernel, mode="mirror", origin=origin(kernel))
    return np.clip(np.rint(made), 0, 255).astype(np.uint8)


def origin(kernel):
    """So that the entry at (k - 1) // 2 is at the origin, for even sizes too."""
    return [(k - 1) // 2 - k // 2 for k in kernel.shape]


def placed(kernel, anchor, shape, size=64):
    """A kernel on a large canvas, about the origin, and the part of it that a box covers."""
    canvas = np.zeros((size, size))
    middle = size // 2
    low = [middle - (k - 1) // 2 for k in kernel.shape]
    canvas[tuple(slice(a, a + k) for a, k in zip(low, kernel.shape, strict=True))] = kernel
    part = tuple(
        slice(size // 2 - c, size // 2 - c + k) for c, k in zip(anchor, shape, strict=True)
    )
    return canvas[part], np.abs(canvas).sum() - np.abs(canvas[part]).sum()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("picture", [drawing, cells, posterized, dots])
def test_the_kernel_is_found_within_its_error_bars(rng, picture, name):
    before = picture(rng).astype(np.uint8)
    report = identify_filter(before, filtered(before, KERNELS[name]))
    assert report.verdict == "linear"
    truth, outside = placed(KERNELS[name], report.anchor, report.kernel.shape)
    assert outside <= 0.01  # of the bell's corners, which are less than rounding shows
    bars = report.std_error
    assert np.isfinite(bars).all()
    # 45 entries at most in a case, some 500 in all: 4.5 deviations are one chance in 300.
    assert np.all(np.abs(report.kernel - truth) <= 4.5 * bars)


@pytest.mark.parametrize("picture", [drawing, cells, dots])
@pytest.mark.parametrize("name", ["gauss", "box", "skew"])
def test_small_fractions_are_told_exactly(rng, picture, name):
    before = picture(rng).astype(np.uint8)
    report = identify_filter(before, filtered(before, KERNELS[name]))
    np.testing.assert_allclose(report.kernel, KERNELS[name], rtol=0, atol=1e-15)
    assert report.rational.reproduced == 1
    assert report.evidence[0].name == "fractions"


@pytest.mark.parametrize("seed", range(4))
def test_stripes_do_not_tell_where_a_kernel_is_along_them(seed):
    rng = np.random.default_rng(seed)
    before = np.tile(rng.integers(0, 256, 150).astype(np.uint8), (140, 1))
    report = identify_filter(before, filtered(before, SKEW))
    assert report.verdict == "undetermined"
    assert np.isnan(report.std_error).all()


def test_changes_of_less_than_a_level_are_undetermined(rng):
    kernel = np.array([[2.0, 4, 2], [4, 976, 4], [2, 4, 2]]) / 1000
    before = ndimage.gaussian_filter(rng.integers(0, 256, (140, 150)).astype(float), 0.8)
    before = np.rint(before).astype(np.uint8)
    report = identify_filter(before, filtered(before, kernel))
    assert report.verdict == "undetermined"
    assert "changes" in [piece.name for piece in report.evidence if piece.against]
    assert np.isnan(report.std_error).all()


def test_what_rounding_makes_is_not_judged(rng):
    """The picture after has two or three levels: nothing can be said of tone curves."""
    before = np.rint(rng.normal(120, 4, (150, 150))).astype(np.uint8)
    report = identify_filter(before, filtered(before, np.ones((15, 15)) / 225))
    assert report.verdict != "not_linear"


def test_black_and_white_may_have_been_cut_off(rng):
    before = drawing(rng).astype(np.uint8)
    sharpened = filtered(before, np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]))
    report = identify_filter(before, sharpened)
    assert np.isnan(report.std_error).all()
    assert any("cut off" in text for text in report.warnings)


@pytest.mark.parametrize("scale", [1, 255])
def test_an_impulse_contains_all_frequencies(scale):
    before = np.zeros((64, 64))
    before[32, 32] = scale
    report = identify_filter(before, ndimage.convolve(before, SKEW, mode="constant"))
    assert report.verdict == "linear"
    np.testing.assert_allclose(report.kernel, SKEW, rtol=0, atol=1e-12)
    assert report.clipped_fraction == 0


@pytest.mark.parametrize("share", [0.0005, 0.01])
def test_dots_are_no_noise(rng, share):
    before = rng.integers(0, 200, (120, 130)).astype(np.uint8)
    after = filtered(before, GAUSS)
    after[rng.random(after.shape) < share] = 255
    report = identify_filter(before, after)
    assert report.verdict == "not_linear"
