"""The three file formats of matrices: each writes, and reads, a CSR array and one line of text.

The text is a variable or array called ``convmat``, or comment lines that begin ``%convmat``.
Readers raise whatever they like for damaged files, but do not end the program, as SciPy's own do:
see `_read_mtx` and `convmat.files.matlab_files`.
"""

import os
import re
import warnings
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import coo_array

from convmat.errors import ConvmatError
from convmat.files.matlab_files import read_variables

__all__ = ["MATRIX_FORMATS", "MatrixFormat"]

_LARGEST_VARIABLE = 2**31  # bytes; MATLAB's limit for version 5
_COMMENT_LENGTH = 1000  # Matrix Market allows lines of 1024 characters


class MatrixFormat(NamedTuple):
    """How a matrix is written to an open file, and read from it."""

    write: Callable[[BinaryIO, Any, str], None]
    read: Callable[[BinaryIO], tuple[Any, str]]


def _write_npz(file: BinaryIO, rows: Any, text: str) -> None:
    sparse.save_npz(file, rows)
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("convmat.npy", "w") as member,
    ):
        np.lib.format.write_array(member, np.array(text), allow_pickle=False)


def _read_npz(file: BinaryIO) -> tuple[Any, str]:
    matrix = sparse.load_npz(file)
    file.seek(0)
    with np.load(file, allow_pickle=False) as content:
        return matrix, content["convmat"].item() if "convmat" in content else ""


def _write_mtx(file: BinaryIO, rows: Any, text: str) -> None:
    from scipy.io import mmwrite

    step = _COMMENT_LENGTH - len("%convmat ")
    lines = [f"convmat {text[i : i + step]}" for i in range(0, len(text), step)]
    # The default precision is the shortest text that is read back as the same number.
    mmwrite(file, rows, comment="\n".join(lines), symmetry="general")


def _read_mtx(file: BinaryIO) -> tuple[Any, str]:
    """SciPy's own parser ends the whole program on some damaged files; NumPy's raises."""
    marker, text = b"%convmat ", b""
    header = line = file.readline()
    while line.startswith(b"%"):
        if line.startswith(marker):
            text += line[len(marker) :].rstrip(b"\r\n")
        line = file.readline(2 * _COMMENT_LENGTH)
    kind = re.match(rb"%%MatrixMarket matrix coordinate (real|complex) general\s", header)
    sizes = re.fullmatch(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s*", line)
    if kind is None or sizes is None:
        raise ConvmatError("it is no sparse, general, real or complex Matrix Market file")
    rows, columns, entries = map(int, sizes.groups())
    width = 4 if kind[1] == b"complex" else 3
    if 2 * width * entries > os.fstat(file.fileno()).st_size + 1:
        raise ConvmatError(f"it is too short for the {entries} entries that it says it has")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is no number is only a deprecation in NumPy
        table = np.fromfile(file, sep=" ", count=width * entries)
    if len(table) < width * entries or file.read(_COMMENT_LENGTH).strip():
        raise ConvmatError(f"it does not hold the {entries} entries that it says it has")
    table = table.reshape(entries, width)
    if (table[:, :2] % 1).any():
        raise ConvmatError("it has positions that are not whole numbers")
    values = table[:, 2] if width == 3 else table[:, 2] + 1j * table[:, 3]
    places = table[:, :2].astype(np.int64) - 1
    return coo_array((values, tuple(places.T)), shape=(rows, columns)), text.decode()


def _write_mat(file: BinaryIO, rows: Any, text: str) -> None:
    from scipy.io import savemat

    double = np.complex128 if rows.dtype.kind == "c" else np.float64
    needed = rows.nnz * (np.dtype(double).itemsize + 4) + 4 * rows.shape[1]
    if needed >= _LARGEST_VARIABLE:
        raise ConvmatError(
            f"the matrix takes {needed} bytes and a .mat file (version 5) holds less than "
            f"{_LARGEST_VARIABLE} in a variable; write .npz or .mtx"
        )
    variables = {"H": rows.astype(double, copy=False), "convmat": text}
    savemat(file, variables, do_compression=True)  # which adds a checksum


def _read_mat(file: BinaryIO) -> tuple[Any, str]:
    content = read_variables(file.read(), ("H", "convmat"))
    if not sparse.issparse(content.get("H")):
        raise ConvmatError("it has no sparse matrix called H")
    return content["H"], str(content.get("convmat", ""))


MATRIX_FORMATS = {
    ".npz": MatrixFormat(_write_npz, _read_npz),
    ".mtx": MatrixFormat(_write_mtx, _read_mtx),
    ".mat": MatrixFormat(_write_mat, _read_mat),
}
"""The formats by the suffix of the file."""
