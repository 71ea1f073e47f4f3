"""Bounds and a fixed sum, exactly: active sets on the normal equations.

Projected FISTA guesses which entries are at a bound, `ActiveSet` finds out, and the
solution is refined by the gradient that A itself gives. With many unknowns FISTA goes on to
the end.

Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, SIAM 1995, chapter 23,
doi:10.1137/1.9781611971217.
"""

import math
from dataclasses import replace
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.certificate import Certificate
from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import as_dense, is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.active_set import ActiveSet
from convmat.solvers.cholesky import DENSE_LIMIT
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.constraints import Constraints
from convmat.solvers.fista import fista, fista_iterates, gradient_mapping
from convmat.solvers.iteration import (
    MAX_ITERATIONS,
    TOLERANCE,
    Callback,
    Progress,
    check_options,
    interrupted,
)
from convmat.solvers.quadratic import Quadratic, step_length

__all__ = ["bounded", "nonnegative"]

GUESSES = 200
"""Iterations of projected FISTA that guess which bounds are active."""

ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
"""The share of its terms that the slope may be at a minimum."""


def nonnegative(
    problem: LeastSquares,
    *,
    upper: Any = np.inf,
    total: float | None = None,
    total_entries: Any = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve with no unknown below zero; see `bounded`."""
    return bounded(
        problem,
        lower=0.0,
        upper=upper,
        total=total,
        total_entries=total_entries,
        tolerance=tolerance,
        max_iterations=max_iterations,
        callback=callback,
        progress=progress,
    )


def bounded(
    problem: LeastSquares,
    *,
    lower: Any = -np.inf,
    upper: Any = np.inf,
    total: float | None = None,
    total_entries: Any = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve under bounds and a fixed sum.

    Parameters
    ----------
    lower, upper : float or array_like, shape (n,)
    total : float, optional
        What the entries chosen by `total_entries` must sum to.
    total_entries : array_like of bool, shape (n,), or of indices, optional
        Default: all.
    tolerance, max_iterations, callback, progress
        For FISTA, which takes over beyond 4096 unknowns.
    """
    if problem.dtype.kind == "c":
        raise ConvmatError("bounds and total are for real problems; this one is complex")
    check_options(tolerance, max_iterations, callback, progress)
    constraints = Constraints.of(problem, lower, upper, total, total_entries)

    def by_fista(start: NDArray | None = None) -> Outcome:
        outcome = fista(
            problem,
            lower=constraints.lower,
            upper=constraints.upper,
            total=constraints.total,
            total_entries=constraints.summed if constraints.total is not None else None,
            tolerance=tolerance,
            max_iterations=max_iterations,
            start=start,
            callback=callback,
            progress=progress,
        )
        return replace(outcome, message="; ".join(filter(None, ("by FISTA", outcome.message))))

    if not _is_modest(problem):
        return by_fista()
    x = constraints.project(np.zeros(problem.shape[1], dtype=problem.dtype))
    step = 1.0

    def measure(certificate: Certificate) -> float:
        return gradient_mapping(constraints, certificate.x, certificate.gradient, step)

    began = perf_counter()
    try:
        quadratic = Quadratic(problem, gram=True)
        gram = as_dense(problem.damped_gram())
        step = step_length(quadratic, None)
        setup = perf_counter() - began
        _guess(quadratic, constraints, step, x)
        method = ActiveSet(gram, constraints, x)
        found = method.pivot(quadratic.slope) or method.descend(quadratic.slope)
        if found:
            # The last word has the gradient from A itself, not from the Gram matrix.
            method.descend(problem.gradient)
    except KeyboardInterrupt:
        return interrupted(problem, constraints.project(x), measure)
    if not (found and method.is_feasible()):
        usable = bool(np.all(np.isfinite(method.x)))
        return by_fista(constraints.project(method.x) if usable else None)
    certificate = problem.certificate(method.x)
    system = method.system
    condition = system.condition()
    held = problem.shape[1] - system.size
    status = Status.CONVERGED
    if system.rank < system.size:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    optimality = measure(certificate)
    norm = 1 / math.sqrt(step)
    size = certificate.objective_norm + norm * float(np.linalg.norm(method.x))
    # Columns dependent to rounding leave what the square root of it hides in the Gram matrix.
    share = ROUNDING if status is Status.CONVERGED else math.sqrt(ROUNDING)
    if not optimality <= share * norm * size:
        outcome = by_fista(method.x)
        deficient = status is Status.RANK_DEFICIENT and outcome.status is Status.CONVERGED
        return replace(outcome, status=status) if deficient else outcome
    return Outcome(
        certificate,
        status,
        iterations=method.rounds,
        condition=condition,
        rank=system.rank + held,
        setup_seconds=setup,
        optimality=optimality,
        message=f"{held} of {problem.shape[1]} unknowns at a bound",
    )


def _guess(quadratic: Quadratic, constraints: Constraints, step: float, x: NDArray) -> None:
    """Which entries are at a bound, roughly: improve x in place."""
    if np.isfinite(constraints.lower).any() or np.isfinite(constraints.upper).any():
        for _ in islice(fista_iterates(quadratic, constraints, step, x), GUESSES):
            pass


def _is_modest(problem: LeastSquares) -> bool:
    A = problem.A
    explicit = not is_operator(A) or hasattr(A, "normal_equations") or hasattr(A, "to_matrix")
    return problem.shape[1] <= (DENSE_LIMIT if explicit else DENSE_LIMIT // 8)
