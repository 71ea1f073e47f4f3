"""How a signal continues past its edges.

A boundary condition is, per axis, a linear extension: each sample beyond the edge is a
short signed combination of the signal's own samples,

    ext(x)[p] = sum over t of  weights[t, p] * x[indices[t, p]]

with one term for most conditions, weight 0 for `zero`, and three terms for `antireflect`.
It is worked out here, once, for any position `p`, however many times the extension wraps
or reflects; everything else reads it from here. Axes combine as a Kronecker product.

The signs of the anti-boundaries follow Donatelli and Serra-Capizzano (2005),
doi:10.1088/0266-5611/21/1/011, and Ng, Chan and Tang (1999), doi:10.1137/S1064827598341384,
is the source for the reflecting ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError

__all__ = ["Boundary", "Extension", "boundary_text", "extension", "parse_boundary"]


class Boundary(StrEnum):
    """The seven boundary conditions, drawn for the signal ``abcd``.

    ================= =============================================
    ``zero``          ``0 0 0 | a b c d | 0 0 0``
    ``circular``      ``b c d | a b c d | a b c``
    ``replicate``     ``a a a | a b c d | d d d``
    ``symmetric``     ``c b a | a b c d | d c b``
    ``mirror``        ``d c b | a b c d | c b a``
    ``antisymmetric`` ``-c -b -a | a b c d | -d -c -b``
    ``antireflect``   ``2a-d 2a-c 2a-b | a b c d | 2d-c 2d-b 2d-a``
    ================= =============================================

    Examples
    --------
    >>> Boundary("mirror")
    <Boundary.MIRROR: 'mirror'>
    """

    ZERO = "zero"
    CIRCULAR = "circular"
    REPLICATE = "replicate"
    SYMMETRIC = "symmetric"
    MIRROR = "mirror"
    ANTISYMMETRIC = "antisymmetric"
    ANTIREFLECT = "antireflect"


@dataclass(frozen=True, eq=False)
class Extension:
    """The samples at positions ``start, start + 1, ...`` as combinations of the signal's.

    Attributes
    ----------
    size : int
        Number of samples of the signal along this axis.
    start : int
        Position of the first extended sample; 0 is the signal's first.
    indices : ndarray of intp, shape (terms, positions)
    weights : ndarray of float64, shape (terms, positions)
        Terms of weight 0 count for nothing.
    """

    size: int
    start: int
    indices: NDArray[np.intp]
    weights: NDArray[np.float64]

    @property
    def is_whole(self) -> bool:
        """Whether the whole signal is among the positions."""
        return self.start <= 0 and self.start + self.indices.shape[1] >= self.size

    def part(self, first: int, stop: int) -> "Extension":
        """The extension at some of the positions, counted from the first.

        Examples
        --------
        >>> extension(Boundary.SYMMETRIC, 4, -2, 6).part(0, 3).indices
        array([[1, 0, 0]])
        """
        return Extension(
            self.size,
            self.start + first,
            self.indices[:, first:stop],
            self.weights[:, first:stop],
        )

    def read(self, data: NDArray, first: int, stop: int, axis: int) -> NDArray:
        """What `part` makes of the data: a view of them, where it reads nothing beyond them.

        Examples
        --------
        >>> extension(Boundary.SYMMETRIC, 4, -2, 6).read(np.array([1.0, 2, 3, 4]), 1, 4, 0)
        array([1., 1., 2.])
        """
        start = self.start + first
        if start >= 0 and self.start + stop <= self.size:
            return data[(*(slice(None),) * axis, slice(start, self.start + stop))]
        return self.part(first, stop).apply(data, axis)

    def apply(self, data: NDArray, axis: int) -> NDArray:
        """Extend `data` along `axis`; floating dtypes are kept.

        Examples
        --------
        >>> extension(Boundary.SYMMETRIC, 4, -2, 6).apply(np.array([1.0, 2, 3, 4]), 0)
        array([2., 1., 1., 2., 3., 4., 4., 3.])
        """
        weights = self.weights.astype(data.real.dtype, copy=False)
        shape = [1] * data.ndim
        shape[axis] = -1
        extended = np.take(data, self.indices[0], axis=axis)
        if not np.all(weights[0] == 1):
            extended *= weights[0].reshape(shape)
        for indices, weight in zip(self.indices[1:], weights[1:], strict=True):
            extended += np.take(data, indices, axis=axis) * weight.reshape(shape)
        return extended


def extension(boundary: Boundary, size: int, start: int, stop: int) -> Extension:
    """Work out the extension at positions ``start <= p < stop`` of a signal of `size` samples.

    Examples
    --------
    >>> extension(Boundary.ANTIREFLECT, 3, -1, 0).weights.ravel().tolist()  # 2a - b
    [-1.0, 0.0, 2.0]
    """
    p = np.arange(start, stop, dtype=np.intp)
    if boundary is Boundary.ANTIREFLECT:
        indices, weights = _antireflect(p, size)
    else:
        index, weight = _single_term(boundary, p, size)
        indices, weights = index[np.newaxis], weight[np.newaxis].astype(np.float64)
    return Extension(size, start, indices, weights)


def _single_term(
    boundary: Boundary, p: NDArray[np.intp], n: int
) -> tuple[NDArray[np.intp], NDArray]:
    one = np.ones(p.shape)
    match boundary:
        case Boundary.ZERO:
            return np.clip(p, 0, n - 1), (p >= 0) & (p < n)
        case Boundary.CIRCULAR:
            return p % n, one
        case Boundary.REPLICATE:
            return np.clip(p, 0, n - 1), one
        case Boundary.SYMMETRIC | Boundary.ANTISYMMETRIC:
            q = p % (2 * n)
            reflected = q >= n
            sign = -1.0 if boundary is Boundary.ANTISYMMETRIC else 1.0
            return np.where(reflected, 2 * n - 1 - q, q), np.where(reflected, sign, one)
        case Boundary.MIRROR:
            q = p % max(2 * n - 2, 1)
            return np.where(q >= n, 2 * n - 2 - q, q), one
    raise AssertionError(boundary)


def _antireflect(p: NDArray[np.intp], n: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Odd about both end samples, so each period 2(n - 1) adds twice their difference."""
    q, periods = p % max(2 * n - 2, 1), p // max(2 * n - 2, 1)
    reflected = q >= n
    zero = np.zeros_like(p)
    # One sample has no period: the two end terms cancel and the extension is constant.
    indices = np.stack([np.where(reflected, 2 * n - 2 - q, q), zero + (n - 1), zero])
    rises = 2.0 * periods * (n > 1)
    weights = np.stack([np.where(reflected, -1.0, 1.0), rises + 2.0 * reflected, -rises])
    return indices, weights


