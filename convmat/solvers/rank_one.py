"""A factored matrix and a term of rank one: ``(S + w r r') x = c + w r t``.

    x = x_0 + z (t - r'x_0) / (1/w + r'z),    S x_0 = c,    S z = r

x_0 solves the problem that may add a constant to every equation, and the second term takes that
constant out. Nothing large is ever subtracted, so a mean r of 40,000 costs no digits, which it
does once it is squared into a matrix.

Source: J. Sherman and W. J. Morrison, Adjustment of an inverse matrix corresponding to a change
in one element of a given matrix, Ann. Math. Statist. 21 (1950), doi:10.1214/aoms/1177729893.
"""

import numpy as np
from numpy.typing import NDArray

from convmat.solvers.factorization import DenseFactor

__all__ = ["RankOneUpdate"]


class RankOneUpdate:
    """Solves with ``S + w r r'``, from the factor of S.

    Parameters
    ----------
    factor : DenseFactor
        Of S, shape (n, n).
    vector : ndarray, shape (n,)
        r.
    weight : float
        w.

    Examples
    --------
    >>> factor = DenseFactor(np.array([[4.0, 0.0], [0.0, 1.0]]))
    >>> update = RankOneUpdate(factor, np.array([2.0, 1.0]), 1.0)
    >>> update.solve(np.array([10.0, 4.0])) @ np.array([[8.0, 2.0], [2.0, 2.0]])
    array([10.,  4.])
    """

    def __init__(self, factor: DenseFactor, vector: NDArray, weight: float) -> None:
        self._factor, self._vector = factor, vector
        self._direction = factor.solve(vector)
        self._variance = 1 / weight + float(np.vdot(vector, self._direction).real)

    def solve(self, rhs: NDArray, level: complex = 0.0) -> NDArray:
        """The inverse times ``rhs + w r level``; rhs of shape (n,)."""
        x = self._factor.solve(rhs)
        missing = level - np.vdot(self._vector, x)
        return x + self._direction * (missing / self._variance)

    def inverse(self) -> NDArray:
        """``(S + w r r')^-1``, shape (n, n)."""
        inverse = self._factor.inverse()
        inverse -= np.outer(self._direction, self._direction.conj() / self._variance)
        return inverse
