"""How much larger the scatter of a fit is than white noise makes it: by parts, and by tiles.

Both numbers are 1 on average where one kernel explains everything and what is left is white. Where
they are more, the usual covariance is too small by as much.

Source: G. C. Chow, Econometrica 28 (1960), doi:10.2307/1910133 (parts); W. K. Newey and K. D. West,
Econometrica 55 (1987), doi:10.2307/1913610 (sums of scores over neighbours).
"""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from math import sqrt
from operator import add
from typing import NamedTuple

import numpy as np

from convmat.identify.box import Box, Region
from convmat.identify.fit import BoxFit, Residual, correlated

__all__ = ["Dispersion", "colour", "dispersion", "score_dispersion", "widening"]

_LAGS, _FREQUENCIES = 2, 16
# Standard deviations above 1, of few parts and of many tiles, that are no chance.
_OF_PARTS, _OF_TILES = 2.0, 4.0

_LEAST_TILES, _MOST_TILES, _LEAST_TILE = 6, 16, 12


class Dispersion(NamedTuple):
    """F of kernels of their own for all parts, its freedom, and the share of squares explained."""

    value: float
    freedom: int
    share: float


def dispersion(fit: BoxFit) -> Dispersion:
    """How much more the parts' own kernels differ than noise without correlation makes them.

    It is 1 on average where one kernel explains all parts and the noise is white; more where the
    noise is not, by as much as the error bars are too small.
    """
    from scipy import linalg

    h = fit.kernel.ravel()
    gained, freedom = 0.0, 0
    for part in fit.moments:
        if part.observations < 4 * (fit.box.size + 1):
            continue
        own = part.centred()
        try:
            factor = linalg.cho_factor(own.gram, lower=True, check_finite=False)
        except linalg.LinAlgError:
            continue
        pull = own.rhs - own.gram @ h
        excess = own.level - own.mean @ h - fit.offset
        gained += float(pull @ linalg.cho_solve(factor, pull) + own.weight * excess**2)
        freedom += fit.box.size + 1
    freedom -= fit.box.size + 1
    if freedom <= 0 or fit.exact or not fit.square or fit.singular:
        return Dispersion(1.0, max(freedom, 0), 0.0)
    expected = freedom * fit.variance
    return Dispersion(gained / expected, freedom, max(gained - expected, 0.0) / fit.square)


def score_dispersion(fit: BoxFit, residuals: Iterable[Residual]) -> Dispersion:
    """How much more the gradient varies from tile to tile than white noise makes it.

    With g_t the part of X'r that comes from tile t, C the inverse Gram matrix and s^2 the
    variance, the mean of ``sum over t of g_t' C g_t`` is ``K s^2 (1 - 1 / tiles)`` where r is
    white; noise that is alike at neighbouring pixels makes it larger by as much as the covariance
    is too small.
    """
    means = reduce(add, fit.moments).centred().mean
    scores = []
    for residual in residuals:
        left = residual.masked
        for tile in _tiles(residual.region, fit.box):
            at = zip(tile.start, tile.stop, residual.region.start, strict=True)
            part = left[tuple(slice(a - first, b - first) for a, b, first in at)]
            samples = residual.plane.before[fit.box.reads(tile)]
            scores.append(correlated(samples, part, fit.box.shape) - means * part.sum())
    count = len(scores)
    if count < _LEAST_TILES or fit.exact or fit.singular or not fit.square:
        return Dispersion(1.0, 0, 0.0)
    g = np.array(scores)
    total = float(np.sum((g @ fit.inverse) * g))
    expected = fit.box.size * fit.variance * (1 - 1 / count)
    return Dispersion(total / expected, fit.box.size * (count - 1), 0.0)


def widening(parts: Dispersion, tiles: Dispersion) -> float:
    """By how much covariances are too small: the larger of both, where that is no chance."""
    widened = 1.0
    for between, deviations in ((parts, _OF_PARTS), (tiles, _OF_TILES)):
        if between.value > max(1 + deviations * sqrt(2 / max(between.freedom, 1)), widened):
            widened = between.value
    return widened


def colour(residuals: Iterable[Residual]) -> float:
    """The largest power of the residual at any frequency, over their mean: 1 for white noise.

    From autocovariances up to a lag of two, under a triangle, which keeps the power positive. By
    as much, at most, noise that is not white makes an entry's square larger.
    """
    lags = 2 * _LAGS + 1
    sums = np.zeros((lags, lags))
    for residual in residuals:
        left = residual.masked
        if min(left.shape) <= 2 * lags:
            return 1.0
        middle = left[_LAGS:-_LAGS, _LAGS:-_LAGS]
        for i in range(_LAGS, lags):
            for j in range(lags):
                moved = left[i : i + middle.shape[0], j : j + middle.shape[1]]
                sums[i, j] += np.vdot(middle, moved)
                sums[lags - 1 - i, lags - 1 - j] = sums[i, j]
    if not sums[_LAGS, _LAGS] > 0:
        return 1.0
    fade = 1 - np.abs(np.arange(-_LAGS, _LAGS + 1)) / (_LAGS + 1)
    power = np.fft.fft2(sums / sums[_LAGS, _LAGS] * np.outer(fade, fade), (_FREQUENCIES,) * 2)
    return float(np.abs(power).max())


def _tiles(region: Region, box: Box) -> list[Region]:
    """A few times as large as the box; at most `_MOST_TILES` a side."""
    axes = []
    for a, b, k in zip(region.start, region.stop, box.shape, strict=True):
        count = int(np.clip((b - a) // max(2 * k, _LEAST_TILE), 1, _MOST_TILES))
        cuts = [a + (b - a) * i // count for i in range(count + 1)]
        axes.append(list(pairwise(cuts)))
    parts = [Region((), ())]
    for ends in axes:
        parts = [Region((*r.start, p), (*r.stop, q)) for r in parts for p, q in ends]
    return parts
