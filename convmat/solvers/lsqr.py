"""LSQR: the least-squares problem on growing Krylov spaces; equivalent to CG on A'A, stabler.

Each iterate minimises the objective over ``span{B'r, (B'B)B'r, ...}``, so that the objective
never grows; the gradient norm may. From x = 0 it tends to the minimum-norm solution.

Source: C. C. Paige and M. A. Saunders, LSQR: an algorithm for sparse linear equations and
sparse least squares, ACM Trans. Math. Softw. 8 (1982), doi:10.1145/355984.355989.
"""

from collections.abc import Iterator
from math import hypot
from typing import Any

from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome
from convmat.solvers.bidiagonalization import Bidiagonalization
from convmat.solvers.iteration import MAX_ITERATIONS, TOLERANCE, Callback, Progress
from convmat.solvers.krylov import run_krylov

__all__ = ["lsqr"]


def lsqr(
    problem: LeastSquares,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by LSQR until the gradient norm is at most ``tolerance * |A'Wb|``."""
    return run_krylov(
        problem,
        lsqr_iterates,
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=start,
        callback=callback,
        progress=progress,
    )


def lsqr_iterates(process: Bidiagonalization, x: NDArray) -> Iterator[tuple[float, float]]:
    """Improve x in place; a QR factorization of the bidiagonal matrix is kept up to date."""
    steps = process.steps(x)
    alpha, beta, v = next(steps)
    direction = v.copy()
    phi_bar, rho_bar = beta, alpha
    for alpha, beta, v in steps:
        rho = hypot(rho_bar, beta)
        if rho == 0:
            return
        cosine, sine = rho_bar / rho, beta / rho
        rho_bar = -cosine * alpha
        x += (cosine * phi_bar / rho) * direction
        phi_bar *= sine
        direction *= -(sine * alpha) / rho
        direction += v
        yield phi_bar, phi_bar * alpha * abs(cosine)
