"""What each test says, held against what filters reach and chance gives.

The limits lie between what filters of the corpus reach, outside of the bounds of roundings between
passes, and what other things that are told by that test alone begin with.
"""

from math import sqrt

from convmat.identify.evidence import Evidence
from convmat.identify.residual_tests import ResidualTests

__all__ = ["of_any_residual", "of_one_rounding", "of_several"]

# Chance, in standard deviations.
_DEVIATIONS = 5.0
# Share of squares: filters 0.012, a rank filter 0.024. Of these, so much of a rounding may follow.
_INTENSITY, _ROUNDING_FOLLOWS = 0.02, 0.5
# The same for a cubic, below so many roundings: filters 0.008, a gamma of 0.9 has 0.075. Passes
# that round follow the level where there are few.
_ONE_ROUNDING, _CURVE, _CURVE_OF_PASSES = 1.1, 0.03, 0.12
# The same by chance, once in a million, where sums are few.
_UNLIKELY = 1e-6
# Busy over calm: filters 1.13, compressed ones 1.48.
_ACTIVITY = 1.35
# Shares of squares, beyond chance: of passes that cut off 0.0035, of gamma 2.2 around a box on
# soft pictures 0.006; of passes 0.0005, of a resampling by 1.3 0.002.
_TONE, _MODULATION = 0.005, 0.001
# Power at a period of 8: noise 1.8, JPEG 3.6; passes, of pictures that were a JPEG before, 4.
_BLOCKS, _BLOCKS_OF_PASSES = 2.5, 4.0
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


def of_any_residual(tests: ResidualTests, ratio: float, passes: float) -> list[Evidence]:
    """What neither rounding nor noise does, however little is left.

    `passes` is by how much roundings between passes are amplified, 0 where there are none.
    """
    # Roundings inside lean where it is not flat, and a sharpening multiplies them.
    most_bent = 4 * _TONE * passes**2 if passes and ratio > _ONE_ROUNDING else _TONE
    bent = tests.tone > most_bent
    busy, most = tests.activity.ratio, _ACTIVITY + _DEVIATIONS * tests.activity.std_error
    varies = busy > most
    share, period = tests.modulation
    waves = share > _MODULATION
    return [
        Evidence(
            "bend",
            tests.tone,
            most_bent,
            bent,
            f"{tests.tone:.1%} of the residual follows the variance under the kernel"
            + (": a tone curve around it" if bent else ""),
        ),
        Evidence(
            "activity",
            busy,
            most,
            varies,
            f"the residual's power where the picture is busy is {busy:.3g} times that where it is "
            "calm" + (": a median, a compression or a resampling" if varies else ""),
        ),
        Evidence(
            "modulation",
            share,
            _MODULATION,
            waves,
            f"{share:.1%} of the residual follows the picture with a period"
            + (f" of {period:.3g} pixels: a resampling, or lines in turn" if waves else ""),
        ),
    ]


def of_one_rounding(tests: ResidualTests, ratio: float) -> Evidence:
    """What is no larger than rounding must not follow the level."""
    if ratio < _ONE_ROUNDING:
        return _curve(tests, _CURVE + _DEVIATIONS * 4 / max(tests.sums, 1))
    # A second rounding follows the level where there are few levels.
    return _curve(tests, max(_CURVE_OF_PASSES, _by_chance(tests.sums)))


def _by_chance(sums: int) -> float:
    """The share of squares that two more columns take of so many independent errors."""
    return float(1 - _UNLIKELY ** (2 / max(sums - 4, 1)))


def _curve(tests: ResidualTests, limit: float) -> Evidence:
    bent = tests.curve > limit
    return Evidence(
        "curve",
        tests.curve,
        limit,
        bent,
        f"{tests.curve:.1%} of the residual follows a cubic in the level"
        + (": a tone curve" if bent else ""),
    )


def of_several(tests: ResidualTests, ratio: float, step: float, passes: float) -> list[Evidence]:
    """What is larger than rounding must be noise, or of roundings in passes, so often amplified."""
    share = _INTENSITY + _DEVIATIONS * sqrt(2 * 32) / max(tests.pixels, 1)
    roundings = 1 / ratio**2 if step else 0.0
    # Rounding before the noise came in follows the level where there are few levels.
    share += _ROUNDING_FOLLOWS * roundings
    # Half a level cut off towards 0 has the variance of three roundings.
    cut_off = _CUT_OFF * max(1.0, passes) ** 2
    changed = _CHANGE + cut_off * roundings + _DEVIATIONS * sqrt(2 * 32) / max(tests.pixels, 1)
    quarters = _QUARTERS + _DEVIATIONS * sqrt(2 / max(tests.quarters_freedom, 1))
    # What is more than roundings, these did not make differ from place to place.
    quarters_share = _QUARTERS_SHARE + (_ROUNDING_FOLLOWS * roundings if passes else 0.0)
    differ = tests.quarters > quarters and tests.quarters_share > quarters_share
    blocks = max(_BLOCKS_OF_PASSES, tests.own_blocks) if passes else _BLOCKS
    related = _CORRELATION + _DEVIATIONS / sqrt(max(tests.pixels, 1))
    # Noise that was filtered is bounded, or bell-shaped; what is left of a picture has tails.
    noise = tests.correlation < _COLOURED_NOISE and tests.kurtosis < _LIGHT_TAILS
    coloured = tests.correlation > related and not (passes or noise)
    # Where levels are few, the intensity's many groups say nothing.
    most_curved = _CURVE_OF_PASSES + _ROUNDING_FOLLOWS * roundings
    return [
        _curve(tests, max(most_curved, _by_chance(tests.sums))),
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
