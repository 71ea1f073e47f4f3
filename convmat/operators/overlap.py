"""Convolution by FFTs of strips (overlap-save), the kernel's spectrum kept between calls.

A strip of P rows is transformed, multiplied by the kernel's spectrum and transformed back;
its first k - 1 rows are wrapped around and dropped, so strips overlap by that much. Strips
that fit the cache are faster than one large FFT, take less memory, and go to all cores.
The adjoint multiplies by the conjugate spectrum, and drops the rows at the other end.

Oppenheim and Schafer (2010), Discrete-Time Signal Processing, section 8.7.3.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from math import ceil, log2, prod

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.boundary import Boundary, Extension, extension
from convmat.matrices.extending import Frame, extend_axes, fold_axes
from convmat.threads import cores, run

__all__ = ["Overlap", "strip_cost"]

# Samples of a strip that a core's cache still holds, and what a sample costs beyond it.
_CACHED = 2**18
_UNCACHED = 1.4
_PARALLEL = 2**16
_CALLS = 80000  # what the calls for one strip cost, in samples times levels of the FFT


class Overlap:
    """A kernel ready to be applied to signals of one shape.

    Parameters
    ----------
    kernel : ndarray
    shape : tuple of int
        Of the extended signal; no axis shorter than the kernel's.
    extensions : sequence of Extension, optional
        How signals go on to that shape. Without, they have it.

    Examples
    --------
    >>> plan = Overlap(np.array([1.0, 2.0]), (3,))
    >>> plan.forward(np.array([1.0, 10.0, 100.0])).round(12)
    array([ 12., 120.])
    >>> plan.adjoint(np.array([1.0, 0.0])).round(12)
    array([2., 1., 0.])
    """

    def __init__(
        self,
        kernel: NDArray,
        shape: tuple[int, ...],
        extensions: Sequence[Extension] | None = None,
    ) -> None:
        self.kernel_shape = kernel.shape
        self.shape = shape
        self.output_shape = tuple(n - k + 1 for n, k in zip(shape, kernel.shape, strict=True))
        self.dtype = kernel.dtype
        self.real = kernel.dtype.kind == "f"
        self.sizes = _sizes(kernel.shape, shape, self.real)
        self.axes = tuple(range(kernel.ndim))
        self.spectrum = self._transform(kernel)
        none = [extension(Boundary.ZERO, n, 0, n) for n in shape]
        # Strips extend themselves, unless the positions leave out some of the signal.
        self._around = None
        if extensions is not None and not all(e.is_whole for e in extensions):
            self._around, extensions = extensions, None
        self._down, *across = extensions or none
        self._frame = Frame([none[0], *across])

    def forward(self, signal: NDArray) -> NDArray:
        """The outputs that read only what is there, of shape `output_shape`."""
        if self._around is not None:
            signal = extend_axes(signal, self._around)
        outputs = np.empty(self.output_shape, self.dtype)
        axes = zip(self.kernel_shape[1:], self.shape[1:], strict=True)
        keep = tuple(slice(k - 1, n) for k, n in axes)
        overlap = self.kernel_shape[0] - 1
        spare: list[NDArray] = []

        def strip(start: int, stop: int) -> None:
            room = self._room(spare, stop - start + overlap)
            extended = room[(slice(stop - start + overlap), *map(slice, self.shape[1:]))]
            self._frame.fill(extended, self._down.read(signal, start, stop + overlap, 0))
            spectrum = self._transform(room)
            spectrum *= self.spectrum
            rows = self._back(self._up(spectrum)[overlap : overlap + stop - start])
            outputs[start:stop] = rows[(slice(None), *keep)]
            spare.append(room)

        self._run(strip, self.output_shape[0])
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`, of the signals' shape."""
        places = self._frame.places[1:]
        sizes = (place.stop - place.start for place in places)
        tall = np.empty((self.shape[0], *sizes), self.dtype)
        conjugate = self.spectrum.conj()
        overlap = self.kernel_shape[0] - 1
        axes = zip(self.kernel_shape[1:], self.shape[1:], self.sizes[1:], strict=True)
        parts = [list(_unwrapped(1 - k, n, size)) for k, n, size in axes]
        spare: list[NDArray] = []

        def strip(start: int, stop: int) -> None:
            first, last = max(0, start - overlap), min(stop, self.output_shape[0])
            room = self._room(spare, last - first)
            room[(slice(last - first), *map(slice, self.output_shape[1:]))] = outputs[first:last]
            spectrum = self._transform(room)
            spectrum *= conjugate
            columns = self._up(spectrum)
            extended = np.empty((stop - start, *self.shape[1:]), self.dtype)
            for target, source in _unwrapped(start - overlap - first, stop - start, self.sizes[0]):
                rows = self._back(columns[source])
                for pieces in product(*parts):
                    into, place = zip(*pieces, strict=True) if pieces else ((), ())
                    extended[(target, *into)] = rows[(slice(None), *place)]
            tall[start:stop] = self._frame.fold(extended)
            spare.append(room)

        self._run(strip, self.shape[0])
        if self._around is not None:
            return fold_axes(tall, self._around, overwrite=True)
        around = [extension(Boundary.ZERO, n, 0, n) for n in tall.shape[1:]]
        return Frame([self._down, *around]).fold(tall)

    def _room(self, spare: list[NDArray], height: int) -> NDArray:
        """Zeros to put so many rows of one width into; used again by later strips."""
        room = spare.pop() if spare else np.zeros(self.sizes, self.dtype)
        room[height:] = 0
        return room

    def _run(self, strip: Callable[[int, int], None], rows: int) -> None:
        step = self.sizes[0] - self.kernel_shape[0] + 1
        count = ceil(rows / step)
        step = ceil(rows / count)  # strips of one height, so that threads end together
        tasks = (partial(strip, start, min(start + step, rows)) for start in range(0, rows, step))
        run(tasks, parallel=count > 1 and prod(self.shape) > _PARALLEL)

    def _transform(self, array: NDArray) -> NDArray:
        transform = scipy.fft.rfftn if self.real else scipy.fft.fftn
        return transform(array, self.sizes, axes=self.axes)

    def _up(self, spectrum: NDArray) -> NDArray:
        """Transform back along the first axis."""
        if self.real and spectrum.ndim == 1:
            return scipy.fft.irfft(spectrum, self.sizes[0])
        return scipy.fft.ifft(spectrum, axis=0, overwrite_x=True)

    def _back(self, rows: NDArray) -> NDArray:
        """Transform back along all others, of the rows that are wanted."""
        if rows.ndim == 1:
            return rows
        transform = scipy.fft.irfftn if self.real else scipy.fft.ifftn
        return transform(rows, self.sizes[1:], axes=self.axes[1:])


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
    threads = min(cores(), 4)
    best = min(heights, key=lambda height: _cost((height, *others), kernel[0], rows, threads))
    return best, *others


def _cost(sizes: tuple[int, ...], overlap: int, rows: int, threads: int) -> float:
    samples = prod(sizes)
    each = samples * log2(samples + 1) * (1.0 if samples <= _CACHED else _UNCACHED) + _CALLS
    count = ceil(rows / (sizes[0] - overlap + 1))
    if count * samples > _PARALLEL:  # the last strips leave no thread without work
        count = threads * ceil(count / threads)
    return count * each


def strip_cost(kernel: tuple[int, ...], shape: tuple[int, ...]) -> float:
    """Samples times levels of all FFTs: what `Overlap` takes, up to a constant."""
    rows = shape[0] - kernel[0] + 1
    return _cost(_sizes(kernel, shape, True), kernel[0], rows, min(cores(), 4))
