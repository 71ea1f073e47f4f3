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
from convmat.identify.border_refit import known_of
from convmat.identify.evidence import Verdict
from convmat.identify.filter_report import FilterReport
from convmat.identify.fit import BoxFit, Residual
from convmat.identify.fitting import Fitted, fitted_and_tested
from convmat.identify.given import Plane
from convmat.identify.judgement import Judgement, judge
from convmat.identify.placement import mode_and_anchor
from convmat.identify.quantization import (
    Rounding,
    clipped_fraction,
    exact_rounding,
    rounding_of,
)
from convmat.identify.rational import Rational, snap
from convmat.identify.remarks import remarks
from convmat.identify.shape_tests import SYMMETRIES, is_separable, symmetries
from convmat.identify.support import Search, find_support
from convmat.identify.tone import Tone, level_weights, linearized
from convmat.identify.too_little import check_alignment, undetermined
from convmat.identify.trimming import picked_entries
from convmat.identify.verdict import rounded_in_passes, several_roundings
from convmat.identify.volumes import blocks, flat_box

__all__ = ["describe", "explain"]

_WORTH_SAYING = 1.1
# Correlation of neighbours from which on what is left is not white.
_RELATED = 0.1


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
    return describe(planes, given, found, tone, progress)


def describe(
    planes: Sequence[Plane],
    given: Sequence[Plane],
    found: Search,
    tone: Tone | None,
    progress: Callable[[str], Any],
    pictures: Sequence[Plane] | None = None,
    sources: Callable[[Plane], list[NDArray]] = lambda plane: [plane.before],
) -> FilterReport:
    """The report on what was found.

    Parameters
    ----------
    planes, given : sequence of Plane
        Pictures or volumes; `planes` are in light where there is a tone curve, `given` are not.
    found : Search
    tone : Tone or None
    progress : callable
    pictures : sequence of Plane, optional
        What the border is read from, and the channel's own place: whole, and no volumes.
        Default: `planes`.
    sources : callable
        What a picture was made from, in the kernels' order.
    """
    pictures = planes if pictures is None else pictures
    step, grain = max(p.step for p in given), max(p.grain for p in given)
    progress("fitting the kernel")
    fitted = fitted_and_tested(planes, given, found, tone)
    progress("weighing the evidence")
    judged = judge(given, found, fitted, step, grain, light=tone is not None)
    fit, verdict, exact = judged.fit, judged.verdict, judged.exact
    progress("reading the border")
    border = Border(None, (), (), ())
    if verdict is not Verdict.NOT_LINEAR and not fit.singular:
        # Fractions that make every pixel have no errors.
        noise, errors = judged.variance / judged.widened, judged.variance
        if exact is not None:
            noise, errors = fit.variance, 0.0
        box, frame = flat_box(fit.box), flat_box(fit.frame)
        model = Model(box, frame, (known_of(fit, errors),), sources)
        border = find_border(pictures, model, noise)
    covariance = fit.inverse * judged.variance
    offset_error = sqrt(fit.offset_variance * judged.variance)
    rounding, rational = Rounding.UNKNOWN, None
    if exact is not None:
        rounding, rational = exact.rounding, exact.rational
    elif verdict is not Verdict.NOT_LINEAR:
        even = 0.0 if tone else step  # levels that went through a tone curve are not even in light
        rounding, _ = rounding_of(fit.offset, offset_error, even)
        if not fit.singular and not judged.follows:
            rational = snap(fit.kernel, fit.gram / judged.variance, covariance)
        if rational is not None and even:
            rational, rounding = _reproduction(fit, judged.residuals, even, rational, rounding)
    known = verdict is Verdict.LINEAR and not fit.singular
    barred = known and not judged.follows and bool(np.isfinite(covariance).all())
    bars = covariance if barred else np.full_like(covariance, np.nan)
    parts = blocks(fit.kernel, covariance, fit.gram / judged.variance) if barred else []
    each = [symmetries(h, V) for h, V, _ in parts]
    names = tuple(name for name in SYMMETRIES if each and all(name in own for own in each))
    cropped = border.boundary == CROPPED
    mode, anchor = mode_and_anchor(
        flat_box(fit.box), pictures[0].before.shape, pictures[0].after.shape, cropped=cropped
    )
    support = fit.kernel != 0 if exact else np.ones(fit.box.shape, dtype=bool)
    if exact is None and fit.box.size > 1:
        support = picked_entries(fit, judged.widened)
    excited = judged.excited
    lacking = verdict is not Verdict.NOT_LINEAR and (excited.unknown or excited.rounded > 0.02)
    notes = [*border.notes, *_notes(fitted, judged, step, tone)] if known else border.notes
    if exact is not None and exact.is_identity and barred:
        notes = ()
    said = remarks(pictures if tone is None else given, found, fit, excited, verdict, mode)
    return FilterReport(
        verdict=verdict,
        evidence=judged.evidence,
        warnings=tuple(dict.fromkeys([*notes, *said])),
        kernel=fit.kernel,
        std_error=np.sqrt(np.diagonal(bars)).reshape(fit.box.shape),
        anchor=anchor,
        mode=mode,
        boundary=border.boundary,
        boundary_candidates=border.candidates,
        offset=fit.offset,
        offset_std_error=offset_error if barred else float("nan"),
        rounding=Rounding.UNKNOWN if tone else rounding,
        clipped_fraction=clipped_fraction(judged.residuals),
        support=support,
        separable=barred and all(is_separable(h, information) for h, _, information in parts),
        symmetric="point" in names,
        symmetries=names,
        rational=rational if known else None,
        residual_std=sqrt(fit.variance),
        covariance=bars,
        pixels=exact.pixels if exact else fit.observations,
        tone=tone.name if tone else "",
        undetermined_frequencies=excited.where if lacking else "",
    )


