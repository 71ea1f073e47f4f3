"""The argument by which a tool is told how a signal continues past its edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convmat.boundary import Boundary
from convmat.conventions.convention import Convention
from convmat.conventions.tools.boundary_names import BoundaryNames
from convmat.conventions.tools.tool_names import Refused, look_up
from convmat.errors import ConvmatError

__all__ = ["BoundaryArgument", "replicate_only", "zero_only"]


@dataclass(frozen=True)
class BoundaryArgument:
    """The argument by which a tool is told of the boundary.

    Parameters
    ----------
    argument : str or None
        Its name; None for a tool that has only one boundary, `default`.
    names : mapping
        From the tool's names to ours, one for all axes or a tuple of one for each.
    default : str or None
        The name that holds where the argument is left away; None where it may not be.
    fill : str, optional
        The argument with the constant that is outside, which must be 0, or one of `zeros`.
    filled : tuple of str
        The names which take that constant.
    fill_default : value of `fill` where it is left away
    codes : mapping
        From integers that the tool takes to its names.
    variant : str, optional
        An argument that chooses among two meanings: any other value than "even" follows the name.
    number : bool
        Whether the argument may be the constant itself.
    per_axis : bool
        Whether it may be a sequence of names, one for each axis.
    """

    argument: str | None
    names: BoundaryNames
    default: str | None
    fill: str | None = None
    filled: tuple[str, ...] = ()
    fill_default: Any = 0
    zeros: tuple[str, ...] = ()
    codes: Mapping[int, str] = field(default_factory=dict)
    variant: str | None = None
    number: bool = False
    per_axis: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of all arguments that are read here."""
        return tuple(name for name in (self.argument, self.fill, self.variant) if name)

    @property
    def usable(self) -> BoundaryNames:
        """The names that a call can have and that are not refused."""
        names = self.names if self.argument else [self.default or ""]
        return {
            name: self.names[name] for name in names if not isinstance(self.names[name], Refused)
        }

    @property
    def refused(self) -> dict[str, Refused]:
        """The names that the tool has and that are not accepted, with the reasons."""
        names = self.names if self.argument else {}
        return {name: why for name, why in names.items() if isinstance(why, Refused)}

    def read(self, given: Mapping[str, Any], ndim: int) -> tuple[Boundary, ...]:
        """The boundary of each axis."""
        name = given.get(self.argument or "", self.default)
        if name is None:
            raise ConvmatError(f"needs {self.argument}: one of {', '.join(self.usable)}")
        if self.argument and isinstance(name, list | tuple):
            return self._read_each(name, given, ndim)
        if isinstance(name, int) and name in self.codes:
            name = self.codes[name]
        if self.number and not isinstance(name, str):
            self._check_fill(self.argument, name)
            name = "0"
        if self.variant and given.get(self.variant, "even") != "even":
            name = f"{name} {given[self.variant]}"
        ours: Boundary | tuple[Boundary, ...] = look_up(
            self.argument or "boundary", name, self.names
        )
        if isinstance(ours, tuple) and len(ours) != ndim:
            raise ConvmatError(f"{self.argument} {name!r} is for {len(ours)} axes, not for {ndim}")
        if name in self.filled:
            self._check_fill(self.fill, given.get(self.fill or "", self.fill_default))
        return ours if isinstance(ours, tuple) else (ours,) * ndim

    def _read_each(
        self, names: Sequence[Any], given: Mapping[str, Any], ndim: int
    ) -> tuple[Boundary, ...]:
        if not self.per_axis:
            raise ConvmatError(
                f"{self.argument} must be one name, for all axes, got {names!r}; it is one of "
                f"{', '.join(self.usable)}"
            )
        if len(names) != ndim or not all(isinstance(name, str) for name in names):
            raise ConvmatError(
                f"{self.argument} must be one name, or one for each of the {ndim} axes, "
                f"got {names!r}"
            )
        each = [self.read({**given, str(self.argument): name}, 1) for name in names]
        return tuple(ours for (ours,) in each)

    def write(self, convention: Convention) -> dict[str, Any]:
        """The arguments that ask for the convention's boundaries."""
        wanted = convention.boundaries_read
        if not any(wanted):
            return self._arguments_of(self.default or next(iter(self.usable)))
        for name, ours in self.usable.items():
            each = ours if isinstance(ours, tuple) else (ours,) * len(wanted)
            if all(w in (None, b) for w, b in zip(wanted, each, strict=True)):
                return self._arguments_of(name)
        needed = list(dict.fromkeys(name for name in wanted if name))
        single = [ours for ours in self.usable.values() if not isinstance(ours, tuple)]
        missing = [name for name in needed if name not in single]
        if not missing:
            raise ConvmatError(f"has one boundary for all axes, not {', '.join(needed)}")
        raise ConvmatError(
            f"has no boundary {', '.join(missing)}; it has {', '.join(dict.fromkeys(single))}"
        )

    def _arguments_of(self, name: str) -> dict[str, Any]:
        if self.argument is None:
            return {}
        if self.variant:
            name, _, variant = name.partition(" ")
            return {self.argument: name} | ({self.variant: variant} if variant else {})
        fill = {self.fill: self.zeros[0]} if self.fill and self.zeros else {}
        return {self.argument: 0 if self.number and name == "0" else name} | fill

    def _check_fill(self, argument: str | None, value: Any) -> None:
        if isinstance(value, str):
            zero = value in self.zeros
        else:
            try:
                zero = not np.any(np.asarray(value, dtype=complex))
            except (TypeError, ValueError):
                zero = False
        if not zero:
            raise ConvmatError(
                f"{argument} {value!r}: a constant other than 0 beyond the edges adds an offset "
                "there, which no matrix of the signal has; it must be "
                f"{' or '.join(map(repr, self.zeros)) or 0}"
            )


def zero_only() -> BoundaryArgument:
    """Of a tool that takes zeros beyond the edges, and nothing else."""
    return BoundaryArgument(None, {"zero": Boundary.ZERO}, default="zero")


def replicate_only() -> BoundaryArgument:
    """Of a tool that repeats the edge sample, and nothing else."""
    return BoundaryArgument(None, {"replicate": Boundary.REPLICATE}, default="replicate")
