"""Where the spectrum F of a kernel is smallest, and whether it vanishes there.

|F| is looked at on a zero-padded grid. Along axis j it changes with the frequency by at most
``2 pi sum |a_j - middle_j| |f[a]|``, so that what is smallest, and any zero, is within half a cell
of a grid point where |F| is not larger by more than that is worth. From all of these that are
local minima of the grid Newton's method goes down to a minimum of |F|^2, and from the maxima
that the largest may be near up to a maximum. What is left at a minimum is called zero where it is
rounding: at most `ZERO` times eps times the sum of |f|.

For Newton's method and its source see `convmat.inverse.stationary_points`.
"""

from dataclasses import dataclass
from itertools import product
from math import ceil, log2, prod

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from convmat.inverse.kernel_spectrum import positions, spectrum, spectrum_derivatives
from convmat.inverse.stationary_points import STEPS, stationary_points, wrapped

__all__ = ["SpectrumMinimum", "spectrum_minimum"]

ZERO = 100
"""Of eps times the sum of |f|: what is called zero."""

SHOWN = 16
"""Zeros that are named at most."""

_SEEDS = 128
_MOST_POINTS = 2**20
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16)


@dataclass(frozen=True, eq=False)
class SpectrumMinimum:
    """Where |F| is smallest.

    Attributes
    ----------
    frequency : tuple of float
        In cycles per sample, -1/2 < u <= 1/2, one for each axis of the kernel. Of several, one
        nearest to zero.
    ratio : float
        |F| there, relative to the largest |F|; 0.0 where it is rounding.
    largest : float
        The largest |F|.
    zeros : ndarray, shape (count, axes)
        Frequencies where F vanishes, at most 16 of them; of a real kernel, whose zeros come in
        pairs u and -u, one of each pair.
    continuous : bool
        Whether they lie on curves (surfaces) of zeros, of which these are only examples.
    """

    frequency: tuple[float, ...]
    ratio: float
    largest: float
    zeros: NDArray[np.float64]
    continuous: bool


def spectrum_minimum(kernel: NDArray) -> SpectrumMinimum:
    """Find where the spectrum is smallest.

    Parameters
    ----------
    kernel : ndarray
        Not all zero.

    Examples
    --------
    >>> binomial = spectrum_minimum(np.array([1.0, 2.0, 1.0]))
    >>> binomial.frequency, binomial.ratio
    ((0.5,), 0.0)
    >>> round(spectrum_minimum(np.array([1.0, 4.0, 1.0])).ratio, 6)
    0.333333
    """
    eps = float(np.finfo(kernel.dtype).eps)
    scale = float(np.abs(kernel).max())
    scaled = (kernel / scale).astype(np.result_type(kernel, np.float64))
    zero = ZERO * eps * float(np.abs(scaled).sum())
    magnitudes = np.abs(fft.fftn(scaled, _grid(scaled.shape)))
    peaks = _doubtful(scaled, -magnitudes)
    largest = float(stationary_points(scaled, peaks, upwards=True)[1].max())
    seeds = np.concatenate([_lowest(magnitudes), _doubtful(scaled, magnitudes)])
    found, values = stationary_points(scaled, seeds, zero=zero)
    vanishing = _simplified(scaled, found[values <= zero], zero)
    if np.isrealobj(scaled):  # as |F| is at u, so it is at -u
        vanishing, found = _turned(vanishing), _turned(found)
    vanishing = _distinct(vanishing, 1e-3 / max(scaled.shape))
    smallest = float(values.min())
    least = found[values <= smallest * (1 + 1e-9)]  # several, to rounding
    frequency = least[_order(least)[0]]
    if len(vanishing):
        frequency, smallest = vanishing[0], 0.0
    zeros = vanishing[:SHOWN]
    return SpectrumMinimum(
        frequency=tuple(float(u) for u in frequency),
        ratio=min(smallest / largest, 1.0),
        largest=largest * scale,
        zeros=zeros,
        continuous=_is_continuous(scaled, magnitudes.shape, zeros, zero),
    )


def _grid(shape: tuple[int, ...]) -> tuple[int, ...]:
    """60 times a power of two: all multiples of 1/2, 1/3, 1/4, 1/5 and 1/6 are on it."""
    sizes: tuple[int, ...] = ()
    for oversampling in (16, 8, 4, 2):
        sizes = tuple(60 * 2 ** max(0, ceil(log2(oversampling * k / 60))) for k in shape)
        sizes = tuple(1 if k == 1 else size for k, size in zip(shape, sizes, strict=True))
        if prod(sizes) <= _MOST_POINTS:
            break
    return sizes


