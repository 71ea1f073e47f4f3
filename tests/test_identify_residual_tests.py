"""What is said of a residual, held against formulas carried out anew and against chance.

Draws are of a seed each; a distribution is refused where chance gives one draw of ten thousand.
"""

from collections import Counter
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import linalg, ndimage, stats
from skimage import data

from convmat.identify.activity import Activity, activity
from convmat.identify.box import Box, Region
from convmat.identify.coarse_rounding import few_changes
from convmat.identify.dispersion import dispersion
from convmat.identify.fit import Residual, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.modulation import Modulation, modulation
from convmat.identify.pieces import of_any_residual
from convmat.identify.residual_tests import residual_tests
from convmat.identify.tone_score import tone_score

UNLIKELY = 1e-4
PICTURES = {
    "moon": data.moon()[::2, ::2][60:160, 70:181],  # of which every sample is there 2x2 times
    "retina": data.retina()[700:800, 500:611, 1],
    "camera": data.camera()[100:200, 120:231],
}
SOFT = data.clock()[60:220, 100:276]
ONE = Region((1, 1), (99, 109))
BOX3 = Box((-1, -1), (1, 1))


def plane_of(before, after, step=1.0):
    before, after = np.asarray(before, float), np.asarray(after, float)
    return Plane(before, after, step, step, float(after.min()), float(after.max()), 0.0, 0, 0)


def residual_of(before, left, region=ONE, keep=None, step=1.0):
    """Of a plane of which nothing but the picture before and the levels matter."""
    return Residual(plane_of(before, before, step), region, left, keep)


def kernels(rng, size=3):
    while True:
        yield rng.dirichlet(np.ones(size * size)).reshape(size, size)


def whole_levels(values):
    return np.clip(np.rint(values), 0, 255)


def rounding_errors(before, kernel):
    made = ndimage.convolve(before.astype(float), kernel, mode="mirror")
    return (np.rint(made) - made)[1:-1, 1:-1][: ONE.stop[0] - 1, : ONE.stop[1] - 1]


def noises(before, rng, kind, draws):
    """Residuals that one kernel leaves, whatever the noise is."""
    shape = (ONE.stop[0] - 1, ONE.stop[1] - 1)
    inner = before[1:-1, 1:-1][: shape[0], : shape[1]].astype(float)
    smooth = ndimage.gaussian_filter(before.astype(float), 2)
    spread = np.sqrt(ndimage.gaussian_filter((before - smooth) ** 2, 2))[1:-1, 1:-1]
    for kernel, _ in zip(kernels(rng), range(draws), strict=False):
        if kind == "Gaussian":
            yield kernel, rng.standard_normal(shape)
        elif kind == "rounding":
            yield kernel, rounding_errors(before, kernel)
        elif kind == "shot":  # variance follows the level
            yield kernel, rng.standard_normal(shape) * np.sqrt(inner)
        else:  # and the local contrast
            yield kernel, rng.standard_normal(shape) * (0.3 + spread[: shape[0], : shape[1]])


# ------------------------------------------------------------------ the formulas, anew


