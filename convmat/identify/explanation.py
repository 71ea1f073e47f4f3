"""One kernel for all planes: found, fitted, judged and described. The story in order.

align -> search the support -> fit it, without what was clipped -> look at what is left -> give a
verdict -> read the border -> read the rounding, the fractions and the shape off the error bars.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.alignment import align
from convmat.identify.border import CROPPED, Border, Model, find_border
from convmat.identify.box import Box
from convmat.identify.dispersion import Dispersion, dispersion, score_dispersion
from convmat.identify.excitation import Excitation, excitation
from convmat.identify.filter_report import FilterReport
from convmat.identify.fit import BoxFit, Residual, fit_box, residuals_of
from convmat.identify.frame import find_frame
from convmat.identify.given import Plane
from convmat.identify.quantization import (
    ROUNDING_VARIANCE,
    Rounding,
    clipped_fraction,
    exact_rounding,
    rounding_of,
    unclipped,
)
from convmat.identify.rational import Rational, snap
from convmat.identify.residual_tests import residual_tests
from convmat.identify.shape_tests import is_separable, symmetries
from convmat.identify.support import Search, by_quarters, find_support
from convmat.identify.tone import Tone, in_levels, level_weights, linearized, slope_weights
from convmat.identify.too_little import ADVICE, check_alignment, undetermined
from convmat.identify.trimming import picked_entries, restricted
from convmat.identify.verdict import Verdict, rounded_in_passes, weigh

__all__ = ["explain", "fitted"]

_CLIPPING_STEPS, _FEW_STEPS = 12, 3
_MANY_ENTRIES = 1000
_WEIGHTING_STEPS = 2
# Share of rounding's variance below which a residual is an accident of few levels.
_DEGENERATE = 0.25
_DEVIATIONS, _FEW_DEVIATIONS = 4.0, 2.0
_EXACTLY = 0.999
_WORTH_SAYING = 1.1


def explain(
    given: Sequence[Plane],
    largest: tuple[int, ...] | None,
    tone: Tone | None,
    progress: Callable[[str], Any],
) -> FilterReport:
    """The report for one kernel that all planes have in common."""
    flat = undetermined(given)
    if flat is not None:
        return flat
    planes = [linearized(plane, tone) for plane in given] if tone else list(given)
    progress("aligning the pictures")
    alignment = align(planes)
    check_alignment(planes, alignment)
    weights = level_weights(given, tone) if tone else None
    found = find_support(planes, alignment, largest, progress, weights)
    progress("fitting the kernel")
    frame = find_frame(planes, found)
    fit, keeps = fitted(planes, found.box, frame, found.keeps)
    residuals = residuals_of(planes, fit, keeps)
    if tone:
        for _ in range(_WEIGHTING_STEPS):
            weights = slope_weights(residuals, given, tone)
            fit = fit_box(planes, found.box, weights, quarters=True, frame=frame)
            residuals = residuals_of(planes, fit, keeps)
        residuals = in_levels(residuals, given, tone)
    progress("weighing the evidence")
    spread = dispersion(fit)
    tests = residual_tests(spread, residuals)
    step, grain = max(p.step for p in given), max(p.grain for p in given)
    variance = fit.variance
    if step and variance < _DEGENERATE * ROUNDING_VARIANCE * step**2:
        variance = ROUNDING_VARIANCE * step**2
    excited = _excited(found, variance, given)
    verdict, evidence = weigh(fit, tests, excited, step, grain)
    progress("reading the border")
    border = Border(None, (), (), ())
    if verdict is not Verdict.NOT_LINEAR:
        model = Model(fit.box, fit.frame, fit.offset, lambda plane: [(plane.before, fit.kernel)])
        border = find_border(planes, model, fit.variance)
    widened = 1.0
    warnings = list(border.notes)
    scores = Dispersion(1.0, 0, 0.0) if tone else score_dispersion(fit, residuals)
    for between, deviations in ((spread, _FEW_DEVIATIONS), (scores, _DEVIATIONS)):
        if between.value > max(1 + deviations * sqrt(2 / max(between.freedom, 1)), widened):
            widened = between.value
    if sqrt(widened) > _WORTH_SAYING:
        warnings.append(
            "what rounding or noise leaves is alike at neighbouring pixels; error bars were "
            f"widened {sqrt(widened):.2g} times for it"
        )
    information = fit.gram / (variance * widened)
    covariance = fit.inverse * (variance * widened)
    even = 0.0 if tone else step  # levels that went through a tone curve are not even in light
    offset_error = sqrt(fit.offset_variance * variance * widened)
    rounding, _ = rounding_of(fit.offset, offset_error, even)
    rational = None
    if verdict is not Verdict.NOT_LINEAR and not fit.singular:
        rational = snap(fit.kernel, information, covariance)
        if rational is not None and even:
            rational, rounding = _reproduction(planes, fit, residuals, even, rational, rounding)
    exactly = rational is not None and rational.reproduced > _EXACTLY
    if exactly and verdict is Verdict.UNDETERMINED:
        # Few numbers that make every pixel to the last bit are no accident of a smooth picture.
        verdict = Verdict.LINEAR
        evidence = tuple(replace(piece, against=False) for piece in evidence)
    known = verdict is Verdict.LINEAR and not fit.singular
    if known and rounded_in_passes(tests, fit.variance, step):
        known = False
        warnings.append(
            "more than one rounding is left, and it is not white: a tool that rounds between its "
            "passes; there are no error bars for what that does"
        )
    if verdict is Verdict.NOT_LINEAR or tone:
        rounding = Rounding.UNKNOWN
    names = symmetries(fit.kernel, covariance) if known else ()
    warnings = warnings if known else [w for w in warnings if "widened" not in w]
    bars = covariance if known else np.full_like(covariance, np.nan)
    mode, anchor = _mode(fit.box, planes[0], border)
    support = picked_entries(fit, widened) if fit.box.size > 1 else np.ones((1, 1), bool)
    return FilterReport(
        verdict=verdict,
        evidence=evidence,
        warnings=tuple(dict.fromkeys(warnings + _said(given, found, fit, excited, verdict, mode))),
        kernel=fit.kernel,
        std_error=np.sqrt(np.diagonal(bars)).reshape(fit.box.shape),
        anchor=anchor,
        mode=mode,
        boundary=border.boundary,
        boundary_candidates=border.candidates,
        offset=fit.offset,
        offset_std_error=offset_error if known else float("nan"),
        rounding=rounding,
        clipped_fraction=clipped_fraction(residuals),
        support=support,
        separable=known and is_separable(fit.kernel, information),
        symmetric="point" in names,
        symmetries=names,
        rational=rational if known or exactly else None,
        residual_std=sqrt(fit.variance),
        covariance=bars,
        pixels=fit.observations,
        tone=tone.name if tone else "",
        undetermined_frequencies=excited.where if excited.unknown or excited.rounded > 0.02 else "",
    )


def fitted(
    planes: Sequence[Plane],
    box: Box,
    frame: Box,
    keeps: list[NDArray] | None,
    *,
    quarters: bool = True,
) -> tuple[BoxFit, list[NDArray] | None]:
    """On the box alone, which has a larger interior, until what is left out stays the same."""
    fit = fit_box(planes, box, keeps, frame=frame)
    for _ in range(_CLIPPING_STEPS if box.size <= _MANY_ENTRIES else _FEW_STEPS):
        changed = unclipped(planes, fit, keeps)
        if changed is None:
            break
        keeps = changed
        fit = fit_box(planes, box, keeps, frame=frame)
    if quarters and by_quarters(planes, box):
        fit = fit_box(planes, box, keeps, quarters=True, frame=frame)
    return fit, keeps


def _excited(found: Search, variance: float, planes: Sequence[Plane]) -> Excitation:
    """On the box and a margin of one, as far as the window has it."""
    lo = tuple(max(a - 1, w) for a, w in zip(found.box.lo, found.window.box.lo, strict=True))
    hi = tuple(min(b + 1, w) for b, w in zip(found.box.hi, found.window.box.hi, strict=True))
    return excitation(restricted(found.window, Box(lo, hi)), variance, planes)


def _reproduction(
    planes: Sequence[Plane],
    fit: BoxFit,
    residuals: Sequence[Residual],
    step: float,
    rational: Rational,
    rounding: Rounding,
) -> tuple[Rational, Rounding]:
    """Whether the fractions make the picture after exactly, and by which rounding."""
    exact = [
        fit.box.forward(plane.before, rational.kernel, residual.region)
        for plane, residual in zip(planes, residuals, strict=True)
    ]
    made = exact_rounding(residuals, fit.offset, step, exact)
    if made is None:
        return rational, rounding
    return replace(rational, reproduced=made[2]), made[0]


def _mode(box: Box, plane: Plane, border: Border) -> tuple[str, tuple[int, ...]]:
    """The mode, and the anchor, which in the modes other than `same` is a convention."""
    shapes = list(zip(plane.before.shape, plane.after.shape, box.shape, strict=True))
    centre = tuple((k - 1) // 2 for k in box.shape)
    if plane.before.shape == plane.after.shape:
        return "same", box.anchor
    if border.boundary == CROPPED and all(m == n - k + 1 for n, m, k in shapes):
        return "valid", centre
    if all(m == n + k - 1 for n, m, k in shapes) and all(low == 0 for low in box.lo):
        return "full", centre
    return "same", box.anchor


def _said(
    given: Sequence[Plane],
    found: Search,
    fit: BoxFit,
    excited: Excitation,
    verdict: Verdict,
    mode: str,
) -> list[str]:
    """What else there is to mind."""
    said = []
    before, after = given[0].before.shape, given[0].after.shape
    middle = [(a + b) // 2 for a, b in zip(fit.box.lo, fit.box.hi, strict=True)]
    if before != after and mode == "same":
        part = ", ".join(
            f"{max(-t, 0)}:{min(m - t, n)}" for t, m, n in zip(middle, after, before, strict=True)
        )
        said.append(
            f"the pictures differ in size; before[{part}] is the part of it that lies under after"
        )
    elif before == after and any(
        abs(t) > max(k, 3) for t, k in zip(middle, fit.box.shape, strict=True)
    ):
        moved = ", ".join(f"{t:+d}" for t in middle)
        said.append(f"the picture after is shifted by ({moved}) pixels; the anchor has the shift")
    if found.cut_off and verdict is not Verdict.NOT_LINEAR:
        shape = "x".join(map(str, found.window.box.shape))
        said.append(
            f"the kernel reaches the edge of the largest window searched, {shape}: it may be larger"
        )
    if excited.unknown or excited.rounded > 0.02 or excited.doubtful > 0.2:
        where = f"the picture before hardly contains {excited.where}"
        said.append(f"{where}; the kernel is not known there. {ADVICE[0].upper()}{ADVICE[1:]}")
    return said
