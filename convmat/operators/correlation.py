"""The `valid` convolution of known data with varying kernels, and its adjoint.

The adjoint sums, for each kernel entry, the outputs times the data that it multiplied:

    g[a] = sum over outputs o of  conj(e[o + k - 1 - a]) * y[o]

a correlation of two pictures at few lags. Small kernels go by products of blocks of rows, of
which the diagonals are summed (the transpose of `banded`); others by the spectra of blocks of
the data, which are kept and serve the Gram matrix too (`block_spectra`, `gram`).

The spectra are those of the data less their mean, which is put back where it belongs:

    (e + mu) convolved with h = e convolved with h, plus mu * sum(h)
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convmat.operators.block_spectra import BlockSpectra
from convmat.operators.planning import Method, Plan, whole_cost

__all__ = ["WindowPlan", "digits_centre"]

# A mean below this share of the root mean square costs no digits.
_SMALL_MEAN = 1e-3
# Samples by which that is judged: their squares are part of the whole sum.
_JUDGED = 2**15


class WindowPlan:
    """Convolutions of one array, less a number, with any kernel of one shape.

    Parameters
    ----------
    samples : ndarray
        C-contiguous. Not copied: do not change it while the plan is in use.
    kernel_shape : tuple of int
    method : Method, optional
        ``direct`` or ``fft``. Default: the one of least cost.
    shift : float or complex
        What is subtracted from every sample.

    Examples
    --------
    >>> plan = WindowPlan(np.array([1.0, 2.0, 3.0, 4.0]), (3,))
    >>> plan.forward(np.array([1.0, 0.0, -1.0]))
    array([2., 2.])
    >>> plan.adjoint(np.array([1.0, 0.0]))
    array([3., 2., 1.])
    """

    def __init__(
        self,
        samples: NDArray,
        kernel_shape: tuple[int, ...],
        method: Method | None = None,
        shift: Any = 0,
    ) -> None:
        self.samples = samples
        self.kernel_shape = kernel_shape
        self.shift = shift
        sizes = zip(samples.shape, kernel_shape, strict=True)
        self.output_shape = tuple(n - k + 1 for n, k in sizes)
        self.method = self._cheapest() if method is None else method

    def _cheapest(self) -> Method:
        costs = whole_cost(self.kernel_shape, self.samples.shape)
        return min(costs, key=costs.__getitem__)

    @cached_property
    def extended(self) -> NDArray:
        """The samples less `shift`."""
        return self.samples - self.shift if self.shift else self.samples

    @cached_property
    def centre(self) -> Any:
        """What spectra and moments are about: the mean, or `shift` where that costs no digits."""
        return digits_centre(self.samples, self.shift)

    @cached_property
    def spectra(self) -> BlockSpectra:
        """Of the samples less `centre`."""
        return BlockSpectra(self.samples, self.kernel_shape, self.centre)

    def forward(self, kernel: NDArray) -> NDArray:
        """The outputs, of shape ``n - k + 1``."""
        if self._splits(kernel):
            return self.forward(kernel.real) + 1j * self.forward(kernel.imag)
        if self.method is Method.DIRECT:
            return Plan(kernel, self.samples.shape, Method.DIRECT).forward(self.extended)
        outputs = self.spectra.forward(kernel)
        if self.centre != self.shift:
            outputs += (self.centre - self.shift) * kernel.sum()
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of the kernel's shape."""
        if self._splits(outputs):
            return self.adjoint(outputs.real) + 1j * self.adjoint(outputs.imag)
        if self.method is Method.DIRECT:
            lags = _direct_lags(self.extended, outputs, self.kernel_shape)
            return np.flip(lags).conj()
        sums = self.spectra.adjoint(outputs)
        if self.centre != self.shift:
            sums += np.conj(self.centre - self.shift) * outputs.sum()
        return sums

    def _splits(self, array: NDArray) -> bool:
        """Whether real data take it as two real arrays."""
        return array.dtype.kind == "c" and self.samples.dtype.kind == "f"


def digits_centre(array: NDArray, shift: Any = 0) -> Any:
    """What to subtract so that no digits are lost: the mean, or `shift` where that is as good."""
    mean = array.mean()
    some = array.ravel()[:: 1 + array.size // _JUDGED] - shift
    small = abs(mean - shift) ** 2 <= _SMALL_MEAN**2 * np.mean(np.abs(some) ** 2)
    return mean.dtype.type(shift) if small else mean


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
