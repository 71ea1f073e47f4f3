"""Do channels have one kernel, one each, or do they mix: nested fits of the same pixels.

On one box and the same pixels, about the channels' own noise s_i^2,

    mixed      y_i = sum over j of h_ij * x_j + o_i
    separate   y_i = h_ii * x_i + o_i
    common     y_i = h * x_i + o

each is a special case of the one before. The squares that a case leaves and the larger one does
not, over s_i^2, are chi-square with as many degrees of freedom m as it has fewer unknowns; the
simpler one stands where they are below m + 5 sqrt(2 m) and an effect size beside it. Where levels
are rounded s_i^2 is at least what rounding leaves: a channel that was copied proves nothing.

Source: G. C. Chow, Econometrica 28 (1960), doi:10.2307/1910133 (equal coefficients).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np

from convmat.identify.box import Box
from convmat.identify.channel_window import find_window, noise_variance
from convmat.identify.dispersion import dispersion, score_dispersion, widening
from convmat.identify.fit import BoxFit, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.trimming import trimmed
from convmat.identify.volumes import flat_box, own_box, union, volume_box, volumes_of

__all__ = ["Structure", "channels_differ", "structure_of"]

_DEVIATIONS = 5.0
# Share of what rounding leaves by chance.
_LEAST_LEFT = 0.9
# Squares over noise, as a share of the pixels, that are no effect.
_NO_EFFECT = 0.002


@dataclass(frozen=True, eq=False)
class Structure:
    """Which of the simpler cases are ruled out, and the smallest box that explains all channels.

    Attributes
    ----------
    box, window : Box
        And the window that it was found in.
    differ : bool
        Whether kernels and offsets of their own explain more than common ones.
    mix : bool
        Whether kernels from every channel explain more than those.
    gained : float
        The largest share of what a channel's own kernel leaves that the other channels explain.
    left : float
        Standard deviation of what kernels from all channels leave.
    cut_off : bool
        Whether the kernels are larger than the window that was looked at.
    """

    box: Box
    window: Box
    differ: bool
    mix: bool
    gained: float
    left: float
    cut_off: bool


def structure_of(planes: Sequence[Plane], largest: tuple[int, ...] | None) -> Structure | None:
    """What explains more than what; None where there is no window for that."""
    count = 1 + max(plane.channel for plane in planes)
    channels = volumes_of(planes)
    found = find_window(planes, channels, largest)
    if found is None:
        return None
    box, frame = union([flat_box(one.box) for one in found]), found[0].window.box
    keeps, cut_off = [one.keeps for one in found], found[0].cut_off
    while True:
        columns = volume_box(box, count)
        fits = [
            fit_box(volumes, columns, keep, quarters=True, frame=frame)
            for volumes, keep in zip(channels, keeps, strict=True)
        ]
        scatter = [
            (dispersion(fit), score_dispersion(fit, left))
            for fit, left in zip(fits, map(residuals_of, channels, fits, keeps), strict=True)
        ]
        spreads = [max(1.0, parts.value, tiles.value) for parts, tiles in scatter]
        noises = list(map(noise_variance, fits, channels))
        # Rounding that follows the levels is alike in like places, and leaves too little there.
        follows = [fit.variance < _LEAST_LEFT * n for fit, n in zip(fits, noises, strict=True)]
        if cut_off or (not any(follows) and all(widening(*each) == 1 for each in scatter)):
            break
        floored = [
            replace(fit, square=max(fit.square, noise * fit.observations))
            for fit, noise in zip(fits, noises, strict=True)
        ]
        smaller = union([flat_box(trim) for trim, _ in map(trimmed, floored, spreads)])
        if smaller == box:
            break
        box = smaller
    own, variances, gained = [], [], 0.0
    for channel, fit in enumerate(fits):
        volumes, keep = channels[channel], keeps[channel]
        mine = own_box(box, count, channel)
        alone = fit_box(volumes, mine, keep, quarters=True, frame=frame)
        own.append(alone)
        variances.append(noises[channel] * spreads[channel])
        gain = (alone.square - fit.square) / variances[-1]
        fewer = fit.box.size - mine.size
        if not fit.singular and _significant(gain, fewer, fit.observations):
            gained = max(gained, 1 - fit.square / alone.square)
    left = float(np.sqrt(np.mean([fit.variance for fit in fits])))
    differ = channels_differ(own, variances)
    return Structure(box, flat_box(frame), differ, gained > 0, gained, left, cut_off)


def channels_differ(fits: Sequence[BoxFit], variances: Sequence[float]) -> bool:
    """Whether kernels and offsets of their own explain more than common ones.

    Parameters
    ----------
    fits : sequence of BoxFit
        Of each channel by itself, on one box, with their moments.
    variances : sequence of float
        Of the noise in each.
    """
    from scipy import linalg

    # A channel that is the same everywhere agrees with any kernel.
    telling = [np.trace(fit.gram) > 0 for fit in fits]
    fits = [fit for fit, tells in zip(fits, telling, strict=True) if tells]
    variances = [variance for variance, tells in zip(variances, telling, strict=True) if tells]
    if len(fits) < 2:
        return False
    moments = [reduce(add, fit.moments).centred() for fit in fits]
    origin = np.mean([m.mean for m in moments], axis=0)
    grams, solutions = [], []
    for fit, moment, variance in zip(fits, moments, variances, strict=True):
        mean = moment.mean - origin
        row = np.append(mean, 1.0)
        gram = moment.weight * np.outer(row, row)
        gram[:-1, :-1] += fit.gram
        grams.append(gram / variance)
        h = fit.kernel.ravel()
        solutions.append(np.append(h, moment.level - mean @ h))
    total = reduce(add, grams)
    total += 1e-13 * np.trace(total) / len(total) * np.eye(len(total))
    pulls = [gram @ theta for gram, theta in zip(grams, solutions, strict=True)]
    common = linalg.solve(total, reduce(add, pulls), assume_a="pos")
    offs = [theta - common for theta in solutions]
    gain = sum(float(off @ gram @ off) for off, gram in zip(offs, grams, strict=True))
    pixels = sum(fit.observations for fit in fits)
    return _significant(gain, (len(fits) - 1) * len(common), pixels)


def _significant(gain: float, freedom: int, pixels: int) -> bool:
    return bool(gain > freedom + _DEVIATIONS * np.sqrt(2 * freedom) + _NO_EFFECT * pixels)
