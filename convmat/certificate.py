"""The certificate of a solution: its residual and gradient, from the problem and nothing else.

gradient = A'W(Ax - b) + damp^2 L'L x,    half the gradient of the objective, zero at a minimum
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.augmented import checked_adjoint, checked_product
from convmat.linear_maps import difference, inner, norm

if TYPE_CHECKING:
    from convmat.least_squares import LeastSquares

__all__ = ["Certificate", "certify"]

EPS = float(np.finfo(np.float64).eps)


class Certificate(NamedTuple):
    """How good an x is, computed from the problem and nothing else.

    `image_norm` is ``|W^1/2 A x|``, `residual_norm` ``|W^1/2 (A x - b)|``, `penalty_norm`
    ``damp |L x|``.
    """

    x: NDArray
    image_norm: float
    residual_norm: float
    penalty_norm: float
    gradient: NDArray
    gradient_norm: float

    @property
    def objective_norm(self) -> float:
        """Square root of the objective that is minimised, the damping term included."""
        return math.hypot(self.residual_norm, self.penalty_norm)

    def rounding(self, system_norm: float, x_norm: float) -> float:
        """What rounding alone leaves of the gradient, of the order of it.

        Parameters
        ----------
        system_norm, x_norm : float
            2-norms of ``[W^1/2 A; damp L]`` and of x.
        """
        return EPS * system_norm * (self.objective_norm + system_norm * x_norm)


def certify(problem: "LeastSquares", x: NDArray) -> Certificate:
    """Residual and gradient at x, shape (n,), by two products with A and its adjoint."""
    image = checked_product(problem.A, x, finite=False)
    residual, square = difference(problem.b, image)
    weighted, image_square = residual, float(inner(image, image).real)
    if problem.weights is not None:
        weighted = problem.weights * residual
        square = float(inner(residual, weighted).real)
        image_square = float(inner(image, problem.weights * image).real)
    descent = checked_adjoint(problem.A, weighted, finite=False)
    penalty_norm, smooth = 0.0, x
    if problem.damp and problem.penalty is not None:
        rough = checked_product(problem.penalty, x, "penalty")
        penalty_norm = problem.damp * norm(rough)
        smooth = checked_adjoint(problem.penalty, rough, "penalty")
    elif problem.damp:
        penalty_norm = problem.damp * norm(x)
    gradient, steepness = difference(smooth, descent, problem.damp**2)
    if not math.isfinite(square + steepness):  # products that are not, say so
        checked_product(problem.A, x)
        checked_adjoint(problem.A, weighted)
    return Certificate(
        x,
        math.sqrt(image_square),
        math.sqrt(square),
        penalty_norm,
        gradient,
        math.sqrt(steepness),
    )