def spectrum(before, left, axis):
    """The whitened power at frequencies k / n, k = 1 .. below a half; by its definition.

    Details are SciPy's correlations, the root is SciPy's, the transform a sum.
    """

    def detail(weights):
        values = ndimage.correlate(before.astype(float), np.array(weights, float))
        values = values[1:-1, 1:-1][: left.shape[0], : left.shape[1]]
        edge = 3 * np.sqrt(np.mean(values**2))
        return np.clip(values, -edge, edge)

    details = [
        detail([[0, 0, 0], [-1, 0, 1], [0, 0, 0]]),
        detail([[0, -1, 0], [0, 0, 0], [0, 1, 0]]),
        detail([[0, 0, 0], [1, -2, 1], [0, 0, 0]]),
        detail([[0, 1, 0], [0, -2, 0], [0, 1, 0]]),
        detail([[1, 0, -1], [0, 0, 0], [-1, 0, 1]]),
    ]
    scores = np.stack([d * left for d in details])
    n = left.shape[axis]
    sums = scores.sum(axis=2 - axis)
    S = np.tensordot(scores, scores, axes=([1, 2], [1, 2]))
    k = np.arange(1, (n + 1) // 2)
    c = sums @ np.exp(-2j * np.pi * np.outer(np.arange(n), k) / n)
    return np.sum(np.abs(np.linalg.solve(linalg.sqrtm(S), c)) ** 2, axis=0)


def white_score(before, kernel, left):
    """z of White's regression of what is left on the local variance under a kernel."""
    x = before.astype(float)
    s = kernel.sum()
    v = ndimage.convolve(x**2, kernel) - ndimage.convolve(x, kernel) ** 2 / s
    v = v[1:-1, 1:-1][: left.shape[0], : left.shape[1]]
    chosen = np.abs(v) > np.abs(kernel).sum()
    v, r = v[chosen], left[chosen]
    v = v - v.mean()
    v = np.clip(v, -3 * v.std(), 3 * v.std())
    v, r = v - v.mean(), r - r.mean()
    return (v @ r) / np.sqrt((v * r) @ (v * r)), v.size


@cache
def any_fit():
    return fit_box([plane_of(SOFT, SOFT)], BOX3)


def fit_with(kernel):
    """A fit of which nothing but its box and kernel matter."""
    return replace(any_fit(), kernel=kernel)


def tone_of(before, kernel, left):
    """`tone_score` of a residual that is given."""
    return tone_score(fit_with(kernel), [residual_of(before, left)])


# ------------------------------------------------------------------ chance


@pytest.mark.parametrize("kind", ["Gaussian", "rounding", "shot", "contrast"])
@pytest.mark.parametrize("name", PICTURES)
def test_whitened_power_is_a_gamma_variable(name, kind):
    rng = np.random.default_rng(1)
    powers = []
    for _, left in noises(PICTURES[name], rng, kind, 30):
        assert modulation([residual_of(PICTURES[name], left)]).share == 0
        powers += [spectrum(PICTURES[name], left, axis) for axis in (0, 1)]
    powers = np.concatenate(powers)
    assert stats.kstest(powers, "gamma", args=(5,)).pvalue > UNLIKELY


@pytest.mark.parametrize("kind", ["Gaussian", "rounding", "shot", "contrast"])
@pytest.mark.parametrize("name", PICTURES)
def test_the_score_of_a_tone_is_a_normal_variable(name, kind):
    rng = np.random.default_rng(2)
    scores = []
    for kernel, left in noises(PICTURES[name], rng, kind, 150):
        assert tone_of(PICTURES[name], kernel, left) == 0
        scores.append(white_score(PICTURES[name], kernel, left)[0])
    assert stats.kstest(scores, "norm").pvalue > UNLIKELY


@pytest.mark.parametrize("kind", ["Gaussian", "rounding"])
@pytest.mark.parametrize("name", PICTURES)
def test_the_standard_error_of_activity_is_its_scatter(name, kind):
    rng, draws = np.random.default_rng(3), 300
    found = [
        activity([residual_of(PICTURES[name], left)])
        for _, left in noises(PICTURES[name], rng, kind, draws)
    ]
    z = np.array([(a.ratio - 1) / a.std_error for a in found])
    square = draws * z.var()
    assert stats.chi2.sf(square, draws - 1) > UNLIKELY
    # Rounding's own power, below which the calm places are not taken to be, has no scatter.
    if kind == "Gaussian":
        assert stats.chi2.cdf(square, draws - 1) > UNLIKELY
    # It is against a filter where it is too large: no more often than the error bar says.
    above = int(np.count_nonzero(z > stats.norm.isf(0.05)))
    assert stats.binomtest(above, draws, 0.05, alternative="greater").pvalue > UNLIKELY


def test_noise_alone_is_never_against_a_filter():
    """All three limits, on what a fit leaves of noise whose variance follows the level."""
    rng = np.random.default_rng(4)
    for name, before in PICTURES.items():
        for kernel, _ in zip(kernels(rng), range(8), strict=False):
            made = ndimage.convolve(before.astype(float), kernel, mode="mirror")
            noise = rng.standard_normal(made.shape) * np.sqrt(made) / 4
            for after in (whole_levels(made), whole_levels(made + noise)):
                assert not against(before, after), name


def against(before, after, box=BOX3, step=1.0):
    """Names of what speaks against one kernel, and the tests' numbers."""
    planes = [plane_of(before, after, step)]
    fit = fit_box(planes, box, quarters=True)
    left = list(residuals_of(planes, fit))
    tests = residual_tests(dispersion(fit), tone_score(fit, left), left)
    return {e.name: e for e in of_any_residual(tests, 1.0, 0.0) if e.against}


# ------------------------------------------------------------------ what is there is found


def test_a_line_is_the_formulas():
    """A wave of period 7 times a detail: period and share as by the definition, to its digits."""
    rng = np.random.default_rng(5)
    before = PICTURES["camera"].astype(float)
    wave = np.cos(2 * np.pi * np.arange(98) / 7)[:, None]
    left = (
        rng.standard_normal((98, 108))
        + 0.1 * wave * (before[1:-1, 2:] - before[1:-1, :-2])[:, :108]
    )
    found = modulation([residual_of(before, left)])
    power = spectrum(before, left, 0)  # from frequency 1 / 98 on
    at = 98 // 7 - 1
    near = np.r_[power[at - 10 : at - 1], power[at + 2 : at + 11]]
    background = max(np.median(near) / stats.gamma.median(5), 1.0)
    excess = power[at] / background - stats.gamma.isf(1e-8 / (98 // 2 - 5), 5)
    assert found.period == 7.0
    assert found.share == pytest.approx(2 * excess / left.size, rel=1e-9)


def test_a_tone_is_the_formulas():
    """Two half-samples of power: z as by White's regression, to its digits."""
    before = PICTURES["camera"].astype(float)
    kernel = np.full((3, 3), 1 / 9)
    made = np.sqrt(ndimage.convolve(before**2, kernel, mode="mirror"))
    left = (made - ndimage.convolve(before, kernel, mode="mirror"))[1:-1, 1:-1][:98, :108]
    z, count = white_score(before, kernel, left)
    assert z > 5
    assert tone_of(before, kernel, left) == pytest.approx((z**2 - 25) / count, rel=1e-9)


FACTORS = [0.6, 0.7, 0.9, 1.3, 1.6]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("tool", ["Pillow", "OpenCV", "SciPy"])
def test_the_period_of_a_resampling(tool, factor):
    """Popescu and Farid: lines at the factor and its multiples, less whole numbers."""
    n, m = (round(size * factor) for size in SOFT.shape)
    if tool == "Pillow":
        there = Image.fromarray(SOFT).resize((m, n), Image.BILINEAR)
        after = np.array(there.resize(SOFT.shape[::-1], Image.BILINEAR))
    elif tool == "OpenCV":
        after = cv2.resize(cv2.resize(SOFT, (m, n)), SOFT.shape[::-1])
    else:  # the first and last samples lie over each other
        there = ndimage.zoom(SOFT.astype(float), (n / SOFT.shape[0], m / SOFT.shape[1]), order=1)
        back = np.divide(SOFT.shape, there.shape)
        after = whole_levels(ndimage.zoom(there, back, order=1))
    ends = 1 if tool == "SciPy" else 0
    found = against(SOFT, after, Box((-3, -3), (3, 3)))
    assert "modulation" in found
    period = float(found["modulation"].text.split("period of ")[1].split()[0])
    true = [
        abs(k * (size - ends) / (whole - ends) - round(k * (size - ends) / (whole - ends)))
        for size, whole in zip((n, m), SOFT.shape, strict=True)
        for k in (1, 2, 3)
    ]
    # A bin is 1 / lines wide, and the period has three digits.
    lines = min(SOFT.shape) - 6
    assert min(abs(1 / period - f) for f in true) <= 0.5 / lines + 0.005 / period


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("every", [2, 3, 5])
def test_lines_in_turn(every, axis):
    lines = [slice(None), slice(None)]
    lines[axis] = slice(1, None, every)
    after = SOFT.copy()
    blurred = whole_levels(ndimage.uniform_filter1d(SOFT.astype(float), 3, axis=axis))
    after[tuple(lines)] = blurred[tuple(lines)]
    found = against(SOFT, after)
    period = float(found["modulation"].text.split("period of ")[1].split()[0])
    # The line, or one of its multiples.
    line = every / period
    assert line == pytest.approx(round(line), abs=every / 150 + 0.01)


@pytest.mark.parametrize("width", [3, 5, 7])
@pytest.mark.parametrize("gamma", [1.8, 2.2, 1 / 2.2])
def test_a_curve_around_a_box(gamma, width):
    light = ndimage.uniform_filter((SOFT / 255) ** gamma, width, mode="mirror")
    half = width // 2
    box = Box((-half, -half), (half, half))
    assert "bend" in against(SOFT, whole_levels(255 * light ** (1 / gamma)), box)
    plain = ndimage.uniform_filter(SOFT.astype(float), width, mode="mirror")
    assert not against(SOFT, whole_levels(plain), box)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize(
    "order", [ndimage.median_filter, ndimage.maximum_filter, ndimage.minimum_filter]
)
def test_what_errs_at_edges(order, size):
    half = size // 2
    assert "activity" in against(SOFT, order(SOFT, size), Box((-half, -half), (half, half)))


@pytest.mark.parametrize("percent", [20, 40, 70])
def test_ranks_err_at_edges(percent):
    assert "activity" in against(SOFT, ndimage.percentile_filter(SOFT, percent, 3))


# ------------------------------------------------------------------ few changes


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.9])
@pytest.mark.parametrize("name", PICTURES)
def test_changes_are_counted(name, share):
    """By a counter: of the pixels whose neighbours are not all like them."""
    before = PICTURES[name].astype(float)
    kernel = share * np.full((3, 3), 1 / 9)
    kernel[1, 1] += 1 - share
    after = whole_levels(ndimage.convolve(before, kernel, mode="mirror"))
    plane = plane_of(before, after)
    fit = fit_box([plane], BOX3)
    residuals = list(residuals_of([plane], fit))
    found = few_changes(fit, residuals, 1.0)
    neither = []
    for base in {round(fit.kernel[1, 1] - 0.1), round(fit.kernel[1, 1] + 0.1)}:
        changes = Counter()
        for i, j in np.ndindex(98, 109):
            cross = before[i + 1, j : j + 3].tolist() + before[i : i + 3, j + 1].tolist()
            level = after[i + 1, j + 1]
            if len(set(cross)) > 1 and after.min() < level < after.max():
                changes[level - base * before[i + 1, j + 1]] += 1
        pairs = [changes[level] + changes[level + 1] for level in list(changes)]
        neither.append(1 - max(pairs) / changes.total())
    assert found.value == pytest.approx(min(neither), abs=1e-12)
    assert found.against == (min(neither) < found.limit)


def test_a_threshold_is_not_noise():
    """A box of which so little is taken that no change is more than a level."""
    before = PICTURES["retina"].astype(float)
    kernel = np.full((3, 3), 0.5 / 9)
    kernel[1, 1] += 0.5
    found = {}
    for name, h in (("slight", kernel), ("whole", np.full((3, 3), 1 / 9))):
        plane = plane_of(before, whole_levels(ndimage.convolve(before, h, mode="mirror")))
        fit = fit_box([plane], BOX3)
        found[name] = few_changes(fit, list(residuals_of([plane], fit)), 1.0).against
    assert found == {"slight": True, "whole": False}


# ------------------------------------------------------------------ edges of what can be asked


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (8, 9), (31, 31)])
def test_of_a_few_pixels_nothing_is_said(shape):
    rng = np.random.default_rng(6)
    before = rng.integers(0, 256, (shape[0] + 2, shape[1] + 2)).astype(float)
    region = Region((1, 1), (shape[0] + 1, shape[1] + 1))
    left = np.full(shape, 0.5)
    left[::2] = -0.5
    residual = residual_of(before, left, region)
    assert modulation([residual]) == Modulation(0.0, 0.0)
    assert np.isfinite(activity([residual])).all()
    if left.size < 100:
        plane = plane_of(before, before)
        fit = fit_box([plane], Box((0, 0), (0, 0)))
        assert tone_score(fit, [residual]) == 0.0
    if left.size < 20 * 32:
        assert activity([residual]) == Activity(1.0, 0.0)


