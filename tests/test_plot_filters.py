"""The figure of an identified filter: all channels, and no residual where levels were clipped."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import ndimage
from skimage import data

from convmat.identify.identify import identify_filter
from convmat.plot import plot_filter, plot_kernel

RNG = np.random.default_rng(21)
# More than half of its pixels stay unclipped by a sharpening.
NOISE = RNG.integers(80, 176, (90, 110)).astype(np.uint8)
COLOURED = data.astronaut()[20:110, 150:270]
SKEW = np.array([[1, 2, 0], [3, 4, 1], [0, 1, 5]]) / 17
SOFT = np.outer([1, 2, 1], [1, 2, 1]) / 16
MATRIX = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])
KERNEL, ERRORS, RESIDUAL, SPECTRUM = 2, 3, 4, 5


def convolved(picture, kernel):
    return ndimage.convolve(picture.astype(float), kernel, mode="mirror")


def levels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def of_channels(makes):
    return np.stack([levels(make) for make in makes], axis=-1)


def image(axes):
    (drawn,) = axes.get_images()
    return np.ma.filled(np.ma.asarray(drawn.get_array(), dtype=float), np.nan)


def words(axes):
    return [text.get_text() for text in axes.texts]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_clipped_pixels_have_no_residual():
    kernel = np.array([[0, -0.83, 0], [-0.61, 3.77, -0.72], [0, -0.57, 0]])
    exact = convolved(NOISE, kernel)
    after = levels(exact)
    report = identify_filter(NOISE, after)
    assert report.verdict == "linear"
    assert report.clipped_fraction > 0.3
    axes = plot_filter(NOISE, after, report).axes
    residual = image(axes[RESIDUAL])
    inside = (slice(1, -1),) * 2
    assert np.isnan(residual).sum() > np.isnan(residual[inside]).sum()
    # Clipped is what the fit, which is off by so much, puts three quarters of a level beyond.
    off = np.abs(convolved(NOISE, report.kernel - kernel) + report.offset).max()
    beyond = np.maximum(exact - 255, -exact)[inside]
    assert np.isnan(residual[inside][beyond > 0.75 + off]).all()
    assert np.isfinite(residual[inside][beyond < 0.75 - off]).all()
    assert np.isnan(residual[inside]).mean() == report.clipped_fraction
    assert np.nanmax(abs(residual[inside])) <= 0.75 + off
    # Of white noise none of the power's n frequencies is beyond log(n / p) times their mean, but
    # for one draw in 1 / p.
    decibels = image(axes[SPECTRUM])
    assert decibels.shape == residual[inside].shape
    assert decibels.max() < 10 * np.log10(np.log(decibels.size / 1e-6))


def test_what_is_exact_leaves_nothing_over():
    crisp = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    after = levels(convolved(NOISE, crisp))
    axes = plot_filter(NOISE, after, identify_filter(NOISE, after)).axes
    assert words(axes[SPECTRUM]) == ["nothing is left over"]


def test_all_kernels_between_channels_are_drawn():
    planes = np.moveaxis(COLOURED, -1, 0)
    after = of_channels(
        sum(w * convolved(plane, SKEW) for w, plane in zip(row, planes, strict=True))
        for row in MATRIX
    )
    report = identify_filter(COLOURED, after)
    assert report.channels == "mixed"
    axes = plot_filter(COLOURED, after, report).axes
    power = 10.0 ** np.floor(np.log10(report.std_error.max()))
    for panel, entries in ((KERNEL, report.kernel), (ERRORS, report.std_error / power)):
        drawn = image(axes[panel])
        assert drawn.shape == (11, 11)
        assert np.isfinite(drawn).sum() == entries.size == len(axes[panel].texts)
        for i, j in np.ndindex(3, 3):
            block = drawn[4 * i : 4 * i + 3, 4 * j : 4 * j + 3]
            np.testing.assert_array_equal(block, entries[i, j])
        assert ticks(axes[panel].xaxis) == ["from red", "from green", "from blue"]
        assert ticks(axes[panel].yaxis) == ["red", "green", "blue"]


def test_a_colour_matrix_is_one_table():
    after = levels(COLOURED @ MATRIX.T)
    report = identify_filter(COLOURED, after)
    axes = plot_filter(COLOURED, after, report).axes
    np.testing.assert_array_equal(image(axes[KERNEL]), report.kernel[..., 0, 0])


def test_the_kernel_and_the_residual_of_every_channel_are_drawn():
    kernels = [SKEW, SOFT, SKEW.T]
    after = of_channels(convolved(COLOURED[..., i], h) for i, h in enumerate(kernels))
    report = identify_filter(COLOURED, after)
    assert report.channels == "separate"
    axes = plot_filter(COLOURED, after, report).axes
    drawn = image(axes[KERNEL])
    assert ticks(axes[KERNEL].xaxis) == ["red", "green", "blue"]
    for i in range(3):
        np.testing.assert_array_equal(drawn[:, 4 * i : 4 * i + 3], report.kernel[i])
    # The pictures are wider than high, and stand below each other.
    assert ticks(axes[RESIDUAL].yaxis) == ["red", "green", "blue"]
    residual = image(axes[RESIDUAL])
    gap = (len(residual) - 3 * len(after)) // 2
    for i in range(3):
        part = residual[i * (len(after) + gap) :][: len(after)]
        left = after[..., i] - convolved(COLOURED[..., i], report.kernel[i]) - report.offset[i]
        # A sum of nine products of up to 255, and the levels.
        bound = 11 * np.finfo(float).eps * 255 * (np.abs(report.kernel[i]).sum() + 1)
        assert np.nanmax(abs(part - left)) <= bound
        assert np.isfinite(part[1:-1, 1:-1]).all()
    assert image(axes[SPECTRUM]).shape == (88, 118)


def test_no_kernel_is_drawn_that_is_none():
    after = ndimage.median_filter(NOISE, 3)
    report = identify_filter(NOISE, after)
    axes = plot_filter(NOISE, after, report).axes
    assert words(axes[KERNEL]) == ["none: the verdict is not_linear"]
    assert words(axes[ERRORS]) == ["none: see the verdict"]
    assert np.nanstd(image(axes[RESIDUAL])) == pytest.approx(report.residual_std, rel=0.01)


def test_pictures_that_tell_nothing():
    flat = np.full((20, 20), 7, np.uint8)
    axes = plot_filter(flat, flat, identify_filter(flat, flat)).axes
    assert words(axes[KERNEL])[0].startswith("none: ")


def test_entries_that_are_not_known_are_left_blank():
    axes = Figure().subplots()
    drawn = plot_kernel(np.array([[np.nan, 0.2], [-0.3, 0.1]]), axes)
    assert words(axes) == ["0.2000", "-0.3000", "0.1000"]
    assert drawn.get_clim() == (-0.3, 0.3)
