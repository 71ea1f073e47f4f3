"""Which way round a tool takes a kernel: convolution, or one of the correlations."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Orientation"]


class Orientation(StrEnum):
    """What a tool does with the kernel K that it is given, as ours.

    =============================== ===================================================
    ``convolution``                 ``h = K``
    ``correlation``                 ``h = flip(K)``
    ``correlation, conjugate``      ``h = conj(flip(K))``; the same for real kernels
    ``correlation, upside down``    ``h = K[:, ::-1]``
    =============================== ===================================================
    """

    CONVOLUTION = "convolution"
    CORRELATION = "correlation"
    CONJUGATE = "correlation, conjugate"
    UPSIDE_DOWN = "correlation, upside down"

    def turn(self, kernel: NDArray) -> NDArray:
        """Our kernel for the tool's, or the tool's for ours: each is its own inverse.

        Examples
        --------
        >>> Orientation.CORRELATION.turn(np.array([1, 2, 3]))
        array([3, 2, 1])
        """
        match self:
            case Orientation.CONVOLUTION:
                return kernel
            case Orientation.CORRELATION:
                return np.flip(kernel)
            case Orientation.CONJUGATE:
                return np.conj(np.flip(kernel))
        return np.flip(kernel, -1)