def test_a_kernel_of_one_entry_has_no_variance_under_it():
    plane = plane_of(SOFT, SOFT)
    fit = fit_box([plane], Box((0, 0), (0, 0)))
    left = np.random.default_rng(7).standard_normal(SOFT.shape)
    assert tone_score(fit, [Residual(plane, Region((0, 0), SOFT.shape), left, None)]) == 0.0


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_constant_pictures(value):
    before = np.full((100, 111), value)
    for left in (np.zeros((98, 108)), np.random.default_rng(8).standard_normal((98, 108))):
        residual = residual_of(before, left)
        assert modulation([residual]) == Modulation(0.0, 0.0)
        ratio, error = activity([residual])
        assert abs(ratio - 1) <= 5 * error
        assert tone_of(before, np.full((3, 3), 1 / 9), left) == 0.0


def test_what_is_left_out_does_not_count():
    """Whatever is left where `keep` is False, all say the same; all True is as good as None."""
    rng = np.random.default_rng(9)
    before = PICTURES["camera"].astype(float)
    kernel = np.full((3, 3), 1 / 9)
    fit = fit_with(kernel)
    left = rng.standard_normal((98, 108))
    made = np.sqrt(ndimage.convolve(before**2, kernel, mode="mirror"))
    left += (made - ndimage.convolve(before, kernel, mode="mirror"))[1:-1, 1:-1][:, :108]
    left[::2] += 0.2 * (before[1:-1, 2:] - before[1:-1, :-2])[::2, :108]
    keep = rng.random(left.shape) < 0.8
    spoilt = np.where(keep, left, 1e6)

    def said(values, mask):
        one = [residual_of(before, values, keep=mask)]
        return [*modulation(one), *activity(one), tone_score(fit, one)]

    assert said(left, keep) == said(spoilt, keep)
    assert said(left, np.ones_like(keep)) == said(left, None)
    assert said(left, keep)[0] > 0
    assert said(left, keep)[-1] > 0
    assert said(left, keep) != said(left, None)


