"""Is it one kernel: the evidence, weighed.

With very many pixels everything is significant, so each piece of evidence has an effect size
beside its significance: the residual must be larger than rounding makes it, and then depend on
something it has no business to depend on. Noise that is the same everywhere is noise.

A tool that rounds between its passes leaves several roundings, of which the kernel h knows nothing:

    y = round(h2 * round(h1 * x))        errors e = e2 + h2 * e1, white only where h2 is an impulse

Six passes leave sqrt(6) = 2.4 roundings, somewhat more where they lean the same way, and no error
is larger than half a level for each. A sharpening x + p (x - b * x) multiplies those of b * x by p,
and p is at least (sum |h| - 1) / 2. Within these bounds a residual may be less where the picture is
flat (nothing is rounded there), follow the small details of the picture before, and be related to
its neighbours: none of that is evidence. What such roundings cannot do still is.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from convmat.identify.excitation import Excitation
from convmat.identify.fit import BoxFit
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.residual_tests import ResidualTests

__all__ = ["Evidence", "Verdict", "rounded_in_passes", "rounding_follows", "weigh"]

# Residual over rounding below which it is no chance; thirds, rounded, leave 0.94 of it.
_FOLLOWS = 0.93
# Residual over rounding from where on there is something to explain. One rounding of halves is
# 1.22; the best JPEG of the corpus is at 1.7.
_ROUNDING_EXPLAINS = 1.35
# Of roundings between passes: standard deviation in roundings, largest error in levels.
_PASSES_EXPLAIN, _PASSES_REACH = 3.0, 3.5
# Residual over the last digit of the largest level: sums of products in the picture's precision.
_GRAINS = 64.0
# The limits below lie between what filters of the corpus reach, outside of the bounds of roundings
# between passes, and what other things that are told by that test alone begin with; beside them,
# chance is allowed for by so many standard deviations.
_DEVIATIONS = 5.0
# Share of squares: filters 0.012, a rank filter 0.024. Of these, so much of a rounding may follow.
_INTENSITY, _ROUNDING_FOLLOWS = 0.02, 0.5
# The same for a cubic, below so many roundings: filters 0.008, a gamma of 0.9 has 0.075. Passes
# that round follow the level where there are few.
_ONE_ROUNDING, _CURVE, _CURVE_OF_PASSES = 1.1, 0.03, 0.12
# Busy over calm: filters 1.13, compressed ones 1.48.
_ACTIVITY = 1.35
# Power at a period of 8: filters 1.3, JPEG 4.4.
_BLOCKS = 4.0
# F, and share of squares, of kernels of the quarters: 1 by chance, others 4.6.
_QUARTERS, _QUARTERS_SHARE = 2.5, 0.002
# Share of squares; and roundings whose variance half a level, cut off, has.
_CHANGE, _CUT_OFF = 0.02, 3.0
# Deviations: filters 3.4, WebP 9.4.
_GRID = 6.0
# Of neighbours: a median has 0.25. Noise that was filtered has more, but no tails.
_CORRELATION, _COLOURED_NOISE, _LIGHT_TAILS = 0.2, 0.5, 0.3
# Excess kurtosis: 3 for Laplace's distribution, 2 for a picture's shot noise; 1 % of dots have 100.
_TAILS = 10.0
# Shares of all frequencies that may be unknown, or be the rounding of the picture before.
_UNKNOWN, _ROUNDED = 0.05, 0.3


class Verdict(StrEnum):
    """``linear`` (one kernel explains it), ``not_linear`` (none does) or ``undetermined``."""

    LINEAR = "linear"
    NOT_LINEAR = "not_linear"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Evidence:
    """One test: its number, the limit it is held against, and what it means in words."""

    name: str
    value: float
    limit: float
    against: bool
    text: str

    def __str__(self) -> str:
        return f"{'against' if self.against else 'for'}: {self.text}"


def rounded_in_passes(fit: BoxFit, tests: ResidualTests, step: float) -> bool:
    """Whether roundings between passes are enough to explain what is left."""
    if not step:
        return False
    most = _amplified(fit)
    ratio = sqrt(fit.variance / ROUNDING_VARIANCE) / step
    return ratio <= _PASSES_EXPLAIN * most and tests.tail <= _PASSES_REACH * most


def _amplified(fit: BoxFit) -> float:
    """By how much a sharpening multiplies what was rounded inside, at least."""
    return max(1.0, (float(np.abs(fit.kernel).sum()) - 1) / 2)


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
    if material:
        passes = _amplified(fit) if rounded_in_passes(fit, tests, step) else 0.0
        evidence += _pieces(tests, ratio, step, passes)
    elif step and not (fit.exact or fit.singular or rounding_follows(fit, tests, step)):
        evidence.append(_bent(tests, ratio))
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


def _bent(tests: ResidualTests, ratio: float) -> Evidence:
    """The only thing that speaks against a kernel where rounding is all that is left."""
    # A second rounding follows the level where there are few levels.
    limit = _CURVE if ratio < _ONE_ROUNDING else _CURVE_OF_PASSES
    limit += _DEVIATIONS * 4 / max(tests.sums, 1)
    bent = tests.curve > limit
    return Evidence(
        "curve",
        tests.curve,
        limit,
        bent,
        f"{tests.curve:.1%} of the residual follows a cubic in the level"
        + (": a tone curve" if bent else ""),
    )


def _pieces(tests: ResidualTests, ratio: float, step: float, passes: float) -> list[Evidence]:
    """What is larger than rounding must be noise, or of roundings in passes, so often amplified."""
    chance = _DEVIATIONS * sqrt(2 / max(0.15 * tests.pixels, 1))
    share = _INTENSITY + _DEVIATIONS * sqrt(2 * 32) / max(tests.pixels, 1)
    roundings = 1 / ratio**2 if step else 0.0
    # Rounding before the noise came in follows the level where there are few levels.
    share += _ROUNDING_FOLLOWS * roundings
    # Half a level cut off towards 0 has the variance of three roundings.
    cut_off = _CUT_OFF * max(1.0, passes) ** 2
    changed = _CHANGE + cut_off * roundings + _DEVIATIONS * sqrt(2 * 32) / max(tests.pixels, 1)
    quarters = _QUARTERS + _DEVIATIONS * sqrt(2 / max(tests.quarters_freedom, 1))
    quarters_share = _QUARTERS_SHARE + _ROUNDING_FOLLOWS * roundings
    differ = tests.quarters > quarters and tests.quarters_share > quarters_share
    blocks = max(_BLOCKS, tests.own_blocks) if passes else _BLOCKS
    related = _CORRELATION + _DEVIATIONS / sqrt(max(tests.pixels, 1))
    # Noise that was filtered is bounded, or bell-shaped; what is left of a picture has tails.
    noise = tests.correlation < _COLOURED_NOISE and tests.kurtosis < _LIGHT_TAILS
    coloured = tests.correlation > related and not (passes or noise)
    varies = tests.activity > _ACTIVITY + chance and not passes
    return [
        Evidence(
            "intensity",
            tests.intensity,
            share,
            tests.intensity > share,
            f"{max(tests.intensity, 0):.1%} of the residual is a function of the level alone"
            + (": a tone curve or gamma" if tests.intensity > share else ""),
        ),
        Evidence(
            "change",
            tests.change,
            changed,
            tests.change > changed,
            f"{max(tests.change, 0):.1%} of the residual is a function of the change"
            + (": small changes were treated otherwise" if tests.change > changed else ""),
        ),
        Evidence(
            "activity",
            tests.activity,
            _ACTIVITY + chance,
            varies,
            f"the residual's power where the picture is busy is {tests.activity:.3g} times that "
            "where it is calm" + (": a median, a compression or a resampling" if varies else ""),
        ),
        Evidence(
            "tails",
            tests.kurtosis,
            _TAILS,
            tests.kurtosis > _TAILS,
            f"the residual's excess kurtosis is {tests.kurtosis:.2g} (0 for Gaussian noise)"
            + (
                ": few pixels are off by far more than all others"
                if tests.kurtosis > _TAILS
                else ""
            ),
        ),
        Evidence(
            "blocks",
            tests.blocks,
            blocks,
            tests.blocks > blocks,
            f"the residual's power at a period of 8 pixels is {tests.blocks:.3g} times that nearby"
            + (": JPEG" if tests.blocks > blocks else ""),
        ),
        Evidence(
            "grid",
            tests.grid,
            _GRID,
            tests.grid > _GRID,
            "what is left is "
            + ("rounded in blocks" if tests.grid > _GRID else "the same in blocks at any place")
            + f" ({tests.grid:.2g} deviations)"
            + (": a lossy compression" if tests.grid > _GRID else ""),
        ),
        Evidence(
            "quarters",
            tests.quarters,
            quarters,
            differ,
            f"kernels of the picture's quarters differ by F = {tests.quarters:.3g} (1 by chance), "
            f"and explain {tests.quarters_share:.2%} of the residual",
        ),
        Evidence(
            "correlation",
            tests.correlation,
            related,
            coloured,
            f"neighbours in the residual have a correlation of {tests.correlation:.2f}"
            + (": what is left is a picture, not noise" if coloured else ""),
        ),
    ]
