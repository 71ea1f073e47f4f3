"""How the picture was continued past its edges, judged by its border.

The kernel is fitted where no continuation is touched; the border tells what the tool did there.
Away from the corners the strips along the ends of one axis depend on the continuation along that
axis alone, so each axis is judged by itself, all seven boundary conditions on the same pixels:

    mean over the strip of (y - prediction)^2      against the residual of the interior

A candidate is ruled out where the strip is worse than the interior is, or than the best candidate
makes it, by more than the strip's size explains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary, extension
from convmat.identify.boundary_names import Candidates, in_common
from convmat.identify.box import Box, Region
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.operators.planning import Plan

__all__ = ["CROPPED", "UNTOUCHED", "Border", "Model", "find_border"]

UNTOUCHED, CROPPED = "untouched", "cropped"
# Of equally good names, the one that most tools mean.
_ORDER = (
    Boundary.REPLICATE,
    Boundary.SYMMETRIC,
    Boundary.MIRROR,
    Boundary.ZERO,
    Boundary.CIRCULAR,
    UNTOUCHED,
    Boundary.ANTIREFLECT,
    Boundary.ANTISYMMETRIC,
    CROPPED,
)
_EXACT = 1e-9
# Log likelihoods apart for one candidate to be ruled out by another.
_APART = 15.0
_DEVIATIONS = 6.0
_LEAST_TOLERANCE = 0.25
_ONE_ROUNDING, _HALVES = 1.3, 0.15


@dataclass(frozen=True, eq=False)
class Model:
    """What makes a picture after: per plane, pictures before and their kernels, on one box.

    ``frame`` is a box that holds ``box``; its interior is what was fitted. ``offset`` is one, or
    one for each channel.
    """

    box: Box
    frame: Box
    offset: float | NDArray
    sources: Callable[[Plane], list[tuple[NDArray, NDArray]]]


@dataclass(frozen=True, eq=False)
class Border:
    """What the border shows.

    Attributes
    ----------
    boundary : str, tuple of str (one per axis) or None
        None where nothing fits.
    candidates : tuple of str, or tuple of tuple of str
        All names that no axis rules out; one tuple per axis where no name serves for all.
    per_axis : tuple of tuple of str
    notes : tuple of str
    """

    boundary: str | tuple[str, ...] | None
    candidates: Candidates
    per_axis: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def find_border(planes: Sequence[Plane], model: Model, variance: float) -> Border:
    """Score every continuation on the strips along the picture's edges.

    Parameters
    ----------
    planes : sequence of Plane
    model : Model
        What was fitted in the interior.
    variance : float
        Of the residual there.
    """
    box = model.frame
    if _is_valid(box, planes[0]):
        return Border(CROPPED, (CROPPED,), ((CROPPED,),) * len(box.lo), ())
    per_axis, notes = [], []
    for axis in range(len(box.lo)):
        names, note = _judge_axis(planes, model, variance, axis)
        per_axis.append(names)
        if note:
            notes.append(note)
    seen = [names for names in per_axis if names is not None]
    if not seen:
        everything = tuple(map(str, Boundary))
        note = "the kernel reads no pixel beyond the edges, so that any boundary is the same"
        return Border(None, everything, (everything,) * len(box.lo), (note,))
    fallback = next(names for names in seen if names) if any(seen) else ()
    filled = tuple(fallback if names is None else names for names in per_axis)
    boundary, candidates = in_common(filled)
    return Border(boundary, candidates, filled, tuple(dict.fromkeys(notes)))


def _is_valid(box: Box, plane: Plane) -> bool:
    """Whether every pixel after is one that touches no continuation."""
    after = plane.after.shape
    return max(box.shape) > 1 and box.interior(plane.before.shape, after).shape == after


def _judge_axis(
    planes: Sequence[Plane], model: Model, variance: float, axis: int
) -> tuple[tuple[str, ...] | None, str]:
    """The names that fit the strips along one axis, best first; None where it has no strips."""
    squares: dict[str, float] = {}
    count, spread, missing = 0, 0.0, []
    for plane in planes:
        for strip in _strips(plane, model.frame, axis):
            values = plane.after[strip.slices]
            count += values.size
            spread += float(np.ptp(values))
            for name in Boundary:
                made = _predicted(plane, model, strip, axis, name)
                _add(squares, name, values - np.clip(made, plane.low, plane.high))
            if plane.before.shape == plane.after.shape:
                _add(squares, UNTOUCHED, values - plane.before[strip.slices])
            missing.append((plane, strip))
    if not count:
        return None, ""
    floor = max(variance, _EXACT**2 * float(np.mean(planes[0].after ** 2)))
    step = planes[0].step
    limit = floor * (1 + max(_DEVIATIONS * np.sqrt(2 / count), _LEAST_TOLERANCE))
    if step and variance < _ONE_ROUNDING * ROUNDING_VARIANCE * step**2:
        limit = max(limit, _HALVES * step**2)  # sums of few levels may all be halves
    least = min(squares.values())
    if least / count > limit:
        blank = not spread
        note = _other_note(missing, model, axis, limit, blank)
        if not blank:
            nearest = min(squares, key=squares.__getitem__)
            note += f"; {nearest} comes nearest, with errors of {np.sqrt(least / count):.3g}"
        # A frame of one level stands for what is not there.
        return ((CROPPED,) if blank else ()), note
    apart = max(2 * _APART * floor, least * 1e-6)
    fits = {
        name: total
        for name, total in squares.items()
        if total / count <= limit and total - least <= apart
    }
    # Sums that differ by less than a pixel's error are the same prediction.
    names = sorted(fits, key=lambda name: (fits[name] - least > floor, _ORDER.index(name)))
    note = ""
    if len(names) > 4:
        note = f"the border along axis {axis} is too plain to tell boundaries apart"
    return tuple(map(str, names)), note


def _add(squares: dict[str, float], name: str, left: NDArray) -> None:
    squares[name] = squares.get(name, 0.0) + float(np.vdot(left, left))


def _strips(plane: Plane, box: Box, axis: int) -> list[Region]:
    """The outputs at both ends of an axis that read beyond its edges, away from the corners."""
    inside = box.interior(plane.before.shape, plane.after.shape)
    if not inside.size:
        return []
    strips = []
    last = plane.after.shape[axis]
    for first, end in ((0, inside.start[axis]), (inside.stop[axis], last)):
        start, stop = list(inside.start), list(inside.stop)
        start[axis], stop[axis] = first, end
        if end > first:
            strips.append(Region(tuple(start), tuple(stop)))
    return strips


def _predicted(plane: Plane, model: Model, strip: Region, axis: int, name: Boundary) -> NDArray:
    offsets = np.atleast_1d(model.offset)
    made = np.full(strip.shape, offsets[plane.channel if offsets.size > 1 else 0])
    for source, kernel in model.sources(plane):
        reads = list(model.box.reads(strip))
        along = reads[axis]
        reads[axis] = slice(None)
        # Positions before the first sample are negative, and no slice.
        part = extension(name, source.shape[axis], along.start, along.stop)
        made += _forward(part.apply(source[tuple(reads)], axis), kernel)
    return made


def _forward(samples: NDArray, kernel: NDArray) -> NDArray:
    samples = np.ascontiguousarray(samples)
    return Plan(np.ascontiguousarray(kernel), samples.shape).forward(samples)


def _other_note(
    missing: Sequence[tuple[Plane, Region]], model: Model, axis: int, limit: float, blank: bool
) -> str:
    """What else the border may be: one level, or a continuation by a constant."""
    if blank:
        return f"the border along axis {axis} is filled with one level"

    def of_ones(plane: Plane) -> list[tuple[NDArray, NDArray]]:
        return [(np.ones_like(source), kernel) for source, kernel in model.sources(plane)]

    ones = replace(model, offset=0.0, sources=of_ones)
    rows, wanted = [], []
    for plane, strip in missing:
        total = sum(float(kernel.sum()) for _, kernel in model.sources(plane))
        rows.append((total - _predicted(plane, ones, strip, axis, Boundary.ZERO)).ravel())
        zero = _predicted(plane, model, strip, axis, Boundary.ZERO)
        wanted.append((plane.after[strip.slices] - zero).ravel())
    outside, left = np.concatenate(rows), np.concatenate(wanted)
    power = float(outside @ outside)
    level = float(outside @ left) / power if power else 0.0
    if np.mean((left - level * outside) ** 2) <= limit:
        return (
            f"along axis {axis} the picture was continued with the constant {level:.4g}, "
            "which is none of the boundary names"
        )
    return f"the border along axis {axis} is none of the boundary conditions known here"
