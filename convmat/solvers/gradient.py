"""Gradient descent: ``x <- x - step * gradient(x)`` with one step length throughout.

The error shrinks by ``1 - 1/condition^2`` an iteration, so that thousands are ordinary; what it
has not yet fitted after few iterations is what the data hardly show, which regularises.

Source: A.-L. Cauchy, Methode generale pour la resolution des systemes d'equations
simultanees, C. R. Acad. Sci. Paris 25 (1847); L. Landweber, An iteration formula for Fredholm
integral equations of the first kind, Amer. J. Math. 73 (1951), doi:10.2307/2372313.
"""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.linear_maps import norm
from convmat.solution import Outcome
from convmat.solvers.iteration import (
    MAX_ITERATIONS,
    TOLERANCE,
    Callback,
    Progress,
    check_options,
    checked_start,
    interrupted,
    iterate,
)
from convmat.solvers.quadratic import Quadratic, step_length

__all__ = ["gradient"]


def gradient(
    problem: LeastSquares,
    *,
    step: float | None = None,
    gram: bool | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by gradient descent.

    Parameters
    ----------
    step : float, optional
        Step length; it diverges from ``2 / |B|^2`` on, B the augmented matrix. Default:
        ``1 / |B|^2``, by power iteration.
    gram : bool, optional
        Take the gradient from the Gram matrix, or from products with A; None chooses by cost.
    """
    check_options(tolerance, max_iterations, callback, progress)
    first = checked_start(problem, start)
    began = perf_counter()
    try:
        quadratic = Quadratic(problem, gram)
        length = step_length(quadratic, step)
    except KeyboardInterrupt:
        return interrupted(problem, first)
    setup = perf_counter() - began

    def iterates(x: NDArray) -> Iterator[tuple[float, float]]:
        slope = quadratic(x)[1]
        while True:
            x -= length * slope
            objective, slope = quadratic(x)
            yield objective, norm(slope)

    outcome = iterate(
        problem,
        iterates,
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=first,
        callback=callback,
        progress=progress,
    )
    return replace(outcome, setup_seconds=setup)
