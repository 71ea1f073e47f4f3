"""Direct convolution by products with small banded Toeplitz matrices.

A block of R consecutive outputs along an axis is an R x (R + k - 1) band, the kernel in every
row, times the samples it reads. The band spends (R + k - 1) / k times the multiplications of
the sum itself, but they are BLAS's: for kernels up to about 9 x 9, and along one axis of a
separable kernel, nothing else that NumPy offers is as fast. Many blocks go through one call
of matmul, as a stack of overlapping views.

All functions compute the `valid` convolution: every output reads only samples that are there.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil, prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convmat.threads import run, unshared_product

__all__ = ["Band", "band_size", "bands", "convolve_axis", "row_blocks"]

# Measured: smaller tasks stay in the cache, but threads wait for each other between them.
SAMPLES_PER_TASK = 2**17
LARGE_WORK = 2**22
_FEW_ROWS, _FEW_ROWS_BAND = 8, 16

Task = Callable[[], object]


def band_size(kernel_size: int, *, alone: bool = False) -> int:
    """Outputs per band, measured; `alone`, a band's products are all there is to compute.

    Examples
    --------
    >>> band_size(31), band_size(31, alone=True)
    (15, 8)
    """
    return max(8, min(kernel_size // (4 if alone else 2), 64))


class Band:
    """A kernel of one axis, for tables.

    Parameters
    ----------
    kernel : ndarray, shape (k,)
        Of the dtype of the samples.
    step : int
        Outputs per band.

    Examples
    --------
    >>> band = Band(np.array([1.0, 2.0]), 2)
    >>> band.rows
    array([[2., 1., 0.],
           [0., 2., 1.]])
    >>> band.down(np.array([[1.0], [10.0], [100.0]]), np.empty((2, 1)))
    array([[ 12.],
           [120.]])
    >>> band.across(np.array([[1.0, 10.0, 100.0]]), np.empty((1, 2)))
    array([[ 12., 120.]])
    """

    def __init__(self, kernel: NDArray, step: int) -> None:
        self.rows = bands(kernel[:, np.newaxis], step)[0]
        self.columns = np.ascontiguousarray(self.rows.T)

    def down(self, samples: NDArray, out: NDArray) -> NDArray:
        """Convolve along the first axis of a table; `out` has k - 1 rows less."""
        step, width = self.rows.shape
        count, rest = divmod(len(out), step)
        tile = max(1, unshared_product(self.rows.dtype) // self.rows.size)
        tile = ceil(out.shape[1] / ceil(out.shape[1] / tile))
        for left in range(0, out.shape[1], tile):
            source, target = samples[:, left : left + tile], out[:, left : left + tile]
            if count:
                blocks = target[: count * step].reshape(count, step, -1)
                np.matmul(self.rows, row_blocks(source, count, step, width), out=blocks)
            if rest:
                narrow = self.rows[:rest, : width - step + rest]
                np.matmul(narrow, source[count * step :], out=target[count * step :])
        return out

    def across(self, samples: NDArray, out: NDArray) -> NDArray:
        """Convolve along the second axis of a table; `out` has k - 1 columns less."""
        width, step = self.columns.shape
        count, rest = divmod(out.shape[1], step)
        tile = max(1, unshared_product(self.rows.dtype) // self.columns.size)
        for top in range(0, len(out), tile):
            source, target = samples[top : top + tile], out[top : top + tile]
            if count:
                blocks = target[:, : count * step].reshape(-1, count, step).transpose(1, 0, 2)
                np.matmul(_windows(source, count, step, width), self.columns, out=blocks)
            if rest:
                narrow = self.columns[: width - step + rest, :rest]
                np.matmul(source[:, count * step :], narrow, out=target[:, count * step :])
        return out


def bands(kernel: NDArray, step: int) -> NDArray:
    """The flipped kernel's last axis but one in every row, of shape (..., step, step + k - 1)."""
    flipped = np.moveaxis(np.flip(kernel), -1, -2)  # leading taps, column taps, row taps
    taps = flipped.shape[-1]
    bands = np.zeros((*flipped.shape[:-1], step, step + taps - 1), kernel.dtype)
    for row in range(step):
        bands[..., row, row : row + taps] = flipped
    return bands


