"""One kernel or not, on all there is to go by: what is left, what makes every pixel, what is seen.

What a fit leaves is weighed first. Where that would be wrong, since levels are few, rounding
follows the picture or frequencies are missing, fractions that make every pixel decide instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from convmat.identify.box import Box
from convmat.identify.coarse_rounding import cut_off_everywhere, few_changes, few_levels
from convmat.identify.cross_validation import cross_validation
from convmat.identify.cut_off import unsure
from convmat.identify.dispersion import Dispersion, score_dispersion, widening
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.excitation import Excitation, excitation
from convmat.identify.fit import BoxFit, Residual
from convmat.identify.fitting import Fitted
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.reproduction import Reproduction, reproduction
from convmat.identify.support import Search
from convmat.identify.trimming import restricted
from convmat.identify.verdict import (
    one_rounding_explains,
    rounded_in_passes,
    rounding_follows,
    weigh,
)
from convmat.identify.volumes import by_source

__all__ = ["Judgement", "judge"]

# Roundings that one rounding leaves at most: halves have 1.22.
_OF_A_FUNCTION = 1.35


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict, and the fit that it is about.

    Attributes
    ----------
    fit : BoxFit
        Of the fractions, where these decided.
    residuals : list of Residual
    verdict : Verdict
    evidence : tuple of Evidence
    excited : Excitation
    exact : Reproduction or None
        The fractions that decided.
    follows : bool
        Whether rounding is no noise here, so that there are no error bars.
    variance : float
        What the inverse Gram matrix is multiplied with to give the covariance.
    widened : float
        How many times larger than white noise makes it that is.
    """

    fit: BoxFit
    residuals: list[Residual]
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    excited: Excitation
    exact: Reproduction | None
    follows: bool
    variance: float
    widened: float


def judge(
    planes: Sequence[Plane],
    found: Search,
    fitted: Fitted,
    step: float,
    grain: float,
    *,
    light: bool,
) -> Judgement:
    """Weigh the evidence; `light` where levels went through a tone curve, and are not even."""
    fit, residuals = fitted.fit, fitted.residuals
    if step and fit.exact:
        # Levels far apart that nothing is left of are sums of few levels, not what was rounded to.
        step = min(step, *(plane.before_step or step for plane in planes))
    follows = not light and rounding_follows(fit, fitted.tests, step)
    variance = fit.variance
    if follows:
        variance = ROUNDING_VARIANCE * step**2
    elif step and not light and variance < ROUNDING_VARIANCE * step**2:
        # Where all is flat rounding leaves nothing, but there is nothing to learn there, either.
        variance = max(variance, min(fitted.tests.lively, ROUNDING_VARIANCE * step**2))
    excited = _excited(found, variance, planes)
    verdict, evidence = weigh(fit, fitted.tests, excited, step, grain * _cancelled(fit, planes))
    predicted = cross_validation(found.window, found.box)
    if predicted is not None and verdict is Verdict.LINEAR:
        evidence = (*evidence, predicted)
    doubtful = follows or fitted.repeats or verdict is not Verdict.LINEAR
    if doubtful and step and not light and not excited.singular:
        exact = reproduction(fit, residuals, step)
        if exact is not None:
            fit, residuals = exact.fit(planes, fit, fitted.keeps)
            return Judgement(
                fit=fit,
                residuals=residuals,
                verdict=Verdict.LINEAR,
                evidence=(exact.evidence(), *_settled(evidence)),
                excited=Excitation(0.0, 0.0, 0.0, ""),
                exact=exact,
                follows=False,
                variance=1.0,
                widened=1.0,
            )
    if step and not light:
        function = _is_function(fitted, step)
        scarce = [few_levels(residuals, step)]
        small = fit.variance <= (_OF_A_FUNCTION**2) * ROUNDING_VARIANCE * step**2
        gained = one_rounding_explains(fitted.tests) and _is_gain(fit, planes, step)
        if (verdict is Verdict.LINEAR or small) and not (fit.exact or gained):
            scarce.append(few_changes(fit, residuals, step))
        if verdict is Verdict.NOT_LINEAR:
            scarce.append(cut_off_everywhere(residuals))
        if any(piece.against for piece in scarce):
            verdict, evidence = Verdict.UNDETERMINED, (*scarce, *_settled(evidence))
        elif function is not None and verdict is Verdict.LINEAR:
            verdict, evidence = Verdict.NOT_LINEAR, (function, *evidence)
    widened = _widened(fitted, light=light)
    return Judgement(
        fit=unsure(fit, fitted.error, variance * widened),
        residuals=residuals,
        verdict=verdict,
        evidence=evidence,
        excited=excited,
        exact=None,
        follows=follows,
        variance=variance * widened,
        widened=widened,
    )


def _cancelled(fit: BoxFit, planes: Sequence[Plane]) -> float:
    """How many times larger the products are than the sums that are left of them; 1 at least."""
    before = max(float(np.abs(plane.before).max()) for plane in planes)
    after = max(float(np.abs(plane.after).max()) for plane in planes)
    return max(1.0, before * float(np.abs(fit.kernel).sum()) / after) if after else 1.0


def _is_gain(fit: BoxFit, planes: Sequence[Plane], step: float) -> bool:
    """Whether levels alone were multiplied, by so much that it shows."""
    span = max(float(np.ptp(plane.before)) for plane in planes)
    excess = np.abs(fit.kernel - np.rint(fit.kernel)).max()
    return fit.box.size == 1 and bool(excess * span > 2 * step)


def _settled(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What something stronger has decided is not against anything."""
    return tuple(replace(piece, against=False) for piece in evidence)


def _is_function(fitted: Fitted, step: float) -> Evidence | None:
    """Where alike neighbourhoods became the same level, no noise explains what is left."""
    roundings = sqrt(fitted.fit.variance / ROUNDING_VARIANCE) / step
    if not fitted.repeats or roundings <= _OF_A_FUNCTION:
        return None
    if rounded_in_passes(fitted.fit, fitted.tests, step):
        return None
    text = (
        "alike neighbourhoods always became the same level, so that there is no noise, and "
        f"{roundings:.3g} roundings are left"
    )
    return Evidence("function", roundings, _OF_A_FUNCTION, True, text)


def _widened(fitted: Fitted, *, light: bool) -> float:
    """By quarters and by tiles, where either is more than chance makes it; by few sums rounded."""
    scores = Dispersion(1.0, 0, 0.0)
    if not light:
        scores = score_dispersion(fitted.fit, fitted.residuals)
    few = fitted.tests.pixels / max(fitted.tests.sums, 1)
    return max(few, widening(fitted.spread, scores))


def _excited(found: Search, variance: float, planes: Sequence[Plane]) -> Excitation:
    """On the box and a margin of one, as far as the window has it; the least known source."""
    lo = tuple(max(a - 1, w) for a, w in zip(found.box.lo, found.window.box.lo, strict=True))
    hi = tuple(min(b + 1, w) for b, w in zip(found.box.hi, found.window.box.hi, strict=True))
    fit = restricted(found.window, Box(lo, hi))
    each = [excitation(part, variance, own) for part, own in by_source(fit, planes)]
    return max(each, key=lambda one: max(one.unknown, one.rounded, one.doubtful))
