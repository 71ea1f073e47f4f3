"""The extension and its transpose, by slices instead of one index for each sample.

Along an axis, an extension is a few stretches of positions that read consecutive samples
forwards or backwards, or one sample over and over, all with one weight. Extending copies
each stretch; folding, the transpose, adds each stretch back onto the samples it was read
from. This is what makes the adjoint of a convolution exact for every boundary:

    forward   y = V(h) E x         adjoint   x = E' V(h)' y

with E the extension and V(h) the convolution inside it, whose adjoint V' is the full
correlation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension

__all__ = ["Stretch", "along", "fill_in", "fold_onto", "is_signal", "stretches"]


@dataclass(frozen=True)
class Stretch:
    """Positions ``start ... stop - 1`` read the samples ``first, first + step, ...``.

    Attributes
    ----------
    start, stop : int
        Counted from the extension's first position.
    first : int
    step : {-1, 0, 1}
    weight : float
        Not 0.
    """

    start: int
    stop: int
    first: int
    step: int
    weight: float

    @property
    def samples(self) -> slice:
        """The samples that are read, in ascending order."""
        last = self.first + self.step * (self.stop - self.start - 1)
        return slice(min(self.first, last), max(self.first, last) + 1)


def stretches(extension: Extension, *, beyond: bool = False) -> list[list[Stretch]]:
    """The stretches of each term of an extension, in the order of the positions.

    None crosses an edge of the signal. With `beyond`, the signal itself, where it stands, is left
    out.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> for s in stretches(extension(Boundary.SYMMETRIC, 9, -2, 7))[0]:
    ...     print(s.start, s.stop, s.first, s.step)
    0 2 1 -1
    2 9 0 1
    """
    edges = np.array([-extension.start, extension.size - extension.start])
    terms = zip(extension.indices, extension.weights, strict=True)
    found = [list(_term(indices, weights, edges)) for indices, weights in terms]
    if not beyond:
        return found
    return [[stretch for stretch in term if not is_signal(stretch, extension)] for term in found]


_BREAK = 2


def _term(
    indices: NDArray[np.intp], weights: NDArray[np.float64], edges: NDArray[np.intp]
) -> Iterator[Stretch]:
    # A link is how the sample moves from one position to the next; equal links make a stretch.
    links = np.diff(indices)
    links[(np.abs(links) > 1) | (np.diff(weights) != 0)] = _BREAK
    links[edges[(edges > 0) & (edges <= links.size)] - 1] = _BREAK
    bounds = [0, *(np.flatnonzero(np.diff(links)) + 1).tolist(), links.size]
    pieces: list[tuple[int, int, int]] = []
    start = 0  # the first position that no piece has yet
    for low, high in pairwise(bounds):
        step = int(links[low]) if links.size else _BREAK
        if step == _BREAK:
            pieces += [(p, p + 1, 0) for p in range(start, high)]
            start = max(start, high)
        elif start < high:
            pieces.append((start, high + 1, step))
            start = high + 1
    pieces += [(p, p + 1, 0) for p in range(start, indices.size)]
    for low, high, step in pieces:
        if weights[low] != 0:
            yield Stretch(low, high, int(indices[low]), step, float(weights[low]))


def is_signal(stretch: Stretch, extension: Extension) -> bool:
    """Whether a stretch is the signal where it stands."""
    forwards = stretch.step == 1 or stretch.stop - stretch.start == 1
    return forwards and stretch.weight == 1 and stretch.first == stretch.start + extension.start


def fill_in(extended: NDArray, samples: NDArray, terms: list[list[Stretch]], axis: int) -> None:
    """Copy the stretches of one axis to their positions.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> extended = np.array([0.0, 1.0, 2.0])
    >>> terms = stretches(extension(Boundary.SYMMETRIC, 2, -1, 2), beyond=True)
    >>> fill_in(extended, extended[1:], terms, 0)
    >>> extended
    array([1., 1., 2.])
    """
    for number, term in enumerate(terms):
        for stretch in term:
            source = samples[along(axis, stretch.samples)]
            if stretch.step < 0:
                source = np.flip(source, axis)
            if stretch.weight != 1:
                source = source * samples.real.dtype.type(stretch.weight)
            target = extended[along(axis, slice(stretch.start, stretch.stop))]
            if number:
                target += source
            else:
                target[...] = source


def fold_onto(folded: NDArray, extended: NDArray, terms: list[list[Stretch]], axis: int) -> None:
    """Add the stretches of one axis to the samples that they were read from.

    `folded` may be the signal within `extended`, with stretches `beyond` it: samples are then
    never read again once something is added to them, for the border lies outside.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> extended = np.array([5.0, 1.0, 2.0])
    >>> terms = stretches(extension(Boundary.SYMMETRIC, 2, -1, 2), beyond=True)
    >>> fold_onto(extended[1:], extended, terms, 0)
    >>> extended[1:]
    array([6., 2.])
    """
    for term in terms:
        for stretch in term:
            source = extended[along(axis, slice(stretch.start, stretch.stop))]
            if stretch.step == 0:
                source = source.sum(axis=axis, keepdims=True)
            elif stretch.step < 0:
                source = np.flip(source, axis)
            if stretch.weight != 1:
                source = source * extended.real.dtype.type(stretch.weight)
            folded[along(axis, stretch.samples)] += source


def along(axis: int, part: slice | NDArray) -> tuple[slice | NDArray, ...]:
    """The index of a part of an array along one axis."""
    return (*(slice(None),) * axis, part)
