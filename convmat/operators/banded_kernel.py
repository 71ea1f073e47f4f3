"""Direct convolution with a kernel of two or more axes: one band for each of its columns.

    y = sum over columns b of  band_b (x shifted by b)

Each band sums over the taps of one column of the kernel, for blocks of rows (`banded`); the sum
over columns, and over the taps of leading axes, adds their products up.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from convmat.banded import LARGE_WORK, SAMPLES_PER_TASK, Task, band_size, bands, row_blocks
from convmat.threads import run, unshared_product

__all__ = ["Banded"]


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
        rows = band_size(kernel.shape[-2])
        self.bands = bands(kernel, rows if outputs is None else min(rows, outputs))

    def __call__(self, samples: NDArray) -> NDArray:
        """Outputs of shape ``n - k + 1`` per axis."""
        shape = tuple(n - k + 1 for n, k in zip(samples.shape, self.shape, strict=True))
        outputs = np.empty(shape, samples.dtype)
        work = outputs.size * prod(self.bands.shape[:-2]) * self.bands.shape[-1]
        run(self._tasks(samples, outputs), parallel=work > LARGE_WORK)
        return outputs

    def _tasks(self, samples: NDArray, outputs: NDArray) -> Iterator[Task]:
        height, width = self.bands.shape[-2:]
        *leading, rows, columns = outputs.shape
        across = max(1, min(columns, unshared_product(outputs.dtype) // (height * width)))
        tall = height * max(1, SAMPLES_PER_TASK // (height * across))
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
        total = row_blocks(outputs[index][rows, columns], blocks, height, height)
        first, *others = np.ndindex(self.bands.shape[:-2])

        def products(taps: tuple[int, ...], out: NDArray) -> NDArray:
            plane = samples[tuple(i + tap for i, tap in zip(index, taps[:-1], strict=True))]
            reads = plane[rows.start :, columns.start + taps[-1] : columns.stop + taps[-1]]
            stack = row_blocks(reads, blocks, height, width)
            return np.matmul(self.bands[taps][:height, :width], stack, out=out)

        products(first, total)
        if others:
            space = spare.pop() if spare else np.empty(total.size, total.dtype)
            if space.size < total.size:
                space = np.empty(total.size, total.dtype)
            part = space[: total.size].reshape(total.shape)
            for taps in others:
                np.add(total, products(taps, part), out=total)
            spare.append(space)