def _notes(fitted: Fitted, judged: Judgement, step: float, tone: Tone | None) -> list[str]:
    """What is to be known of the error bars, where there are any."""
    if judged.exact is not None:
        if np.isfinite(judged.fit.inverse).all():
            return [
                "the kernel is that of the fractions, and its error bars are half a level over the "
                "largest jump of the picture before: rounding is no noise here"
            ]
        return [
            "nearly all pixels after are at the smallest or largest level: other kernels, whose "
            "results were cut off there, may make the same"
        ]
    if judged.follows:
        return [
            "what rounding leaves is less than it leaves by chance: it follows the picture, is no "
            "noise, and gives no error bars"
        ]
    notes = []
    if sqrt(judged.widened) > _WORTH_SAYING:
        notes.append(
            "what rounding or noise leaves is alike at neighbouring pixels; error bars were "
            f"widened {sqrt(judged.widened):.2g} times for it"
        )
    if fitted.repeats:
        notes.append(
            f"neighbourhoods repeat: one pixel of each counts, {judged.fit.observations} in all"
        )
    if fitted.cut_off:
        notes.append(
            f"every change was cut off towards 0, by {-fitted.cut_off:.2g} of a level on average; "
            "that was fitted beside the kernel"
        )
    elif not tone and _related(fitted, step):
        notes.append(
            "more than one rounding is left, and it is not white: a tool that rounds between its "
            "passes"
        )
    return notes


def _related(fitted: Fitted, step: float) -> bool:
    """Whether several roundings are left, which are not white, and passes explain them."""
    several = several_roundings(fitted.fit, fitted.tests, step)
    passes = several and rounded_in_passes(fitted.fit, fitted.tests, step)
    return passes and fitted.tests.correlation > _RELATED


def _reproduction(
    fit: BoxFit,
    residuals: Sequence[Residual],
    step: float,
    rational: Rational,
    rounding: Rounding,
) -> tuple[Rational, Rounding]:
    """Whether the fractions make the picture after exactly, and by which rounding."""
    exact = [
        fit.box.forward(residual.plane.before, rational.kernel, residual.region)
        for residual in residuals
    ]
    made = exact_rounding(residuals, fit.offset, step, exact)
    if made is None:
        return rational, rounding
    return replace(rational, reproduced=made[2]), made[0]
