"""What is compared of inverses where something is asked for, and where nothing is."""

from collections.abc import Sequence
from math import prod
from typing import Any

from numpy.typing import NDArray

from convmat.boundary import Boundary, parse_boundary
from convmat.errors import ConvmatError, TooLargeError
from convmat.geometry import Mode, parse_shape

__all__ = ["chosen_boundaries", "chosen_modes", "chosen_supports"]

_LARGEST_FILTER = 2**18
"""Entries, which take some seconds for each boundary and mode."""

_MOST_TAPS = 2048
"""Of the filters that are taken where none are asked for."""


def chosen_supports(
    kernel: NDArray, supports: Sequence[int | Sequence[int]] | None
) -> list[tuple[int, ...]]:
    """Shapes of inverse filters, small ones where none are asked for.

    Raises
    ------
    TooLargeError
        Before anything is designed.

    Examples
    --------
    >>> import numpy as np
    >>> chosen_supports(np.ones((3, 1)), None)
    [(3, 1), (5, 1), (9, 1)]
    """
    if supports is None:
        grown = [tuple(times * (k - 1) + 1 for k in kernel.shape) for times in (1, 2, 4)]
        return [shape for shape in dict.fromkeys(grown) if prod(shape) <= _MOST_TAPS]
    shapes = [parse_shape(shape, "supports") for shape in _listed(supports, "supports")]
    for shape in shapes:
        if prod(shape) > _LARGEST_FILTER:
            raise TooLargeError(
                f"supports have a filter of {prod(shape)} entries, {shape}, and at most "
                f"{_LARGEST_FILTER} are allowed; inverse_filter finds larger ones"
            )
        if len(shape) != kernel.ndim:
            raise ConvmatError(
                f"supports must be shapes of {kernel.ndim} axes, as the kernel has, got {shape}"
            )
    return shapes


def chosen_boundaries(
    boundaries: Sequence[str | Sequence[str]] | None, ndim: int
) -> list[tuple[Boundary, ...]]:
    """Boundaries, one for each axis, all seven where none are asked for.

    Examples
    --------
    >>> [tuple(map(str, boundary)) for boundary in chosen_boundaries(["zero"], 2)]
    [('zero', 'zero')]
    """
    chosen = list(Boundary) if boundaries is None else _listed(boundaries, "boundaries")
    return [parse_boundary(boundary, ndim) for boundary in chosen]


def chosen_modes(modes: Sequence[str] | None) -> list[Mode]:
    """Modes, all three where none are asked for.

    Examples
    --------
    >>> list(map(str, chosen_modes(None)))
    ['full', 'same', 'valid']
    """
    chosen = list(Mode) if modes is None else _listed(modes, "modes")
    unknown = [mode for mode in chosen if mode not in list(Mode)]
    if unknown:
        raise ConvmatError(f"modes must be among {', '.join(Mode)}, got {unknown[0]!r}")
    return [Mode(mode) for mode in chosen]


def _listed(values: Any, name: str) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConvmatError(f"{name} must be a list, got {values!r}")
    if not values and name != "supports":  # without filters, pseudo-inverses are compared
        raise ConvmatError(f"{name} must name at least one, got {values!r}; None takes all")
    return list(values)