@pytest.mark.parametrize("scale", [2.0**-8, 2.0**10])
def test_levels_have_no_unit(scale):
    """Pictures and steps a power of two as large: the same, to the bit but for roundings."""
    before = PICTURES["camera"].astype(float)
    after = whole_levels(255 * np.sqrt(ndimage.uniform_filter((before / 255) ** 2, 3)))
    after[::2] = before[::2]

    def said(factor, step):
        planes = [plane_of(factor * before, factor * after, step)]
        fit = fit_box(planes, BOX3)
        left = list(residuals_of(planes, fit))
        return [*modulation(left), *activity(left), tone_score(fit, left)]

    np.testing.assert_allclose(said(scale, scale), said(1.0, 1.0), rtol=1e-6)


def test_pictures_without_a_step():
    """Of floats, whose rounding is nothing, ratios are those of the squares themselves."""
    rng = np.random.default_rng(10)
    before = PICTURES["camera"] / 255
    quiet = 1e-6 * rng.standard_normal((98, 108))
    found = activity([residual_of(before, quiet, step=0.0)])
    assert abs(found.ratio - 1) < 4 * found.std_error
    busy = quiet * (1 + 100 * np.abs(before[1:-1, 2:] - before[1:-1, :-2])[:, :108])
    found = activity([residual_of(before, busy, step=0.0)])
    assert found.ratio > 1.35 + 5 * found.std_error
    assert modulation([residual_of(before, quiet, step=0.0)]).share == 0


