"""A kernel that changes from place to place with a period: a resampling, lines of two fields.

A picture that was scaled and scaled back was filtered with kernels that depend on where, between
the samples of the other size, a pixel lies. What one kernel leaves is then the picture before,
filtered, times waves along rows or columns. With u_1 .. u_J the first and second differences of the
picture before and r what is left, the sums over the other axis

    c_j[i] = sum over pixels p in line i of  r[p] u_j[p]

of noise r are white along i, whatever the picture is: with S the matrix of sums of r^2 u_j u_k, the
power ``c(f)^H S^-1 c(f)`` has a Gamma distribution of shape J at every frequency f but 0 and 1/2.
Held against its median at frequencies near by, a line stands out where kernels change with it.

Source: A. C. Popescu and H. Farid, IEEE Trans. Signal Process. 53 (2005),
doi:10.1109/TSP.2004.839932 (the period resampling leaves); W. A. Gardner, Proc. IEEE 78 (1990),
doi:10.1109/5.52694 (second-order periodicity, and its lines).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.identify.fit import Residual
from convmat.identify.sampling import around

__all__ = ["Modulation", "modulation"]

_EDGE = 3.0
# Bins below which slow changes lie, which are no period; bins to either side to compare with.
_SLOWEST, _BINS = 6, 10
# Of any line at all, by chance.
_UNLIKELY = 1e-8
_LEAST_LINES, _TINY = 32, 1e-290


class Modulation(NamedTuple):
    """The strongest line.

    Attributes
    ----------
    share : float
        Of the squares of what is left, beyond what chance may give; 0 where there is no line.
    period : float
        In pixels.
    """

    share: float
    period: float


def modulation(residuals: Iterable[Residual]) -> Modulation:
    """The strongest line in what is left of all pictures: the mean of their shares, one period.

    Examples
    --------
    >>> from convmat.identify.box import Box, Region
    >>> from convmat.identify.given import Plane
    >>> x = np.random.default_rng(0).uniform(0, 255, (64, 66))
    >>> left = np.zeros((64, 64))
    >>> left[::2] = np.diff(x, axis=1)[::2, :-1]
    >>> plane = Plane(x, x[:, 1:-1], 1, 1, 0, 255, 0, 0, 0)
    >>> found = modulation([Residual(plane, Region((0, 1), (64, 65)), left, None)])
    >>> found.share > 0.1, found.period
    (True, 2.0)
    """
    found, weights = [], []
    for residual in residuals:
        r = residual.masked
        details = _details(residual)
        found.append(max(_line(r, details, axis) for axis in (0, 1)))
        weights.append(residual.used.size)
    if not sum(weights):
        return Modulation(0.0, 0.0)
    share = np.average([line.share for line in found], weights=weights)
    return Modulation(float(share), max(found).period)


def _details(residual: Residual) -> NDArray:
    """Differences of the picture before around every output, without the largest; (J, m, n)."""
    x = around(residual)
    middle = x[1:-1, 1:-1]
    differences = [
        x[1:-1, 2:] - x[1:-1, :-2],
        x[2:, 1:-1] - x[:-2, 1:-1],
        x[1:-1, 2:] + x[1:-1, :-2] - 2 * middle,
        x[2:, 1:-1] + x[:-2, 1:-1] - 2 * middle,
        x[2:, 2:] + x[:-2, :-2] - x[2:, :-2] - x[:-2, 2:],
    ]
    for values in differences:
        edge = _EDGE * float(np.sqrt(np.mean(values**2)))
        np.clip(values, -edge, edge, out=values)
    return np.stack(differences)


def _line(r: NDArray, details: NDArray, axis: int) -> Modulation:
    """The strongest line along one axis."""
    from scipy import special

    scores = details * r
    powers, turn = np.linalg.eigh(np.einsum("jmn,kmn->jk", scores, scores))
    known = powers > 1e-9 * powers.max()
    lines = r.shape[axis]
    if lines < _LEAST_LINES or not powers.max() > 0:
        return Modulation(0.0, 0.0)
    white = (turn[:, known] / np.sqrt(powers[known])).T @ scores.sum(axis=2 - axis)
    shape = len(white)
    power = np.sum(np.abs(np.fft.rfft(white, axis=1)) ** 2, axis=0)
    if lines % 2 == 0:  # real, with half as many degrees of freedom
        chance = max(float(special.gammaincc(shape / 2, power[-1] / 2)), _TINY)
        power[-1] = special.gammainccinv(shape, chance)
    median = special.gammaincinv(shape, 0.5)
    bins = np.arange(_SLOWEST, len(power))
    near = [np.r_[power[max(k - _BINS, 1) : k - 1], power[k + 2 : k + _BINS + 1]] for k in bins]
    height = power[bins] / np.maximum([np.median(values) / median for values in near], 1.0)
    best = int(np.argmax(height))
    excess = height[best] - special.gammainccinv(shape, _UNLIKELY / len(bins))
    share = max(2 * float(excess), 0.0) / np.count_nonzero(r)
    return Modulation(share, lines / float(bins[best]))
