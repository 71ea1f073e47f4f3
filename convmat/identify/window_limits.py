"""How large a window may be, where it starts, and how it grows.

A window holds at most some thousands of displacements, of which the Gram matrix is formed, and is
at most half as large as a picture, which must have several pixels for each of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convmat.identify.alignment import Alignment
from convmat.identify.box import Box
from convmat.identify.given import Plane

__all__ = ["WindowLimits"]

_MARGIN = 3
_LEAST_REACH = 4
_LARGEST_SIDE = 71
_MOST_ENTRIES = 2600
# Pixels for each entry of a window.
_LEAST_SHARE = 4


class WindowLimits:
    """How large a window may be: what is asked for, what pictures and patience have room for.

    It has entries for each of so many `sources`.
    """

    def __init__(
        self, planes: Sequence[Plane], largest: tuple[int, ...] | None, sources: int = 1
    ) -> None:
        self._sources = sources
        self._shapes = [(plane.before.shape, plane.after.shape) for plane in planes]
        smallest = np.min([np.minimum(*pair) for pair in self._shapes], axis=0)
        sides = [min(max(int(n) // 2, 1), _LARGEST_SIDE) for n in smallest]
        asked = sides if largest is None else largest
        self._sides = [min(pair) for pair in zip(sides, asked, strict=True)]

    def allows(self, window: Box) -> bool:
        """Whether a window is within all limits."""
        if any(n > m for n, m in zip(window.shape, self._sides, strict=True)):
            return False
        pixels = sum(window.interior(*pair).size for pair in self._shapes)
        entries = self._sources * window.size
        return entries <= _MOST_ENTRIES and pixels >= _LEAST_SHARE * entries

    def first(self, alignment: Alignment) -> Box:
        """Around what stands out, with a margin; smaller where there is no room for that."""
        lo, hi = [], []
        for axis, shift in enumerate(alignment.shift):
            below = min(alignment.box.lo[axis] - _MARGIN, shift - _LEAST_REACH)
            above = max(alignment.box.hi[axis] + _MARGIN, shift + _LEAST_REACH)
            if shift and abs(shift) <= 2 * _LEAST_REACH:
                below, above = min(below, -1), max(above, 1)
            lo.append(below)
            hi.append(above)
        while not self.allows(Box(tuple(lo), tuple(hi))):
            sizes = [h - low + 1 for low, h in zip(lo, hi, strict=True)]
            if max(sizes) == 1:
                break
            over = [n / m for n, m in zip(sizes, self._sides, strict=True)]
            axis = int(np.argmax(over if max(over) > 1 else sizes))
            if sizes[axis] == 1:
                axis = int(np.argmax(sizes))
            # The end that is farther from the shift gives way.
            if hi[axis] - alignment.shift[axis] >= alignment.shift[axis] - lo[axis]:
                hi[axis] -= 1
            else:
                lo[axis] += 1
        return Box(tuple(lo), tuple(hi))

    def grown(self, window: Box, wanted: Sequence[tuple[Any, Any]]) -> Box:
        """By half of its side where that is wanted, or as far as there is room."""
        for share in (0.5, 0.25, 0.0):
            steps = [max(1, int(share * n)) for n in window.shape]
            below = tuple(s * bool(w[0]) for s, w in zip(steps, wanted, strict=True))
            above = tuple(s * bool(w[1]) for s, w in zip(steps, wanted, strict=True))
            larger = window.grown(below, above)
            if self.allows(larger):
                return larger
        return window
