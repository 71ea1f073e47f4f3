"""Whether a function is linear, measured on random signals in several ranges of values.

A function is affine where, for a base b and any signals u and v,

    f(b + u + v) - f(b + u) - f(b + v) + f(b) = 0,

and linear where f(0) = 0 too. The left-hand side is taken for random u and v, for v = u and for
v = -u, relative to f(b) and to what f makes of values as large as b + u, going by f(b + u) - f(b).
Small values show what is rounded, large ones what overflows, signed ones what is cut off at 0, and
values of 0 to 255 are those of a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.operator_report import Verdict
from convmat.probing.regimes import Regime, random_signal, regimes
from convmat.probing.repeats import check_repeats

__all__ = [
    "Linearity",
    "measure_linearity",
    "refusals_in_words",
    "rounding_of",
]

_MARGIN = 100  # multiples of eps that sums of many terms, or FFTs of them, may round by
_COARSEST = 0.01  # half precision has so large an eps that the margin would excuse anything
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


class _Trial(NamedTuple):
    regime: Regime
    deviation: float  # relative
    defect: float  # the largest entry of the left-hand side
    response: float  # the largest change of an output
    complex_deviation: float  # relative; 0 for real inputs
    outputs: NDArray


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
    for regime in regimes(box.dtype):
        try:
            trials.append(_try(box, regime, rng, tolerance))
        except MisbehaviourError as error:
            if error.verdict not in (Verdict.RAISES, Verdict.NOT_FINITE):
                raise
            refusals.append((regime, error))
    if not trials:
        raise refusals[0][1]
    largest = max(_largest(trial.outputs) / sum(map(abs, trial.regime)) for trial in trials)
    if 0 < largest <= _MARGIN * max(box.precision, _EPS):
        raise MisbehaviourError(
            Verdict.NEGLIGIBLE,
            f"returns at most {largest:.1e} of its input, which may be rounding alone",
        )
    notes = [refusals_in_words(refusals)] if refusals else []
    return _judge(trials, rounding_of(box, tolerance), notes, given=tolerance is not None)


def rounding_of(box: BlackBox, given: float | None) -> float:
    """Relative deviation that counts as rounding: what is given, or by the dtypes."""
    return min(_MARGIN * box.precision, _COARSEST) if given is None else given


def _try(
    box: BlackBox, regime: Regime, rng: np.random.Generator, tolerance: float | None
) -> _Trial:
    base, half = regime.base, regime.reach / 2
    u, v = (random_signal(rng, box.input_shape, box.dtype, half) for _ in range(2))
    at_base, at_u, at_v = box(base + 0 * u), box(base + u), box(base + v)
    check_repeats(box, base + u, at_u, rounding_of(box, tolerance))
    at_sum, at_twice, at_minus = box(base + u + v), box(base + 2 * u), box(base - u)
    defects = [
        at_sum - at_u - at_v + at_base,
        at_twice - 2 * at_u + at_base,
        at_minus + at_u - 2 * at_base,
    ]
    change = max(_norm(at_u - at_base), _norm(at_v - at_base))
    # A derivative loses the base, but not the rounding of its terms.
    size = change * (1 + base / half) + _norm(at_base)
    worst = max(map(_norm, defects))
    turned = 0.0
    if box.dtype.kind == "c":
        defect = box(base + 1j * u) - at_base - 1j * (at_u - at_base)
        turned = _ratio(_norm(defect), size)
    return _Trial(
        regime,
        _ratio(worst, size),
        max(_largest(defect) for defect in defects),
        _largest(at_u - at_base),
        turned,
        np.concatenate([np.ravel(part) for part in (at_u, at_v, at_sum, at_twice, at_minus)]),
    )


def _judge(trials: list[_Trial], tolerance: float, notes: list[str], *, given: bool) -> Linearity:
    deviation = max(max(trial.deviation, trial.complex_deviation) for trial in trials)
    exact = [trial for trial in trials if trial.deviation <= tolerance]
    if len(exact) < len(trials) and not given and _is_single(trials):
        exact, tolerance = trials, _MARGIN * _SINGLE
        notes.append(
            f"it deviates by {deviation:.1e}, as single precision or an ill-conditioned "
            "computation would"
        )
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


def _is_single(trials: list[_Trial]) -> bool:
    """Whether it deviates by about the same small part of the values in every range."""
    sizes = [trial.deviation for trial in trials if trial.response]
    return max(sizes) <= min(_MARGIN * _SINGLE, _UNIFORM * min(sizes))


def _find_step(trials: list[_Trial]) -> float:
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


def _rounds(trial: _Trial, step: float) -> bool:
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


def _norm(values: NDArray) -> float:
    return float(np.linalg.norm(np.ravel(values)))


def _largest(values: NDArray) -> float:
    return float(np.max(np.abs(values)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else (np.inf if part else 0.0)
