"""Whether a function is linear, measured on random signals in several ranges of values.

A function is affine where, for a base b and any signals u and v,

    f(b + u + v) - f(b + u) - f(b + v) + f(b) = 0,

and linear where f(0) = 0 too. The left-hand side is taken for random u and v, for v = u and for
v = -u, relative to f(b) and to what f makes of values as large as b + u, going by f(b + u) - f(b).
Small values show what is rounded, large ones what overflows, signed ones what is cut off at 0, and
values of 0 to 255 are those of a picture. One u, scaled to each range, has one answer, scaled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.operator_report import Verdict
from convmat.probing.regimes import Regime, regimes
from convmat.probing.trials import (
    MARGIN,
    Trial,
    common_signal,
    largest_of,
    of_one_gain,
    rounding_of,
    try_range,
)

__all__ = [
    "Linearity",
    "measure_linearity",
    "refusals_in_words",
]

_EPS = float(np.finfo(np.float64).eps)
_SINGLE = float(np.finfo(np.float32).eps)
_MOST_STEPS = 4  # by which rounding inputs, outputs and what is in between may disagree
_ENOUGH_STEPS = 16  # that the outputs must vary by before rounding can be told from the rest
_FEWEST = 8  # differences of outputs, all multiples of one, that are no coincidence
_PARTS = 4  # of the smallest of them that may be the step
_NEGLIGIBLE = 1e-9  # of a step, or of the range of values
_UNIFORM = 128  # rounding is relative: it is about the same for small and for large values


@dataclass(frozen=True, eq=False)
class Linearity:
    """How linear a function was found to be.

    Attributes
    ----------
    verdict : Verdict
        ``affine`` where it may be linear: the value at zero is another question.
    regime : Regime or None
        Where it is known best; None where it is not linear.
    tolerance : float
        Relative deviation that counts as rounding.
    deviation : float
        The largest relative deviation measured.
    step : float
        What outputs are rounded to multiples of; 0 where they are not.
    valid_range : tuple of two floats or None
        The widest range in which the function is affine, but for steps.
    rounding : float
        By how much an output may be off, where there are steps.
    response : float
        The largest change of an output in `regime`.
    notes : tuple of str
    """

    verdict: Verdict
    regime: Regime | None
    tolerance: float
    deviation: float
    step: float = 0.0
    valid_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    rounding: float = 0.0
    response: float = 0.0


def measure_linearity(
    box: BlackBox, rng: np.random.Generator, tolerance: float | None = None
) -> Linearity:
    """Try a function on all ranges of values.

    Raises
    ------
    MisbehaviourError
        Where it returns nothing to judge in any of them, or is not a function of its input.

    Examples
    --------
    >>> found = measure_linearity(BlackBox(np.rint, 20), np.random.default_rng(0))
    >>> found.verdict, found.step
    (<Verdict.QUANTISED: 'quantised'>, 1.0)
    """
    trials, refusals = [], []
    common = common_signal(box, rng)
    for regime in regimes(box.dtype):
        try:
            trials.append(try_range(box, regime, common, rng, tolerance))
        except MisbehaviourError as error:
            if error.verdict not in (Verdict.RAISES, Verdict.NOT_FINITE):
                raise
            refusals.append((regime, error))
    if not trials:
        raise refusals[0][1]
    largest = max(largest_of(trial.outputs) / sum(map(abs, trial.regime)) for trial in trials)
    if 0 < largest <= MARGIN * max(box.precision, _EPS):
        raise MisbehaviourError(
            Verdict.NEGLIGIBLE,
            f"returns at most {largest:.1e} of its input, which may be rounding alone",
        )
    notes = [refusals_in_words(refusals)] if refusals else []
    found = _judge(trials, rounding_of(box, tolerance), notes, given=tolerance is not None)
    if refusals and found.regime is not None:
        return replace(found, verdict=Verdict.LIMITED)
    return found


def _judge(trials: list[Trial], tolerance: float, notes: list[str], *, given: bool) -> Linearity:
    deviation = max(max(trial.deviation, trial.complex_deviation) for trial in trials)
    exact = [trial for trial in trials if trial.deviation <= tolerance]
    if len(exact) < len(trials) and not given and _is_single(trials):
        exact, tolerance = trials, MARGIN * _SINGLE
        notes.append(
            f"it deviates by {deviation:.1e}, as single precision or an ill-conditioned "
            "computation would"
        )
    exact = of_one_gain(exact, tolerance)
    if len(exact) == len(trials):
        step, good = 0.0, exact
        known = [trial for trial in exact if trial.response] or exact  # all 0: a zero function
    else:
        step = _find_step(trials)
        good = [trial for trial in trials if trial in exact or _rounds(trial, step)]
        enough = _ENOUGH_STEPS * step
        known = [
            trial
            for trial in good
            if trial.response > enough and (not step or _rounds(trial, step))
        ]
    if any(
        trial.complex_deviation > max(tolerance, _UNIFORM * trial.deviation) for trial in trials
    ):
        if known:
            notes.append("it is linear over the real numbers, but not over the complex ones")
        known = []
    if not known:
        return Linearity(Verdict.NOT_LINEAR, None, tolerance, deviation, notes=tuple(notes))
    # Of exact ranges the first, of those with steps the one where they are smallest.
    best = min(known, key=lambda trial: trial.deviation) if step else known[0]
    widest = max((trial.regime for trial in known), key=lambda regime: regime.reach)
    verdict = Verdict.QUANTISED if step else Verdict.AFFINE
    if len(good) < len(trials):
        verdict = Verdict.LIMITED
    return Linearity(
        verdict,
        best.regime,
        tolerance,
        deviation,
        step,
        widest.limits,
        tuple(notes),
        rounding=max(step, best.defect) if step else 0.0,
        response=best.response,
    )


def _is_single(trials: list[Trial]) -> bool:
    """Whether it deviates by about the same small part of the values in every range."""
    sizes = [trial.deviation for trial in trials if trial.response]
    return max(sizes) <= min(MARGIN * _SINGLE, _UNIFORM * min(sizes))


def _find_step(trials: list[Trial]) -> float:
    """What outputs are multiples of, but for a constant; 0 where they are not.

    It is the smallest difference of two outputs, or, where they are few, a part of that.
    """
    steps = []
    for trial in trials:
        gaps = np.diff(np.unique(_real_parts(trial.outputs)))
        if gaps.size < _FEWEST:
            continue
        smallest = float(gaps[gaps > _NEGLIGIBLE * gaps.sum()].min())
        parts = (smallest / divisor for divisor in range(1, _PARTS + 1))
        step = next((part for part in parts if _rounds(trial, part)), 0.0)
        if step and trial.response > _ENOUGH_STEPS * step:
            steps.append(step)
    return min(steps, default=0.0)


def _rounds(trial: Trial, step: float) -> bool:
    """Whether steps explain how far it is from affine."""
    if not step:
        return False
    counts = (_real_parts(trial.outputs) - trial.outputs[0].real) / step
    whole = np.abs(counts - np.rint(counts)) <= _NEGLIGIBLE * np.maximum(np.abs(counts), 1)
    return bool(whole.all()) and trial.defect <= _MOST_STEPS * step * (1 + _NEGLIGIBLE)


def _real_parts(values: NDArray) -> NDArray:
    return np.concatenate([values.real, values.imag]) if values.dtype.kind == "c" else values


def refusals_in_words(refusals: Sequence[tuple[Regime, MisbehaviourError]]) -> str:
    """For which values a function did not answer, and what it did first."""
    ranges = [f"{low:.7g} to {high:.7g}" for low, high in (regime.limits for regime, _ in refusals)]
    return f"for values from {', or '.join(ranges)}, {refusals[0][1].in_words()}"
