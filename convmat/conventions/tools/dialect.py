"""One row of the dictionary: how a function of another tool convolves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convmat.conventions.convention import Convention
from convmat.conventions.tools.boundary_argument import BoundaryArgument
from convmat.conventions.tools.call import Call, Language, call_text
from convmat.conventions.tools.kernel_form import KernelForm
from convmat.conventions.tools.output_names import OutputNames
from convmat.conventions.tools.outputs import Outputs
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["LAYER", "MANY", "Dialect", "Setting"]

MANY = 30  # axes
LAYER = "convmat.layer_matrix builds the matrix for others"


@dataclass(frozen=True)
class Setting:
    """The value that an argument must have, and why."""

    value: Any
    why: str


@dataclass(frozen=True, eq=False)
class Dialect:
    """A function of another tool, and what its arguments mean.

    Attributes
    ----------
    tool : str
        Its full name.
    axes : (int, int)
        Fewest and most axes of its signals.
    kernel : KernelForm
        Which way round it takes kernels.
    outputs : Outputs
        How it says which outputs there are, and where the anchor is.
    boundary : BoundaryArgument
        What it calls boundaries.
    call : str
        The text of a call (see `call_text`); empty for functions with kernels of their own, of
        which only the boundary is told here.
    same_call : str
        The same for mode `same`, where the tool's own is as long as the kernel if that is longer.
    settings : mapping
        Arguments that must have one value.
    ignored : tuple of str
        Arguments that change nothing of what is computed.
    note : str
        Where it is different from what one would think.
    tested : str
        The version that it was tested with, where it is no Python package.
    """

    tool: str
    axes: tuple[int, int]
    kernel: KernelForm
    outputs: Outputs
    boundary: BoundaryArgument
    call: str = ""
    same_call: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    language: Language = Language.PYTHON
    note: str = ""
    tested: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of all arguments that `from_dialect` takes."""
        parts = (self.kernel, self.outputs, self.boundary)
        read = [name for part in parts for name in part.arguments]
        return tuple(dict.fromkeys([*read, *self.settings, *self.ignored]))

    def read(self, kernel: Any, given: Mapping[str, Any]) -> Convention:
        """The convention of a call."""
        for name in given:
            if name not in self.arguments:
                allowed = ", ".join(self.arguments) or "none"
                raise ConvmatError(f"has no argument {name!r} here; it may have {allowed}")
        given = {name: value for name, value in given.items() if value is not None}
        for name, setting in self.settings.items():
            if name in given and not _is(given[name], setting.value):
                raise ConvmatError(
                    f"{name} must be {setting.value!r}, got {given[name]!r}: {setting.why}"
                )
        ours = self.kernel.read(kernel, given)
        self._check_axes(ours.ndim)
        mode, anchor = self.outputs.read(given, ours.shape)
        return Convention(ours, mode, self.boundary.read(given, ours.ndim), anchor)

    def write(self, convention: Convention) -> Call:
        """The call that has this convention."""
        if not self.call:
            raise ConvmatError("applies a kernel of its own, and takes none")
        self._check_axes(convention.kernel.ndim)
        moved, outputs = self.outputs.write(convention)
        boundary = self.boundary.write(moved)
        # One argument may say both: a boundary, or that there is none.
        arguments = outputs | boundary if moved.mode is Mode.SAME else boundary | outputs
        kernel, more = self.kernel.write(moved.kernel)
        arguments |= more
        template = (moved.mode is Mode.SAME and self.same_call) or self.call
        text = call_text(self.tool, self.language, template, kernel, arguments)
        return Call(self.tool, kernel, arguments, text, self.note)

    def argument_of(self, option: Any) -> str:
        """The argument that an option belongs to, told by its value, as MATLAB's functions do."""
        choice, outputs, boundary = self.kernel.choice, self.outputs, self.boundary
        if self.boundary.number and isinstance(option, int | float):
            return boundary.argument or ""
        known = {name: setting.value for name, setting in self.settings.items()}
        tables = [(name, [value]) for name, value in known.items()]
        tables += [(choice[0], list(choice[1]))] if choice else []
        if isinstance(outputs, OutputNames):
            tables.append((outputs.argument or "", list(outputs.names)))
        tables.append((boundary.argument or "", list(boundary.names)))
        for argument, values in tables:
            if argument and any(str(option).lower() == str(value).lower() for value in values):
                return argument
        allowed = [str(value) for argument, values in tables if argument for value in values]
        raise ConvmatError(f"has no option {option!r}; it has {', '.join(allowed)}")

    def _check_axes(self, ndim: int) -> None:
        fewest, most = self.axes
        if not fewest <= ndim <= most:
            if fewest == most:
                raise ConvmatError(f"is for {fewest}-D signals, the kernel has {ndim} axes")
            raise ConvmatError(f"is for {fewest}-D to {most}-D signals, the kernel has {ndim} axes")


def _is(value: Any, wanted: Any) -> bool:
    """Whether a value, or every entry of it, is the one that there must be."""
    if value is wanted or (isinstance(value, str) and value == wanted):
        return True
    if wanted is None or isinstance(value, str) or isinstance(wanted, str):
        return False
    try:
        return bool(np.all(np.asarray(value) == wanted)) and np.size(value) > 0
    except (TypeError, ValueError):
        return False
