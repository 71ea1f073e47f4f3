"""Reading sparse matrices and text from MATLAB's files of version 5, whatever is in them.

A file is a header of 128 bytes and then elements: a type, a number of bytes, and these bytes.
A variable is an element that holds others (its class, shape, name and numbers), perhaps
compressed by zlib, whose checksum finds damage. `scipy.io.loadmat` believes what a file says of
its sizes, and ends the whole program on some damaged ones; here every size is checked.

Source: The MathWorks, "MAT-File Format", chapter 1, "Level 5 MAT-File Format".
"""

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from convmat.errors import ConvmatError

__all__ = ["read_variables"]

_HEADER = 128
_ORDERS = {b"IM": "<", b"MI": ">"}
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_NUMBERS |= {12: "i8", 13: "u8", 16: "u1", 17: "u2", 18: "u4"}  # the last three are text
_VARIABLE, _COMPRESSED = 14, 15
_TEXT, _SPARSE = 4, 5
_LAST_PLAIN = 15  # classes beyond have no shape and name in their second and third places
_COMPLEX = 0x800


def read_variables(content: bytes, names: tuple[str, ...]) -> dict[str, Any]:
    """The variables, with the values of those of these names that are sparse matrices or text.

    Returns
    -------
    dict of str to csc_array, str or None
        Of all variables, None for the others. The indices of a matrix are not checked; text is
        ASCII.

    Raises
    ------
    ConvmatError
        Where the file is no such file, or damaged.
    ValueError, TypeError
        From NumPy and SciPy, where it is damaged in other ways.
    """
    order = _ORDERS.get(content[126:128])
    if len(content) < _HEADER or order is None:
        raise ConvmatError("it is no .mat file of version 5")
    if int(np.frombuffer(content, order + "u2", 1, 124)[0]) != 0x100:
        raise ConvmatError("it is a .mat file of another version than 5; save it with -v7 or -v6")
    found = {}
    for kind, body in _elements(memoryview(content)[_HEADER:], order):
        inside = _elements(_inflate(body), order) if kind == _COMPRESSED else [(kind, body)]
        for inner, variable in inside:
            if inner != _VARIABLE:
                raise ConvmatError(f"it is damaged: it has a variable of type {inner}")
            found.update(_variable(variable, order, names))
    return found


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """The type and the bytes of each."""
    position = 0
    while position < len(content):
        body = position + 8
        if body > len(content):
            raise ConvmatError("it is truncated")
        kind, length = map(int, np.frombuffer(content, order + "u4", 2, position))
        small = kind >> 16  # up to four bytes stand in the second half of the tag itself
        start, end = (body - 4, body - 4 + small) if small else (body, body + length)
        if end > (body if small else len(content)):
            raise ConvmatError("it is truncated, or the sizes in it are wrong")
        kind &= 0xFFFF
        yield kind, content[start:end]
        padding = 0 if kind in (_VARIABLE, _COMPRESSED) else -length % 8
        position = body if small else end + padding


def _inflate(body: memoryview) -> memoryview:
    """What zlib compressed, where its checksum holds."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(body)
    except zlib.error as error:
        raise ConvmatError("it is damaged: its compressed bytes do not add up") from error
    if not stream.eof:
        raise ConvmatError("it is truncated")
    return memoryview(content)


def _variable(body: memoryview, order: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Its name and value; None where it is not wanted."""
    elements = _elements(body, order)
    start = list(islice(elements, 3))
    flags = _numbers(start[0], order) if len(start) == 3 else np.zeros(0)
    kind = int(flags[0]) & 0xFF if flags.size else 0
    if not 0 < kind <= _LAST_PLAIN:
        return {}
    name = bytes(start[2][1]).decode("latin-1")
    if kind not in (_TEXT, _SPARSE) or name not in names:
        return {name: None}
    shape = _numbers(start[1], order)
    numbers = [_numbers(part, order) for part in elements]
    if kind == _TEXT:
        return {name: "".join(map(chr, numbers[0].tolist()))}
    is_complex = bool(int(flags[0]) & _COMPLEX)
    if len(numbers) != 3 + is_complex or len(shape) != 2:
        raise ConvmatError(f"its variable {name} is no whole sparse matrix")
    rows, starts = (part.astype(np.int32, casting="same_kind") for part in numbers[:2])
    entries = numbers[2].astype(np.complex128 if is_complex else np.float64)
    if is_complex:
        entries.imag = numbers[3]
    return {name: csc_array((entries, rows, starts), shape=tuple(map(int, shape)))}


def _numbers(element: tuple[int, memoryview], order: str) -> NDArray:
    kind, content = element
    if kind not in _NUMBERS:
        raise ConvmatError(f"it is damaged: something of type {kind} stands where numbers should")
    dtype = np.dtype(order + _NUMBERS[kind])
    return np.frombuffer(content, dtype) if content else np.zeros(0, dtype)
