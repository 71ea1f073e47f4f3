"""Options that several commands share, and how their text becomes values."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.geometry import Mode
from convmat.matrices.differences import difference_matrix
from convmat.pictures.reading import SUFFIXES
from convmat.regularization import DampMethod
from convmat.solvers import SOLVERS

__all__ = [
    "AfterArgument",
    "AnchorOption",
    "BeforeArgument",
    "BoundaryOption",
    "ChannelOption",
    "DampOption",
    "JsonOption",
    "MaskOption",
    "MaxIterationsOption",
    "ModeOption",
    "NoiseStdOption",
    "OffsetOption",
    "Penalty",
    "PenaltyOption",
    "SizeIfKnownOption",
    "SizeOption",
    "SolverOption",
    "ToleranceOption",
    "parse_anchor",
    "parse_boundary_names",
    "parse_damp",
    "parse_size",
    "penalty_matrix",
    "solver_options",
]

FILES = ", ".join(SUFFIXES)
BOUNDARY_HELP = f"one of {', '.join(Boundary)}; or one for each axis, as in circular,zero"

BeforeArgument = Annotated[
    str, typer.Argument(metavar="BEFORE", help=f"The picture before: {FILES}.")
]
AfterArgument = Annotated[
    str, typer.Argument(metavar="AFTER", help="The picture after, with the same kind of pixels.")
]
SizeOption = Annotated[
    str,
    typer.Option(metavar="RxC", help="Size of the kernel, such as 5x5; 5 for data with one axis."),
]
SizeIfKnownOption = Annotated[
    str | None,
    typer.Option(
        metavar="RxC",
        help="Size of the kernel, such as 5x5; 5 for data with one axis. Default: it is found "
        "out, and with it the anchor, the boundary, the rounding, and whether it was a "
        "convolution at all.",
        show_default=False,
    ),
]
BoundaryOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"How the picture was continued past its edges: {BOUNDARY_HELP}. "
        "Default: unknown, and only pixels that no edge touches are fitted.",
        show_default=False,
    ),
]
AnchorOption = Annotated[
    str | None,
    typer.Option(
        metavar="R,C",
        help="Index of the kernel entry at the origin, counted from 0, one number for each axis; "
        "any integers. Default: the middle, (size - 1) // 2.",
        show_default=False,
    ),
]
ModeOption = Annotated[
    Mode | None,
    typer.Option(
        help="Which outputs there are: full (n + k - 1), same (n) or valid (n - k + 1).",
        case_sensitive=False,
        show_default=False,
    ),
]
OffsetOption = Annotated[
    bool, typer.Option("--offset", help="Fit a constant that was added to every pixel too.")
]
MaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="A picture or numbers of AFTER's size; where it is not 0, a pixel is left out.",
        show_default=False,
    ),
]
SolverOption = Annotated[
    str, typer.Option(metavar="NAME", help=f"How to solve: auto, {', '.join(SOLVERS)}.")
]
DampOption = Annotated[
    str,
    typer.Option(
        metavar="X|NAME",
        help="Damping (Tikhonov) of the kernel: a number, 0 for none; or how to choose it: "
        f"{', '.join(DampMethod)}.",
    ),
]


class Penalty(StrEnum):
    """What damping makes small: the unknowns, or their first or second differences."""

    IDENTITY = "identity"
    FIRST = "first"
    SECOND = "second"


PenaltyOption = Annotated[
    Penalty | None,
    typer.Option(
        metavar="NAME",
        help=f"What damping makes small, the values or their differences: {', '.join(Penalty)}. "
        "Default: identity.",
        case_sensitive=False,
        show_default=False,
    ),
]
NoiseStdOption = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        help="Standard deviation of the noise of a pixel, where it is known: 0.29 for 8 bits "
        "that were rounded. Default: taken from the residual.",
        show_default=False,
    ),
]
ChannelOption = Annotated[
    str | None,
    typer.Option(
        metavar="N|NAME",
        help="Use one channel: its number, counted from 0, or grey, red, green, blue, alpha. "
        "Default: all of them, with one kernel.",
        show_default=False,
    ),
]
ToleranceOption = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="For iterative solvers: the gradient to stop at, relative to the one at zero.",
        show_default=False,
    ),
]
MaxIterationsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="For iterative solvers: when to stop anyway.", show_default=False
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result's fields as JSON, and nothing else.")
]


def parse_size(text: str, option: str) -> tuple[int, ...]:
    """Sizes from text.

    Examples
    --------
    >>> parse_size("5x3", "--size")
    (5, 3)
    """
    if not re.fullmatch(r"[0-9]{1,18}([xX×][0-9]{1,18})*", text.strip()):
        raise ConvmatError(f"{option} is rows x columns, such as 5x5, or 5 for one axis: {text!r}")
    sizes = tuple(int(size) for size in re.split("[xX×]", text.strip()))
    if 0 in sizes:
        raise ConvmatError(f"{option} must be at least 1 along each axis, got {text!r}")
    return sizes


def parse_anchor(text: str | None, option: str = "--anchor") -> tuple[int, ...] | None:
    """An anchor, or another index, from text.

    Examples
    --------
    >>> parse_anchor("2,-1")
    (2, -1)
    """
    if text is None:
        return None
    try:
        return tuple(int(index) for index in text.split(","))
    except ValueError:
        raise ConvmatError(
            f"{option} is one integer for each axis, such as 2,2: {text!r}"
        ) from None


def parse_boundary_names(text: str | None) -> str | tuple[str, ...] | None:
    """One name, or a tuple of one for each axis.

    Examples
    --------
    >>> parse_boundary_names("circular,zero")
    ('circular', 'zero')
    """
    if text is None:
        return None
    names = tuple(name.strip().lower() for name in text.split(","))
    return names[0] if len(names) == 1 else names


def parse_damp(text: str) -> float | str:
    """A number, or the name of a way to choose one, which is not for the shell to judge.

    Examples
    --------
    >>> parse_damp("0.5"), parse_damp("GCV")
    (0.5, 'gcv')
    """
    try:
        return float(text)
    except ValueError:
        return text.strip().lower()


def penalty_matrix(
    penalty: Penalty | None,
    damp: float | str,
    shape: Sequence[int],
    boundary: str | Sequence[str],
) -> Any:
    """L, for an array of this shape that continues so; None is the identity."""
    if penalty is not None and damp == 0:
        raise ConvmatError("--penalty says what --damp makes small: give --damp as well")
    if penalty is None or penalty is Penalty.IDENTITY:
        return None
    order = {Penalty.FIRST: 1, Penalty.SECOND: 2}[penalty]
    return difference_matrix(shape, order, boundary=boundary)


def solver_options(
    solver: str, tolerance: float | None, max_iterations: int | None
) -> dict[str, Any]:
    """The options that were given, for a solver that there is."""
    if solver != "auto" and solver not in SOLVERS:
        raise ConvmatError(f"--solver must be auto, {', '.join(SOLVERS)}, got {solver!r}")
    given = {"tolerance": tolerance, "max_iterations": max_iterations}
    return {name: value for name, value in given.items() if value is not None}
