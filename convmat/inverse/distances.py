"""How far a matrix is from a convolution, and the convolution that is nearest.

The nearest one, in Frobenius norm, is an orthogonal projection onto the span of shift matrices,

    min over g of  |P - sum over d of g[d] S_d|_F        <S_d, S_e> g[e] = <S_d, P>

For the boundary `zero` it takes the mean of every (multilevel) diagonal, which is the nearest
Toeplitz matrix; for `circular`, that of every wrapped diagonal (T. F. Chan's optimal
preconditioner). Shift matrices are Kronecker products over the axes, and so is their Gram
matrix: the projection goes axis by axis.

Source: T. F. Chan, An optimal circulant preconditioner for Toeplitz systems, SIAM J. Sci. Stat.
Comput. 9 (1988), doi:10.1137/0909051.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.errors import TooLargeError
from convmat.geometry import Geometry
from convmat.inverse.shift_matrices import (
    Shifts,
    inverse_shifts,
    shift_products,
    shift_sum,
    toeplitz_shifts,
)
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.kronecker import KroneckerMap
from convmat.spectral.symmetry import separable_factors

__all__ = [
    "NearestConvolution",
    "found_convolution",
    "nearest_convolution",
    "nearest_kronecker",
    "nearest_separable",
]


@dataclass(frozen=True, eq=False)
class NearestConvolution:
    """The convolution nearest to a matrix.

    Attributes
    ----------
    kernel : ndarray
        g, the entries for all displacements that make a difference, see `to_matrix`.
    anchor : tuple of int
        The index of displacement 0 in it.
    boundary : tuple of Boundary
        How what it is applied to is continued.
    distance : float
        ``|P - G|_F / |P|_F``.
    shifts : tuple of Shifts
        The shift matrices that the entries of `kernel` stand for, per axis.

    Examples
    --------
    >>> from convmat.inverse.inverse_matrix import inverse_matrix
    >>> found = inverse_matrix([1, 4, 1], 5, boundary="circular").convolution
    >>> found.kernel.round(3), found.anchor, found.distance < 1e-15
    (array([ 0.015, -0.076,  0.288, -0.076,  0.015]), (2,), True)
    """

    kernel: NDArray
    anchor: tuple[int, ...]
    boundary: tuple[Boundary, ...]
    distance: float
    shifts: tuple[Shifts, ...]

    def to_matrix(self) -> NDArray:
        """G itself, dense.

        In mode `same` it is ``convolution_matrix(kernel, input_shape, "same", boundary,
        anchor=anchor)``.
        """
        return shift_sum(self.kernel, self.shifts)


def nearest_convolution(matrix: NDArray, shifts: Sequence[Shifts]) -> NearestConvolution:
    """Project a dense matrix onto the span of shift matrices.

    Parameters
    ----------
    matrix : ndarray, shape (rows, columns)
        Of all axes together.
    shifts : sequence of Shifts
        Linearly independent ones, as of `inverse_shifts`, per axis.

    Examples
    --------
    >>> from convmat.inverse.shift_matrices import all_shifts
    >>> shifts = [all_shifts(Boundary.ZERO, 2, 2, 0)]
    >>> nearest_convolution(np.array([[1.0, 2.0], [3.0, 5.0]]), shifts).kernel
    array([2., 3., 3.])
    """
    scale = float(np.abs(matrix).max()) or 1.0  # no square under- or overflows
    scaled = matrix / scale
    kernel = _coordinates(scaled, shifts)
    # Once more, as the Gram matrices of some boundaries are not so well-conditioned.
    kernel = kernel + _coordinates(scaled - shift_sum(kernel, shifts), shifts)
    rest = scaled - shift_sum(kernel, shifts)
    norm = float(np.linalg.norm(scaled)) or 1.0  # of zeros, the nearest has a kernel of zeros
    return found_convolution(scale * kernel, shifts, float(np.linalg.norm(rest)) / norm)


def nearest_kronecker(factors: Sequence[NDArray], shifts: Sequence[Shifts]) -> NearestConvolution:
    """The same for a Kronecker product of one matrix per axis, without forming it.

    Its projection is the product of the factors'. Squared norms multiply, so that
    ``1 - distance^2`` is the product of the factors'.

    Examples
    --------
    >>> from convmat.inverse.shift_matrices import all_shifts
    >>> shifts = [all_shifts(Boundary.ZERO, 2, 2, 0)] * 2
    >>> factor = np.array([[1.0, 2.0], [3.0, 5.0]])
    >>> product = nearest_kronecker([factor, factor], shifts)
    >>> whole = nearest_convolution(np.kron(factor, factor), shifts)
    >>> bool(abs(product.distance - whole.distance) < 1e-15)
    True
    """
    parts = [
        nearest_convolution(factor, [axis]) for factor, axis in zip(factors, shifts, strict=True)
    ]
    with np.errstate(divide="ignore"):  # a distance of 1 has the logarithm of zero
        logarithms = sum(np.log1p(-(min(part.distance, 1.0) ** 2)) for part in parts)
    kernel = reduce(np.multiply.outer, [part.kernel for part in parts])
    return found_convolution(kernel, shifts, float(np.sqrt(-np.expm1(logarithms))))


def nearest_separable(
    reciprocals: NDArray, found: Diagonalization, geometry: Geometry
) -> tuple[NearestConvolution, NearestConvolution]:
    """The nearest Toeplitz matrix and the nearest convolution, for a separable kernel.

    Parameters
    ----------
    reciprocals : ndarray, shape (r,)
        The singular values of P, in the order of the diagonalization's.
    found : Diagonalization
        Of the convolution that P undoes, by a Kronecker product.
    geometry : Geometry
        Of that convolution.

    Raises
    ------
    TooLargeError
        Where P is no Kronecker product, because small values count as zero.
    """
    assert isinstance(found.forward, KroneckerMap)
    assert isinstance(found.inverse, KroneckerMap)
    ranks = [factor.shape[0] for factor in found.forward.factors]
    parts = separable_factors(reciprocals.reshape(ranks))
    if parts is None:
        raise TooLargeError(
            "the singular values that count as zero are not the same along each axis, so that the "
            "nearest matrices would take the whole pseudo-inverse; with rcond=0 they may not"
        )
    axes = zip(found.inverse.factors, parts, found.forward.factors, strict=True)
    factors = [(right * part) @ left for right, part, left in axes]
    return (
        nearest_kronecker(factors, toeplitz_shifts(geometry)),
        nearest_kronecker(factors, inverse_shifts(geometry)),
    )


def found_convolution(
    kernel: NDArray, shifts: Sequence[Shifts], distance: float
) -> NearestConvolution:
    """A kernel over these shifts, with the anchor and boundary that they say."""
    return NearestConvolution(
        kernel,
        tuple(-axis.first for axis in shifts),
        tuple(axis.boundary for axis in shifts),
        distance,
        tuple(shifts),
    )


def _coordinates(matrix: NDArray, shifts: Sequence[Shifts]) -> NDArray:
    kernel = shift_products(matrix, shifts)
    for a, axis in enumerate(shifts):
        kernel = np.moveaxis(axis.coordinates(np.moveaxis(kernel, a, 0)), 0, a)
    return kernel
