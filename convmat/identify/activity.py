"""Whether more is left where the picture is busy: what errs at edges is no kernel.

Rounding leaves nothing where all is flat, so flat places are left out of the comparison: among the
others, at equal levels, the mean square of what is left at the busiest is held against that at the
calmest, or against one rounding where that is more.

Source: R. D. Cook and S. Weisberg, Biometrika 70 (1983), doi:10.1093/biomet/70.1.1 (unequal
variance).
"""

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.identify.fit import Residual
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.sampling import SAMPLE, around

__all__ = ["Activity", "activity", "lively"]

_LEVELS = 32
_BUSY, _CALM = 0.85, 0.5
_LEAST_GROUP = 20
# Share of the pixels that must not be flat for these alone to be compared.
_ENOUGH = 0.1


class Activity(NamedTuple):
    """Mean square of what is left, busy over calm: 1 where all is well; and its standard error."""

    ratio: float
    std_error: float


def activity(residuals: Iterable[Residual]) -> Activity:
    """Of all pictures together."""
    busy, calm, least = [np.zeros(3)], [np.zeros(3)], 0.0
    for residual in residuals:
        least = max(least, ROUNDING_VARIANCE * residual.plane.step**2)
        fitted, left, details = _sampled(residual)
        alive = details > residual.plane.before_step**2
        if alive.mean() > _ENOUGH:
            fitted, left, details = fitted[alive], left[alive], details[alive]
        for group in np.array_split(np.argsort(fitted, kind="stable"), _LEVELS):
            if group.size < _LEAST_GROUP:
                continue
            ranked = group[np.argsort(details[group], kind="stable")]
            squares = left[ranked] ** 2
            busy.append(_powers(squares[int(_BUSY * len(ranked)) :]))
            calm.append(_powers(squares[: int(_CALM * len(ranked))]))
    (top, top_error), (bottom, bottom_error) = _mean(busy), _mean(calm)
    if not top:
        return Activity(1.0, 0.0)
    bottom = max(bottom, least, 1e-30 * top)
    ratio = top / bottom
    return Activity(ratio, ratio * sqrt((top_error / top) ** 2 + (bottom_error / bottom) ** 2))


def lively(residual: Residual) -> float:
    """Mean square of what is left where it is not flat; of all pixels, where hardly any is not."""
    _, left, details = _sampled(residual)
    squares = left**2
    alive = details > residual.plane.before_step**2
    return float(squares[alive].mean() if alive.mean() > _ENOUGH else squares.mean())


def _powers(squares: NDArray) -> NDArray:
    return np.array([squares.size, squares.sum(), np.vdot(squares, squares)])


def _mean(groups: list[NDArray]) -> tuple[float, float]:
    """And its standard error."""
    count, total, square = (float(n) for n in np.sum(groups, axis=0))
    if not count:
        return 0.0, 0.0
    return total / count, sqrt(max(square / count - (total / count) ** 2, 0.0) / count)


def _sampled(residual: Residual) -> tuple[NDArray, NDArray, NDArray]:
    """Fitted values, what is left, and local variance of the picture before: some pixels, 1-D."""
    details = _local_variance(around(residual))
    keep = np.ones(residual.left.shape, bool) if residual.keep is None else residual.keep
    which = np.flatnonzero(keep)[:: 1 + residual.left.size // SAMPLE]
    fitted = residual.fitted.ravel()[which]
    return fitted, residual.left.ravel()[which], details.ravel()[which]


def _local_variance(before: NDArray) -> NDArray:
    """Of 3x3 samples around each but those at the edges."""
    mean = before.mean()
    powers = [before - mean, (before - mean) ** 2]
    for axis in range(before.ndim):
        for index, values in enumerate(powers):
            size = values.shape[axis]
            ends = [values.take(range(s, s + size - 2), axis=axis) for s in (0, 1, 2)]
            powers[index] = ends[0] + ends[1] + ends[2]
    samples = 3**before.ndim
    return powers[1] / samples - (powers[0] / samples) ** 2
