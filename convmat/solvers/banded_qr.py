"""QR of a matrix with a narrow band: a few columns at a time, and nothing outside of the band.

Rows are sorted by their first column. Those that begin in the next few columns are stacked beneath
what the columns before have left over, and triangularised by Householder reflections: the top of
the triangle is final, the middle goes on to the next columns, and what is below has become zero,
except on the right-hand sides, where it is their residual. With w diagonals that costs O(n w^2)
in place of O(n^3), at the condition number of the matrix itself. Columns are not pivoted, so that
a matrix which is singular to rounding is none for this.

Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, SIAM 1995, chapter 27,
doi:10.1137/1.9781611971217 (sequential processing of banded matrices).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.least_squares import LeastSquares
from convmat.linear_maps import to_explicit
from convmat.memory import require_memory
from convmat.solvers.condition import largest_eigenvalue
from convmat.solvers.gram_rank import rounding

__all__ = ["BandedTriangle", "NarrowBand", "narrow_band"]

_SMALL = 256
"""Unknowns up to which a dense factorization takes milliseconds."""

_NARROW = 8
"""How often the band has to go into the columns."""

_STEP = 32
"""Columns at a time, at least."""

_WORK = 1e10
"""Columns times the square of the width, up to which it takes some ten seconds."""


@dataclass(frozen=True, eq=False)
class NarrowBand:
    """A sparse matrix whose rows are short, sorted by where they begin.

    Attributes
    ----------
    rows : csr_array, shape (m, n)
    order : ndarray of int, shape (m,)
        Which row of the given matrix each one is.
    first : ndarray of int, shape (m,)
        Its first column; n where it is empty.
    width : int
        Columns from the first to the last entry, of the longest row.
    """

    rows: sparse.csr_array
    order: NDArray
    first: NDArray
    width: int

    def triangularized(self, rhs: NDArray) -> tuple["BandedTriangle", NDArray, NDArray]:
        """R, and right-hand sides of shape (m, q) in its coordinates and out of its range.

        Returns
        -------
        BandedTriangle
        ndarray, shape (n, q)
            Q'rhs.
        ndarray of float64, shape (q,)
            Squares of the norms of what is orthogonal to the range of Q.
        """
        from scipy.linalg import qr

        n, w = self.rows.shape[1], self.width
        rhs = rhs[self.order]
        dtype = np.result_type(self.rows.dtype, rhs.dtype)
        step = max(w, _STEP)
        band = np.zeros((w, n), dtype)
        projected = np.zeros((n, rhs.shape[1]), dtype)
        edges = [*range(0, n, step), n]
        starts = np.searchsorted(self.first, edges)
        left = np.square(np.abs(rhs[starts[-1] :])).sum(axis=0)
        carried, carried_rhs = np.zeros((0, 0), dtype), rhs[:0]
        for begin, end, low, high in zip(edges, edges[1:], starts, starts[1:], strict=False):
            stop = min(end + w - 1, n)
            wide, final, held = stop - begin, end - begin, len(carried)
            stacked = np.zeros((held + high - low, wide + rhs.shape[1]), dtype, order="F")
            stacked[:held, : carried.shape[1]] = carried
            stacked[:held, wide:] = carried_rhs
            stacked[held:, :wide] = self.rows[low:high, begin:stop].toarray()
            stacked[held:, wide:] = rhs[low:high]
            done = qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0]
            top = done[:final]
            for d in range(min(w, wide)):
                diagonal = np.diagonal(top[:, :wide], d)
                band[w - 1 - d, begin + d : begin + d + len(diagonal)] = diagonal
            projected[begin : begin + len(top)] = top[:, wide:]
            carried, carried_rhs = done[final:wide, final:wide], done[final:wide, wide:]
            left += np.square(np.abs(done[wide:, wide:])).sum(axis=0)
        return BandedTriangle(band, self.rows), projected, left


@dataclass(frozen=True, eq=False)
class BandedTriangle:
    """R of a banded matrix B = QR, and what it says of B.

    Attributes
    ----------
    band : ndarray, shape (w, n)
        LAPACK's storage of upper triangles: R[i, j] is ``band[w - 1 + i - j, j]``.
    rows : csr_array
        B, its rows in some order.
    """

    band: NDArray
    rows: sparse.csr_array

    def solve(self, z: NDArray, *, adjoint: bool = False) -> NDArray:
        """``R^-1 z``, or ``R'^-1 z``, for z of shape (n,)."""
        from scipy.linalg import get_blas_funcs

        (solve,) = get_blas_funcs(("tbsv",), (self.band, z))
        return solve(len(self.band) - 1, self.band, z, trans=2 if adjoint else 0)

    def condition(self) -> float:
        """Estimate of the condition number of B; infinite where R has a zero on its diagonal."""
        if not self.band[-1].all():
            return float("inf")
        n, B = self.rows.shape[1], self.rows
        largest = largest_eigenvalue(lambda v: B.conj().T @ (B @ v), n, B.dtype)
        inverse = largest_eigenvalue(
            lambda v: self.solve(self.solve(v, adjoint=True)), n, self.band.dtype
        )
        return float(np.sqrt(largest * inverse))

    def is_regular(self, condition: float) -> bool:
        """Whether all unknowns are determined, beyond rounding."""
        return condition * rounding(self.rows.shape[1]) < 1


def narrow_band(problem: LeastSquares) -> NarrowBand | None:
    """The augmented matrix as a band, or None where that has no narrow one.

    Examples
    --------
    >>> A = sparse.diags_array([1.0, 2.0], offsets=[0, -1], shape=(1001, 1000))
    >>> narrow_band(LeastSquares(A, np.ones(1001))).width
    2
    """
    m, n = problem.shape
    offers = sparse.issparse(problem.A) or hasattr(problem.A, "to_matrix")
    if not offers or not n <= m <= 4 * n or n <= _SMALL:
        return None
    matrix: Any = replace(problem, A=to_explicit(problem.A)).augmented()[0]
    if not sparse.issparse(matrix):
        return None
    rows = sparse.csr_array(matrix, copy=True)
    rows.eliminate_zeros()
    rows.sort_indices()
    full = np.flatnonzero(np.diff(rows.indptr))
    first = np.full(rows.shape[0], n)
    first[full] = rows.indices[rows.indptr[full]]
    width = int((rows.indices[rows.indptr[full + 1] - 1] - first[full]).max(initial=0)) + 1
    if _NARROW * width > n or n * width**2 > _WORK:
        return None
    require_memory(
        2 * rows.dtype.itemsize * n * width, f"a triangle of {width} diagonals", "use lsmr"
    )
    order = np.argsort(first, kind="stable")
    return NarrowBand(sparse.csr_array(rows[order]), order, first[order], width)
