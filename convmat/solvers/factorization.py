"""Factors of a Hermitian positive definite Gram matrix: dense, sparse or banded.

A factor has `solve(rhs)`. Which one serves is a question of structure: LAPACK where the
matrix is small or full, CHOLMOD where it is sparse, LAPACK's banded routine where CHOLMOD is
not installed.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError, MissingPackageError
from convmat.memory import require_memory
from convmat.triangles import inverse_of_product

__all__ = ["Backend", "DenseFactor", "Factor", "NotPositiveDefiniteError", "factorize"]

SMALL = 500
"""Up to this many unknowns dense LAPACK is quickest, whatever the pattern."""

FULL_ENOUGH = 0.2
"""Share of stored entries from which dense LAPACK is quickest."""


class Backend(StrEnum):
    """What factors the Gram matrix."""

    AUTO = "auto"
    LAPACK = "lapack"
    CHOLMOD = "cholmod"
    BANDED = "banded"


class NotPositiveDefiniteError(Exception):
    """A pivot was not positive."""


class Factor(Protocol):
    """A factored Hermitian matrix."""

    def solve(self, rhs: NDArray) -> NDArray:
        """The matrix's inverse times rhs, shape (n,)."""
        ...


class SolvedBy(NamedTuple):
    """A factor that is one function."""

    solve: Callable[[NDArray], NDArray]


def factorize(gram: Any, backend: Backend = Backend.AUTO) -> tuple[Factor, Backend]:
    """Cholesky factor of `gram` (ndarray or csr_array), and what factored it.

    Raises
    ------
    NotPositiveDefiniteError
    MissingPackageError
        When CHOLMOD is asked for by name and is not installed.
    """
    if backend is Backend.AUTO:
        n = gram.shape[0]
        if not sparse.issparse(gram) or n <= SMALL or gram.nnz > FULL_ENOUGH * n * n:
            backend = Backend.LAPACK
        else:
            try:
                return factorize(gram, Backend.CHOLMOD)
            except MissingPackageError:
                backend = Backend.BANDED
    if backend is Backend.LAPACK:
        return DenseFactor(gram.toarray() if sparse.issparse(gram) else gram), backend
    if not sparse.issparse(gram):
        raise ConvmatError(f"backend={str(backend)!r} needs a sparse A; this one is dense: lapack")
    if backend is Backend.CHOLMOD:
        from convmat.solvers.cholmod import cholmod_factor

        return cholmod_factor(gram), backend
    return banded_factor(gram), backend


class DenseFactor:
    """LAPACK's potrf: the lower triangle of LL'; what is above it means nothing.

    Raises
    ------
    NotPositiveDefiniteError
    """

    def __init__(self, gram: NDArray) -> None:
        from scipy.linalg import cho_factor

        # A symmetric matrix is its transpose, which LAPACK takes without reordering.
        matrix = gram.T if gram.dtype.kind == "f" else gram
        try:
            self.lower, _ = cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError as error:
            raise NotPositiveDefiniteError(str(error)) from None

    def solve(self, rhs: NDArray) -> NDArray:
        """The matrix's inverse times rhs, shape (n,)."""
        from scipy.linalg import cho_solve

        return cho_solve((self.lower, True), rhs, check_finite=False)

    def inverse(self) -> NDArray:
        """The matrix's inverse, shape (n, n)."""
        return inverse_of_product(self.lower)


def banded_factor(gram: sparse.csr_array) -> Factor:
    """LAPACK's pbtrf, in the natural or the reverse Cuthill-McKee order, whichever is narrower."""
    from scipy.linalg import cho_solve_banded, cholesky_banded
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = gram.shape[0]
    order = np.arange(n)
    width = _half_bandwidth(gram, order)
    reordered = reverse_cuthill_mckee(sparse.csr_array(gram), symmetric_mode=True)
    position = np.empty(n, dtype=np.intp)
    position[reordered] = np.arange(n)
    if _half_bandwidth(gram, position) < width:
        order, width = reordered, _half_bandwidth(gram, position)
    else:
        position = np.arange(n)
    require_memory(
        2 * gram.dtype.itemsize * n * (width + 1),
        f"the banded Cholesky factor ({width} diagonals)",
        "install convmat[cholmod] or use lsmr",
    )
    entries = gram.tocoo()
    rows, columns = position[entries.row], position[entries.col]
    lower = rows >= columns
    band = np.zeros((width + 1, n), dtype=gram.dtype)
    band[(rows - columns)[lower], columns[lower]] = entries.data[lower]
    try:
        factor = cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise NotPositiveDefiniteError(str(error)) from None

    def solve(rhs: NDArray) -> NDArray:
        return cho_solve_banded((factor, True), rhs[order], check_finite=False)[position]

    return SolvedBy(solve)


def _half_bandwidth(gram: sparse.csr_array, position: NDArray) -> int:
    entries = gram.tocoo()
    if entries.nnz == 0:
        return 0
    return int(np.abs(position[entries.row] - position[entries.col]).max())
