"""Whether rounding left enough of what was done for its errors to be noise.

Rounding is noise of its own only if what is rounded spreads over levels enough. A kernel near a
whole number m of samples, as in y = m x + d with small d, is rounded as d is: if d stays within a
level, its rounding is a threshold, and least squares finds a kernel with the right direction and a
wrong length, however small its error bars are. Then nearly all of y - m x is one of two levels.

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

__all__ = ["few_changes", "few_levels"]

# Deviation of the picture after, in levels, below which rounding makes most of it.
_TOO_FEW_LEVELS = 0.75
# Share of the changes that must be none of the two most frequent ones. Errors over error bars were
# 13 below 0.05, 2.3 below 0.1, 1.6 below 0.15, and 1.2 or less above.
_NEITHER = 0.15
_LEAST = 64


def few_levels(residuals: Sequence[Residual], step: float) -> Evidence:
    """Against any verdict where the picture after hardly varies."""
    spread = max(float(np.std(residual.levels)) for residual in residuals) / step
    text = f"the picture after varies by {spread:.2g} of its levels: most of it is rounding"
    return Evidence("levels", spread, _TOO_FEW_LEVELS, spread < _TOO_FEW_LEVELS, text)


def few_changes(fit: BoxFit, residuals: Sequence[Residual], step: float) -> Evidence:
    """The same where what was done to a whole number of samples hardly does."""
    changes = np.concatenate([_changes(fit, residual, step) for residual in residuals])
    _, counts = np.unique(changes, return_counts=True)
    share = 1 - float(np.sort(counts)[-2:].sum()) / max(changes.size, 1)
    few = share < _NEITHER and changes.size >= _LEAST
    text = f"{1 - share:.0%} of all changes were to one of two levels" + (
        ": rounding left too little of them" if few else ""
    )
    return Evidence("changes", share, _NEITHER, few, text)


def _changes(fit: BoxFit, residual: Residual, step: float) -> NDArray:
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
    return np.rint((levels - np.rint(fit.kernel[place]) * own)[counts] / step)
