"""What the report says: one screen, no digits without meaning, advice by cause; target."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from convmat.gram.data_moments import data_moments
from convmat.identify.identify import identify_filter
from convmat.identify.rational import Rational
from convmat.identify.report_text import report_text
from convmat.identify.shape_tests import symmetries
from convmat.identify.target import design_target

CAMERA = data.camera()[100:230, 120:270]
COINS = data.coins()[:130, :150]
RNG = np.random.default_rng(5)
SCREEN, WIDTH = 40, 100
G = np.outer([1, 2, 1], [1, 2, 1]) / 16
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def levels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def filtered(picture, kernel, offset=0, mode="mirror"):
    return levels(ndimage.convolve(picture.astype(float), np.asarray(kernel), mode=mode) + offset)


@pytest.fixture(scope="module")
def small():
    return identify_filter(CAMERA, filtered(CAMERA, G))


def of(small, kernel, error=1e-4, **others):
    """A report of another kernel, known as well."""
    kernel = np.asarray(kernel, dtype=float)
    centre = tuple((k - 1) // 2 for k in kernel.shape[-2:])
    return replace(
        small,
        kernel=kernel,
        std_error=np.full(kernel.shape, error),
        anchor=centre,
        **({"rational": None, "symmetric": False, "symmetries": ()} | others),
    )


def screen(report, width=WIDTH, **options):
    text = report_text(report, width=width, **options)
    assert text.count("\n") < SCREEN
    assert max(map(len, text.splitlines())) <= width
    return text


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(
    "shape",
    [
        *[(1, 1), (3, 3), (5, 5), (7, 7), (11, 11), (15, 15), (25, 25), (71, 71), (1, 71), (71, 1)],
        *[(3, 3, 3), (3, 7, 7), (3, 25, 25), (3, 3, 1, 1), (3, 3, 3, 3), (3, 3, 9, 9)],
    ],
)
def test_one_screen_whatever_the_kernel(small, shape, width):
    kernel = RNG.normal(size=shape) / np.sqrt(np.prod(shape))
    numerators = np.rint(1024 * kernel).astype(int)
    rational = Rational(numerators, 1024)
    if len(shape) > 2:
        rational = tuple(Rational(one, 1024) for one in numerators)
    report = of(small, kernel, rational=rational)
    for unicode in (False, True):
        text = screen(report, width, unicode=unicode)
        assert unicode or text.isascii()
        assert "anchor" in text
        assert "±" in text or "+-" in text or "standard errors" in text


def test_small_kernels_have_every_entry_and_its_bar(small):
    text = screen(small, unicode=True)
    for value, bar in zip(small.kernel.ravel(), small.std_error.ravel(), strict=True):
        assert f"{value:.5f}" in text
        assert f"±{bar:.5f}" in text
    assert "1/16 [1 2 1; 2 4 2; 1 2 1]" in text
    assert "correlation" not in text, "it is the same under half a turn"
    assert screen(small) == str(small)


def test_a_large_kernel_comes_to_a_drawing(small):
    kernel = np.eye(25) / 25
    kernel[3, 20] = -0.03
    rational = Rational(np.rint(100 * kernel).astype(int), 100)
    text = screen(of(small, kernel, rational=rational), unicode=True, whole="--output FILE")
    assert "all of it: --output FILE" in text
    assert f"sum {kernel.sum():.5g}" in text
    assert "largest 0.04000 at (0, 0)" in text
    assert "1/100 times whole numbers from -3 to 4" in text
    picture = [line for line in text.splitlines() if line.strip(" █▓▒░=-") == "" and line.strip()]
    assert len(picture) == 13
    assert picture[1] == "  " + "  ██                =", "row 3 has its negative entry at column 20"


def test_mixing_of_single_entries_is_one_matrix(small):
    mix = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    report = of(small, mix[..., None, None], channels="mixed")
    text = screen(report, channels=("red", "green", "blue"))
    assert "each channel (rows) from each (columns): red, green, blue" in " ".join(text.split())
    assert "0.60000    0.30000    0.10000" in text


def test_what_differs_between_channels_is_told_for_each(small):
    kernels = np.stack([G, G, G])
    rational = (small.rational, None, small.rational)
    report = of(small, kernels, channels="separate", rational=rational)
    report = replace(
        report, offset=np.array([0.0, 10, 20]), offset_std_error=np.array([0.1, 0.2, 0.3])
    )
    text = screen(report, channels=("red", "green", "blue"))
    assert "fractions red " in text
    assert "fractions green" not in text
    assert "0 +- 0.1, 10 +- 0.2, 20 +- 0.3" in text


def test_the_identity_is_told_and_nothing_else():
    report = identify_filter(CAMERA, CAMERA)
    text = screen(report)
    assert "identical: nothing was done" in text
    assert "not one of those" not in text
    assert "none of those" not in text


def test_no_digits_without_meaning():
    median = identify_filter(CAMERA, ndimage.median_filter(CAMERA, 3))
    unrelated = identify_filter(CAMERA, COINS)
    smooth = levels(ndimage.gaussian_filter(CAMERA.astype(float), 6))
    undetermined = identify_filter(smooth, filtered(smooth, G))
    for report in (median, unrelated, undetermined):
        assert report.verdict != "linear"
        text = screen(report)
        assert "No kernel is given" in text
        assert "correlation kernel" not in text
        assert f"{report.kernel.flat[0]:.3f}" not in text
    for report in (median, unrelated):
        text = screen(report)
        assert "boundary    not looked for" in text
        assert report.boundary_candidates == ()
        assert not report.undetermined_frequencies
        for false in ("shifted by", "hardly contains", "none of those known"):
            assert false not in text
            assert not any(false in note for note in report.warnings)


def test_light_has_its_kernel_shown():
    light = ndimage.convolve((CAMERA / 255) ** 2.2, np.ones((3, 3)) / 9, mode="mirror")
    report = identify_filter(CAMERA, levels(255 * light ** (1 / 2.2)))
    assert report.verdict == "not_linear"
    text = screen(report)
    assert "One kernel explains it in light, gamma 2.2" in text
    assert "boundary mirror" in text
    assert f"{report.linearized.kernel[0, 0]:.5f}" in text


NOISE = np.random.default_rng(2).normal(0, 8, CAMERA.shape)
SMOOTH = levels(ndimage.gaussian_filter(CAMERA.astype(float), 6))
HALF_SMOOTH = levels(ndimage.gaussian_filter(CAMERA.astype(float), 2))
STRIPES = levels(np.broadcast_to(CAMERA[:, 50:51], (130, 60)))
BLUR = np.ones((3, 3)) / 9


@pytest.mark.parametrize(
    ("before", "noise", "words"),
    [
        (SMOOTH, 0, "smooth"),
        (STRIPES, 0, "hardly changes from left to right"),
        (np.ascontiguousarray(STRIPES.T), 0, "hardly changes from top to bottom"),
        (HALF_SMOOTH, NOISE, "Noise hides them"),
    ],
    ids=["smooth", "rows", "columns", "noise"],
)
def test_advice_depends_on_the_cause(before, noise, words):
    after = levels(ndimage.convolve(before.astype(float), BLUR, mode="mirror") + noise)
    report = identify_filter(before, after)
    assert report.verdict == "undetermined"
    assert report.undetermined_frequencies
    advice = [note for note in report.warnings if "hardly contains" in note]
    assert len(advice) == 1
    assert words in advice[0]


@pytest.mark.parametrize("swapped", [False, True])
def test_fractions_against_levels_are_warned_of(swapped):
    after = filtered(CAMERA, G)
    pair = (CAMERA, after / 255) if swapped else (CAMERA / 255, after)
    name = "after" if swapped else "before"
    warned = [note for note in identify_filter(*pair).warnings if "two scales" in note]
    assert [note.split()[0] for note in warned] == [name]
    same = identify_filter(CAMERA / 255, after / 255)
    assert not any("two scales" in note for note in same.warnings)


def test_boundaries_of_axes_that_differ_have_candidates_each():
    picture = np.pad(CAMERA.astype(float), ((3, 3), (0, 0)), mode="wrap")
    after = levels(ndimage.convolve(picture, np.ones((5, 5)) / 25, mode="constant")[3:-3])
    report = identify_filter(CAMERA, after)
    assert report.boundary == ("circular", "zero")
    assert report.boundary_candidates == (("circular",), ("zero",))
    assert "boundary     circular by zero" in screen(report)


def gaussian(side, sigma=2.0):
    x = np.arange(side) - (side - 1) / 2
    line = np.exp(-(x**2) / sigma**2 / 2)
    return np.outer(line, line) / line.sum() ** 2


@pytest.mark.parametrize("cut", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_symmetry_is_of_the_kernel_and_not_of_its_box(cut):
    """The lines that are cut are of entries of less than an error bar."""
    kernel = gaussian(15)
    error = 1.2 * kernel[0].max()
    noisy = kernel + np.random.default_rng(9).normal(0, error, kernel.shape)
    part = noisy[cut[0] :, cut[1] :]
    names = symmetries(part, error**2 * np.eye(part.size))
    assert names == ("point", "left-right", "up-down", "diagonal")


def test_a_side_of_its_own_is_no_symmetry():
    kernel = gaussian(15)[3:]
    error = gaussian(15)[0].max()
    names = symmetries(kernel, error**2 * np.eye(kernel.size))
    assert names == ("left-right",)
    odd = LAPLACE.copy()
    odd[0, 1] = 2
    assert symmetries(odd.astype(float), 1e-6 * np.eye(9)) == ("left-right",)
    sobel = np.outer([1.0, 2, 1], [1, 0, -1])
    assert symmetries(sobel, 1e-6 * np.eye(9)) == ("up-down", "antisymmetric")


@pytest.mark.parametrize(
    ("kernel", "offset", "rounding"),
    [
        (G, 0, "rounded"),
        (BLUR, 0, "rounded"),
        # Of 256ths the pixels do not say which, and the offset beside them is not known to a half.
        (BINOMIAL, 0, "unknown"),
        (SHARPEN, 0, "rounded"),
        (LAPLACE / 8, 128, "rounded"),
    ],
    ids=["G/16", "box", "binomial", "sharpen", "L/8+128"],
)
def test_the_target_tells_common_filters(kernel, offset, rounding):
    target = design_target((64, 64), (5, 5))
    report = identify_filter(target, filtered(target, kernel, offset))
    assert (report.verdict, report.kernel.shape) == ("linear", kernel.shape)
    assert report.rounding == rounding
    # Unknown is right only where four error bars either way reach over what is between two rules.
    assert rounding == "rounded" or (8 * report.offset_std_error > 0.5 and not report.rational)
    off = np.abs(report.kernel - kernel)
    # Of n entries none is beyond what chance makes of one draw in a thousand.
    assert np.all(off <= 5 * report.std_error)
    exact = off.max() <= 64 * np.finfo(float).eps * np.abs(kernel).sum()
    z = np.sqrt(np.mean((off / report.std_error) ** 2))
    # 99.9 % of chi-square's roots of the mean: 1.76 for 9 entries, which is the widest.
    assert exact or z < 1.76
    assert abs(report.offset - offset) <= 5 * report.offset_std_error


def test_many_levels_are_conditioned_as_two():
    target = design_target((64, 64), (5, 5)).astype(float)
    two = np.where(np.random.default_rng(0).integers(0, 2, target.shape), 159.0, 96.0)
    grams = [data_moments(picture, (5, 5)).centred().gram for picture in (target, two)]
    many, few = (np.linalg.cond(gram) for gram in grams)
    assert many < 1.25 * few
    bars = [np.sqrt(np.trace(np.linalg.inv(gram))) for gram in grams]
    assert bars[0] / bars[1] == pytest.approx(np.sqrt(3), rel=0.05)
    assert len(np.unique(target)) == 64
