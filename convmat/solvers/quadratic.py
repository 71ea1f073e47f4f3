"""The objective as a quadratic function, by whichever way costs less.

    f(x) = |B x - c|^2 / 2,   gradient(x) = B'(B x - c)

with B the augmented matrix. Where there are many more equations than unknowns the gradient
comes from the Gram matrix, at n^2 multiplications instead of 2 m n. The objective norm, a
small difference then, is good to ``sqrt(eps) |b|``; the certificate at the end is not
affected.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import inner, is_operator, norm
from convmat.solvers.cholesky import DENSE_LIMIT
from convmat.solvers.condition import largest_eigenvalue

__all__ = ["Quadratic", "step_length"]


class Quadratic:
    """Objective norm and gradient at any x.

    Parameters
    ----------
    problem : LeastSquares
    gram : bool, optional
        Whether to use the Gram matrix; None chooses by cost.
    """

    def __init__(self, problem: LeastSquares, gram: bool | None = None) -> None:
        self.problem = problem
        self._system = problem.system
        self._gram: Any = None
        if gram if gram is not None else _gram_is_cheaper(problem):
            self._gram = problem.damped_gram()
            equations = problem.normal_equations()
            self._rhs, self._constant = equations.rhs, equations.constant
        else:
            self._rhs = self._system.rhs

    def __call__(self, x: NDArray) -> tuple[float, NDArray]:
        """``|B x - c|`` and ``B'(B x - c)``."""
        if self._gram is None:
            residual = self._system.product(x) - self._rhs
            return norm(residual), self._system.adjoint(residual)
        gradient = self._gram @ x - self._rhs
        square = inner(x, gradient - self._rhs).real + self._constant
        return math.sqrt(max(float(square), 0.0)), gradient

    def slope(self, x: NDArray) -> NDArray:
        """``B'(B x - c)``."""
        return self(x)[1]

    def curvature(self) -> float:
        """The largest eigenvalue of B'B: the gradient's Lipschitz constant, a little above it."""
        if self._gram is None:

            def apply(v: NDArray) -> NDArray:
                return self._system.adjoint(self._system.product(v))
        else:

            def apply(v: NDArray) -> NDArray:
                return self._gram @ v

        n, dtype = self.problem.shape[1], self.problem.dtype
        return 1.02 * largest_eigenvalue(apply, n, dtype, accuracy=1e-3, max_iterations=100)


def step_length(quadratic: Quadratic, step: float | None) -> float:
    """The step given, or one over the curvature (one where the matrix is zero)."""
    if step is None:
        curvature = quadratic.curvature()
        return 1 / curvature if curvature > 0 else 1.0
    if not (isinstance(step, (int, float, np.number)) and 0 < step < math.inf):
        raise ConvmatError(f"step must be a finite number above 0, or None, got {step!r}")
    return float(step)


def _gram_is_cheaper(problem: LeastSquares) -> bool:
    m, n = problem.shape
    A = problem.A
    if n > DENSE_LIMIT or (is_operator(A) and not hasattr(A, "normal_equations")):
        return False
    if is_operator(A):
        # Measured on products by FFTs: their cost in entries of a matrix-vector product.
        return n * n < 3 * (m + n) * math.log2(m + n)
    return n * n < getattr(A, "nnz", A.size)
