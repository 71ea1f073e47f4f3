"""Fractions with a small divisor that make every pixel of the picture after: beyond statistics.

Where levels are few, what rounding leaves is no noise: it depends on some sums alone, follows the
level, and may bend an estimate by more than its error bars. But then the exact kernel can be found
out: for a divisor D the numerators round(D h) either make every pixel, with one of the roundings,
or they do not. Kernels whose entries are no more than one level apart over the largest jump between
neighbours may look the same; that entries are multiples of 1/D among them has a chance of

    product over entries other than 0 of  D step / jump

and an answer counts where that is small. Other fractions near the estimate may make every pixel,
too: on a smooth picture, where neighbours are a few levels apart, entries may be exchanged. The
farthest of them says what an entry is open by, and the chance is that of intervals of that width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box, Region
from convmat.identify.evidence import Evidence
from convmat.identify.fit import BoxFit, Residual, fit_box, residuals_of
from convmat.identify.given import Plane
from convmat.identify.quantization import Rounding, exact_rounding
from convmat.identify.rational import Rational

__all__ = ["Reproduction", "reproduction"]

_LARGEST_DIVISOR = 256
_BY_CHANCE = 1e-2
# How far from whole numbers the numerators may be.
_NEAR = 0.3
_LEAST_PIXELS = 16
# The levels made of exact values, less these, on average.
_MIDDLES = {Rounding.ROUNDED: 0.0, Rounding.TRUNCATED: -0.5, Rounding.RAISED: 0.5}
_FIRST_LOOK = 2**12


@dataclass(frozen=True, eq=False)
class Reproduction:
    """A kernel of fractions on its smallest box, and what made levels of its results.

    ``bound`` is what an entry may be off by without any pixel showing it: half a level over the
    largest jump between neighbours before (along the axis that has the smaller one, of those along
    which the kernel extends), or as far as other fractions are that make all pixels.
    """

    box: Box
    rational: Rational
    rounding: Rounding
    offset: float
    bound: float
    pixels: int

    @property
    def is_identity(self) -> bool:
        """Whether the picture after is the one before, or a channel of it."""
        return _copies(self.box, self.rational.kernel) and not self.offset

    def evidence(self) -> Evidence:
        """In words."""
        text = f"fractions over {self.rational.divisor} make all {self.pixels} pixels exactly"
        return Evidence("fractions", 1.0, 1.0, False, text)

    def fit(
        self, planes: Sequence[Plane], fit: BoxFit, keeps: Sequence[NDArray] | None
    ) -> tuple[BoxFit, list[Residual]]:
        """The fit with this kernel on this box in the place of its own, and what that leaves.

        The inverse Gram matrix becomes the covariance itself, of errors as large as `bound`; NaN
        where hardly a pixel lies between the limits, for what lies at them may have been cut off.
        """
        inside = fit_box(planes, self.box, keeps, frame=fit.frame)
        step = max(plane.step for plane in planes)
        between = sum(_between_limits(r) for r in residuals_of(planes, inside, keeps))
        bound = self.bound if between >= self.box.size else np.nan
        known = replace(
            inside,
            kernel=self.rational.kernel,
            offset=self.offset + _MIDDLES[self.rounding] * step,
            gram=np.eye(self.box.size) / bound**2,
            inverse=np.eye(self.box.size) * bound**2,
            singular=False,
            offset_variance=(step / 2) ** 2 / max(inside.observations, 1),
        )
        residuals = list(residuals_of(planes, known, keeps))
        square = sum(float(np.vdot(residual.used, residual.used)) for residual in residuals)
        return replace(known, square=square), residuals


def reproduction(fit: BoxFit, residuals: Sequence[Residual], step: float) -> Reproduction | None:
    """The simplest fractions near an estimate that make all pixels of the residuals' regions.

    Parameters
    ----------
    fit : BoxFit
        Its kernel may be off by its errors, and its box too large.
    residuals : sequence of Residual
        Of that fit.
    step : float
        Between the levels of the picture after; not 0.
    """
    pixels = sum(residual.region.size for residual in residuals)
    if pixels < _LEAST_PIXELS:
        return None
    jumps: dict[Box, float] = {}
    found: Reproduction | None = None
    simplest, open_by = np.zeros(0), 0.0
    for divisor, numerators in _candidates(fit.kernel):
        kernel = numerators / divisor
        farther = float(np.abs(kernel - simplest).max()) if found is not None else 0.0
        box, inner = _cropped(fit.box, numerators)
        if found is None:
            if box not in jumps:
                jumps[box] = _largest_jump(box, residuals)
            if not jumps[box]:
                continue
            bound = step / jumps[box]
            open_by = bound / 2
            telling = _tells(divisor, int(np.count_nonzero(numerators)), bound)
            if not (telling or _copies(box, kernel)):
                continue
        elif farther <= open_by:
            continue
        if not _makes(residuals, fit.offset, step, box, inner / divisor, _FIRST_LOOK):
            continue
        made = _makes(residuals, fit.offset, step, box, inner / divisor, None)
        # Whole numbers are where two levels may be cut off from: there it would prove nothing.
        if made is None or (divisor == 1 and made[0] is not Rounding.ROUNDED):
            continue
        if found is None:
            found = Reproduction(box, Rational(inner, divisor, 1.0), *made, open_by, pixels)
            simplest = kernel
            continue
        # The picture does not tell one from the other, and so the simplest may be an accident.
        open_by = farther
        entries = int(np.count_nonzero(simplest))
        copies = _copies(found.box, found.rational.kernel)
        if not (copies or _tells(found.rational.divisor, entries, 2 * open_by)):
            return None
        found = replace(found, bound=open_by)
    return found


def _copies(box: Box, kernel: NDArray) -> bool:
    """Whether it leaves every picture as it is, or a channel."""
    alone = np.count_nonzero(kernel) == 1 and float(kernel.sum()) == 1.0
    return alone and box.shape[-2:] == (1, 1) and not any(box.anchor[-2:])


def _largest_jump(box: Box, residuals: Sequence[Residual]) -> float:
    """Of neighbours that were seen, along the axis of the kernel that has the smaller ones."""
    jumps = np.zeros(2)
    for residual in residuals:
        seen = residual.plane.before[box.reads(residual.region)]
        for axis in (-2, -1):
            largest = float(np.abs(np.diff(seen, axis=axis)).max(initial=0.0))
            jumps[axis] = max(jumps[axis], largest)
    extends = np.array(box.shape[-2:]) > 1
    return float(jumps[extends].min() if extends.any() else jumps.max())


def _between_limits(residual: Residual) -> int:
    plane = residual.plane
    levels = plane.after[residual.region.slices]
    inside = (levels > plane.low) & (levels < plane.high)
    return int(np.count_nonzero(inside if residual.keep is None else inside & residual.keep))


def _candidates(kernel: NDArray) -> Iterator[tuple[int, NDArray]]:
    """Divisors and numerators in lowest terms, the smallest divisor first."""
    seen = set()
    for divisor in range(1, _LARGEST_DIVISOR + 1):
        scaled = kernel * divisor
        numerators = np.rint(scaled)
        entries = np.count_nonzero(numerators)
        if not entries or np.abs(scaled - numerators).max() > _NEAR:
            continue
        numerators = numerators.astype(np.int64)
        common = gcd(divisor, *map(int, np.abs(numerators[numerators != 0])))
        key = (divisor // common, (numerators // common).tobytes())
        if key not in seen:
            seen.add(key)
            yield divisor // common, numerators // common


def _tells(divisor: int, entries: int, width: float) -> bool:
    """Whether so many multiples of 1/D within as many intervals of a width are no accident."""
    return bool(min(1.0, divisor * width) ** entries <= _BY_CHANCE)


def _cropped(box: Box, numerators: NDArray) -> tuple[Box, NDArray]:
    places = np.argwhere(numerators)
    low, high = places.min(axis=0), places.max(axis=0)
    low[:-2], high[:-2] = 0, np.array(box.shape[:-2]) - 1  # all channels
    ends = zip(box.lo, low.tolist(), high.tolist(), strict=True)
    sides = [(a + first, a + last) for a, first, last in ends]
    inner = numerators[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))]
    return Box(tuple(a for a, _ in sides), tuple(b for _, b in sides)), inner


def _makes(
    residuals: Sequence[Residual],
    offset: float,
    step: float,
    box: Box,
    kernel: NDArray,
    most: int | None,
) -> tuple[Rounding, float] | None:
    """The rounding and offset by which a kernel makes all pixels, or the first ones."""
    exact, looked_at = [], []
    for residual in residuals:
        part = residual if most is None else _some_rows(residual, most)
        looked_at.append(part)
        exact.append(box.forward(part.plane.before, kernel, part.region))
    made = exact_rounding(looked_at, offset, step, exact)
    return None if made is None or made[2] < 1 else made[:2]


def _some_rows(residual: Residual, most: int) -> Residual:
    """The middle ones, of so many pixels."""
    count, width = residual.left.shape[-2:]
    rows = min(count, max(1, most // max(width, 1)))
    first = (count - rows) // 2
    start, stop = list(residual.region.start), list(residual.region.stop)
    start[-2] += first
    stop[-2] = start[-2] + rows
    region = Region(tuple(start), tuple(stop))
    part = (..., slice(first, first + rows), slice(None))
    return Residual(residual.plane, region, residual.left[part], None)
