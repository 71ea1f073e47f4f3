"""Along one axis, the runs of consecutive outputs whose matrix rows are one shifted pattern.

All interior outputs have the same row, moved by one column each; under `zero` and
`replicate` the outputs far outside have the same row, not moved at all; under `symmetric`
a reflected stretch moves backwards. Only where the window straddles an edge is a row its own.
A convolution matrix is therefore a grid of boxes, one for each combination of runs, and the
work that depends on boundaries is done once for each box.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension

__all__ = ["Row", "Run", "data_runs", "kernel_runs", "window_runs"]


@dataclass(frozen=True, eq=False)
class Row:
    """Which samples one output reads along one axis, and through which kernel entries.

    Attributes
    ----------
    columns : ndarray of intp, shape (m,)
        The distinct signal samples that are read, ascending.
    taps : ndarray of intp, shape (t,)
        Kernel entries, those that meet in one column side by side.
    weights : ndarray of float64, shape (t,)
        The extension's weight for each of `taps`.
    groups : ndarray of intp, shape (m,)
        Where in `taps` each column begins.
    """

    columns: NDArray[np.intp]
    taps: NDArray[np.intp]
    weights: NDArray[np.float64]
    groups: NDArray[np.intp]

    def gather(self, kernel: NDArray, axis: int) -> NDArray:
        """Row values: along `axis`, kernel entries become the sums that meet in each column."""
        return self.combine(np.take(kernel, self.taps, axis=axis), axis)

    def combine(self, taken: NDArray, axis: int) -> NDArray:
        """The same where `axis` of `taken`, which is overwritten, holds one entry for each tap."""
        if taken.dtype == np.bool_:
            return self._sum(np.logical_or, taken, axis)
        if not np.all(self.weights == 1):
            shape = [1] * taken.ndim
            shape[axis] = -1
            taken *= self.weights.reshape(shape).astype(taken.real.dtype)
        return self._sum(np.add, taken, axis)

    def _sum(self, operation: np.ufunc, taken: NDArray, axis: int) -> NDArray:
        if self.columns.size == self.taps.size:
            return taken
        return operation.reduceat(taken, self.groups, axis=axis)


@dataclass(frozen=True, eq=False)
class Run:
    """Outputs ``start ... stop - 1`` of one axis, whose rows are one pattern, moved along.

    Attributes
    ----------
    start, stop : int
    step : int
        By how many columns the pattern moves from one output to the next.
    size : int
        Number of columns in each row.
    spread : int
        Number of columns, at most, that one kernel entry falls into.
    row : callable
        Works out the row of the first output. It is not kept, because along one long axis
        the rows of all runs together are as large as the matrix.
    """

    start: int
    stop: int
    step: int
    size: int
    spread: int
    row: Callable[[], Row]


def kernel_runs(extension: Extension, kernel_size: int, used: NDArray[np.intp]) -> list[Run]:
    """The runs of H along one axis, for outputs that read `extension` in order.

    Only the kernel entries `used` (ascending) count, and rows count them from 0: runs are
    long where a large kernel is mostly zeros.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> e = extension(Boundary.REPLICATE, 6, -1, 7)
    >>> [(r.start, r.stop, r.row().columns.tolist()) for r in kernel_runs(e, 3, np.arange(3))]
    [(0, 1, [0, 1]), (1, 5, [0, 1, 2]), (5, 6, [4, 5])]
    """
    outputs = extension.indices.shape[1] - kernel_size + 1
    return window_runs(extension, kernel_size - 1 - used, outputs)


def window_runs(
    extension: Extension, offsets: NDArray[np.intp], outputs: int, stride: int = 1
) -> list[Run]:
    """The runs of outputs o that read ``extension[o * stride + offsets]``, one offset an entry.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> e = extension(Boundary.ZERO, 9, -1, 10)
    >>> [(r.start, r.stop, r.step) for r in window_runs(e, np.array([0, 2]), 5, stride=2)]
    [(0, 1, 0), (1, 4, 2), (4, 5, 0)]
    """
    steps = {0b000: 0, 0b001: -stride, 0b010: 0, 0b100: stride}
    moves = _moves(extension, steps, stride)
    together = np.zeros(outputs - 1, dtype=np.uint8)
    for offset in offsets:
        together |= moves[offset : offset + (outputs - 1) * stride : stride]
    # Outputs o and o + 1 share a run when everything that they read makes the same step.
    joined = np.isin(together, list(steps))
    breaks = ~joined
    breaks[1:] |= joined[:-1] & (together[1:] != together[:-1])
    bounds = [0, *(np.flatnonzero(breaks) + 1).tolist(), outputs]
    runs = []
    for start, stop in pairwise(bounds):
        step = steps[int(together[start])] if stop - start > 1 else 0
        first = start * stride
        size, spread = _measure(extension, offsets, first)
        runs.append(Run(start, stop, step, size, spread, partial(_row, extension, offsets, first)))
    return runs


_IRREGULAR = 0b1000


def _moves(extension: Extension, steps: dict[int, int], stride: int) -> NDArray[np.uint8]:
    """How the sample read moves from each position to that a stride on: a set of steps, as bits.

    Empty, and free to join any other, from one position that reads nothing to another.
    """
    samples, weights = extension.indices[0], extension.weights[0]
    several = np.any(extension.weights[1:] != 0, axis=0)
    nothing = (weights == 0) & ~several
    moved = samples[stride:] - samples[:-stride]
    moves = np.full(moved.shape, _IRREGULAR, dtype=np.uint8)
    for bits, step in steps.items():
        moves[moved == step] = bits
    irregular = weights[stride:] != weights[:-stride]
    moves[irregular | several[stride:] | several[:-stride]] = _IRREGULAR
    moves[nothing[stride:] & nothing[:-stride]] = 0
    return moves


def _measure(extension: Extension, offsets: NDArray[np.intp], first: int) -> tuple[int, int]:
    """Numbers of columns: of a row, and at most of one kernel entry. Cheaper than the row."""
    reading = extension.weights[:, first + offsets] != 0
    columns = np.sort(extension.indices[:, first + offsets][reading])
    size = min(columns.size, 1) + int(np.count_nonzero(np.diff(columns)))
    return size, int(reading.sum(axis=0).max(initial=0))


def _row(extension: Extension, offsets: NDArray[np.intp], first: int) -> Row:
    weights = extension.weights[:, first + offsets]
    terms, taps = np.nonzero(weights)
    columns = extension.indices[terms, first + offsets[taps]]
    order = np.argsort(columns, kind="stable")
    columns, terms, taps = columns[order], terms[order], taps[order]
    groups = np.flatnonzero(np.diff(columns, prepend=-1))
    return Row(columns[groups], taps, weights[terms, taps], groups)


def data_runs(extension: Extension, kernel_size: int) -> Iterator[tuple[int, int, int, int]]:
    """The runs of X along one axis: ``(start, stop, first, last)``.

    Outputs ``start ... stop - 1`` read the signal through the kernel entries
    ``first ... last - 1``: all of them, except where `zero` continues the signal by nothing.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> list(data_runs(extension(Boundary.ZERO, 6, -1, 7), 3))
    [(0, 1, 0, 2), (1, 5, 0, 3), (5, 6, 1, 3)]
    """
    outputs = extension.indices.shape[1] - kernel_size + 1
    read = np.flatnonzero(extension.weights[0])
    low, high = (int(read[0]), int(read[-1])) if read.size else (outputs + kernel_size, -1)
    # The window begins to read at its far end, and stops reading at its near one.
    entering = range(max(low - kernel_size + 1, 1), min(low + 1, outputs))
    leaving = range(max(high - kernel_size + 2, 1), min(high + 2, outputs))
    bounds = sorted({0, *entering, *leaving, outputs})
    for start, stop in pairwise(bounds):
        first = min(max(start + kernel_size - 1 - high, 0), kernel_size)
        yield start, stop, first, max(min(start + kernel_size - low, kernel_size), first)
