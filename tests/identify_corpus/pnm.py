"""Pictures to and from the bytes of a binary PGM or PPM file, 8 and 16 bits, for pipes."""

import re

import numpy as np

HEADER = re.compile(rb"P([56])\s+(?:#.*\n)*(\d+)\s+(\d+)\s+(\d+)\s")


def to_bytes(picture):
    kind = 5 if picture.ndim == 2 else 6
    rows, columns = picture.shape[:2]
    full = np.iinfo(picture.dtype).max
    big_endian = picture.astype(picture.dtype.newbyteorder(">"))
    return b"P%d\n%d %d\n%d\n" % (kind, columns, rows, full) + big_endian.tobytes()


def from_bytes(content):
    header = HEADER.match(content)
    assert header, f"no binary PGM or PPM: {content[:40]!r}"
    kind, columns, rows, full = map(int, header.groups())
    dtype = np.dtype(np.uint8 if full < 256 else ">u2")
    shape = (rows, columns) if kind == 5 else (rows, columns, 3)
    values = np.frombuffer(content, dtype, count=int(np.prod(shape)), offset=header.end())
    return values.reshape(shape).astype(dtype.newbyteorder("="))
