"""Norms and inner products of values of any scale: no square of them over- or underflows."""

from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from convmat.powers_of_two import norm_of

__all__ = ["best_factor", "norm", "ratio"]


def norm(values: NDArray) -> float:
    """The 2-norm of all values, and 0 of none.

    Examples
    --------
    >>> norm(np.array([[3.0], [4.0]]) * 2.0**900) / 2.0**900, norm(np.zeros(0))
    (5.0, 0.0)
    """
    flat = np.ravel(values)
    return norm_of(flat) if flat.size else 0.0


def ratio(part: float, whole: float) -> float:
    """``part / whole``: 0 of 0 is 0, and what is no number is infinite, so that nothing excuses it.

    Examples
    --------
    >>> ratio(1.0, 4.0), ratio(0.0, 0.0), ratio(float("nan"), 1.0)
    (0.25, 0.0, inf)
    """
    if not (isfinite(part) and isfinite(whole)):
        return inf
    return part / whole if whole else (inf if part else 0.0)


def best_factor(given: NDArray, found: NDArray) -> complex:
    """The s for which ``|s given - found|`` is least; 0 where `given` is 0.

    Examples
    --------
    >>> best_factor(np.array([1e200, 2e200]), np.array([5e199, 1e200]))
    0.5
    """
    size = norm(given)
    factor: complex = (np.vdot(given / size, found) / size).item() if size else 0.0
    return factor
