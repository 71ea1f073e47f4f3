"""Where the picture after lies over the picture before, and about how far its kernel reaches.

The quotient of the spectra, held down where the picture before has little, is a blurred kernel at
all displacements at once:

    q = F^-1 [ conj(X) Y / (|X|^2 + c) ]

with the edges of both pictures faded out. Its largest value says where to look; what is found there
is settled by least squares.

Source: C. D. Kuglin and D. C. Hines, The phase correlation image alignment method, IEEE Int. Conf.
Cybernetics and Society 1975, pp. 163-165 (the case c = 0, of unit moduli).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box
from convmat.identify.given import Plane

__all__ = ["Alignment", "align"]

_FLOOR = 1e-4
_VISIBLE = 0.03
_SIGNIFICANT = 7.0
_REACH = 40


@dataclass(frozen=True, eq=False)
class Alignment:
    """The displacement of the largest value, the box of those that stand out, and how far it does.

    ``strength`` is the peak over the standard deviation of what is elsewhere.
    """

    shift: tuple[int, ...]
    box: Box
    strength: float


def align(planes: list[Plane]) -> Alignment:
    """The displacement of `after` against `before`, from the sum over planes.

    Examples
    --------
    >>> picture = np.random.default_rng(0).random((40, 50))
    >>> shifted = Plane(picture, np.roll(picture, (3, -5), (0, 1)), 0.0, 0.0, 0.0, 1.0, 0.0, 0, 0)
    >>> align([shifted]).shift
    (3, -5)
    """
    from scipy import fft

    first = planes[0]
    sizes = zip(first.before.shape, first.after.shape, strict=True)
    shape = tuple(fft.next_fast_len(max(m, n), real=True) for m, n in sizes)
    cross: NDArray = np.zeros(1)
    power: NDArray = np.zeros(1)
    for plane in planes:
        X = fft.rfftn(_faded(plane.before), shape, workers=-1)
        Y = fft.rfftn(_faded(plane.after), shape, workers=-1)
        power = power + (X.real**2 + X.imag**2)
        cross = cross + np.conj(X) * Y
        del X, Y
    mean = power.mean()
    if not mean:
        return Alignment((0,) * len(shape), Box((0,) * len(shape), (0,) * len(shape)), 0.0)
    cross /= power + _FLOOR * mean
    quotient = fft.irfftn(cross, shape, workers=-1)
    size = np.abs(quotient)
    peak = np.unravel_index(int(size.argmax()), shape)
    typical = float(np.median(size.ravel()[:: 1 + size.size // 2**18])) / 0.6745
    strength = float(size[peak]) / typical if typical else np.inf
    # A displacement beyond half of the picture is a negative one.
    shift = tuple(int(p) - (n if p > n // 2 else 0) for p, n in zip(peak, shape, strict=True))
    reach = [min(_REACH, (n - 1) // 2) for n in shape]
    near = np.ix_(
        *(np.arange(p - r, p + r + 1) % n for p, r, n in zip(peak, reach, shape, strict=True))
    )
    local = size[near]
    visible = np.argwhere(local > max(_VISIBLE * size[peak], _SIGNIFICANT * typical))
    if strength < _SIGNIFICANT or not visible.size:
        shift, box = (0,) * len(shape), Box((0,) * len(shape), (0,) * len(shape))
        return Alignment(shift, box, strength)
    axes = list(zip(visible.min(axis=0), visible.max(axis=0), shift, reach, strict=True))
    box = Box(
        tuple(int(low) - r + s for low, _, s, r in axes),
        tuple(int(high) - r + s for _, high, s, r in axes),
    )
    return Alignment(shift, box, strength)


def _faded(picture: NDArray) -> NDArray:
    """Less its mean, and brought to 0 at its edges over an eighth of each side."""
    faded = (picture - picture.mean()).astype(np.float32 if picture.size > 2**20 else np.float64)
    for axis, n in enumerate(picture.shape):
        fade = np.ones(n)
        width = n // 8
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(width) + 0.5) / max(width, 1))
        fade[:width], fade[n - width :] = ramp, ramp[::-1]
        faded *= np.expand_dims(fade, tuple(a for a in range(picture.ndim) if a != axis)).astype(
            faded.dtype
        )
    return faded
