"""What filter was it: tools we did not write, called here, and what is no filter.

The corpus of real tools' recordings is in test_identify_corpus; here is what each part must do.
"""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage, signal
from skimage import color, data

from convmat.errors import ConvmatError
from convmat.identify.identify import identify_filter
from convmat.identify.target import design_target

CAMERA = data.camera()[100:230, 120:270]
COINS = data.coins()[:120, :140]
COFFEE = data.coffee()[100:200, 200:310]
RANDOM = np.random.default_rng(7).random((3, 4)) + 0.2
RANDOM /= RANDOM.sum() + 0.01
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0.0]])


def levels(values, rule=np.rint):
    return np.clip(rule(values), 0, 255).astype(np.uint8)


def filtered(picture, kernel, mode="nearest", rule=np.rint, **options):
    return levels(ndimage.convolve(picture.astype(float), kernel, mode=mode, **options), rule)


@pytest.mark.parametrize("picture", [CAMERA, COINS], ids=["camera", "coins"])
@pytest.mark.parametrize(
    ("mode", "boundary"),
    [
        ("nearest", "replicate"),
        ("reflect", "symmetric"),
        ("mirror", "mirror"),
        ("wrap", "circular"),
        ("constant", "zero"),
    ],
)
def test_every_boundary_of_ndimage(picture, mode, boundary):
    report = identify_filter(picture, filtered(picture, RANDOM, mode))
    assert (report.verdict, report.kernel.shape, report.boundary) == ("linear", (3, 4), boundary)
    assert report.anchor == (1, 2)
    assert report.rounding == "rounded"
    assert np.abs(report.kernel - RANDOM).max() < 5 * report.std_error.max()
    assert report.support.all()
    assert not report.separable
    assert not report.symmetric


def test_shifted_anchor_and_truncation():
    after = filtered(CAMERA, RANDOM, rule=np.floor, origin=(1, -1))
    report = identify_filter(CAMERA, after)
    assert (report.anchor, report.rounding) == ((2, 1), "truncated")
    assert abs(report.offset + 0.5) < 4 * report.offset_std_error
    assert "correlation kernel, anchor (0, 2)" in str(report)


@pytest.mark.parametrize("side", [1, 2])
def test_a_small_kernel_cannot_tell_replicate_from_symmetric(side):
    kernel = np.ones((side, 3)) / side / 3
    report = identify_filter(CAMERA, filtered(CAMERA, kernel))
    assert set(report.boundary_candidates) == {"replicate", "symmetric"}
    assert report.rational.divisor == 3 * side
    assert report.rational.reproduced > 0.999


@pytest.mark.parametrize(
    ("name", "shape"), [("BLUR", (5, 5)), ("SHARPEN", (3, 3)), ("EMBOSS", (2, 2))]
)
def test_pillow_leaves_its_border_untouched(name, shape):
    after = np.array(Image.fromarray(CAMERA).filter(getattr(ImageFilter, name)))
    report = identify_filter(CAMERA, after)
    assert (report.verdict, report.kernel.shape) == ("linear", shape)
    assert report.boundary == "untouched"
    assert report.rational is not None


def test_opencv_correlates_and_mirrors():
    report = identify_filter(COINS, cv2.filter2D(COINS, -1, RANDOM, anchor=(3, 0)))
    assert (report.verdict, report.boundary) == ("linear", "mirror")
    assert np.abs(report.correlation_kernel - RANDOM).max() < 5 * report.std_error.max()
    assert report.correlation_anchor == (0, 3)


def test_one_sided_motion():
    picture = data.camera()[:200, :220]
    after = filtered(picture, np.eye(21) / 21, origin=10)
    report = identify_filter(picture, after)
    assert (report.kernel.shape, report.anchor) == ((21, 21), (20, 20))
    assert np.array_equal(report.support, np.eye(21, dtype=bool))
    assert report.symmetries == ("point", "diagonal")


def test_the_largest_shape_is_kept_to():
    report = identify_filter(COINS, filtered(COINS, np.ones((7, 7)) / 49), max_kernel_shape=(3, 5))
    assert report.kernel.shape[0] <= 3
    assert report.kernel.shape[1] <= 5


def test_clipped_pixels_are_left_out():
    after = filtered(CAMERA, 2 * SHARPEN - np.pad([[1.0]], 1))
    report = identify_filter(CAMERA, after)
    assert report.clipped_fraction > 0.1
    assert str(report.rational) == "1/1 [0 -2 0; -2 9 -2; 0 -2 0]"


def test_separable_and_symmetric_by_the_error_bars():
    binomial = np.outer([1, 2, 1], [1, 3, 3, 1]) / 32
    report = identify_filter(COINS, filtered(COINS, binomial))
    assert report.separable
    assert report.symmetries == ("point", "left-right", "up-down")
    skew = binomial.copy()
    skew[0, 0] += 0.01
    report = identify_filter(COINS, filtered(COINS, skew))
    assert not report.separable
    assert report.symmetries == ()


