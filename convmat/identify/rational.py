"""Whole numbers over a divisor, where the error bars allow exactly one such kernel.

For a divisor D the nearest numerators n = round(D h) are judged against the covariance,

    (h - n/D)' V^-1 (h - n/D)   as chi-square,

and every entry by its own error bar. An answer counts where it could not have come about by chance
(numbers at random fall within the bars of some multiple of 1/D with a probability that is computed)
and where no other divisor gives another kernel.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rational", "snap"]

_LARGEST_DIVISOR = 1024
_BARS = 4.5
_LEVEL = 1e-4
_BY_CHANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Rational:
    """A kernel of fractions: ``numerators / divisor``.

    ``reproduced`` is the share of the pixels that it makes exactly, with the rounding found, or NaN
    where that was not tried.
    """

    numerators: NDArray[np.int64]
    divisor: int
    reproduced: float = float("nan")

    @property
    def kernel(self) -> NDArray[np.float64]:
        """The quotient."""
        return self.numerators / self.divisor

    def __str__(self) -> str:
        kernels = self.numerators if self.numerators.ndim > 2 else [self.numerators]
        written = [
            "; ".join(" ".join(map(str, row)) for row in np.atleast_2d(kernel))
            for kernel in kernels
        ]
        return f"1/{self.divisor} [{' | '.join(written)}]"


def snap(kernel: NDArray, information: NDArray, covariance: NDArray) -> Rational | None:
    """The only fractions with a small divisor that the error bars allow, or None.

    Parameters
    ----------
    kernel : ndarray
    information, covariance : ndarray, shape (K, K)
        Each the inverse of the other.

    Examples
    --------
    >>> V = 1e-8 * np.eye(3)
    >>> str(snap(np.array([0.25003, 0.49998, 0.25001]), np.linalg.inv(V), V))
    '1/4 [1 2 1]'
    """
    from scipy.stats import chi2

    h = kernel.ravel()
    bars = np.sqrt(np.diagonal(covariance))
    if not (np.isfinite(bars).all() and np.all(bars >= 0)):
        return None
    allowed = chi2.isf(_LEVEL, h.size)
    telling = np.abs(h) > _BARS * bars  # an entry of about 0 is a multiple of anything
    found: Rational | None = None
    for divisor in range(1, _LARGEST_DIVISOR + 1):
        chance = np.minimum(1.0, 2 * _BARS * bars[telling] * divisor)
        if divisor * float(np.prod(chance)) > _BY_CHANCE:
            # From here on anything would do: what was found so far is all there is to find.
            break
        numerators = np.rint(h * divisor)
        off = h - numerators / divisor
        if np.any(np.abs(off) > _BARS * bars + 1e-12 * np.abs(h).max()):
            continue
        tiny = np.abs(off).max() <= 1e-9 * np.abs(h).max()
        if not tiny and float(off @ information @ off) > allowed:
            continue
        common = gcd(divisor, *map(int, np.abs(numerators)))
        reduced = (numerators / common).astype(np.int64).reshape(kernel.shape)
        if found is None:
            found = Rational(reduced, divisor // common)
        elif np.any(found.kernel != reduced / (divisor // common)):
            return None
    return found
