"""How what is left is distributed: its tails, and how many errors are errors of their own."""

from collections.abc import Iterable

import numpy as np

from convmat.identify.fit import Residual

__all__ = ["kurtosis", "neighbour_correlation", "sums", "tail"]

_IN_THE_TAIL = 1e-4
_FEW_LEVELS, _TOLD_APART = 16, 8


def kurtosis(residual: Residual) -> float:
    """Excess kurtosis: 0 for Gaussian noise, -1.2 for one rounding."""
    squares = residual.used**2
    mean = float(squares.mean())
    return float(np.mean(squares**2)) / mean**2 - 3 if mean else 0.0


def tail(residual: Residual) -> float:
    """Half the range of all but one pixel in 10,000, in levels."""
    used = residual.used
    out = int(_IN_THE_TAIL / 2 * used.size)
    ends = np.partition(used, (out, used.size - 1 - out))[[out, used.size - 1 - out]]
    return float(ends[1] - ends[0]) / 2 / (residual.plane.step or 1.0)


def sums(residual: Residual) -> int:
    """How many different sums were rounded, where levels are few; elsewhere, how many pixels."""
    used = residual.fitted.ravel() if residual.keep is None else residual.fitted[residual.keep]
    step = residual.plane.step
    if not step or np.unique(residual.plane.before[::7, ::7]).size > _FEW_LEVELS:
        return int(used.size)
    return int(np.unique(np.rint(_TOLD_APART * used / step)).size)


def neighbour_correlation(residuals: Iterable[Residual]) -> float:
    """Of neighbours along rows, columns and both diagonals; what was left out counts as 0."""
    products, square = np.zeros(4), 0.0
    for residual in residuals:
        left = residual.masked
        square += float(np.vdot(left, left))
        products += [
            float(np.sum(left[:, 1:] * left[:, :-1])),
            float(np.sum(left[1:] * left[:-1])),
            float(np.sum(left[1:, 1:] * left[:-1, :-1])),
            float(np.sum(left[1:, :-1] * left[:-1, 1:])),
        ]
    return float(np.abs(products).max() / square) if square else 0.0