def test_shift_identity_and_crop():
    report = identify_filter(CAMERA, np.roll(CAMERA, (40, -7), (0, 1)))
    assert (report.kernel.shape, report.anchor) == ((1, 1), (-40, 7))
    assert report.boundary == "circular"
    assert any("shifted by (+40, -7)" in text for text in report.warnings)
    same = identify_filter(CAMERA, CAMERA)
    assert same.is_identity
    assert "nothing was done" in str(same)
    cropped = identify_filter(CAMERA, signal.convolve(CAMERA.astype(float), RANDOM, "valid"))
    assert (cropped.mode, cropped.boundary) == ("valid", "cropped")
    part = identify_filter(CAMERA, filtered(CAMERA, RANDOM)[20:120, 30:140])
    assert any("before[20:120, 3" in text for text in part.warnings)
    full = identify_filter(CAMERA, signal.convolve(CAMERA.astype(float), RANDOM, "full"))
    assert (full.mode, full.boundary) == ("full", "zero")


def test_noise_is_noise():
    noise = np.random.default_rng(3).normal(0, 4, COINS.shape)
    after = ndimage.convolve(COINS.astype(float), RANDOM, mode="wrap") + noise
    report = identify_filter(COINS, after)
    assert (report.verdict, report.rounding, report.boundary) == ("linear", "none", "circular")
    assert report.residual_std == pytest.approx(4, rel=0.03)


def jpeg(picture, quality):
    return cv2.imdecode(
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE
    )


NOT_LINEAR = {
    "median": lambda x: cv2.medianBlur(x, 3),
    "JPEG 95": lambda x: jpeg(cv2.GaussianBlur(x, (3, 3), 1), 95),
    "JPEG 50": lambda x: jpeg(x, 50),
    "resize": lambda x: cv2.resize(cv2.resize(x, None, fx=0.8, fy=0.8), x.shape[::-1]),
    "local contrast": lambda x: cv2.createCLAHE(4.0).apply(x),
    "upside down": lambda x: np.ascontiguousarray(x[::-1]),
    "tone curve": lambda x: levels(255 * (cv2.blur(x, (3, 3)) / 255) ** 0.7),
    "two kernels": lambda x: np.vstack(
        [cv2.blur(x, (3, 3))[: len(x) // 2], cv2.blur(x, (5, 5))[len(x) // 2 :]]
    ),
    "bilateral": lambda x: cv2.bilateralFilter(x, 5, 40, 3),
}


@pytest.mark.parametrize("name", NOT_LINEAR)
@pytest.mark.parametrize("picture", [CAMERA, COINS], ids=["camera", "coins"])
def test_not_linear(picture, name):
    report = identify_filter(picture, NOT_LINEAR[name](picture))
    assert report.verdict == "not_linear"
    assert np.isnan(report.std_error).all(), "no error bars on a wrong model"
    assert any(piece.against for piece in report.evidence)
    assert report.rational is None


@pytest.mark.parametrize("options", [{"gamma": 2.2}, {}], ids=["given", "tried"])
def test_gamma(options):
    light = ndimage.convolve((CAMERA / 255) ** 2.2, RANDOM, mode="mirror")
    report = identify_filter(CAMERA, levels(255 * light ** (1 / 2.2)), **options)
    if not options:
        assert report.verdict == "not_linear"
        report = report.linearized
    assert (report.verdict, report.tone, report.boundary) == ("linear", "gamma 2.2", "mirror")
    z = (report.kernel - RANDOM) / report.std_error
    assert np.sqrt(np.mean(z**2)) < 2


def test_undetermined():
    flat = np.full((40, 50), 7, np.uint8)
    for before, after in ((flat, flat), (flat, flat + 3), (CAMERA[:40, :50], flat)):
        report = identify_filter(before, after)
        assert report.verdict == "undetermined"
        assert np.isnan(report.std_error).all()
        assert "design_target" in " ".join(report.warnings)
    stripes = np.broadcast_to(np.random.default_rng(0).integers(0, 256, 90), (80, 90))
    report = identify_filter(stripes, filtered(stripes, RANDOM))
    assert report.verdict == "undetermined"
    assert report.undetermined_frequencies
    smooth = levels(ndimage.gaussian_filter(CAMERA.astype(float), 6))
    report = identify_filter(smooth, filtered(smooth, RANDOM))
    assert report.verdict == "undetermined"
    assert np.isnan(report.std_error).all()


def test_several_pairs_share_a_kernel():
    before = [CAMERA, COINS]
    report = identify_filter(before, [filtered(picture, RANDOM, "wrap") for picture in before])
    assert (report.verdict, report.boundary, report.kernel.shape) == ("linear", "circular", (3, 4))
    alone = identify_filter(CAMERA, filtered(CAMERA, RANDOM, "wrap"))
    assert report.std_error.mean() < alone.std_error.mean()


def test_colours_common_separate_and_mixed():
    def each(*kernels):
        planes = [filtered(COFFEE[..., i], kernel, "mirror") for i, kernel in enumerate(kernels)]
        return np.stack(planes, axis=-1)

    common = identify_filter(COFFEE, each(RANDOM, RANDOM, RANDOM))
    assert (common.channels, common.kernel.shape) == ("common", (3, 4))
    box = np.ones((3, 3)) / 9
    separate = identify_filter(COFFEE, each(box, SHARPEN / 2, RANDOM))
    assert (separate.verdict, separate.channels) == ("linear", "separate")
    assert separate.kernel.shape == (3, 3, 4)
    mix = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    mixed = identify_filter(COFFEE, levels(COFFEE @ mix.T))
    assert (mixed.verdict, mixed.channels, mixed.kernel.shape) == ("linear", "mixed", (3, 3, 1, 1))
    assert np.abs(mixed.kernel[..., 0, 0] - mix).max() < 5 * mixed.std_error.max()


def test_sixteen_bits_and_floats_of_eight():
    picture = CAMERA.astype(np.uint16) * 257
    after = ndimage.convolve(picture.astype(float), RANDOM, mode="mirror")
    report = identify_filter(picture, np.rint(after).astype(np.uint16))
    assert (report.verdict, report.rounding) == ("linear", "rounded")
    scaled = identify_filter(CAMERA / 255, filtered(CAMERA, RANDOM) / 255)
    assert (scaled.verdict, scaled.rounding) == ("linear", "rounded")
    exact = identify_filter(CAMERA / 255, ndimage.convolve(CAMERA / 255, RANDOM))
    assert (exact.verdict, exact.rounding) == ("linear", "none")
    assert np.abs(exact.kernel - RANDOM).max() < 1e-12


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (CAMERA, CAMERA[:5, :5], "smaller than any kernel"),
        (CAMERA[:6], CAMERA[:6], "smaller than any kernel"),
        (CAMERA, COINS[:100, :90], "no shift of one lies over the other"),
        (COFFEE, COFFEE[..., 0], "convert both to grey"),
        (COFFEE[..., 0], COFFEE, "convert both to grey"),
        (CAMERA, CAMERA.astype(np.uint16) * 257, "divide the 16-bit picture by 257"),
        (np.dstack([COFFEE, COFFEE[..., 0]]), COFFEE, "alpha"),
        ([CAMERA, COINS], [CAMERA], "come in pairs"),
        (CAMERA.ravel(), CAMERA.ravel(), "2 axes"),
        (CAMERA.astype(complex), CAMERA, "complex"),
        (np.full((20, 20), np.nan), CAMERA[:20, :20], "NaN"),
        (CAMERA * 1e200, CAMERA, "overflow"),
    ],
)
def test_bad_input_is_told_in_a_sentence(before, after, words):
    with pytest.raises(ConvmatError, match=words):
        identify_filter(before, after)


