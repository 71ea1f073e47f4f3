"""Sums of products of samples at every small lag: the part of a Gram matrix that FFTs do.

For an array e and lags d with |d_j| < k_j per axis, all pairs inside the array count:

    lag_sums[d] = sum over u of  conj(e[u]) * e[u + d]

One image goes by FFTs of blocks of rows, each correlated with itself and the k - 1 rows
below it (overlap-save). The blocks stay in the cache, their spectra add up, and only the sum
is transformed back. Many short strips go by BLAS: padded with zeros and flattened, a lag is
one offset, and all pairs of strips are one matrix product.

Sources: T. G. Stockham, High-speed convolution and correlation, AFIPS 1966,
doi:10.1145/1464182.1464209; for the sum of spectra, P. D. Welch 1967,
doi:10.1109/TAU.1967.1161901.
"""

from collections.abc import Sequence
from itertools import product
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from convmat.threads import cores

__all__ = ["image_lag_sums", "strip_lag_sums"]

# One block is too little work for more.
_WORKERS = min(cores(), 4)
# Measured: blocks of at least this many samples, and at least this many times the overlap.
_BLOCK_SAMPLES = 2**16
_BLOCK_OVERLAPS = 6


def image_lag_sums(
    image: NDArray, others: Sequence[NDArray], kernel_shape: tuple[int, ...]
) -> tuple[NDArray, list[NDArray]]:
    """Lag sums of one image, and its correlations with others, by FFTs of blocks of rows.

    Parameters
    ----------
    image : ndarray of float64 or complex128
    others : sequence of ndarray
        No larger than the image along any axis; complex only where the image is.
    kernel_shape : tuple of int
        k.

    Returns
    -------
    ndarray, shape (2 k_1 - 1, 2 k_2 - 1, ...)
        The lag sums, lag 0 in the middle.
    list of ndarray, shape (k_1, k_2, ...)
        ``sum over u of conj(image[u + a]) * other[u]`` at index a.

    Examples
    --------
    >>> sums, (cross,) = image_lag_sums(np.array([1.0, 2.0, 3.0]), [np.array([1.0, 1.0])], (2,))
    >>> sums.round(12), cross.round(12)
    (array([ 8., 14.,  8.]), array([3., 5.]))
    """
    from scipy import fft  # its import takes longer than most of what convmat does without

    is_real = image.dtype.kind == "f"
    forward, backward = (fft.rfftn, fft.irfftn) if is_real else (fft.fftn, fft.ifftn)
    padded = [
        fft.next_fast_len(n + k - 1, is_real)
        for n, k in zip(image.shape[1:], kernel_shape[1:], strict=True)
    ]
    # Along the first axis only lags from 0 on are computed; the others are their conjugates.
    overlap = kernel_shape[0] - 1
    step = max(_BLOCK_SAMPLES // prod(padded), _BLOCK_OVERLAPS * overlap + 1) - overlap
    step = ceil(image.shape[0] / ceil(image.shape[0] / max(step, 1)))
    block = np.empty((fft.next_fast_len(step + overlap, is_real), *padded), dtype=image.dtype)

    def spectrum(array: NDArray, start: int, rows: int) -> NDArray:
        part = array[start : start + rows]
        block[...] = 0
        block[tuple(slice(n) for n in part.shape)] = part
        return forward(block, workers=_WORKERS)

    sums: list[NDArray] = []
    for start in range(0, image.shape[0], step):
        longer = spectrum(image, start, step + overlap)
        for index, array in enumerate((image, *others)):
            term = spectrum(array, start, step)
            np.conj(term, out=term)
            term *= longer
            if start:
                sums[index] += term
            else:
                sums.append(term)
    options = {"s": block.shape, "axes": tuple(range(block.ndim)), "workers": _WORKERS}
    lags, *crosses = (backward(total, **options) for total in sums)
    first = tuple(slice(k) for k in kernel_shape)
    signed = (np.arange(1 - k, k) for k in kernel_shape[1:])
    half = lags[np.ix_(np.arange(kernel_shape[0]), *signed)]
    return (
        np.concatenate([np.flip(half)[:-1].conj(), half]),
        [cross[first].conj() for cross in crosses],
    )


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
