"""Is it one kernel: the evidence, weighed.

With very many pixels everything is significant, so each piece of evidence has an effect size
beside its significance: the residual must be larger than rounding makes it, and then depend on
something it has no business to depend on. Noise that is white and the same everywhere is noise.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from convmat.identify.excitation import Excitation
from convmat.identify.fit import BoxFit
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.residual_tests import ResidualTests

__all__ = ["Evidence", "Verdict", "rounded_in_passes", "weigh"]

# Residual over rounding from where on there is something to explain. One rounding of halves is
# 1.22, and Pillow's passes, each rounded, come to 1.3; the best JPEG of the corpus is at 1.9.
_ROUNDING_EXPLAINS = 1.35
_PASSES_EXPLAIN = 2.5
_GRAINS = 64.0
_INTENSITY, _ROUNDING_FOLLOWS = 0.02, 0.5
_ONE_ROUNDING, _CURVE, _CURVE_OF_PASSES = 1.1, 0.03, 0.12
_ACTIVITY = 1.35
_BLOCKS = 4.0
_QUARTERS, _QUARTERS_SHARE = 2.5, 0.002
_CORRELATION = 0.2
_DEVIATIONS = 5.0
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


def rounded_in_passes(tests: ResidualTests, variance: float, step: float) -> bool:
    """Whether more than one rounding is left, and is not white: the error bars cannot know."""
    if not step:
        return False
    ratio = sqrt(variance / ROUNDING_VARIANCE) / step
    return _ROUNDING_EXPLAINS < ratio < _PASSES_EXPLAIN and tests.correlation > _CORRELATION / 2


def weigh(
    fit: BoxFit, tests: ResidualTests, excited: Excitation, step: float, grain: float
) -> tuple[Verdict, tuple[Evidence, ...]]:
    """The verdict, and all the evidence for it, that which speaks loudest first."""
    deviation = sqrt(fit.variance)
    ratio, material, said = _level(deviation, step, grain)
    evidence = [said]
    if material:
        evidence += _pieces(tests, ratio, step)
    elif not (fit.exact or fit.singular):
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
    limit += _DEVIATIONS * 4 / max(tests.pixels, 1)
    bent = tests.curve > limit
    return Evidence(
        "curve",
        tests.curve,
        limit,
        bent,
        f"{tests.curve:.1%} of the residual follows a cubic in the level"
        + (": a tone curve" if bent else ""),
    )


def _pieces(tests: ResidualTests, ratio: float, step: float) -> list[Evidence]:
    """What is larger than rounding must be white, and the same everywhere."""
    chance = _DEVIATIONS * sqrt(2 / max(0.15 * tests.pixels, 1))
    share = _INTENSITY + _DEVIATIONS * sqrt(2 * 32) / max(tests.pixels, 1)
    if step:
        # Rounding before the noise came in follows the level where there are few levels.
        share += _ROUNDING_FOLLOWS / ratio**2
    quarters = _QUARTERS + _DEVIATIONS * sqrt(2 / max(tests.quarters_freedom, 1))
    differ = tests.quarters > quarters and tests.quarters_share > _QUARTERS_SHARE
    related = _CORRELATION + _DEVIATIONS / sqrt(max(tests.pixels, 1))
    # Tools that round between passes leave noise of a few roundings that is not white.
    coloured = tests.correlation > related and not (step and ratio < _PASSES_EXPLAIN)
    varies = tests.activity > _ACTIVITY + chance
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
            "activity",
            tests.activity,
            _ACTIVITY + chance,
            varies,
            f"the residual's power where the picture is busy is {tests.activity:.3g} times that "
            "where it is calm" + (": a median, a compression or a resampling" if varies else ""),
        ),
        Evidence(
            "blocks",
            tests.blocks,
            _BLOCKS,
            tests.blocks > _BLOCKS,
            f"the residual's power at a period of 8 pixels is {tests.blocks:.3g} times that nearby"
            + (": JPEG" if tests.blocks > _BLOCKS else ""),
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