def test_pictures_of_several_sizes():
    """A share is the mean by pixels, the period the strongest's; activity pools the squares."""
    rng = np.random.default_rng(11)
    large, small = SOFT.astype(float), PICTURES["camera"].astype(float)

    def of(before, moves):
        shape = (before.shape[0] - 2, before.shape[1] - 2)
        left = rng.standard_normal(shape)
        if moves:
            left[::3] += 0.2 * (before[1:-1, 2:] - before[1:-1, :-2])[::3]
        return residual_of(before, left, Region((1, 1), (shape[0] + 1, shape[1] + 1)))

    still, moving = of(large, False), of(small, True)
    alone = modulation([moving])
    both = modulation([still, moving])
    assert modulation([still]).share == 0
    assert both.period == alone.period == pytest.approx(3.0, rel=0.02)
    share = alone.share * moving.left.size / (moving.left.size + still.left.size)
    assert both.share == pytest.approx(share, rel=1e-12)
    first, second, pooled = (activity(r) for r in ([still], [moving], [still, moving]))
    assert min(first.ratio, second.ratio) < pooled.ratio < max(first.ratio, second.ratio)
    assert modulation([]) == Modulation(0.0, 0.0)
    assert activity([]) == Activity(1.0, 0.0)


def test_two_pictures_of_one_tone():
    """z adds up over pictures of different sizes, as sums over all their pixels."""
    kernel = np.full((3, 3), 1 / 9)
    fit = fit_with(kernel)
    residuals = []
    for before in (SOFT.astype(float), PICTURES["camera"].astype(float)):
        made = np.sqrt(ndimage.convolve(before**2, kernel, mode="mirror"))
        left = (made - ndimage.convolve(before, kernel, mode="mirror"))[1:-1, 1:-1]
        stop = tuple(n - 1 for n in before.shape)
        residuals.append(residual_of(before, left, Region((1, 1), stop)))
    first, second, both = (tone_score(fit, r) for r in (residuals[:1], residuals[1:], residuals))
    assert min(first, second) > 0
    assert both > 0
    assert tone_score(fit, residuals[::-1]) == pytest.approx(both, rel=1e-12)
    assert tone_score(fit, []) == 0.0
