"""CSR arrays filled block by block, without a COO detour and without a sort.

The rows of the matrix form a grid of boxes; within a box every row stores as many entries
as every other. The rows of a box are then regularly spaced in the CSR arrays, so a box is a
strided view of them, and filling it is one broadcast assignment. Large boxes are cut up and
filled on two threads (NumPy releases the interpreter's lock), which is worth it because most
of the time goes into touching fresh memory.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from threading import Lock, Thread

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.sparse import csr_array

from convmat.memory import require_memory

__all__ = ["WITHOUT_MATRIX", "RowBlocks", "require_rows", "row_counts"]

WITHOUT_MATRIX = "convmat.convolve computes the same outputs without the matrix"

# Strips well over a huge page (2 MiB), or two threads touch the same fresh page at once.
_ENTRIES_PER_STRIP = 2**21
_MAX_THREADS = 4

Box = tuple[slice, ...]
Task = Callable[[], None]


def row_counts(sizes: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Entries per row for every box of the grid: the product of one size per axis."""
    result = np.ones((), dtype=np.int64)
    for axis in sizes:
        result = np.multiply.outer(result, np.array(axis, dtype=np.int64))
    return result


def require_rows(
    counts: NDArray, bounds: Sequence[NDArray], shape: tuple[int, int], dtype: np.dtype
) -> None:
    """Refuse a matrix of these counts of entries per row that would not fit in memory."""
    entries = counts.astype(object)  # Python ints: the product can pass 2**63
    for bound in bounds:
        entries = np.tensordot(entries, np.diff(bound).astype(object), axes=(0, 0))
    index_bytes = 4 if max(int(entries), *shape) <= np.iinfo(np.int32).max else 8
    needed = int(entries) * (dtype.itemsize + index_bytes) + (shape[0] + 1) * index_bytes
    require_memory(needed, f"a {shape[0]} x {shape[1]} matrix of {entries} entries", WITHOUT_MATRIX)


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
        index_dtype = np.int32 if max(entries, columns) <= np.iinfo(np.int32).max else np.int64
        self.indptr = np.zeros(per_row.size + 1, dtype=index_dtype)
        np.cumsum(per_row, out=self.indptr[1:])
        self.starts = self.indptr[:-1].reshape(per_row.shape)
        self.indices = np.empty(entries, dtype=index_dtype)
        self.data = np.empty(entries, dtype=dtype)
        self.shape = (per_row.size, columns)

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
        _drain(tasks, min(_cores(), _MAX_THREADS) if self.data.size > _ENTRIES_PER_STRIP else 1)
        matrix = csr_array((self.data, self.indices, self.indptr), shape=self.shape)
        matrix.has_sorted_indices = True
        matrix.has_canonical_format = True
        return matrix


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # fewer than cpu_count() inside many containers
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _drain(tasks: Iterator[Task], threads: int) -> None:
    """Run tasks as they are drawn, so that no more than one a thread is held in memory."""
    if threads == 1:
        for task in tasks:
            task()
        return
    lock = Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                with lock:
                    task = next(tasks, None)
                if task is None:
                    return
                task()
        except BaseException as error:  # handed to the caller's thread below
            failures.append(error)

    workers = [Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
