"""Least squares with a matrix that is diagonal in a known basis.

With ``A = inverse o diag(values) o forward``, and both orthogonal,

    x = inverse( conj(values) / (|values|^2 + damp^2 |l|^2) * forward(b) )

l being the values of the penalty in the same basis (1 for the identity). Undamped, values
that are rounding count as zero, which gives the solution of smallest norm. The operator brings
the transforms; nothing here knows where they come from.

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006, chapter 6,
doi:10.1137/1.9780898718874.
"""

import math
from time import perf_counter
from typing import Any

import numpy as np

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.solution import Outcome, Status
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.pinv import check_rcond

__all__ = ["solve_diagonal"]


def solve_diagonal(
    problem: LeastSquares, solver: str, offered_as: str, rcond: float | None
) -> Outcome:
    """Solve by the decomposition that the operators return from their method `offered_as`."""
    if rcond is not None:
        check_rcond(rcond)
    n = problem.shape[1]
    began = perf_counter()
    found = _offered(problem.A, solver, offered_as, "A")
    damp = problem.damp / math.sqrt(_common_weight(problem, solver))
    if damp:
        penalty = None
        if problem.penalty is not None:
            penalty = _offered(problem.penalty, solver, offered_as, "penalty")
        setup = perf_counter() - began
        x = found.damped_solve(problem.b, damp, penalty)
        rank, condition = _damped_rank(found, damp, penalty, n)
    else:
        setup = perf_counter() - began
        x = found.pseudo_solve(problem.b, rcond)
        sizes = np.abs(found.eigenvalues)
        rank, condition = None, float(sizes.max() / sizes.min()) if sizes.min() > 0 else math.inf
        if found.orthogonal:  # else that is a lower bound, and a value of 0 is refused
            rank = found.rank(rcond)
            singular = found.singular_values()
            condition = float(singular[0] / singular[rank - 1]) if rank else math.nan
    status = Status.CONVERGED
    if rank is not None and rank < n:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    x = np.asarray(x, dtype=problem.dtype)
    return Outcome(
        problem.certificate(x), status, condition=condition, rank=rank, setup_seconds=setup
    )


def _offered(operator: Any, solver: str, name: str, argument: str) -> Any:
    if not hasattr(operator, name):
        what = "circular convolution" if solver == "fft" else "matrix with a fast transform"
        raise ConvmatError(
            f"{solver} needs {argument} to be an operator that is a {what}, such as a "
            f"ConvolutionOperator, got {type(operator).__name__}"
        )
    return getattr(operator, name)()


def _common_weight(problem: LeastSquares, solver: str) -> float:
    if problem.weights is None:
        return 1.0
    first = float(problem.weights[0])
    if not np.all(problem.weights == first):
        raise ConvmatError(f"{solver} takes no weights but equal ones; use lsmr")
    return first


def _damped_rank(found: Any, damp: float, penalty: Any, n: int) -> tuple[int, float]:
    """Rank and condition of ``[A; damp L]``, of singular values ``hypot(|values|, damp |l|)``."""
    values = np.abs(found.eigenvalues)
    if penalty is None:
        smallest = values.min() if values.size == n else 0.0  # a wide A has zeros besides
        return n, math.hypot(values.max(), damp) / math.hypot(smallest, damp)
    together = np.hypot(values, damp * np.abs(penalty.eigenvalues))
    seen = together[together > 0]
    return seen.size, float(seen.max() / seen.min()) if seen.size else math.nan
