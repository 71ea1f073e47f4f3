"""The files of recordings: arrays by name, pictures as differences, which compress better.

What is kept of a picture x is, modulo the number of levels,

    d[i, j] = x[i, j] - x[i - 1, j] - x[i, j - 1] + x[i - 1, j - 1]

with 0 outside; sums along both axes give x back to the bit.
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def write(name, arrays, folder=FOLDER):
    """Write one file; the pictures among the arrays are those of unsigned integers."""
    kept = {key: _differences(x) if _is_picture(x) else x for key, x in arrays.items()}
    np.savez_compressed(folder / f"{name}.npz", **kept)


def read(name, folder=FOLDER):
    """All arrays of the files of which the names begin with this one."""
    found = {}
    for path in sorted(folder.glob(f"{name}*.npz")):
        with np.load(path) as arrays:
            found |= {key: _sums(x) if _is_picture(x) else x for key, x in arrays.items()}
    return found


def _is_picture(array):
    return array.dtype.kind == "u"


def _differences(picture):
    for axis in (0, 1):
        picture = np.diff(picture, axis=axis, prepend=picture.dtype.type(0))
    return picture


def _sums(differences):
    for axis in (0, 1):
        differences = np.cumsum(differences, axis=axis, dtype=differences.dtype)
    return differences
