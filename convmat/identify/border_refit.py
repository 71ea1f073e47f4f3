"""What a continuation leaves of the border, once the kernel may be off by its own errors.

The kernel h and the level c (offset plus mean of the columns times h) are known from the interior,
up to errors d of covariance P in units of the variance s^2. A border that reads its continuation in
the rows Z (less the means of the columns, beside a 1 for the level) and differs by r from what the
kernel makes of it leaves, with interior and border fitted together,

    min over d of  |r - Z d|^2 + d' P^-1 d  =  r'r - g' A^-1 g,      g = Z'r,  A = P^-1 + Z'Z

which is r'(I + Z P Z')^-1 r: the residual, whitened by the covariance of the prediction. A never
comes up: conjugate gradients with P as preconditioner take products with Z, Z' and P alone, few of
them where the kernel is well known, and say how far from the minimum they are: A is no less than
P^-1, so what is left to gain is between 0 and q'P q for the gradient q.

Source: M. R. Hestenes and E. Stiefel, J. Res. Nat. Bur. Stand. 49 (1952), doi:10.6028/jres.049.044;
G. H. Golub and G. Meurant, Matrices, Moments and Quadrature with Applications, 2010 (the bound).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from convmat.identify.fit import BoxFit
from convmat.operators.correlation import WindowPlan

__all__ = ["Known", "Strip", "known_of", "left_over"]

_STEPS, _ROUNDS = 100, 4
# Of the variance: a log likelihood of a quarter.
_SETTLED = 0.5


@dataclass(frozen=True, eq=False)
class Known:
    """Kernels that make one channel, and how well they are known.

    Attributes
    ----------
    kernels : ndarray, shape (sources, k1, k2)
    offset : float
    mean : ndarray, shape (K,)
        Of the columns in the interior, K entries of all kernels.
    covariance : ndarray, shape (K, K)
    level_variance : float
        Of the offset plus the kernels times the means.
    """

    kernels: NDArray
    offset: float
    mean: NDArray
    covariance: NDArray
    level_variance: float


def known_of(fit: BoxFit, variance: float) -> Known:
    """What a fit knows, where the inverse Gram matrix times a variance is its covariance.

    With a variance of 0 the kernel is known exactly, whatever the matrix.
    """
    total = reduce(add, fit.moments).centred()
    return Known(
        kernels=fit.kernel.reshape(-1, *fit.kernel.shape[-2:]),
        offset=fit.offset,
        mean=total.mean,
        covariance=fit.inverse * variance if variance else np.zeros_like(fit.inverse),
        level_variance=variance / total.weight,
    )


@dataclass(frozen=True, eq=False)
class Strip:
    """Pixels after, and the samples of every source that they are made of."""

    values: NDArray
    low: float
    high: float
    plans: list[WindowPlan]

    def made(self, kernels: NDArray, level: float) -> NDArray:
        """What kernels make of the samples, plus a level."""
        total = np.full(self.values.shape, level)
        for plan, kernel in zip(self.plans, kernels, strict=True):
            total += plan.forward(np.ascontiguousarray(kernel))
        return total

    def gathered(self, outputs: NDArray) -> NDArray:
        """The adjoint of the kernels' part of `made`, raveled."""
        return np.concatenate([plan.adjoint(outputs).ravel() for plan in self.plans])

    @property
    def at_limit(self) -> bool:
        """Whether any pixel may have been cut off."""
        return bool(np.any((self.values <= self.low) | (self.values >= self.high)))

    def open(self, made: NDArray) -> NDArray:
        """The pixels that say what they are made of: not those cut off where they should be."""
        below = (self.values <= self.low) & (made <= self.low)
        above = (self.values >= self.high) & (made >= self.high)
        return ~(below | above)


def left_over(strips: Sequence[Strip], known: Known, variance: float, enough: float) -> float:
    """The rise in squares with the kernel that suits the strips and the interior together.

    Parameters
    ----------
    strips : sequence of Strip
    known : Known
    variance : float
        Of a pixel's own error.
    enough : float
        Where more than this is left for sure, how much more is of no interest.
    """
    made = [strip.made(known.kernels, known.offset) for strip in strips]
    opened = [strip.open(m) for strip, m in zip(strips, made, strict=True)]
    for _ in range(_ROUNDS):
        left = [
            np.where(seen, strip.values - m, 0.0)
            for strip, m, seen in zip(strips, made, opened, strict=True)
        ]
        rise, change, level = _refit(strips, left, opened, known, variance, enough)
        if rise > enough or not any(strip.at_limit for strip in strips):
            break
        change = change.reshape(known.kernels.shape)
        bent = [m + strip.made(change, level) for strip, m in zip(strips, made, strict=True)]
        now = [strip.open(m) for strip, m in zip(strips, bent, strict=True)]
        if all(np.array_equal(a, b) for a, b in zip(now, opened, strict=True)):
            break
        opened = now
    return rise


def _refit(
    strips: Sequence[Strip],
    left: Sequence[NDArray],
    opened: Sequence[NDArray],
    known: Known,
    variance: float,
    enough: float,
) -> tuple[float, NDArray, float]:
    """The minimum, and the change of kernels and offset that reaches it."""
    covariance, level_variance = known.covariance / variance, known.level_variance / variance

    def gradient(outputs: Sequence[NDArray]) -> NDArray:
        total = sum(float(part.sum()) for part in outputs)
        parts = zip(strips, outputs, strict=True)
        h = sum(strip.gathered(part) for strip, part in parts) - known.mean * total
        return np.append(h, total)

    def scaled(vector: NDArray) -> NDArray:
        return np.append(covariance @ vector[:-1], level_variance * vector[-1])

    def normal(vector: NDArray) -> NDArray:
        h = vector[:-1].reshape(known.kernels.shape)
        level = float(vector[-1] - known.mean @ vector[:-1])
        parts = zip(strips, opened, strict=True)
        return gradient([strip.made(h, level) * seen for strip, seen in parts])

    rise = sum(float(np.vdot(part, part)) for part in left)
    change = np.zeros(known.mean.size + 1)
    q = u = gradient(left)
    z = p = scaled(q)
    gain = float(q @ z)
    for _ in range(_STEPS):
        if gain <= _SETTLED * variance or rise - gain > enough:
            break
        product = u + normal(p)
        step = gain / float(p @ product)
        change = change + step * p
        rise -= step * gain
        q = q - step * product
        z = scaled(q)
        before, gain = gain, float(q @ z)
        u, p = q + gain / before * u, z + gain / before * p
    h = change[:-1]
    return rise, h, float(change[-1] - known.mean @ h)
