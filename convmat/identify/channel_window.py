"""The window in which channels are told apart: where it lies, how large, what was clipped.

As in the search for one kernel (`support`), but with a kernel from every channel before to every
channel after, and aligned by the sums of the channels, which channels that do not correspond, or
that were swapped, cannot mislead.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from convmat.identify.alignment import Alignment, align
from convmat.identify.box import Box
from convmat.identify.dispersion import colour
from convmat.identify.fit import BoxFit, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.quantization import CLIPPING_STEPS, ROUNDING_VARIANCE, fit_unclipped
from convmat.identify.trimming import trimmed
from convmat.identify.volumes import flat_box, flat_residual, union, volume_box, volumes_of
from convmat.identify.window_limits import WindowLimits

__all__ = ["find_window", "floored", "noise_variance"]

_REACH, _GROWTH = 2, 2
_LARGEST_SIDE = 17
_SIGNIFICANT = 7.0
# Share of the squares that a larger window must take away: of noise, of a picture.
_PAYS, _PAYS_OFF_NOISE, _NEARLY_ROUNDING = 5e-4, 0.2, 2.0
_MORE_THAN_ROUNDING, _COLOURED = 1.1, 1.3
_GRAINS, _TINY = 64.0, 1e-300


def find_window(
    planes: Sequence[Plane], count: int, largest: tuple[int, ...] | None
) -> tuple[Box, Box, list[list[NDArray] | None], bool] | None:
    """A window, the box in it for all channels, pixels not clipped, and whether it was cut off."""
    alignment = _aligned(planes)
    limits = WindowLimits(planes, largest)
    start = [
        (max(min(s - _REACH, a), s - _LARGEST_SIDE // 2), min(max(s + _REACH, b), s + 8))
        for s, a, b in zip(alignment.shift, alignment.box.lo, alignment.box.hi, strict=True)
    ]
    window = Box(tuple(a for a, _ in start), tuple(b for _, b in start))
    if max(alignment.box.shape) > _LARGEST_SIDE or not limits.allows(window):
        return None
    channels = [volumes_of(planes, channel) for channel in range(count)]
    keeps: list[list[NDArray] | None] = [None] * count
    best, last = (window, window, list(keeps), False), list[BoxFit]()
    while True:
        fits = []
        for channel, volumes in enumerate(channels):
            fit, keeps[channel] = _unclipped(volumes, volume_box(window, count), keeps[channel])
            fits.append(fit)
        if last and not _pays(last, fits, channels):
            return best
        boxes, wanted = [], np.zeros((len(window.lo), 2), dtype=bool)
        for fit, volumes, keep in zip(fits, channels, keeps, strict=True):
            box, worth = trimmed(floored(fit, volumes, _colour(volumes, fit, keep)))
            boxes.append(flat_box(box))
            at = [
                [a == c, b == d]
                for a, b, c, d in zip(boxes[-1].lo, boxes[-1].hi, window.lo, window.hi, strict=True)
            ]
            wanted |= np.array(at) & np.array(worth[1:])
        best, last = (window, union(boxes), list(keeps), False), fits
        if not wanted.any():
            return best
        below, above = (tuple(int(n) for n in _GROWTH * side) for side in wanted.T)
        window = window.grown(below, above)
        if max(window.shape) > _LARGEST_SIDE or not limits.allows(window):
            return (*best[:3], True)


def noise_variance(fit: BoxFit, planes: Sequence[Plane]) -> float:
    """Of what a fit leaves, and no less than rounding or, where nothing was rounded, arithmetic."""
    rounding = ROUNDING_VARIANCE * max(plane.step for plane in planes) ** 2
    arithmetic = (_GRAINS * max(plane.grain for plane in planes)) ** 2
    return max(fit.variance, rounding or arithmetic, _TINY)


def floored(fit: BoxFit, planes: Sequence[Plane], spread: float) -> BoxFit:
    """To be trimmed: with no less left than rounding leaves, and with noise of that colour."""
    square = max(fit.square, noise_variance(fit, planes) * fit.observations)
    return replace(fit, colour=spread, square=square)


def _aligned(planes: Sequence[Plane]) -> Alignment:
    """By the sums of all channels, which mixing leaves alike, or else the pair that tells most."""
    sums = []
    for pair in sorted({plane.pair for plane in planes}):
        mine = [plane for plane in planes if plane.pair == pair]
        before = reduce(add, (plane.before for plane in mine))
        sums.append(replace(mine[0], before=before, after=reduce(add, (p.after for p in mine))))
    found = align(sums)
    if found.strength >= _SIGNIFICANT:
        return found
    first = [plane for plane in planes if plane.pair == planes[0].pair]
    pairs = [align([replace(a, after=b.after)]) for a in first for b in first]
    return max([found, *pairs], key=lambda one: one.strength)


def _unclipped(
    volumes: Sequence[Plane], box: Box, keeps: list[NDArray] | None
) -> tuple[BoxFit, list[NDArray] | None]:
    return fit_unclipped(
        volumes, lambda kept: fit_box(volumes, box, kept, quarters=True), keeps, CLIPPING_STEPS
    )


def _pays(last: Sequence[BoxFit], fits: Sequence[BoxFit], channels: Sequence[list[Plane]]) -> bool:
    """Whether a larger window explains more, of any channel."""
    for old, new, volumes in zip(last, fits, channels, strict=True):
        rounding = ROUNDING_VARIANCE * max(plane.step for plane in volumes) ** 2
        share = _PAYS if old.variance < _NEARLY_ROUNDING * rounding else _PAYS_OFF_NOISE
        if new.variance < (1 - share) * old.variance and old.variance > rounding:
            return True
    return False


def _colour(volumes: Sequence[Plane], fit: BoxFit, keeps: list[NDArray] | None) -> float:
    """Of what is more than one rounding, as in the search for one kernel."""
    rounding = ROUNDING_VARIANCE * max(plane.step for plane in volumes) ** 2
    if fit.exact or fit.variance < _MORE_THAN_ROUNDING * rounding:
        return 1.0
    left = [
        flat_residual(residual, residual.plane) for residual in residuals_of(volumes, fit, keeps)
    ]
    spread = colour(left)
    return spread if spread > _COLOURED else 1.0
