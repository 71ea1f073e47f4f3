"""What was given: pictures of one or more channels, in pairs, checked, in double precision.

A picture is an array of two axes, or of three with up to four channels along the last. Levels are
kept as they are; what is known of them is their step, the distance between the levels that the
picture after can have, and its smallest and largest level, at which it may have been clipped.
"""

from dataclasses import dataclass, replace
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.gram.moments import Moments
from convmat.identify.box import Box, Region

__all__ = ["Plane", "level_step", "planes_of"]

_COLOURS = 3
_SCALES = (255, 65535)
_UNCLEAR = 0.05


@dataclass(frozen=True, eq=False)
class Plane:
    """One channel of one pair.

    Attributes
    ----------
    before, after : ndarray of float64, shapes (m, n)
    step, before_step : float
        Distance between the levels of `after`, and of `before`; 0 where they are not quantised.
    low, high : float
        Smallest and largest level of `after`.
    grain : float
        What the last digit of the largest value of `after` stands for.
    channel, pair : int
    """

    before: NDArray
    after: NDArray
    step: float
    before_step: float
    low: float
    high: float
    grain: float
    channel: int
    pair: int

    def moments(self, box: Box, region: Region, keep: NDArray | None) -> Moments:
        """Of the outputs in a region, without the pixels that `keep` leaves out."""
        return box.moments(self.before, self.after, region, keep)


def planes_of(before: Any, after: Any) -> tuple[list[Plane], list[str]]:
    """Every channel of every pair, and notes on what was left out.

    Raises
    ------
    ConvmatError
        Where the pictures are no pictures, or cannot be compared; the message says what to do.

    Examples
    --------
    >>> planes, notes = planes_of(np.eye(4), np.eye(4))
    >>> len(planes), planes[0].step
    (1, 1.0)
    """
    befores, afters = _several(before, "before"), _several(after, "after")
    if len(befores) != len(afters):
        raise ConvmatError(
            f"before has {len(befores)} pictures and after has {len(afters)}; "
            "they must come in pairs"
        )
    planes: list[Plane] = []
    notes: list[str] = []
    for pair, (one, two) in enumerate(zip(befores, afters, strict=True)):
        _check_depths(one, two)
        channels = _matched(_channels(one, "before", notes), _channels(two, "after", notes), notes)
        for channel, (first, second) in enumerate(zip(*channels, strict=True)):
            values = as_samples(second, "after").astype(np.float64, copy=False)
            samples = as_samples(first, "before").astype(np.float64, copy=False)
            low, high = float(values.min()), float(values.max())
            digits = [array.dtype for array in (first, second) if array.dtype.kind == "f"]
            eps = max((float(np.finfo(dtype).eps) for dtype in digits), default=2.0**-52)
            grain = eps * max(abs(low), abs(high))
            steps = level_step(second), level_step(first)
            planes.append(Plane(samples, values, *steps, low, high, grain, channel, pair))
    if len({plane.channel for plane in planes}) * len(befores) != len(planes):
        raise ConvmatError("all pictures must have the same number of channels")
    planes = _telling(planes, notes)
    return planes, list(dict.fromkeys(notes))


def _telling(planes: list[Plane], notes: list[str]) -> list[Plane]:
    """Without the channels that are the same everywhere, before or after, unless all are."""
    silent: set[int] = set()
    for channel in sorted({plane.channel for plane in planes}):
        own = [plane for plane in planes if plane.channel == channel]
        flat = [np.ptp(plane.before) == 0 or plane.low == plane.high for plane in own]
        if all(flat):
            silent.add(channel)
    if not silent or len(silent) == len({plane.channel for plane in planes}):
        return planes
    left = sorted({plane.channel for plane in planes} - silent)
    notes.append(
        f"channel {', '.join(map(str, sorted(silent)))} (counted from 0) is the same everywhere, "
        f"before or after, and was left out: what is told is of channel {', '.join(map(str, left))}"
    )
    return [
        replace(plane, channel=left.index(plane.channel))
        for plane in planes
        if plane.channel in left
    ]


def level_step(values: NDArray) -> float:
    """The distance between the levels of a picture, 0 where they are not evenly spaced.

    Examples
    --------
    >>> spread = 257 * np.arange(256, dtype=np.uint16)
    >>> level_step(spread), level_step(np.array([0.1, 0.25]))
    (257.0, 0.0)
    >>> 255 * level_step(np.array([0.0, 3.0, 255.0]) / 255)
    1.0
    """
    if values.dtype.kind in "bui":
        return _common_step(values)
    if values.dtype.kind != "f":
        return 0.0
    largest = float(np.abs(values).max())
    if largest >= 2**24:
        return 0.0
    spread = float(np.finfo(values.dtype).eps)
    for scale in (1, *_SCALES):
        tolerance = 4 * spread * max(largest * scale, 1.0)
        if tolerance > _UNCLEAR:
            break  # so few digits that anything is a level
        scaled = values.astype(np.float64) * scale
        levels = np.rint(scaled)
        if np.all(np.abs(scaled - levels) <= tolerance):
            return _common_step(levels.astype(np.int64)) / scale
    return 0.0


