"""spectral: the exact solution where a fast transform diagonalises the matrix."""

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome
from convmat.solvers.diagonal import solve_diagonal

__all__ = ["spectral"]


def spectral(problem: LeastSquares, *, rcond: float | None = None) -> Outcome:
    """Solve by the fast transform that the operator offers as ``diagonalization()``.

    Parameters
    ----------
    rcond : float, optional
        Undamped: singular values at most this share of the largest count as zero. Default: eps
        times their number.
    """
    return solve_diagonal(problem, "spectral", "diagonalization", rcond)
