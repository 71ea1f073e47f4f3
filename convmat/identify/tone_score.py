"""Whether what is left is a tone curve around the kernel, by the score test of that model.

If a picture was taken through a curve f, filtered and taken back, y = f^-1(h * f(x)), then to
second order, with m = (h * x) / s and s = sum h,

    y = h * x  +  c v,        v = h * (x - m)^2 = h * x^2 - s m^2

so that what a kernel leaves follows the local variance under it. With r what is left and the sums
over pixels where v is more than a level makes it,

    z = sum r (v - mean v) / sqrt( sum r^2 (v - mean v)^2 )

is a standard normal variable where one kernel explains all, whatever the noise's own variance is.

Source: H. White, Econometrica 48 (1980), doi:10.2307/1912934 (the standard error); C. R. Rao, Proc.
Camb. Phil. Soc. 44 (1948), doi:10.1017/S0305004100023987 (score tests).
"""

from collections.abc import Sequence

import numpy as np

from convmat.identify.fit import BoxFit, Residual
from convmat.identify.sampling import parts

__all__ = ["tone_score"]

_DEVIATIONS = 5.0
# Largest v, in its standard deviations, that counts as such: single edges must not decide.
_EDGE = 3.0
# Of the sum of a kernel without regard to sign: below it, no level is left for a curve to act on.
_LEAST_SUM = 0.1
_ENOUGH = 100


def tone_score(fit: BoxFit, residuals: Sequence[Residual]) -> float:
    """Share of the squares of what is left that follows v, beyond five standard deviations.

    Examples
    --------
    >>> from convmat.identify.box import Box
    >>> from convmat.identify.fit import fit_box, residuals_of
    >>> from convmat.identify.given import Plane
    >>> x = np.random.default_rng(0).uniform(50, 200, (40, 41))
    >>> bent = np.sqrt((x[:, :-1] ** 2 + x[:, 1:] ** 2) / 2)
    >>> planes = [Plane(x, bent, 1, 1, 0, 255, 0, 0, 0)]
    >>> fit = fit_box(planes, Box((0, -1), (0, 0)))
    >>> tone_score(fit, list(residuals_of(planes, fit))) > 0.2
    True
    """
    size, s = float(np.abs(fit.kernel).sum()), float(fit.kernel.sum())
    if fit.singular or fit.box.size < 2 or abs(s) < _LEAST_SUM * size:
        return 0.0
    count, product, square = 0, 0.0, 0.0
    for part in (part for residual in residuals for part in parts(residual)):
        x = part.plane.before - part.plane.before.mean()
        v = fit.box.forward(x**2, fit.kernel, part.region)
        v -= fit.box.forward(x, fit.kernel, part.region) ** 2 / s
        counts = np.abs(v) > size * part.plane.before_step**2
        if part.keep is not None:
            counts &= part.keep
        if np.count_nonzero(counts) < _ENOUGH:
            continue
        v, left = v[counts], part.left[counts]
        v -= v.mean()
        edge = _EDGE * float(v.std())
        np.clip(v, -edge, edge, out=v)
        v -= v.mean()
        products = v * (left - left.mean())
        count += v.size
        product += float(products.sum())
        square += float(np.vdot(products, products))
    return max(product**2 / square - _DEVIATIONS**2, 0.0) / count if square else 0.0
