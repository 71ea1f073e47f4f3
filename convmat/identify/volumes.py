"""Pictures whose channels mix, as one volume: mixing is a convolution along a third axis.

With the channels of the picture before stacked in reversed order, channel after i is

    y_i[p] = sum over j, d of  h_ij[d] x_j[p - d]

the only output, along the stack, of a kernel as long as the stack is. So all that fits and judges a
box of displacements fits and judges mixing too: entry j of the first axis belongs to channel j.
Only what looks at pictures wants them flat, which a picture that is no volume is already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convmat.gram.data_moments import moments_of_each
from convmat.gram.moments import Moments
from convmat.identify.box import Box, Region
from convmat.identify.fit import BoxFit, Residual
from convmat.identify.given import Plane

__all__ = [
    "Volume",
    "blocks",
    "box_for",
    "by_source",
    "cropped",
    "flat_box",
    "flat_residual",
    "own_box",
    "union",
    "volume_box",
    "volumes_of",
]

_DEVIATIONS = 4.0
# Quarters of a window, of a box in it, and the whole of either.
_REMEMBERED = 10


@dataclass(frozen=True, eq=False)
class Volume(Plane):
    """One channel after with all channels before, the planes of which are kept in their order.

    What is ``known`` is so to all volumes of a pair: their columns are the same.
    """

    channels: tuple[Plane, ...]
    known: dict[tuple[Box, Region], list[Moments]]

    def moments(self, box: Box, region: Region, keep: NDArray | None) -> Moments:
        """With one Gram matrix for all channels, where nothing is left out."""
        if keep is not None and not keep[region.slices].all():
            return super().moments(box, region, keep)
        if (box, region) not in self.known:
            if len(self.known) == _REMEMBERED:
                del self.known[next(iter(self.known))]
            samples, inside = self.before[box.reads(region)], region.slices[1:]
            afters = [plane.after[inside][np.newaxis] for plane in self.channels]
            self.known[box, region] = moments_of_each(samples, box.shape, afters)
        return self.known[box, region][self.channel]


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


def volumes_of(planes: Sequence[Plane]) -> list[list[Plane]]:
    """For every channel after, that of each pair with all channels before.

    Examples
    --------
    >>> red, green = (Plane(np.eye(4) * i, np.eye(4), 1, 1, 0, 1, 0, i, 0) for i in (0, 1))
    >>> volumes_of([red, green])[1][0].before.shape
    (2, 4, 4)
    """
    pairs = sorted({plane.pair for plane in planes})
    found: list[list[Plane]] = [[] for _ in range(1 + max(plane.channel for plane in planes))]
    for pair in pairs:
        own = tuple(plane for plane in planes if plane.pair == pair)
        steps = {plane.before_step for plane in own}
        common = {
            "before": np.stack([plane.before for plane in own[::-1]]),
            "before_step": steps.pop() if len(steps) == 1 else 0.0,
            "channels": own,
            "known": {},
        }
        for plane in own:
            fields = {**vars(plane), **common, "after": plane.after[np.newaxis]}
            found[plane.channel].append(Volume(**fields))
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
    return Box(box.lo[-2:], box.hi[-2:])


def box_for(planes: Sequence[Plane], box: Box) -> Box:
    """A box of displacements in the picture as one of these planes, pictures or volumes."""
    plane = planes[0]
    return volume_box(box, len(plane.channels)) if isinstance(plane, Volume) else box


def flat_residual(residual: Residual) -> Residual:
    """Of a channel after, as a picture: over the channel's own before."""
    plane = residual.plane
    if not isinstance(plane, Volume):
        return residual
    region = Region(residual.region.start[1:], residual.region.stop[1:])
    keep: NDArray | None = None if residual.keep is None else residual.keep[0]
    return Residual(plane.channels[plane.channel], region, residual.left[0], keep)


def by_source(fit: BoxFit, planes: Sequence[Plane]) -> list[tuple[BoxFit, list[Plane]]]:
    """For every channel before, its entries' errors beside the strongest kernel; and its planes."""
    if fit.kernel.ndim == 2:
        return [(fit, list(planes))]
    strongest = fit.kernel[int(np.argmax(np.abs(fit.kernel).sum(axis=(1, 2))))]
    found = []
    for source in range(len(fit.kernel)):
        entries = slice(source * strongest.size, (source + 1) * strongest.size)
        inverse = fit.inverse[entries, entries]
        part = replace(fit, box=flat_box(fit.box), kernel=strongest, inverse=inverse)
        own = [plane.channels[source] for plane in planes if isinstance(plane, Volume)]
        found.append((part, own))
    return found


def blocks(
    kernel: NDArray, covariance: NDArray, information: NDArray
) -> list[tuple[NDArray, NDArray, NDArray]]:
    """Each channel's kernel that is not 0 within its error bars, with its part of the others."""
    if kernel.ndim == 2:
        return [(kernel, covariance, information)]
    found = []
    for source, h in enumerate(kernel):
        entries = slice(source * h.size, (source + 1) * h.size)
        V = covariance[entries, entries]
        if np.any(np.abs(h.ravel()) > _DEVIATIONS * np.sqrt(np.diagonal(V))):
            found.append((h, V, np.linalg.inv(V)))
    return found


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds them all."""
    return Box(
        tuple(map(min, zip(*(box.lo for box in boxes), strict=True))),
        tuple(map(max, zip(*(box.hi for box in boxes), strict=True))),
    )
