"""A kernel in few lines: its entries with their error bars, or what a large one comes to.

A large kernel is drawn with one character for a block of entries, twice as high as wide, as
characters are; a block is as dark as its largest entry.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

__all__ = ["drawn", "entries", "in_short", "range_of_errors"]

_PICTURE_WIDTH = 56
_DARK = {True: " ░▒▓█", False: " .:+#"}
_BELOW = "-="
# Of the largest entry; below it, or below so many error bars, a block is left empty.
_FAINT, _BARS = 0.02, 3.0


def entries(
    kernel: NDArray, std_error: NDArray, *, bars: bool = True, sign: str = "+-"
) -> list[str]:
    r"""A line for each row, and one below it for its standard errors where `bars` is true.

    Two uncertain digits of the best known entry are given, six where nothing is uncertain. Where
    no standard error is known there are no lines for them, and four decimals of the largest entry.

    Examples
    --------
    >>> print("\n".join(entries(np.array([[0.25, -1e-9]]), np.array([[0.01, 0.02]]))))
      0.250    0.000
    +-0.010  +-0.020
    """
    digits = _decimals(std_error)
    if np.isnan(std_error).all():
        bars, digits = False, _decimals(np.array([1e-3 * np.abs(kernel).max()]))
    rows = []
    for row, errors in zip(kernel, std_error, strict=True):
        rows.append([_number(value, digits) for value in row])
        if bars:
            rows.append([sign + _number(value, digits) for value in errors])
    longest = max(len(cell) for row in rows for cell in row)
    return ["  ".join(cell.rjust(longest) for cell in row) for row in rows]


def range_of_errors(std_error: NDArray) -> str:
    """The smallest and the largest standard error but for 0, that of entries outside of a box."""
    known = std_error[np.isfinite(std_error) & (std_error > 0)]
    if not known.size:
        return "no standard errors"
    least, most = f"{known.min():.2g}", f"{known.max():.2g}"
    return f"standard errors {least}" + (f" to {most}" if most != least else "")


def in_short(kernel: NDArray, std_error: NDArray) -> str:
    """Sum, largest entries and error bars, in one sentence.

    Examples
    --------
    >>> in_short(np.array([[0.25, 0.75]]), np.array([[0.01, 0.01]]))
    'sum 1, largest 0.750 at (0, 1), 0.250 at (0, 0); standard errors 0.01'
    """
    digits = _decimals(std_error)
    order = np.argsort(-np.abs(kernel), axis=None, kind="stable")[:3]
    largest = ", ".join(
        f"{_number(kernel.flat[place], digits)} at ({', '.join(map(str, at))})"
        for place in order
        for at in [np.unravel_index(place, kernel.shape)]
    )
    return f"sum {kernel.sum():.5g}, largest {largest}; {range_of_errors(std_error)}"


def drawn(kernel: NDArray, std_error: NDArray, height: int, *, blocks: bool) -> list[str]:
    r"""The kernel as a picture of at most `height` lines, and a line that explains it.

    Parameters
    ----------
    kernel, std_error : ndarray, shape (k1, k2)
    height : int
    blocks : bool
        Block characters; where the terminal has none, ASCII.

    Examples
    --------
    >>> print("\n".join(drawn(np.eye(8), np.zeros((8, 8)), 8, blocks=False)[:-1]))
    ##
      ##
        ##
          ##
    """
    rows, columns = kernel.shape
    wide = max(1, ceil(columns / _PICTURE_WIDTH), ceil(rows / (2 * height)))
    high = min(2 * wide, rows)
    largest = float(np.abs(kernel).max())
    floor = np.maximum(_FAINT * largest, _BARS * np.nan_to_num(std_error))
    seen = np.where(np.abs(kernel) > floor, kernel, 0.0)
    dark = _DARK[blocks]
    lines = []
    for top in range(0, rows, high):
        line = ""
        for left in range(0, columns, wide):
            block = seen[top : top + high, left : left + wide]
            share = float(block.flat[np.argmax(np.abs(block))]) / (largest or 1.0)
            if share < 0:
                line += _BELOW[share < -0.5]
            else:
                line += dark[ceil(4 * share)]
        lines.append(line.rstrip())
    legend = f"{dark[4]} over 3/4 of the largest"
    if np.any(seen < 0):
        legend += f", {_BELOW[0]} and {_BELOW[1]} below 0"
    return [*lines, f"({legend}; {high}x{wide} entries a character)"]


def _decimals(std_error: NDArray) -> int | None:
    known = std_error[np.isfinite(std_error) & (std_error > 0)]
    if not known.size:
        return None
    return int(np.clip(1 - np.floor(np.log10(known.min())), 0, 12))


def _number(value: float, digits: int | None) -> str:
    if not np.isfinite(value):
        return "?"
    text = f"{value:.6g}" if digits is None else f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
