"""The picture before and the picture after, channel by channel.

What can be matched in one way only is matched, with a note that says so; whatever else is
different about the two pictures is an error.
"""

from convmat.cli.planes import Planes, all_equal, chosen, first, opaque
from convmat.errors import ConvmatError
from convmat.pictures.reading import read_picture

__all__ = ["read_pair"]


def read_pair(
    before: str, after: str, ndim: int, channel: str | None
) -> tuple[Planes, Planes, list[str]]:
    """The channels of both pictures, by the same names, and notes on what was done.

    Raises
    ------
    ConvmatError
        Where the files cannot be read, or differ in their channels or bits; where there is
        transparency; where the channel asked for is not there.
    """
    one, two = read_picture(before, ndim), read_picture(after, ndim)
    if one.depth and two.depth and one.depth != two.depth:
        raise ConvmatError(
            f"{one.name} is {one.depth} and {two.name} is {two.depth}: their levels do "
            "not compare; save both with the same bits per sample"
        )
    if channel is not None:
        return chosen(one, channel), chosen(two, channel), []
    notes: list[str] = []
    planes = [opaque(picture, notes) for picture in (one, two)]
    if all(len(plane) == 1 or all_equal(plane) for plane in planes):
        for picture, plane in zip((one, two), planes, strict=True):
            if len(plane) > 1:
                notes.append(f"the channels of {picture.name} are all the same: one was used")
        names = "grey" if one.depth or two.depth else "values"
        return {names: first(planes[0])}, {names: first(planes[1])}, notes
    if list(planes[0]) != list(planes[1]):
        described = [
            f"{picture.name} has {', '.join(plane)}"
            for picture, plane in zip((one, two), planes, strict=True)
        ]
        raise ConvmatError(
            f"the channels differ: {'; '.join(described)}. Save both in the same way, or choose "
            "one that both have with --channel"
        )
    return planes[0], planes[1], notes
