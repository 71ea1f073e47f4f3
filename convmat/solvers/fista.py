"""FISTA: gradient descent with momentum, restarted where the momentum points uphill.

    x_new = project(y - step * gradient(y)),   y = x_new + momentum * (x_new - x)

The error shrinks by about ``1 - 1/condition`` an iteration, where plain descent needs the
square of that. Bounds and a fixed sum cost a projection; the gradient mapping
``|x - project(x - step * gradient(x))| / step``, which is the gradient's norm where nothing
constrains, is what must vanish.

Sources: A. Beck and M. Teboulle, A fast iterative shrinkage-thresholding algorithm for linear
inverse problems, SIAM J. Imaging Sci. 2 (2009), doi:10.1137/080716542; the restart:
B. O'Donoghue and E. Candes, Adaptive restart for accelerated gradient schemes, Found. Comput.
Math. 15 (2015), doi:10.1007/s10208-013-9150-3.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.certificate import Certificate
from convmat.least_squares import LeastSquares
from convmat.linear_maps import inner, norm
from convmat.solution import Outcome
from convmat.solvers.constraints import Constraints
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

__all__ = ["fista", "fista_iterates", "gradient_mapping"]


def fista(
    problem: LeastSquares,
    *,
    lower: Any = -np.inf,
    upper: Any = np.inf,
    total: float | None = None,
    total_entries: Any = None,
    step: float | None = None,
    gram: bool | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by accelerated gradient descent, under bounds and a fixed sum if given.

    Parameters
    ----------
    lower, upper : float or array_like, shape (n,)
    total : float, optional
        What the entries chosen by `total_entries` must sum to.
    total_entries : array_like of bool, shape (n,), or of indices, optional
        Default: all.
    step : float, optional
        Step length; default one over the squared norm of the augmented matrix.
    gram : bool, optional
        Take the gradient from the Gram matrix, or from products with A; None chooses by cost.
    """
    check_options(tolerance, max_iterations, callback, progress)
    constraints = Constraints.of(problem, lower, upper, total, total_entries)
    first = constraints.project(checked_start(problem, start))
    length = 1.0

    def measure(certificate: Certificate) -> float:
        return gradient_mapping(constraints, certificate.x, certificate.gradient, length)

    began = perf_counter()
    try:
        quadratic = Quadratic(problem, gram)
        length = step_length(quadratic, step)
    except KeyboardInterrupt:
        return interrupted(problem, first, measure)
    setup = perf_counter() - began
    outcome = iterate(
        problem,
        lambda x: fista_iterates(quadratic, constraints, length, x),
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=first,
        callback=callback,
        progress=progress,
        measure=measure,
    )
    return replace(outcome, setup_seconds=setup)


def gradient_mapping(constraints: Constraints, x: NDArray, gradient: NDArray, step: float) -> float:
    """``|x - project(x - step * gradient)| / step``: zero at a minimum, and only there."""
    if not constraints:
        return norm(gradient)
    moved = x - constraints.project(x - step * gradient)
    return norm(moved) / step


def fista_iterates(
    quadratic: Quadratic, constraints: Constraints, step: float, x: NDArray
) -> Iterator[tuple[float, float]]:
    """Improve x in place. The gradient at y is extrapolated as y is: it is linear."""
    slope = quadratic(x)[1]
    y, slope_y = x.copy(), slope
    age = 1.0
    while True:
        before, slope_before = x.copy(), slope
        x[:] = constraints.project(y - step * slope_y)
        objective, slope = quadratic(x)
        yield objective, gradient_mapping(constraints, x, slope, step)
        moved = x - before
        if inner(y - x, moved).real > 0:
            age, momentum = 1.0, 0.0
        else:
            age_before, age = age, (1 + math.sqrt(1 + 4 * age * age)) / 2
            momentum = (age_before - 1) / age
        y = x + momentum * moved
        slope_y = slope + momentum * (slope - slope_before)
