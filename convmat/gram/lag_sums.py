"""Sums of products of samples at every small lag: the part of a Gram matrix that FFTs do.

For an array e and lags d with |d_j| < k_j per axis, all pairs inside the array count:

    lag_sums[d] = sum over u of  conj(e[u]) * e[u + d]

One image goes by FFTs (`block_spectra`). Many short strips go by BLAS: padded with zeros and
flattened, a lag is one offset, and all pairs of strips are one matrix product.
"""

from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

__all__ = ["strip_lag_sums"]


def strip_lag_sums(strips: NDArray, kernel_shape: tuple[int, ...]) -> NDArray:
    """Lag sums of all pairs of equally shaped strips, by BLAS.

    Parameters
    ----------
    strips : ndarray, shape (c, n_1, n_2, ...)
    kernel_shape : tuple of int
        k, one for each axis of a strip; none where a strip is one sample.

    Returns
    -------
    ndarray, shape (c, c, 2 k_1 - 1, 2 k_2 - 1, ...)
        ``sum over u of conj(strips[i, u]) * strips[j, u + d]`` at index i, j, d + k - 1.

    Examples
    --------
    >>> strip_lag_sums(np.array([[1.0, 2.0], [0.0, 1.0]]), (2,))[0, 1]
    array([0., 2., 1.])
    """
    count, *sizes = strips.shape
    if not sizes:  # corners
        return np.multiply.outer(strips.conj(), strips)
    padded = [n + k - 1 for n, k in zip(sizes, kernel_shape, strict=True)]
    flat = np.zeros((count, *padded), dtype=strips.dtype)
    flat[(slice(None), *(slice(n) for n in sizes))] = strips
    strides = [prod(padded[axis + 1 :]) for axis in range(len(padded))]
    flat = flat.reshape(count, -1)
    conjugate = flat.conj() if flat.dtype.kind == "c" else flat
    lags = list(product(*(range(1 - k, k) for k in kernel_shape)))
    sums = np.empty((count, count, len(lags)), dtype=strips.dtype)
    for index, lag in enumerate(lags):
        offset = sum(d * stride for d, stride in zip(lag, strides, strict=True))
        if offset >= 0:
            pairs = conjugate[:, : flat.shape[1] - offset] @ flat[:, offset:].T
            sums[:, :, index] = pairs
            sums[:, :, -1 - index] = pairs.conj().T
    return sums.reshape(count, count, *(2 * k - 1 for k in kernel_shape))
