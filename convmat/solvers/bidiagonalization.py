"""Golub-Kahan bidiagonalization, the process beneath LSQR and LSMR.

From the residual u at the start, for the augmented matrix B of the problem,

    beta_1 u_1 = u,           alpha_1 v_1 = B' u_1
    beta_k+1 u_k+1 = B v_k - alpha_k u_k,    alpha_k+1 v_k+1 = B' u_k+1 - beta_k+1 v_k

with unit vectors u and v. B is a bidiagonal matrix in these bases (alphas on the diagonal,
betas below it), and the singular values of that matrix tend to B's from inside.

Source: G. H. Golub and W. Kahan, Calculating the singular values and pseudo-inverse of a
matrix, SIAM J. Numer. Anal. 2 (1965), doi:10.1137/0702016; the variant by C. C. Paige and
M. A. Saunders, 1982, doi:10.1145/355984.355989.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.linear_maps import norm

__all__ = ["Bidiagonalization"]


class Bidiagonalization:
    """The process for one problem, from any x; it remembers the bidiagonal matrix."""

    def __init__(self, problem: LeastSquares) -> None:
        self.problem = problem
        self.alphas: list[float] = []
        self.betas: list[float] = []
        self._longest: tuple[list[float], list[float]] = ([], [])

    def steps(self, x: NDArray) -> Iterator[tuple[float, float, NDArray]]:
        """Yield ``alpha_k, beta_k, v_k`` for k = 1, 2, ..., starting from the residual at x.

        The vector is overwritten by the next step.
        """
        system = self.problem.system
        self.alphas, self.betas = [], []
        u = system.rhs - system.product(x)
        beta = _normalize(u)
        v = system.adjoint(u)
        alpha = _normalize(v)
        while True:
            self.alphas.append(alpha)
            self.betas.append(beta)
            if len(self.alphas) > len(self._longest[0]):
                self._longest = (self.alphas, self.betas)
            yield alpha, beta, v
            u *= -alpha
            u += system.product(v)
            beta = _normalize(u)
            v *= -beta
            v += system.adjoint(u)
            alpha = _normalize(v)

    def condition(self) -> float:
        """Condition number of the bidiagonal matrix: at most that of the augmented matrix.

        Directions that the right-hand side does not excite are not seen, so a rank-deficient
        matrix shows the condition of the part that was solved with. NaN before any step.
        """
        from scipy.linalg import eigh_tridiagonal

        alphas, betas = self._longest
        if len(alphas) < 2:
            return float("nan")
        # The last alpha and beta may be those of a vector that vanished: stop before it.
        count = len(alphas) - 1
        off = np.empty(2 * count)
        off[0::2] = alphas[:count]
        off[1::2] = betas[1 : count + 1]
        # Eigenvalues of [[0, B], [B', 0]], interleaved, are plus and minus the singular
        # values, and one zero; small ones are had without squaring.
        diagonal = np.zeros(2 * count + 1)
        extremes = [
            float(eigh_tridiagonal(diagonal, off, True, "i", (index, index))[0])
            for index in (count + 1, 2 * count)
        ]
        smallest, largest = extremes
        return largest / smallest if smallest > 0 else float("inf")


def _normalize(vector: NDArray) -> float:
    size = norm(vector)
    if size > 0:
        vector /= size
    return size
