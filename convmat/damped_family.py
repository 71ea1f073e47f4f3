"""All the solutions of one problem that differ in `damp`, from one factorization.

    x(damp) = argmin |W^1/2 (A x - b)|^2 + damp^2 |L x|^2

With ``G = A'WA``, ``P = L'L`` and ``tau = trace(G) / trace(P)`` the pair ``(P, G + tau P)`` is
diagonalised: ``V'(G + tau P)V = 1`` and ``V'PV = diag(mu)``, so that ``V'GV = diag(gamma)``,
``gamma = 1 - tau mu``. (P alone, the penalty of a difference, is singular.) Then, with
``q = V'A'Wb`` and ``d = gamma + damp^2 mu``,

    x = V (q / d)                                                    the solution
    |W^1/2 (A x - b)|^2 = r0^2 + sum (damp^2 mu)^2 |q|^2 / (gamma d^2)     its residual
    |L x|^2 = sum mu |q|^2 / d^2                                     its penalty
    gamma / d                          the eigenvalues of H, where A x = H b

Source: P. C. Hansen, Rank-Deficient and Discrete Ill-Posed Problems, SIAM 1998, section 2.1
(there by the generalized SVD), doi:10.1137/1.9780898719697.
"""

import math

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import as_dense
from convmat.memory import require_memory

__all__ = ["DampedFamily"]

EPS = float(np.finfo(np.float64).eps)


class DampedFamily:
    """All solutions x(damp) of one problem, from one factorization.

    Parameters
    ----------
    problem : LeastSquares
        Its own `damp` does not matter.

    Examples
    --------
    >>> import numpy as np
    >>> family = DampedFamily(LeastSquares(np.diag([2.0, 1.0]), [2.0, 1.0]))
    >>> family.solution(1.0)
    array([0.8, 0.5])
    """

    def __init__(self, problem: LeastSquares) -> None:
        m, n = problem.shape
        require_memory(
            6 * problem.dtype.itemsize * n * n,
            f"the factorization of {n} unknowns for the choice of damp",
            "give damp as a number",
        )
        self.equations = m if problem.weights is None else int(np.count_nonzero(problem.weights))
        equations = problem.normal_equations()
        gram, penalty = as_dense(equations.gram), as_dense(problem.penalty_gram)
        size = float(np.trace(penalty).real)
        if size == 0:
            raise ConvmatError("penalty must not be all zero where damp is to be chosen")
        tau = float(np.trace(gram).real) / size
        if tau == 0:
            raise ConvmatError("A is all zero: no damp is better than another")
        self.vectors, mu = _diagonalise(penalty, gram + tau * penalty)
        self.mu = np.clip(mu, 0.0, 1 / tau)
        self.gamma = 1 - tau * self.mu
        # Below rounding of the Gram matrix a direction is not in the data.
        self.gamma[self.gamma < 4 * EPS * math.sqrt(n)] = 0.0
        q = self.vectors.conj().T @ equations.rhs
        self._q = np.where(self.gamma > 0, q, 0.0)
        self._energy = np.abs(self._q) ** 2
        explained = float(np.sum(_ratio(self._energy, self.gamma)))
        self._least = max(equations.constant - explained, 0.0)

    def solution(self, damp: float) -> NDArray:
        """X at this damp, shape (n,)."""
        return self.vectors @ _ratio(self._q, self.gamma + damp**2 * self.mu)

    def residual_norms(self, damps: NDArray) -> NDArray:
        """``|W^1/2 (A x - b)|`` at each damp."""
        d, squared = self._divisors(damps)
        grown = _ratio(self._energy * (squared * self.mu) ** 2, self.gamma * d**2)
        return np.sqrt(self._least + grown.sum(axis=1))

    def penalty_norms(self, damps: NDArray) -> NDArray:
        """``|L x|`` at each damp."""
        d, _ = self._divisors(damps)
        return np.sqrt(_ratio(self._energy * self.mu, d**2).sum(axis=1))

    def influence(self, damps: NDArray) -> NDArray:
        """Eigenvalues of H, shape (k, n)."""
        d, _ = self._divisors(damps)
        return _ratio(np.broadcast_to(self.gamma, d.shape), d)

    def grid(self, points: int) -> NDArray:
        """Candidates from where nothing is damped to where all is, evenly in the logarithm."""
        seen = (self.gamma > 0) & (self.mu > EPS * self.mu.max())
        if not seen.any():
            raise ConvmatError("the penalty sees no direction that the data determine")
        turning = np.sqrt(self.gamma[seen] / self.mu[seen])
        highest = float(turning.max()) * 10
        # So little that an undamped solution is told from it by no criterion.
        lowest = max(float(turning.min()) / 1e4, highest * 1e-10)
        return np.geomspace(lowest, highest, points)

    def _divisors(self, damps: NDArray) -> tuple[NDArray, NDArray]:
        squared = np.asarray(damps, dtype=np.float64)[:, None] ** 2
        return self.gamma + squared * self.mu, squared


def _diagonalise(penalty: NDArray, total: NDArray) -> tuple[NDArray, NDArray]:
    """V and mu with ``V'(total)V = 1``, ``V'(penalty)V = diag(mu)``, on the range of total."""
    from scipy.linalg import eigh

    try:
        mu, vectors = eigh(penalty, total, check_finite=False)
        if np.all(np.isfinite(vectors)):
            return vectors, mu
    except np.linalg.LinAlgError:
        pass
    # A direction that neither the data nor the penalty sees has no place in x.
    values, basis = eigh(total, check_finite=False)
    kept = values > EPS * len(values) * values[-1]
    basis = basis[:, kept] / np.sqrt(values[kept])
    mu, rotation = eigh(basis.conj().T @ penalty @ basis, check_finite=False)
    return basis @ rotation, mu


def _ratio(numerator: NDArray, denominator: NDArray) -> NDArray:
    """Their quotient, and zero where the numerator is zero."""
    out = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape), numerator.dtype)
    return np.divide(numerator, denominator, out=out, where=numerator != 0)
