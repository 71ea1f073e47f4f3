"""So much of what is left that tests of it are quick: the middles of the quarters."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Region
from convmat.identify.fit import Residual

__all__ = ["SAMPLE", "around", "parts"]

SAMPLE = 2**21
"""Pixels that are enough for a test."""


def parts(residual: Residual) -> list[Residual]:
    """The middles of the quarters of a large picture, all of a smaller one; none that is empty."""
    if residual.left.size <= SAMPLE:
        return [residual] if residual.used.size else []
    found = []
    for part in residual.region.quarters():
        share = min(1.0, sqrt(SAMPLE / 4 / max(part.size, 1)))
        sizes = [max(int(n * share), 1) for n in part.shape]
        start = [a + (n - m) // 2 for a, n, m in zip(part.start, part.shape, sizes, strict=True)]
        middle = Region(tuple(start), tuple(a + m for a, m in zip(start, sizes, strict=True)))
        inside = tuple(
            slice(a - first, b - first)
            for a, b, first in zip(middle.start, middle.stop, residual.region.start, strict=True)
        )
        keep = None if residual.keep is None else residual.keep[inside]
        if keep is None or keep.any():
            found.append(Residual(residual.plane, middle, residual.left[inside], keep))
    return found


def around(residual: Residual) -> NDArray:
    """The picture before where the outputs lie, and one sample more on each side.

    The nearest sample there is stands in where there is none, at an edge or for a shift.
    """
    before, region = residual.plane.before, residual.region
    ends = zip(region.start, region.stop, before.shape, strict=True)
    return before[np.ix_(*(np.clip(np.arange(a - 1, b + 1), 0, n - 1) for a, b, n in ends))]
