"""Separable kernels: the matrix is a Kronecker product of small ones, one per axis.

    H = H0 (x) H1 (x) ...      H vec(x) = vec(H0 x H1')  in two dimensions

so its eigenvalues, singular values and singular vectors are products of the factors', for
every mode, boundary and anchor: the boundary condition, too, acts axis by axis.

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, section 4.4,
doi:10.1137/1.9780898718874.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np
from numpy.typing import NDArray

from convmat.geometry import Geometry
from convmat.matrices.explicit import convolution_matrix
from convmat.memory import require_memory

__all__ = ["KroneckerMap", "kronecker_factors", "outer"]


@dataclass(frozen=True, eq=False)
class KroneckerMap:
    """``vec(x) -> (F0 (x) F1 (x) ...) vec(x)``, without forming the product.

    Examples
    --------
    >>> swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> KroneckerMap((np.eye(2), swap))(np.array([1.0, 2.0, 3.0, 4.0]))
    array([2., 1., 4., 3.])
    """

    factors: tuple[NDArray, ...]

    @property
    def real(self) -> bool:
        """Whether all factors are."""
        return all(np.isrealobj(factor) for factor in self.factors)

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return prod(self.kept_shape)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """Shape of the coefficients."""
        return tuple(factor.shape[0] for factor in self.factors)

    def kept(self, values: NDArray) -> NDArray:
        """One value for each coefficient, raveled, in their shape."""
        return values.reshape(self.kept_shape)

    def whole(self, kept: NDArray) -> NDArray:
        """The inverse of `kept`."""
        return kept.ravel()

    def __call__(self, vector: NDArray) -> NDArray:
        """Apply to a raveled array."""
        array = np.reshape(vector, tuple(factor.shape[1] for factor in self.factors))
        for factor in self.factors:  # the first axis goes to the end, d times
            array = np.tensordot(array, factor, axes=(0, 1))
        return array.ravel()


def kronecker_factors(factors: Sequence[NDArray], geometry: Geometry) -> list[NDArray]:
    """The dense matrix of each axis, for the factors of a separable kernel."""
    axes = list(zip(factors, geometry.input_shape, geometry.boundary, geometry.anchor, strict=True))
    sizes = zip(geometry.output_shape, geometry.input_shape, strict=True)
    needed = sum(4 * 16 * m * n for m, n in sizes)
    require_memory(
        needed, "the decomposition of each axis", "use an iterative solver, such as lsmr"
    )
    return [
        convolution_matrix(h, n, geometry.mode, boundary, anchor=c, format="dense")
        for h, n, boundary, c in axes
    ]


def outer(values: Sequence[NDArray]) -> NDArray:
    """All products of one number per axis, raveled."""
    return reduce(np.multiply.outer, values).ravel()
