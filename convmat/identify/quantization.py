"""What happened to the levels after the convolution: clipped, rounded, truncated.

A clipped pixel is one where the model goes beyond the smallest or largest level of the picture
after. Pixels are left out by what the model says, not by what they are: choosing by the values
themselves would bend the fit. From a first fit without the pixels at the limit this is repeated.

A tool that rounds leaves errors between -1/2 and 1/2 of a step, of variance 1/12; one that cuts
off what is behind the point leaves errors between -1 and 0, that is, an offset of -1/2.

Source: B. Widrow and I. Kollar, Quantization Noise, Cambridge 2008, doi:10.1017/CBO9780511754661.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from convmat.identify.fit import BoxFit, Residual, residuals_of
from convmat.identify.given import Plane

__all__ = [
    "CLIPPING_STEPS",
    "ROUNDING_VARIANCE",
    "Rounding",
    "clipped",
    "clipped_fraction",
    "exact_rounding",
    "rounding_of",
    "fit_unclipped",
]

ROUNDING_VARIANCE = 1 / 12
CLIPPING_STEPS = 4
"""While a window is searched; what is left out has settled by then, or never does."""

_SAFE_DEVIATIONS = 4.0
_SAFE_STEPS, _GRAINS = 0.75, 64.0
_NOISY_STEPS = 1.75
# Some pixel is always at the limit, which is the largest there is; noise takes several there.
_LEAST_BEYOND, _LEAST_BY_NOISE = 1, 5
_FAR_BEYOND = 2.0
_LEAST_SHARE_BEYOND = 1e-5
# Of pixels that the model puts beyond the limit, those that must be at it.
_AT_LIMIT = 0.5
_MOST_AT_LIMIT = 0.95
_SETTLED = 1e-5
_OFFSET_DEVIATIONS = 4.0
_OFFSET_TOLERANCE = 0.2
_REPRODUCED = 0.999
_LAST_DIGITS = 1e-6
_LOOKED_AT = 2**20


class Rounding(StrEnum):
    """How values became levels.

    ``rounded``, ``truncated``, ``raised`` (to the next level up), ``none`` (the picture after is
    not quantised) or ``unknown`` (an offset that fits none).
    """

    ROUNDED = "rounded"
    TRUNCATED = "truncated"
    RAISED = "raised"
    NONE = "none"
    UNKNOWN = "unknown"


def fit_unclipped(
    planes: Sequence[Plane],
    fit_to: Callable[[list[NDArray] | None], BoxFit],
    keeps: list[NDArray] | None,
    steps: int,
) -> tuple[BoxFit, list[NDArray] | None]:
    """Fit, leave out what the fit says was clipped, and again, until that stays the same."""
    fit = fit_to(keeps)
    for _ in range(steps):
        changed = _unclipped(planes, fit, keeps)
        if changed is None:
            break
        keeps = changed
        fit = fit_to(keeps)
    return fit, keeps


def _unclipped(
    planes: Sequence[Plane], fit: BoxFit, keeps: Sequence[NDArray] | None
) -> list[NDArray] | None:
    """Per plane, True where the model stays between the limits; None where nothing changes.

    Without `keeps`, that is, before the first fit that leaves pixels out, those at a limit are
    left out instead, where there are many.
    """
    if keeps is None:
        return _away_from_limits(planes, fit)
    found, changed = [], False
    for index, residual in enumerate(residuals_of(planes, fit)):
        plane, inside = residual.plane, residual.region.slices
        keep = _between_limits(plane, inside)
        values = plane.after[inside]
        margin = _margin(residual, keeps[index][inside])
        fitted = residual.fitted
        for limit, sign in ((plane.low, -1.0), (plane.high, 1.0)):
            excess = sign * (fitted - limit)
            at_limit, beyond = values == limit, excess > margin
            count = np.count_nonzero(beyond)
            fewest = max(_LEAST_BEYOND, _LEAST_SHARE_BEYOND * values.size)
            by_model = count >= fewest and np.count_nonzero(at_limit & beyond) >= _AT_LIMIT * count
            # Noise goes beyond a limit that the model stays within.
            noisy = margin > _NOISY_STEPS * plane.step
            near = np.count_nonzero(at_limit & (excess > -margin))
            by_noise = noisy and near >= max(_LEAST_BY_NOISE, fewest)
            if by_model or by_noise:
                keep[inside] &= excess < -margin
        few = np.count_nonzero(keep[inside]) < max(values.size // 100, 1)
        if few or np.ptp(values[keep[inside]]) == 0 or keep[inside].all():
            keep[...] = True
        changed |= bool(np.count_nonzero(keep != keeps[index]) > _SETTLED * values.size)
        found.append(keep)
    return found if changed else None


def _away_from_limits(planes: Sequence[Plane], fit: BoxFit) -> list[NDArray] | None:
    """Without the pixels at either limit where these may have been clipped."""
    found = []
    for residual in residuals_of(planes, fit):
        plane, inside = residual.plane, residual.region.slices
        values = plane.after[inside]
        keep = _between_limits(plane, inside)
        # Rounding alone leaves nothing to be explained by clipping.
        level = 1.1 * ROUNDING_VARIANCE * plane.step**2
        explained = bool(np.mean(residual.left**2) < level) and not any(
            np.any(
                (values == limit) & (sign * (residual.fitted - limit) > _FAR_BEYOND * plane.step)
            )
            for limit, sign in ((plane.low, -1.0), (plane.high, 1.0))
        )
        if not (explained or fit.exact):
            for limit in (plane.low, plane.high):
                at_limit = values == limit
                count = np.count_nonzero(at_limit)
                if _LEAST_BEYOND <= count < _MOST_AT_LIMIT * values.size:
                    keep[inside] &= ~at_limit
            if not keep[inside].any() or np.ptp(values[keep[inside]]) == 0:
                keep[...] = True
        if keep[inside].all():
            keep[...] = True
        found.append(keep)
    return None if all(keep.all() for keep in found) else found


def _between_limits(plane: Plane, inside: tuple[slice, ...]) -> NDArray[np.bool_]:
    """True at all pixels inside, and at those outside, of a smaller box, that are at no limit."""
    keep = (plane.after != plane.low) & (plane.after != plane.high)
    keep[inside] = True
    return keep


def clipped_fraction(residuals: Sequence[Residual]) -> float:
    """Share of the pixels that the model puts beyond a limit at which they are."""
    beyond = sum(np.count_nonzero(clipped(r.plane, r.levels, r.fitted)) for r in residuals)
    return beyond / sum(r.left.size for r in residuals)


def clipped(plane: Plane, levels: NDArray, fitted: NDArray) -> NDArray[np.bool_]:
    """Which of some levels of `after` are at a limit that the model goes beyond."""
    margin = max(_SAFE_STEPS * plane.step, _GRAINS * plane.grain)
    above = (levels == plane.high) & (fitted > plane.high + margin)
    below = (levels == plane.low) & (fitted < plane.low - margin)
    return (above | below) & (plane.low < plane.high)


def _margin(residual: Residual, keep: NDArray | None) -> float:
    """How far from a limit the model must be for a pixel not to have been clipped by chance."""
    left = residual.left if keep is None else residual.left[keep]
    some = np.abs(left.ravel()[:: 1 + left.size // _LOOKED_AT])
    typical = float(np.median(some)) / 0.6745 if some.size else 0.0
    return max(_SAFE_STEPS * residual.plane.step, _SAFE_DEVIATIONS * typical)


def rounding_of(offset: float, std_error: float, step: float) -> tuple[Rounding, float]:
    """The rule that an offset speaks for, and the offset that is left when the rule is known.

    Examples
    --------
    >>> rounding_of(-0.499, 0.002, 1.0)
    (<Rounding.TRUNCATED: 'truncated'>, 0.0)
    >>> rounding_of(10.003, 0.002, 1.0)
    (<Rounding.ROUNDED: 'rounded'>, 10.0)
    """
    if not step:
        return Rounding.NONE, offset
    levels, error = offset / step, std_error / step
    tolerance = max(_OFFSET_DEVIATIONS * error, _OFFSET_TOLERANCE)
    if not tolerance < 0.25:  # also NaN
        return Rounding.UNKNOWN, offset
    if abs(levels - np.rint(levels)) < tolerance:
        return Rounding.ROUNDED, float(np.rint(levels)) * step + 0.0
    if abs(levels - np.floor(levels) - 0.5) < tolerance:
        return Rounding.TRUNCATED, float(np.ceil(levels)) * step + 0.0
    return Rounding.UNKNOWN, offset


# Where an exact value lies above the level made of it, in steps. Both ends count: whether a sum
# that is a half in exact arithmetic goes up or down is up to the tool's last digit.
_RULES = {
    Rounding.ROUNDED: (-0.5, 0.5),
    Rounding.TRUNCATED: (0.0, 1.0),
    Rounding.RAISED: (-1.0, 0.0),
}


def exact_rounding(
    residuals: Sequence[Residual], offset: float, step: float, exact: Sequence[NDArray]
) -> tuple[Rounding, float, float] | None:
    """The rule that makes the picture after, to the last pixel or nearly, of exact values.

    Parameters
    ----------
    residuals : sequence of Residual
    offset : float
        As fitted.
    step : float
        Not 0.
    exact : sequence of ndarray
        What a kernel of fractions makes of the pictures before, in the residuals' regions.

    Returns
    -------
    (Rounding, float, float) or None
        The rule, the offset beside it, and the share of pixels that come out right.
    """
    best: tuple[float, Rounding, float] | None = None
    wholes = {float(np.rint(offset / step)), float(np.ceil(offset / step)), 0.0}
    # Raised and one less is truncated: of the same thing twice the simpler is said.
    for whole in sorted(wholes, key=abs):
        for name, ends in _RULES.items():
            share = _reproduced(residuals, exact, step, whole, ends)
            if best is None or share > best[0] + _LAST_DIGITS:
                best = share, name, whole * step
    if best is None or best[0] < _REPRODUCED:
        return None
    return best[1], best[2], best[0]


def _reproduced(
    residuals: Sequence[Residual],
    exact: Sequence[NDArray],
    step: float,
    whole: float,
    ends: tuple[float, float],
) -> float:
    same, count = 0, 0
    for residual, values in zip(residuals, exact, strict=True):
        plane = residual.plane
        every = 1 + values.size // _LOOKED_AT
        made = plane.after[residual.region.slices].ravel()[::every]
        above = values.ravel()[::every] / step + whole - made / step
        enough = (above >= ends[0] - _LAST_DIGITS) | (made == plane.low)
        not_more = (above <= ends[1] + _LAST_DIGITS) | (made == plane.high)
        same += int(np.count_nonzero(enough & not_more))
        count += made.size
    return same / count
