"""Writing pictures to files: .png and .tif in the depth they had, .npy and .csv every digit."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.files.writing import atomic_write, check_suffix
from convmat.optional import require
from convmat.pictures.kernel_files import write_numbers

__all__ = ["check_picture_path", "write_picture"]

_DEPTHS = {
    ".png": ("uint8", "uint16"),
    ".tif": ("uint8", "uint16", "float32", "float64"),
    ".tiff": ("uint8", "uint16", "float32", "float64"),
}
_COLOURS = (["red", "green", "blue"], ["0", "1", "2"])


def check_picture_path(
    path: str | os.PathLike[str], planes: Mapping[str, NDArray], dtype: Any
) -> None:
    """Refuse a file that cannot hold such planes as samples of this dtype.

    Examples
    --------
    >>> check_picture_path("signal.png", {"values": np.zeros(4)}, np.uint8)
    Traceback (most recent call last):
        ...
    convmat.errors.ConvmatError: signal.png holds pictures of 2 axes, not 1; a .npy file can
    """
    suffix = check_suffix(path, (*_DEPTHS, ".npy", ".csv"))
    ndim = next(iter(planes.values())).ndim
    several = len(planes) > 1
    name = np.dtype(dtype).name
    if suffix == ".csv" and ndim + several > 2:
        raise ConvmatError(f"{path} cannot hold {ndim + several} axes; a .npy file can")
    if suffix == ".csv" and np.dtype(dtype).kind == "c":
        raise ConvmatError(f"{path} cannot hold complex numbers; a .npy file can")
    if suffix not in _DEPTHS:
        return
    if ndim != 2:
        raise ConvmatError(f"{path} holds pictures of 2 axes, not {ndim}; a .npy file can")
    if several and list(planes) not in _COLOURS:
        raise ConvmatError(f"{path} holds grey or RGB, not {', '.join(planes)}; a .npy file can")
    if name not in _DEPTHS[suffix]:
        allowed = ", ".join(_DEPTHS[suffix])
        raise ConvmatError(f"{path} holds samples of {allowed}, not {name}; a .npy file can")
    if suffix == ".png" and several and name == "uint16":
        require("imagecodecs", "imagecodecs", "codecs")


def write_picture(
    path: str | os.PathLike[str], planes: Mapping[str, NDArray], dtype: Any
) -> tuple[str, int]:
    """Write planes as one picture.

    Parameters
    ----------
    path : str or path
        ``.png``, ``.tif``; or ``.npy`` and ``.csv``, where `dtype` does not matter.
    planes : mapping from str to ndarray
        The channels, of one shape; in a ``.npy`` file they are the last axis.
    dtype : data-type
        Of the samples in a picture. Whole numbers are rounded and clipped to their range.

    Returns
    -------
    str
        For people, such as "restored.png (512x512, uint8)".
    int
        How many samples were clipped.
    """
    check_picture_path(path, planes, dtype)
    several = len(planes) > 1
    samples = np.stack(list(planes.values()), axis=-1) if several else next(iter(planes.values()))
    suffix = check_suffix(path, (*_DEPTHS, ".npy", ".csv"))
    if suffix not in _DEPTHS:
        return write_numbers(path, samples), 0
    stored = samples.astype(dtype, copy=False) if np.dtype(dtype).kind == "f" else None
    clipped = 0
    if stored is None:
        rounded, most = np.rint(samples), np.iinfo(dtype).max
        clipped = int(np.count_nonzero((rounded < 0) | (rounded > most)))
        stored = rounded.clip(0, most).astype(dtype)
    _ENCODERS[suffix](path, stored)
    shape = "x".join(map(str, stored.shape[:2]))
    return f"{path} ({shape}{', RGB' if several else ''}, {stored.dtype})", clipped


def _write_png(path: str | os.PathLike[str], samples: NDArray) -> None:
    """Pillow writes no 16-bit colours."""
    if samples.ndim == 3 and samples.dtype == np.uint16:
        content = require("imagecodecs", "imagecodecs", "codecs").png_encode(samples)
    else:
        iio = require("imageio.v3", "imageio", "cli")
        content = iio.imwrite("<bytes>", samples, extension=".png", plugin="pillow")
    with atomic_write(path) as file:
        file.write(content)


def _write_tiff(path: str | os.PathLike[str], samples: NDArray) -> None:
    tifffile = require("tifffile", "tifffile", "cli")
    with atomic_write(path) as file:
        tifffile.imwrite(file, samples, photometric="rgb" if samples.ndim == 3 else "minisblack")


_ENCODERS = {".png": _write_png, ".tif": _write_tiff, ".tiff": _write_tiff}
