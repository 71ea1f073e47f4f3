"""The spectra of an image by blocks of rows, kept: what its windows, kernels and lags share.

Block b is the rows ``s ... s + P - 1`` of the image e, of which the next block repeats the last
k - 1 (overlap-save). With E_b its spectrum, S_b that of its first P - k + 1 rows alone, and
H and Y_b those of a kernel and of the block's rows of some outputs,

    forward    inverse of E_b H, whose last P - k + 1 rows are whole sums
    adjoint    inverse of the sum over b of E_b conj(Y_b)
    lag sums   inverse of the sum over b of E_b conj(S_b)

so that every product with the data costs one transform of one picture, in pieces that stay in
the cache and go to all cores. E_b and S_b share the transform along the rows.

Sources: T. G. Stockham, High-speed convolution and correlation, AFIPS 1966,
doi:10.1145/1464182.1464209; for the sum of spectra, P. D. Welch 1967,
doi:10.1109/TAU.1967.1161901.
"""

from collections.abc import Callable
from math import ceil, prod
from typing import Any

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.threads import cores, run

__all__ = ["BlockSpectra"]

# Measured: blocks of at least this many samples, and at least this many times the overlap.
_BLOCK_SAMPLES = 2**16
_BLOCK_OVERLAPS = 6


class BlockSpectra:
    """Correlations of one image with whatever comes, at lags below the kernel's size.

    Parameters
    ----------
    image : ndarray
        float32, float64 or complex.
    kernel_shape : tuple of int
        k, no larger than the image.
    centre : float or complex
        Subtracted from every sample: a mean costs digits, relative to the largest sample.

    Examples
    --------
    >>> spectra = BlockSpectra(np.array([1.0, 2.0, 3.0]), (2,))
    >>> spectra.forward(np.array([1.0, 10.0])).round(12)
    array([12., 23.])
    >>> spectra.adjoint(np.array([1.0, 1.0])).round(12)
    array([5., 3.])
    >>> spectra.lag_sums().round(12)
    array([ 8., 14.,  8.])
    """

    def __init__(self, image: NDArray, kernel_shape: tuple[int, ...], centre: Any = 0) -> None:
        self.image = image
        self.centre = centre
        self.kernel_shape = kernel_shape
        sizes = zip(image.shape, kernel_shape, strict=True)
        self.output_shape = tuple(n - k + 1 for n, k in sizes)
        self._real = image.dtype.kind == "f"
        fast = scipy.fft.next_fast_len
        # Room for negative lags along all axes but the first, where they are not computed.
        sizes = zip(image.shape[1:], kernel_shape[1:], strict=True)
        self._across = tuple(fast(n + k - 1, self._real) for n, k in sizes)
        self._overlap = kernel_shape[0] - 1
        step = max(
            _BLOCK_SAMPLES // prod(self._across) - self._overlap,
            _BLOCK_OVERLAPS * self._overlap + 1,
        )
        threads = min(cores(), 4)
        count = ceil(image.shape[0] / step)
        if count > 1:  # as many for each thread
            count = threads * ceil(count / threads)
        self._height = fast(ceil(image.shape[0] / count) + self._overlap, self._real)
        self._step = self._height - self._overlap
        self._starts = range(0, image.shape[0], self._step)
        self._spectra: list[NDArray | None] = [None] * len(self._starts)
        share = ceil(len(self._starts) / threads)
        self._shares = [
            range(first, min(first + share, len(self._starts)))
            for first in range(0, len(self._starts), share)
        ]

    def forward(self, kernel: NDArray) -> NDArray:
        """``sum over a of image[o + k - 1 - a] * kernel[a]``, of shape `output_shape`."""
        outputs = np.empty(self.output_shape, self.image.dtype)
        of_kernel = self._down(self._rows(kernel))
        ends = zip(self.kernel_shape[1:], self.image.shape[1:], strict=True)
        inside = tuple(slice(k - 1, n) for k, n in ends)

        def fill(share: range) -> None:
            for index in share:
                start = self._starts[index]
                rows = min(self._step, self.output_shape[0] - start)
                if rows > 0:
                    block = self._up(self._spectrum(index) * of_kernel)
                    sums = self._back(block[self._overlap : self._overlap + rows])
                    outputs[start : start + rows] = sums[(slice(None), *inside)]

        self._run(fill)
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of the kernel's shape."""
        if self._real and outputs.dtype.kind == "c":
            return self.adjoint(outputs.real) + 1j * self.adjoint(outputs.imag)

        def term(index: int) -> NDArray | None:
            start = self._starts[index]
            rows = outputs[start : start + self._step]
            return self._down(self._rows(rows)) if len(rows) else None

        lags = self._summed(term)
        return np.flip(lags[tuple(slice(k) for k in self.kernel_shape)]).conj()

    def lag_sums(self) -> NDArray:
        """``sum over u of conj(image[u]) * image[u + d]`` for all lags, 0 in the middle.

        Shape (2 k_1 - 1, 2 k_2 - 1, ...); all pairs inside the image count.
        """

        def term(index: int) -> NDArray:
            rows = self._block(index)
            if self._spectra[index] is None:
                self._spectra[index] = self._down(rows)
            return self._down(rows[: self._step])

        lags = self._summed(term)
        signed = (np.arange(1 - k, k) for k in self.kernel_shape[1:])
        half = lags[np.ix_(np.arange(self.kernel_shape[0]), *signed)]
        return np.concatenate([np.flip(half)[:-1].conj(), half])

    def _summed(self, term: Callable[[int], NDArray | None]) -> NDArray:
        """The first k rows of the inverse of the sum over the blocks of E_b conj(term)."""
        totals: dict[int, NDArray] = {}

        def add_up(share: range) -> None:
            for index in share:
                product = term(index)
                if product is None:
                    continue
                np.conj(product, out=product)
                product *= self._spectrum(index)
                if share.start in totals:
                    totals[share.start] += product
                else:
                    totals[share.start] = product

        self._run(add_up)
        # In this order, whoever was first: the same data give the same digits.
        total = sum(totals[start] for start in sorted(totals))
        return self._back(self._up(np.asarray(total))[: self.kernel_shape[0]])

    def _run(self, task: Callable[[range], None]) -> None:
        tasks = (lambda share=share: task(share) for share in self._shares)
        run(tasks, parallel=len(self._shares) > 1)

    def _spectrum(self, index: int) -> NDArray:
        spectrum = self._spectra[index]
        if spectrum is None:
            spectrum = self._down(self._block(index))
            self._spectra[index] = spectrum
        return spectrum

    def _block(self, index: int) -> NDArray:
        """A block of the image with the rows below it, centred, transformed along its rows."""
        start = self._starts[index]
        rows = self.image[start : start + self._height]
        return self._rows(rows - self.centre if self.centre else rows)

    def _rows(self, rows: NDArray) -> NDArray:
        """Transform along all axes but the first."""
        if rows.ndim == 1:
            return rows
        transform = scipy.fft.rfftn if self._real else scipy.fft.fftn
        return transform(rows, self._across, axes=tuple(range(1, rows.ndim)))

    def _down(self, rows: NDArray) -> NDArray:
        """Transform along the first axis."""
        if rows.ndim == 1 and self._real:
            return scipy.fft.rfft(rows, self._height)
        return scipy.fft.fft(rows, self._height, axis=0)

    def _up(self, spectrum: NDArray) -> NDArray:
        """The inverse of `_down`."""
        if spectrum.ndim == 1 and self._real:
            return scipy.fft.irfft(spectrum, self._height)
        return scipy.fft.ifft(spectrum, axis=0, overwrite_x=True)

    def _back(self, rows: NDArray) -> NDArray:
        """The inverse of `_rows`."""
        if rows.ndim == 1:
            return rows
        transform = scipy.fft.irfftn if self._real else scipy.fft.ifftn
        return transform(rows, self._across, axes=tuple(range(1, rows.ndim)))
