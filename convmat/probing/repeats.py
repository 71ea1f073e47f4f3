"""Whether a function gives the same output for the same input, whenever it is asked.

Where it does not, it is asked the same again, several times, with nothing in between: what settles,
comes back or moves on steadily is decided by the calls before, as the outputs of a counter and of
a running average are; what does none of these is random, as far as calls can tell.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.norms import best_factor, norm, ratio
from convmat.probing.operator_report import Verdict

__all__ = ["check_earlier_answers", "check_repeats"]

_MORE = 16  # calls: random numbers go one way in all of them once in 10^6, and less
_LONGEST_PERIOD = 8
_STEADY = 0.5  # cosine of two changes; that of random ones is -1/2 on average


def check_repeats(box: BlackBox, signal: NDArray, first: NDArray, tolerance: float) -> None:
    """Call a function again, with an input that it has answered.

    Parameters
    ----------
    first : ndarray
        The answer.
    tolerance : float
        Relative difference that counts as rounding.

    Raises
    ------
    MisbehaviourError
        Where it gives another answer: with the verdict `stateful` or `random`.

    Examples
    --------
    >>> from itertools import count
    >>> calls = count()
    >>> box, signal = BlackBox(lambda x: x + next(calls), 2), np.ones(2)
    >>> try:
    ...     check_repeats(box, signal, box(signal), 1e-14)
    ... except MisbehaviourError as error:
    ...     print(error.verdict, error)
    stateful returns something else for the same input: ... it changes steadily from call to call
    """
    again = box(signal)
    if _agree(first, again, tolerance):
        return
    answers = [again, *(box(signal) for _ in range(_MORE))]
    how = _how_it_depends(answers, tolerance)
    differs = (
        "returns something else for the same input: it differs by "
        f"{np.abs(again - first).max():.3g} in outputs of up to {np.abs(first).max():.3g}"
    )
    if how:
        raise MisbehaviourError(
            Verdict.STATEFUL, f"{differs}, which depends on the calls before: {how}"
        )
    raise MisbehaviourError(
        Verdict.RANDOM, f"{differs}; it is random, or depends on the calls before"
    )


def check_earlier_answers(box: BlackBox, tolerance: float) -> None:
    """Give a function its first inputs again, the last of them first.

    Raises
    ------
    MisbehaviourError
        As `check_repeats`; and where it now refuses an input that it has answered.
    """
    for signal, answer in reversed(box.first_answers):
        try:
            check_repeats(box, signal, answer, tolerance)
        except MisbehaviourError as error:
            if error.verdict in (Verdict.STATEFUL, Verdict.RANDOM):
                raise
            raise MisbehaviourError(
                Verdict.STATEFUL, f"{error}, for an input that it has answered before"
            ) from error


def _how_it_depends(answers: Sequence[NDArray], tolerance: float) -> str:
    """In words, from answers to one input in a row; nothing where no order is seen."""
    if all(_agree(answers[-1], one, tolerance) for one in answers[len(answers) // 2 :]):
        return "asked the same again, it settles"
    for period in range(2, _LONGEST_PERIOD + 1):
        pairs = zip(answers, answers[period:], strict=False)
        if all(_agree(one, other, tolerance) for one, other in pairs):
            return f"every {period} calls it repeats itself"
    changes = [np.ravel(b - a) for a, b in pairwise(answers)]
    if all(_cosine(a, b) > _STEADY for a, b in pairwise(changes)):
        return "asked the same again, it changes steadily from call to call"
    return ""


def _agree(one: NDArray, other: NDArray, tolerance: float) -> bool:
    return ratio(norm(one - other), norm(one)) <= tolerance


def _cosine(one: NDArray, other: NDArray) -> float:
    return best_factor(one, other).real * ratio(norm(one), norm(other))