def boundary_text(boundary: Sequence[Boundary]) -> str:
    """The name of every axis; one name where all are the same.

    Examples
    --------
    >>> zero, circular = Boundary.ZERO, Boundary.CIRCULAR
    >>> boundary_text([zero, zero]), boundary_text([zero, circular, circular])
    ('zero', 'zero, circular, circular')
    """
    one = len(set(boundary)) == 1
    return ", ".join(boundary[:1] if one else boundary)


def parse_boundary(boundary: str | Sequence[str], ndim: int) -> tuple[Boundary, ...]:
    """One boundary condition per axis, from one name or a tuple of names.

    Raises
    ------
    ConvmatError
        For unknown names, for "reflect" (which means two things), and for a tuple whose
        length is not the number of axes.

    Examples
    --------
    >>> parse_boundary("mirror", 2)
    (<Boundary.MIRROR: 'mirror'>, <Boundary.MIRROR: 'mirror'>)
    """
    if isinstance(boundary, str):
        return (_parse_name(boundary),) * ndim
    if not isinstance(boundary, Sequence) or isinstance(boundary, bytes):
        raise ConvmatError(
            f"boundary must be a name or a tuple of names, one per axis, got {boundary!r}"
        )
    if len(boundary) != ndim:
        raise ConvmatError(
            f"boundary {tuple(map(str, boundary))} names {len(boundary)} axes, there are {ndim}"
        )
    return tuple(_parse_name(name) for name in boundary)


def _parse_name(name: str) -> Boundary:
    if isinstance(name, str) and name.lower() == "reflect":
        raise ConvmatError(
            f"boundary {name!r} means two different things: use 'symmetric' for dcba|abcd|dcba "
            "(SciPy's and OpenCV's reflect, the edge sample repeats) or 'mirror' for "
            "dcb|abcd|cba (NumPy's reflect, it does not)"
        )
    try:
        return Boundary(name)
    except ValueError:
        names = ", ".join(Boundary)
        raise ConvmatError(f"boundary {name!r} is unknown; it must be one of {names}") from None
