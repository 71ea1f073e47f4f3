"""Matrices in files that other tools read, with their geometry recorded inside.

``.npz`` has SciPy's own layout (`scipy.sparse.load_npz`), ``.mtx`` is Matrix Market and
``.mat`` is MATLAB's version 5, with the matrix called ``H``. What convmat knows about the
matrix goes along as one line of JSON: as the array or variable ``convmat``, or as comment
lines that begin ``%convmat``. Nothing is pickled, and a file is written whole or not at all.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csr_array

from convmat.arrays import DTYPES, as_samples
from convmat.errors import ConvmatError, TooLargeError
from convmat.files.matrix_formats import MATRIX_FORMATS
from convmat.files.writing import atomic_write, check_suffix
from convmat.geometry import Geometry
from convmat.linear_maps import all_finite

__all__ = ["StoredMatrix", "as_rows", "load_matrix", "save_matrix"]


@dataclass(frozen=True, eq=False)
class StoredMatrix:
    """What `load_matrix` finds in a file; unpacks as ``matrix, geometry``.

    Attributes
    ----------
    matrix : csr_array
    geometry : Geometry
    order : {"C", "F"}
        In which order its vectors are raveled.
    kernel : ndarray or None
        The kernel, where it was recorded.
    """

    matrix: Any
    geometry: Geometry
    order: str = "C"
    kernel: NDArray | None = None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.matrix, self.geometry))


def save_matrix(
    path: str | os.PathLike[str],
    matrix: Any,
    geometry: Geometry,
    *,
    order: str = "C",
    kernel: Any = None,
) -> None:
    """Write a matrix and its geometry to a file.

    Parameters
    ----------
    path : str or path
        Ends in ``.npz``, ``.mtx`` or ``.mat``.
    matrix : sparse array or ndarray
        From `convolution_matrix` or `data_matrix`. MATLAB's sparse matrices are in double
        precision; float32 comes back as float32 from `load_matrix`.
    geometry : Geometry
    order : {"C", "F"}
        The order the matrix was built with.
    kernel : array_like, optional
        Finite numbers, recorded as well; its shape is the geometry's.

    Raises
    ------
    ConvmatError
        Where matrix, kernel and geometry do not fit together or are not finite numbers, the
        matrix is too large for ``.mat``, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from convmat import Geometry, convolution_matrix
    >>> H = convolution_matrix([1, 2, 3], 4, "same", "mirror")
    >>> folder = tempfile.TemporaryDirectory()
    >>> save_matrix(folder.name + "/H.npz", H, Geometry(4, 3, "same", "mirror"))
    >>> matrix, geometry = load_matrix(folder.name + "/H.npz")
    >>> (matrix != H).nnz, geometry.boundary
    (0, (<Boundary.MIRROR: 'mirror'>,))
    >>> folder.cleanup()
    """
    suffix = check_suffix(path, tuple(MATRIX_FORMATS))
    if not isinstance(geometry, Geometry):
        raise ConvmatError(f"geometry must be a Geometry, got {type(geometry).__name__}")
    if order not in ("C", "F"):
        raise ConvmatError(f"order must be 'C' or 'F', got {order!r}")
    rows = as_rows(matrix)
    _check_shape(rows.shape, geometry)
    entries = None if kernel is None else as_samples(kernel, "kernel")
    if entries is not None and entries.shape != geometry.kernel_shape:
        raise ConvmatError(
            f"kernel has shape {entries.shape}, its geometry says {geometry.kernel_shape}"
        )
    text = json.dumps(_describe(StoredMatrix(rows, geometry, order, entries)))
    with atomic_write(path) as file:
        MATRIX_FORMATS[suffix].write(file, rows, text)


def load_matrix(path: str | os.PathLike[str]) -> StoredMatrix:
    """Read what `save_matrix` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    StoredMatrix
        ``matrix, geometry = load_matrix(path)``; it also has `order` and `kernel`.

    Raises
    ------
    ConvmatError
        Where the file is missing, damaged, no sparse matrix, or holds no geometry.
    """
    suffix = check_suffix(path, tuple(MATRIX_FORMATS))
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ConvmatError("the file is empty")
            matrix, text = MATRIX_FORMATS[suffix].read(file)
            if text and matrix.format in ("csr", "csc"):
                matrix.check_format(full_check=True)  # or the conversion to csr would crash
    except ConvmatError as error:
        raise ConvmatError(f"cannot read {path}: {error}") from error
    except OSError as error:
        raise ConvmatError(f"cannot read {path}: {error.strerror or error}") from error
    except MemoryError as error:
        raise TooLargeError(f"cannot read {path}: there is not enough memory for it") from error
    except Exception as error:  # whatever a damaged file makes a reader raise
        raise ConvmatError(f"cannot read {path}: it is damaged, or no {suffix} file") from error
    if not text:
        raise ConvmatError(f"{path} holds a matrix, but not its geometry: convmat did not write it")
    try:
        return _restore(matrix, json.loads(text))
    except ConvmatError as error:
        raise ConvmatError(f"cannot read {path}: its record does not fit: {error}") from error
    except Exception as error:  # whatever a damaged record makes of it
        raise ConvmatError(f"cannot read {path}: the record of its geometry is damaged") from error


def as_rows(matrix: Any) -> Any:
    """The matrix as a csr_array of finite numbers, in a dtype that convmat computes in."""
    rows = csr_array(matrix if sparse.issparse(matrix) else as_samples(matrix, "matrix", ndim=2))
    if rows.dtype not in DTYPES:
        raise ConvmatError(f"matrix must be {', '.join(map(str, DTYPES))}, got {rows.dtype}")
    try:
        rows.check_format(full_check=True)  # other tools end the program on what is malformed
    except ValueError as error:
        raise ConvmatError(f"matrix is no valid sparse array: {error}") from None
    if not all_finite(rows.data):
        raise ConvmatError("matrix has entries that are NaN or infinite")
    return rows


def _check_shape(shape: tuple[int, ...], geometry: Geometry) -> None:
    allowed = (geometry.matrix_shape, geometry.data_matrix_shape)
    if shape not in allowed:
        raise ConvmatError(
            f"matrix has shape {shape}; its geometry says {allowed[0]} for a convolution "
            f"matrix, or {allowed[1]} for a data matrix"
        )


def _describe(stored: StoredMatrix) -> dict[str, Any]:
    geometry, kernel = stored.geometry, stored.kernel
    parts = None
    if kernel is not None:
        parts = {"dtype": str(kernel.dtype), "real": kernel.real.tolist()}
        if np.iscomplexobj(kernel):
            parts["imag"] = kernel.imag.tolist()
    return {
        "version": 1,
        "input_shape": geometry.input_shape,
        "kernel_shape": geometry.kernel_shape,
        "output_shape": geometry.output_shape,
        "mode": geometry.mode,
        "boundary": geometry.boundary,
        "anchor": geometry.anchor,  # counted from 0
        "order": stored.order,
        "dtype": str(stored.matrix.dtype),
        "kernel": parts,
    }


def _restore(matrix: Any, record: dict[str, Any]) -> StoredMatrix:
    fields = ("input_shape", "kernel_shape", "mode", "boundary", "anchor")
    geometry = Geometry(*(record[name] for name in fields))
    _check_shape(matrix.shape, geometry)
    rows = as_rows(matrix)
    dtype = np.dtype(record["dtype"])
    if dtype not in DTYPES or (rows.dtype.kind == "c") != (dtype.kind == "c"):
        raise ConvmatError(f"the matrix is {rows.dtype}, its record says {dtype}")
    if record["order"] not in ("C", "F"):
        raise ConvmatError(f"order is {record['order']!r}")
    kernel = None
    if record["kernel"] is not None:
        parts = record["kernel"]
        entries: NDArray = np.array(parts["real"])
        if "imag" in parts:
            entries = entries + 1j * np.array(parts["imag"])
        entries = entries.astype(parts["dtype"]).reshape(geometry.kernel_shape)
        kernel = as_samples(entries, "kernel")
    return StoredMatrix(rows.astype(dtype, copy=False), geometry, record["order"], kernel)
