"""The convolution with a separable kernel: axis after axis, the last two by blocks of rows.

    H = H0 (x) H1 (x) ...      H vec(x) = vec(H0 x H1')  in two dimensions

A block of rows of H0 x stays in the cache until H1 has been applied to it, so that an image is
read once and written once, as for one axis. The adjoint goes the same way.

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, section 4.4,
doi:10.1137/1.9780898718874.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Extension
from convmat.matrices.stretches import fill_in, fold_onto, stretches
from convmat.operators.along_axis import AxisConvolution
from convmat.threads import run

__all__ = ["SeparableConvolution"]

# Samples of a block of rows, measured: smaller ones stay in the cache, but are too many calls.
# And how few outputs are no work for blocks.
_BLOCK = 2**17
_FEW = 2**16


class SeparableConvolution:
    """``H0 (x) H1 (x) ...`` for arrays of one shape.

    Parameters
    ----------
    factors : sequence of ndarray
        One kernel for each axis, of the dtype of the arrays.
    extensions : sequence of Extension
        Over the n + k - 1 positions that n outputs read, per axis.

    Examples
    --------
    >>> from convmat.boundary import Boundary, extension
    >>> sums = SeparableConvolution([np.ones(2)] * 2, [extension(Boundary.CIRCULAR, 2, -1, 2)] * 2)
    >>> sums.forward(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[10., 10.],
           [10., 10.]])
    """

    def __init__(self, factors: Sequence[NDArray], extensions: Sequence[Extension]) -> None:
        pairs = zip(factors, extensions, strict=True)
        every = [AxisConvolution(h, e, axis) for axis, (h, e) in enumerate(pairs)]
        self._axes = [axis for axis in every if not axis.is_identity] or every[:1]
        self._plane: _Plane | None = None
        large = prod(axis.size for axis in every) > _FEW
        if large and len(every) > 1 and self._axes[-2:] == every[-2:] and extensions[-1].is_whole:
            *self._axes, rows, columns = self._axes
            self._plane = _Plane(rows, columns)

    def forward(self, samples: NDArray) -> NDArray:
        """The outputs."""
        for axis in self._axes:
            samples = axis.forward(samples)
        return samples if self._plane is None else _each(self._plane.forward, samples)

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`."""
        if self._plane is not None:
            outputs = _each(self._plane.adjoint, outputs)
        for axis in self._axes:
            outputs = axis.adjoint(outputs)
        return outputs


def _each(apply: Callable[[NDArray], NDArray], arrays: NDArray) -> NDArray:
    """Apply to every plane of the last two axes."""
    if arrays.ndim == 2:
        return apply(arrays)
    planes = [apply(plane) for plane in arrays.reshape(-1, *arrays.shape[-2:])]
    return np.stack(planes).reshape(*arrays.shape[:-2], *planes[0].shape)


class _AlongRows(NamedTuple):
    """What happens to a block of rows: room for it, where it goes there, and what is made of it."""

    width: int
    place: slice
    finish: Callable[[NDArray, NDArray], None]


class _Plane:
    """Two axes: rows are combined, then each is convolved."""

    def __init__(self, rows: AxisConvolution, columns: AxisConvolution) -> None:
        self._rows = AxisConvolution(rows.kernel, rows.extension, 0)
        self._columns = columns
        extension, self._reach = columns.extension, columns.kernel.size - 1
        self._signal = slice(-extension.start, extension.size - extension.start)
        self._beyond = stretches(extension, beyond=True)
        self._extended = _AlongRows(columns.size + self._reach, self._signal, self._convolve)
        outputs = slice(self._reach, self._reach + columns.size)
        self._surrounded = _AlongRows(columns.size + 2 * self._reach, outputs, self._fold)

    def forward(self, samples: NDArray) -> NDArray:
        outputs = np.empty((self._rows.size, self._columns.size), samples.dtype)
        _in_blocks(self._rows, self._extended, samples, outputs)
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        width = self._columns.extension.size
        samples = np.empty((self._rows.extension.size, width), outputs.dtype)
        middle, sides = self._rows.transpose
        if middle is None:
            samples[...] = 0
        else:
            _in_blocks(middle, self._surrounded, outputs, samples)
        for convolution, beyond in sides:
            border = np.empty((convolution.size, width), outputs.dtype)
            _in_blocks(convolution, self._surrounded, outputs, border)
            fold_onto(samples, border, beyond, 0)
        return samples

    def _convolve(self, padded: NDArray, outputs: NDArray) -> None:
        fill_in(padded, padded[:, self._signal], self._beyond, 1)
        self._columns.band.across(padded, outputs)

    def _fold(self, padded: NDArray, samples: NDArray) -> None:
        """Convolve rows that are surrounded by `reach` zeros, and fold what is beyond the edges."""
        middle, sides = self._columns.transpose
        assert middle is not None, "the outputs read every sample"
        middle.band.across(self._read(middle, padded), samples)
        for convolution, beyond in sides:
            border = np.empty((len(padded), convolution.size), padded.dtype)
            convolution.band.across(self._read(convolution, padded), border)
            fold_onto(samples, border, beyond, 1)

    def _read(self, convolution: AxisConvolution, padded: NDArray) -> NDArray:
        start = convolution.extension.start + self._reach
        return padded[:, start : start + convolution.size + self._reach]


def _in_blocks(
    rows: AxisConvolution, along: _AlongRows, samples: NDArray, outputs: NDArray
) -> None:
    height = max(8, _BLOCK // along.width // 8 * 8)
    # Work space is used again by later tasks: fresh memory would cost as much as the work.
    spare: list[NDArray] = []

    def block(first: int) -> None:
        last = min(first + height, rows.size)
        space = spare.pop() if spare else np.zeros((height, along.width), samples.dtype)
        padded = space[: last - first]
        source = rows.reads(samples, first, last)
        rows.band.down(source, padded[:, along.place])
        along.finish(padded, outputs[first:last])
        spare.append(space)

    starts = range(0, rows.size, height)
    run((partial(block, first) for first in starts), parallel=outputs.size > _FEW)
