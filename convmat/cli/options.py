"""Options that several commands share, and how their text becomes values."""

import re
from typing import Annotated

import typer

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.geometry import Mode

__all__ = ["AnchorOption", "ModeOption", "parse_anchor", "parse_boundary_names", "parse_size"]

BOUNDARY_HELP = f"one of {', '.join(Boundary)}; or one for each axis, as in circular,zero"

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


def parse_anchor(text: str | None) -> tuple[int, ...] | None:
    """An anchor from text.

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
            f"--anchor is one integer for each axis, such as 2,2: {text!r}"
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
