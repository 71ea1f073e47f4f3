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

from convmat.errors import TooLargeError
from convmat.geometry import Geometry, parse_shape
from convmat.inverse.design_input import kernel_to_undo
from convmat.linear_maps import solution_dtype
from convmat.matrices.explicit import convolution_matrix
from convmat.memory import require_memory
from convmat.powers_of_two import exponent_of, require_range, times_power
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
    "require_operator",
    "singular_values_at_scale",
]

LARGEST = 3072
"""Up to here one waits for a singular value decomposition: 15 s on one core, complex 45 s.

It grows with the cube: of 2048 samples it takes 5 s, of 4096 it takes 41 s.
"""

_ARRAYS = 40
"""Of the size of the signal, that an operator and its nearest matrices take."""

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
) -> tuple[NDArray, int, Geometry]:
    """The kernel that is to be undone, in double precision, and its geometry.

    Returns
    -------
    ndarray
        The kernel over ``2^p``, its largest entry near 1; see `convmat.powers_of_two`.
    int
        The exponent p.
    Geometry

    Raises
    ------
    ConvmatError
        Also for a kernel of zeros.
    """
    shape = parse_shape(input_shape, "input_shape")
    values = kernel_to_undo(kernel, len(shape))
    geometry = Geometry(shape, values.shape, mode, boundary, anchor)
    values = values.astype(solution_dtype(values), copy=False)
    exponent = exponent_of(values)
    return times_power(values, -exponent), exponent, geometry


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


def require_operator(geometry: Geometry, itemsize: int) -> None:
    """Refuse a pseudo-inverse of which not even the eigenvalues fit.

    Raises
    ------
    TooLargeError
    """
    m, n = geometry.matrix_shape
    what = f"the pseudo-inverse of a {m} x {n} matrix, as an operator,"
    require_memory(_ARRAYS * itemsize * max(m, n), what, "give a smaller input_shape")


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


def singular_values_at_scale(values: NDArray, rank: int, exponent: int) -> NDArray:
    """Singular values of H, from those of its kernel over ``2^exponent``.

    Raises
    ------
    ConvmatError
        Where the largest, or the norm of the pseudo-inverse, is beyond floating-point numbers.
    """
    if rank:
        instead = "multiply the kernel by a power of two, and the pseudo-inverse likewise"
        require_range(float(values[0]), exponent, "the largest singular value", instead)
        require_range(
            1 / float(values[rank - 1]), -exponent, "the norm of the pseudo-inverse", instead
        )
    return times_power(values, exponent)


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
    exponent : int
        Of the power of two that it is multiplied by.

    Examples
    --------
    >>> from convmat.spectral.structure import diagonalize
    >>> found = diagonalize(np.array([1.0, 1.0]), Geometry(3, 2, "same", "circular"))
    >>> PseudoInverse(found, (3, 3), 1e-15) @ np.array([2.0, 2.0, 2.0])
    array([1., 1., 1.])
    """

    def __init__(
        self,
        diagonalization: Diagonalization,
        shape: tuple[int, int],
        rcond: float,
        exponent: int = 0,
    ) -> None:
        real = diagonalization.inverse.real
        super().__init__(dtype=np.dtype(np.float64 if real else np.complex128), shape=shape)
        self._forward = diagonalization
        self._backward = _adjoint(diagonalization)
        self._rcond = rcond
        self._exponent = exponent

    def _matvec(self, y: NDArray) -> NDArray:
        return times_power(self._forward.pseudo_solve(np.ravel(y), self._rcond), self._exponent)

    def _rmatvec(self, x: NDArray) -> NDArray:
        return times_power(self._backward.pseudo_solve(np.ravel(x), self._rcond), self._exponent)


def _adjoint(found: Diagonalization) -> Diagonalization:
    """Of H'. A unitary transform is the adjoint of its inverse."""
    forward, inverse, values = found.forward, found.inverse, found.eigenvalues
    if isinstance(forward, KroneckerMap) and isinstance(inverse, KroneckerMap):
        forward, inverse = _transposed(inverse), _transposed(forward)
    return Diagonalization(forward, inverse, values.conj(), found.orthogonal)


def _transposed(map: KroneckerMap) -> KroneckerMap:
    return KroneckerMap(tuple(factor.conj().T for factor in map.factors))
