"""What can be said of a matrix that is no convolution: how its rows follow one another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["describe_rows"]

_SHIFTS = (1, 2, 3, 4, -1)


def describe_rows(
    matrix: sparse.csr_array, n: Sequence[int], m: Sequence[int], tolerance: float
) -> tuple[str, ...]:
    """Sentences on strides, reversals, and shapes that are no mode's.

    Compared are the rows of the middle output and of the next one along each axis.

    Examples
    --------
    >>> every_second = sparse.csr_array(np.eye(12)[::2])
    >>> describe_rows(every_second, (12,), (6,), 0.0)[0]
    'along axis 0 it steps by 2 samples from output to output (a stride): see layer_matrix'
    """
    output = np.array([size // 2 for size in m])
    here = _row(matrix, output, n, m)
    shifts = []
    for axis, size in enumerate(m):
        step = np.zeros_like(output)
        step[axis] = 1 if output[axis] + 1 < size else -1
        there = _row(matrix, output + step, n, m) if size > 1 else None
        shifts.append(
            None if there is None else _shift(here, there, axis, int(step[axis]), tolerance)
        )
    notes = []
    for axis, shift in enumerate(shifts):
        if shift is None and m[axis] > 1:
            notes.append(f"along axis {axis} each output has a kernel of its own")
        elif shift == -1:
            notes.append(f"along axis {axis} it runs backwards: its output is reversed")
        elif shift is not None and shift > 1:
            notes.append(
                f"along axis {axis} it steps by {shift} samples from output to output (a stride): "
                "see layer_matrix"
            )
    if not notes:
        notes.append(
            f"an output of shape {tuple(m)} for an input of {tuple(n)} is not what full, same or "
            "valid make of its kernel: see layer_matrix"
            if tuple(m) != tuple(n)
            else "kernels differ from output to output"
        )
    return tuple(notes)


def _row(
    matrix: sparse.csr_array, output: NDArray[np.intp], n: Sequence[int], m: Sequence[int]
) -> NDArray:
    """What one output reads, in the signal's shape."""
    return matrix[[np.ravel_multi_index(tuple(output), tuple(m))]].toarray().reshape(tuple(n))


def _shift(here: NDArray, there: NDArray, axis: int, step: int, tolerance: float) -> int | None:
    """By how many samples `there` is `here` moved on along an axis, what is cut off aside."""
    for shift in _SHIFTS:
        size = here.shape[axis] - abs(shift)
        if size < 1:
            continue
        kept = np.arange(size)
        moved = shift * step
        source, target = (kept, kept + moved) if moved > 0 else (kept - moved, kept)
        seen = np.take(here, source, axis=axis)
        if seen.any() and np.abs(np.take(there, target, axis=axis) - seen).max() <= tolerance:
            return shift
    return None
