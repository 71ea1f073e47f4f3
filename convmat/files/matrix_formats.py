"""The three file formats of matrices: each writes, and reads, a CSR array and one line of text.

The text is a variable or array called ``convmat``, or comment lines that begin ``%convmat``; beside
them Matrix Market files have a checksum of all that follows the comments, in a line ``%crc32``.
Readers raise whatever they like for damaged files, but do not end the program, as SciPy's own do:
see `_read_mtx` and `convmat.files.matlab_files`.
"""

import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import coo_array

from convmat.errors import ConvmatError
from convmat.files.matlab_files import read_variables
from convmat.files.matlab_writing import write_variables
from convmat.matrices.blocks import index_dtype

__all__ = ["MATRIX_FORMATS", "MatrixFormat"]

_LARGEST_VARIABLE = 2**31  # bytes; MATLAB's limit for version 5
_COMMENT_LENGTH = 1000  # Matrix Market allows lines of 1024 characters
_ENTRIES_AT_A_TIME = 2**18
_CHECKSUM = b"%%crc32 %08x\n"


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
    with np.load(file, allow_pickle=False) as content:
        if "format" not in content:
            names = ", ".join(content) or "nothing"
            raise ConvmatError(f"it holds {names}, and no sparse matrix as SciPy writes it")
        text = content["convmat"].item() if "convmat" in content else ""
        file.seek(0)
        return sparse.load_npz(file), text


def _write_mtx(file: BinaryIO, rows: Any, text: str) -> None:
    """A stretch of rows at a time, as SciPy's own writer holds every row number at once."""
    from scipy.io import mmwrite

    step = _COMMENT_LENGTH - len("%convmat ")
    field = "complex" if rows.dtype.kind == "c" else "real"
    lines = [f"%%MatrixMarket matrix coordinate {field} general"]
    lines += [f"%convmat {text[i : i + step]}" for i in range(0, len(text), step)]
    file.write("".join(f"{line}\n" for line in lines).encode("ascii"))
    place = file.tell()
    file.write(_CHECKSUM % 0)
    sizes = f"{rows.shape[0]} {rows.shape[1]} {rows.nnz}\n".encode("ascii")
    file.write(sizes)
    checksum = zlib.crc32(sizes, zlib.crc32(text.encode("ascii")))
    starts = rows.indptr
    bounds = np.searchsorted(starts, np.arange(0, rows.nnz, _ENTRIES_AT_A_TIME), side="right") - 1
    bounds = np.unique(np.append(bounds, rows.shape[0]))
    for first, last in pairwise(bounds):
        part = slice(starts[first], starts[last])
        numbers = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
        entries = coo_array((rows.data[part], (numbers, rows.indices[part])), shape=rows.shape)
        if not entries.nnz:
            continue
        content = BytesIO()
        # The default precision is the shortest text that is read back as the same number; a
        # `precision` of 17 writes float32 such that SciPy 1.17 cannot read it.
        mmwrite(content, entries, field=field, symmetry="general")
        content.seek(0)
        while content.readline().startswith(b"%"):
            pass  # ... up to the line of sizes
        body = content.getbuffer()[content.tell() :]
        file.write(body)
        checksum = zlib.crc32(body, checksum)
    file.seek(place)
    file.write(_CHECKSUM % checksum)
    file.seek(0, os.SEEK_END)


def _read_mtx(file: BinaryIO) -> tuple[Any, str]:
    """SciPy's own parser ends the whole program on some damaged files; NumPy's raises."""
    marker, text = b"%convmat ", b""
    header = line = file.readline()
    recorded = None
    while line.startswith(b"%"):
        if line.startswith(marker):
            text += line[len(marker) :].rstrip(b"\r\n")
        elif line.startswith(b"%crc32 "):
            recorded = line
        line = file.readline(2 * _COMMENT_LENGTH)
    if recorded is not None:
        _check_sum(file, zlib.crc32(line, zlib.crc32(text)), recorded)
    kind = re.match(rb"%%MatrixMarket matrix coordinate (real|complex) general\s", header)
    sizes = re.fullmatch(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s*", line)
    if kind is None or sizes is None:
        begins = (line if kind else header)[:60].decode("ascii", "replace").strip()
        raise ConvmatError(
            "it is no sparse, general, real or complex Matrix Market file: it says "
            f"{begins!r} where {'its sizes' if kind else 'its kind'} should be"
        )
    rows, columns, entries = map(int, sizes.groups())
    width = 4 if kind[1] == b"complex" else 3
    if 2 * width * entries > os.fstat(file.fileno()).st_size + 1:
        raise ConvmatError(f"it is too short for the {entries} entries that it says it has")
    values = np.empty(entries, dtype=np.complex128 if width == 4 else np.float64)
    places = np.empty((2, entries), dtype=index_dtype(entries, (rows, columns)))
    for first in range(0, entries, _ENTRIES_AT_A_TIME):
        part = slice(first, min(first + _ENTRIES_AT_A_TIME, entries))
        table = _read_numbers(file, width * (part.stop - first)).reshape(-1, width)
        if len(table) < part.stop - first:
            raise ConvmatError(f"it does not hold the {entries} entries that it says it has")
        at = table[:, :2]
        if (at % 1).any() or (at < 1).any() or (at > (rows, columns)).any():
            raise ConvmatError(f"it has positions that are not in a {rows} x {columns} matrix")
        places[:, part] = at.T - 1
        values[part] = table[:, 2] if width == 3 else table[:, 2] + 1j * table[:, 3]
    if file.read(_COMMENT_LENGTH).strip():
        raise ConvmatError(f"it holds more than the {entries} entries that it says it has")
    return coo_array((values, tuple(places)), shape=(rows, columns)), text.decode()


def _check_sum(file: BinaryIO, checksum: int, recorded: bytes) -> None:
    """Compare with the checksum of what follows; the file stays where it is."""
    place = file.tell()
    while block := file.read(2**20):
        checksum = zlib.crc32(block, checksum)
    file.seek(place)
    if recorded.rstrip() != (_CHECKSUM % checksum).rstrip():
        raise ConvmatError("its checksum does not fit: it is damaged, cut short, or was changed")


def _read_numbers(file: BinaryIO, count: int) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is no number is only a deprecation in NumPy
        numbers = np.fromfile(file, sep=" ", count=count)
    return numbers[: len(numbers) if len(numbers) == count else 0]


def _write_mat(file: BinaryIO, rows: Any, text: str) -> None:
    values = 16 if rows.dtype.kind == "c" else 8
    needed = rows.nnz * (values + 4) + 4 * (rows.shape[1] + 1)
    if needed >= _LARGEST_VARIABLE or max(rows.shape) >= _LARGEST_VARIABLE:
        raise ConvmatError(
            f"the matrix, {rows.shape[0]} x {rows.shape[1]}, takes {needed} bytes and a .mat file "
            f"(version 5) holds less than {_LARGEST_VARIABLE} in a variable; write .npz or .mtx"
        )
    write_variables(file, "H", rows, "convmat", text)


def _read_mat(file: BinaryIO) -> tuple[Any, str]:
    content = read_variables(file.read(), ("H", "convmat"))
    if not sparse.issparse(content.get("H")):
        raise ConvmatError(f"it holds {', '.join(content) or 'nothing'}, no sparse matrix called H")
    return content["H"], content.get("convmat") or ""


MATRIX_FORMATS = {
    ".npz": MatrixFormat(_write_npz, _read_npz),
    ".mtx": MatrixFormat(_write_mtx, _read_mtx),
    ".mat": MatrixFormat(_write_mat, _read_mat),
}
"""The formats by the suffix of the file."""
