"""Bounds and a fixed sum, exactly: active sets on the normal equations.

Projected FISTA guesses which entries are at a bound, `ActiveSet` finds out, and the
solution is refined by the gradient that A itself gives. With many unknowns FISTA goes on to
the end.

Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, SIAM 1995, chapter 23,
doi:10.1137/1.9781611971217.
"""

from dataclasses import replace
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.active_set import ActiveSet
from convmat.solvers.cholesky import DENSE_LIMIT
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.constraints import Constraints
from convmat.solvers.fista import fista, fista_iterates, gradient_mapping
from convmat.solvers.iteration import MAX_ITERATIONS, TOLERANCE, Callback, Progress
from convmat.solvers.quadratic import Quadratic, step_length

__all__ = ["bounded", "nonnegative"]

GUESSES = 200
"""Iterations of projected FISTA that guess which bounds are active."""


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
    began = perf_counter()
    quadratic = Quadratic(problem, gram=True)
    gram = problem.damped_gram()
    gram = gram.toarray() if sparse.issparse(gram) else gram
    step = step_length(quadratic, None)
    setup = perf_counter() - began
    x = constraints.project(np.zeros(problem.shape[1], dtype=problem.dtype))
    if np.isfinite(constraints.lower).any() or np.isfinite(constraints.upper).any():
        for _ in islice(fista_iterates(quadratic, constraints, step, x), GUESSES):
            pass
    method = ActiveSet(gram, constraints, x)

    def slope(at: NDArray) -> NDArray:
        return quadratic(at)[1]

    if not (method.pivot(slope) or method.descend(slope)):
        return by_fista(method.x)
    # The last word has the gradient from A itself, not from the Gram matrix.
    method.descend(lambda at: problem.certificate(at).gradient)
    certificate = problem.certificate(method.x)
    system = method.system
    condition = system.condition()
    status = Status.CONVERGED
    if system.rank < system.size:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    held = problem.shape[1] - system.size
    return Outcome(
        certificate,
        status,
        iterations=method.rounds,
        condition=condition,
        setup_seconds=setup,
        optimality=gradient_mapping(constraints, method.x, certificate.gradient, step),
        message=f"{held} of {problem.shape[1]} unknowns at a bound",
    )


def _is_modest(problem: LeastSquares) -> bool:
    A = problem.A
    explicit = not is_operator(A) or hasattr(A, "normal_equations") or hasattr(A, "to_matrix")
    return problem.shape[1] <= (DENSE_LIMIT if explicit else DENSE_LIMIT // 8)
