"""The matrix of what is linear in a function, and whether it explains the function.

A matrix made of answers to impulses says how the function treats impulses. It is the function's
matrix if it tells the answers to other signals too, which is tried.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.memory import require_memory
from convmat.probing.black_box import BlackBox
from convmat.probing.impulses import (
    calls_of,
    matrix_by_columns,
    matrix_by_shared_calls,
    reach_of_answers,
)
from convmat.probing.linearity import Linearity
from convmat.probing.norms import norm, ratio
from convmat.probing.operator_report import Verdict
from convmat.probing.regimes import Regime, random_signal
from convmat.probing.repeats import check_repeats

__all__ = ["LinearPart", "find_linear_part"]

_EPS = float(np.finfo(np.float64).eps)
_LEAST = 100 * _EPS  # what a matrix's entries may be off by, relative to the largest
_NOISE = 0.16  # of that, which an entry may be where it should be 0
_STEPS = 4  # by which rounding inputs, outputs and what is in between may disagree
_CHECKS = 2


class LinearPart(NamedTuple):
    """A function as ``x -> matrix @ x + offset``.

    `matrix` is None where there is none to be had; `entry_error` is by how much an entry may be
    off; `notes` say why.
    """

    verdict: Verdict
    offset: NDArray
    matrix: sparse.csr_array | None = None
    entry_error: float = float("nan")
    notes: tuple[str, ...] = ()


def find_linear_part(
    box: BlackBox, linearity: Linearity, rng: np.random.Generator, max_calls: int
) -> LinearPart:
    """Matrix and offset of a function, as far as it was found to have any.

    Raises
    ------
    MisbehaviourError
        Where it refuses to answer, or has another answer for zeros each time.

    Examples
    --------
    >>> from convmat.probing.linearity import measure_linearity
    >>> box, rng = BlackBox(lambda x: np.diff(x) + 5, 3), np.random.default_rng(0)
    >>> found = find_linear_part(box, measure_linearity(box, rng), rng, 100)
    >>> found.matrix.toarray(), found.offset
    (array([[-1.,  1.,  0.],
           [ 0., -1.,  1.]]), array([5., 5.]))
    """
    zeros = np.zeros(box.input_shape)
    offset = box(zeros)
    check_repeats(box, zeros, offset, linearity.tolerance)
    regime, verdict = linearity.regime, linearity.verdict
    if regime is None:
        return LinearPart(verdict, offset)
    relative = max(linearity.tolerance, _LEAST)
    if verdict is Verdict.AFFINE and np.abs(offset).max() <= relative * linearity.response:
        verdict = Verdict.LINEAR
    matrix, shared = _by_calls(box, regime, relative * _NOISE, max_calls)
    if matrix is None:
        samples = prod(box.input_shape)
        note = (
            "its matrix is not known: outputs depend on samples far away, so that it takes "
            f"{samples} calls, and max_calls is {max_calls}"
        )
        return LinearPart(verdict, offset, notes=(note,))
    largest = float(abs(matrix).max())
    at_base = box(np.full(box.input_shape, regime.base))
    largest += float(np.abs(at_base).max()) / regime.reach
    error = relative * largest + 2 * linearity.step / regime.reach
    if not _explains(box, matrix, regime, rng, relative, linearity.step):
        if shared:
            note = "its matrix is not known: impulses that shared a call were mixed up"
            return LinearPart(verdict, offset, notes=(f"{note}; raise max_calls",))
        note = "impulses are treated otherwise than other signals"
        return LinearPart(Verdict.NOT_LINEAR, offset, notes=(note,))
    notes: tuple[str, ...] = ()
    if verdict is Verdict.LIMITED:  # then `offset` tells nothing: zeros may be out of range
        added = np.ravel(at_base) - matrix @ np.full(matrix.shape[1], regime.base)
        terms = regime.base * int(np.diff(matrix.indptr).max())
        allowed = relative * linearity.response + _STEPS * linearity.step + terms * error
        if np.abs(added).max() > allowed:
            notes = (f"something is added there: {added[0]:.6g} to the first output",)
    return LinearPart(verdict, offset, matrix, error, notes)


def _by_calls(
    box: BlackBox, regime: Regime, noise: float, max_calls: int
) -> tuple[sparse.csr_array | None, bool]:
    """The matrix, and whether impulses shared calls."""
    samples, outputs = prod(box.input_shape), prod(box.output_shape or ())
    if samples <= max_calls:
        require_memory(
            16 * samples * outputs,
            f"the matrix of a function from {samples} samples to {outputs}",
            "probe it with a smaller input_shape",
        )
        return matrix_by_columns(box, regime, noise), False
    if len(box.output_shape or ()) != len(box.input_shape):
        return None, True
    lines = reach_of_answers(box, regime, noise)
    if calls_of(lines) > max_calls:
        return None, True
    return matrix_by_shared_calls(box, regime, lines, noise), True


def _explains(
    box: BlackBox,
    matrix: sparse.csr_array,
    regime: Regime,
    rng: np.random.Generator,
    relative: float,
    step: float,
) -> bool:
    at_base = box(np.full(box.input_shape, regime.base))
    longest = int(np.diff(matrix.indptr).max())
    for _ in range(_CHECKS):
        signal = random_signal(rng, box.input_shape, box.dtype, regime.reach)
        change = box(regime.base + signal) - at_base
        missing = np.ravel(change) - matrix @ signal.ravel()
        if step:
            # Every entry may be off by a step, for an impulse as large as the signal.
            excused = bool(np.abs(missing).max() <= (_STEPS + longest) * step)
        else:
            size = norm(change) + norm(at_base)
            excused = ratio(norm(missing), size) <= _STEPS * relative
        if not excused:
            return False
    return True
