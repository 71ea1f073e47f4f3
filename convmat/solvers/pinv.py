"""pinv: the minimum-norm solution by the singular value decomposition.

The augmented matrix is compressed to its triangle first; its singular values are those of the
triangle. Values below ``rcond`` times the largest count as zero. The most expensive way, and
the one that tells the rank.

Source: G. H. Golub and C. Reinsch, Singular value decomposition and least squares solutions,
Numer. Math. 14 (1970), doi:10.1007/BF02163027.
"""

from time import perf_counter
from typing import Any

import numpy as np

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.solution import Outcome, Status
from convmat.solvers.compression import compress
from convmat.solvers.condition import ILL_CONDITIONED

__all__ = ["check_rcond", "pinv"]


def check_rcond(rcond: Any) -> None:
    """Refuse what is no share of the largest singular value."""
    if not (isinstance(rcond, int | float | np.number) and 0 <= rcond < 1):
        raise ConvmatError(f"rcond must be a number from 0 to below 1, got {rcond!r}")


def pinv(problem: LeastSquares, *, rcond: float | None = None) -> Outcome:
    """Solve by the pseudo-inverse of the augmented matrix.

    Parameters
    ----------
    rcond : float, optional
        Singular values at most this share of the largest are taken as zero. Default:
        eps times the larger side of the matrix.
    """
    from scipy.linalg import svd

    m, n = problem.shape
    if rcond is None:
        rcond = max(m, n) * float(np.finfo(np.float64).eps)
    check_rcond(rcond)
    began = perf_counter()
    triangle, rhs = compress(problem)
    u, values, vh = svd(triangle, full_matrices=False, check_finite=False)
    rank = int(np.count_nonzero(values > rcond * values[0]))
    setup = perf_counter() - began
    u, kept, vh = u[:, :rank], values[:rank], vh[:rank]
    x = vh.conj().T @ ((u.conj().T @ rhs) / kept)
    condition = float(kept[0] / kept[-1]) if rank else float("nan")
    status = Status.CONVERGED
    if rank < n:
        status = Status.RANK_DEFICIENT
    elif condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    return Outcome(
        problem.certificate(x), status, condition=condition, rank=rank, setup_seconds=setup
    )
