"""Pixels that say something of their own: one of each neighbourhood.

What rounding leaves at a pixel is a function of the neighbourhood that the kernel sees. In
drawings, masks, mosaics and pictures of few levels the same neighbourhoods come again and again,
with the same error each time, so that a thousand of them tell no more than one. Left out, what is
left counts as many observations as there are. Of a kernel that sums to a whole number, as most do,
only the differences in a neighbourhood matter, since whole levels are rounded to themselves: in
smooth pictures these repeat, too. Where alike neighbourhoods have become different
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
    if box.size > 1 and not _repeat(planes, box, [_middle(region) for region in regions]):
        return None
    first = _first_of_each(planes, box, regions, whole=True) if box.size > 1 else None
    if first is None:
        first = _first_of_each(planes, box, regions, whole=False)
    if first is None:
        return None
    chosen = np.zeros(sum(region.size for region in regions), dtype=bool)
    chosen[first] = True
    keeps, start = [], 0
    for plane, region in zip(planes, regions, strict=True):
        keep = np.zeros(plane.after.shape, dtype=bool)
        keep[region.slices] = chosen[start : start + region.size].reshape(region.shape)
        keeps.append(keep)
        start += region.size
    return keeps


def _first_of_each(
    planes: Sequence[Plane], box: Box, regions: Sequence[Region], *, whole: bool
) -> NDArray | None:
    """Indices of pixels, or None where nearly all are, or alike ones became different levels.

    Where the kernel's sum is `whole`, differences are compared, from a sample of their own.
    """
    if whole and not all(plane.step and plane.before_step for plane in planes):
        return None
    keys, levels = [], []
    for plane, region in zip(planes, regions, strict=True):
        keys.append(_hashes(plane, box, region, differences=whole))
        made = plane.after[region.slices].ravel()
        levels.append(made - _corner(plane, box, region) if whole else made)
    hashes, results = np.concatenate(keys), np.concatenate(levels)
    _, first, where = np.unique(hashes, return_index=True, return_inverse=True)
    same = np.mean(results[first][where] == results)
    return None if first.size >= _NEARLY_ALL * hashes.size or same < _SAME else first


def _repeat(planes: Sequence[Plane], box: Box, regions: Sequence[Region]) -> bool:
    found = np.concatenate(
        [
            _hashes(plane, box, region, differences=True)
            for plane, region in zip(planes, regions, strict=True)
        ]
    )
    return np.unique(found).size < _NEARLY_ALL * found.size


def _middle(region: Region) -> Region:
    """So much of it that looking is quick."""
    share = min(1.0, (_SAMPLE / max(region.size, 1)) ** 0.5)
    sizes = [max(int(n * share), min(n, 1)) for n in region.shape]
    start = [a + (n - m) // 2 for a, n, m in zip(region.start, region.shape, sizes, strict=True)]
    return Region(tuple(start), tuple(a + m for a, m in zip(start, sizes, strict=True)))


def _corner(plane: Plane, box: Box, region: Region) -> NDArray:
    """One sample of every neighbourhood, raveled."""
    samples = plane.before[box.reads(region)]
    return samples[tuple(slice(n) for n in region.shape)].ravel()


def _hashes(plane: Plane, box: Box, region: Region, *, differences: bool) -> NDArray[np.uint64]:
    """Of every neighbourhood in a region, raveled; or of its differences from one sample."""
    samples = plane.before[box.reads(region)]
    if not (differences and plane.before_step):
        bits = np.ascontiguousarray(samples + 0.0).view(np.uint64)  # so that -0 is 0
        return _multiples(bits ^ (bits >> np.uint64(32)), region.shape).ravel()
    levels = np.rint((samples - samples.min()) / plane.before_step).astype(np.int64)
    sums = _multiples(levels.view(np.uint64), region.shape)
    corner = levels[tuple(slice(n) for n in region.shape)].view(np.uint64)
    of_ones = _multiples(np.ones(box.shape, dtype=np.uint64), (1,) * len(box.shape))
    return (sums - corner * of_ones).ravel()


def _multiples(samples: NDArray[np.uint64], shape: tuple[int, ...]) -> NDArray[np.uint64]:
    """Sums of random multiples of the samples of every neighbourhood, axis by axis."""
    rng = np.random.default_rng(0)
    for axis, n in enumerate(shape):
        k = samples.shape[axis] - n + 1
        total = np.zeros((*samples.shape[:axis], n, *samples.shape[axis + 1 :]), dtype=np.uint64)
        for shift, factor in enumerate(rng.integers(0, 2**64, k, dtype=np.uint64)):
            part = [slice(None)] * samples.ndim
            part[axis] = slice(shift, shift + n)
            total += samples[tuple(part)] * (factor | np.uint64(1))
        samples = total
    return samples
