"""One range of values: how far a function is from affine in it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.probing.black_box import BlackBox
from convmat.probing.norms import norm, ratio
from convmat.probing.regimes import Regime, random_signal, regimes
from convmat.probing.repeats import check_repeats

__all__ = [
    "MARGIN",
    "Common",
    "Trial",
    "common_signal",
    "largest_of",
    "of_one_gain",
    "rounding_of",
    "try_range",
]

MARGIN = 100
"""Multiples of eps that sums of many terms, or FFTs of them, may round by."""

_COARSEST = 0.01  # half precision has so large an eps that the margin would excuse anything


class Trial(NamedTuple):
    """What was measured in a range."""

    regime: Regime
    deviation: float  # relative
    defect: float  # the largest entry of the left-hand side
    response: float  # the largest change of an output
    complex_deviation: float  # relative; 0 for real inputs
    outputs: NDArray
    gain: NDArray  # what the one signal that all ranges have in common becomes, over its size
    size: float  # what a gain's rounding is relative to


class Common(NamedTuple):
    """A signal of values from ``-size`` to `size`, to be scaled to each range."""

    signal: NDArray
    size: float


def common_signal(box: BlackBox, rng: np.random.Generator) -> Common:
    """One that multiples of are in every range; of whole numbers for those that take no others."""
    if box.dtype.kind in "fc":
        return Common(random_signal(rng, box.input_shape, box.dtype, 1.0), 1.0)
    size = min(regime.reach for regime in regimes(box.dtype)) / 2
    signal = random_signal(rng, box.input_shape, np.dtype(np.float64), size)
    return Common(np.rint(signal), size)


def rounding_of(box: BlackBox, given: float | None) -> float:
    """Relative deviation that counts as rounding: what is given, or by the dtypes."""
    return min(MARGIN * box.precision, _COARSEST) if given is None else given


def try_range(
    box: BlackBox,
    regime: Regime,
    common: Common,
    rng: np.random.Generator,
    tolerance: float | None,
) -> Trial:
    """Superposition and scaling, for random signals and for one that all ranges have in common.

    Parameters
    ----------
    box : BlackBox
    regime : Regime
    common : Common
    rng : Generator
    tolerance : float, optional
        Relative deviation that counts as rounding.

    Raises
    ------
    MisbehaviourError
        Where the function does not answer, or is not a function of its input.
    """
    base, half = regime.base, regime.reach / 2
    factor = half // common.size if box.dtype.kind in "ui" else half / common.size
    u = common.signal * factor
    v = random_signal(rng, box.input_shape, box.dtype, half)
    # Zeros, which hide a wrong factor, are neither the first input nor the last one kept.
    at_u, at_v, at_base = box(base + u), box(base + v), box(base + 0 * u)
    check_repeats(box, base + u, at_u, rounding_of(box, tolerance))
    at_sum, at_twice, at_minus = box(base + u + v), box(base + 2 * u), box(base - u)
    defects = [
        at_sum - at_u - at_v + at_base,
        at_twice - 2 * at_u + at_base,
        at_minus + at_u - 2 * at_base,
    ]
    change = max(norm(at_u - at_base), norm(at_v - at_base))
    # A derivative loses the base, but not the rounding of its terms.
    size = change * (1 + base / half) + norm(at_base)
    worst = max(map(norm, defects))
    turned = 0.0
    if box.dtype.kind == "c":
        defect = box(base + 1j * u) - at_base - 1j * (at_u - at_base)
        turned = ratio(norm(defect), size)
    return Trial(
        regime,
        ratio(worst, size),
        max(largest_of(defect) for defect in defects),
        largest_of(at_u - at_base),
        turned,
        np.concatenate([np.ravel(part) for part in (at_u, at_v, at_sum, at_twice, at_minus)]),
        (at_u - at_base) / factor,
        size / factor,
    )


def of_one_gain(trials: list[Trial], tolerance: float) -> list[Trial]:
    """Those that do to the signal in common what the first does that does anything to it.

    What is linear in every range by itself may be 0 in one of them, or twice as much.
    """
    first = next((trial for trial in trials if trial.response), None)
    if first is None:
        return trials
    return [
        trial
        for trial in trials
        if norm(trial.gain - first.gain) <= tolerance * (trial.size + first.size)
    ]


def largest_of(values: NDArray) -> float:
    """The largest modulus."""
    return float(np.max(np.abs(values)))
