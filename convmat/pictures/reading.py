"""Reading pictures and arrays from files, sample by sample as they are stored.

A picture is a set of named planes, one for each channel: ``grey``, or ``red``, ``green`` and
``blue``, perhaps ``alpha``. Nothing is scaled or reduced to fewer bits on the way: what a
library would convert silently goes to another one, or is refused.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError, TooLargeError
from convmat.files.writing import check_suffix
from convmat.optional import require
from convmat.pictures.netpbm import parse_netpbm

__all__ = ["SUFFIXES", "Picture", "read_picture"]

_RGB = ("red", "green", "blue")
_CHANNELS = {
    "LA": ("grey", "alpha"),
    "RGB": _RGB,
    "RGBA": (*_RGB, "alpha"),
    "CMYK": ("cyan", "magenta", "yellow", "black"),
    "YCbCr": ("luma", "blue difference", "red difference"),
} | dict.fromkeys(("1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"), ("grey",))
_MOST_CHANNELS = 4


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, or array of numbers, read from a file.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    planes : dict of str to ndarray
        The channels in order, each of the same shape.
    depth : str
        What the samples are, such as "8-bit" or "32-bit float"; empty for .npy and .csv.
    """

    name: str
    planes: dict[str, NDArray]
    depth: str


def read_picture(path: str | os.PathLike[str], ndim: int = 2) -> Picture:
    """Read a picture or an array.

    Parameters
    ----------
    path : str or path
        Its suffix is one of `SUFFIXES`.
    ndim : int
        The number of axes wanted, 2 for pictures. An array with one axis more holds up to
        four channels along its last one, except in a .csv file.

    Raises
    ------
    ConvmatError
        Where the file is missing, unreadable, truncated, of several pages, or of another
        number of axes.
    MissingPackageError
        Where reading it needs an optional package that is not installed.
    """
    name = os.fspath(path)
    suffix = check_suffix(path, SUFFIXES)
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ConvmatError(f"cannot read {name}: {error.strerror or error}") from error
    if empty:
        raise ConvmatError(f"cannot read {name}: the file is empty")
    try:
        channels, samples, depth = _READERS[suffix](Path(path))
    except ConvmatError as error:
        raise type(error)(f"cannot read {name}: {error}") from error
    except MemoryError as error:
        raise TooLargeError(f"cannot read {name}: there is not enough memory for it") from error
    except Exception as error:  # whatever a damaged file makes a decoder raise
        raise ConvmatError(f"cannot read {name}: {_fault(error, suffix)}") from error
    if samples.size == 0:
        raise ConvmatError(f"cannot read {name}: it is empty, its shape is {samples.shape}")
    if suffix == ".csv" and ndim == 1 and 1 in samples.shape:
        samples = samples.ravel()
    if not channels:
        most = 0 if suffix == ".csv" else _MOST_CHANNELS
        channels, samples = _array_channels(samples, ndim, most)
    if samples.ndim - 1 != ndim:
        what = "is a picture with 2 axes" if depth else f"has shape {samples.shape[:-1]}"
        wanted = "1 axis is" if ndim == 1 else f"{ndim} axes are"
        raise ConvmatError(f"{name} {what}, where {wanted} wanted")
    planes = {channel: samples[..., index] for index, channel in enumerate(channels)}
    return Picture(name, planes, depth)


_Stored = tuple[tuple[str, ...], NDArray, str]


def _array_channels(samples: NDArray, ndim: int, most: int) -> tuple[tuple[str, ...], NDArray]:
    """One plane, or the channels along the last axis where there is one axis too many."""
    if samples.ndim == ndim + 1 and samples.shape[-1] <= most:
        return tuple(map(str, range(samples.shape[-1]))), samples
    return ("values",), samples[..., np.newaxis]


def _read_npy(path: Path) -> _Stored:
    with open(path, "rb") as file:
        return (), np.lib.format.read_array(file, allow_pickle=False), ""


def _read_csv(path: Path) -> _Stored:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConvmatError("it is no text, or not in UTF-8") from error
    lines = [line.partition("#")[0] for line in text.splitlines()]
    if not any(map(str.strip, lines)):
        raise ConvmatError("there are no numbers in it")
    try:
        return (), np.loadtxt(lines, delimiter=",", ndmin=2), ""
    except ValueError as error:
        raise ConvmatError(_csv_fault(lines)) from error


def _csv_fault(lines: list[str]) -> str:
    """What is wrong with lines that are no table of numbers."""
    columns = 0
    for number, line in enumerate(lines, 1):
        words = line.split(",") if line.strip() else []
        for word in words:
            try:
                float(word)
            except ValueError:
                shown = word.strip()[:20]
                return (
                    f"line {number} has {shown!r} where a number should be; "
                    "it must hold numbers alone, with commas between them"
                )
        columns = columns or len(words)
        if words and len(words) != columns:
            return f"line {number} has {len(words)} columns, the lines before it {columns}"
    return "it must hold numbers alone, with commas between them"


