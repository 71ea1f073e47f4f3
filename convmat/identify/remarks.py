"""What else there is to mind: sizes, shifts, a window that was too small, missing frequencies."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convmat.identify.evidence import Verdict
from convmat.identify.excitation import Excitation
from convmat.identify.fit import BoxFit
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.support import Search
from convmat.identify.volumes import flat_box

__all__ = ["other_scale", "remarks", "what_to_add"]

# Of the differences' power along the other axis: no detail along this one.
_STRIPED = 1e-3
_FEW_LEVELS = 16
# Residual in roundings; pixels an entry.
_NOISY, _FEW_PIXELS = 3.0, 10


def remarks(
    given: Sequence[Plane],
    found: Search,
    fit: BoxFit,
    excited: Excitation,
    verdict: Verdict,
    mode: str,
) -> list[str]:
    """In sentences, in no order."""
    said = []
    box = flat_box(fit.box)
    before, after = given[0].before.shape, given[0].after.shape
    middle = [(a + b) // 2 for a, b in zip(box.lo, box.hi, strict=True)]
    if before != after and mode == "same":
        part = ", ".join(
            f"{max(-t, 0)}:{min(m - t, n)}" for t, m, n in zip(middle, after, before, strict=True)
        )
        said.append(
            f"the pictures differ in size; before[{part}] is the part of it that lies under after"
        )
    if verdict is Verdict.NOT_LINEAR:
        return said  # where and how large a kernel lies, and what it lacks, is true of none
    far = any(abs(t) > max(k, 3) for t, k in zip(middle, box.shape, strict=True))
    if before == after and far and verdict is Verdict.LINEAR:
        moved = ", ".join(f"{t:+d}" for t in middle)
        said.append(f"the picture after is shifted by ({moved}) pixels; the anchor has the shift")
    if found.cut_off:
        shape = "x".join(map(str, flat_box(found.window.box).shape))
        said.append(
            f"the kernel reaches the edge of the largest window searched, {shape}: it may be larger"
        )
    if excited.unknown or excited.rounded > 0.02 or excited.doubtful > 0.2:
        said.append(
            f"the picture before hardly contains {excited.where}; the kernel is not known there. "
            + what_to_add(given, fit)
        )
    return said


def other_scale(given: Sequence[Plane]) -> list[str]:
    """A warning where one picture is of fractions from 0 to 1 and the other of whole levels."""
    for plane in given:
        tops = [float(np.abs(values).max()) for values in (plane.before, plane.after)]
        fractions = [not _whole(values) for values in (plane.before, plane.after)]
        for small, large, names in ((0, 1, ("before", "after")), (1, 0, ("after", "before"))):
            if fractions[small] and tops[small] <= 1 and not fractions[large] and tops[large] > 1:
                return [
                    f"{names[0]} has fractions up to {tops[small]:.3g} and {names[1]} whole levels "
                    f"up to {tops[large]:.5g}: the kernel holds the factor between the two scales. "
                    f"If {names[0]} is a picture from 0 to 1, multiply it by 255 (or 65535) first"
                ]
    return []


def what_to_add(given: Sequence[Plane], fit: BoxFit) -> str:
    """Advice for frequencies that are missing, by what they are missing for.

    In this order: one axis has no detail; few levels; noise that hides what there is; few pixels;
    a picture that is smooth everywhere.
    """
    for axis, direction in enumerate(("from top to bottom", "from left to right")):
        others = [_steepness(given, other) for other in range(2) if other != axis]
        if _steepness(given, axis) < _STRIPED * max(others):
            return (
                f"It hardly changes {direction}: add a pair whose picture does, such as the same "
                "turned by a quarter turn before it is filtered (lists of pictures share a kernel)"
            )
    fewest = min(len(np.unique(plane.before)) for plane in given)
    if fewest <= _FEW_LEVELS:
        return (
            f"It has {fewest} levels only, and rounding follows them: give a picture of many "
            "levels, such as one of design_target"
        )
    step = max(plane.step for plane in given)
    if step and fit.variance > _NOISY**2 * ROUNDING_VARIANCE * step**2:
        return (
            f"Noise hides them (standard deviation {sqrt(fit.variance):.3g}): take the mean of "
            "several pictures after, or give more pairs in lists"
        )
    if fit.observations < _FEW_PIXELS * fit.box.size:
        return (
            f"There are {fit.observations} pixels for {fit.box.size} entries: give larger "
            "pictures, or more pairs in lists"
        )
    return (
        "It is smooth: give a sharper one, with detail at all scales such as one of design_target, "
        "or the same with 16 bits, if its fine detail was rounded away"
    )


def _whole(values: NDArray) -> bool:
    return bool(np.all(values == np.rint(values)))


def _steepness(given: Sequence[Plane], axis: int) -> float:
    """Mean square of the differences of neighbours along an axis, the most of all planes."""
    return max(float(np.mean(np.diff(plane.before, axis=axis) ** 2)) for plane in given)
