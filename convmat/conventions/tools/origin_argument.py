"""Tools that compute `same`, and are told which kernel entry is at the origin."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convmat.conventions.convention import Convention
from convmat.conventions.tools.anchor_rules import AnchorArgument, FixedAnchor, brought_inside
from convmat.conventions.tools.outputs import Anchors
from convmat.conventions.tools.padding_widths import integers_of
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["OriginArgument"]


@dataclass(frozen=True)
class OriginArgument:
    """Mode `same` always, with an argument for the origin.

    Parameters
    ----------
    argument : str
    rule : AnchorArgument
    default : int or None
        None stands for the entry `missing`.
    missing : FixedAnchor
        Our anchor where it is None (OpenCV's -1).
    backwards : bool
        Whether the argument is (x, y), the last axis first.
    scalar : bool
        Whether it is a number, for one axis.
    axes : str, optional
        The argument that says along which axes of the signal; it must name them all.
    """

    argument: str
    rule: AnchorArgument
    default: int | None = 0
    missing: FixedAnchor = FixedAnchor.LOWER
    negative_is_missing: bool = False
    backwards: bool = False
    scalar: bool = False
    axes: str | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that are read here."""
        return (self.argument, self.axes) if self.axes else (self.argument,)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Only `same`."""
        return (Mode.SAME,)

    @property
    def anchors(self) -> tuple[str, ...]:
        """By default, and by argument."""
        formula = self.rule.replace(" a", f" {self.argument}")
        formula = self.argument if self.rule is AnchorArgument.INDEX else formula
        return (str(self.missing), formula) if self.default is None else (formula,)

    def read(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Mode, Anchors]:
        """Mode and anchor."""
        if self.axes and self.axes in given:
            _check_axes(self.axes, given[self.axes], len(shape))
        value = given.get(self.argument, self.default)
        if value is None:
            return Mode.SAME, tuple(self.missing.of(k) for k in shape)
        values = integers_of(self.argument, value, len(shape))
        anchor = []
        for k, a in zip(shape, values[::-1] if self.backwards else values, strict=True):
            if self.negative_is_missing and a == -1:
                anchor.append(self.missing.of(k))
                continue
            anchor.append(self.rule.ours(k, a))
            if not 0 <= anchor[-1] < k:
                ends = sorted([self.rule.theirs(k, 0), self.rule.theirs(k, k - 1)])
                raise ConvmatError(
                    f"{self.argument} {value!r} is outside the kernel of shape {shape}: along an "
                    f"axis of {k} it must be {ends[0]} to {ends[1]}"
                )
        return Mode.SAME, tuple(anchor)

    def write(self, convention: Convention) -> tuple[Convention, dict[str, Any]]:
        """The origin."""
        if convention.mode is not Mode.SAME:
            raise ConvmatError(f"has no mode {convention.mode}; it has same")
        inside = brought_inside(convention)
        axes = zip(inside.kernel.shape, inside.anchor, strict=True)
        values = tuple(self.rule.theirs(k, c) for k, c in axes)
        values = values[::-1] if self.backwards else values
        return inside, {self.argument: values[0] if self.scalar else values}


def _check_axes(argument: str, value: Any, ndim: int) -> None:
    """All axes of a signal with as many as the kernel, in their order."""
    try:
        named = list(value) if np.ndim(value) else [value]
        numbers = [operator.index(axis) % ndim for axis in named if -ndim <= axis < ndim]
    except (TypeError, ValueError):
        numbers = []
    if numbers != list(range(ndim)) or len(named) != ndim:
        raise ConvmatError(
            f"{argument} must name all axes of the signal, {tuple(range(ndim))} for a kernel with "
            f"{ndim}, got {value!r}: for fewer axes than the signal has, give the kernel an axis "
            "of length 1 for each of the others"
        )
