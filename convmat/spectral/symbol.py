"""The eigenvalues of a convolution matrix from its kernel: the symbol, sampled.

The symbol is the trigonometric polynomial of the kernel, and along each axis its values at

    circular       2 pi m / n            a Fourier transform of the kernel
    reflecting     pi m / n, and such    a cosine transform of the kernel, which is symmetric

are the eigenvalues, in the order of the coefficients of `transforms`. Wrapped to the period of
the extension, this holds for kernels larger than the signal, too.

Sources: Strang (1999), doi:10.1137/S0036144598336745; Ng, Chan and Tang (1999),
doi:10.1137/S1064827598341384; Serra-Capizzano (2003), doi:10.1137/S1064827502410244.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.spectral.symmetry import centred_half
from convmat.spectral.tables import few_terms
from convmat.spectral.transforms import is_real_fft
from convmat.threads import cores

__all__ = ["symbol"]

# Sums of so few terms are faster as a product of matrices than by an FFT of mostly zeros.
_FEW_TERMS = 48
_PARALLEL = 2**16


def symbol(
    kernel: NDArray,
    anchor: Sequence[int],
    boundaries: Sequence[Boundary],
    shape: Sequence[int],
    halved: int | None = None,
) -> NDArray | None:
    """The eigenvalues, of shape `shape`; None where the kernel lacks the symmetry.

    Along the axis `halved`, which is circular, only those of frequencies 0 ... n // 2 are computed.

    Examples
    --------
    >>> symbol(np.array([1.0, 2, 1]), [1], [Boundary.SYMMETRIC], [2]).round(12)
    array([4., 2.])
    """
    axes = []
    for index, (c, boundary, n) in enumerate(zip(anchor, boundaries, shape, strict=True)):
        axis = _Axis(index, boundary, n, n // 2 + 1 if index == halved else n, -c)
        if axis.circular:
            if kernel.shape[index] > n:
                kernel = _wrapped(kernel, index, c, n)
                axis = _Axis(index, boundary, n, axis.count, 0)
        else:
            half = _half(kernel, axis, c)
            if half is None:
                return None
            kernel = half
        axes.append(axis)
    # Real axes before complex ones, and what is halved before what is not.
    for axis in sorted(axes, key=lambda a: (a.circular, a.index != halved)):
        terms = kernel.shape[axis.index]
        if terms > _FEW_TERMS:
            kernel = _transformed(kernel, axis)
        else:
            kernel = _sums(kernel, axis.index, axis.table(terms, kernel.real.dtype))
    return kernel


@dataclass(frozen=True)
class _Axis:
    """One axis: the values wanted along it, of a kernel that begins at displacement `first`."""

    index: int
    boundary: Boundary
    size: int
    count: int
    first: int

    @property
    def circular(self) -> bool:
        return self.boundary is Boundary.CIRCULAR

    @property
    def period(self) -> int:
        """Of the extended signal."""
        if self.circular:
            return self.size
        ends_once = self.boundary in (Boundary.MIRROR, Boundary.ANTIREFLECT)
        return 2 * self.size - 2 if ends_once else 2 * self.size

    @property
    def frequencies(self) -> NDArray[np.intp]:
        """In cycles per period."""
        wanted = np.arange(self.count)
        if self.boundary is Boundary.ANTISYMMETRIC:
            wanted += 1
        if self.boundary is Boundary.ANTIREFLECT:  # both linear vectors have the first one's
            wanted[-1] = 0
        return wanted

    def table(self, terms: int, dtype: np.dtype) -> NDArray:
        """What each term adds to each value, shape (terms, count)."""
        first = self.first % self.period if self.circular else 0
        # Reduced in integers, the angles are exact to rounding however large their multiples are.
        turns = np.outer(first + np.arange(terms), self.frequencies) % self.period
        angles = 2 * np.pi / self.period * np.arange(self.period)
        cosines = np.cos(angles).astype(dtype)
        if not self.circular:
            table = cosines[turns]
            table[1 : self.period // 2] *= 2  # both sides, but for the ends of the period
            return table
        if is_real_fft(self.boundary, self.size):
            return cosines[turns]
        return (cosines - 1j * np.sin(angles).astype(dtype))[turns]


def _half(kernel: NDArray, axis: _Axis, anchor: int) -> NDArray | None:
    """The kernel from its anchor on, within half a period, or None where it is not symmetric."""
    before = (slice(None),) * axis.index
    half = centred_half(kernel, axis.index, anchor)
    if half is None or 2 * half.shape[axis.index] - 1 <= axis.period:
        return half
    tail = np.flip(half[(*before, slice(1, None))], axis.index)
    whole = np.concatenate([tail, half], axis.index)
    wrapped = _wrapped(whole, axis.index, tail.shape[axis.index], axis.period)
    return wrapped[(*before, slice(axis.period // 2 + 1))]


def _transformed(kernel: NDArray, axis: _Axis) -> NDArray:
    """The values by an FFT, or of a half by the unscaled DCT-I."""
    options = {"axis": axis.index, "workers": cores() if kernel.size >= _PARALLEL else 1}
    if not axis.circular:
        values = scipy.fft.dct(kernel, 1, axis.period // 2 + 1, **options)
    else:
        kernel = _wrapped(kernel, axis.index, -axis.first, axis.size)
        half = kernel.dtype.kind == "f" and axis.count < axis.size
        values = (scipy.fft.rfft if half else scipy.fft.fft)(kernel, **options)
    first = 1 if axis.boundary is Boundary.ANTISYMMETRIC else 0
    values = values[(slice(None),) * axis.index + (slice(first, first + axis.count),)]
    if axis.boundary is Boundary.ANTIREFLECT:
        along = np.moveaxis(values, axis.index, -1)
        along[..., -1] = along[..., 0]
    return values


def _sums(values: NDArray, axis: int, table: NDArray) -> NDArray:
    """``sum over t of values[..., t, ...] * table[t]``, the columns of the table along `axis`."""
    terms, size = table.shape
    before, after = values.shape[:axis], values.shape[axis + 1 :]
    if not after:
        return few_terms(values.reshape(-1, terms), table).reshape(*before, size)
    planes = values.reshape(prod(before), terms, prod(after))
    sums = [few_terms(table.T, plane) for plane in planes]
    stacked = sums[0] if len(sums) == 1 else np.stack(sums)
    return stacked.reshape(*before, size, *after)


def _wrapped(kernel: NDArray, axis: int, anchor: int, period: int) -> NDArray:
    """The kernel summed up over a circle, its anchor at 0."""
    turns = -(-kernel.shape[axis] // period)
    shape = list(kernel.shape)
    shape[axis] = turns * period
    padded = np.zeros(shape, kernel.dtype)
    padded[(slice(None),) * axis + (slice(0, kernel.shape[axis]),)] = kernel
    shape[axis : axis + 1] = [turns, period]
    return np.roll(padded.reshape(shape).sum(axis=axis), -anchor % period, axis=axis)
