"""A box of displacements: which kernel entries there are, without an anchor to argue about.

Written in displacements d = a - c (entry less anchor), a convolution is

    y[i] = sum over lo <= d <= hi of  h[d] x[i - d]

so a shift between two pictures, an even kernel and an off-centre anchor are all the same thing: a
box that is not centred on 0. The outputs that read only what is inside the picture before, and
exist in the picture after, are its interior.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.gram.data_moments import data_moments
from convmat.gram.moments import Moments
from convmat.operators.planning import Plan

__all__ = ["Box", "Region"]


@dataclass(frozen=True)
class Region:
    """Outputs ``start <= i < stop`` per axis."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        """To index the picture after with."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def shape(self) -> tuple[int, ...]:
        """Outputs per axis; 0 where there are none."""
        return tuple(max(b - a, 0) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def size(self) -> int:
        """Number of outputs."""
        return int(np.prod(self.shape))

    def quarters(self) -> list["Region"]:
        """Both halves of every axis, of those that have more than one output."""
        parts = [Region((), ())]
        for a, b in zip(self.start, self.stop, strict=True):
            cuts = [(a, (a + b) // 2), ((a + b) // 2, b)] if b - a > 1 else [(a, b)]
            parts = [
                Region((*part.start, first), (*part.stop, last))
                for part in parts
                for first, last in cuts
            ]
        return parts


@dataclass(frozen=True)
class Box:
    """Displacements ``lo <= d <= hi`` per axis, both included.

    Examples
    --------
    >>> box = Box((-1, 0), (1, 1))
    >>> box.shape, box.anchor, box.interior((5, 6), (5, 6))
    ((3, 2), (1, 0), Region(start=(1, 1), stop=(4, 6)))
    """

    lo: tuple[int, ...]
    hi: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel."""
        return tuple(b - a + 1 for a, b in zip(self.lo, self.hi, strict=True))

    @property
    def size(self) -> int:
        """Number of kernel entries."""
        return int(np.prod(self.shape))

    @property
    def anchor(self) -> tuple[int, ...]:
        """Index of the entry at the origin; outside the kernel where it is a shift."""
        return tuple(-a for a in self.lo)

    def interior(self, before: tuple[int, ...], after: tuple[int, ...]) -> Region:
        """The outputs of a picture of shape `after` that touch no extension of `before`."""
        start = tuple(max(0, b) for b in self.hi)
        stop = tuple(min(m, n + a) for m, n, a in zip(after, before, self.lo, strict=True))
        return Region(start, tuple(max(a, b) for a, b in zip(start, stop, strict=True)))

    def reads(self, region: Region) -> tuple[slice, ...]:
        """The samples that the outputs of a region read."""
        axes = zip(region.start, region.stop, self.lo, self.hi, strict=True)
        return tuple(slice(start - hi, stop - lo) for start, stop, lo, hi in axes)

    def moments(
        self, before: NDArray, after: NDArray, region: Region, keep: NDArray | None = None
    ) -> Moments:
        """Of the outputs in a region, which is inside the interior; `keep` has after's shape."""
        weights = None if keep is None else keep[region.slices]
        if weights is not None and weights.all():
            weights = None
        return data_moments(before[self.reads(region)], self.shape, after[region.slices], weights)

    def forward(self, before: NDArray, kernel: NDArray, region: Region) -> NDArray:
        """What the kernel makes of the picture before, in a region of the interior."""
        samples = np.ascontiguousarray(before[self.reads(region)])
        return Plan(np.ascontiguousarray(kernel), samples.shape).forward(samples)

    def grown(self, below: tuple[int, ...], above: tuple[int, ...]) -> "Box":
        """With that many more displacements at the low and the high end of each axis."""
        return Box(
            tuple(a - n for a, n in zip(self.lo, below, strict=True)),
            tuple(b + n for b, n in zip(self.hi, above, strict=True)),
        )

    def contains(self, other: "Box") -> bool:
        """Whether every displacement of the other is in this one."""
        ends = zip(self.lo, self.hi, other.lo, other.hi, strict=True)
        return all(a <= c and d <= b for a, b, c, d in ends)

    def entries_of(self, outer: "Box") -> NDArray[np.intp]:
        """Where the entries of this box are among the raveled entries of a larger one."""
        axes = [
            np.arange(a - start, b - start + 1)
            for a, b, start in zip(self.lo, self.hi, outer.lo, strict=True)
        ]
        return np.ravel_multi_index(np.ix_(*axes), outer.shape).ravel()