def row_blocks(rows: NDArray, count: int, step: int, height: int) -> NDArray:
    """A stack of `count` tables of rows, each `height` high and `step` below the last."""
    below, beside = rows.strides
    shape = count, height, rows.shape[1]
    return as_strided(rows, shape, (step * below, below, beside))


def convolve_axis(
    samples: NDArray, kernel: NDArray, axis: int, out: NDArray | None = None
) -> NDArray:
    """Convolve along one axis with a kernel of one axis; `samples` may have any number.

    The outputs are written to `out` where that is given: an array, or a part of one along `axis`.

    Examples
    --------
    >>> convolve_axis(np.array([1.0, 10.0, 100.0]), np.array([1.0, 2.0]), 0)
    array([ 12., 120.])
    """
    size = samples.shape[axis] - kernel.size + 1
    if out is None:
        out = np.empty((*samples.shape[:axis], size, *samples.shape[axis + 1 :]), samples.dtype)
    step = min(band_size(kernel.size, alone=True), size)
    if axis == samples.ndim - 1:
        tables, targets = samples.reshape(-1, samples.shape[-1]), out.reshape(-1, size)
        tasks = _across_tasks(tables, kernel, step, targets)
    else:
        lead, rest = prod(samples.shape[:axis]), prod(samples.shape[axis + 1 :])
        planes = zip(samples.reshape(lead, -1, rest), out.reshape(lead, size, rest), strict=True)
        tasks = _down_tasks(planes, kernel, step)
    run(tasks, parallel=out.size * (step + kernel.size - 1) > LARGE_WORK)
    return out


def _down_tasks(
    planes: Iterator[tuple[NDArray, NDArray]], kernel: NDArray, step: int
) -> Iterator[Task]:
    band = Band(kernel, step)
    for plane, target in planes:
        tall = step * max(1, SAMPLES_PER_TASK // (step * target.shape[1]))
        for row in range(0, len(target), tall):
            reads = plane[row : row + tall + kernel.size - 1]
            yield partial(band.down, reads, target[row : row + tall])


def _across_tasks(table: NDArray, kernel: NDArray, step: int, target: NDArray) -> Iterator[Task]:
    if len(table) < _FEW_ROWS:
        # Windows of few long rows are copied side by side: BLAS takes no overlapping rows.
        band = Band(kernel, min(max(step, _FEW_ROWS_BAND), target.shape[1]))
        yield from _row_strips(table, target, band.columns)
        return
    band = Band(kernel, step)
    tall = max(1, SAMPLES_PER_TASK // target.shape[1])
    for row in range(0, len(target), tall):
        yield partial(band.across, table[row : row + tall], target[row : row + tall])


def _row_strips(table: NDArray, target: NDArray, band: NDArray) -> Iterator[Task]:
    width, step = band.shape
    size = target.shape[1]
    whole = size // step * step
    count = max(1, unshared_product(band.dtype) // band.size)

    def fill(row: int, first: int) -> None:
        last = min(first + count * step, whole)
        windows = _windows(table[row : row + 1, first:], (last - first) // step, step, width)
        target[row, first:last] = (np.ascontiguousarray(windows[:, 0]) @ band).ravel()

    def finish(row: int) -> None:
        narrow = band[: width - step + size - whole, : size - whole]
        target[row, whole:] = table[row, whole:] @ narrow

    for row in range(len(table)):
        for first in range(0, whole, count * step):
            yield partial(fill, row, first)
        if whole < size:
            yield partial(finish, row)


def _windows(rows: NDArray, count: int, step: int, width: int) -> NDArray:
    """A stack of `count` tables side by side, each `width` wide and `step` after the last."""
    below, beside = rows.strides
    return as_strided(rows, (count, len(rows), width), (step * beside, below, beside))
