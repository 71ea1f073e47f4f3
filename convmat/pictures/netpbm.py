"""Reading PGM and PPM files as they are.

The formats are those of the Netpbm manual: a header ``P5 width height maxval``, then the
samples, in text (P2, P3) or in bytes, two with the high one first where maxval is above 255
(P5, P6). Pillow scales the samples to maxval 255 or 65535, and 16-bit colours to 8 bits.
"""

import re
from math import prod

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError

__all__ = ["parse_netpbm"]

_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([2356])" + _SPACE + rb"(\d+)" + _SPACE + rb"(\d+)" + _SPACE + rb"(\d+)\s")


def parse_netpbm(content: bytes) -> tuple[NDArray, int]:
    """Samples and maxval of the one picture in a PGM or PPM file.

    Returns
    -------
    samples : ndarray of uint8 or uint16, shape (rows, columns) or (rows, columns, 3)
    maxval : int

    Raises
    ------
    ConvmatError
        For what is no such file, a truncated one, and one of several pictures.

    Examples
    --------
    >>> parse_netpbm(b"P2 3 1 1000  0 500 1000")
    (array([[   0,  500, 1000]], dtype=uint16), 1000)
    """
    header = _HEADER.match(content)
    if header is None:
        raise ConvmatError("there is no PGM or PPM header (P2, P5, P3 or P6) in it")
    kind, columns, rows, maxval = (int(number) for number in header.groups())
    if not (columns and rows and 0 < maxval < 65536):
        raise ConvmatError(f"its header says {columns}x{rows} pixels up to {maxval}")
    shape = (rows, columns) if kind in (2, 5) else (rows, columns, 3)
    count = prod(shape)
    if kind in (2, 3):
        words = content[header.end() :].split()
        found, wanted, rest = len(words), count, b"".join(words[count : count + 1])
    else:
        stored = np.dtype(">u2" if maxval > 255 else "u1")
        wanted, found = count * stored.itemsize, len(content) - header.end()
        rest = content[header.end() + wanted :].strip()
    if found < wanted:
        raise ConvmatError(f"it is truncated: {found} of {wanted} samples or bytes are there")
    if rest:
        raise ConvmatError("it holds more than one picture, or something after it")
    if kind in (2, 3):
        samples = np.array(words, dtype=np.int64)
    else:
        samples = np.frombuffer(content, stored, count, header.end())
    if samples.max() > maxval or samples.min() < 0:
        raise ConvmatError(f"it has samples outside 0 ... {maxval}")
    return samples.astype(np.uint16 if maxval > 255 else np.uint8).reshape(shape), maxval
