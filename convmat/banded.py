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
from itertools import product
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convmat.threads import run

__all__ = ["Banded", "band_size", "convolve_axis"]

# OpenBLAS starts threads for larger products, which costs more than it brings in a loop.
_LARGEST_PRODUCT = 2**18
_SAMPLES_PER_TASK = 2**15
_PARALLEL = 2**24

Task = Callable[[], None]


def band_size(kernel_size: int, *, last: bool = False) -> int:
    """Outputs per band, measured; along the `last` axis or along another.

    Examples
    --------
    >>> band_size(7), band_size(7, last=True)
    (8, 16)
    """
    smallest = 16 if last else 8
    return max(smallest, min(kernel_size // 2, 64))


class Banded:
    """A kernel of two or more axes as bands along its last axis but one.

    Parameters
    ----------
    kernel : ndarray
        Of the dtype of the samples it will be applied to.
    outputs : int, optional
        Along that axis, if it is known: bands need no more rows.

    Examples
    --------
    >>> Banded(np.array([[1.0, 2.0]]))(np.array([[1.0, 10.0, 100.0]]))
    array([[ 12., 120.]])
    """

    def __init__(self, kernel: NDArray, outputs: int | None = None) -> None:
        self.shape = kernel.shape
        rows, taps = band_size(kernel.shape[-2]), kernel.shape[-2]
        rows = rows if outputs is None else min(rows, outputs)
        flipped = np.moveaxis(np.flip(kernel), -1, -2)  # leading taps, column taps, row taps
        self.bands = np.zeros((*flipped.shape[:-1], rows, rows + taps - 1), kernel.dtype)
        for row in range(rows):
            self.bands[..., row, row : row + taps] = flipped

    def __call__(self, samples: NDArray) -> NDArray:
        """Outputs of shape ``n - k + 1`` per axis."""
        shape = tuple(n - k + 1 for n, k in zip(samples.shape, self.shape, strict=True))
        outputs = np.empty(shape, samples.dtype)
        work = outputs.size * prod(self.bands.shape[:-2]) * self.bands.shape[-1]
        run(self._tasks(samples, outputs), parallel=work > _PARALLEL)
        return outputs

    def _tasks(self, samples: NDArray, outputs: NDArray) -> Iterator[Task]:
        height, width = self.bands.shape[-2:]
        *leading, rows, columns = outputs.shape
        across = max(1, min(columns, _LARGEST_PRODUCT // (height * width)))
        tall = height * max(1, _SAMPLES_PER_TASK // (height * across))
        whole = rows // height * height
        starts = [(row, min(row + tall, whole)) for row in range(0, whole, tall)]
        if whole < rows:
            starts.append((whole, rows))
        # Work space is used again by later tasks: fresh memory would cost as much as the work.
        spare: list[NDArray] = []
        for index in np.ndindex(*leading):
            for (row, stop), column in product(starts, range(0, columns, across)):
                block = slice(row, stop), slice(column, min(column + across, columns))
                yield partial(self._fill, samples, outputs, spare, index, *block)

    def _fill(
        self,
        samples: NDArray,
        outputs: NDArray,
        spare: list[NDArray],
        index: tuple[int, ...],
        rows: slice,
        columns: slice,
    ) -> None:
        """Sum over the leading and the column taps; the band sums over the row taps."""
        height, width = self.bands.shape[-2:]
        if rows.stop - rows.start < height:
            height, width = rows.stop - rows.start, width - height + rows.stop - rows.start
        blocks = (rows.stop - rows.start) // height
        across = columns.stop - columns.start
        shape = blocks, height, across
        space = spare.pop() if spare else np.empty((2, prod(shape)), outputs.dtype)
        if space.shape[1] < prod(shape):
            space = np.empty((2, prod(shape)), outputs.dtype)
        total, part = (flat[: prod(shape)].reshape(shape) for flat in space)
        target = total
        for taps in np.ndindex(self.bands.shape[:-2]):
            band, column = self.bands[taps], taps[-1]
            plane = samples[tuple(i + tap for i, tap in zip(index, taps[:-1], strict=True))]
            below, beside = plane.strides
            stack = as_strided(
                plane[rows.start :, columns.start + column :],
                (blocks, width, across),
                (height * below, below, beside),
                writeable=False,
            )
            np.matmul(band[:height, :width], stack, out=target)
            if target is part:
                np.add(total, part, out=total)
            target = part
        outputs[index][rows, columns] = total.reshape(-1, across)
        spare.append(space)


def convolve_axis(samples: NDArray, kernel: NDArray, axis: int) -> NDArray:
    """Convolve along one axis with a kernel of one axis; `samples` may have any number.

    Examples
    --------
    >>> convolve_axis(np.array([1.0, 10.0, 100.0]), np.array([1.0, 2.0]), 0)
    array([ 12., 120.])
    """
    if axis == samples.ndim - 1:
        return _last_axis(samples, kernel)
    lead, rest = prod(samples.shape[:axis]), prod(samples.shape[axis + 1 :])
    banded = Banded(kernel.reshape(1, -1, 1), samples.shape[axis] - kernel.size + 1)
    outputs = banded(samples.reshape(lead, -1, rest))
    return outputs.reshape(*samples.shape[:axis], -1, *samples.shape[axis + 1 :])


def _last_axis(samples: NDArray, kernel: NDArray) -> NDArray:
    """Samples times bands: here the samples of a block lie side by side."""
    size = samples.shape[-1] - kernel.size + 1
    step = min(band_size(kernel.size, last=True), size)
    band = np.zeros((step + kernel.size - 1, step), samples.dtype)
    for column in range(step):
        band[column : column + kernel.size, column] = kernel[::-1]
    outputs = np.empty((*samples.shape[:-1], size), samples.dtype)
    table, target = samples.reshape(-1, samples.shape[-1]), outputs.reshape(-1, size)
    # Windows of few long rows are copied side by side, for BLAS takes no overlapping rows.
    strips = _row_strips(table, target, band) if len(table) < 8 else _tiles(table, target, band)
    run(strips, parallel=outputs.size * len(band) > _PARALLEL)
    return outputs


def _tiles(table: NDArray, target: NDArray, band: NDArray) -> Iterator[Task]:
    width, step = band.shape
    size = target.shape[1]
    whole = size // step * step
    height = max(1, min(256, _LARGEST_PRODUCT // band.size))

    def fill(first: int) -> None:
        rows = table[first : first + height]
        into = target[first : first + height]
        stack = _windows(rows, whole // step, step, width)
        np.matmul(stack, band, out=_windows(into, whole // step, step, step))
        if whole < size:
            narrow = band[: width - step + size - whole, : size - whole]
            into[:, whole:] = rows[:, whole:] @ narrow

    for first in range(0, len(table), height):
        yield partial(fill, first)


def _row_strips(table: NDArray, target: NDArray, band: NDArray) -> Iterator[Task]:
    width, step = band.shape
    size = target.shape[1]
    whole = size // step * step
    count = max(1, _LARGEST_PRODUCT // band.size)

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
