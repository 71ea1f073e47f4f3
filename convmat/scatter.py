"""H, row by row: the kernel scattered over the columns that an output reads.

The matrix is a grid of boxes of outputs, one for each combination of `runs`; the row of a
box is worked out once, by gathering the kernel along each axis in turn, and then written to
all its outputs, its columns moving along.
"""

from collections.abc import Iterator, Sequence
from functools import partial, reduce
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from convmat.blocks import Box, RowBlocks, Task, require_rows, row_counts
from convmat.boundary import Boundary
from convmat.geometry import Geometry
from convmat.runs import Run, kernel_runs

__all__ = ["scatter_kernel"]

# Entries written at a time where rows are shorter: a broadcast assignment is quick along its
# last axis only.
_TILE = 2**12


def scatter_kernel(kernel: NDArray, geometry: Geometry) -> csr_array:
    """Build H in C order, canonical."""
    axes = [
        kernel_runs(extension, size)
        for extension, size in zip(geometry.extensions, geometry.kernel_shape, strict=True)
    ]
    bounds = [np.array([0, *(run.stop for run in runs)]) for runs in axes]
    most = row_counts([[run.columns.size for run in runs] for runs in axes])
    stored = kernel != 0
    reach = 3 ** geometry.boundary.count(Boundary.ANTIREFLECT) * int(np.count_nonzero(stored))
    require_rows(np.minimum(most, reach), bounds, geometry.matrix_shape, kernel.dtype)
    if stored.all():
        counts = most
    else:
        sizes = [np.count_nonzero(row) for _, (row,) in _rows((stored,), axes)]
        counts = np.array(sizes, dtype=np.int64).reshape(most.shape)
    blocks = RowBlocks(bounds, counts, geometry.matrix_shape[1], kernel.dtype)
    strides = _strides(geometry.input_shape)

    def tasks() -> Iterator[Task]:
        for first in axes[0]:
            leading = tuple(first.gather(array, 0) for array in (kernel, stored))
            boxes = []
            for runs, (values, pattern) in _rows(leading, axes, (first,)):
                columns = _grid([run.columns * s for run, s in zip(runs, strides, strict=True)])
                box = tuple(slice(run.start, run.stop) for run in runs)
                moves = [run.step * stride for run, stride in zip(runs, strides, strict=True)]
                row = values[pattern], columns[pattern].astype(blocks.indices.dtype)
                boxes.append((box, moves, *row))
            for strip in blocks.strips(first.start, first.stop):
                yield partial(_scatter, blocks, strip, boxes)

    return blocks.finish(tasks())


def _scatter(
    blocks: RowBlocks, strip: slice, boxes: list[tuple[Box, list[int], NDArray, NDArray]]
) -> None:
    """Write the row of each box of H into all its rows of a strip, moving the columns along."""
    for box, moves, values, columns in boxes:
        outputs = (strip, *box[1:])
        *shifts, last = [
            move * np.arange(part.start - whole.start, part.stop - whole.start, dtype=columns.dtype)
            for move, part, whole in zip(moves, outputs, box, strict=True)
        ]
        shift = _grid([np.zeros((), dtype=columns.dtype), *shifts])[..., np.newaxis]
        data = blocks.lines(blocks.data, outputs, values.size)
        indices = blocks.lines(blocks.indices, outputs, values.size)
        tile = min(last.size, max(1, _TILE // max(values.size, 1)))
        tiled_values = np.tile(values, tile)
        for start in range(0, last.size, tile):
            tiled_columns = np.add.outer(last[start : start + tile], columns).ravel()
            part = slice(start * values.size, start * values.size + tiled_columns.size)
            data[..., part] = tiled_values[: tiled_columns.size]
            np.add(shift, tiled_columns, out=indices[..., part])


def _rows(
    kernels: tuple[NDArray, ...], axes: Sequence[Sequence[Run]], chosen: tuple[Run, ...] = ()
) -> Iterator[tuple[tuple[Run, ...], tuple[NDArray, ...]]]:
    """For every box, its runs and the first row of each of `kernels` gathered along them."""
    if len(chosen) == len(axes):
        yield chosen, kernels
        return
    axis = len(chosen)
    for run in axes[axis]:
        gathered = tuple(run.gather(kernel, axis) for kernel in kernels)
        yield from _rows(gathered, axes, (*chosen, run))


def _grid(parts: Sequence[NDArray]) -> NDArray:
    """For every combination, the sum of one number per axis."""
    return reduce(np.add.outer, parts)


def _strides(shape: tuple[int, ...]) -> list[int]:
    """How far apart neighbours along each axis lie in C order, in elements."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]
