"""The convolution along one axis of a signal that goes on past its edges, and its adjoint.

Only the few outputs near an edge read what is beyond it, so the signal itself is never copied:
the others are products of bands with the samples where they lie (`banded`). With E the
extension along the axis and V the convolution of what is inside,

    forward   y = V E x
    adjoint   x = E' V' y

where V' is a convolution, too, of outputs that go on as zeros, with the flipped kernel. What it
gives beyond the edges is folded back by E'. The matrix of a separable kernel is the Kronecker
product of one such map for each axis.

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, sections 4.1 and 4.4,
doi:10.1137/1.9780898718874.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convmat.banded import Band, band_size, convolve_axis
from convmat.boundary import Boundary, Extension, extension
from convmat.matrices.stretches import Stretch, along, fold_onto, stretches

__all__ = ["AxisConvolution", "Terms"]

Terms = list[list[Stretch]]


class AxisConvolution:
    """``V E`` along one axis of arrays of any number of axes.

    Parameters
    ----------
    kernel : ndarray, shape (k,)
        Of the dtype of the arrays.
    extension : Extension
        Over the n + k - 1 positions that n outputs read.
    axis : int

    Examples
    --------
    >>> blur = AxisConvolution(
    ...     np.array([1.0, 2.0, 4.0]), extension(Boundary.REPLICATE, 3, -1, 4), 0
    ... )
    >>> blur.forward(np.array([1.0, 0.0, 0.0]))
    array([6., 4., 0.])
    >>> blur.adjoint(np.array([1.0, 0.0, 0.0]))
    array([6., 1., 0.])
    """

    def __init__(self, kernel: NDArray, extension: Extension, axis: int) -> None:
        self.kernel = kernel
        self.extension = extension
        self.axis = axis
        reach = kernel.size - 1
        self.size = extension.indices.shape[1] - reach
        # The outputs from `first` to `last` read nothing from beyond an edge.
        first = min(max(0, -extension.start), self.size)
        last = max(first, min(self.size, extension.size - reach - extension.start))
        self._pieces = [first, last] if first < last else []

    @cached_property
    def band(self) -> Band:
        """For products with tables."""
        return Band(self.kernel, min(band_size(self.kernel.size, alone=True), self.size))

    @property
    def is_identity(self) -> bool:
        """Whether the outputs are the samples."""
        only = self.kernel.size == 1 and self.kernel[0] == 1
        return bool(only) and self._pieces == [0, self.size] and self.size == self.extension.size

    def reads(self, samples: NDArray, first: int, last: int) -> NDArray:
        """What the outputs ``first ... last - 1`` read, which is a view inside of the signal."""
        return self.extension.read(samples, first, last + self.kernel.size - 1, self.axis)

    def forward(self, samples: NDArray) -> NDArray:
        """The outputs, n along the axis."""
        outputs = np.empty(_resized(samples.shape, self.axis, self.size), samples.dtype)
        for first, last in pairwise([0, *self._pieces, self.size]):
            if first < last:
                into = outputs[along(self.axis, slice(first, last))]
                convolve_axis(self.reads(samples, first, last), self.kernel, self.axis, into)
        return outputs

    def adjoint(self, outputs: NDArray) -> NDArray:
        """The conjugate transpose of `forward`."""
        middle, sides = self.transpose
        if middle is None:
            shape = _resized(outputs.shape, self.axis, self.extension.size)
            samples = np.zeros(shape, outputs.dtype)
        else:
            samples = middle.forward(outputs)
        for convolution, beyond in sides:
            fold_onto(samples, convolution.forward(outputs), beyond, self.axis)
        return samples

    @cached_property
    def transpose(
        self,
    ) -> tuple["AxisConvolution | None", list[tuple["AxisConvolution", Terms]]]:
        """What gives the samples themselves, and what is to be folded onto them."""
        flipped, reach = np.flip(self.kernel).conj(), self.kernel.size - 1
        e = self.extension
        positions = e.indices.shape[1]

        def gives(first: int, last: int) -> AxisConvolution:
            zeros = extension(Boundary.ZERO, self.size, first - reach, last)
            return AxisConvolution(flipped, zeros, self.axis)

        first, last = -e.start, e.size - e.start
        if not e.is_whole:  # positions that leave out some of the signal
            return None, [(gives(0, positions), stretches(e))]
        sides = [(a, b) for a, b in ((0, first), (last, positions)) if a < b]
        return gives(first, last), [(gives(a, b), stretches(e.part(a, b))) for a, b in sides]


def _resized(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])
