"""Is it one kernel: the evidence, weighed.

With very many pixels everything is significant, so each piece of evidence has an effect size
beside its significance: the residual must be larger than rounding makes it, and then depend on
something it has no business to depend on. Noise that is the same everywhere is noise.

A tool that rounds between its passes leaves several roundings, of which the kernel h knows nothing:

    y = round(h2 * round(h1 * x))        errors e = e2 + h2 * e1, white only where h2 is an impulse

Six passes leave sqrt(6) = 2.4 roundings, somewhat more where they lean the same way, and no error
is larger than half a level for each. A sharpening x + p (x - b * x) multiplies those of b * x by p,
and p is at least (sum |h| - |sum h|) / 2. Within these bounds a residual may be less where the
picture is flat (nothing is rounded there), follow the small details of the picture before, and be
related to its neighbours: none of that is evidence. What such roundings cannot do still is.
"""

from math import sqrt

import numpy as np

from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.excitation import Excitation
from convmat.identify.fit import BoxFit
from convmat.identify.pieces import of_any_residual, of_one_rounding, of_several
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.residual_tests import ResidualTests

__all__ = [
    "one_rounding_explains",
    "rounded_in_passes",
    "rounding_follows",
    "several_roundings",
    "weigh",
]

# Residual over rounding below which it is no chance; thirds, rounded, leave 0.94 of it. Chance, in
# standard deviations.
_FOLLOWS, _DEVIATIONS = 0.93, 5.0
# Residual over rounding from where on there is something to explain. One rounding of halves is
# 1.22; the best JPEG of the corpus is at 1.7.
_ROUNDING_EXPLAINS = 1.35
# Of roundings between passes: standard deviation in roundings, largest error in levels.
_PASSES_EXPLAIN, _PASSES_REACH = 3.0, 3.5
# Levels left of any pixel that one rounding explains: filters 0.68, a gamma on a soft picture 0.63.
_HALF_A_LEVEL = 0.65
# Of the variance of one rounding: more than that are several; beyond that of any pixel, if so much.
_SEVERAL, _AT_LEAST = 1.1, 0.9
# Residual over the last digit of the largest level: sums of products in the picture's precision.
_GRAINS = 64.0
# Shares of all frequencies that may be unknown, or be the rounding of the picture before.
_UNKNOWN, _ROUNDED = 0.05, 0.25


def rounded_in_passes(fit: BoxFit, tests: ResidualTests, step: float) -> bool:
    """Whether roundings between passes are enough to explain what is left."""
    if not step:
        return False
    most = _amplified(fit)
    ratio = sqrt(fit.variance / ROUNDING_VARIANCE) / step
    return ratio <= _PASSES_EXPLAIN * most and tests.tail <= _PASSES_REACH * most


def one_rounding_explains(tests: ResidualTests) -> bool:
    """Whether no pixel is off by more than half a level, and what the kernel's errors add."""
    return tests.tail <= _HALF_A_LEVEL


def several_roundings(fit: BoxFit, tests: ResidualTests, step: float) -> bool:
    """Whether more than one rounding is left, by its size or by pixels that are off by more."""
    if not step:
        return False
    roundings = fit.variance / (ROUNDING_VARIANCE * step**2)
    bounded = one_rounding_explains(tests)
    return roundings > _SEVERAL or (roundings > _AT_LEAST and not bounded)


def _amplified(fit: BoxFit) -> float:
    """By how much a sharpening multiplies what was rounded inside, at least."""
    return max(1.0, float(np.abs(fit.kernel).sum() - abs(fit.kernel.sum())) / 2)


def rounding_follows(fit: BoxFit, tests: ResidualTests, step: float) -> bool:
    """Whether less is left than rounding leaves by chance: it follows the picture, and its level.

    Of n independent roundings the mean square has a relative standard deviation of sqrt(0.8 / n).
    """
    variance = max(fit.variance, tests.lively)
    share = variance / (ROUNDING_VARIANCE * step**2) if step else 1.0
    chance = min(_DEVIATIONS * sqrt(0.8 / max(tests.sums, 1)), 0.5)
    return share < _FOLLOWS**2 and 1 - share > chance


def weigh(
    fit: BoxFit, tests: ResidualTests, excited: Excitation, step: float, grain: float
) -> tuple[Verdict, tuple[Evidence, ...]]:
    """The verdict, and all the evidence for it, that which speaks loudest first."""
    deviation = sqrt(fit.variance)
    ratio, material, said = _level(deviation, step, grain)
    evidence = [said]
    passes = _amplified(fit) if rounded_in_passes(fit, tests, step) else 0.0
    explained = fit.exact or fit.singular or one_rounding_explains(tests)
    if material:
        evidence += of_any_residual(tests, ratio, passes)
        evidence += of_several(tests, ratio, step, passes)
    elif step and not (explained or rounding_follows(fit, tests, step)):
        evidence.append(of_one_rounding(tests, ratio))
        # Where rounding follows the picture, what is so small proves nothing.
        if excited.rounded <= _ROUNDED:
            evidence += of_any_residual(tests, ratio, passes)
    unknown = Evidence(
        "excitation",
        excited.unknown,
        _UNKNOWN,
        excited.unknown > _UNKNOWN or excited.rounded > _ROUNDED or fit.singular,
        f"the picture before hardly contains {excited.where}"
        if excited.unknown or excited.rounded > _ROUNDED
        else "the picture before contains all frequencies the kernel is told apart by",
    )
    against = [piece for piece in evidence if piece.against]
    evidence.append(unknown)
    evidence.sort(key=lambda piece: not piece.against)
    if against:
        return Verdict.NOT_LINEAR, tuple(evidence)
    return Verdict.UNDETERMINED if unknown.against else Verdict.LINEAR, tuple(evidence)


def _level(deviation: float, step: float, grain: float) -> tuple[float, bool, Evidence]:
    """The residual beside what rounding leaves; whether there is more to explain."""
    if step:
        level = step * sqrt(ROUNDING_VARIANCE)
        ratio = deviation / level
        material = ratio > _ROUNDING_EXPLAINS
        text = f"the residual's standard deviation is {deviation:.4g}, {ratio:.3g} times rounding's"
        return ratio, material, Evidence("level", ratio, _ROUNDING_EXPLAINS, False, text)
    ratio = deviation / grain if grain else 0.0
    material = ratio > _GRAINS
    text = f"the residual's standard deviation is {deviation:.4g}"
    if not material:
        text += ", that of the arithmetic"
    return ratio, material, Evidence("level", ratio, _GRAINS, False, text)
