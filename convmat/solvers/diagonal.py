"""Least squares with a matrix that is diagonal in a known basis.

With ``A = inverse o diag(values) o forward``, and both orthogonal,

    x = inverse( conj(values) / (|values|^2 + damp^2 |l|^2) * forward(b) )

l being the values of the penalty in the same basis (1 for the identity). Undamped, values
that are rounding count as zero, which gives the solution of smallest norm. The operator brings
the transforms; nothing here knows where they come from. The penalty may be any matrix that is
diagonal in the same basis, such as differences with the same boundary.

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006, chapter 6,
doi:10.1137/1.9780898718874.
"""

import math
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.augmented import checked_adjoint, checked_product
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
    x, rank, condition, setup = _solved(problem, solver, offered_as, rcond)
    status = Status.CONVERGED
    if rank is not None and rank < problem.shape[1]:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    return Outcome(
        problem.certificate(x), status, condition=condition, rank=rank, setup_seconds=setup
    )


def _solved(
    problem: LeastSquares, solver: str, offered_as: str, rcond: float | None
) -> tuple[NDArray, int | None, float, float]:
    """x, rank, condition number, and the seconds that the decomposition took."""
    began = perf_counter()
    found = _offered(problem.A, solver, offered_as)
    damp = problem.damp / math.sqrt(_common_weight(problem, solver))
    penalty = _penalty(problem, found, offered_as) if damp else None
    setup = perf_counter() - began
    rank: int | None
    if damp:
        x = found.damped_solve(problem.b, damp, penalty)
        rank, condition = _damped_rank(found, damp, penalty, problem.shape[1])
    else:
        x = found.pseudo_solve(problem.b, rcond)
        rank, condition = _undamped_rank(found, rcond)
    return np.asarray(x, dtype=problem.dtype), rank, condition, setup


def _offered(operator: Any, solver: str, name: str) -> Any:
    if not hasattr(operator, name):
        what = "circular convolution" if solver == "fft" else "matrix with a fast transform"
        raise ConvmatError(
            f"{solver} needs A to be an operator that is a {what}, such as a "
            f"ConvolutionOperator, got {type(operator).__name__}"
        )
    return getattr(operator, name)()


def _penalty(problem: LeastSquares, found: Any, name: str) -> Any:
    """The penalty in the basis of A: as it offers it, or as its products show."""
    if problem.penalty is None or not found.orthogonal:
        return None
    if hasattr(problem.penalty, name):
        with suppress(ConvmatError):  # where there is none, there may be one of its square
            offered = getattr(problem.penalty, name)()
            if offered.forward == found.forward:
                return offered

    def gram(v: NDArray) -> NDArray:
        rough = checked_product(problem.penalty, v, "penalty")
        return checked_adjoint(problem.penalty, rough, "penalty")

    shown = found.penalty(gram)
    if shown is None:
        raise ConvmatError(
            f"the penalty, a {type(problem.penalty).__name__} of shape {problem.penalty.shape}, is "
            "not diagonal in the basis that A is: give both the same boundary, or use an iterative "
            "solver, such as lsmr"
        )
    return shown


def _common_weight(problem: LeastSquares, solver: str) -> float:
    if problem.weights is None:
        return 1.0
    first = float(problem.weights[0])
    if not np.all(problem.weights == first):
        raise ConvmatError(f"{solver} takes no weights but equal ones; use lsmr")
    return first


def _undamped_rank(found: Any, rcond: float | None) -> tuple[int | None, float]:
    """Rank and condition of A, on what counts as more than zero."""
    smallest, largest = found.extremes()
    if not found.orthogonal:  # that is a lower bound, and a value of 0 is refused
        return None, largest / smallest if smallest > 0 else math.inf
    rank = found.rank(rcond)
    return rank, largest / found.extremes(found.cutoff(rcond))[0] if rank else math.nan


def _damped_rank(found: Any, damp: float, penalty: Any, n: int) -> tuple[int, float]:
    """Rank and condition of ``[A; damp L]``, of singular values ``hypot(|values|, damp |l|)``."""
    if penalty is None:
        smallest, largest = found.extremes()
        if found.forward.size < n:  # a wide A has zeros besides
            smallest = 0.0
        return n, math.hypot(largest, damp) / math.hypot(smallest, damp)
    together = np.hypot(np.abs(found.eigenvalues), damp * np.abs(penalty.eigenvalues))
    seen = together[together > math.hypot(found.cutoff(), damp * penalty.cutoff())]
    return seen.size, float(seen.max() / seen.min()) if seen.size else math.nan