@pytest.mark.parametrize(
    "options",
    [
        {"gamma": "red"},
        {"gamma": 0},
        {"gamma": 2.2, "srgb": True},
        {"srgb": 3},
        {"max_kernel_shape": (3, 3, 3)},
        {"max_kernel_shape": 0},
        {"progress": 1},
    ],
)
def test_bad_options(options):
    with pytest.raises(ConvmatError, match=next(iter(options))):
        identify_filter(CAMERA, CAMERA, **options)


def test_opaque_alpha_and_grey_in_colour():
    opaque = np.dstack([COFFEE, np.full(COFFEE.shape[:2], 255, np.uint8)])
    report = identify_filter(opaque, COFFEE)
    assert report.is_identity
    assert any("alpha" in text for text in report.warnings)
    grey = identify_filter(np.dstack([CAMERA] * 3), CAMERA)
    assert grey.is_identity


def test_progress_is_told():
    told = []
    identify_filter(COINS, COINS, progress=told.append)
    assert "aligning the pictures" in told


def test_design_target_beats_a_picture():
    target = design_target((120, 130), (5, 5))
    report = identify_filter(target, filtered(target, RANDOM))
    picture = color.rgb2gray(COFFEE[:120, :130])
    natural = identify_filter(levels(255 * picture), filtered(255 * picture, RANDOM))
    assert report.verdict == "linear"
    assert report.std_error.max() < natural.std_error.max() / 5
    assert report.std_error.max() < 1.1 * report.std_error.min()


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (5, 5), "kernel_shape": (5, 5)},
        {"shape": (50, 50), "kernel_shape": 5},
        {"shape": (50, 50), "kernel_shape": (5, 5), "low": 200, "high": 100},
        {"shape": (50, 50), "kernel_shape": (5, 5), "block": 0},
        {"shape": (50, 50), "kernel_shape": (5, 5), "draws": 0},
    ],
)
def test_design_target_refuses(options):
    with pytest.raises(ConvmatError):
        design_target(**options)
