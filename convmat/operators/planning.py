"""Which way to convolve costs least, for one kernel and one shape.

``direct``      banded products (`banded_kernel`): small kernels
``separable``   one banded product per axis (`separable`): kernels that are outer products
``fft``         strips by FFT (`overlap`), the kernel's spectrum kept: all others

The costs are in nanoseconds, measured on one core at 2.6 GHz with AVX-512, OpenBLAS and
pocketfft; only their ratios matter, and those hold within a factor of about 1.5 elsewhere.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from math import log2, prod

import numpy as np
from numpy.typing import NDArray

from convmat.banded import band_size
from convmat.boundary import Boundary, Extension, extension
from convmat.matrices.extending import extend_axes, fold_axes
from convmat.operators.banded_kernel import Banded
from convmat.operators.overlap import Overlap, strip_cost
from convmat.operators.separable import SeparableConvolution
from convmat.spectral.symmetry import separable_factors

__all__ = ["Method", "Plan", "whole_cost"]

_PER_FLOP = 0.025
_PER_SUM = 0.25
_PER_SAMPLE = 0.68
_PER_CALL = 4000.0
_PER_CONVOLUTION = 12000.0
_PER_LEVEL = 0.5
_WHOLE = 1.2
_COMPLEX_PRODUCT, _COMPLEX_FFT = 4, 2


class Method(StrEnum):
    """How a convolution is computed."""

    DIRECT = "direct"
    SEPARABLE = "separable"
    FFT = "fft"


class Plan:
    """The convolution of arrays of one shape with one kernel, and its adjoint.

    Parameters
    ----------
    kernel : ndarray
    shape : tuple of int
        Of the (extended) signals; no axis shorter than the kernel's.
    method : Method, optional
        Default: the one of least cost.
    extensions : sequence of Extension, optional
        How the signals go on to that shape. Without, they have it: outputs read only what is there.

    Examples
    --------
    >>> plan = Plan(np.array([[1.0, 2.0]]), (1, 3))
    >>> plan.forward(np.array([[1.0, 10.0, 100.0]]))
    array([[ 12., 120.]])
    >>> plan.adjoint(np.array([[1.0, 0.0]]))
    array([[2., 1., 0.]])
    """

    def __init__(
        self,
        kernel: NDArray,
        shape: tuple[int, ...],
        method: Method | None = None,
        extensions: Sequence[Extension] | None = None,
    ) -> None:
        self.kernel = kernel
        self.shape = shape
        self.extensions = extensions or [extension(Boundary.ZERO, n, 0, n) for n in shape]
        self.method = self._cheapest() if method is None else method

    def forward(self, signal: NDArray) -> NDArray:
        """The outputs, of the extended shape less k - 1."""
        if self._pieces is not None:
            return self._pieces.forward(signal)
        extended = np.ascontiguousarray(extend_axes(signal, self.extensions))
        return self._banded(self.kernel, extended)

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of the signals' shape."""
        if self._pieces is not None:
            return self._pieces.adjoint(outputs)
        flipped = np.flip(self.kernel).conj()
        extended = self._banded(flipped, _surround(outputs, self.kernel.shape))
        return fold_axes(extended, self.extensions, overwrite=True)

    def _banded(self, kernel: NDArray, samples: NDArray) -> NDArray:
        return Banded(kernel, samples.shape[-2] - kernel.shape[-2] + 1)(samples)

    @cached_property
    def _pieces(self) -> Overlap | SeparableConvolution | None:
        """What extends the signal itself, as it goes."""
        if self.method is Method.FFT:
            return Overlap(self.kernel, self.shape, self.extensions)
        if self.kernel.ndim == 1:
            return SeparableConvolution([self.kernel], self.extensions)
        if self.method is Method.SEPARABLE and self._factors is not None:
            return SeparableConvolution(self._factors, self.extensions)
        return None

    @cached_property
    def _factors(self) -> list[NDArray] | None:
        return separable_factors(self.kernel)

    def _cheapest(self) -> Method:
        outputs = tuple(n - k + 1 for n, k in zip(self.shape, self.kernel.shape, strict=True))
        costs = {
            Method.DIRECT: _direct_cost(self.kernel.shape, outputs),
            Method.FFT: _PER_LEVEL * strip_cost(self.kernel.shape, self.shape),
        }
        if self.kernel.ndim > 1:
            separable = _separable_cost(self.kernel.shape, self.shape)
            # Only worth finding out where it would win.
            if separable < min(costs.values()) and self._factors is not None:
                costs[Method.SEPARABLE] = separable
        if self.kernel.dtype.kind == "c":
            costs[Method.FFT] *= _COMPLEX_FFT / _COMPLEX_PRODUCT
        return min(costs, key=costs.__getitem__)


def whole_cost(kernel: tuple[int, ...], shape: tuple[int, ...]) -> dict[Method, float]:
    """Costs for data that are known and kernels that vary, where the FFT takes no strips."""
    outputs = tuple(n - k + 1 for n, k in zip(shape, kernel, strict=True))
    samples = prod(shape)  # kernels fill little of it, so that less than two FFTs are computed
    levels = _PER_LEVEL * _WHOLE * samples * log2(samples + 1) + 4 * _PER_CONVOLUTION
    return {Method.DIRECT: _direct_cost(kernel, outputs), Method.FFT: levels}


def _surround(outputs: NDArray, kernel_shape: tuple[int, ...]) -> NDArray:
    """The outputs among k - 1 zeros on all sides."""
    shape = tuple(m + 2 * (k - 1) for m, k in zip(outputs.shape, kernel_shape, strict=True))
    middle = tuple(slice(k - 1, n - k + 1) for n, k in zip(shape, kernel_shape, strict=True))
    padded = np.zeros(shape, outputs.dtype)
    padded[middle] = outputs
    return padded


def _axis_cost(kernel: int, outputs: int) -> float:
    """Per output: the products of the band, and memory once through."""
    band = min(band_size(kernel, alone=True), outputs)
    return _PER_FLOP * 2 * (band + kernel - 1) + _PER_SAMPLE


def _separable_cost(kernel: tuple[int, ...], shape: tuple[int, ...]) -> float:
    sizes, total = list(shape), 0.0
    for axis, k in enumerate(kernel):
        sizes[axis] -= k - 1
        if k > 1:
            total += _axis_cost(k, sizes[axis]) * prod(sizes) + _PER_CONVOLUTION
    return total


def _direct_cost(kernel: tuple[int, ...], outputs: tuple[int, ...]) -> float:
    if len(kernel) == 1:
        return _axis_cost(kernel[0], outputs[0]) * outputs[0] + _PER_CONVOLUTION
    *leading, rows, columns = kernel
    height = min(band_size(rows), outputs[-2])
    each = _PER_FLOP * 2 * (height + rows - 1) + _PER_SUM
    calls = prod(outputs[:-2]) * max(1, outputs[-2] * outputs[-1] // 2**16)
    return prod(leading) * columns * (prod(outputs) * each + calls * _PER_CALL) + _PER_CONVOLUTION
