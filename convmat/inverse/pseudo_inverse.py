"""Pseudo-inverses of matrices: dense ones by decomposition, and as operators by structure.

    H = U diag(s) V'        pinv(H) = V diag(1 / s) U'        over the s > rcond * max(s)

Source: G. H. Golub and C. Reinsch, Singular value decomposition and least squares solutions,
Numer. Math. 14 (1970), doi:10.1007/BF02163027.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from convmat.arrays import as_samples
from convmat.errors import ConvmatError, TooLargeError
from convmat.geometry import Geometry, parse_shape
from convmat.linear_maps import solution_dtype
from convmat.matrices.explicit import convolution_matrix
from convmat.memory import require_memory
from convmat.solvers.pinv import check_rcond
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.kronecker import KroneckerMap

__all__ = [
    "PseudoInverse",
    "checked_cutoff",
    "condition_number",
    "explicit_matrix",
    "inverse_problem",
    "pseudo_inverse",
    "require_decomposition",
]

LARGEST = 4096
"""From here on a singular value decomposition takes minutes, and grows with the cube."""

_INSTEAD = (
    'solve(LeastSquares(ConvolutionOperator(kernel, ...), y), "lsmr") applies it to one y '
    "without forming it"
)


def inverse_problem(
    kernel: Any,
    input_shape: int | Sequence[int],
    mode: str,
    boundary: str | Sequence[str],
    anchor: int | Sequence[int] | None,
) -> tuple[NDArray, Geometry]:
    """The kernel that is to be undone, in double precision, and its geometry.

    Raises
    ------
    ConvmatError
        Also for a kernel of zeros.
    """
    shape = parse_shape(input_shape, "input_shape")
    values = as_samples(kernel, "kernel", ndim=len(shape))
    if not values.any():
        raise ConvmatError(f"kernel has only zeros (shape {values.shape}); nothing undoes it")
    geometry = Geometry(shape, values.shape, mode, boundary, anchor)
    return values.astype(solution_dtype(values), copy=False), geometry


def checked_cutoff(rcond: float | None, geometry: Geometry) -> float:
    """`rcond`, or eps times the larger side."""
    if rcond is None:
        return max(geometry.matrix_shape) * float(np.finfo(np.float64).eps)
    check_rcond(rcond)
    return float(rcond)


def explicit_matrix(kernel: NDArray, geometry: Geometry, format: str = "csr") -> Any:
    """H."""
    g = geometry
    return convolution_matrix(
        kernel, g.input_shape, g.mode, g.boundary, anchor=g.anchor, format=format
    )


def require_decomposition(geometry: Geometry, itemsize: int, largest: int = LARGEST) -> None:
    """Refuse a matrix whose singular value decomposition takes too long, or does not fit.

    Raises
    ------
    TooLargeError
        Naming its size, and what to do without it.
    """
    m, n = geometry.matrix_shape
    what = f"the pseudo-inverse of a {m} x {n} matrix"
    if max(m, n) > largest:
        raise TooLargeError(
            f"{what} would have {m * n} entries ({m * n * itemsize} bytes); "
            f"without a structure that saves forming it, at most {largest} samples and as many "
            f"outputs are allowed; {_INSTEAD}"
        )
    require_memory(8 * itemsize * m * n, what, _INSTEAD)


def pseudo_inverse(matrix: NDArray, rcond: float) -> tuple[NDArray, NDArray, int]:
    """``(pinv(H), singular values, rank)`` of a dense matrix H.

    Examples
    --------
    >>> pseudo_inverse(np.array([[2.0, 0.0], [0.0, 0.0]]), 1e-15)
    (array([[0.5, 0. ],
           [0. , 0. ]]), array([2., 0.]), 1)
    """
    from scipy.linalg import svd

    left, singular, right = svd(matrix, full_matrices=False, check_finite=False)
    rank = int(np.count_nonzero(singular > rcond * singular[0]))
    scaled = right[:rank].conj().T / singular[:rank]
    return scaled @ left[:, :rank].conj().T, singular, rank


def condition_number(singular_values: NDArray, rank: int) -> float:
    """Largest over smallest singular value; infinite where the rank is not full."""
    if rank < len(singular_values):
        return float("inf")
    return float(singular_values[0] / singular_values[-1])


class PseudoInverse(LinearOperator):
    """``pinv(H)`` of an H that is diagonal between orthonormal bases, without forming it.

    Parameters
    ----------
    diagonalization : Diagonalization
        An orthogonal one of H.
    shape : tuple of int
        Of the pseudo-inverse.
    rcond : float

    Examples
    --------
    >>> from convmat.spectral.structure import diagonalize
    >>> found = diagonalize(np.array([1.0, 1.0]), Geometry(3, 2, "same", "circular"))
    >>> PseudoInverse(found, (3, 3), 1e-15) @ np.array([2.0, 2.0, 2.0])
    array([1., 1., 1.])
    """

    def __init__(
        self, diagonalization: Diagonalization, shape: tuple[int, int], rcond: float
    ) -> None:
        real = diagonalization.inverse.real
        super().__init__(dtype=np.dtype(np.float64 if real else np.complex128), shape=shape)
        self._forward = diagonalization
        self._backward = _adjoint(diagonalization)
        self._rcond = rcond

    def _matvec(self, y: NDArray) -> NDArray:
        return self._forward.pseudo_solve(np.ravel(y), self._rcond)

    def _rmatvec(self, x: NDArray) -> NDArray:
        return self._backward.pseudo_solve(np.ravel(x), self._rcond)


def _adjoint(found: Diagonalization) -> Diagonalization:
    """Of H'. A unitary transform is the adjoint of its inverse."""
    forward, inverse, values = found.forward, found.inverse, found.eigenvalues
    if isinstance(forward, KroneckerMap) and isinstance(inverse, KroneckerMap):
        forward, inverse = _transposed(inverse), _transposed(forward)
    return Diagonalization(forward, inverse, values.conj(), found.orthogonal)


def _transposed(map: KroneckerMap) -> KroneckerMap:
    return KroneckerMap(tuple(factor.conj().T for factor in map.factors))
