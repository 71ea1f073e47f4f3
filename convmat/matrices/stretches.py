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

__all__ = ["Stretch", "extend_axes", "fold_axes", "stretches"]


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


def stretches(extension: Extension) -> list[list[Stretch]]:
    """The stretches of each term of an extension, in the order of the positions.

    None crosses an edge of the signal.

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
    return [list(_term(indices, weights, edges)) for indices, weights in terms]


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
    if not all(_inside(extension) for extension in extensions):
        for axis, extension in enumerate(extensions):
            samples = _extend_axis(samples, axis, extension)
        return samples
    if shape == samples.shape:
        return samples
    # One array for all axes: the signal goes in once, then each axis fills in its own border.
    extended = np.empty(shape, samples.dtype)
    places = _places(extensions)
    extended[places] = samples
    for axis, extension in enumerate(extensions):
        target = extended[(slice(None),) * (axis + 1) + places[axis + 1 :]]
        source = target[_along(axis, places[axis])]
        _fill(target, source, axis, extension, in_place=True)
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
    if not all(_inside(extension) for extension in extensions):
        for axis, extension in enumerate(extensions):
            shape = list(extended.shape)
            shape[axis] = extension.size
            folded = np.zeros(shape, extended.dtype)
            _add(folded, extended, axis, extension, in_place=False)
            extended = folded
        return extended
    places = _places(extensions)
    if not overwrite and extended[places].size < extended.size:
        extended = extended.copy()
    for axis in reversed(range(len(extensions))):
        source = extended[(slice(None),) * (axis + 1) + places[axis + 1 :]]
        _add(source[_along(axis, places[axis])], source, axis, extensions[axis], in_place=True)
    return extended[places]


def _inside(extension: Extension) -> bool:
    """Whether the whole signal is among the positions."""
    stop = extension.start + extension.indices.shape[1]
    return extension.start <= 0 and stop >= extension.size


def _places(extensions: Sequence[Extension]) -> tuple[slice, ...]:
    """Where the signal itself lies among the positions."""
    return tuple(slice(-e.start, e.size - e.start) for e in extensions)


def _extend_axis(samples: NDArray, axis: int, extension: Extension) -> NDArray:
    terms = stretches(extension)
    positions = extension.indices.shape[1]
    if len(terms) == 1 and len(terms[0]) == 1 and _is_signal(terms[0][0], extension):
        only = terms[0][0]
        if only.stop - only.start == positions:
            return samples[_along(axis, only.samples)]
    shape = list(samples.shape)
    shape[axis] = positions
    extended = np.empty(shape, samples.dtype)
    _fill(extended, samples, axis, extension, in_place=False)
    return extended


def _is_signal(stretch: Stretch, extension: Extension) -> bool:
    """Whether a stretch is the signal where it stands."""
    forwards = stretch.step == 1 or stretch.stop - stretch.start == 1
    return forwards and stretch.weight == 1 and stretch.first == stretch.start + extension.start


def _fill(
    extended: NDArray, samples: NDArray, axis: int, extension: Extension, *, in_place: bool
) -> None:
    """Copy each stretch to its positions; `in_place`, the signal itself is there already."""
    outside = extension.weights[0] == 0
    if outside.any():
        extended[(slice(None),) * axis + (outside,)] = 0
    for number, term in enumerate(stretches(extension)):
        for stretch in term:
            if in_place and _is_signal(stretch, extension):
                continue
            source = samples[_along(axis, stretch.samples)]
            if stretch.step < 0:
                source = np.flip(source, axis)
            if stretch.weight != 1:
                source = source * samples.real.dtype.type(stretch.weight)
            target = extended[_along(axis, slice(stretch.start, stretch.stop))]
            if number:
                target += source
            else:
                target[...] = source


def _add(
    folded: NDArray, extended: NDArray, axis: int, extension: Extension, *, in_place: bool
) -> None:
    """Add each stretch to its samples; `in_place`, the signal itself is there already.

    Samples are never read again once something is added to them: the border is read whole
    before, and lies outside of the signal.
    """
    for term in stretches(extension):
        for stretch in term:
            if in_place and _is_signal(stretch, extension):
                continue
            source = extended[_along(axis, slice(stretch.start, stretch.stop))]
            if stretch.step == 0:
                source = source.sum(axis=axis, keepdims=True)
            elif stretch.step < 0:
                source = np.flip(source, axis)
            if stretch.weight != 1:
                source = source * extended.real.dtype.type(stretch.weight)
            folded[_along(axis, stretch.samples)] += source


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (part,)
