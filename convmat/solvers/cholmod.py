"""The adapter to CHOLMOD, SuiteSparse's sparse Cholesky, through scikit-sparse.

Source: Y. Chen, T. A. Davis, W. W. Hager and S. Rajamanickam, Algorithm 887: CHOLMOD,
supernodal sparse Cholesky factorization and update/downdate, ACM Trans. Math. Softw. 35
(2008), doi:10.1145/1391989.1391995.
"""

from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import TooLargeError
from convmat.optional import require
from convmat.solvers.factorization import Factor, NotPositiveDefiniteError, SolvedBy

__all__ = ["cholmod_factor"]


def cholmod_factor(gram: sparse.csr_array) -> Factor:
    """Supernodal Cholesky factor of a sparse Hermitian positive definite matrix.

    Raises
    ------
    MissingPackageError
        When scikit-sparse is not installed.
    NotPositiveDefiniteError
    TooLargeError
        When the factor does not fit in memory.
    """
    cholmod = require("sksparse.cholmod", "scikit-sparse", "cholmod")
    try:
        # Supernodal, because the simplicial way goes on past pivots that are not positive.
        factor = cholmod.cholesky(sparse.csc_matrix(gram), mode="supernodal")
    except cholmod.CholmodNotPositiveDefiniteError as error:
        raise NotPositiveDefiniteError(str(error)) from None
    except (cholmod.CholmodOutOfMemoryError, cholmod.CholmodTooLargeError) as error:
        raise TooLargeError(
            f"the sparse Cholesky factor of {gram.shape[0]} unknowns does not fit in memory "
            f"({error}); use lsmr"
        ) from None

    def solve(rhs: NDArray) -> NDArray:
        return factor.solve_A(rhs.astype(gram.dtype, copy=False))

    return SolvedBy(solve)
