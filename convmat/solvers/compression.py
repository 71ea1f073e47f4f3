"""The augmented system compressed to a triangle.

With ``[W^1/2 A; damp L] = Q R`` and ``z = Q'[W^1/2 b; 0]``, ``min |R x - z|`` is the same problem
in n equations, at the same condition number. R and z are found by blocks of rows, each stacked
beneath the triangle of those before it, so that the memory taken is that of one block, whatever
the number of equations.

Source: G. H. Golub, P. Manneback and Ph. L. Toint, A comparison between some direct and
iterative methods for certain large scale geodetic least squares problems, SIAM J. Sci. Stat.
Comput. 7 (1986); J. Demmel, L. Grigori, M. Hoemmen and J. Langou, Communication-optimal
parallel and sequential QR and LU factorizations, SIAM J. Sci. Comput. 34 (2012),
doi:10.1137/080731992.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.least_squares import LeastSquares
from convmat.linear_maps import row_blocks, to_explicit
from convmat.memory import require_memory

__all__ = ["compress"]


def compress(problem: LeastSquares) -> tuple[NDArray, NDArray]:
    """R and z of the augmented system.

    Returns
    -------
    ndarray, shape (min(m + p, n), n)
        Upper triangular (trapezoidal, where there are fewer equations than unknowns).
    ndarray, shape (min(m + p, n),)

    Examples
    --------
    >>> R, z = compress(LeastSquares([[3.0], [4.0]], [5.0, 10.0]))
    >>> bool(np.isclose(z[0] / R[0, 0], 2.2))
    True
    """
    from scipy.linalg import qr

    m, n = problem.shape
    size = problem.dtype.itemsize
    rows = max(2 * n, 2**20 // n)
    require_memory(
        size * (min(m, n) + min(m, rows)) * n * 2,
        f"a dense triangular factor of {n} unknowns",
        "use cholesky if A is sparse, or lsmr",
    )
    roots = None if problem.weights is None else np.sqrt(problem.weights)
    triangle = np.empty((0, n + 1), dtype=problem.dtype)
    for which, block in row_blocks(to_explicit(problem.A), rows):
        rhs = problem.b[which, None]
        if roots is not None:
            block, rhs = block * roots[which, None], rhs * roots[which, None]
        stacked = np.concatenate([triangle, np.concatenate([block, rhs], axis=1)])
        triangle = qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: n + 1]
    if problem.damp:
        penalty = sparse.eye_array(n, format="csr") if problem.penalty is None else problem.penalty
        for _, block in row_blocks(to_explicit(penalty, "penalty"), rows):
            lower = np.zeros((len(block), n + 1), dtype=problem.dtype)
            lower[:, :n] = problem.damp * block
            stacked = np.concatenate([triangle, lower])
            triangle = qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: n + 1]
    return triangle[:n, :n], triangle[:n, n]
