"""Pixels that say something of their own: one of each neighbourhood.

What rounding leaves at a pixel is a function of the neighbourhood that the kernel sees. In
drawings, masks, mosaics and pictures of few levels the same neighbourhoods come again and again,
with the same error each time, so that a thousand of them tell no more than one. Left out, what is
left counts as many observations as there are. Where alike neighbourhoods have become different
levels there is noise besides, which is not the same each time, and all pixels count.

Neighbourhoods are told apart by a sum of random multiples of their samples, modulo 2^64
(multilinear hashing: D. Lemire and O. Kaser, Comput. J. 57 (2014), doi:10.1093/comjnl/bxt070).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box, Region
from convmat.identify.given import Plane

__all__ = ["one_of_each"]

_SAMPLE = 2**18
# Share of neighbourhoods of their own from which on nothing is left out.
_NEARLY_ALL = 0.8
# Share of the pixels of alike neighbourhoods that became the same level, where there is no noise.
_SAME = 0.999


def one_of_each(planes: Sequence[Plane], box: Box, frame: Box) -> list[NDArray] | None:
    """Per plane, in after's shape, True at one pixel for each neighbourhood; None where all count.

    Parameters
    ----------
    planes : sequence of Plane
    box : Box
        What the kernel sees.
    frame : Box
        The pixels are those of its interior.
    """
    regions = [frame.interior(plane.before.shape, plane.after.shape) for plane in planes]
    middles = [_middle(region) for region in regions]
    if not _repeat(planes, box, middles) or not (
        middles == regions or _repeat(planes, box, regions)
    ):
        return None
    hashes = np.concatenate(
        [_hashes(plane, box, region) for plane, region in zip(planes, regions, strict=True)]
    )
    levels = np.concatenate(
        [plane.after[region.slices].ravel() for plane, region in zip(planes, regions, strict=True)]
    )
    _, first, where = np.unique(hashes, return_index=True, return_inverse=True)
    if np.mean(levels[first][where] == levels) < _SAME:
        return None
    chosen = np.zeros(hashes.size, dtype=bool)
    chosen[first] = True
    keeps, start = [], 0
    for plane, region in zip(planes, regions, strict=True):
        keep = np.zeros(plane.after.shape, dtype=bool)
        keep[region.slices] = chosen[start : start + region.size].reshape(region.shape)
        keeps.append(keep)
        start += region.size
    return keeps


def _repeat(planes: Sequence[Plane], box: Box, regions: Sequence[Region]) -> bool:
    found = np.concatenate(
        [_hashes(plane, box, region) for plane, region in zip(planes, regions, strict=True)]
    )
    return np.unique(found).size < _NEARLY_ALL * found.size


def _middle(region: Region) -> Region:
    """So much of it that looking is quick."""
    share = min(1.0, (_SAMPLE / max(region.size, 1)) ** 0.5)
    sizes = [max(int(n * share), min(n, 1)) for n in region.shape]
    start = [a + (n - m) // 2 for a, n, m in zip(region.start, region.shape, sizes, strict=True)]
    return Region(tuple(start), tuple(a + m for a, m in zip(start, sizes, strict=True)))


def _hashes(plane: Plane, box: Box, region: Region) -> NDArray[np.uint64]:
    """Of every neighbourhood in a region, raveled: axis by axis."""
    samples = plane.before[box.reads(region)]
    sums = np.ascontiguousarray(samples + 0.0).view(np.uint64)  # so that -0 is 0
    sums = sums ^ (sums >> np.uint64(32))
    rng = np.random.default_rng(0)
    for axis, (k, n) in enumerate(zip(box.shape, region.shape, strict=True)):
        factors = rng.integers(0, 2**64, k, dtype=np.uint64) | np.uint64(1)
        total = np.zeros((*sums.shape[:axis], n, *sums.shape[axis + 1 :]), dtype=np.uint64)
        for shift, factor in enumerate(factors):
            part = [slice(None)] * sums.ndim
            part[axis] = slice(shift, shift + n)
            total += sums[tuple(part)] * factor
        sums = total ^ (total >> np.uint64(29))
    return sums.ravel()
