"""What the commands read: the channels of a picture, a kernel, a mask."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.pictures.reading import Picture, read_picture

__all__ = ["all_equal", "chosen", "first", "opaque", "read_kernel", "read_mask", "read_planes"]

Planes = dict[str, NDArray]


def read_planes(path: str, ndim: int, channel: str | None) -> tuple[Planes, list[str]]:
    """The channels of a picture, or the one asked for, and notes on what was done.

    Raises
    ------
    ConvmatError
        Where the file cannot be read or there is transparency; where the channel is not there.
    """
    notes: list[str] = []
    picture = read_picture(path, ndim)
    planes = opaque(picture, notes) if channel is None else chosen(picture, channel)
    return planes, notes


def read_kernel(path: str, ndim: int) -> tuple[NDArray, list[str]]:
    """A kernel, and notes on what was done.

    The levels of a picture have no scale of their own, and are divided by their sum.
    """
    picture = read_picture(path, ndim)
    if len(picture.planes) != 1 and not picture.depth:
        raise ConvmatError(f"{path} has {ndim + 1} axes; a kernel for {ndim} is wanted")
    if len(picture.planes) != 1:
        raise ConvmatError(f"{path} has {len(picture.planes)} channels; a kernel has one")
    kernel = first(picture.planes)
    if not picture.depth or kernel.dtype.kind != "u":
        return kernel, []
    total = int(kernel.sum(dtype=np.uint64))
    if not total:
        raise ConvmatError(f"{path} is black everywhere: it is no kernel")
    return kernel / total, [f"{path} is a picture: its levels were divided by their sum, {total}"]


def read_mask(path: str | None, ndim: int) -> NDArray[np.bool_] | None:
    """True where a picture of one channel is not 0."""
    if path is None:
        return None
    planes = opaque(read_picture(path, ndim), [])
    if not all_equal(planes):
        raise ConvmatError(f"{path} has {len(planes)} channels that differ; a mask has one")
    return first(planes) != 0


def chosen(picture: Picture, channel: str) -> Planes:
    """The one channel that a number or a name stands for."""
    names = list(picture.planes)
    wanted = channel.strip().lower()
    if wanted not in names and wanted.isdecimal() and int(wanted) < len(names):
        wanted = names[int(wanted)]
    if wanted not in names:
        numbered = ", ".join(f"{index} ({name})" for index, name in enumerate(names))
        raise ConvmatError(f"{picture.name} has no channel {channel!r}; it has {numbered}")
    return {wanted: picture.planes[wanted]}


def opaque(picture: Picture, notes: list[str]) -> Planes:
    """The colours alone, where the alpha channel says nothing."""
    planes = dict(picture.planes)
    alpha = planes.pop("alpha", None)
    if alpha is None:
        return planes
    most = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
    if not np.all(alpha == most):
        raise ConvmatError(
            f"{picture.name} has an alpha channel and is not opaque everywhere: save it without "
            f"transparency, or choose a channel with --channel ({', '.join(picture.planes)})"
        )
    notes.append(f"the alpha channel of {picture.name}, opaque everywhere, was left out")
    return planes


def all_equal(planes: Planes) -> bool:
    """Whether every channel holds the same."""
    return all(np.array_equal(plane, first(planes)) for plane in planes.values())


def first(planes: dict[str, Any]) -> Any:
    """The first channel, or what belongs to it."""
    return next(iter(planes.values()))
