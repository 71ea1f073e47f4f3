"""H, row by row: the kernel scattered over the columns that an output reads.

The matrix is a grid of boxes of outputs, one for each combination of `runs`; the row of a
box is worked out once, by gathering the kernel along each axis in turn, and then written to
all its outputs, its columns moving along.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from convmat.geometry import Geometry
from convmat.matrices.blocks import (
    Box,
    RowBlocks,
    Task,
    element_strides,
    grid,
    require_rows,
    require_workspace,
    row_counts,
)
from convmat.matrices.runs import Row, Run, kernel_runs

__all__ = ["Part", "box_rows", "lay_out", "place", "scatter_kernel", "scatter_runs"]

# Entries written at a time where rows are shorter: a broadcast assignment is quick along its
# last axis only.
_TILE = 2**12

Part = tuple[Run, Row]


def scatter_kernel(kernel: NDArray, geometry: Geometry, format: str) -> csr_array:
    """Build H in C order, canonical; refuse it where it would not fit once it is in `format`."""
    used = [np.unique(indices) for indices in np.nonzero(kernel)]
    require_workspace(geometry, geometry.matrix_shape)
    axes = [
        kernel_runs(extension, size, taps)
        for extension, size, taps in zip(
            geometry.extensions, geometry.kernel_shape, used, strict=True
        )
    ]
    return scatter_runs(kernel[np.ix_(*used)], axes, geometry.input_shape, format)


def scatter_runs(
    kernel: NDArray, axes: Sequence[Sequence[Run]], input_shape: tuple[int, ...], format: str
) -> csr_array:
    """Build the matrix of the runs of each axis, whose rows gather the entries of `kernel`.

    Its rows are the outputs of the axes in C order, its columns the samples of `input_shape`.
    """
    stored = kernel != 0
    blocks, inner = lay_out(stored, axes, input_shape, kernel.dtype, format)
    strides = element_strides(input_shape)

    def tasks() -> Iterator[Task]:
        for first in axes[0]:
            boxes = []
            for parts, (values, pattern) in box_rows(first, inner, kernel, stored):
                box, moves, columns = place(parts, strides)
                entries = values[pattern], columns[pattern].astype(blocks.indices.dtype)
                boxes.append((box, moves, *entries))
            for strip in blocks.strips(first.start, first.stop):
                yield partial(_scatter, blocks, strip, boxes)

    return blocks.finish(tasks())


def lay_out(
    stored: NDArray[np.bool_],
    axes: Sequence[Sequence[Run]],
    input_shape: tuple[int, ...],
    dtype: np.dtype,
    format: str,
) -> tuple[RowBlocks, list[list[Part]]]:
    """An empty matrix for the entries `stored` of a kernel, and the rows of all axes but the first.

    It is refused where it would not fit once it is in `format`.
    """
    bounds = [np.array([0, *(run.stop for run in runs)]) for runs in axes]
    shape = prod(int(bound[-1]) for bound in bounds), prod(input_shape)
    most = row_counts([[run.size for run in runs] for runs in axes])
    reach = row_counts([[run.spread for run in runs] for runs in axes]) * np.count_nonzero(stored)
    require_rows(np.minimum(most, reach), bounds, shape, dtype, format)
    inner = [[(run, run.row()) for run in runs] for runs in axes[1:]]
    counts = most
    if not stored.all():
        sizes = [
            np.count_nonzero(row)
            for first in axes[0]
            for _, (row,) in box_rows(first, inner, stored)
        ]
        counts = np.array(sizes, dtype=np.int64).reshape(most.shape)
    return RowBlocks(bounds, counts, shape[1], dtype), inner


def box_rows(
    first: Run, inner: Sequence[Sequence[Part]], *arrays: NDArray
) -> Iterator[tuple[list[Part], list[NDArray]]]:
    """For every box of a run of the first axis, its runs, and what `arrays` become in it."""
    return _rows([(first, first.row())], inner, list(arrays))


def place(parts: Sequence[Part], strides: Sequence[int]) -> tuple[Box, list[int], NDArray]:
    """A box, by how many columns its row moves along each axis, and the columns it begins with."""
    box = tuple(slice(run.start, run.stop) for run, _ in parts)
    moves = [run.step * stride for (run, _), stride in zip(parts, strides, strict=True)]
    columns = [row.columns * stride for (_, row), stride in zip(parts, strides, strict=True)]
    return box, moves, grid(columns)


def _rows(
    parts: list[Part], inner: Sequence[Sequence[Part]], arrays: list[NDArray]
) -> Iterator[tuple[list[Part], list[NDArray]]]:
    """The boxes that begin with `parts`."""
    axis = len(parts) - 1
    gathered = [parts[-1][1].gather(array, axis) for array in arrays]
    if axis == len(inner):
        yield parts, gathered
        return
    for part in inner[axis]:
        yield from _rows([*parts, part], inner, gathered)


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
        shift = grid([np.zeros((), dtype=columns.dtype), *shifts])[..., np.newaxis]
        data = blocks.lines(blocks.data, outputs, values.size)
        indices = blocks.lines(blocks.indices, outputs, values.size)
        tile = min(last.size, max(1, _TILE // max(values.size, 1)))
        tiled_values = np.tile(values, tile)
        for start in range(0, last.size, tile):
            tiled_columns = np.add.outer(last[start : start + tile], columns).ravel()
            part = slice(start * values.size, start * values.size + tiled_columns.size)
            data[..., part] = tiled_values[: tiled_columns.size]
            np.add(shift, tiled_columns, out=indices[..., part])
