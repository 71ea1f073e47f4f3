"""CSR arrays filled block by block, without a COO detour and without a sort.

The rows of the matrix form a grid of boxes; within a box every row stores as many entries
as every other. The rows of a box are then regularly spaced in the CSR arrays, so a box is a
strided view of them, and filling it is one broadcast assignment. Large boxes are cut up and
filled on several threads (NumPy releases the interpreter's lock), which is worth it because most
of the time goes into touching fresh memory.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.sparse import csr_array

from convmat.geometry import Geometry
from convmat.memory import require_memory
from convmat.threads import run

__all__ = [
    "WITHOUT_MATRIX",
    "RowBlocks",
    "element_strides",
    "grid",
    "index_dtype",
    "require_rows",
    "require_workspace",
    "row_counts",
]

WITHOUT_MATRIX = (
    "convmat.ConvolutionOperator and convmat.DataOperator multiply without the matrix, and "
    "convmat.convolve computes the same outputs"
)

# Strips well over a huge page (2 MiB), or two threads touch the same fresh page at once.
_ENTRIES_PER_STRIP = 2**21
# What working out an extension and its runs takes for each position, measured.
_EXTENSION_BYTES = 48

Box = tuple[slice, ...]
Task = Callable[[], None]


def row_counts(sizes: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Entries per row for every box of the grid: the product of one size per axis."""
    result = np.ones((), dtype=np.int64)
    for axis in sizes:
        result = np.multiply.outer(result, np.array(axis, dtype=np.int64))
    return result


def grid(parts: Sequence[NDArray]) -> NDArray:
    """For every combination, the sum of one number per axis."""
    return reduce(np.add.outer, parts)


def element_strides(shape: tuple[int, ...]) -> list[int]:
    """How far apart neighbours along each axis lie in C order, in elements."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def index_dtype(entries: int, shape: tuple[int, int]) -> np.dtype:
    """Of the indices of a matrix: int32 while everything fits, int64 beyond."""
    return np.dtype(np.int32 if max(entries, *shape) <= np.iinfo(np.int32).max else np.int64)


def require_workspace(geometry: Geometry, shape: tuple[int, int], itemsize: int = 0) -> None:
    """Refuse what is too large even to be worked out: row pointers and the extended signal."""
    per_axis = _EXTENSION_BYTES * sum(geometry.extended_shape)
    needed = 4 * shape[0] + per_axis + itemsize * prod(geometry.extended_shape)
    require_memory(needed, f"the layout of a {shape[0]} x {shape[1]} matrix", WITHOUT_MATRIX)


def require_rows(
    counts: NDArray,
    bounds: Sequence[NDArray],
    shape: tuple[int, int],
    dtype: np.dtype,
    format: str,
) -> None:
    """Refuse a matrix of these counts of entries per row that would not fit in memory.

    Other formats than CSR are made from it, so that both are there at the same time.
    """
    total = counts.astype(object)  # Python ints: the product can pass 2**63
    for bound in bounds:
        total = np.tensordot(total, np.diff(bound).astype(object), axes=(0, 0))
    entries = int(total)
    rows, columns = shape
    index = index_dtype(entries, shape).itemsize
    needed = entries * (dtype.itemsize + index) + (rows + 1) * index
    match format:
        case "csc":
            needed += entries * (dtype.itemsize + index) + (columns + 1) * index
        case "coo":
            needed += entries * (dtype.itemsize + 2 * index)
        case "dense":
            needed += rows * columns * dtype.itemsize
    what = f"a {rows} x {columns} matrix of {entries} entries"
    require_memory(needed, what if format == "csr" else f"{what} as {format}", WITHOUT_MATRIX)


class RowBlocks:
    """A CSR matrix under construction.

    Parameters
    ----------
    bounds : sequence of arrays
        Per axis of the output, where the boxes begin and, last, the size of the axis.
    counts : ndarray of int64
        Entries per row, one number for each box of the grid.
    columns : int
        Number of columns of the matrix.
    dtype : dtype
    """

    def __init__(
        self, bounds: Sequence[NDArray], counts: NDArray[np.int64], columns: int, dtype: np.dtype
    ) -> None:
        per_row = counts
        for axis, bound in enumerate(bounds):
            per_row = np.repeat(per_row, np.diff(bound), axis=axis)
        entries = int(per_row.sum())
        self.shape = (per_row.size, columns)
        dtype_of_indices = index_dtype(entries, self.shape)
        self.indptr = np.zeros(per_row.size + 1, dtype=dtype_of_indices)
        np.cumsum(per_row, out=self.indptr[1:])
        self.starts = self.indptr[:-1].reshape(per_row.shape)
        self.indices = np.empty(entries, dtype=dtype_of_indices)
        self.data = np.empty(entries, dtype=dtype)

    def lines(self, array: NDArray, box: Box, row_entries: int) -> NDArray:
        """The entries of a box in `array`, which is `data` or `indices`.

        Rows that follow each other along the last axis of the box are neighbours in memory:
        they are one line. The other axes of the box come first.
        """
        starts = self.starts[box]
        first = (0,) * starts.ndim
        strides = []
        for axis, size in enumerate(starts.shape[:-1]):
            second = (*first[:axis], min(1, size - 1), *first[axis + 1 :])
            strides.append(int(starts[second] - starts[first]) * array.itemsize)
        shape = (*starts.shape[:-1], starts.shape[-1] * row_entries)
        return as_strided(array[starts[first] :], shape, (*strides, array.itemsize))

    def strips(self, start: int, stop: int) -> Iterator[slice]:
        """Cut outputs of the first axis into strips, each a stretch of memory of its own.

        Whoever fills a strip fills all of it, so that its pages are first touched by one
        thread and written again while they are in that thread's cache.
        """
        rows_before = self.starts.reshape(len(self.starts), -1)[:, 0]
        last = rows_before[stop] if stop < len(rows_before) else self.indptr[-1]
        entries = int(last - rows_before[start]) // (stop - start)
        step = max(1, _ENTRIES_PER_STRIP // max(entries, 1))
        for first in range(start, stop, step):
            yield slice(first, min(first + step, stop))

    def finish(self, tasks: Iterator[Task]) -> csr_array:
        """Carry out the tasks that fill the arrays, and return the matrix."""
        run(tasks, parallel=self.data.size > _ENTRIES_PER_STRIP)
        matrix = csr_array((self.data, self.indices, self.indptr), shape=self.shape)
        matrix.has_sorted_indices = True
        matrix.has_canonical_format = True
        return matrix
