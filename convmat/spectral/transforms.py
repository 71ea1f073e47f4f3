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
combine as a Kronecker product, so each may have its own transform. The eigenvalues are told by
the kernel's `symbol`.

Sources: Strang (1999), doi:10.1137/S0036144598336745; Ng, Chan and Tang (1999),
doi:10.1137/S1064827598341384; Serra-Capizzano (2003), doi:10.1137/S1064827502410244.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import DTypeLike, NDArray

from convmat.boundary import Boundary
from convmat.threads import cores

__all__ = [
    "DIAGONAL",
    "ORTHOGONAL",
    "Transform",
    "is_real_fft",
    "transform_axes",
    "with_long_rows",
]

ORTHOGONAL = (Boundary.CIRCULAR, Boundary.SYMMETRIC, Boundary.ANTISYMMETRIC)
"""Boundaries whose transform is orthogonal, so that singular values are |eigenvalues|."""

DIAGONAL = (*ORTHOGONAL, Boundary.MIRROR, Boundary.ANTIREFLECT)
"""Boundaries that have a transform at all."""

_PARALLEL = 2**16


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
        dtype = vector.dtype if vector.dtype.kind in "fc" else np.dtype(np.float64)
        work = with_long_rows(self.shape, dtype)
        work[...] = np.reshape(vector, self.shape)
        workers = cores() if work.size >= _PARALLEL else 1
        return transform_axes(work, self.kinds, self.inverse, workers=workers).ravel()

    @cached_property
    def kinds(self) -> dict[int, Boundary]:
        """What names the transform of each axis: for two samples, the FFT is the DCT-II."""
        axes = enumerate(zip(self.boundaries, self.shape, strict=True))
        few = {axis: Boundary.SYMMETRIC for axis, (b, n) in axes if is_real_fft(b, n)}
        return dict(enumerate(self.boundaries)) | few

    @cached_property
    def halved(self) -> int | None:
        """The axis along which half of the coefficients tell all of real samples, if there is one.

        Those of opposite frequencies are conjugates of each other.
        """
        circular = [axis for axis, kind in self.kinds.items() if kind is Boundary.CIRCULAR]
        return circular[-1] if circular and self.real else None

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return prod(self.shape)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """Shape of the coefficients without that half."""
        sizes = enumerate(self.shape)
        return tuple(n // 2 + 1 if axis == self.halved else n for axis, n in sizes)

    def kept(self, values: NDArray) -> NDArray:
        """Of one value for each coefficient, raveled, those that are kept, of their shape."""
        return values.reshape(self.shape)[tuple(slice(n) for n in self.kept_shape)]

    def whole(self, kept: NDArray) -> NDArray:
        """All values, raveled, where those of opposite frequencies are conjugates.

        Examples
        --------
        >>> forward = Transform((Boundary.CIRCULAR,), (4,))
        >>> forward.kept(forward(np.arange(4.0))).real.round(12)
        array([ 3., -1., -1.])
        >>> forward.whole(forward.kept(forward(np.arange(4.0)))).real.round(12)
        array([ 3., -1., -1., -1.])
        """
        if self.halved is None:
            return kept.ravel()
        n = self.shape[self.halved]
        others = kept[(slice(None),) * self.halved + (slice(1, (n + 1) // 2),)].conj()
        for axis, kind in self.kinds.items():
            if axis == self.halved:
                others = np.flip(others, axis)
            elif kind is Boundary.CIRCULAR:  # from the frequency m to -m
                others = np.roll(np.flip(others, axis), 1, axis)
        return np.concatenate([kept, others], self.halved).ravel()


def is_real_fft(boundary: Boundary, size: int) -> bool:
    """Whether the FFT of an axis has no imaginary part."""
    return boundary is Boundary.CIRCULAR and size <= 2


def transform_axes(
    array: NDArray,
    kinds: Mapping[int, Boundary],
    inverse: bool,
    *,
    workers: int,
    overwrite: bool = True,
) -> NDArray:
    """Transform an array along some axes.

    Parameters
    ----------
    array : ndarray
    kinds : mapping of int to Boundary
        Axes, and what names their transforms.
    inverse : bool
    workers : int
    overwrite : bool
        Work in the array's own memory where that is possible.
    """
    # Real transforms of real numbers: first, or last on the way back.
    for kind in sorted(set(kinds.values()), key=_order, reverse=inverse):
        axes = [axis for axis, its in kinds.items() if its is kind]
        if kind is Boundary.ANTIREFLECT:
            for axis in axes:
                array = _between_ends(array, axis, inverse, workers)
        else:
            function, options = _function(kind, inverse)
            array = function(array, **options, axes=axes, workers=workers, overwrite_x=overwrite)
    return array


def _function(kind: Boundary, inverse: bool) -> tuple[Callable[..., NDArray], dict[str, Any]]:
    fft = scipy.fft
    match kind:
        case Boundary.CIRCULAR:
            return (fft.ifftn if inverse else fft.fftn), {"norm": "ortho"}
        case Boundary.SYMMETRIC:
            return (fft.idctn if inverse else fft.dctn), {"type": 2, "norm": "ortho"}
        case Boundary.ANTISYMMETRIC:
            return (fft.idstn if inverse else fft.dstn), {"type": 2, "norm": "ortho"}
        case Boundary.MIRROR:  # the columns of the unscaled DCT-I are the cosines themselves
            return (fft.dctn if inverse else fft.idctn), {"type": 1}
    raise AssertionError(kind)


def _order(boundary: Boundary) -> tuple[bool, str]:
    return boundary is Boundary.CIRCULAR, boundary.value


def with_long_rows(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray:
    """Memory for an array whose rows are a cache line longer than they need be.

    Columns of an image of 1024 x 1024 would else compete for the same few places in the cache:
    measured, its cosine transform takes nearly twice as long.
    """
    line = 64 // np.dtype(dtype).itemsize
    return np.empty((*shape[:-1], shape[-1] + line), dtype)[..., : shape[-1]]


def _between_ends(array: NDArray, axis: int, inverse: bool, workers: int) -> NDArray:
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
        between = scipy.fft.idst(between, 1, axis=axis, norm="ortho", workers=workers) + straight
    else:
        between = scipy.fft.dst(between - straight, 1, axis=axis, norm="ortho", workers=workers)
    return np.concatenate([first, between, last], axis=axis)
