"""The extension of a signal along all of its axes, and its transpose.

Axes combine: the signal goes in once, then each axis fills in its own border (see `stretches`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension
from convmat.matrices.stretches import along, fill_in, fold_onto, is_signal, stretches

__all__ = ["Frame", "extend_axes", "fold_axes"]


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
    if len(terms) == 1 and len(terms[0]) == 1 and is_signal(terms[0][0], extension):
        only = terms[0][0]
        if only.stop - only.start == positions:
            return samples[along(axis, only.samples)]
    shape = list(samples.shape)
    shape[axis] = positions
    extended = np.empty(shape, samples.dtype)
    _blank(extended, axis, extension)
    fill_in(extended, samples, terms, axis)
    return extended


def _blank(extended: NDArray, axis: int, extension: Extension) -> None:
    """Zeros, where the extension reads nothing."""
    outside = extension.weights[0] == 0
    if outside.any():
        extended[along(axis, outside)] = 0
