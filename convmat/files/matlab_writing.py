"""Writing a sparse matrix and text to MATLAB's files of version 5, in little memory.

MATLAB stores a sparse matrix by columns, as three arrays one after another: the rows of all
entries, where each column starts, and the values. They are made from a CSR array a stretch of
columns at a time, and go straight through zlib into the file, whose checksum finds damage.
`scipy.io.savemat` holds the matrix four times over.

Source: The MathWorks, "MAT-File Format", chapter 1, "Level 5 MAT-File Format".
"""

import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

__all__ = ["write_variables"]

_INT8, _INT32, _UINT32, _DOUBLE, _VARIABLE, _COMPRESSED, _UTF8 = 1, 5, 6, 9, 14, 15, 16
_TEXT, _SPARSE, _COMPLEX = 4, 5, 0x800
# Entries of a stretch of columns, which is there three times: as rows, as columns, as bytes.
_ENTRIES = 2**20
_STRETCHES = 32


def write_variables(file: BinaryIO, name: str, matrix: Any, text_name: str, text: str) -> None:
    """Write a CSR array and an ASCII text as a whole file; `file` must be seekable.

    Whoever calls has seen to it that the matrix is not too large for the format.
    """
    header = b"MATLAB 5.0 MAT-file, written by convmat".ljust(116) + bytes(8)
    file.write(header + np.array([0x0100, 0x4D49], "<u2").tobytes())
    characters = np.frombuffer(text.encode("ascii"), "u1")
    with _Compressed(file) as stream:
        head = _head(text_name, _TEXT, 0, (1, characters.size))
        stream.variable(len(head) + _size(characters.size))
        stream.write(head)
        stream.element(_UTF8, characters.size, iter([characters]))
    rows, columns = matrix.shape
    is_complex = matrix.dtype.kind == "c"
    flags = _SPARSE | (_COMPLEX if is_complex else 0)
    head = _head(name, flags, max(matrix.nnz, 1), (rows, columns))
    sizes = [4 * matrix.nnz, 4 * (columns + 1), *[8 * matrix.nnz] * (1 + is_complex)]
    counts: list[NDArray] = []

    def row_numbers() -> Iterator[NDArray]:
        for part in _stretches(matrix):
            counts.append(np.diff(part.indptr))
            yield part.indices.astype("<i4", copy=False)

    def values(of: Callable[[NDArray], NDArray]) -> Iterator[NDArray]:
        for part in _stretches(matrix):
            yield of(part.data).astype("<f8")

    with _Compressed(file) as stream:
        stream.variable(len(head) + sum(map(_size, sizes)))
        stream.write(head)
        stream.element(_INT32, sizes[0], row_numbers())
        starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        stream.element(_INT32, sizes[1], iter([starts.astype("<i4")]))
        stream.element(_DOUBLE, sizes[2], values(np.real))
        if is_complex:
            stream.element(_DOUBLE, sizes[3], values(np.imag))


def _stretches(matrix: Any) -> Iterator[csc_array]:
    """The columns from first to last, some at a time."""
    columns = matrix.shape[1]
    count = max(1, min(_STRETCHES, matrix.nnz // _ENTRIES, columns))
    bounds = np.linspace(0, columns, count + 1, dtype=int)
    for first, last in pairwise(bounds):
        part = csc_array(matrix[:, first:last])
        part.sort_indices()
        yield part


def _head(name: str, flags: int, most_entries: int, shape: tuple[int, int]) -> bytes:
    """Class, shape and name of a variable."""
    label = name.encode("ascii")
    return b"".join(
        [
            np.array([_UINT32, 8, flags, most_entries], "<u4").tobytes(),
            np.array([_INT32, 8, *shape], "<i4").tobytes(),
            np.array([_INT8, len(label)], "<u4").tobytes(),
            label + bytes(-len(label) % 8),
        ]
    )


def _size(length: int) -> int:
    """Of an element: its tag, its bytes, and what fills them up to a multiple of 8."""
    return 8 + length + -length % 8


class _Compressed:
    """An element that holds a variable, compressed; its length is filled in at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = zlib.compressobj()

    def __enter__(self) -> "_Compressed":
        self._start = self._file.tell()
        self._file.write(np.array([_COMPRESSED, 0], "<u4").tobytes())
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            return
        self._file.write(self._stream.flush())
        end = self._file.tell()
        self._file.seek(self._start + 4)
        self._file.write(np.array(end - self._start - 8, "<u4").tobytes())
        self._file.seek(end)

    def write(self, content: Any) -> None:
        self._file.write(self._stream.compress(content))

    def variable(self, length: int) -> None:
        self.write(np.array([_VARIABLE, length], "<u4").tobytes())

    def element(self, kind: int, length: int, arrays: Iterator[NDArray]) -> None:
        self.write(np.array([kind, length], "<u4").tobytes())
        for array in arrays:
            self.write(np.ascontiguousarray(array).data)
        self.write(bytes(-length % 8))
