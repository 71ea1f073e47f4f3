"""Boundaries of soft pictures, whose kernels are known to within wide error bars."""

import numpy as np
import pytest
from identify_cases import picture
from oracles import BOUNDARIES, convolve

from convmat import identify_filter
from convmat.identify.border_refit import Known, Strip, known_of, left_over
from convmat.identify.box import Box
from convmat.identify.fit import fit_box
from convmat.identify.given import planes_of
from convmat.operators.correlation import WindowPlan

MOON = picture("moon")[40:170, 20:160]
SMOOTH = np.outer([1, 4, 6, 4, 1], [1, 3, 4, 3, 1]) / 192
ASYMMETRIC = np.array([[1.3, 2.1, 0.7], [3.4, 5.5, 1.2], [0.6, 1.1, 2.3]]) / 18.2
SHARPENING = np.array([[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]])


def levels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def filtered(x, kernel, boundary):
    anchor = tuple(k // 2 for k in kernel.shape)
    return levels(convolve(x.astype(float), kernel, "same", boundary, anchor))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    "kernel", [SMOOTH, ASYMMETRIC, SHARPENING], ids=["smooth", "asymmetric", "sharpening"]
)
def test_soft_pictures_tell_their_boundary(kernel, boundary):
    report = identify_filter(MOON, filtered(MOON, kernel, boundary))
    assert report.verdict == "linear"
    assert boundary in report.boundary_candidates
    # One row beyond the edge is much the same by all of these, on a picture so soft.
    alike = {"replicate", "symmetric"}
    if kernel is not SMOOTH:
        alike |= {"mirror", "antireflect"}
    assert set(report.boundary_candidates) <= (alike if boundary in alike else {boundary})


def test_errors_of_the_kernel_name_nothing_that_has_no_name():
    """Continued by half of its edge's level: no kernel within the error bars makes up for that."""
    x = MOON.astype(float)
    extended = (np.pad(x, 4, "edge") + np.pad(x, 4)) / 2
    extended[4:-4, 4:-4] = x
    after = levels(convolve(extended, SMOOTH, "valid", "zero", (2, 2))[2:-2, 2:-2])
    report = identify_filter(MOON, after)
    assert (report.verdict, report.boundary) == ("linear", None)


def test_a_constant_is_seen_in_spite_of_the_errors():
    after = convolve(MOON - 255.0, SMOOTH, "same", "zero", (2, 2)) + 255
    report = identify_filter(MOON, levels(after))
    assert (report.verdict, report.boundary) == ("linear", None)
    assert any("continued with the constant" in said for said in report.warnings)


def rows_of(samples, shape):
    """Every entry's column of ``valid`` outputs, by the definition with a single 1."""
    columns = []
    for place in np.ndindex(*shape):
        single = np.zeros(shape)
        single[place] = 1
        columns.append(convolve(samples, single, "valid", "zero", (0, 0)).ravel())
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_the_rise_is_that_of_one_fit_to_interior_and_border(seed):
    """Least squares by NumPy on all rows at once, less that on the interior's."""
    rng = np.random.default_rng(seed)
    k = (3, 2)
    x, beyond = rng.normal(50, 2, (9, 11)), rng.normal(0, 30, (3, 14))
    h, variance = rng.normal(size=k), 0.25
    noise = np.sqrt(variance)
    inside = convolve(x, h, "valid", "zero", (0, 0)) + 3 + noise * rng.normal(size=(7, 10))
    values = convolve(beyond, h, "valid", "zero", (0, 0)) + 3 + noise * rng.normal(size=(1, 13))
    (plane,), _ = planes_of(x, inside)
    fit = fit_box([plane], Box((-2, -1), (0, 0)))
    strip = Strip(values, -np.inf, np.inf, [WindowPlan(beyond, k)])
    rise = left_over([strip], known_of(fit, variance), variance, np.inf)
    rows = [np.insert(rows_of(samples, k), 0, 1, axis=1) for samples in (x, beyond)]
    joint = np.linalg.lstsq(np.concatenate(rows), np.append(inside, values))[1].item()
    alone = np.linalg.lstsq(rows[0], inside.ravel())[1].item()
    # The true minimum is below, by no more than the search stops at.
    rounding = 1e3 * np.finfo(float).eps * np.vdot(values, values)
    assert -rounding <= rise - (joint - alone) <= 0.5 * variance + rounding
    plain = values - WindowPlan(beyond, k).forward(fit.kernel) - fit.offset
    assert rise < np.vdot(plain, plain)


@pytest.mark.parametrize("sources", [1, 3])
def test_the_rise_is_the_residual_whitened_by_the_prediction(sources):
    rng = np.random.default_rng(sources)
    k, variance = (2, 3), 2.0
    size = sources * 6
    root = rng.normal(size=(size, size))
    known = Known(rng.normal(size=(sources, *k)), 1.0, rng.normal(size=size), root @ root.T, 0.3)
    samples = rng.normal(size=(sources, 5, 12))
    values = 20 * rng.normal(size=(4, 10))
    strip = Strip(values, -np.inf, np.inf, [WindowPlan(s, k) for s in samples])
    rows = np.concatenate([rows_of(s, k) for s in samples], axis=1)
    left = values.ravel() - rows @ known.kernels.ravel() - known.offset
    z = rows - known.mean
    spread = variance * np.eye(40) + z @ known.covariance @ z.T + known.level_variance
    whitened = variance * float(left @ np.linalg.solve(spread, left))
    rise = left_over([strip], known, variance, np.inf)
    rounding = 1e3 * np.finfo(float).eps * np.linalg.cond(spread) * float(left @ left)
    assert -rounding <= rise - whitened <= 0.5 * variance + rounding
    # More than enough is told apart from enough, whatever is told of it.
    for enough in (0.5 * whitened, 2 * whitened):
        assert (left_over([strip], known, variance, enough) > enough) == (whitened > enough)


def test_what_was_cut_off_pulls_at_nothing():
    """The kernel is off by a factor; much of the border is at the limit, and fits any factor."""
    samples = np.linspace(1, 40, 40)[np.newaxis]
    values = np.minimum(2 * samples, 30)
    known = Known(np.full((1, 1, 1), 1.5), 0.0, np.zeros(1), np.eye(1), 0.0)
    strip = Strip(values, 0.0, 30.0, [WindowPlan(samples, (1, 1))])
    # What is left is the price of the factor alone: its square over its variance.
    rise = left_over([strip], known, 1e-3, np.inf)
    assert rise <= 1e-3 * (0.5**2 + 0.5) + 1e3 * np.finfo(float).eps * np.vdot(values, values)


def test_an_exact_kernel_does_not_bend():
    samples = np.random.default_rng(0).normal(size=(4, 9))
    (plane,), _ = planes_of(samples, samples)
    known = known_of(fit_box([plane], Box((0, 0), (0, 0))), 0.0)
    strip = Strip(2 * samples, -np.inf, np.inf, [WindowPlan(samples, (1, 1))])
    assert not known.covariance.any()
    power = float(np.vdot(samples, samples))
    rise = left_over([strip], known, 1.0, np.inf)
    assert abs(rise - power) <= 1e3 * np.finfo(float).eps * power
