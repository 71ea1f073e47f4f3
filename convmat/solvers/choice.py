"""solver="auto": direct where that is cheap, iterative elsewhere, and a second try where needed."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from convmat.errors import ConvmatError, TooLargeError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import FULL_ENOUGH, is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.banded_qr import narrow_band
from convmat.solvers.bounded import bounded
from convmat.solvers.cholesky import DENSE_LIMIT, cholesky
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.iteration import (
    MAX_ITERATIONS,
    TOLERANCE,
    Callback,
    Progress,
    check_options,
    checked_start,
)
from convmat.solvers.lsmr import lsmr
from convmat.solvers.pcg import condition_bound, pcg
from convmat.solvers.qr import qr
from convmat.solvers.spectral import spectral

__all__ = ["auto"]

SPARSE_LIMIT = 40_000
"""Unknowns up to which a sparse factorization of a 2-D problem takes seconds."""

SPARSE_PRODUCTS = 3e8
"""Multiplications that a sparse Gram matrix may cost: some seconds."""

EPS = float(np.finfo(np.float64).eps)

DENSE_FLOPS = 2e12
"""What an orthogonal factorization may cost: a minute or so."""


def auto(
    problem: LeastSquares,
    *,
    lower: Any = None,
    upper: Any = None,
    total: float | None = None,
    total_entries: Any = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Spectral, Cholesky where the normal equations are cheap, or LSMR; `bounded` with constraints.

    PCG takes LSMR's place where the operator offers it, and proves that all is determined. Where
    Cholesky finds that more than half of the digits are lost, an orthogonal method on A itself
    takes over. What belongs to iterations is for the case that some are made.
    """
    check_options(tolerance, max_iterations, callback, progress)
    if start is not None:
        checked_start(problem, start)
    if lower is not None or upper is not None or total is not None or total_entries is not None:
        outcome = bounded(
            problem,
            lower=-math.inf if lower is None else lower,
            upper=math.inf if upper is None else upper,
            total=total,
            total_entries=total_entries,
            tolerance=tolerance,
            max_iterations=max_iterations,
            callback=callback,
            progress=progress,
        )
        return _named("bounded", outcome)

    def by_products(why: str = "") -> Outcome:
        preconditioned = (
            hasattr(problem.A, "preconditioner") and condition_bound(problem) <= ILL_CONDITIONED
        )
        outcome = (pcg if preconditioned else lsmr)(
            problem,
            tolerance=tolerance,
            max_iterations=max_iterations,
            start=start,
            callback=callback,
            progress=progress,
        )
        return _named("pcg" if preconditioned else "lsmr", outcome, why)

    exact = _by_structure(problem)
    if exact is not None:
        return exact
    if not normal_equations_are_cheap(problem):
        return by_products()
    try:
        first = _named("cholesky", cholesky(problem))
    except TooLargeError as error:
        return by_products(str(error))
    if first.status not in (Status.ILL_CONDITIONED, Status.RANK_DEFICIENT):
        return first
    why = f"cholesky ended as {first.status}"
    if orthogonal_is_affordable(problem):
        second = _named("qr", qr(problem), why)
        if np.isfinite(second.certificate.x).all():
            return first if _is_noise(second, first, problem) else second
    if first.rank is None or first.status is Status.ILL_CONDITIONED:
        return by_products(why)
    return first


def _is_noise(second: Outcome, first: Outcome, problem: LeastSquares) -> bool:
    """Whether the second x fits no better than the minimum-norm one, and is no smaller.

    So it is where a tiny damp decides on what the data leave open.
    """
    if not problem.damp or first.status is not Status.RANK_DEFICIENT or first.rank is None:
        return False
    one, other = first.certificate, second.certificate
    rounding = 100 * EPS * math.sqrt(problem.shape[0]) * float(np.linalg.norm(problem.system.rhs))
    fits = one.objective_norm <= other.objective_norm + rounding
    return fits and one.penalty_norm <= other.penalty_norm * (1 + 10 * EPS)


def _by_structure(problem: LeastSquares) -> Outcome | None:
    """The exact solution by a fast transform, or None where there is none."""
    if not hasattr(problem.A, "diagonalization"):
        return None
    try:
        return _named("spectral", spectral(problem))
    except ConvmatError:
        return None


def normal_equations_are_cheap(problem: LeastSquares) -> bool:
    """Whether forming and factoring them costs less than iterating."""
    m, n = problem.shape
    A = problem.A
    if is_operator(A) and not (hasattr(A, "normal_equations") or hasattr(A, "to_matrix")):
        return m * n <= 2**21
    if m + (problem.damp > 0) * n < n:
        return n <= DENSE_LIMIT // 4
    if sparse.issparse(A) and A.nnz < FULL_ENOUGH * m * n:
        return n <= SPARSE_LIMIT and A.nnz * (A.nnz / m) <= SPARSE_PRODUCTS
    return n <= DENSE_LIMIT


def orthogonal_is_affordable(problem: LeastSquares) -> bool:
    """Whether a triangle, of a band or dense, is a matter of a minute at most."""
    m, n = problem.shape
    if narrow_band(problem) is not None:
        return True
    if is_operator(problem.A):
        most = 2**26 if hasattr(problem.A, "to_matrix") else 2**21
        if m * n > most:
            return False
    return n <= DENSE_LIMIT and 4.0 * (m + 5 * n) * n * n <= DENSE_FLOPS


def _named(name: str, outcome: Outcome, why: str = "") -> Outcome:
    message = "; ".join(text for text in (why, outcome.message) if text)
    return replace(outcome, solver=name, message=message)
