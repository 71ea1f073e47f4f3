"""The unconstrained inverse of a convolution: the pseudo-inverse of its matrix.

    P = pinv(H):    H P H = H,    P H P = P,    (H P)' = H P,    (P H)' = P H

P takes y to the x with the smallest |Hx - y|, and among several to the one with the smallest |x|.
Unlike an inverse filter it need not treat all pixels alike; how far it is from doing so is told by
its distances from the nearest Toeplitz matrix and from the nearest convolution.

Source: R. Penrose, A generalized inverse for matrices, Math. Proc. Cambridge Phil. Soc. 51
(1955), doi:10.1017/S0305004100030401.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from convmat.boundary import boundary_text
from convmat.errors import ConvmatError, TooLargeError
from convmat.geometry import Geometry
from convmat.inverse.distances import NearestConvolution, nearest_convolution, nearest_separable
from convmat.inverse.pseudo_inverse import (
    PseudoInverse,
    checked_cutoff,
    condition_number,
    explicit_matrix,
    inverse_problem,
    pseudo_inverse,
    require_decomposition,
    require_operator,
    singular_values_at_scale,
)
from convmat.inverse.shift_matrices import inverse_shifts, toeplitz_shifts
from convmat.inverse.transform_distances import nearest_by_transform
from convmat.powers_of_two import times_power
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.kronecker import KroneckerMap
from convmat.spectral.structure import diagonalize

__all__ = ["InverseMatrix", "inverse_matrix"]

_SMALL = 1024
"""Up to so many samples and outputs the decomposition takes a second or so."""


@dataclass(frozen=True, eq=False)
class InverseMatrix:
    """A pseudo-inverse, and how far it is from an inverse filter.

    Attributes
    ----------
    geometry : Geometry
        Of the convolution that it undoes.
    matrix : ndarray, shape (samples, outputs), or None
        P; None where H is large, and there is the operator only.
    operator : LinearOperator, shape (samples, outputs)
        Applies P, and its adjoint, to raveled arrays.
    rank : int
        Of H: how many singular values count.
    singular_values : ndarray, shape (min(samples, outputs),)
        Of H, largest first; those of P are the reciprocals of the first `rank`.
    toeplitz : NearestConvolution or None
        The nearest multilevel Toeplitz matrix, which is constant along each diagonal: the filter
        that takes zeros for what is beyond the edges.
    convolution : NearestConvolution or None
        The nearest convolution with H's own boundary.
    method : str
        "svd"; for a large matrix, "transforms" or "kronecker".
    note : str
        Why there is no nearest one, where there is none.

    Examples
    --------
    >>> print(inverse_matrix([1, 4, 1], 3))
    pseudo-inverse of a 3 x 3 matrix (mode same, boundary zero), by svd
    rank 3, condition 2.09
    0.0294 from the nearest Toeplitz matrix, 0.0294 from the nearest convolution
    """

    geometry: Geometry
    matrix: NDArray | None
    operator: LinearOperator
    rank: int
    singular_values: NDArray
    toeplitz: NearestConvolution | None
    convolution: NearestConvolution | None
    method: str
    note: str = ""

    @property
    def toeplitz_distance(self) -> float:
        """``|P - T|_F / |P|_F`` for the nearest multilevel Toeplitz matrix; NaN if not known."""
        return float("nan") if self.toeplitz is None else self.toeplitz.distance

    @property
    def convolution_distance(self) -> float:
        """``|P - G|_F / |P|_F`` for the nearest convolution with H's boundary; NaN if not known."""
        return float("nan") if self.convolution is None else self.convolution.distance

    @property
    def condition(self) -> float:
        """Largest over smallest singular value of H; infinite where the rank is not full."""
        return condition_number(self.singular_values, self.rank)

    def __str__(self) -> str:
        m, n = self.geometry.matrix_shape
        boundary = boundary_text(self.geometry.boundary)
        lines = [
            f"pseudo-inverse of a {m} x {n} matrix (mode {self.geometry.mode}, "
            f"boundary {boundary}), by {self.method}",
            f"rank {self.rank}, condition {self.condition:.3g}",
            f"{self.toeplitz_distance:.3g} from the nearest Toeplitz matrix, "
            f"{self.convolution_distance:.3g} from the nearest convolution",
        ]
        return "\n".join([*lines, self.note] if self.note else lines)


