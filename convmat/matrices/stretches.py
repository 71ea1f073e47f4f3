"""The extension and its transpose, by slices instead of one index for each sample.

Along an axis, an extension is a few stretches of positions that read consecutive samples
forwards or backwards, or one sample over and over, all with one weight. Extending copies
each stretch; folding, the transpose, adds each stretch back onto the samples it was read
from. This is what makes the adjoint of a convolution exact for every boundary:

    forward   y = V(h) E x         adjoint   x = E' V(h)' y

with E the extension and V(h) the convolution inside it, whose adjoint V' is the full
correlation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension

__all__ = [
    "Frame",
    "Stretch",
    "along",
    "extend_axes",
    "fill_in",
    "fold_axes",
    "fold_onto",
    "stretches",
]


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
    return [[stretch for stretch in term if not _is_signal(stretch, extension)] for term in found]


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


def extend_axes(samples: NDArray, extensions: Sequence[Extension]) -> NDArray:
    """``E x``: the signal at every position of the extensions, one per axis.

    The result is a view where the extensions only cut.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> extend_axes(np.array([1.0, 2, 3]), [extension(Boundary.MIRROR, 3, -1, 4)])
    array([2., 1., 2., 3., 2.])
    """
    shape = tuple(extension.indices.shape[1] for extension in extensions)
    if not all(extension.is_whole for extension in extensions):
        for axis, extension in enumerate(extensions):
            samples = _extend_axis(samples, axis, extension)
        return samples
    if shape == samples.shape:
        return samples
    extended = np.empty(shape, samples.dtype)
    Frame(extensions).fill(extended, samples)
    return extended


def fold_axes(
    extended: NDArray, extensions: Sequence[Extension], *, overwrite: bool = False
) -> NDArray:
    """``E' e``: the transpose of `extend_axes`.

    The result may be a view of `extended`, which is kept as it is unless `overwrite` allows to
    add the border up in place.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> fold_axes(np.ones(5), [extension(Boundary.MIRROR, 3, -1, 4)])
    array([1., 3., 1.])
    """
    if not all(extension.is_whole for extension in extensions):
        for axis, extension in enumerate(extensions):
            shape = list(extended.shape)
            shape[axis] = extension.size
            folded = np.zeros(shape, extended.dtype)
            fold_onto(folded, extended, stretches(extension), axis)
            extended = folded
        return extended
    frame = Frame(extensions)
    if not overwrite and extended[frame.places].size < extended.size:
        extended = extended.copy()
    return frame.fold(extended)


class Frame:
    """Where a signal lies among the positions of its extensions, and how it goes on around it.

    Parameters
    ----------
    extensions : sequence of Extension
        One per axis, all of the signal among their positions.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> frame = Frame([extension(Boundary.MIRROR, 3, -1, 4)])
    >>> extended = np.empty(5)
    >>> frame.fill(extended, np.array([1.0, 2, 3]))
    >>> extended
    array([2., 1., 2., 3., 2.])
    """

    def __init__(self, extensions: Sequence[Extension]) -> None:
        self.shape = tuple(extension.indices.shape[1] for extension in extensions)
        self.places = tuple(slice(-e.start, e.size - e.start) for e in extensions)
        self._extensions = extensions
        self._beyond = [stretches(extension, beyond=True) for extension in extensions]

    def fill(self, extended: NDArray, samples: NDArray) -> None:
        """Put the signal in once, then fill in the border of each axis."""
        extended[self.places] = samples
        for axis, terms in enumerate(self._beyond):
            target = extended[(slice(None),) * (axis + 1) + self.places[axis + 1 :]]
            _blank(target, axis, self._extensions[axis])
            fill_in(target, target[along(axis, self.places[axis])], terms, axis)

    def fold(self, extended: NDArray) -> NDArray:
        """Add the border up, in place; the result is the signal's place in `extended`."""
        for axis, terms in reversed(list(enumerate(self._beyond))):
            source = extended[(slice(None),) * (axis + 1) + self.places[axis + 1 :]]
            fold_onto(source[along(axis, self.places[axis])], source, terms, axis)
        return extended[self.places]


def _extend_axis(samples: NDArray, axis: int, extension: Extension) -> NDArray:
    terms = stretches(extension)
    positions = extension.indices.shape[1]
    if len(terms) == 1 and len(terms[0]) == 1 and _is_signal(terms[0][0], extension):
        only = terms[0][0]
        if only.stop - only.start == positions:
            return samples[along(axis, only.samples)]
    shape = list(samples.shape)
    shape[axis] = positions
    extended = np.empty(shape, samples.dtype)
    _blank(extended, axis, extension)
    fill_in(extended, samples, terms, axis)
    return extended


def _is_signal(stretch: Stretch, extension: Extension) -> bool:
    """Whether a stretch is the signal where it stands."""
    forwards = stretch.step == 1 or stretch.stop - stretch.start == 1
    return forwards and stretch.weight == 1 and stretch.first == stretch.start + extension.start


def _blank(extended: NDArray, axis: int, extension: Extension) -> None:
    """Zeros, where the extension reads nothing."""
    outside = extension.weights[0] == 0
    if outside.any():
        extended[along(axis, outside)] = 0


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
