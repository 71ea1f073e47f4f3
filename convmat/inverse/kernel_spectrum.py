"""The spectrum of a kernel and its derivatives, at any frequencies.

    F(u) = sum over a of  f[a] exp(-2 pi i (a - middle).u)        u in cycles per sample

Positions are counted from the middle of the kernel, which turns phases and leaves |F| as it is:
of a kernel symmetric about its middle, F is real.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["positions", "spectrum", "spectrum_derivatives"]

_CHUNK = 2**20


def positions(size: int) -> NDArray:
    """The places of samples along an axis, from its middle.

    Examples
    --------
    >>> positions(4)
    array([-1.5, -0.5,  0.5,  1.5])
    """
    return np.arange(size) - (size - 1) / 2


def spectrum(kernel: NDArray, frequencies: NDArray) -> NDArray[np.complex128]:
    """F, shape (points,), at `frequencies` of shape (points, axes).

    Examples
    --------
    >>> spectrum(np.array([1.0, 3.0, 1.0]), np.array([[0.0], [0.5]])).real.round(12)
    array([5., 1.])
    """
    return _derivative(kernel, frequencies, ())


def spectrum_derivatives(
    kernel: NDArray, frequencies: NDArray, *, second: bool
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """First derivatives, shape (points, axes), and second ones, (points, axes, axes), or none.

    Examples
    --------
    >>> first, second = spectrum_derivatives(np.array([1.0, 1.0]), np.array([[0.5]]), second=True)
    >>> first.real.round(6), second.real.round(6)
    (array([[-6.283185]]), array([[[-0.]]]))
    """
    axes = range(kernel.ndim)
    firsts = np.stack([_derivative(kernel, frequencies, (i,)) for i in axes], axis=1)
    seconds = np.zeros((len(frequencies), kernel.ndim, kernel.ndim if second else 0), complex)
    for i in axes if second else ():
        for j in range(i, kernel.ndim):
            seconds[:, i, j] = seconds[:, j, i] = _derivative(kernel, frequencies, (i, j))
    return firsts, seconds


def _derivative(kernel: NDArray, frequencies: NDArray, by: Sequence[int]) -> NDArray[np.complex128]:
    count = max(1, _CHUNK // kernel.size)
    values = np.empty(len(frequencies), complex)
    for start in range(0, len(values), count):
        some = frequencies[start : start + count]
        total = np.broadcast_to(kernel.ravel(), (len(some), kernel.size))
        for axis, size in enumerate(kernel.shape):
            factor = -2j * np.pi * positions(size)
            waves = factor ** by.count(axis) * np.exp(np.outer(some[:, axis], factor))
            rest = total.shape[1] // size
            total = np.einsum("pk,pkr->pr", waves, total.reshape(len(some), size, rest))
        values[start : start + count] = total[:, 0]
    return values
