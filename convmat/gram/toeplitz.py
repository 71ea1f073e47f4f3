"""The Gram matrix of a full convolution with zeros beyond the edges: it is itself a convolution.

    (H'H)[i, j] = r[i - j],        r[d] = sum over a of  conj(f[a]) f[a + d]

Every product of two columns of H is whole, so that only the distance of the two matters: a block
Toeplitz matrix with Toeplitz blocks, of bandwidth k - 1 per axis, built from the kernel's
autocorrelation without a product of matrices.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.geometry import Geometry, Mode
from convmat.matrices.explicit import convolution_matrix
from convmat.operators.convolution import convolve

__all__ = ["has_toeplitz_gram", "toeplitz_gram"]


def has_toeplitz_gram(geometry: Geometry) -> bool:
    """Whether the mode is `full` and every boundary `zero`."""
    zero = all(boundary is Boundary.ZERO for boundary in geometry.boundary)
    return geometry.mode is Mode.FULL and zero


def toeplitz_gram(kernel: NDArray, input_shape: tuple[int, ...]) -> Any:
    """``H'H`` of the full convolution with a kernel, csr_array of shape (samples, samples).

    Examples
    --------
    >>> toeplitz_gram(np.array([2.0, 1.0]), (3,)).toarray()
    array([[5., 2., 0.],
           [2., 5., 2.],
           [0., 2., 5.]])
    """
    correlation = convolve(kernel, np.flip(kernel).conj(), "full")
    correlation = (correlation + np.flip(correlation).conj()) / 2  # Hermitian to the last bit
    anchor = tuple(k - 1 for k in kernel.shape)
    return convolution_matrix(correlation, input_shape, "same", "zero", anchor=anchor)