def _read_netpbm(path: Path) -> _Stored:
    samples, maxval = parse_netpbm(path.read_bytes())
    usual = {255: "8-bit", 65535: "16-bit"}
    channels = ("grey",) if samples.ndim == 2 else _RGB
    return channels, np.atleast_3d(samples), usual.get(maxval, f"0 to {maxval}")


def _read_png(path: Path) -> _Stored:
    """Pillow would read 16-bit colours, and 16-bit grey with alpha, as 8 bits."""
    with open(path, "rb") as file:
        start = file.read(26)
    depth, colour = start[24:26] if start.startswith(b"\x89PNG") and len(start) == 26 else (8, 0)
    if depth != 16 or colour == 0:
        return _read_with_pillow(path)
    codecs = require("imagecodecs", "imagecodecs", "codecs")
    samples = codecs.png_decode(path.read_bytes())
    channels = {2: ("grey", "alpha"), 3: _RGB, 4: (*_RGB, "alpha")}[samples.shape[-1]]
    return channels, samples, _depth(samples)


def _read_with_pillow(path: Path) -> _Stored:
    iio = require("imageio.v3", "imageio", "cli")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about size and metadata; what is broken raises
        with iio.imopen(path, "r", plugin="pillow") as file:
            metadata = file.metadata(index=0, exclude_applied=False)
            pages = file.properties(index=...).n_images
            # A camera's JPEG may hold previews after its picture (MPO); they are not frames.
            if pages > 1 and path.suffix.lower() not in (".jpg", ".jpeg"):
                raise ConvmatError(f"it holds {pages} pictures; save one of them")
            samples = file.read(index=0)
    mode = metadata["mode"]
    if mode == "P":
        mode = {3: "RGB", 4: "RGBA"}.get(samples.shape[-1], "P") if samples.ndim == 3 else "L"
    if mode not in _CHANNELS:
        raise ConvmatError(f"its colours are stored as {mode!r}; save it as grey or RGB")
    if "transparency" in metadata:
        raise ConvmatError("it has transparent pixels; save it without transparency")
    if samples.dtype == np.bool_:
        samples = samples.astype(np.uint8) * np.uint8(255)
    return _CHANNELS[mode], np.atleast_3d(samples), _depth(samples)


def _read_tiff(path: Path) -> _Stored:
    tifffile = require("tifffile", "tifffile", "cli")
    with _silence("tifffile"), tifffile.TiffFile(path) as file:
        page, axes = file.pages[0], file.series[0].axes if file.series else ""
        if len(file.series) != 1 or axes not in ("YX", "YXS", "SYX"):
            count = len(file.pages)
            raise ConvmatError(f"it holds {count} pictures; save one of them")
        colours = {0: ("grey",), 1: ("grey",), 2: _RGB}.get(page.photometric)
        simple = page.bitspersample == 8 or page.samplesperpixel == 1
        try:
            samples = file.series[0].asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            if simple:  # which Pillow reads without loss
                return _read_with_pillow(path)
            require("imagecodecs", "imagecodecs", "codecs")
            raise
        extra = len(page.extrasamples)
    if colours is None or len(colours) + extra != page.samplesperpixel or extra > 1:
        found = f"{page.samplesperpixel} samples per pixel, {page.photometric!r}"
        raise ConvmatError(f"its colours are not grey or RGB ({found}); save it as one of these")
    if axes == "SYX":
        samples = np.moveaxis(samples, 0, -1)
    if page.photometric == 0:  # white is zero
        samples = np.invert(samples) if samples.dtype.kind == "u" else -samples
    return (*colours, "alpha")[: len(colours) + extra], np.atleast_3d(samples), _depth(samples)


@contextmanager
def _silence(name: str) -> Iterator[None]:
    """Keep a library from logging to the terminal what it raises anyway."""
    logger = logging.getLogger(name)
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = disabled


def _depth(samples: NDArray) -> str:
    bits = 8 * samples.dtype.itemsize
    kind = {"u": "", "i": " signed", "f": " float", "c": " complex"}.get(samples.dtype.kind, "?")
    return f"{bits}-bit{kind}"


def _fault(error: Exception, suffix: str) -> str:
    """What a decoder's error means to who has the file."""
    if type(error.__cause__ or error).__name__ == "DecompressionBombError":
        return "it says that it has more pixels than Pillow reads; crop it, or save it as .tif"
    return f"it is damaged or truncated, or no {suffix} file"


_READERS: dict[str, Callable[[Path], Any]] = {
    ".png": _read_png,
    ".jpg": _read_with_pillow,
    ".jpeg": _read_with_pillow,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".pgm": _read_netpbm,
    ".ppm": _read_netpbm,
    ".bmp": _read_with_pillow,
    ".gif": _read_with_pillow,
    ".webp": _read_with_pillow,
    ".npy": _read_npy,
    ".csv": _read_csv,
}
SUFFIXES = tuple(_READERS)
"""The suffixes of files that `read_picture` reads."""
