"""The explicit matrices of a convolution, both ways round.

For y = h * x (see `geometry` for the one definition)

    H @ vec(x) = vec(y)    convolution_matrix    the kernel is known
    X @ vec(h) = vec(y)    data_matrix           the signal is known

Both are written straight into CSR arrays: `scatter` builds H, `gather` builds X.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_array

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, parse_shape
from convmat.matrices.blocks import WITHOUT_MATRIX, require_workspace
from convmat.matrices.gather import gather_windows, signal_windows
from convmat.matrices.scatter import scatter_kernel
from convmat.memory import require_memory

__all__ = ["check_options", "convert", "convolution_matrix", "data_matrix"]

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
    check_options(order, format)
    if order == "F":
        values, geometry = values.T, geometry.reversed()
    return convert(scatter_kernel(values, geometry, format), format)


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
    check_options(order, format)
    if order == "F":
        samples, geometry = samples.T, geometry.reversed()
    if format == "dense":
        return _dense_data(samples, geometry)
    return convert(gather_windows(samples, geometry, format), format)


def convert(matrix: csr_array, format: str) -> Any:
    """The canonical matrix in another format, canonical too."""
    if format == "csr":
        return matrix
    if format == "dense":
        return matrix.toarray()
    converted = matrix.asformat(format)
    converted.has_canonical_format = True
    return converted


def check_options(order: str, format: str) -> None:
    """Refuse unknown orders and formats."""
    if not isinstance(order, str) or order not in ("C", "F"):
        raise ConvmatError(f"order must be 'C' or 'F', got {order!r}")
    if not isinstance(format, str) or format not in _FORMATS:
        raise ConvmatError(f"format must be one of {', '.join(_FORMATS)}, got {format!r}")


def _dense_data(samples: NDArray, geometry: Geometry) -> NDArray:
    rows, columns = geometry.data_matrix_shape
    require_workspace(geometry, (rows, columns), samples.itemsize)
    require_memory(
        rows * columns * samples.itemsize, f"a dense {rows} x {columns} matrix", WITHOUT_MATRIX
    )
    # A copy always: where the windows do not overlap, reshape alone would give a read-only view.
    return np.array(signal_windows(samples, geometry), order="C").reshape(rows, columns)
