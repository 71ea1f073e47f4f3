"""Tone curves: levels to light and back, for filters that worked on light.

    sRGB    light = level / 12.92 below 0.04045, else ((level + 0.055) / 1.055)^2.4
    gamma   light = level^gamma                                     level and light from 0 to 1

One rounding step of a level is a different step of light at every level, so pixels are weighted
by the slope of the curve back, and what is left is looked at in levels.

Source: IEC 61966-2-1:1999 (sRGB).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.identify.box import Box
from convmat.identify.filter_report import FilterReport
from convmat.identify.fit import Residual, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE

__all__ = [
    "COMMON_TONES",
    "Tone",
    "can_be_light",
    "in_levels",
    "level_weights",
    "linearized",
    "parse_tone",
    "slope_weights",
]

_STEEPEST = 8.0
_MUCH_LESS = 0.6
_ENOUGH = 2**20


@dataclass(frozen=True)
class Tone:
    """A curve by name, and both ways along it, for values from 0 to 1."""

    name: str
    decode: Callable[[NDArray], NDArray]
    encode: Callable[[NDArray], NDArray]


def _srgb_decode(v: NDArray) -> NDArray:
    return np.where(v <= 0.04045, v / 12.92, (np.maximum(v, 0.04045) + 0.055) ** 2.4 / 1.055**2.4)


def _srgb_encode(v: NDArray) -> NDArray:
    high = 1.055 * np.maximum(v, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(v <= 0.0031308, v * 12.92, high)


SRGB = Tone("sRGB", _srgb_decode, _srgb_encode)


def _power(gamma: float) -> Tone:
    # Below 0, where no light is, the curve goes on as a straight line.
    return Tone(
        f"gamma {gamma:g}",
        lambda v: np.maximum(v, 0.0) ** gamma,
        lambda v: np.maximum(v, 0.0) ** (1 / gamma),
    )


COMMON_TONES = (SRGB, _power(2.2), _power(1.8))
"""What is tried where no kernel fits the levels as they are."""


def parse_tone(gamma: Any, srgb: Any) -> Tone | None:
    """The curve that was asked for, if any."""
    if srgb not in (True, False):
        raise ConvmatError(f"srgb must be True or False, got {srgb!r}")
    if gamma is None:
        return SRGB if srgb else None
    if srgb:
        raise ConvmatError("give gamma or srgb, not both: sRGB is a curve of its own")
    try:
        value = float(gamma)
    except (TypeError, ValueError):
        raise ConvmatError(f"gamma must be a number such as 2.2, got {gamma!r}") from None
    if not (isfinite(value) and 0.1 <= value <= 10):
        raise ConvmatError(f"gamma must be between 0.1 and 10, got {value}")
    return _power(value)


def linearized(plane: Plane, tone: Tone) -> Plane:
    """Both pictures as light, on the scale of their levels; the step is that of the levels."""
    full = _full_scale(plane)
    return replace(
        plane,
        before=full * tone.decode(plane.before / full),
        after=full * tone.decode(plane.after / full),
        low=float(full * tone.decode(np.array(plane.low / full))),
        high=float(full * tone.decode(np.array(plane.high / full))),
    )


def in_levels(residuals: Iterable[Residual], planes: Sequence[Plane], tone: Tone) -> list[Residual]:
    """What was fitted and what is left, as levels again; `planes` are those given."""
    found = []
    for residual, plane in zip(residuals, planes, strict=True):
        full = _full_scale(plane)
        fitted = full * tone.encode(residual.fitted / full)
        left = plane.after[residual.region.slices] - fitted
        found.append(replace(residual, plane=plane, left=left))
    return found


def slope_weights(
    residuals: Sequence[Residual], planes: Sequence[Plane], tone: Tone
) -> list[NDArray]:
    """Squares of the slope from light to levels, in after's shape; 0 where a pixel is left out."""
    found = []
    for residual, plane in zip(residuals, planes, strict=True):
        slope = _slope(residual.fitted / _full_scale(plane), tone)
        weights = np.zeros(residual.plane.after.shape)
        weights[residual.region.slices] = (
            slope**2 if residual.keep is None else slope**2 * residual.keep
        )
        found.append(weights)
    return found


def level_weights(planes: Sequence[Plane], tone: Tone) -> list[NDArray]:
    """The same by the levels of after themselves, before there is a fit."""
    lights = [tone.decode(plane.after / _full_scale(plane)) for plane in planes]
    return [_slope(light, tone) ** 2 for light in lights]


def _slope(light: NDArray, tone: Tone) -> NDArray:
    inside = np.clip(light, 0.0, 1.0)
    ends = [np.clip(inside + d, 0.0, 1.0) for d in (-1e-4, 1e-4)]
    rise = tone.encode(ends[1]) - tone.encode(ends[0])
    return np.minimum(rise / (ends[1] - ends[0]), _STEEPEST)


def can_be_light(planes: Sequence[Plane]) -> bool:
    """Whether the values are levels from 0 to a full scale, so that a curve may be tried."""
    return all(
        min(plane.before.min(), plane.low) >= 0 and max(plane.before.max(), plane.high) > 0
        for plane in planes
    )


def _full_scale(plane: Plane) -> float:
    """1, 255 or 65535, whichever holds the values; their largest where none does."""
    largest = max(float(plane.before.max()), float(plane.after.max()))
    smallest = min(float(plane.before.min()), plane.low)
    if smallest < 0:
        raise ConvmatError(f"a tone curve is for levels from 0 on; there is a {smallest:g}")
    for full in (1.0, 255.0, 65535.0):
        if largest <= full:
            return full
    return largest


def best_tone(planes: Sequence[Plane], report: FilterReport) -> Tone | None:
    """The common curve under which one kernel leaves far less than it does of the levels.

    Each is tried on the kernel's box as found, without weights, and judged in levels, by what is
    left beyond rounding.
    """
    if not can_be_light(planes):
        return None
    box = Box(
        tuple(-c for c in report.anchor),
        tuple(k - 1 - c for k, c in zip(report.kernel.shape[-2:], report.anchor, strict=True)),
    )
    some = [_middle(plane) for plane in planes]
    if min(box.interior(p.before.shape, p.after.shape).size for p in some) < 4 * box.size:
        return None
    rounding = ROUNDING_VARIANCE * min(plane.step for plane in planes) ** 2
    best, least = None, rounding + _MUCH_LESS**2 * (report.residual_std**2 - rounding)
    for tone in COMMON_TONES:
        light = [linearized(plane, tone) for plane in some]
        left = in_levels(residuals_of(light, fit_box(light, box)), some, tone)
        variance = float(np.mean([np.mean(residual.left**2) for residual in left]))
        if variance < least:
            best, least = tone, variance
    return best


def _middle(plane: Plane) -> Plane:
    """The middle of a large pair, where that is enough to choose a curve by."""
    if plane.before.shape != plane.after.shape or plane.before.size <= _ENOUGH:
        return plane
    side = int(np.sqrt(_ENOUGH))
    cut = tuple(
        slice(max((n - side) // 2, 0), max((n - side) // 2, 0) + side) for n in plane.before.shape
    )
    return replace(plane, before=plane.before[cut], after=plane.after[cut])
