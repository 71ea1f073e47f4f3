"""Whether rounding left enough of what was done for its errors to be noise.

Rounding is noise of its own only if what is rounded spreads over levels enough. A kernel near a
whole number m of samples, as in y = m x + d with small d, is rounded as d is: if d stays within a
level, its rounding is a threshold, and least squares finds a kernel with the right direction and a
wrong length, however small its error bars are. Then nearly all of y - m x is one of two levels that
are next to each other.

Source: B. Widrow and I. Kollar, Quantization Noise, Cambridge 2008, doi:10.1017/CBO9780511754661,
chapter 5 (the spread that makes rounding noise); J. J. Bussgang, MIT RLE Technical Report 216
(1952) (the length of what a threshold leaves).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Region
from convmat.identify.evidence import Evidence
from convmat.identify.fit import BoxFit, Residual
from convmat.identify.sampling import around

__all__ = ["cut_off_everywhere", "few_changes", "few_levels"]

# Deviation of the picture after, in levels, below which rounding makes most of it.
_TOO_FEW_LEVELS = 0.75
# Share of the changes that must be none of the two most frequent neighbours. Errors over error bars
# were 13 below 0.05, 2.3 below 0.1, 1.6 below 0.15, 1.2 below 0.2, and 1 above; but 3.7 in the
# worst of these, and 3.6 at 0.23 for a Gaussian on a clock's face.
_NEITHER = 0.25
_LEAST, _UNSURE = 64, 0.1
# Share of the pixels after that are at a limit, beyond which too few were not cut off.
_CUT_OFF = 0.95


def few_levels(residuals: Sequence[Residual], step: float) -> Evidence:
    """Against any verdict where the picture after hardly varies."""
    spread = max(float(np.std(residual.levels)) for residual in residuals) / step
    text = f"the picture after varies by {spread:.2g} of its levels: most of it is rounding"
    return Evidence("levels", spread, _TOO_FEW_LEVELS, spread < _TOO_FEW_LEVELS, text)


def cut_off_everywhere(residuals: Sequence[Residual]) -> Evidence:
    """The same where nearly all pixels after are at a limit, unless those before are, too.

    What is white before and after is paper, and was not cut off.
    """
    there, new, count = 0, 0, 0
    for residual in residuals:
        low, high = residual.plane.low, residual.plane.high
        levels, before = residual.levels, residual.plane.before
        at = (levels == low) | (levels == high)
        there, count = there + int(np.count_nonzero(at)), count + levels.size
        white = np.count_nonzero((before == low) | (before == high)) * levels.size / before.size
        new += max(int(np.count_nonzero(at)) - int(white), 0)
    share = there / max(count, 1)
    cut_off = share > _CUT_OFF and 2 * new > there and share < 1
    text = f"{share:.0%} of the pixels after are at the smallest or largest level" + (
        ": too few were not cut off" if cut_off else ""
    )
    return Evidence("limits", share, _CUT_OFF, cut_off, text)


def few_changes(fit: BoxFit, residuals: Sequence[Residual], step: float) -> Evidence:
    """The same where what was done to a whole number of samples hardly does.

    A threshold shortens or lengthens the kernel, so that whole numbers near its largest entry are
    tried.
    """
    largest = fit.kernel.flat[int(np.argmax(np.abs(fit.kernel)))]
    share, size = 1.0, 0
    for whole in {float(np.rint(largest - _UNSURE)), float(np.rint(largest + _UNSURE))}:
        changes = np.concatenate([_changes(fit, left, whole, step) for left in residuals])
        levels, counts = np.unique(changes, return_counts=True)
        neighbours = counts[:-1] + counts[1:] * (np.diff(levels) == 1)
        most = int(max(counts.max(initial=0), neighbours.max(initial=0)))
        size = changes.size
        share = min(share, 1 - most / max(size, 1))
    few = share < _NEITHER and size >= _LEAST
    text = f"{1 - share:.0%} of all changes were to one of two levels next to each other" + (
        ": rounding left too little of them" if few else ""
    )
    return Evidence("changes", share, _NEITHER, few, text)


def _changes(fit: BoxFit, residual: Residual, whole: float, step: float) -> NDArray:
    """In levels, where the picture before is not flat, and that after at no limit: 1-D."""
    place = np.unravel_index(int(np.argmax(np.abs(fit.kernel))), fit.kernel.shape)
    moved = [a + int(i) for a, i in zip(fit.box.lo, place, strict=True)]
    region = Region(
        tuple(a - d for a, d in zip(residual.region.start, moved, strict=True)),
        tuple(b - d for b, d in zip(residual.region.stop, moved, strict=True)),
    )
    samples = around(replace(residual, region=region))
    own = samples[tuple(slice(1, -1) for _ in samples.shape)]
    flat = np.ones(own.shape, dtype=bool)
    for axis in range(own.ndim):
        for shift in (0, 2):
            at = [slice(1, -1)] * own.ndim
            at[axis] = slice(shift, shift + own.shape[axis])
            flat &= samples[tuple(at)] == own
    levels = residual.levels
    counts = ~flat & (levels != residual.plane.low) & (levels != residual.plane.high)
    return np.rint((levels - whole * own)[counts] / step)
