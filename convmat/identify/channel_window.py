"""The window in which channels are told apart: where it lies, how large, what was clipped.

As in the search for one kernel (`support`), but with a kernel from every channel before to every
channel after, and aligned by the sums of the channels, which channels that do not correspond, or
that were swapped, cannot mislead.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from convmat.identify.alignment import Alignment, align
from convmat.identify.fit import BoxFit
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.support import Search, grown
from convmat.identify.window_limits import WindowLimits

__all__ = ["find_window", "noise_variance"]

_SIGNIFICANT = 7.0
_GRAINS, _TINY = 64.0, 1e-300


def find_window(
    planes: Sequence[Plane], channels: Sequence[Sequence[Plane]], largest: tuple[int, ...] | None
) -> list[Search] | None:
    """What was found for each of the channels, volumes, in one window; None where none fits."""
    alignment = _aligned(planes)
    limits = WindowLimits(planes, largest, len(channels))
    if not limits.allows(alignment.box):
        return None
    return grown(channels, limits.first(alignment), limits, lambda stage: None)


def noise_variance(fit: BoxFit, planes: Sequence[Plane]) -> float:
    """Of what a fit leaves, and no less than rounding or, where nothing was rounded, arithmetic."""
    rounding = ROUNDING_VARIANCE * max(plane.step for plane in planes) ** 2
    arithmetic = (_GRAINS * max(plane.grain for plane in planes)) ** 2
    return max(fit.variance, rounding or arithmetic, _TINY)


def _aligned(planes: Sequence[Plane]) -> Alignment:
    """By the sums of all channels, which mixing leaves alike, or else the pair that tells most."""
    sums = []
    for pair in sorted({plane.pair for plane in planes}):
        mine = [plane for plane in planes if plane.pair == pair]
        before = reduce(add, (plane.before for plane in mine))
        sums.append(replace(mine[0], before=before, after=reduce(add, (p.after for p in mine))))
    found = align(sums)
    if found.strength >= _SIGNIFICANT:
        return found
    first = [plane for plane in planes if plane.pair == planes[0].pair]
    pairs = [align([replace(a, after=b.after)]) for a in first for b in first]
    return max([found, *pairs], key=lambda one: one.strength)
