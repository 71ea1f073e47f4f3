"""Along one axis, the runs of consecutive outputs whose matrix rows are one shifted pattern.

All interior outputs have the same row, moved by one column each; under `zero` and
`replicate` the outputs far outside have the same row, not moved at all; under `symmetric`
a reflected stretch moves backwards. Only where the window straddles an edge is a row its own.
A convolution matrix is therefore a grid of boxes, one for each combination of runs, and the
work that depends on boundaries is done once for each box.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension

__all__ = ["Run", "data_runs", "kernel_runs"]


@dataclass(frozen=True, eq=False)
class Run:
    """Outputs ``start ... stop - 1`` of one axis, and the row of the first of them.

    Attributes
    ----------
    start, stop : int
    step : int
        By how many columns the pattern moves from one output to the next.
    columns : ndarray of intp, shape (m,)
        The distinct signal samples that the first output reads, ascending.
    taps : ndarray of intp, shape (t,)
        Kernel indices, those of one column side by side.
    weights : ndarray of float64, shape (t,)
        The extension's weight for each of `taps`.
    groups : ndarray of intp, shape (m,)
        Where in `taps` each column begins.
    """

    start: int
    stop: int
    step: int
    columns: NDArray[np.intp]
    taps: NDArray[np.intp]
    weights: NDArray[np.float64]
    groups: NDArray[np.intp]

    @property
    def length(self) -> int:
        """Number of outputs."""
        return self.stop - self.start

    def gather(self, kernel: NDArray, axis: int) -> NDArray:
        """Row values: along `axis`, kernel entries become the sums that meet in each column."""
        taken = np.take(kernel, self.taps, axis=axis)
        if taken.dtype == np.bool_:
            return self._sum(np.logical_or, taken, axis)
        if not np.all(self.weights == 1):
            shape = [1] * kernel.ndim
            shape[axis] = -1
            taken *= self.weights.reshape(shape).astype(kernel.real.dtype)
        return self._sum(np.add, taken, axis)

    def _sum(self, operation: np.ufunc, taken: NDArray, axis: int) -> NDArray:
        if self.columns.size == self.taps.size:
            return taken
        return operation.reduceat(taken, self.groups, axis=axis)


def kernel_runs(extension: Extension, kernel_size: int) -> list[Run]:
    """The runs of H along one axis, for outputs that read `extension` in order.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> e = extension(Boundary.REPLICATE, 6, -1, 7)
    >>> [(r.start, r.stop, r.columns.tolist()) for r in kernel_runs(e, 3)]
    [(0, 1, [0, 1]), (1, 5, [0, 1, 2]), (5, 6, [4, 5])]
    """
    outputs = extension.indices.shape[1] - kernel_size + 1
    steps = _steps(extension)
    stretch = np.concatenate([[0], np.cumsum(steps[1:] != steps[:-1])])
    # Outputs o and o + 1 share a run when every sample of the window makes the same step.
    first, last = stretch[: outputs - 1], stretch[kernel_size - 1 :]
    joined = (first == last) & (steps[: outputs - 1] != _NO_STEP)
    breaks = ~joined
    if kernel_size == 1:  # two stretches can follow each other without a break between them
        breaks[1:] |= first[1:] != first[:-1]
    bounds = [0, *(np.flatnonzero(breaks) + 1).tolist(), outputs]
    return [
        _run(extension, kernel_size, start, stop, int(steps[start]) if stop - start > 1 else 0)
        for start, stop in pairwise(bounds)
    ]


_NO_STEP = 2


def _steps(extension: Extension) -> NDArray[np.intp]:
    """By how much the sample read moves from each position to the next: -1, 0, 1 or no step."""
    indices, weights = extension.indices, extension.weights
    steps = np.where(weights[0, 1:] == 0, 0, np.diff(indices[0]))
    same_weight = weights[0, 1:] == weights[0, :-1]
    alone = np.all(weights[1:] == 0, axis=0)
    regular = same_weight & alone[1:] & alone[:-1] & (np.abs(steps) <= 1)
    return np.where(regular, steps, _NO_STEP)


def _run(extension: Extension, kernel_size: int, start: int, stop: int, step: int) -> Run:
    window = slice(start, start + kernel_size)
    columns = extension.indices[:, window][:, ::-1]
    weights = extension.weights[:, window][:, ::-1]
    taps = np.broadcast_to(np.arange(kernel_size), columns.shape)
    used = weights != 0
    columns, weights, taps = columns[used], weights[used], taps[used]
    order = np.argsort(columns, kind="stable")
    columns = columns[order]
    groups = np.flatnonzero(np.diff(columns, prepend=-1))
    return Run(start, stop, step, columns[groups], taps[order], weights[order], groups)


def data_runs(extension: Extension, kernel_size: int) -> Iterator[tuple[int, int, int, int]]:
    """The runs of X along one axis: ``(start, stop, first, last)``.

    Outputs ``start ... stop - 1`` read the signal through the kernel entries
    ``first ... last - 1``: all of them, except where `zero` continues the signal by nothing.
    """
    outputs = extension.indices.shape[1] - kernel_size + 1
    read = np.flatnonzero(extension.weights[0])
    window_end = np.arange(outputs) + kernel_size - 1
    low, high = (read[0], read[-1]) if read.size else (0, -1)
    first = np.clip(window_end - high, 0, kernel_size)
    last = np.clip(window_end - low + 1, first, kernel_size)
    breaks = np.flatnonzero((np.diff(first) != 0) | (np.diff(last) != 0)) + 1
    bounds = [0, *breaks.tolist(), outputs]
    for start, stop in pairwise(bounds):
        yield start, stop, int(first[start]), int(last[start])
