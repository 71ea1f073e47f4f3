"""Triangles of dense matrices: mirrored, inverted, and multiplied out to an inverse.

The inverse of a matrix A = LL' is ``(L^-1)' L^-1``, of n^3 / 3 multiplications for L^-1 and as many
for the product.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002,
chapter 14, doi:10.1137/1.9780898718027 (triangles are inverted to full accuracy by blocks).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["inverse_of_product", "mirror_upper"]

_SMALL = 64


def inverse_of_product(lower: NDArray) -> NDArray:
    """``(LL')^-1``, Hermitian to the last bit, C-contiguous.

    Parameters
    ----------
    lower : ndarray, shape (n, n)
        L; what is above its diagonal is not read. The diagonal is not zero.

    Examples
    --------
    >>> inverse_of_product(np.array([[1.0, 0.0], [1.0, 2.0]]))
    array([[ 1.25, -0.25],
           [-0.25,  0.25]])
    """
    from scipy.linalg import get_lapack_funcs

    inverted = np.array(lower, order="F")
    _invert(inverted)
    (multiply,) = get_lapack_funcs(("lauum",), (inverted,))
    # LAPACK counts the other way: its lower triangle is the upper one of the transpose.
    inverse = multiply(inverted, lower=True, overwrite_c=True)[0].T
    mirror_upper(inverse)
    return np.conj(inverse, out=inverse) if inverse.dtype.kind == "c" else inverse


def _invert(lower: NDArray) -> None:
    """Invert a lower triangle in place, by halves: LAPACK's trtri takes twice as long."""
    from scipy.linalg import get_blas_funcs, get_lapack_funcs

    n = len(lower)
    if n <= _SMALL:
        (invert,) = get_lapack_funcs(("trtri",), (lower,))
        lower[...] = invert(lower, lower=True)[0]
        return
    head, tail = lower[: n // 2, : n // 2], lower[n // 2 :, n // 2 :]
    _invert(head)
    _invert(tail)
    (multiply,) = get_blas_funcs(("trmm",), (lower,))
    below = multiply(-1.0, tail, lower[n // 2 :, : n // 2], lower=True)
    lower[n // 2 :, : n // 2] = multiply(1.0, head, below, side=1, lower=True, overwrite_b=True)


def mirror_upper(matrix: NDArray, size: int = 32) -> None:
    """Make a square matrix Hermitian from its upper triangle, in place, by blocks of `size`."""
    for start in range(0, len(matrix), size):
        inside, beyond = slice(start, start + size), slice(start + size, None)
        above = np.triu(matrix[inside, inside], 1)
        diagonal = np.diag(matrix[inside, inside].diagonal().real)
        matrix[inside, inside] = above + above.conj().T + diagonal
        matrix[beyond, inside] = matrix[inside, beyond].T
        if matrix.dtype.kind == "c":
            np.conj(matrix[beyond, inside], out=matrix[beyond, inside])
