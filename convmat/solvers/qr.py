"""QR: the augmented matrix factored by Householder reflections, columns pivoted.

Works at the condition number of A itself, not its square. A is compressed to its triangle by
blocks of rows; pivoting then brings small diagonal entries to the end, and where they are
small enough to be rounding the rank is deficient and a second factorization, of the rows kept,
gives the minimum-norm solution (complete orthogonal decomposition).

A narrow band is factored as one instead, without pivoting, unless it is singular to rounding
(see `convmat.solvers.banded_qr`).

Source: P. Businger and G. H. Golub, Linear least squares solutions by Householder
transformations, Numer. Math. 7 (1965), doi:10.1007/BF01436084.
"""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome, Status
from convmat.solvers.banded_qr import narrow_band
from convmat.solvers.cholesky import DENSE_LIMIT
from convmat.solvers.compression import compress
from convmat.solvers.condition import ILL_CONDITIONED, largest_eigenvalue

__all__ = ["qr"]


def qr(problem: LeastSquares) -> Outcome:
    """Solve by pivoted QR; minimum norm where the rank is deficient.

    A band of more than 4096 unknowns that is singular to rounding gives an x of NaN, and says so.
    """
    import scipy.linalg

    n = problem.shape[1]
    began = perf_counter()
    banded = _by_band(problem, began)
    if banded is not None:
        return banded
    triangle, rhs = compress(problem)
    q, r, order = scipy.linalg.qr(triangle, mode="economic", pivoting=True, check_finite=False)
    sizes = np.abs(np.diagonal(r))
    rounding = max(problem.shape) * float(np.finfo(np.float64).eps)
    rank = int(np.count_nonzero(sizes > rounding * sizes[0]))
    kept = r[:rank]
    # kept = t.T.conj() @ s.T.conj(): triangular t, and s spans the row space.
    s, t = scipy.linalg.qr(kept.conj().T, mode="economic", check_finite=False)
    setup = perf_counter() - began

    def solve(z: NDArray) -> NDArray:
        return scipy.linalg.solve_triangular(t, z, trans="C", check_finite=False)

    def solve_adjoint(z: NDArray) -> NDArray:
        return scipy.linalg.solve_triangular(t, z, check_finite=False)

    x = np.zeros(n, dtype=problem.dtype)
    condition = float("nan")
    if rank:
        x[order] = s @ solve(q[:, :rank].conj().T @ rhs)
        largest = largest_eigenvalue(lambda v: t.conj().T @ (t @ v), rank, t.dtype)
        inverse = largest_eigenvalue(lambda v: solve_adjoint(solve(v)), rank, t.dtype)
        condition = float(np.sqrt(largest * inverse))
    status = Status.CONVERGED
    if rank < n:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    return Outcome(
        problem.certificate(x), status, condition=condition, rank=rank, setup_seconds=setup
    )


def _by_band(problem: LeastSquares, began: float) -> Outcome | None:
    """None where there is no narrow band, or one that needs pivoting and is small enough for it."""
    band = narrow_band(problem)
    if band is None:
        return None
    n = problem.shape[1]
    triangle, rhs, _ = band.triangularized(problem.system.rhs[:, None])
    condition = triangle.condition()
    setup = perf_counter() - began
    if triangle.is_regular(condition):
        ill = condition > ILL_CONDITIONED
        return Outcome(
            problem.certificate(triangle.solve(rhs[:, 0])),
            Status.ILL_CONDITIONED if ill else Status.CONVERGED,
            condition=condition,
            rank=n,
            setup_seconds=setup,
            message=f"factored as a band of {band.width} diagonals",
        )
    if n <= DENSE_LIMIT:
        return None
    return Outcome(
        problem.certificate(np.full(n, np.nan, dtype=problem.dtype)),
        Status.RANK_DEFICIENT,
        setup_seconds=setup,
        message="the band is singular to rounding; lsmr gives a minimum-norm solution",
    )
