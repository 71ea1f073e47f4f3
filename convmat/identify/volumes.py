"""Pictures whose channels mix, as one volume: mixing is a convolution along a third axis.

With the channels of the picture before stacked in reversed order, channel after i is

    y_i[p] = sum over j, d of  h_ij[d] x_j[p - d]

the only output, along the stack, of a kernel as long as the stack is. So all that fits and judges a
box of displacements fits and judges mixing too: entry j of the first axis belongs to channel j.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box, Region
from convmat.identify.fit import Residual
from convmat.identify.given import Plane

__all__ = ["cropped", "flat_box", "flat_residual", "own_box", "union", "volume_box", "volumes_of"]


def cropped(planes: Sequence[Plane], most: int) -> list[Plane]:
    """The same middle of both pictures, of about so many pixels where they have more."""
    found = []
    for plane in planes:
        least = np.minimum(plane.before.shape, plane.after.shape)
        share = min(1.0, float(np.sqrt(most / max(int(np.prod(least)), 1))))
        if share < 1:
            sizes = [max(int(n * share), 1) for n in least]
            ends = zip(least, sizes, strict=True)
            part = tuple(slice((int(n) - m) // 2, (int(n) - m) // 2 + m) for n, m in ends)
            plane = replace(plane, before=plane.before[part], after=plane.after[part])
        found.append(plane)
    return found


def volumes_of(planes: Sequence[Plane], channel: int) -> list[Plane]:
    """One channel after, of all pairs, with all channels before.

    Examples
    --------
    >>> red, green = (Plane(np.eye(4) * i, np.eye(4), 1, 1, 0, 1, 0, i, 0) for i in (0, 1))
    >>> volumes_of([red, green], 1)[0].before.shape
    (2, 4, 4)
    """
    found = []
    for plane in planes:
        if plane.channel == channel:
            sources = [other.before for other in planes if other.pair == plane.pair]
            found.append(replace(plane, before=np.stack(sources[::-1]), after=plane.after[None]))
    return found


def volume_box(box: Box, count: int) -> Box:
    """A box of displacements in the picture, for each of the channels before."""
    return Box((1 - count, *box.lo), (0, *box.hi))


def own_box(box: Box, count: int, channel: int) -> Box:
    """The part of `volume_box` that belongs to one channel before."""
    along = channel - (count - 1)
    return Box((along, *box.lo), (along, *box.hi))


def flat_box(box: Box) -> Box:
    """Without the axis of channels."""
    return Box(box.lo[1:], box.hi[1:])


def flat_residual(residual: Residual, plane: Plane) -> Residual:
    """Of a channel after, as a picture again; `plane` is the channel's own."""
    region = Region(residual.region.start[1:], residual.region.stop[1:])
    keep: NDArray | None = None if residual.keep is None else residual.keep[0]
    return Residual(plane, region, residual.left[0], keep)


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds them all."""
    return Box(
        tuple(map(min, zip(*(box.lo for box in boxes), strict=True))),
        tuple(map(max, zip(*(box.hi for box in boxes), strict=True))),
    )
