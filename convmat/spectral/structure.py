"""Eigenvalues, singular values and exact solves of convolution matrices too large to factor.

In `same` mode H is diagonal under a fast transform (see `transforms`) where every axis is
`circular`, or reflects and the kernel is mirror-symmetric about its anchor along it. Separable
kernels are Kronecker products, for every mode and boundary (see `kronecker`). What can be
solved with either is told in `diagonalization`.

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, chapters 4 to 6,
doi:10.1137/1.9780898718874.
"""

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, Mode
from convmat.spectral.diagonalization import ITERATE, Diagonalization
from convmat.spectral.kronecker import KroneckerMap, kronecker_factors, outer
from convmat.spectral.symbol import symbol
from convmat.spectral.symmetry import separable_factors
from convmat.spectral.transforms import DIAGONAL, ORTHOGONAL, Transform

__all__ = ["diagonalize", "eigenvalues", "frequency_response"]

# The SVD of one axis takes a minute or so there.
_LARGEST_AXIS = 4096


def diagonalize(kernel: NDArray, geometry: Geometry) -> Diagonalization:
    """Decompose the matrix of a kernel by fast transforms, or axis by axis.

    Parameters
    ----------
    kernel : ndarray
        Of the geometry's kernel shape.
    geometry : Geometry

    Returns
    -------
    Diagonalization
        By transforms where that is possible with orthogonal ones, in O(N log N); as a Kronecker
        product of one SVD per axis where the kernel is separable, in O(n^3) per axis; and by
        transforms that are not orthogonal (`mirror`, `antireflect`) where nothing else is left.

    Raises
    ------
    ConvmatError
        Where there is no such structure.

    Examples
    --------
    >>> g = Geometry((2, 2), (1, 3), "same", "symmetric")
    >>> forward, inverse, values, orthogonal = diagonalize(np.array([[1.0, 2.0, 1.0]]), g)
    >>> values.round(12), orthogonal
    (array([4., 2., 4., 2.]), True)
    """
    found = _by_transforms(kernel, geometry)
    if found is not None and found.orthogonal:
        return found
    factors = _factors(kernel, geometry)
    if factors is not None:
        return _by_factors(factors, geometry)
    if found is not None:
        return found
    raise ConvmatError(_refusal(geometry))


def frequency_response(kernel: NDArray, geometry: Geometry) -> Diagonalization:
    """Decompose a circular convolution by the FFT: the values are the kernel's spectrum.

    Raises
    ------
    ConvmatError
        For any other mode than `same`, and any other boundary than `circular`.

    Examples
    --------
    >>> g = Geometry(4, 2, "same", "circular", anchor=0)
    >>> np.abs(frequency_response(np.array([1.0, 1.0]), g).eigenvalues).round(6)
    array([2.      , 1.414214, 0.      , 1.414214])
    """
    circular = all(boundary is Boundary.CIRCULAR for boundary in geometry.boundary)
    if geometry.mode is not Mode.SAME or not circular:
        raise ConvmatError(
            "division in the frequency domain holds for mode 'same' and boundary 'circular' only, "
            f"not for mode {geometry.mode}, boundary {', '.join(geometry.boundary)}"
        )
    found = _by_symbol(kernel, geometry, geometry.boundary)
    assert found is not None, "the FFT asks for no symmetry"
    return found


def eigenvalues(kernel: NDArray, geometry: Geometry) -> NDArray:
    """All eigenvalues of a square matrix, shape (n,), in no particular order.

    Raises
    ------
    ConvmatError
        Where the matrix is not square, or there is neither a transform nor a factor per axis.

    Examples
    --------
    >>> g = Geometry(3, 3, "same", "antireflect")
    >>> np.sort(eigenvalues(np.array([1.0, 2.0, 1.0]), g)).round(12)
    array([2., 4., 4.])
    """
    found = _by_transforms(kernel, geometry)
    if found is not None:
        return found.eigenvalues
    if geometry.output_shape != geometry.input_shape:
        raise ConvmatError(
            f"a {geometry.matrix_shape[0]} x {geometry.matrix_shape[1]} matrix has no eigenvalues; "
            "use mode 'same', or singular values"
        )
    factors = _factors(kernel, geometry)
    if factors is None:
        raise ConvmatError(_refusal(geometry))
    return outer([np.linalg.eigvals(axis) for axis in kronecker_factors(factors, geometry)])


def _factors(kernel: NDArray, geometry: Geometry) -> list[NDArray] | None:
    if max(*geometry.output_shape, *geometry.input_shape) > _LARGEST_AXIS:
        return None
    return separable_factors(kernel)


def _by_transforms(kernel: NDArray, geometry: Geometry) -> Diagonalization | None:
    if geometry.output_shape != geometry.input_shape:
        return None
    if geometry.mode is not Mode.SAME and any(geometry.anchor):
        return None
    axes = zip(
        geometry.boundary, geometry.input_shape, geometry.kernel_shape, geometry.anchor, strict=True
    )
    boundaries = tuple(_equivalent(*axis) for axis in axes)
    if not all(boundary in DIAGONAL for boundary in boundaries):
        return None
    return _by_symbol(kernel, geometry, boundaries)


def _by_symbol(
    kernel: NDArray, geometry: Geometry, boundaries: tuple[Boundary, ...]
) -> Diagonalization | None:
    shape, real = geometry.input_shape, kernel.dtype.kind == "f"
    forward = Transform(boundaries, shape, real=real)
    values = symbol(kernel, geometry.anchor, boundaries, shape, forward.halved)
    if values is None:
        return None
    inverse = Transform(boundaries, shape, inverse=True, real=real)
    orthogonal = all(boundary in ORTHOGONAL for boundary in boundaries)
    return Diagonalization(forward, inverse, values, orthogonal)


def _equivalent(boundary: Boundary, size: int, kernel_size: int, anchor: int) -> Boundary:
    """The boundary that gives the same matrix by a better transform, or the same boundary."""
    if kernel_size == 1 and anchor == 0:  # reads nothing beyond the edge
        return Boundary.SYMMETRIC
    if boundary is Boundary.MIRROR and size <= 2:  # two samples alternate, one is constant
        return Boundary.CIRCULAR
    if size == 1 and boundary in (Boundary.ANTIREFLECT, Boundary.REPLICATE, Boundary.SYMMETRIC):
        return Boundary.CIRCULAR
    return boundary


def _by_factors(factors: list[NDArray], geometry: Geometry) -> Diagonalization:
    parts = [
        np.linalg.svd(axis, full_matrices=False) for axis in kronecker_factors(factors, geometry)
    ]
    forward = KroneckerMap(tuple(left.conj().T for left, _, _ in parts))
    inverse = KroneckerMap(tuple(right.conj().T for _, _, right in parts))
    return Diagonalization(forward, inverse, outer([values for _, values, _ in parts]), True)


def _refusal(geometry: Geometry) -> str:
    names = ", ".join(geometry.boundary)
    return (
        f"no fast transform diagonalises this matrix (mode {geometry.mode}, boundary {names}): it "
        "takes mode 'same' and, per axis, boundary 'circular', or one of 'symmetric', "
        "'antisymmetric', 'mirror', 'antireflect' and a kernel mirror-symmetric about its anchor; "
        "or a kernel that is an outer product, for any mode and boundary, with axes of up to "
        f"{_LARGEST_AXIS} samples; {ITERATE}"
    )
