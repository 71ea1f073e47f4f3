"""CGLS: conjugate gradients on the normal equations, without forming them.

In exact arithmetic its iterates are LSQR's. It is the shortest of the Krylov methods, and
what to read first; LSQR and LSMR keep more digits where the matrix is ill-conditioned.

Source: M. R. Hestenes and E. Stiefel, Methods of conjugate gradients for solving linear
systems, J. Res. Nat. Bur. Standards 49 (1952), doi:10.6028/jres.049.044; in this form
A. Bjorck, T. Elfving and Z. Strakos, SIAM J. Matrix Anal. Appl. 19 (1998),
doi:10.1137/S089547989631202X.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any

from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.linear_maps import inner
from convmat.solution import Outcome
from convmat.solvers.iteration import MAX_ITERATIONS, TOLERANCE, Callback, Progress, iterate

__all__ = ["cgls"]


def cgls(
    problem: LeastSquares,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by CGLS until the gradient norm is at most ``tolerance * |A'Wb|``."""
    return iterate(
        problem,
        lambda x: cgls_iterates(problem, x),
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=start,
        callback=callback,
        progress=progress,
    )


def cgls_iterates(problem: LeastSquares, x: NDArray) -> Iterator[tuple[float, float]]:
    """Improve x in place; `residual` and `gradient` follow by recurrences."""
    system = problem.system
    residual = system.rhs - system.product(x)
    gradient = system.adjoint(residual)
    direction = gradient.copy()
    square = _square(gradient)
    while square > 0:
        image = system.product(direction)
        length = _square(image)
        if length == 0:
            return
        step = square / length
        x += step * direction
        residual -= step * image
        gradient = system.adjoint(residual)
        before, square = square, _square(gradient)
        direction *= square / before
        direction += gradient
        yield sqrt(_square(residual)), sqrt(square)


def _square(vector: NDArray) -> float:
    return float(inner(vector, vector).real)
