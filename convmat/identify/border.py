"""How the picture was continued past its edges, judged by its border.

The kernel is fitted where no continuation is touched; the border tells what the tool did there.
Away from the corners the strips along the ends of one axis depend on the continuation along that
axis alone, so each axis is judged by itself, all seven boundary conditions on the same pixels:

    mean over the strip of (y - prediction)^2      against the residual of the interior

where the prediction is that of the kernel that suits the strip and the interior together (see
`border_refit`): its errors, times what lies beyond the edge, may be larger than the residual. A
candidate is ruled out where the strip is worse than the interior is, or than the best candidate
makes it, by more than the strip's size explains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary, extension
from convmat.identify.border_refit import Known, Strip, left_over
from convmat.identify.boundary_names import Candidates, in_common
from convmat.identify.box import Box, Region
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.operators.correlation import WindowPlan

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

    ``frame`` is a box that holds ``box``; its interior is what was fitted. ``known`` is of all
    channels, or one for each. ``sources`` are the pictures before a plane, in the kernels' order.
    """

    box: Box
    frame: Box
    known: tuple[Known, ...]
    sources: Callable[[Plane], list[NDArray]]


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
        Of what rounding and noise leave at a pixel.
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
    places = [(plane, region) for plane in planes for region in _ends(plane, model.frame, axis)]
    if not places:
        return None, ""
    count = sum(region.size for _, region in places)
    floor = max(variance, _EXACT**2 * float(np.mean(planes[0].after ** 2)))
    if not planes[0].step:  # sums in the picture's precision, which vary with the level
        floor = max(floor, planes[0].grain ** 2)
    step = planes[0].step
    limit = floor * (1 + max(_DEVIATIONS * np.sqrt(2 / count), _LEAST_TOLERANCE))
    if step and variance < _ONE_ROUNDING * ROUNDING_VARIANCE * step**2:
        limit = max(limit, _HALVES * step**2)  # sums of few levels may all be halves
    squares: dict[str, float] = {}
    for name in Boundary:
        strips = _strips(places, model, axis, _continued(name))
        squares[name] = _left_over(strips, model, floor, limit * count)
    same = [plane.before.shape == plane.after.shape for plane, _ in places]
    if all(same):
        changes = (plane.after[r.slices] - plane.before[r.slices] for plane, r in places)
        squares[UNTOUCHED] = sum(float(np.vdot(change, change)) for change in changes)
    least = min(squares.values())
    if least > limit * count:
        blank = not any(np.ptp(plane.after[region.slices]) for plane, region in places)
        if blank:
            # A frame of one level stands for what is not there.
            return (CROPPED,), f"the border along axis {axis} is filled with one level"
        note = _other_note(places, model, axis, floor, limit * count)
        nearest = min(squares, key=squares.__getitem__)
        note += f"; {nearest} comes nearest, with errors of {np.sqrt(least / count):.3g}"
        return (), note
    apart = max(2 * _APART * floor, least * 1e-6)
    fits = {
        name: total
        for name, total in squares.items()
        if total <= limit * count and total - least <= apart
    }
    # Sums that differ by less than a pixel's error are the same prediction.
    names = sorted(fits, key=lambda name: (fits[name] - least > floor, _ORDER.index(name)))
    note = ""
    if len(names) > 4:
        note = f"the border along axis {axis} is too plain to tell boundaries apart"
    return tuple(map(str, names)), note


def _ends(plane: Plane, box: Box, axis: int) -> list[Region]:
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


# An array that goes on along an axis, at the positions from one to another.
_Continuation = Callable[[NDArray, int, slice], NDArray]


def _continued(name: Boundary) -> _Continuation:
    def by_name(source: NDArray, axis: int, along: slice) -> NDArray:
        return extension(name, source.shape[axis], along.start, along.stop).apply(source, axis)

    return by_name


def _by_constant(level: float) -> _Continuation:
    def by_level(source: NDArray, axis: int, along: slice) -> NDArray:
        return level + _continued(Boundary.ZERO)(source - level, axis, along)

    return by_level


def _strips(
    places: Sequence[tuple[Plane, Region]], model: Model, axis: int, continued: _Continuation
) -> list[list[Strip]]:
    """Of every one that is known, the strips it makes of pictures that go on so."""
    strips: list[list[Strip]] = [[] for _ in model.known]
    for plane, region in places:
        reads = list(model.box.reads(region))
        along = reads[axis]
        # Positions before the first sample are negative, and no slice.
        reads[axis] = slice(None)
        parts = [continued(source[tuple(reads)], axis, along) for source in model.sources(plane)]
        plans = [WindowPlan(np.ascontiguousarray(part), model.box.shape) for part in parts]
        own = strips[plane.channel if len(model.known) > 1 else 0]
        own.append(Strip(plane.after[region.slices], plane.low, plane.high, plans))
    return strips


def _left_over(strips: list[list[Strip]], model: Model, variance: float, enough: float) -> float:
    """The squares of all strips, with the kernels' errors made the best of."""
    parts = zip(strips, model.known, strict=True)
    return sum(left_over(own, known, variance, enough) for own, known in parts)


def _other_note(
    places: Sequence[tuple[Plane, Region]], model: Model, axis: int, variance: float, enough: float
) -> str:
    """What else the border may be: a continuation by a constant."""
    zeros, ones = (_strips(places, model, axis, _by_constant(level)) for level in (0.0, 1.0))
    power, product = 0.0, 0.0
    for known, with_zeros, with_ones in zip(model.known, zeros, ones, strict=True):
        for zero, one in zip(with_zeros, with_ones, strict=True):
            made = zero.made(known.kernels, known.offset)
            outside = one.made(known.kernels, known.offset) - made
            power += float(np.vdot(outside, outside))
            product += float(np.vdot(outside, zero.values - made))
    level = product / power if power else 0.0
    strips = _strips(places, model, axis, _by_constant(level))
    if _left_over(strips, model, variance, enough) <= enough:
        return (
            f"along axis {axis} the picture was continued with the constant {level:.4g}, "
            "which is none of the boundary names"
        )
    return f"the border along axis {axis} is none of the boundary conditions known here"
