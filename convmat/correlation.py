"""The `valid` convolution of known data with varying kernels, and its adjoint.

The adjoint sums, for each kernel entry, the outputs times the data that it multiplied:

    g[a] = sum over outputs o of  conj(e[o + k - 1 - a]) * y[o]

a correlation of two pictures at few lags. Small kernels go by products of blocks of rows, of
which the diagonals are summed (the transpose of `banded`); others by one FFT of each
picture, the data's kept, of which only the few rows needed are transformed back.
"""

from functools import cached_property

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convmat.planning import Method, Plan, whole_cost
from convmat.threads import cores

__all__ = ["WindowPlan"]


class WindowPlan:
    """Convolutions of one array with any kernel of one shape.

    Parameters
    ----------
    extended : ndarray
        C-contiguous.
    kernel_shape : tuple of int
    method : Method, optional
        ``direct`` or ``fft``. Default: the one of least cost.

    Examples
    --------
    >>> plan = WindowPlan(np.array([1.0, 2.0, 3.0, 4.0]), (3,))
    >>> plan.forward(np.array([1.0, 0.0, -1.0]))
    array([2., 2.])
    >>> plan.adjoint(np.array([1.0, 0.0]))
    array([3., 2., 1.])
    """

    def __init__(
        self, extended: NDArray, kernel_shape: tuple[int, ...], method: Method | None = None
    ) -> None:
        self.extended = extended
        self.kernel_shape = kernel_shape
        sizes = zip(extended.shape, kernel_shape, strict=True)
        self.output_shape = tuple(n - k + 1 for n, k in sizes)
        self.method = self._cheapest() if method is None else method

    def _cheapest(self) -> Method:
        costs = whole_cost(self.kernel_shape, self.extended.shape)
        return min(costs, key=costs.__getitem__)

    def forward(self, kernel: NDArray) -> NDArray:
        """The outputs, of shape ``n - k + 1``."""
        if self.method is Method.DIRECT:
            return Plan(kernel, self.extended.shape, Method.DIRECT).forward(self.extended)
        spectrum = self._transform(kernel)
        spectrum *= self._spectrum
        axes = tuple(range(kernel.ndim))
        threads = cores()
        if self._real:
            whole = scipy.fft.irfftn(
                spectrum, self._sizes, axes=axes, workers=threads, overwrite_x=True
            )
        else:
            whole = scipy.fft.ifftn(spectrum, axes=axes, workers=threads, overwrite_x=True)
        ends = zip(self.kernel_shape, self.extended.shape, strict=True)
        return whole[tuple(slice(k - 1, n) for k, n in ends)]

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of the kernel's shape."""
        if self.method is Method.DIRECT:
            lags = _direct_lags(self.extended, outputs, self.kernel_shape)
        else:
            lags = self._transform(outputs)
            np.conjugate(lags, out=lags)
            lags *= self._spectrum
            # Only lags below k are wanted: what is transformed back shrinks with every axis.
            for axis, k in enumerate(self.kernel_shape):
                if self._real and axis == len(self.kernel_shape) - 1:
                    lags = scipy.fft.irfft(lags, self._sizes[axis], axis=axis, workers=cores())
                else:
                    lags = scipy.fft.ifft(lags, axis=axis, workers=cores(), overwrite_x=True)
                lags = lags[(slice(None),) * axis + (slice(0, k),)]
        return np.flip(lags).conj()

    def _transform(self, array: NDArray) -> NDArray:
        """Forward FFT, the last axis first, so that it has few rows where `array` is small."""
        axis = array.ndim - 1
        one_axis = scipy.fft.rfft if self._real else scipy.fft.fft
        spectrum = one_axis(array, self._sizes[axis], axis=axis, workers=cores())
        for axis in reversed(range(array.ndim - 1)):
            spectrum = scipy.fft.fft(
                spectrum, self._sizes[axis], axis=axis, workers=cores(), overwrite_x=True
            )
        return spectrum

    @property
    def _real(self) -> bool:
        return self.extended.dtype.kind == "f"

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(scipy.fft.next_fast_len(n, self._real) for n in self.extended.shape)

    @cached_property
    def _spectrum(self) -> NDArray:
        return self._transform(self.extended)


_ROWS = 8
_SAMPLES = 2**15


def _direct_lags(extended: NDArray, outputs: NDArray, kernel_shape: tuple[int, ...]) -> NDArray:
    """``sum over o of e[o + s] * conj(y[o])`` for the lags ``0 <= s < k``."""
    if extended.ndim == 1:
        return np.correlate(extended, outputs, "valid")
    lags = np.zeros(kernel_shape, extended.dtype)
    *leading, rows, columns = outputs.shape
    tall, taps = min(_ROWS, rows), kernel_shape[-2]
    whole, many = rows // tall, max(1, _SAMPLES // (tall * columns))
    strips = [(i * tall, min(many, whole - i), tall) for i in range(0, whole, many)]
    if whole * tall < rows:
        strips.append((whole * tall, 1, rows - whole * tall))
    conjugate = outputs.conj()
    for index in np.ndindex(*leading):
        for first, blocks, height in strips:
            block = conjugate[index][first:]
            left = as_strided(
                block,
                (blocks, height, columns),
                (height * block.strides[0], *block.strides),
                writeable=False,
            )
            for lag in np.ndindex(*kernel_shape[:-2]):
                plane = extended[tuple(i + s for i, s in zip(index, lag, strict=True))][first:]
                below, beside = plane.strides
                for shift in range(kernel_shape[-1]):
                    right = as_strided(
                        plane[:, shift:],
                        (blocks, columns, height + taps - 1),
                        (height * below, beside, below),
                        writeable=False,
                    )
                    # Row r of the block meets the lag s at column r + s.
                    products = np.matmul(left, right).sum(axis=0)
                    step = products.strides
                    diagonals = as_strided(products, (height, taps), (step[0] + step[1], step[1]))
                    lags[(*lag, slice(None), shift)] += diagonals.sum(axis=0)
    return lags