def _lowest(magnitudes: NDArray) -> NDArray:
    """The grid point of the smallest |F|, nearest to zero where several are it to rounding."""
    flat = magnitudes.ravel()
    indices = np.flatnonzero(flat <= flat.min() * (1 + 1e-9))
    frequencies = _frequencies(indices, magnitudes.shape)
    return frequencies[_order(frequencies)[:1]]


def _doubtful(kernel: NDArray, magnitudes: NDArray) -> NDArray:
    """Local minima of the grid that the smallest |F| may be near, the lowest first.

    Of -|F|, these are maxima that the largest may be near.
    """
    most = 0.0
    for axis, size in enumerate(magnitudes.shape):
        others = tuple(a for a in range(kernel.ndim) if a != axis)
        slope = np.abs(positions(kernel.shape[axis])) @ np.abs(kernel).sum(axis=others)
        most += np.pi * float(slope) / size
    low = magnitudes <= magnitudes.min() + most
    for step in product((-1, 0, 1), repeat=kernel.ndim):
        low &= magnitudes <= np.roll(magnitudes, step, tuple(range(kernel.ndim)))
    indices = np.flatnonzero(low)
    lowest = indices[np.argsort(magnitudes.ravel()[indices], kind="stable")[:_SEEDS]]
    return _frequencies(lowest, magnitudes.shape)


def _frequencies(indices: NDArray, shape: tuple[int, ...]) -> NDArray:
    return wrapped(np.stack(np.unravel_index(indices, shape), axis=1) / np.array(shape))


def _order(frequencies: NDArray) -> NDArray:
    """From zero outwards; of equal distances, positive ones first."""
    distance = np.linalg.norm(frequencies, axis=1).round(9)
    return np.lexsort((*-frequencies.T[::-1].round(9), distance))


def _simplified(kernel: NDArray, zeros: NDArray, zero: float) -> NDArray:
    """Simple fractions in the place of coordinates close to them, where F vanishes there too.

    At a zero of high order F is rounding for some way around it.
    """
    simple = zeros.copy()
    for axis in range(kernel.ndim):
        done = np.zeros(len(simple), dtype=bool)
        for denominator in _DENOMINATORS:
            near = simple.copy()
            near[:, axis] = wrapped(np.round(simple[:, axis] * denominator) / denominator)
            fits = ~done & (np.abs(wrapped(near - simple)).max(axis=1, initial=0) < 0.02)
            fits &= np.abs(spectrum(kernel, near)) <= zero
            simple[fits] = near[fits]
            done |= fits
    return simple


def _turned(frequencies: NDArray) -> NDArray:
    """Of u and -u the one whose first coordinate that is not zero is positive."""
    rounded = frequencies.round(9)
    leading = np.take_along_axis(rounded, (rounded != 0).argmax(axis=1)[:, None], axis=1)
    return wrapped(np.where(leading < 0, -frequencies, frequencies))


def _distinct(zeros: NDArray, apart: float) -> NDArray:
    """One of each, from zero outwards."""
    kept = np.empty((0, zeros.shape[1]))
    for u in zeros[_order(zeros)]:
        if not np.any(np.abs(wrapped(kept - u)).max(axis=1, initial=0) < apart):
            kept = np.vstack([kept, u])
    return kept


def _is_continuous(kernel: NDArray, grid: tuple[int, ...], zeros: NDArray, zero: float) -> bool:
    """Whether a zero has other zeros beside it: found by going a little way off and back.

    Back by the shortest way along which F, linearised, vanishes (Newton's method for fewer
    equations than unknowns), which leads to the nearest point of a curve of zeros.
    """
    free = [size > 1 for size in grid]  # F does not depend on the others
    if sum(free) < 2 or not len(zeros):
        return False
    distance = 0.05 / max(kernel.shape)
    directions = np.random.default_rng(0).standard_normal((6, kernel.ndim)) * free
    directions *= distance / np.linalg.norm(directions, axis=1, keepdims=True)
    u = (zeros[:, None, :] + directions).reshape(-1, kernel.ndim)
    start = np.repeat(zeros, len(directions), axis=0)
    for _ in range(STEPS):
        value = spectrum(kernel, u)
        first, _ = spectrum_derivatives(kernel, u, second=False)
        equations = np.stack([first.real, first.imag], axis=1)
        sides = np.stack([value.real, value.imag], axis=1)
        step = np.einsum("pij,pj->pi", np.linalg.pinv(equations, rcond=1e-6), sides)
        u = u - np.clip(step, -distance, distance)
    moved = np.abs(wrapped(u - start)).max(axis=1)
    vanishes = np.abs(spectrum(kernel, u)) <= zero
    return bool(np.any(vanishes & (moved > distance / 10) & (moved < 2 * distance)))
