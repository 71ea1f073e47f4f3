"""What a kernel has that makes its matrix cheaper: separability and mirror symmetry.

A separable kernel is an outer product of one factor per axis, and its matrix a Kronecker
product. A kernel that is mirror-symmetric about its anchor along each axis is diagonal under a
cosine or sine transform, where the boundary reflects.
"""

from functools import reduce

import numpy as np
from numpy.typing import NDArray

__all__ = ["centred_half", "separable_factors"]

# Rounding of a handful of products, which is how separable kernels come about.
_TOLERANCE = 8


def separable_factors(kernel: NDArray) -> list[NDArray] | None:
    """The factors of a rank-one kernel, one per axis, or None where it is not one.

    A rank-one array is the outer product of its fibres through any entry that is not 0, which
    reproduces integer kernels exactly, as singular vectors would not. The largest entry is
    the stable choice (Bebendorf 2000, doi:10.1007/PL00005410). Rank one means to within 8 eps
    of the kernel's Frobenius norm.

    Examples
    --------
    >>> [factor.tolist() for factor in separable_factors(np.array([[1.0, 2, 1], [2, 4, 2]]))]
    [[2.0, 4.0], [0.5, 1.0, 0.5]]
    >>> separable_factors(np.array([[0.0, 1.0], [1.0, 0.0]])) is None
    True
    """
    pivot = np.unravel_index(np.argmax(np.abs(kernel)), kernel.shape)
    peak = kernel[pivot]
    if peak == 0:
        return [np.zeros(size, kernel.dtype) for size in kernel.shape]
    fibres = [
        np.moveaxis(kernel, axis, -1)[(*pivot[:axis], *pivot[axis + 1 :])]
        for axis in range(kernel.ndim)
    ]
    # Scaled by the peak, so that no square under- or overflows.
    factors = [fibre / peak for fibre in fibres]
    rest = kernel / peak
    error = np.linalg.norm(reduce(np.multiply.outer, factors) - rest)
    if error > _TOLERANCE * np.finfo(kernel.dtype).eps * np.linalg.norm(rest):
        return None
    # The first that varies has the scale: where it is alone, it is the kernel to the last digit.
    scaled = next((axis for axis, size in enumerate(kernel.shape) if size > 1), 0)
    factors[scaled] = fibres[scaled].copy()
    return factors


def centred_half(kernel: NDArray, axis: int, anchor: int) -> NDArray | None:
    """The kernel from its anchor on along an axis, or None where it is not symmetric about it.

    Symmetric means to within 8 eps of the kernel's largest entry; the two sides are averaged.
    What lies outside of the kernel is zero, so a kernel may be symmetric about an anchor that
    is not its middle, if enough of its entries are 0.

    Examples
    --------
    >>> centred_half(np.array([1.0, 2, 1]), 0, 1)
    array([2., 1.])
    >>> centred_half(np.array([1.0, 2, 1, 0]), 0, 1)
    array([2., 1., 0.])
    >>> centred_half(np.array([1.0, 2, 1]), 0, 0) is None
    True
    """
    size = kernel.shape[axis]
    if not 0 <= anchor < size:
        return None if kernel.any() else np.zeros_like(kernel)
    reach = max(anchor, size - 1 - anchor)
    shape = list(kernel.shape)
    shape[axis] = 2 * reach + 1
    centred = np.zeros(shape, kernel.dtype)
    before = (slice(None),) * axis
    centred[(*before, slice(reach - anchor, reach - anchor + size))] = kernel
    flipped = np.flip(centred, axis)
    tolerance = _TOLERANCE * np.finfo(kernel.dtype).eps * np.abs(kernel).max()
    if np.abs(centred - flipped).max() > tolerance:
        return None
    return (0.5 * (centred + flipped))[(*before, slice(reach, None))]
