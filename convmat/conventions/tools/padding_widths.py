"""How many samples are added before and after a signal, and which mode that makes."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from convmat.conventions.tools.outputs import Anchors
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["integers_of", "mode_of_padding", "pairs_of"]


def mode_of_padding(
    widths: Sequence[tuple[int, int]], shape: tuple[int, ...]
) -> tuple[Mode, Anchors]:
    """The mode and the anchor for so many samples added before and after, per axis.

    Raises
    ------
    ConvmatError
        Where it is none of the three modes.

    Examples
    --------
    >>> mode_of_padding([(1, 2)], (4,))
    (<Mode.SAME: 'same'>, (2,))
    """
    axes = list(zip(widths, shape, strict=True))
    if all(before + after == k - 1 for (before, after), k in axes):
        return Mode.SAME, tuple(after for (_, after), _ in axes)
    if all(before == after == k - 1 for (before, after), k in axes):
        return Mode.FULL, None
    if not any(before or after for (before, after), _ in axes):
        return Mode.VALID, None
    raise ConvmatError(
        f"adding {', '.join(f'{before}+{after}' for before, after in widths)} samples for a kernel "
        f"of shape {shape} is neither full ({', '.join(f'{k - 1}+{k - 1}' for k in shape)}), same "
        f"({', '.join(f'{k - 1} together' for k in shape)}) nor valid (none); convmat.layer_matrix "
        "builds the matrix of any padding"
    )


def integers_of(argument: str, value: Any, count: int) -> list[int]:
    """An integer for each axis, from one for all or a sequence."""
    try:
        values = [value] * count if np.ndim(value) == 0 else list(value)
        numbers = [operator.index(item) for item in values]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != count or any(isinstance(item, bool) for item in values):
        raise ConvmatError(f"{argument} must be an integer, or {count} of them, got {value!r}")
    return numbers


def pairs_of(argument: str, value: Any, ndim: int) -> list[tuple[int, int]]:
    """A pair for each axis; from a number or one pair for all axes, as NumPy has it."""
    try:
        array = np.asarray(value)
        pairs = np.broadcast_to(array, (ndim, 2))
    except ValueError:
        array = np.array([])
        pairs = array
    if array.dtype.kind not in "ui" or not array.size:
        raise ConvmatError(
            f"{argument} must be a pair of integers for each of the {ndim} axes, got {value!r}"
        )
    return [(int(before), int(after)) for before, after in pairs]
