"""The explicit matrices of a convolution, both ways round.

For y = h * x (see `geometry` for the one definition)

    H @ vec(x) = vec(y)    convolution_matrix    the kernel is known
    X @ vec(h) = vec(y)    data_matrix           the signal is known

Both are written straight into CSR arrays. A matrix is a grid of boxes of outputs (see
`runs`); inside a box all rows have the same length, so the box is a regularly strided block
of the CSR arrays, and one broadcast assignment fills it. H scatters the kernel into such
blocks, X gathers the signal.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_array

from convmat.arrays import as_samples
from convmat.blocks import Box, RowBlocks, Task
from convmat.boundary import Boundary
from convmat.convolution import extend
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, parse_shape
from convmat.memory import require_memory
from convmat.runs import Run, data_runs, kernel_runs

__all__ = ["convolution_matrix", "data_matrix"]

_ADVICE = "convmat.convolve computes the same outputs without the matrix"
_FORMATS = ("csr", "csc", "coo", "dense")


def convolution_matrix(
    kernel: Any,
    input_shape: int | Sequence[int],
    mode: str = "full",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
    order: str = "C",
    dtype: DTypeLike | None = None,
    format: str = "csr",
) -> Any:
    """Build H, the sparse matrix that convolves a signal with `kernel`.

    Parameters
    ----------
    kernel : array_like
        The kernel h, of as many axes as the signal. Entries equal to 0 are not stored.
    input_shape : int or tuple of int
        Shape of the signal x.
    mode : {"full", "same", "valid"}
        Which outputs: n + k - 1, n (the signal's own size) or n - k + 1 per axis.
    boundary : str or tuple of str
        How the signal continues past its edges: one of `Boundary`, or one per axis.
    anchor : int or tuple of int, optional
        Index of the kernel entry at the origin. Default ``(k - 1) // 2``.
    order : {"C", "F"}
        In which order `x` and `y` are raveled.
    dtype : dtype, optional
        float32, float64, complex64 or complex128. Default: the kernel's, integers float64.
    format : {"csr", "csc", "coo", "dense"}
        A canonical SciPy sparse array, or an ndarray.

    Returns
    -------
    csr_array, csc_array, coo_array or ndarray, shape (outputs, samples)
        With int32 indices while they fit, int64 beyond.

    Raises
    ------
    ConvmatError
        For input that is not a kernel or a geometry, and, before anything is built, for a
        matrix that would not fit in memory.

    References
    ----------
    Hansen, Nagy and O'Leary (2006), Deblurring Images, chapters 3 and 4,
    doi:10.1137/1.9780898718874.

    Examples
    --------
    >>> convolution_matrix([1, 2, 3], 4, "same").toarray()
    array([[2., 1., 0., 0.],
           [3., 2., 1., 0.],
           [0., 3., 2., 1.],
           [0., 0., 3., 2.]])
    >>> convolution_matrix([1, 2, 3], 4, "same", "replicate").toarray()
    array([[5., 1., 0., 0.],
           [3., 2., 1., 0.],
           [0., 3., 2., 1.],
           [0., 0., 3., 3.]])
    """
    signal_shape = parse_shape(input_shape, "input_shape")
    values = as_samples(kernel, "kernel", ndim=len(signal_shape), dtype=dtype)
    geometry = Geometry(signal_shape, values.shape, mode, boundary, anchor)
    _check_options(order, format)
    if order == "F":
        values, geometry = values.T, geometry.reversed()
    return _convert(_build_convolution(values, geometry), format)


def data_matrix(
    data: Any,
    kernel_shape: int | Sequence[int],
    mode: str = "full",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
    order: str = "C",
    dtype: DTypeLike | None = None,
    format: str = "csr",
) -> Any:
    """Build X, the matrix that convolves the signal `data` with a kernel yet unknown.

    Parameters
    ----------
    data : array_like
        The signal x.
    kernel_shape : int or tuple of int
        Shape of the kernel h, of as many axes as the signal.
    mode, boundary, anchor
        As for `convolution_matrix`.
    order : {"C", "F"}
        In which order `h` and `y` are raveled.
    dtype, format
        As for `convolution_matrix`.

    Returns
    -------
    csr_array, csc_array, coo_array or ndarray, shape (outputs, kernel entries)
        Every entry that reads the signal is stored, zeros too, so that the pattern does
        not depend on the data.

    Raises
    ------
    ConvmatError
        As for `convolution_matrix`.

    Examples
    --------
    >>> data_matrix([1, 2, 3, 4], 3, "valid").toarray()
    array([[3., 2., 1.],
           [4., 3., 2.]])
    """
    window = parse_shape(kernel_shape, "kernel_shape")
    samples = as_samples(data, "data", ndim=len(window), dtype=dtype)
    geometry = Geometry(samples.shape, window, mode, boundary, anchor)
    _check_options(order, format)
    if order == "F":
        samples, geometry = samples.T, geometry.reversed()
    if format == "dense":
        return _dense_data(samples, geometry)
    return _convert(_build_data(samples, geometry), format)


def _build_convolution(kernel: NDArray, geometry: Geometry) -> csr_array:
    axes = [
        kernel_runs(extension, size)
        for extension, size in zip(geometry.extensions, geometry.kernel_shape, strict=True)
    ]
    bounds = [np.array([0, *(run.stop for run in runs)]) for runs in axes]
    most = _outer([[run.columns.size for run in runs] for runs in axes])
    stored = kernel != 0
    reach = 3 ** geometry.boundary.count(Boundary.ANTIREFLECT) * int(np.count_nonzero(stored))
    _require_memory(np.minimum(most, reach), bounds, geometry.matrix_shape, kernel.dtype)
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
        outputs = strip, *box[1:]
        shift = _grid(
            [
                move * np.arange(part.start - whole.start, part.stop - whole.start)
                for move, part, whole in zip(moves, outputs, box, strict=True)
            ]
        ).astype(columns.dtype)
        blocks.view(blocks.data, outputs, values.shape)[...] = values
        target = blocks.view(blocks.indices, outputs, columns.shape)
        np.add(shift[..., np.newaxis], columns, out=target)


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


def _build_data(samples: NDArray, geometry: Geometry) -> csr_array:
    axes = [
        list(data_runs(extension, size))
        for extension, size in zip(geometry.extensions, geometry.kernel_shape, strict=True)
    ]
    bounds = [np.array([0, *(stop for _, stop, _, _ in runs)]) for runs in axes]
    counts = _outer([[last - first for _, _, first, last in runs] for runs in axes])
    _require_memory(counts, bounds, geometry.data_matrix_shape, samples.dtype)
    blocks = RowBlocks(bounds, counts, geometry.data_matrix_shape[1], samples.dtype)
    windows = _windows(samples, geometry)
    entries = np.arange(geometry.data_matrix_shape[1], dtype=blocks.indices.dtype)
    entries = entries.reshape(geometry.kernel_shape)

    def tasks() -> Iterator[Task]:
        for first in axes[0]:
            boxes = []
            for runs in product([first], *axes[1:]):
                box = tuple(slice(start, stop) for start, stop, _, _ in runs)
                taps = tuple(slice(low, high) for _, _, low, high in runs)
                boxes.append((box, taps, entries[taps]))
            for strip in blocks.strips(*first[:2]):
                yield partial(_gather, blocks, strip, boxes, windows)

    return blocks.finish(tasks())


def _gather(
    blocks: RowBlocks, strip: slice, boxes: list[tuple[Box, Box, NDArray]], windows: NDArray
) -> None:
    """Write the windows of the signal into the rows of a strip of X, box by box."""
    for box, taps, columns in boxes:
        outputs = strip, *box[1:]
        blocks.view(blocks.data, outputs, columns.shape)[...] = windows[outputs + taps]
        blocks.view(blocks.indices, outputs, columns.shape)[...] = columns


def _dense_data(samples: NDArray, geometry: Geometry) -> NDArray:
    rows, columns = geometry.data_matrix_shape
    require_memory(rows * columns * samples.itemsize, f"a dense {rows} x {columns} matrix", _ADVICE)
    return _windows(samples, geometry).reshape(rows, columns)


def _windows(samples: NDArray, geometry: Geometry) -> NDArray:
    """A view of the extended signal: for each output, what each kernel entry multiplies."""
    windows = sliding_window_view(extend(samples, geometry), geometry.kernel_shape)
    return np.flip(windows, axis=tuple(range(-geometry.ndim, 0)))


def _require_memory(
    counts: NDArray, bounds: Sequence[NDArray], shape: tuple[int, int], dtype: np.dtype
) -> None:
    entries = counts.astype(object)  # Python ints: the product can pass 2**63
    for bound in bounds:
        entries = np.tensordot(entries, np.diff(bound).astype(object), axes=(0, 0))
    index_bytes = 4 if max(int(entries), *shape) <= np.iinfo(np.int32).max else 8
    needed = int(entries) * (dtype.itemsize + index_bytes) + (shape[0] + 1) * index_bytes
    require_memory(needed, f"a {shape[0]} x {shape[1]} matrix of {entries} entries", _ADVICE)


def _convert(matrix: csr_array, format: str) -> Any:
    if format == "csr":
        return matrix
    if format == "dense":
        rows, columns = matrix.shape
        size = rows * columns * matrix.dtype.itemsize
        require_memory(size, f"a dense {rows} x {columns} matrix", _ADVICE)
        return matrix.toarray()
    converted = matrix.asformat(format)
    converted.has_canonical_format = True
    return converted


def _check_options(order: str, format: str) -> None:
    if order not in ("C", "F"):
        raise ConvmatError(f"order must be 'C' or 'F', got {order!r}")
    if format not in _FORMATS:
        raise ConvmatError(f"format must be one of {', '.join(_FORMATS)}, got {format!r}")


def _outer(sizes: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """For every box, the product of one size per axis."""
    result = np.ones((), dtype=np.int64)
    for axis in sizes:
        result = np.multiply.outer(result, np.array(axis, dtype=np.int64))
    return result


def _grid(parts: Sequence[NDArray]) -> NDArray:
    """For every combination, the sum of one number per axis."""
    result = parts[0]
    for part in parts[1:]:
        result = np.add.outer(result, part)
    return result


def _strides(shape: tuple[int, ...]) -> list[int]:
    """How far apart neighbours along each axis lie in C order, in elements."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]
