"""solver="auto": direct where that is cheap, iterative elsewhere, and a second try where needed."""

from dataclasses import replace
from typing import Any

from scipy import sparse

from convmat.least_squares import LeastSquares
from convmat.linear_maps import FULL_ENOUGH, is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.cholesky import DENSE_LIMIT, cholesky
from convmat.solvers.lsmr import lsmr
from convmat.solvers.pinv import pinv

__all__ = ["auto"]

SPARSE_LIMIT = 40_000
"""Unknowns up to which a sparse factorization of a 2-D problem is quicker than iterating."""

DENSE_FLOPS = 2e12
"""What an orthogonal factorization may cost: a minute or so."""


def auto(problem: LeastSquares, **iteration: Any) -> Outcome:
    """Cholesky where the normal equations are cheap, or else LSMR.

    Where Cholesky finds that more than half of the digits are lost, an orthogonal method on A
    itself takes over. Options are for the case that LSMR is chosen.
    """
    if not normal_equations_are_cheap(problem):
        return _named("lsmr", lsmr(problem, **iteration))
    first = _named("cholesky", cholesky(problem))
    if first.status not in (Status.ILL_CONDITIONED, Status.RANK_DEFICIENT):
        return first
    why = f"cholesky ended as {first.status}"
    if orthogonal_is_affordable(problem):
        return _named("pinv", pinv(problem), why)
    if first.rank is None or first.status is Status.ILL_CONDITIONED:
        return _named("lsmr", lsmr(problem, **iteration), why)
    return first


def normal_equations_are_cheap(problem: LeastSquares) -> bool:
    """Whether forming and factoring them costs less than iterating."""
    m, n = problem.shape
    A = problem.A
    if is_operator(A) and not (hasattr(A, "normal_equations") or hasattr(A, "to_matrix")):
        return m * n <= 2**21
    if m + (problem.damp > 0) * n < n:
        return n <= DENSE_LIMIT // 4
    if sparse.issparse(A) and A.nnz < FULL_ENOUGH * m * n:
        return n <= SPARSE_LIMIT
    return n <= DENSE_LIMIT


def orthogonal_is_affordable(problem: LeastSquares) -> bool:
    """Whether a dense triangle by blocks of rows, and its SVD, are a matter of seconds."""
    m, n = problem.shape
    if n > DENSE_LIMIT or (is_operator(problem.A) and not hasattr(problem.A, "to_matrix")):
        return m * n <= 2**21
    return 4.0 * (m + 5 * n) * n * n <= DENSE_FLOPS


def _named(name: str, outcome: Outcome, why: str = "") -> Outcome:
    message = "; ".join(text for text in (why, outcome.message) if text)
    return replace(outcome, solver=name, message=message)