def _common_step(levels: NDArray) -> float:
    """The greatest common divisor of all differences: 257 where 8 bits were spread over 16."""
    if levels.dtype in (np.uint8, np.uint16):
        present = np.flatnonzero(np.bincount(levels.ravel())).astype(object)
    else:
        present = np.unique(levels).astype(object)
    step = 0
    for level in present:
        step = gcd(step, int(level) - int(present[0]))
        if step == 1:
            break
    # Few levels, of a drawing or a mask, say nothing of how the next would be rounded.
    return float(step) if step and len(present) > 16 else float(step > 0)


def _several(pictures: Any, name: str) -> list[NDArray]:
    """A list of pictures; one array, or nested numbers, is one picture."""
    is_list = isinstance(pictures, list | tuple) and any(
        isinstance(item, np.ndarray) and item.ndim for item in pictures
    )
    several = list(pictures) if is_list else [pictures]
    arrays = []
    for picture in several:
        samples = as_samples(picture, name)
        array = np.asarray(picture)
        if array.dtype.kind == "c":
            raise ConvmatError(f"{name} is complex; the filter of a picture is sought in real ones")
        if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= 4):
            raise ConvmatError(
                f"{name} must be a picture of 2 axes, or of 3 with up to 4 channels along the "
                f"last, got shape {array.shape}"
            )
        largest = float(max(samples.max(), -samples.min()))
        if largest > 1e100:
            raise ConvmatError(f"{name} has values beyond 1e100, whose squares overflow")
        if 0 < largest < 1e-100:
            raise ConvmatError(f"{name} has no value beyond 1e-100: their squares vanish; scale it")
        arrays.append(array)
    return arrays


def _channels(picture: NDArray, name: str, notes: list[str]) -> list[NDArray]:
    """The colours alone, where the alpha channel says nothing."""
    if picture.ndim == 2:
        return [picture]
    planes = [picture[..., index] for index in range(picture.shape[2])]
    if len(planes) in (2, 4):
        alpha = planes.pop()
        if np.ptp(alpha) != 0:
            raise ConvmatError(
                f"{name} has an alpha channel and is not opaque everywhere: flatten it onto a "
                "background first, or give its colours alone"
            )
        notes.append(f"the alpha channel of {name}, the same everywhere, was left out")
    return planes


def _is_grey(planes: list[NDArray]) -> bool:
    return all(np.array_equal(plane, planes[0]) for plane in planes)


def _matched(
    before: list[NDArray], after: list[NDArray], notes: list[str]
) -> tuple[list[NDArray], list[NDArray]]:
    """Channels that belong together: all the same they are one, unless the other picture has three.

    Three equal channels after were made from three before, or three different ones from grey.
    """
    if len(before) != len(after) or (_is_grey(before) and _is_grey(after)):
        for name, planes in (("before", before), ("after", after)):
            if len(planes) > 1 and _is_grey(planes):
                notes.append(f"the channels of {name} are all the same: one was used")
                del planes[1:]
    if len(before) == len(after):
        return before, after
    if len(after) == 1 and len(before) == _COLOURS:
        raise ConvmatError(
            f"before has {len(before)} channels and after has 1: convert both to grey in the same "
            "way, or give the channel of before that after was made from"
        )
    if len(before) == 1 and len(after) == _COLOURS:
        raise ConvmatError(
            f"before has 1 channel and after has {len(after)} that differ: convert both to grey in "
            "the same way, or give one channel of after"
        )
    raise ConvmatError(f"before has {len(before)} channels and after has {len(after)}")


def _check_depths(before: NDArray, after: NDArray) -> None:
    """Pictures of 8 and of 16 bits have levels 257 (or 256) times apart."""
    sizes = {array.dtype for array in (before, after) if array.dtype in (np.uint8, np.uint16)}
    if len(sizes) == 2:
        names = [str(array.dtype) for array in (before, after)]
        raise ConvmatError(
            f"before is {names[0]} and after is {names[1]}: their levels do not compare; divide "
            "the 16-bit picture by 257 (as floating point numbers), or save both alike"
        )
