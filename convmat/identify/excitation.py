"""Which frequencies the picture before contains enough of for the kernel to be known there.

The kernel's frequency response at f is H(f) = e(f)'h, and its standard error

    sigma * sqrt( e(f)' C e(f) ),      C the inverse Gram matrix,

is small where the picture has power and large where it has none, however good the fit looks. It is
taken on the kernel's box and a margin, so that a small box found for want of power is found out.

Where the picture before has no more power than the rounding of its own levels, 1/12, the rounding
of the picture after is a function of the same digits, and not independent of them: such frequencies
are not known either, whatever the formula says. The power is that of blocks under a Hann window
(P. D. Welch, IEEE Trans. Audio Electroacoust. 15 (1967), doi:10.1109/TAU.1967.1161901).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convmat.identify.fit import BoxFit
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE

__all__ = ["Excitation", "excitation"]

_GRID = 16
_DOUBTFUL = 0.1
_UNKNOWN = 0.5
_BLOCK = 32
_MOST_BLOCKS = 4096
_ABOVE_ROUNDING = 2.0


@dataclass(frozen=True, eq=False)
class Excitation:
    """Shares of all frequencies, and where they are.

    Attributes
    ----------
    doubtful, unknown : float
        Shares of the frequencies whose standard error is above 1/10, and 1/2, of the largest
        response.
    rounded : float
        Share of the frequencies at which the picture before is its own rounding.
    singular : bool
        Whether there are frequencies without any power.
    where : str
        Those that are unknown, rounded or doubtful, in words; empty where there are none.
    """

    doubtful: float
    unknown: float
    rounded: float
    where: str
    singular: bool = False


def excitation(fit: BoxFit, variance: float, planes: Sequence[Plane]) -> Excitation:
    """Judge every frequency of a grid."""
    waves = np.stack(np.meshgrid(*_grid(len(fit.box.lo)), indexing="ij"), axis=-1)
    flat = waves.reshape(-1, waves.shape[-1])
    axes = [np.arange(n) for n in fit.box.shape]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    basis = np.exp(-2j * np.pi * flat @ places.T)
    response = np.abs(basis @ fit.kernel.ravel())
    spread = np.sum((basis.conj() @ fit.inverse) * basis, axis=1).real
    errors = np.sqrt(variance * np.maximum(spread, 0.0))
    scale = float(response.max())
    if not scale:
        return Excitation(0.0, 0.0, 0.0, "", fit.singular)
    rounded, waves_of_blocks = _own_rounding(planes)
    doubtful, unknown = errors > _DOUBTFUL * scale, errors > _UNKNOWN * scale
    if unknown.mean() >= rounded.mean():
        where = _described(flat, unknown if unknown.any() else doubtful)
    else:
        where = _described(waves_of_blocks, rounded)
    shares = [float(which.mean()) for which in (doubtful, unknown, rounded)]
    return Excitation(shares[0], shares[1], shares[2], where, fit.singular)


def _own_rounding(planes: Sequence[Plane]) -> tuple[NDArray, NDArray]:
    """Whether all planes' power is that of rounding, by frequency, and the frequencies."""
    least = None
    for plane in planes:
        sides = [min(_BLOCK, n) for n in plane.before.shape]
        fade = np.ones(())
        for n in sides:
            fade = np.multiply.outer(fade, np.hanning(n + 2)[1:-1])
        fade /= np.sqrt(np.sum(fade**2))
        blocks = sliding_window_view(plane.before, sides)[
            tuple(slice(None, None, max(n // 2, 1)) for n in sides)
        ]
        blocks = blocks.reshape(-1, *sides)
        blocks = blocks[:: 1 + len(blocks) // _MOST_BLOCKS]
        axes = tuple(range(1, blocks.ndim))
        means = np.sum(blocks * fade, axis=axes, keepdims=True) / fade.sum()
        power = np.mean(np.abs(np.fft.rfftn((blocks - means) * fade, axes=axes)) ** 2, axis=0)
        power[(0,) * power.ndim] = np.inf  # the mean was taken out
        # Where the picture after is not rounded, that before has no rounding to be like it.
        level = _ABOVE_ROUNDING * ROUNDING_VARIANCE * plane.before_step**2 * bool(plane.step)
        low = power < max(level, float(np.finfo(float).tiny))
        least = low if least is None else (least & low if least.shape == low.shape else least)
    assert least is not None
    grid = np.meshgrid(
        *(np.fft.fftfreq(n) for n in sides[:-1]), np.fft.rfftfreq(sides[-1]), indexing="ij"
    )
    flat = np.stack(grid, axis=-1).reshape(-1, len(sides))
    return (least.ravel(), flat) if least.size == len(flat) else (np.zeros(len(flat), bool), flat)


def _grid(ndim: int) -> Sequence[NDArray]:
    """Cycles a pixel; by symmetry half of the last axis is enough."""
    whole = np.arange(-_GRID, _GRID) / (2 * _GRID)
    return [whole] * (ndim - 1) + [np.arange(_GRID + 1) / (2 * _GRID)]


def _described(waves: NDArray, marked: NDArray) -> str:
    if not marked.any():
        return ""
    if marked.all():
        return "all frequencies"
    radius = np.abs(waves).max(axis=1)
    least = radius[marked].min()
    if marked[radius >= least].mean() > 0.9:
        return f"frequencies above {least:.2g} cycles a pixel"
    names = ("vertical", "horizontal")
    for axis in range(waves.shape[1]):
        along = np.abs(waves[:, axis])
        least = along[marked].min()
        if least > 0 and marked[along >= least].mean() > 0.9:
            name = names[axis] if waves.shape[1] == 2 else f"axis {axis}"
            return f"{name} frequencies of {least:.2g} cycles a pixel and more"
    low, high = radius[marked].min(), radius[marked].max()
    return (
        f"{marked.mean():.0%} of all frequencies, between {low:.2g} and {high:.2g} cycles a pixel"
    )
