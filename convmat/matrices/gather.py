"""X, row by row: the signal gathered through the window of each output.

Every row stores all kernel entries, except where `zero` continues the signal by nothing: the
entries stored depend on the geometry alone, not on the signal.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
from convmat.matrices.runs import data_runs
from convmat.operators.convolution import extend

__all__ = ["gather_windows", "signal_windows"]


def gather_windows(samples: NDArray, geometry: Geometry, format: str) -> csr_array:
    """Build X in C order, canonical; refuse it where it would not fit once it is in `format`."""
    require_workspace(geometry, geometry.data_matrix_shape, samples.itemsize)
    axes = [
        list(data_runs(extension, size))
        for extension, size in zip(geometry.extensions, geometry.kernel_shape, strict=True)
    ]
    bounds = [np.array([0, *(stop for _, stop, _, _ in runs)]) for runs in axes]
    counts = row_counts([[last - first for _, _, first, last in runs] for runs in axes])
    require_rows(counts, bounds, geometry.data_matrix_shape, samples.dtype, format)
    blocks = RowBlocks(bounds, counts, geometry.data_matrix_shape[1], samples.dtype)
    windows = signal_windows(samples, geometry)
    strides = element_strides(geometry.kernel_shape)

    def tasks() -> Iterator[Task]:
        for first in axes[0]:
            boxes = []
            for runs in product([first], *axes[1:]):
                box = tuple(slice(start, stop) for start, stop, _, _ in runs)
                taps = tuple(slice(low, high) for _, _, low, high in runs)
                steps = [
                    stride * np.arange(low, high)
                    for stride, (_, _, low, high) in zip(strides, runs, strict=True)
                ]
                boxes.append((box, taps, grid(steps).astype(blocks.indices.dtype)))
            for strip in blocks.strips(*first[:2]):
                yield partial(_gather, blocks, strip, boxes, windows)

    return blocks.finish(tasks())


def _gather(
    blocks: RowBlocks, strip: slice, boxes: list[tuple[Box, Box, NDArray]], windows: NDArray
) -> None:
    """Write the windows of the signal into the rows of a strip of X, box by box."""
    for box, taps, columns in boxes:
        outputs = strip, *box[1:]
        values = windows[outputs + taps]
        blocks.lines(blocks.data, outputs, columns.size).reshape(values.shape)[...] = values
        tiled_columns = np.tile(columns.ravel(), values.shape[len(box) - 1])
        blocks.lines(blocks.indices, outputs, columns.size)[...] = tiled_columns


def signal_windows(samples: NDArray, geometry: Geometry) -> NDArray:
    """A view of the extended signal: for each output, what each kernel entry multiplies."""
    windows = sliding_window_view(extend(samples, geometry), geometry.kernel_shape)
    return np.flip(windows, axis=tuple(range(-geometry.ndim, 0)))
