"""Colours: what is said of channels, on pictures that SciPy filtered and NumPy mixed.

Truths are known; kernels are held against their own error bars, all of them together against 1.
"""

import io
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data

from convmat import identify_filter
from convmat.cli.report import as_json
from convmat.identify.box import Box
from convmat.identify.channel_structure import structure_of
from convmat.identify.given import planes_of
from convmat.identify.unexplained import unexplained
from convmat.identify.volumes import volume_box, volumes_of

PICTURES = {
    "coffee": data.coffee()[120:240, 110:230],
    "astronaut": data.astronaut()[70:190, 170:290],
    "texture": np.random.default_rng(5).integers(20, 236, (100, 110, 3)).astype(np.uint8),
}
# Every case is looked at on each; rounding of dark plain skies and of JPEG's levels is in these.
MORE = {
    "rocket": data.rocket()[100:220, 220:340],
    "chelsea": data.chelsea()[60:180, 140:260],
}
ASYMMETRIC = np.array([[1, 2, 0], [3, 8, 1], [0, 1, 0]]) / 16
MATRIX = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
SWAP = np.eye(3)[::-1]
GREY = np.tile([0.299, 0.587, 0.114], (3, 1))
ONE = np.ones((1, 1))
# Halves are rounded one way or the other: half a level is the most that a tool may be off.
ROUNDED = 0.25


def box(side):
    return np.full((side, side), 1 / side**2)


def levels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def convolved(plane, kernel, mode="mirror"):
    return ndimage.convolve(plane.astype(float), kernel, mode=mode)


def separate(kernels, offsets=(0, 0, 0)):
    """The truth of shape (3, k, k), and the picture after as a function of the one before."""
    side = max(len(kernel) for kernel in kernels)
    truth = np.zeros((3, side, side))
    for block, kernel in zip(truth, kernels, strict=True):
        margin = (side - len(kernel)) // 2
        block[margin : side - margin, margin : side - margin] = kernel

    def after(picture):
        planes = [convolved(picture[..., i], kernels[i]) + offsets[i] for i in range(3)]
        return levels(np.stack(planes, axis=-1))

    return truth, offsets, after


def mixed(matrix, kernel=ONE, offsets=(0, 0, 0)):
    """The same, of shape (3, 3, k, k)."""
    truth = np.asarray(matrix)[:, :, None, None] * kernel

    def after(picture):
        blurred = np.stack([convolved(picture[..., i], kernel) for i in range(3)], axis=-1)
        return levels(blurred @ np.transpose(matrix) + offsets)

    return truth, offsets, after


def common(kernel):
    _, offsets, after = separate([kernel] * 3)
    return kernel, offsets, after


def shifted():
    """Red moved one pixel to the right, blue to the left, around the edges."""
    truth = np.zeros((3, 1, 3))
    truth[[0, 1, 2], 0, [2, 1, 0]] = 1

    def after(picture):
        return np.stack([np.roll(picture[..., i], 1 - i, axis=1) for i in range(3)], axis=-1)

    return truth, (0, 0, 0), after


CASES = {
    "one kernel": common(ASYMMETRIC),
    "first copied": separate([ONE, box(3), box(5)]),
    "last copied": separate([box(3), box(5), ONE]),
    "boxes": separate([box(3), box(5), box(7)]),
    "gains": separate([0.9 * ONE, ONE, 0.75 * ONE]),
    "offsets": separate([0.8 * box(3)] * 3, (0, 10, 20)),
    "chromatic shift": shifted(),
    "swap": mixed(SWAP),
    "blur and swap": mixed(SWAP, box(3)),
    "matrix": mixed(MATRIX),
    "matrix and box": mixed(MATRIX, box(5)),
    "matrix and kernel": mixed(MATRIX, ASYMMETRIC),
    "matrix and offsets": mixed(0.85 * MATRIX, offsets=(0, 10, 20)),
    "desaturation": mixed(GREY),
}
NAMES = {2: "common", 3: "separate", 4: "mixed"}


@cache
def identified(case, name):
    picture = {**PICTURES, **MORE}[name]
    after = CASES[case][2](picture)
    return picture, after, identify_filter(picture, after)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("case", CASES)
