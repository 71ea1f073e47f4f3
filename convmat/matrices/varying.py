"""The matrix of a convolution whose kernel varies over the image.

    y[i] = sum over a of  h_i[a] * ext(x)[i + c - a]

with a kernel h_i of its own for every output i, or interpolated between the kernels of a grid of
nodes. There are two ways to interpolate, and they are different matrices:

    output    H = sum over nodes of  diag(w) H_node    h at the output i, which gathers (the above)
    input     H = sum over nodes of  H_node diag(w)    h at the sample that is read, which scatters

with H_node the matrix of the node's kernel and w the node's share of each output, or sample. A
point-spread function, which says what becomes of one point, is interpolated at the `input`.

Sources: J. G. Nagy and D. P. O'Leary, Restoring images degraded by spatially variant blur, SIAM J.
Sci. Comput. 19 (1998), doi:10.1137/S106482759528507X (output); L. Denis, E. Thiebaut, F. Soulez,
J.-M. Becker and R. Mourya, Fast approximations of shift-variant blur, Int. J. Comput. Vis. 115
(2015), doi:10.1007/s11263-015-0817-x (both, and what either keeps).
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_array

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, parse_shape
from convmat.matrices.blocks import Box, RowBlocks, Task, element_strides, grid, require_workspace
from convmat.matrices.explicit import check_options, convert
from convmat.matrices.interpolation import Interpolation, interpolation, parse_nodes
from convmat.matrices.runs import kernel_runs
from convmat.matrices.scatter import Part, box_rows, lay_out, place

__all__ = ["Interpolated", "varying_convolution_matrix"]


class Interpolated(StrEnum):
    """Where kernels are interpolated."""

    OUTPUT = "output"
    INPUT = "input"


def varying_convolution_matrix(
    kernels: Any,
    input_shape: int | Sequence[int],
    mode: str = "full",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
    nodes: Sequence[Any] | None = None,
    interpolated: str = "output",
    order: str = "C",
    dtype: DTypeLike | None = None,
    format: str = "csr",
) -> Any:
    """Build the sparse matrix of a convolution whose kernel varies over the image.

    Parameters
    ----------
    kernels : array_like, shape ``(*grid, *kernel)``
        One kernel for each node of a grid. With a grid of the shape of the output, one for each
        pixel. Of any grid of one node, the matrix is `convolution_matrix`.
    input_shape : int or tuple of int
        Shape of the signal x; half as many axes as `kernels` has.
    mode, boundary, anchor
        As for `convmat.convolution_matrix`.
    nodes : sequence of array_like, optional
        Per axis, the ascending positions of the grid's nodes, in outputs (or in samples)
        counted from 0. Default: evenly from the first to the last. Beyond the outermost, the
        kernel is theirs.
    interpolated : {"output", "input"}
        Whether an output gathers by the kernel at its own place, or a sample spreads by the
        kernel at its own, as a point-spread function does.
    order, dtype, format
        As for `convmat.convolution_matrix`.

    Returns
    -------
    csr_array, csc_array, coo_array or ndarray, shape (outputs, samples)
        Kernel entries that are 0 in every kernel are not stored.

    Raises
    ------
    ConvmatError
        For input that is not a grid of kernels or a geometry, and, before anything is built, for
        a matrix that would not fit in memory.

    References
    ----------
    Denis et al. (2015), Fast approximations of shift-variant blur,
    doi:10.1007/s11263-015-0817-x.

    Examples
    --------
    From the identity at the first of five outputs to a shift at the last:

    >>> varying_convolution_matrix([[1, 0], [0, 1]], 5, "same").toarray()
    array([[1.  , 0.  , 0.  , 0.  , 0.  ],
           [0.25, 0.75, 0.  , 0.  , 0.  ],
           [0.  , 0.5 , 0.5 , 0.  , 0.  ],
           [0.  , 0.  , 0.75, 0.25, 0.  ],
           [0.  , 0.  , 0.  , 1.  , 0.  ]])
    """
    signal_shape = parse_shape(input_shape, "input_shape")
    ndim = len(signal_shape)
    values = as_samples(kernels, "kernels", ndim=2 * ndim, dtype=dtype)
    grid_shape, kernel_shape = values.shape[:ndim], values.shape[ndim:]
    geometry = Geometry(signal_shape, kernel_shape, mode, boundary, anchor)
    try:
        where = Interpolated(interpolated)
    except ValueError:
        raise ConvmatError(
            f"interpolated must be {' or '.join(Interpolated)}, got {interpolated!r}"
        ) from None
    check_options(order, format)
    along = geometry.output_shape if where is Interpolated.OUTPUT else signal_shape
    positions = parse_nodes(nodes, grid_shape, along)
    tables = [interpolation(at, size) for at, size in zip(positions, along, strict=True)]
    if order == "F":
        reverse = range(ndim)[::-1]
        values = values.transpose(*reverse, *(ndim + axis for axis in reverse))
        geometry, tables = geometry.reversed(), tables[::-1]
    return convert(_build(values, geometry, tables, where, format), format)


def _build(
    kernels: NDArray,
    geometry: Geometry,
    tables: list[Interpolation],
    where: Interpolated,
    format: str,
) -> csr_array:
    stored = (kernels != 0).any(axis=tuple(range(geometry.ndim)))
    used = [np.unique(indices) for indices in np.nonzero(stored)]
    kept: Any = np.ix_(*used)
    stored, kernels = stored[kept], kernels[(..., *kept)]
    require_workspace(geometry, geometry.matrix_shape)
    axes = [
        kernel_runs(extension, size, taps)
        for extension, size, taps in zip(
            geometry.extensions, geometry.kernel_shape, used, strict=True
        )
    ]
    blocks, inner = lay_out(stored, axes, geometry.input_shape, kernels.dtype, format)
    strides = element_strides(geometry.input_shape)

    def tasks() -> Iterator[Task]:
        for first in axes[0]:
            boxes = list(box_rows(first, inner, stored))
            for strip in blocks.strips(first.start, first.stop):
                yield partial(_write, blocks, strip, boxes, strides, kernels, tables, where)

    return blocks.finish(tasks())


def _write(
    blocks: RowBlocks,
    strip: slice,
    boxes: list[tuple[list[Part], list[NDArray]]],
    strides: list[int],
    kernels: NDArray,
    tables: list[Interpolation],
    where: Interpolated,
) -> None:
    """Write the rows of all boxes in a strip of outputs, each output by its own kernel."""
    for parts, (pattern,) in boxes:
        box, moves, columns = place(parts, strides)
        outputs = (strip, *box[1:])
        values = _row_values(parts, outputs, kernels, tables, where)[..., pattern]
        shifts = [
            move * np.arange(part.start - whole.start, part.stop - whole.start)
            for move, part, whole in zip(moves, outputs, box, strict=True)
        ]
        moved = grid(shifts)[..., np.newaxis] + columns[pattern]
        for array, written in ((blocks.data, values), (blocks.indices, moved)):
            blocks.lines(array, outputs, values.shape[-1]).reshape(values.shape)[...] = written


def _row_values(
    parts: list[Part],
    outputs: Box,
    kernels: NDArray,
    tables: list[Interpolation],
    where: Interpolated,
) -> NDArray:
    """What `Row.gather` makes of each output's kernel, shape (*outputs, *columns)."""
    ndim = len(parts)
    taken = kernels
    # Axis by axis, (node, tap) becomes (output, tap), in front; the first is a mere strip.
    for axis, (run, row) in enumerate(parts):
        at = np.arange(outputs[axis].start, outputs[axis].stop)[:, np.newaxis]
        if where is Interpolated.INPUT:
            read = np.repeat(row.columns, np.diff(row.groups, append=row.taps.size))
            at = read + run.step * (at - run.start)
        taken = np.moveaxis(taken, (2 * axis, axis + ndim), (0, 1))
        left, right = (side[at] for side in (tables[axis].left, tables[axis].right))
        fraction = tables[axis].fraction[at].astype(kernels.real.dtype)
        values = taken[left, row.taps]
        if fraction.any():
            fraction = fraction.reshape(*fraction.shape, *(1,) * (values.ndim - 2))
            values += fraction * (taken[right, row.taps] - values)
        taken = values
    # Now (output, tap) of the last axis, ..., of the first: all outputs, then all taps.
    taken = taken.transpose(*range(2 * ndim - 2, -1, -2), *range(2 * ndim - 1, -1, -2))
    for axis, (_, row) in enumerate(parts):
        taken = row.combine(taken, ndim + axis)
    return taken
