"""The smallest box of displacements that explains the picture after.

One factor of the Gram matrix of a window serves all boxes inside it (`trimming`). Where a side of
the window itself is needed the window grows, as long as that pays: little is enough where noise is
nearly all that is left, but where a picture is left no window may ever explain it.

Where neighbourhoods repeat, pixels are fewer observations than they seem (`distinct`), and fewer
for a smaller box: the box found is trimmed again, as long as that makes it smaller.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.alignment import Alignment
from convmat.identify.box import Box
from convmat.identify.dispersion import colour
from convmat.identify.distinct import one_of_each
from convmat.identify.fit import BoxFit, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.quantization import CLIPPING_STEPS, ROUNDING_VARIANCE, fit_unclipped
from convmat.identify.residual_distribution import neighbour_correlation
from convmat.identify.trimming import restricted, trimmed
from convmat.identify.volumes import box_for, flat_residual
from convmat.identify.window_limits import WindowLimits

__all__ = ["Search", "by_quarters", "find_support", "grown"]

_MOST_BY_QUARTERS, _MANY_PIXELS = 500, 1000
# Share of the squares that must go for it to grow once more: little where noise is nearly all,
# much where what is left is a picture, which no window may ever explain.
_GROWTH_PAYS, _LAST_GROWTH_PAYS = 0.2, 5e-4
_NEARLY_ROUNDING, _MORE_THAN_ROUNDING = 2.0, 1.1
_COLOURED = 1.3
_WHITE = 0.05
_HOPEFUL_GROWTHS = 2


@dataclass(frozen=True, eq=False)
class Search:
    """The box found, the window it was found in, pixels not clipped, and whether it was cut off."""

    box: Box
    window: BoxFit
    keeps: list[NDArray] | None
    cut_off: bool


def find_support(
    planes: Sequence[Plane],
    alignment: Alignment,
    largest: tuple[int, ...] | None,
    progress: Callable[[str], Any],
    weights: Sequence[NDArray] | None = None,
) -> Search:
    """Search from the window that the alignment suggests, without the pixels that were clipped."""
    limit = WindowLimits(planes, largest)
    (found,) = grown([planes], limit.first(alignment), limit, progress, weights)
    if weights is not None:
        return found
    box = found.box
    while (alone := one_of_each(planes, box, box)) is not None:
        inside = restricted(found.window, box)
        told = sum(int(np.count_nonzero(keep)) for keep in alone)
        smaller, _ = trimmed(inside, max(inside.observations / told, 1.0))
        if smaller == box:
            break
        box = smaller
    return replace(found, box=box)


def grown(
    channels: Sequence[Sequence[Plane]],
    window: Box,
    limit: WindowLimits,
    progress: Callable[[str], Any],
    weights: Sequence[NDArray] | None = None,
) -> list[Search]:
    """Each channel's box in a window that grows as long as that pays for any of them.

    The window is of displacements in the picture, also for volumes.
    """
    fits, keeps = [], []
    for planes in channels:
        fit_to = partial(_fit, planes, window, weights)
        fit, kept = fit_unclipped(planes, fit_to, None, CLIPPING_STEPS)
        fits.append(fit)
        keeps.append(kept)
    hopeful = _HOPEFUL_GROWTHS
    while True:
        progress(f"searching a window of {'x'.join(map(str, window.shape))}")
        each = list(zip(channels, fits, keeps, strict=True))
        boxes, wanted = [], np.zeros((2, 2), dtype=bool)
        for planes, fit, kept in each:
            box, worth = trimmed(fit, _colour(planes, fit, kept))
            ends = np.stack([np.equal(box.lo, fit.box.lo), np.equal(box.hi, fit.box.hi)], axis=1)
            wanted |= (ends & worth)[-2:]
            boxes.append(box)
        larger = limit.grown(window, [(a, b) for a, b in wanted])
        if larger == window:
            return _found(boxes, fits, keeps, cut_off=bool(wanted.any()))
        hopeful -= 1
        noise = [_is_noise(*one) for one in each]
        if hopeful < 0 and not any(noise):
            return _found(boxes, fits, keeps, cut_off=True)
        others = [_fit(planes, larger, weights, kept) for planes, _, kept in each]
        if not any(map(_pays, fits, others, noise)):
            return _found(boxes, fits, keeps, cut_off=False)
        window, fits = larger, others


def _found(
    boxes: Sequence[Box],
    fits: Sequence[BoxFit],
    keeps: Sequence[list[NDArray] | None],
    *,
    cut_off: bool,
) -> list[Search]:
    each = zip(boxes, fits, keeps, strict=True)
    return [Search(box, fit, kept, cut_off) for box, fit, kept in each]


def _pays(old: BoxFit, new: BoxFit, noise: bool) -> bool:
    share = _LAST_GROWTH_PAYS if noise else _GROWTH_PAYS
    return not new.variance > (1 - share) * old.variance


def _colour(planes: Sequence[Plane], fit: BoxFit, keeps: list[NDArray] | None) -> float:
    """Of what is more than one rounding; of less than that it says nothing."""
    rounding = ROUNDING_VARIANCE * max(plane.step for plane in planes) ** 2
    if fit.exact or fit.variance < _MORE_THAN_ROUNDING * rounding:
        return 1.0
    found = colour(map(flat_residual, residuals_of(planes, fit, keeps)))
    return found if found > _COLOURED else 1.0


def _is_noise(planes: Sequence[Plane], fit: BoxFit, keeps: list[NDArray] | None) -> bool:
    """Whether what is left is hardly more than rounding, or is white."""
    rounding = ROUNDING_VARIANCE * max(plane.step for plane in planes) ** 2
    if fit.variance < _NEARLY_ROUNDING * rounding:
        return True
    left = map(flat_residual, residuals_of(planes, fit, keeps))
    return neighbour_correlation(left) < _WHITE


def by_quarters(planes: Sequence[Plane], box: Box) -> bool:
    """Whether quarters are compared: not where the edges of each would be most of the work."""
    pixels = sum(plane.after.size for plane in planes)
    return box.size <= _MOST_BY_QUARTERS or pixels > _MANY_PIXELS * box.size


def _fit(
    planes: Sequence[Plane],
    window: Box,
    weights: Sequence[NDArray] | None,
    keeps: Sequence[NDArray] | None,
) -> BoxFit:
    """By quarters, for the dispersion."""
    if weights is not None:
        kept = [True] * len(weights) if keeps is None else keeps
        keeps = [weight * keep for weight, keep in zip(weights, kept, strict=True)]
    box = box_for(planes, window)
    return fit_box(planes, box, keeps, quarters=by_quarters(planes, box))
