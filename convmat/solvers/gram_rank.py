"""Gram matrices that are singular to rounding: how that is told, and what is solved then.

Columns are scaled to norm one first, so that their units do not decide.

Source: A. van der Sluis, Condition numbers and equilibration of matrices, Numer. Math. 14 (1969),
doi:10.1007/BF02165096.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.solvers.condition import largest_eigenvalue
from convmat.solvers.factorization import Factor

__all__ = ["GramPseudoInverse", "column_scale", "is_singular", "rounding"]

EPS = float(np.finfo(np.float64).eps)


def column_scale(gram: Any) -> NDArray:
    """What brings the diagonal of the Gram matrix to one; one where a column is zero."""
    diagonal = np.asarray(gram.diagonal()).real
    return 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def is_singular(gram: Any, factor: Factor) -> bool:
    """Whether the scaled Gram matrix is singular to rounding, though Cholesky went through.

    Of exactly dependent columns rounding leaves pivots of a few eps, not zero: the inverse is
    large then. A false alarm needs a condition number of A near 1e7, columns scaled.
    """
    scale = column_scale(gram)
    n = scale.size
    largest = largest_eigenvalue(lambda v: scale * (gram @ (scale * v)), n, gram.dtype)
    inverse = largest_eigenvalue(lambda v: factor.solve(v / scale) / scale, n, gram.dtype)
    return not largest * inverse * rounding(n) < 1


def rounding(n: int) -> float:
    """Eigenvalues smaller than this share of the largest may be rounding."""
    return 10 * math.sqrt(n) * EPS


class GramPseudoInverse:
    """Minimum-norm solves with a singular Gram matrix, its columns scaled to judge the rank."""

    def __init__(self, gram: NDArray) -> None:
        from scipy.linalg import eigh, qr

        scale = column_scale(gram)
        values, vectors = eigh(scale[:, None] * gram * scale, check_finite=False)
        kept = values > rounding(scale.size) * values[-1]
        self.rank = int(kept.sum())
        self._values = values[kept]
        self._vectors = scale[:, None] * vectors[:, kept]
        null = scale[:, None] * vectors[:, ~kept]
        self._null = qr(null, mode="economic", check_finite=False)[0] if null.size else null

    def solve(self, rhs: NDArray) -> NDArray:
        """The x of smallest norm among those of smallest residual; rhs of shape (n,)."""
        x = self._vectors @ ((self._vectors.conj().T @ rhs) / self._values)
        return x - self._null @ (self._null.conj().T @ x)
