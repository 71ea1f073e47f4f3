"""How a tool is told which outputs to compute: what the ways of it have in common."""

from collections.abc import Mapping
from typing import Any, Protocol

from convmat.conventions.convention import Convention
from convmat.geometry import Mode

__all__ = ["Anchors", "Outputs"]

Anchors = tuple[int, ...] | None


class Outputs(Protocol):
    """One way of saying which outputs there are."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that are read here."""

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that the tool has."""

    @property
    def anchors(self) -> tuple[str, ...]:
        """The anchor of our kernel in `same`, as formulas, a tool's default first."""

    def read(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Mode, Anchors]:
        """Mode and anchor for the arguments given, and a kernel of this shape."""

    def write(self, convention: Convention) -> tuple[Convention, dict[str, Any]]:
        """The convention as the tool can have it, and the arguments that ask for it."""