def test_the_simplest_structure_and_its_box(case, name):
    truth, offsets, _ = CASES[case]
    _, _, report = identified(case, name)
    assert (report.verdict, report.channels) == ("linear", NAMES[truth.ndim])
    assert report.kernel.shape == truth.shape
    if case != "gains":  # of single entries a boundary says nothing
        middle = tuple((n - 1) // 2 for n in truth.shape[-2:])
        assert report.anchor == middle
    known = np.isfinite(report.std_error)
    assert (np.abs(report.kernel - truth)[known] <= 5 * report.std_error[known] + 1e-9).all()
    if truth.ndim > 2:
        assert report.offset.shape == report.offset_std_error.shape == (3,)
        assert np.abs(report.offset - offsets).max() < ROUNDED
        assert report.support.shape == truth.shape[-2:]


@pytest.mark.parametrize("case", ["first copied", "gains", "chromatic shift", "swap", "matrix"])
@pytest.mark.parametrize("name", MORE)
def test_the_same_of_pictures_whose_rounding_follows_them(case, name):
    truth, _, _ = CASES[case]
    _, _, report = identified(case, name)
    assert (report.verdict, report.channels) == ("linear", NAMES[truth.ndim])
    assert report.kernel.shape == truth.shape


@pytest.mark.parametrize("case", CASES)
def test_boundaries(case):
    truth, _, _ = CASES[case]
    _, _, report = identified(case, "texture")
    if case == "chromatic shift":
        assert report.boundary == "circular"
    else:
        assert report.boundary == ("mirror" if truth.shape[-1] > 1 else None)


def test_error_bars_are_as_large_as_errors():
    deviations = []
    for case, (truth, _, _) in CASES.items():
        for name in PICTURES:
            report = identified(case, name)[2]
            # Copies are exact, and entries that fractions are known by are not estimates.
            noisy = np.isfinite(report.std_error) & (report.std_error > 0)
            if case not in ("swap", "chromatic shift", "gains"):
                off = (report.kernel - truth)[noisy]
                deviations.append(off / report.std_error[noisy])
    z = np.concatenate(deviations)
    assert z.size > 1000
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.3


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_is_left_by_rounding(case):
    for name in PICTURES:
        picture, after, report = identified(case, name)
        for left in unexplained(picture, after, report):
            inside = left[np.isfinite(left)]
            assert inside.size > 0.8 * left.size
            assert abs(inside.mean()) < ROUNDED
            assert np.abs(inside).max() < 1
        assert report.residual_std < 1.1 / np.sqrt(12)


@pytest.mark.parametrize("case", CASES)
def test_covariance_has_the_error_bars_on_its_diagonal(case):
    truth, _, _ = CASES[case]
    report = identified(case, "coffee")[2]
    entries = int(np.prod(truth.shape[-2:])) * (3 if truth.ndim == 4 else 1)
    expected = (entries, entries) if truth.ndim == 2 else (3, entries, entries)
    assert report.covariance.shape == expected
    diagonal = np.diagonal(report.covariance, axis1=-2, axis2=-1)
    np.testing.assert_array_equal(np.sqrt(diagonal).reshape(truth.shape), report.std_error)


def test_fractions_have_a_divisor_for_each_channel():
    report = identified("boxes", "coffee")[2]
    assert [rational.divisor for rational in report.rational] == [9, 25, 49]
    assert all(rational.reproduced == 1 for rational in report.rational)
    for rational, truth in zip(report.rational, CASES["boxes"][0], strict=True):
        np.testing.assert_array_equal(rational.kernel, truth)
    matrix = identified("matrix", "coffee")[2]
    for rational, row in zip(matrix.rational, np.rint(10 * MATRIX), strict=True):
        assert rational.divisor == 10
        np.testing.assert_array_equal(rational.numerators.ravel(), row)


def test_rounding_that_differs_is_told_channel_by_channel():
    picture = PICTURES["texture"]
    planes = [convolved(picture[..., i], ASYMMETRIC) for i in range(3)]
    after = np.stack([np.rint(planes[0]), np.floor(planes[1]), np.rint(planes[2])], axis=-1)
    report = identify_filter(picture, after.astype(np.uint8))
    assert (report.verdict, report.channels, report.rounding) == ("linear", "separate", "unknown")
    told = "levels of channel 0 are rounded, of channel 1 truncated, of channel 2 rounded"
    assert told in report.warnings
    assert abs(report.offset[1] + 0.5) < 5 * report.offset_std_error[1]


def test_large_kernels_are_told_apart_too():
    """Larger than the window that mixing is looked for in."""
    picture = PICTURES["coffee"]
    sigmas = (2.5, 2.5, 3.5)
    blurred = [
        ndimage.gaussian_filter(picture[..., i].astype(float), sigma, truncate=3)
        for i, sigma in enumerate(sigmas)
    ]
    report = identify_filter(picture, levels(np.stack(blurred, axis=-1)))
    assert (report.verdict, report.channels) == ("linear", "separate")
    assert np.abs(report.kernel.sum(axis=(1, 2)) - 1).max() < 0.02


@pytest.mark.parametrize("name", {**PICTURES, **MORE})
def test_identical_colours(name):
    """Also where all levels of one channel are levels of another."""
    picture = {**PICTURES, **MORE}[name]
    assert identify_filter(picture, picture).is_identity


def test_tinted_grey():
    grey = np.stack([PICTURES["coffee"][..., 1]] * 3, axis=-1)
    after = levels(grey * [1.0, 0.8, 0.6] + [0, 10, 5])
    report = identify_filter(grey, after)
    assert (report.verdict, report.channels) == ("linear", "separate")
    assert np.abs(report.kernel.ravel() - [1, 0.8, 0.6]).max() < 0.01


def test_clipped_mixing():
    picture = PICTURES["texture"]
    saturation = 1.8 * np.eye(3) - 0.8 / 3
    report = identify_filter(picture, levels(picture @ saturation.T))
    assert (report.verdict, report.channels) == ("linear", "mixed")
    assert report.clipped_fraction > 0.1
    off = np.abs(report.kernel[..., 0, 0] - saturation)
    assert (off < 5 * report.std_error[..., 0, 0]).all()


def test_cropped_mixing():
    picture = PICTURES["coffee"]
    after = CASES["matrix and kernel"][2](picture)[1:-1, 1:-1]
    report = identify_filter(picture, after)
    assert (report.channels, report.mode, report.boundary) == ("mixed", "valid", "cropped")
    assert all(np.isfinite(left).all() for left in unexplained(picture, after, report))
    assert np.abs(unexplained(picture, after, report)).max() < 1


@pytest.mark.parametrize("blank", [False, True])
def test_mixing_inside_of_a_frame(blank):
    """As many tools leave it: what could not be computed is as it was, or black."""
    picture = PICTURES["coffee"]
    truth, _, made = CASES["matrix and kernel"]
    after = np.zeros_like(picture) if blank else picture.copy()
    after[2:-2, 2:-2] = made(picture)[2:-2, 2:-2]
    report = identify_filter(picture, after)
    assert (report.verdict, report.channels) == ("linear", "mixed")
    assert report.boundary == ("cropped" if blank else "untouched")
    assert (np.abs(report.kernel - truth) <= 5 * report.std_error).all()


def test_large_kernels_mix_too():
    picture = data.coffee()[100:320, 100:320]
    truth, _, after = mixed(MATRIX, box(19))
    report = identify_filter(picture, after(picture))
    assert (report.verdict, report.channels, report.boundary) == ("linear", "mixed", "mirror")
    assert report.kernel.shape == truth.shape
    assert (np.abs(report.kernel - truth) <= 5 * report.std_error).all()


def test_smooth_pictures_that_mix_tell_too_little():
    picture = ndimage.gaussian_filter(data.coffee()[:150, :180].astype(float), (6, 6, 0))
    report = identify_filter(levels(picture), levels(levels(picture) @ MATRIX.T))
    assert (report.verdict, report.channels) == ("undetermined", "mixed")
    assert np.isnan(report.std_error).all()


@pytest.mark.parametrize("places", [None, (4, 5)])
def test_channels_share_a_gram_matrix(places):
    """Their moments are those of each by itself."""
    picture = PICTURES["coffee"]
    channels = volumes_of(planes_of(picture, CASES["matrix and box"][2](picture))[0])
    box = volume_box(Box((-2, -1), (1, 2)), 3)
    for (volume,) in channels:
        region = box.interior(volume.before.shape, volume.after.shape)
        keep = np.ones(volume.after.shape, dtype=bool)
        if places:
            keep[0][places] = False
        alone = box.moments(volume.before, volume.after, region, keep).centred()
        shared = volume.moments(box, region, keep).centred()
        eps = np.finfo(float).eps * alone.weight
        for name in ("gram", "rhs", "constant"):
            one, other = getattr(alone, name), getattr(shared, name)
            scale = np.ptp(picture.astype(float)) ** 2
            assert np.abs(one - other).max() <= 10 * eps * scale
        assert shared.level == pytest.approx(alone.level, rel=1e-12)
    assert len(channels[0][0].known) == (0 if places else 1)


def test_mixing_of_shifted_pictures():
    picture = PICTURES["coffee"]
    after = np.roll(CASES["matrix"][2](picture)[..., ::-1], (5, -7), axis=(0, 1))
    report = identify_filter(picture, after)
    assert (report.channels, report.anchor, report.boundary) == ("mixed", (-5, 7), "circular")
    assert np.abs(report.kernel[..., 0, 0] - MATRIX[::-1]).max() < 0.01


def test_levels_that_are_no_levels():
    picture = PICTURES["coffee"] / 255
    report = identify_filter(picture, picture @ MATRIX.T)
    assert (report.verdict, report.channels, report.rounding) == ("linear", "mixed", "none")
    assert np.abs(report.kernel[..., 0, 0] - MATRIX).max() < 1e-12


def test_several_colour_pairs():
    pictures = [PICTURES["coffee"], PICTURES["astronaut"]]
    after = CASES["matrix and kernel"][2]
    report = identify_filter(pictures, [after(picture) for picture in pictures])
    alone = identified("matrix and kernel", "coffee")[2]
    assert (report.verdict, report.channels) == ("linear", "mixed")
    assert report.std_error.mean() < alone.std_error.mean()


@pytest.mark.parametrize("seed", range(4))
def test_noise_makes_no_structure(seed):
    random = np.random.default_rng(seed)
    picture = PICTURES["coffee"][:100, :100]
    blurred = np.stack([convolved(picture[..., i], ASYMMETRIC) for i in range(3)], axis=-1)
    noise = random.normal(0, [1, 2, 4], picture.shape)
    alike = random.normal(0, 3, (*picture.shape[:2], 1))
    for after in (blurred + noise, blurred + alike):
        found = structure_of(planes_of(picture, levels(after))[0], None)
        assert not (found.differ or found.mix)


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_no_convolution_in_colour(name):
    picture = PICTURES[name][:90, :90]
    stream = io.BytesIO()
    Image.fromarray(CASES["matrix"][2](picture)).save(stream, "jpeg", quality=90)
    compressed = np.array(Image.open(stream))
    curved = levels(255 * ((picture / 255) ** 2.2 @ MATRIX.T) ** (1 / 2.2))
    median = ndimage.median_filter(picture, (3, 3, 1))
    for after in (compressed, curved, median):
        report = identify_filter(picture, after, max_kernel_shape=5)
        assert report.verdict == "not_linear"
        assert np.isnan(report.std_error).all()


@pytest.mark.parametrize("case", ["boxes", "matrix and offsets"])
def test_shell_and_figure_take_channels(case):
    pytest.importorskip("matplotlib")
    from convmat.plot import plot_filter

    picture, after, report = identified(case, "coffee")
    told = json.loads(as_json(report))
    assert np.array(told["kernel"]).shape == report.kernel.shape
    np.testing.assert_array_equal(told["offset"], report.offset)
    assert str(report)
    figure = plot_filter(picture, after, report)
    assert len(figure.axes) >= 6
