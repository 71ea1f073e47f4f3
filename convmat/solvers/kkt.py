"""The step to the minimum over the free unknowns, their sum held: one small linear system.

    [G  e] [ p]     [-slope ]
    [e' 0] [nu]  =  [deficit]      on the free entries, e = 1 where they are summed

solved by the Cholesky factor of G: ``p = q + s (deficit - e'q) / (e's)`` with ``G q = -slope``
and ``G s = e``. Where G is singular, its pseudo-inverse on the kernel of e' serves instead.
Columns are scaled, so that the diagonal of G is one, before the rank is judged.
"""

import math

import numpy as np
from numpy.typing import NDArray

from convmat.solvers.condition import largest_eigenvalue
from convmat.solvers.factorization import DenseFactor, Factor, NotPositiveDefiniteError

__all__ = ["FreeSystem"]

EPS = float(np.finfo(np.float64).eps)


class FreeSystem:
    """The system for one set of free entries, factored.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
    free : ndarray of bool, shape (n,)
    summed : ndarray of bool, shape (n,), or None
        Where the sum of entries is held; None where no sum is.
    """

    def __init__(self, gram: NDArray, free: NDArray, summed: NDArray | None) -> None:
        self.free = np.flatnonzero(free)
        self.size = self.rank = len(self.free)
        gram = gram[np.ix_(self.free, self.free)] if self.size < len(free) else gram
        diagonal = gram.diagonal().real
        self.scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        self.gram = self.scale[:, None] * gram * self.scale
        ones = None if summed is None else summed[self.free] * self.scale
        self.ones = ones if ones is not None and ones.any() else None
        self._factor: Factor | None = None
        self._inverse = np.zeros((0, 0))
        if not self.size:
            return
        try:
            self._factor = DenseFactor(self.gram)
        except NotPositiveDefiniteError:
            self._inverse = self._pseudo_inverse()
            return
        if not self._condition(np.ones(self.size)) ** 2 * self._rounding() < 1:
            self._factor = None
            self._inverse = self._pseudo_inverse()
        elif self.ones is not None:
            self._along = self._factor.solve(self.ones)

    def step(self, slope: NDArray, deficit: float = 0.0) -> NDArray:
        """The move, shape (n,): zero where entries are not free.

        It adds `deficit` to the sum, where a free entry is summed.
        """
        move = np.zeros_like(slope)
        if not self.size:
            return move
        right = -slope[self.free] * self.scale
        ones = self.ones
        if self._factor is not None:
            part = self._factor.solve(right)
            if ones is not None:
                part += self._along * ((deficit - ones @ part) / (ones @ self._along))
        else:
            start = np.zeros_like(right) if ones is None else ones * (deficit / (ones @ ones))
            part = start + self._inverse @ (right - self.gram @ start)
        move[self.free] = part * self.scale
        return move

    def condition(self) -> float:
        """Condition number of the free columns of the augmented matrix."""
        return self._condition(self.scale) if self.size else math.nan

    def _condition(self, scale: NDArray) -> float:
        """Of the columns over `scale`, beyond what scales those of `gram`."""
        solve = self._inverse.__matmul__ if self._factor is None else self._factor.solve
        dtype = self.gram.dtype
        largest = largest_eigenvalue(lambda v: self.gram @ (v / scale) / scale, self.size, dtype)
        inverse = largest_eigenvalue(lambda v: scale * solve(scale * v), self.size, dtype)
        product = largest * inverse
        return math.sqrt(product) if product > 0 else math.nan

    def _rounding(self) -> float:
        return 10 * math.sqrt(self.size) * EPS

    def _pseudo_inverse(self) -> NDArray:
        """Of G on the kernel of e', and the rank as if e' were determined."""
        from scipy.linalg import eigh

        keep = np.eye(self.size)
        held = 0
        if self.ones is not None:
            unit = self.ones / np.linalg.norm(self.ones)
            keep -= np.outer(unit, unit)
            held = 1
        values, vectors = eigh(keep @ self.gram @ keep, check_finite=False)
        # Of G itself: where the sum determines everything, its projection is rounding alone.
        used = values > self._rounding() * np.linalg.norm(self.gram)
        self.rank = int(used.sum()) + held
        vectors = vectors[:, used]
        return vectors / values[used] @ vectors.conj().T
