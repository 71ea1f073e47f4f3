"""Convolution by FFTs of strips (overlap-save), the kernel's spectrum kept between calls.

A strip of P rows is transformed, multiplied by the kernel's spectrum and transformed back;
its first k - 1 rows are wrapped around and dropped, so strips overlap by that much. Strips
that fit the cache are faster than one large FFT, take less memory, and go to all cores.
The adjoint multiplies by the conjugate spectrum, and drops the rows at the other end.

Oppenheim and Schafer (2010), Discrete-Time Signal Processing, section 8.7.3.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from math import ceil, log2, prod

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.threads import run

__all__ = ["Overlap", "strip_cost"]

# Samples of a strip that a core's cache still holds, and what a sample costs beyond it.
_CACHED = 2**18
_UNCACHED = 1.4
_PARALLEL = 2**16
_CALLS = 80000  # what the calls for one strip cost, in samples times levels of the FFT


class Overlap:
    """A kernel ready to be applied to extended signals of one shape.

    Parameters
    ----------
    kernel : ndarray
    shape : tuple of int
        Of the extended signal; no axis shorter than the kernel's.

    Examples
    --------
    >>> plan = Overlap(np.array([1.0, 2.0]), (3,))
    >>> plan.forward(np.array([1.0, 10.0, 100.0])).round(12)
    array([ 12., 120.])
    >>> plan.adjoint(np.array([1.0, 0.0])).round(12)
    array([2., 1., 0.])
    """

    def __init__(self, kernel: NDArray, shape: tuple[int, ...]) -> None:
        self.kernel_shape = kernel.shape
        self.shape = shape
        self.output_shape = tuple(n - k + 1 for n, k in zip(shape, kernel.shape, strict=True))
        self.dtype = kernel.dtype
        self.real = kernel.dtype.kind == "f"
        self.sizes = _sizes(kernel.shape, shape, self.real)
        self.axes = tuple(range(kernel.ndim))
        self.spectrum = self._transform(kernel)

    def forward(self, extended: NDArray) -> NDArray:
        """The outputs that read only what is there, of shape `output_shape`."""
        outputs = np.empty(self.output_shape, self.dtype)
        keep = tuple(
            slice(k - 1, n) for k, n in zip(self.kernel_shape[1:], self.shape[1:], strict=True)
        )
        overlap = self.kernel_shape[0] - 1

        def strip(start: int, stop: int) -> None:
            spectrum = self._transform(extended[start : stop + overlap])
            spectrum *= self.spectrum
            block = self._inverse(spectrum)
            outputs[start:stop] = block[(slice(overlap, overlap + stop - start), *keep)]

        self._run(strip, self.output_shape[0])
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of shape `shape`."""
        extended = np.empty(self.shape, self.dtype)
        conjugate = self.spectrum.conj()
        overlap = self.kernel_shape[0] - 1
        axes = zip(self.kernel_shape[1:], self.shape[1:], self.sizes[1:], strict=True)
        parts = [list(_unwrapped(1 - k, n, size)) for k, n, size in axes]

        def strip(start: int, stop: int) -> None:
            first = max(0, start - overlap)
            spectrum = self._transform(outputs[first:stop])
            spectrum *= conjugate
            block = self._inverse(spectrum)
            rows = _unwrapped(start - overlap - first, stop - start, self.sizes[0])
            for pieces in product(rows, *parts):
                target, source = zip(*pieces, strict=True)
                extended[start:stop][target] = block[source]

        self._run(strip, self.shape[0])
        return extended

    def _run(self, strip: Callable[[int, int], None], rows: int) -> None:
        step = self.sizes[0] - self.kernel_shape[0] + 1
        count = ceil(rows / step)
        step = ceil(rows / count)  # strips of one height, so that threads end together
        tasks = (partial(strip, start, min(start + step, rows)) for start in range(0, rows, step))
        run(tasks, parallel=count > 1 and prod(self.shape) > _PARALLEL)

    def _transform(self, array: NDArray) -> NDArray:
        if self.real:
            return scipy.fft.rfftn(array, self.sizes, axes=self.axes)
        return scipy.fft.fftn(array, self.sizes, axes=self.axes)

    def _inverse(self, spectrum: NDArray) -> NDArray:
        if self.real:
            return scipy.fft.irfftn(spectrum, self.sizes, axes=self.axes, overwrite_x=True)
        return scipy.fft.ifftn(spectrum, axes=self.axes, overwrite_x=True)


def _unwrapped(first: int, count: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Where indices ``first ... first + count - 1`` of a circle of `size` go, and lie."""
    if first < 0:
        before = min(-first, count)
        yield slice(0, before), slice(size + first, size + first + before)
        if count > before:
            yield slice(before, count), slice(0, count - before)
    else:
        yield slice(0, count), slice(first, first + count)


def _sizes(kernel: tuple[int, ...], shape: tuple[int, ...], real: bool) -> tuple[int, ...]:
    """Sizes of the FFT of a strip: the cheapest height, and the other axes whole."""
    others = tuple(scipy.fft.next_fast_len(n, real) for n in shape[1:])
    rows = shape[0] - kernel[0] + 1
    heights, count = [], 1
    while count <= rows and (count == 1 or rows / count >= kernel[0] / 4):
        heights.append(scipy.fft.next_fast_len(ceil(rows / count) + kernel[0] - 1, real))
        count += max(1, count // 8)
    best = min(heights, key=lambda height: _cost((height, *others), kernel[0], rows))
    return best, *others


def _cost(sizes: tuple[int, ...], overlap: int, rows: int) -> float:
    samples = prod(sizes)
    each = samples * log2(samples + 1) * (1.0 if samples <= _CACHED else _UNCACHED) + _CALLS
    return ceil(rows / (sizes[0] - overlap + 1)) * each


def strip_cost(kernel: tuple[int, ...], shape: tuple[int, ...]) -> float:
    """Samples times levels of all FFTs: what `Overlap` takes, up to a constant."""
    return _cost(_sizes(kernel, shape, True), kernel[0], shape[0] - kernel[0] + 1)
