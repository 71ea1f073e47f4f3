"""Tools that are told how many samples to add, before a `valid` convolution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convmat.boundary import Boundary
from convmat.conventions.convention import Convention
from convmat.conventions.tools.anchor_rules import FixedAnchor, brought_inside, brought_to
from convmat.conventions.tools.outputs import Anchors
from convmat.conventions.tools.padding_widths import integers_of, mode_of_padding, pairs_of
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["PaddingArgument"]


@dataclass(frozen=True)
class PaddingArgument:
    """A function that pads, before a `valid` convolution.

    Parameters
    ----------
    arguments : tuple of str
        One that holds all widths, or one for each side: before and after for each axis in turn.
    backwards : bool
        Whether the widths are one flat list, the last axis first (PyTorch).
    equal : bool
        Whether as many are added before as after (MATLAB's padarray), an int for each axis.
    """

    arguments: tuple[str, ...]
    backwards: bool = False
    equal: bool = False

    @property
    def modes(self) -> tuple[Mode, ...]:
        """All three."""
        return tuple(Mode)

    @property
    def anchors(self) -> tuple[str, ...]:
        """Any."""
        return (str(FixedAnchor.LOWER),) if self.equal else ("any",)

    def read(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Mode, Anchors]:
        """Mode and anchor."""
        missing = [name for name in self.arguments if name not in given]
        if missing:
            raise ConvmatError(f"needs {', '.join(missing)}: how many samples are added")
        name = ", ".join(self.arguments)
        if len(self.arguments) > 1:
            flat = [integers_of(side, given[side], 1)[0] for side in self.arguments]
            widths = list(zip(flat[::2], flat[1::2], strict=True))
        elif self.backwards:
            flat = integers_of(name, given[name], 2 * len(shape))
            widths = list(zip(flat[::2], flat[1::2], strict=True))[::-1]
        elif self.equal:
            widths = [(n, n) for n in integers_of(name, given[name], len(shape))]
        else:
            widths = pairs_of(name, given[name], len(shape))
        return mode_of_padding(widths, shape)

    def write(self, convention: Convention) -> tuple[Convention, dict[str, Any]]:
        """The widths."""
        one = convention
        if one.mode is Mode.SAME and self.equal:
            one = brought_to(FixedAnchor.LOWER, one, odd=True)
        elif one.mode is Mode.SAME:
            one = brought_inside(one, int(Boundary.ANTISYMMETRIC in one.boundaries_read))
        widths = one.padding
        if Boundary.ANTISYMMETRIC in one.boundaries_read and any(after == 0 for _, after in widths):
            raise ConvmatError("cannot add no sample at the end of an axis with antisymmetric")
        if len(self.arguments) > 1:
            return one, dict(zip(self.arguments, sum(widths, ()), strict=True))
        value: Any = [list(pair) for pair in widths]
        if self.backwards:
            value = [n for pair in widths[::-1] for n in pair]
        elif self.equal:
            value = [before for before, _ in widths]
        return one, {self.arguments[0]: value}
