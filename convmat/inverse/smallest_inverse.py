"""The smallest support whose inverse filter leaves no more than a given residual.

A filter of a support is one of every larger support, with zeros added after it, and leaves the
same residual at the same delay. So what the best filter leaves at its best delay does not grow
with the support, along any axis, and

- a support that is not enough rules out all that it contains;
- if no largest support of fewer than K entries is enough, none of fewer than K entries is.

By the second rule the support returned has the fewest entries of all that are enough, up to a
size along each axis. Axes along which the kernel has one sample only need one entry.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from convmat.errors import ConvmatError
from convmat.inverse.design_input import filter_geometry, kernel_to_undo
from convmat.inverse.inverse_filter import InverseFilter, inverse_filter

__all__ = ["smallest_inverse"]

MOST_ENTRIES = 1024
"""Of the largest support that is tried, unless a size is given: some seconds."""

Shape = tuple[int, ...]


def smallest_inverse(
    kernel: Any,
    tolerance: float,
    *,
    max_size: int | None = None,
    anchor: int | Sequence[int] | None = None,
) -> InverseFilter:
    """Find the inverse filter of fewest entries whose residual norm is within `tolerance`.

    Parameters
    ----------
    kernel : array_like
        As for `inverse_filter`.
    tolerance : float
        The largest residual norm, ``|f * g - delta|``, that will do; that of g = 0 is 1.
    max_size : int, optional
        The largest support that is tried along each axis. Default: the largest for
        which a filter of that size along every axis has at most 1024 entries.
    anchor : int or tuple of int, optional
        Of the kernel.

    Returns
    -------
    InverseFilter
        At its best delay. No support with fewer entries will do, of those up to `max_size` along
        each axis; of several with as many entries it is the one that leaves least.

    Raises
    ------
    ConvmatError
        As `inverse_filter`; and where no support up to `max_size` will do, with the residual of
        that and the verdict on the kernel.
    TooLargeError
        For a `max_size` whose filter does not fit in memory.

    Examples
    --------
    >>> found = smallest_inverse([1, 4, 1], 0.01)
    >>> found.filter.size, found.residual_norm < 0.01
    (7, True)
    >>> inverse_filter([1, 4, 1], 6).residual_norm < 0.01
    False
    """
    values = kernel_to_undo(kernel)
    number = isinstance(tolerance, (int, float, np.number)) and not isinstance(tolerance, bool)
    if not (number and 0 <= tolerance < np.inf):
        raise ConvmatError(f"tolerance must be a finite number, not negative, got {tolerance!r}")
    grows = [k > 1 for k in values.shape]
    largest = _largest_size(sum(grows)) if max_size is None else _checked_size(max_size)
    filter_geometry(values, _of_size(largest, grows), anchor, "max_size")
    tried: dict[Shape, InverseFilter] = {}

    def residual(shape: Shape) -> float:
        if shape not in tried:
            tried[shape] = inverse_filter(values, shape, anchor=anchor)
        return tried[shape].residual_norm

    def is_enough(shape: Shape) -> bool:
        """Tried, or known from one that contains it."""
        smaller = (s for s in tried if all(a <= b for a, b in zip(shape, s, strict=True)))
        if any(tried[s].residual_norm > tolerance for s in smaller):
            return False
        return residual(shape) <= tolerance

    best = _equal_size(is_enough, grows, largest)
    if best is None:
        whole = _of_size(largest, grows)
        raise ConvmatError(
            f"tolerance {tolerance:g} is not met by any filter of up to {_by(whole)} entries, of "
            f"which the best leaves {residual(whole):.3g}; {tried[whole].verdict}"
        )
    while True:
        fewer = next(filter(is_enough, _largest_below(prod(best), grows, largest)), None)
        if fewer is None:
            break
        best = _shrunk(fewer, is_enough)
    alike = (s for s in _shapes(prod(best), grows, largest) if prod(s) == prod(best))
    return tried[min(filter(is_enough, alike), key=residual)]


def _equal_size(
    is_enough: Callable[[Shape], bool], grows: list[bool], largest: int
) -> Shape | None:
    """The smallest support of one size along all axes that grow, by doubling and halving."""
    too_small, size = 0, 1
    while not is_enough(_of_size(size, grows)):
        if size == largest or not any(grows):
            return None
        too_small, size = size, min(2 * size, largest)
    while size - too_small > 1:
        middle = (too_small + size) // 2
        too_small, size = (
            (too_small, middle) if is_enough(_of_size(middle, grows)) else (middle, size)
        )
    return _of_size(size, grows)


def _shrunk(shape: Shape, is_enough: Callable[[Shape], bool]) -> Shape:
    """A support inside one that is enough, such that one less along any axis is not."""
    for axis, size in enumerate(shape):
        for less in range(size - 1, 0, -1):
            smaller = (*shape[:axis], less, *shape[axis + 1 :])
            if not is_enough(smaller):
                break
            shape = smaller
    return shape


def _largest_below(entries: int, grows: list[bool], largest: int) -> Iterator[Shape]:
    """Supports of fewer entries that grow along no axis without losing that; squarest first."""
    shapes = [
        shape
        for shape in _shapes(entries - 1, grows, largest)
        if all(
            not grow or size == largest or prod(shape) // size * (size + 1) >= entries
            for size, grow in zip(shape, grows, strict=True)
        )
    ]
    return iter(sorted(shapes, key=max))


def _shapes(entries: int, grows: list[bool], largest: int) -> Iterator[Shape]:
    """Supports of at most so many entries, the last axis that grows as long as that allows."""
    if entries < 1:
        return
    if not any(grows):
        yield (1,) * len(grows)
        return
    first, *others = grows
    if not first:
        yield from ((1, *rest) for rest in _shapes(entries, others, largest))
    elif not any(others):
        yield (min(entries, largest), *(1 for _ in others))
    else:
        for size in range(1, min(entries, largest) + 1):
            yield from ((size, *rest) for rest in _shapes(entries // size, others, largest))


def _of_size(size: int, grows: list[bool]) -> Shape:
    return tuple(size if grow else 1 for grow in grows)


def _largest_size(axes: int) -> int:
    size = 1
    while axes and (size + 1) ** axes <= MOST_ENTRIES:
        size += 1
    return size


def _checked_size(max_size: Any) -> int:
    whole = isinstance(max_size, (int, np.integer)) and not isinstance(max_size, bool)
    if not (whole and max_size >= 1):
        raise ConvmatError(f"max_size must be a whole number of at least 1, got {max_size!r}")
    return int(max_size)


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape))
