"""Writing figures to files, and how they all look."""

import os
from typing import Any

from convmat.errors import ConvmatError
from convmat.files.writing import atomic_write, check_suffix
from convmat.optional import require

__all__ = ["INK", "STYLE", "check_figure", "save_figure"]

_SUFFIXES = (".png", ".svg", ".pdf")
INK = "#22252b"
_FAINT = "#8a8f98"
STYLE = {
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.linewidth": 0.6,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "svg.fonttype": "none",
}


def check_figure(path: str | os.PathLike[str], ndim: int) -> None:
    """Refuse a figure that could not be drawn or written, before the work that it shows.

    Raises
    ------
    ConvmatError
        For a suffix other than .png, .svg and .pdf, and for more than two axes.
    MissingPackageError
        Where matplotlib is not installed.
    """
    check_suffix(path, _SUFFIXES)
    if ndim > 2:
        raise ConvmatError(f"a figure shows data of one or two axes, not {ndim}")
    require("matplotlib.figure", "matplotlib", "plot")


def save_figure(path: str | os.PathLike[str], figure: Any) -> None:
    """Write a figure to a .png, .svg or .pdf file, whole or not at all.

    Raises
    ------
    ConvmatError
        For another suffix, and where the file cannot be written.
    """
    suffix = check_suffix(path, _SUFFIXES)
    matplotlib = require("matplotlib", "matplotlib", "plot")
    with matplotlib.rc_context(STYLE), atomic_write(path) as file:
        figure.savefig(file, format=suffix[1:], dpi=150)
