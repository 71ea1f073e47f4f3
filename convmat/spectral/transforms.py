"""The transforms that diagonalise convolution matrices in `same` mode, axis by axis.

============= ========== ================================================ ==========
boundary      transform  basis vectors on samples i = 0 ... n - 1         orthogonal
============= ========== ================================================ ==========
circular      FFT        exp(2 pi I m i / n)                              yes
symmetric     DCT-II     cos(pi m (i + 1/2) / n)                          yes
antisymmetric DST-II     sin(pi (m + 1) (i + 1/2) / n)                    yes
mirror        DCT-I      cos(pi m i / (n - 1))                            no
antireflect   DST-I      1 - i / (n - 1), sin(pi m i / (n - 1)), i / (n - 1) no
============= ========== ================================================ ==========

All but the FFT need a kernel that is mirror-symmetric about its anchor along that axis. Axes
combine as a Kronecker product, so each may have its own transform. The eigenvalues come from
the symbol, the trigonometric polynomial of the kernel: wrapped to the period of the extension,
its cosine transform, which holds for kernels larger than the signal too.

Sources: Strang (1999), doi:10.1137/S0036144598336745; Ng, Chan and Tang (1999),
doi:10.1137/S1064827598341384; Serra-Capizzano (2003), doi:10.1137/S1064827502410244.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.spectral.symmetry import centred_half
from convmat.threads import cores

__all__ = ["DIAGONAL", "ORTHOGONAL", "Transform", "symbol"]

ORTHOGONAL = (Boundary.CIRCULAR, Boundary.SYMMETRIC, Boundary.ANTISYMMETRIC)
"""Boundaries whose transform is orthogonal, so that singular values are |eigenvalues|."""

DIAGONAL = (*ORTHOGONAL, Boundary.MIRROR, Boundary.ANTIREFLECT)
"""Boundaries that have a transform at all."""

_PARALLEL = 2**16
# Sums of so few cosines are faster as a product of matrices than by an FFT of mostly zeros.
_FEW_TERMS = 48


@dataclass(frozen=True)
class Transform:
    """From samples to coefficients in the basis of each axis, or back.

    Two transforms are equal where they are the same map: matrices that have equal ones are
    diagonal together.

    Attributes
    ----------
    boundaries : tuple of Boundary
        One per axis, which names the transform.
    shape : tuple of int
    inverse : bool
        From coefficients back to samples. The FFT's samples come back complex.
    real : bool
        Whether the matrix is real, so that a real right-hand side has a real solution. It does
        not count in comparisons.

    Examples
    --------
    >>> forward = Transform((Boundary.SYMMETRIC,), (4,))
    >>> forward(np.ones(4)).round(12)
    array([2., 0., 0., 0.])
    >>> Transform((Boundary.SYMMETRIC,), (4,), inverse=True)(forward(np.arange(4.0))).round(12)
    array([0., 1., 2., 3.])
    """

    boundaries: tuple[Boundary, ...]
    shape: tuple[int, ...]
    inverse: bool = False
    real: bool = field(default=True, compare=False)

    def __call__(self, vector: NDArray) -> NDArray:
        """Transform a raveled array; isometric where all axes are orthogonal."""
        array = _with_long_rows(np.reshape(vector, self.shape))
        # The real transforms first, so that as few axes as possible are complex.
        kinds = sorted(enumerate(self.boundaries), key=lambda item: _order(item[1]))
        for kind, group in groupby(kinds, key=lambda item: item[1]):
            array = self._apply(array, kind, [axis for axis, _ in group])
        return array.ravel()

    def _apply(self, array: NDArray, kind: Boundary, axes: list[int]) -> NDArray:
        options = {
            "axes": axes,
            "workers": cores() if array.size >= _PARALLEL else 1,
            "overwrite_x": True,
        }
        match kind:
            case Boundary.CIRCULAR:
                transform = scipy.fft.ifftn if self.inverse else scipy.fft.fftn
                return transform(array, norm="ortho", **options)
            case Boundary.SYMMETRIC:
                transform = scipy.fft.idctn if self.inverse else scipy.fft.dctn
                return transform(array, 2, norm="ortho", **options)
            case Boundary.ANTISYMMETRIC:
                transform = scipy.fft.idstn if self.inverse else scipy.fft.dstn
                return transform(array, 2, norm="ortho", **options)
            case Boundary.MIRROR:  # the columns of the unscaled DCT-I are the cosines themselves
                transform = scipy.fft.dctn if self.inverse else scipy.fft.idctn
                return transform(array, 1, **options)
            case Boundary.ANTIREFLECT:
                for axis in axes:
                    array = _between_ends(array, axis, self.inverse)
                return array
        raise AssertionError(kind)


def _with_long_rows(array: NDArray) -> NDArray:
    """A copy that can be overwritten, whose rows are a cache line longer than they need be.

    Columns of an image of 1024 x 1024 would else compete for the same few places in the cache:
    measured, its cosine transform takes nearly twice as long.
    """
    line = 64 // array.itemsize
    if array.dtype.kind not in "fc":
        array = array.astype(np.float64)
    whole = np.empty((*array.shape[:-1], array.shape[-1] + line), array.dtype)
    copy = whole[..., : array.shape[-1]]
    copy[...] = array
    return copy


def _order(boundary: Boundary) -> tuple[bool, str]:
    return boundary is Boundary.CIRCULAR, boundary.value


def _between_ends(array: NDArray, axis: int, inverse: bool) -> NDArray:
    """Sines of what is left of the samples without the straight line between the ends, or back.

    The two ends are the coefficients of the two linear basis vectors, and are kept.
    """
    n = array.shape[axis]
    if n == 2:
        return array
    before = (slice(None),) * axis
    first, last = array[(*before, slice(0, 1))], array[(*before, slice(-1, None))]
    rise = np.linspace(0, 1, n)[1:-1].astype(array.real.dtype)
    rise = rise.reshape((-1,) + (1,) * (array.ndim - axis - 1))
    straight = first * (1 - rise) + last * rise
    between = array[(*before, slice(1, -1))]
    if inverse:
        between = scipy.fft.idst(between, 1, axis=axis, norm="ortho", workers=cores()) + straight
    else:
        between = scipy.fft.dst(between - straight, 1, axis=axis, norm="ortho", workers=cores())
    return np.concatenate([first, between, last], axis=axis)


def symbol(
    kernel: NDArray, anchor: Sequence[int], boundaries: Sequence[Boundary], shape: Sequence[int]
) -> NDArray | None:
    """The eigenvalues, of shape `shape`; None where the kernel lacks the symmetry.

    Examples
    --------
    >>> symbol(np.array([1.0, 2, 1]), [1], [Boundary.SYMMETRIC], [2]).round(12)
    array([4., 2.])
    """
    axes = zip(anchor, boundaries, shape, strict=True)
    # As in `Transform`, real axes before complex ones.
    for axis, (c, boundary, n) in sorted(enumerate(axes), key=lambda item: _order(item[1][1])):
        values = _axis_symbol(kernel, axis, c, boundary, n)
        if values is None:
            return None
        kernel = values
    return kernel


def _axis_symbol(
    kernel: NDArray, axis: int, anchor: int, boundary: Boundary, size: int
) -> NDArray | None:
    before = (slice(None),) * axis
    if boundary is Boundary.CIRCULAR:
        return scipy.fft.fft(_wrapped(kernel, axis, anchor, size), axis=axis)
    half = centred_half(kernel, axis, anchor)
    if half is None:
        return None
    period = 2 * size if boundary not in (Boundary.MIRROR, Boundary.ANTIREFLECT) else 2 * size - 2
    count = period // 2 + 1
    if 2 * half.shape[axis] - 1 > period:
        tail = np.flip(half[(*before, slice(1, None))], axis)
        whole = np.concatenate([tail, half], axis)
        half = _wrapped(whole, axis, tail.shape[axis], period)[(*before, slice(0, count))]
    first = 1 if boundary is Boundary.ANTISYMMETRIC else 0
    values = _cosine_sums(half, axis, count, slice(first, first + size))
    if boundary is Boundary.ANTIREFLECT:  # both linear vectors have the eigenvalue of the first
        along = np.moveaxis(values, axis, -1)
        along[..., -1] = along[..., 0]
    return values


def _cosine_sums(half: NDArray, axis: int, count: int, wanted: slice) -> NDArray:
    """The unscaled DCT-I of `count` values along an axis, of which `half` are not 0."""
    terms = half.shape[axis]
    if terms > _FEW_TERMS or terms == count:
        return scipy.fft.dct(half, 1, count, axis=axis)[(slice(None),) * axis + (wanted,)]
    # Reduced in integers, the angles are exact to rounding however large their multiples are.
    turns = np.outer(np.arange(terms), np.arange(count)[wanted]) % (2 * count - 2)
    cosines = np.cos(np.pi / (count - 1) * turns).astype(half.real.dtype)
    cosines[1:] *= 2
    return np.moveaxis(np.tensordot(half, cosines, axes=(axis, 0)), -1, axis)


def _wrapped(kernel: NDArray, axis: int, anchor: int, period: int) -> NDArray:
    """The kernel summed up over a circle, its anchor at 0."""
    turns = -(-kernel.shape[axis] // period)
    shape = list(kernel.shape)
    shape[axis] = turns * period
    padded = np.zeros(shape, kernel.dtype)
    padded[(slice(None),) * axis + (slice(0, kernel.shape[axis]),)] = kernel
    shape[axis : axis + 1] = [turns, period]
    return np.roll(padded.reshape(shape).sum(axis=axis), -anchor % period, axis=axis)
