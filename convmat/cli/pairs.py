"""The picture before and the picture after, channel by channel.

What can be matched in one way only is matched, with a note that says so; whatever else is
different about the two pictures is an error.
"""

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.pictures import Picture, read_picture

__all__ = ["read_pair"]

_Planes = dict[str, NDArray]


def read_pair(
    before: str, after: str, ndim: int, channel: str | None
) -> tuple[_Planes, _Planes, list[str]]:
    """The channels of both pictures, by the same names, and notes on what was done.

    Raises
    ------
    ConvmatError
        Where the files cannot be read, or differ in their channels or bits; where there is
        transparency; where the channel asked for is not there.
    """
    first, second = read_picture(before, ndim), read_picture(after, ndim)
    if first.depth and second.depth and first.depth != second.depth:
        raise ConvmatError(
            f"{first.name} is {first.depth} and {second.name} is {second.depth}: their levels do "
            "not compare; save both with the same bits per sample"
        )
    if channel is not None:
        return _choose(first, channel), _choose(second, channel), []
    notes: list[str] = []
    planes = [_opaque(picture, notes) for picture in (first, second)]
    if all(len(plane) == 1 or _all_equal(plane) for plane in planes):
        for picture, plane in zip((first, second), planes, strict=True):
            if len(plane) > 1:
                notes.append(f"the channels of {picture.name} are all the same: one was used")
        names = "grey" if first.depth or second.depth else "values"
        return {names: _first(planes[0])}, {names: _first(planes[1])}, notes
    if list(planes[0]) != list(planes[1]):
        described = [
            f"{picture.name} has {', '.join(plane)}"
            for picture, plane in zip((first, second), planes, strict=True)
        ]
        raise ConvmatError(
            f"the channels differ: {'; '.join(described)}. Save both in the same way, or choose "
            "one that both have with --channel"
        )
    return planes[0], planes[1], notes


def _choose(picture: Picture, channel: str) -> _Planes:
    names = list(picture.planes)
    wanted = channel.strip().lower()
    if wanted not in names and wanted.isdecimal() and int(wanted) < len(names):
        wanted = names[int(wanted)]
    if wanted not in names:
        numbered = ", ".join(f"{index} ({name})" for index, name in enumerate(names))
        raise ConvmatError(f"{picture.name} has no channel {channel!r}; it has {numbered}")
    return {wanted: picture.planes[wanted]}


def _opaque(picture: Picture, notes: list[str]) -> _Planes:
    """The colours alone, where the alpha channel says nothing."""
    planes = dict(picture.planes)
    alpha = planes.pop("alpha", None)
    if alpha is None:
        return planes
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
    if not np.all(alpha == opaque):
        raise ConvmatError(
            f"{picture.name} has an alpha channel and is not opaque everywhere: save it without "
            f"transparency, or choose a channel with --channel ({', '.join(picture.planes)})"
        )
    notes.append(f"the alpha channel of {picture.name}, opaque everywhere, was left out")
    return planes


def _all_equal(planes: _Planes) -> bool:
    return all(np.array_equal(plane, _first(planes)) for plane in planes.values())


def _first(planes: _Planes) -> NDArray:
    return next(iter(planes.values()))