def inverse_matrix(
    kernel: Any,
    input_shape: int | Sequence[int],
    mode: str = "same",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
    rcond: float | None = None,
) -> InverseMatrix:
    """Find the pseudo-inverse of H, the matrix that convolves with `kernel`.

    Parameters
    ----------
    kernel : array_like
    input_shape : int or tuple of int
        Of the signal that was convolved.
    mode, boundary, anchor
        As for `convmat.convolution_matrix`.
    rcond : float, optional
        Singular values up to this share of the largest count as zero. Default: eps times the
        larger side of H.

    Returns
    -------
    InverseMatrix
        Of up to 1024 samples and as many outputs, dense, by the singular value decomposition of
        H. Beyond, an operator where an orthogonal transform diagonalises H (`circular`; and
        `symmetric` and `antisymmetric` with a mirror-symmetric kernel), in O(N log N), or where
        the kernel is separable, for every mode and boundary, by a decomposition per axis. Without
        such structure, still dense up to 3072.

    Raises
    ------
    ConvmatError
        For input that is not a kernel or a geometry, a kernel of zeros, and one so small or
        large that floating-point numbers do not hold the pseudo-inverse.
    TooLargeError
        For a larger matrix without structure, or one that does not fit in memory.

    Notes
    -----
    The nearest convolution is one of H's outputs, each at its own position, continued by H's own
    boundary, to the signal's samples: to a smaller grid in mode `full`, to a larger one in mode
    `valid`. All displacements take part that make a difference, see
    `convmat.inverse.shift_matrices.all_shifts`.

    References
    ----------
    Penrose (1955), doi:10.1017/S0305004100030401.

    Examples
    --------
    >>> found = inverse_matrix([1, 4, 1], 3)
    >>> found.matrix.round(3)
    array([[ 0.268, -0.071,  0.018],
           [-0.071,  0.286, -0.071],
           [ 0.018, -0.071,  0.268]])
    >>> found.toeplitz.kernel.round(3)
    array([ 0.018, -0.071,  0.274, -0.071,  0.018])
    >>> inverse_matrix([1, 4, 1], 3, boundary="circular").convolution_distance < 1e-15
    True
    """
    values, exponent, geometry = inverse_problem(kernel, input_shape, mode, boundary, anchor)
    cutoff = checked_cutoff(rcond, geometry)
    if max(geometry.matrix_shape) > _SMALL:
        structure = _structure(values, geometry)
        if structure is not None:
            return _by_structure(structure, geometry, cutoff, exponent)
    return _by_decomposition(values, geometry, cutoff, exponent)


def _by_decomposition(
    kernel: NDArray, geometry: Geometry, rcond: float, exponent: int
) -> InverseMatrix:
    require_decomposition(geometry, kernel.itemsize)
    matrix, singular, rank = pseudo_inverse(explicit_matrix(kernel, geometry, "dense"), rcond)
    values = singular_values_at_scale(singular, rank, exponent)
    nearest = _noted(
        lambda: (
            nearest_convolution(matrix, toeplitz_shifts(geometry)),
            nearest_convolution(matrix, inverse_shifts(geometry)),
        ),
        exponent,
    )
    matrix = times_power(matrix, -exponent)
    return InverseMatrix(
        geometry, matrix, aslinearoperator(matrix), rank, values, *nearest[:2], "svd", nearest[2]
    )


def _structure(kernel: NDArray, geometry: Geometry) -> Diagonalization | None:
    """An orthogonal diagonalization of H, where it has one."""
    require_operator(geometry, kernel.itemsize)
    try:
        found = diagonalize(kernel, geometry)
    except TooLargeError:
        raise
    except ConvmatError:
        return None
    return found if found.orthogonal else None


def _by_structure(
    found: Diagonalization, geometry: Geometry, rcond: float, exponent: int
) -> InverseMatrix:
    values = found.eigenvalues
    used = np.abs(values) > rcond * np.abs(values).max()
    rank = int(np.count_nonzero(used))
    singular = singular_values_at_scale(found.singular_values(), rank, exponent)
    reciprocals = np.zeros_like(values)
    np.divide(1, values, out=reciprocals, where=used)
    separable = isinstance(found.forward, KroneckerMap)
    nearest = nearest_separable if separable else nearest_by_transform
    toeplitz, convolution, note = _noted(lambda: nearest(reciprocals, found, geometry), exponent)
    return InverseMatrix(
        geometry,
        None,
        PseudoInverse(found, geometry.matrix_shape[::-1], rcond, -exponent),
        rank,
        singular,
        toeplitz,
        convolution,
        "kronecker" if separable else "transforms",
        note,
    )


def _noted(
    find: Callable[[], tuple[NearestConvolution, NearestConvolution]], exponent: int
) -> tuple[NearestConvolution | None, NearestConvolution | None, str]:
    """The nearest matrices, of a kernel times ``2^exponent``, or why there are none."""
    try:
        one, other = (
            replace(nearest, kernel=times_power(nearest.kernel, -exponent)) for nearest in find()
        )
    except TooLargeError as error:
        return None, None, str(error)
    return one, other, ""
