"""solve(problem, solver): one door to all methods, and one judge of what they bring."""

import inspect
import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import is_operator
from convmat.solution import Outcome, Solution, Status
from convmat.solvers.choice import auto
from convmat.solvers.null_space import judge_rank
from convmat.solvers.optimality import judge_gradient
from convmat.solvers.table import SOLVERS

__all__ = ["option_names", "solve"]

_CONSTRAINTS = {"lower", "upper", "total", "total_entries"}
"""Options that may determine what A does not."""


def solve(problem: LeastSquares, solver: str = "auto", **options: Any) -> Solution:
    """Solve a linear least-squares problem.

    Parameters
    ----------
    problem : LeastSquares
    solver : str
        ``"auto"``, or a name in `SOLVERS`.
    **options
        The solver's own, see its function: for iterative ones `tolerance` (on the gradient norm,
        relative to ``|A'Wb|``), `max_iterations`, `start`, ``callback(iteration, x,
        objective_norm, gradient_norm)`` and ``progress(iteration, fraction)``; under
        constraints `lower`, `upper`, `total` and `total_entries` (see `bounded`).

    Returns
    -------
    Solution
        Not converging is a status in it, not an exception.

    Raises
    ------
    ConvmatError
        For an unknown solver or option, and for a problem that the solver cannot serve.

    Examples
    --------
    >>> line = LeastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5])
    >>> solution = solve(line)
    >>> solution.x.round(12), str(solution.status), solution.solver
    (array([1., 2.]), 'converged', 'cholesky')
    """
    if not isinstance(problem, LeastSquares):
        raise ConvmatError(
            f"problem must be a LeastSquares, got {type(problem).__name__}: "
            "solve(LeastSquares(A, b))"
        )
    function = _function(solver)
    allowed = option_names(solver)
    unknown = [name for name in options if name not in allowed]
    if unknown:
        raise ConvmatError(
            f"solver={solver!r} has no option {', '.join(unknown)}; "
            f"it takes {', '.join(allowed) or 'none'}"
        )
    if is_operator(problem.A) and not hasattr(problem.A, "normal_equations"):
        # Somebody's own: not every solver has its products checked as it goes.
        problem.system.product(np.ones(problem.shape[1], dtype=problem.dtype))
    began = perf_counter()
    outcome: Outcome = function(problem, **options)
    seconds = perf_counter() - began
    row = SOLVERS[outcome.solver or solver]
    if not (row.reports_rank or outcome.rank is not None or _CONSTRAINTS & set(options)):
        outcome = judge_rank(problem, outcome)
    if not (row.iterative or row.bounds):
        outcome = judge_gradient(problem, outcome)
    certificate = outcome.certificate
    finite = math.isfinite(certificate.residual_norm) and math.isfinite(certificate.gradient_norm)
    if not finite and (outcome.status is Status.CONVERGED or np.isfinite(certificate.x).all()):
        raise ConvmatError(
            f"the solution by {outcome.solver or solver} has a residual of norm "
            f"{certificate.residual_norm} and a gradient of {certificate.gradient_norm}: the "
            "products with A are not finite numbers, or overflow"
        )
    optimality = outcome.optimality
    return Solution(
        x=certificate.x,
        solver=outcome.solver or solver,
        status=outcome.status,
        iterations=outcome.iterations,
        residual_norm=certificate.residual_norm,
        gradient_norm=certificate.gradient_norm,
        condition=outcome.condition,
        damp=problem.damp,
        setup_seconds=outcome.setup_seconds,
        solve_seconds=seconds - outcome.setup_seconds,
        history=outcome.history,
        rank=outcome.rank,
        optimality=certificate.gradient_norm if optimality is None else optimality,
        message=outcome.message,
    )


def option_names(solver: str) -> list[str]:
    """The options that `solve` takes for a solver, in order.

    Examples
    --------
    >>> option_names("pinv")
    ['rcond']
    """
    parameters = inspect.signature(_function(solver)).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _function(solver: str) -> Callable[..., Outcome]:
    if not isinstance(solver, str) or (solver != "auto" and solver not in SOLVERS):
        raise ConvmatError(f"solver must be auto, {', '.join(SOLVERS)}, got {solver!r}")
    return auto if solver == "auto" else SOLVERS[solver].function
