"""Changes that were cut off towards 0: a filter that adds a whole number to every pixel.

    y = x + trunc(change)           instead of        y = round(x + change)

as in a sharpening by an integer division. That takes up to half a level, on average, from every
change: an error with the sign of the change, which a kernel alone takes for a part of itself. So
the sign (the change itself where it is less than a level) is fitted beside the kernel,

    y = X h + o + c s + e,      s = clip((X h + o - x) / step, -1, 1),

as one more column, with the others held orthogonal to it. Between -1/2 and -1/4 of a level is what
such a division leaves. Any other c, or one beside a kernel that sharpens nothing, is not explained
by this: roundings between passes lean towards the picture before, too. Then the kernel stays as it
was, and its error bars take in what the sign may have taken from it, an error c u,

    covariance + c^2 u u',      u = (X'X)^-1 X's;

and 0.2 c where it was fitted, for the staircase is not exactly this one.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from math import sqrt
from operator import add

import numpy as np
from numpy.typing import NDArray

from convmat.identify.fit import BoxFit, Residual, correlated
from convmat.identify.volumes import flat_residual

__all__ = ["unsure", "with_cut_off"]

_LEAST, _MOST = 0.22, 0.55
_SIGNIFICANT = 25.0
_SHARPENS = 1.2
_SHAPE_UNKNOWN = 0.2
_STEPS = 4


def with_cut_off(
    fit: BoxFit, residuals: Sequence[Residual], step: float
) -> tuple[BoxFit, list[Residual], float, NDArray]:
    """The fit, what it leaves, c in levels (0 where it was not fitted), the error of entries."""
    residuals = list(residuals)
    plain = fit, residuals, 0.0, np.zeros(fit.box.size)
    if not all(_lies_over(residual) for residual in residuals) or fit.singular:
        return plain
    means = reduce(add, fit.moments).centred().mean
    found, c = fit, 0.0
    signs = [np.zeros(0) for _ in residuals]
    for _ in range(_STEPS):
        cross, total, power, product = np.zeros(fit.box.size), 0.0, 0.0, 0.0
        for index, residual in enumerate(residuals):
            made = fit.box.forward(residual.plane.before, found.kernel, residual.region)
            change = made + found.offset - _before(residual)
            sign = np.clip(change / step, -1, 1)
            signs[index] = sign
            used = sign if residual.keep is None else sign * residual.keep
            samples = residual.plane.before[fit.box.reads(residual.region)]
            cross += correlated(samples, used, fit.box.shape)
            total += float(used.sum())
            power += float(np.vdot(used, used))
            product += float(np.vdot(used, residual.left))
        mean = total / fit.observations
        cross -= means * total
        pulled = fit.inverse @ cross
        centred = power - total * mean
        free = centred - float(cross @ pulled)
        if free <= 1e-9 * power:
            return plain
        c = product / free
        leaning = mean - float(means @ pulled)
        found = replace(
            fit,
            kernel=fit.kernel - c * pulled.reshape(fit.box.shape),
            offset=fit.offset - c * leaning,
            gram=fit.gram - np.outer(cross, cross) / centred,
            inverse=fit.inverse + np.outer(pulled, pulled) / free,
            square=max(fit.square - c**2 * free, 0.0),
            offset_variance=fit.offset_variance + leaning**2 / free,
        )
    if c**2 * free < _SIGNIFICANT * found.variance:
        return plain
    sharpens = np.abs(fit.kernel).sum() > _SHARPENS * abs(fit.kernel.sum())
    if not (sharpens and _LEAST < -c / step < _MOST):
        return fit, residuals, 0.0, c * pulled
    left = []
    for residual, sign in zip(residuals, signs, strict=True):
        made = fit.box.forward(residual.plane.before, found.kernel, residual.region)
        made += found.offset + c * sign
        after = residual.plane.after[residual.region.slices]
        left.append(replace(residual, left=after - made))
    return found, left, c / step, _SHAPE_UNKNOWN * c * pulled


def unsure(fit: BoxFit, error: NDArray, variance: float) -> BoxFit:
    """With an error of all entries together in the covariance, which is `variance` times C."""
    if not error.any():
        return fit
    scaled = error / sqrt(variance)
    pushed = fit.gram @ scaled
    return replace(
        fit,
        inverse=fit.inverse + np.outer(scaled, scaled),
        gram=fit.gram - np.outer(pushed, pushed) / (1 + float(scaled @ pushed)),
    )


def _before(residual: Residual) -> NDArray:
    """The pixels before that those after lie over."""
    flat = flat_residual(residual)
    return flat.plane.before[flat.region.slices].reshape(residual.left.shape)


def _lies_over(residual: Residual) -> bool:
    """Whether there is a pixel before for every pixel that was fitted."""
    flat = flat_residual(residual)
    ends = zip(flat.region.stop, flat.plane.before.shape, strict=True)
    return flat.region.size > 0 and all(stop <= n for stop, n in ends)
