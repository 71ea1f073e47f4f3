"""The certificate of a solution: its residual and gradient, from the problem and nothing else.

gradient = A'W(Ax - b) + damp^2 L'L x,    half the gradient of the objective, zero at a minimum
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.augmented import checked_adjoint, checked_product

if TYPE_CHECKING:
    from convmat.least_squares import LeastSquares

__all__ = ["Certificate", "certify"]


class Certificate(NamedTuple):
    """How good an x is, computed from the problem and nothing else."""

    x: NDArray
    residual_norm: float
    penalty_norm: float
    gradient: NDArray
    gradient_norm: float

    @property
    def objective_norm(self) -> float:
        """Square root of the objective that is minimised, the damping term included."""
        return math.hypot(self.residual_norm, self.penalty_norm)


def certify(problem: "LeastSquares", x: NDArray) -> Certificate:
    """Residual and gradient at x, shape (n,), by two products with A and its adjoint."""
    residual = problem.b - checked_product(problem.A, x)
    weighted = residual if problem.weights is None else problem.weights * residual
    gradient = -checked_adjoint(problem.A, weighted)
    penalty_norm = 0.0
    if problem.damp:
        rough = x if problem.penalty is None else checked_product(problem.penalty, x, "penalty")
        penalty_norm = problem.damp * _norm(rough)
        smooth = rough
        if problem.penalty is not None:
            smooth = checked_adjoint(problem.penalty, rough, "penalty")
        gradient = gradient + problem.damp**2 * smooth
    square = float(np.vdot(residual, weighted).real)
    return Certificate(x, math.sqrt(square), penalty_norm, gradient, _norm(gradient))


def _norm(vector: NDArray) -> float:
    return float(np.linalg.norm(vector))
