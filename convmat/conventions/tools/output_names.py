"""Tools that are told a mode by its name, and some how many zeros to add instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convmat.conventions.convention import Convention
from convmat.conventions.tools.anchor_rules import FixedAnchor, brought_inside, brought_to
from convmat.conventions.tools.outputs import Anchors
from convmat.conventions.tools.padding_widths import integers_of, mode_of_padding, pairs_of
from convmat.conventions.tools.tool_names import Refused, look_up
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["ModeNames", "OutputNames"]

ModeNames = Mapping[str, Mode | FixedAnchor | Refused]


@dataclass(frozen=True)
class OutputNames:
    """A mode by its name, with a fixed anchor in `same`.

    Parameters
    ----------
    argument : str or None
        Its name; None for a tool that knows only `default`.
    names : mapping
        From the tool's names to `Mode.FULL`, `Mode.VALID`, or for `same` the anchor.
    default : str
    numbers : bool
        Whether it may be how many zeros are added, an int or one for each axis.
    pairs : bool
        Whether it may be how many are added before and after, a pair for each axis.
    odd, square : bool
        What kernels the tool takes in `same`.
    """

    argument: str | None
    names: ModeNames
    default: Any
    numbers: bool = False
    pairs: bool = False
    odd: bool = False
    square: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that are read here."""
        return (self.argument,) if self.argument else ()

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that the tool has."""
        if self.numbers or self.pairs:
            return tuple(Mode)
        known = [Mode.SAME if isinstance(o, FixedAnchor) else o for o in self.names.values()]
        return tuple(mode for mode in Mode if mode in known)

    @property
    def anchors(self) -> tuple[str, ...]:
        """The anchor in `same`."""
        fixed = [str(ours) for ours in self.names.values() if isinstance(ours, FixedAnchor)]
        return (*fixed, "any") if self.pairs else tuple(fixed)

    def read(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Mode, Anchors]:
        """Mode and anchor."""
        value = given.get(self.argument or "", self.default)
        if isinstance(value, str) or not (self.numbers or self.pairs):
            ours: Mode | FixedAnchor = look_up(self.argument or "mode", value, self.names)
            if isinstance(ours, FixedAnchor):
                self._check(shape)
                return Mode.SAME, tuple(ours.of(k) for k in shape)
            return ours, None
        if self.pairs:
            widths = pairs_of(self.argument or "", value, len(shape))
        else:
            widths = [(n, n) for n in integers_of(self.argument or "", value, len(shape))]
        return mode_of_padding(widths, shape)

    def write(self, convention: Convention) -> tuple[Convention, dict[str, Any]]:
        """The mode's name, or what to add."""
        mode = convention.mode
        if mode not in self.modes:
            raise ConvmatError(f"has no mode {mode}; it has {' and '.join(self.modes)}")
        if mode is not Mode.SAME:
            names = [name for name, ours in self.names.items() if ours is mode]
            widths = convention.padding
            added: Any = list(widths) if self.pairs else [before for before, _ in widths]
            return convention, self._said(names[0] if names else added)
        if self.pairs:
            inside = brought_inside(convention)
            return inside, self._said(list(inside.padding))
        moved = {}
        problem: ConvmatError | None = None
        for name, ours in self.names.items():
            if isinstance(ours, FixedAnchor):
                try:
                    moved[name] = brought_to(ours, convention, odd=self.odd, square=self.square)
                except ConvmatError as error:
                    problem = error
        if problem and not moved:
            raise problem
        best = min(moved, key=lambda name: moved[name].kernel.size)
        return moved[best], self._said(best)

    def _check(self, shape: tuple[int, ...]) -> None:
        if self.odd and any(k % 2 == 0 for k in shape):
            raise ConvmatError(f"takes kernels of odd sizes only, got {shape}")
        if self.square and len(set(shape)) > 1:
            raise ConvmatError(f"takes square kernels only, got {shape}")

    def _said(self, value: Any) -> dict[str, Any]:
        return {self.argument: value} if self.argument else {}
