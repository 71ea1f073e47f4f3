"""Bounds on the unknowns, and the sum of some of them held fixed.

    lower <= x <= upper,    sum of x over `total_entries` = total

The nearest point of this set to v is ``clip(v - shift, lower, upper)`` on the entries that are
summed, with the one shift for which the sum is right. The sum is piecewise linear in the
shift and falls, so that the shift is found exactly by searching its corners.

Source: P. Brucker, An O(n) algorithm for quadratic knapsack problems, Oper. Res. Lett. 3
(1984), doi:10.1016/0167-6377(84)90010-5.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares

__all__ = ["Constraints"]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Constraints:
    """What x must satisfy.

    Attributes
    ----------
    lower, upper : ndarray of float64, shape (n,)
        -inf and inf where there is no bound.
    total : float or None
    summed : ndarray of bool, shape (n,)
        The entries whose sum is `total`.
    """

    lower: NDArray
    upper: NDArray
    total: float | None
    summed: NDArray

    @classmethod
    def of(
        cls, problem: LeastSquares, lower: Any, upper: Any, total: Any, total_entries: Any
    ) -> Self:
        """Validated, for the unknowns of `problem`."""
        n = problem.shape[1]
        low, high = _bound(lower, "lower", n), _bound(upper, "upper", n)
        crossed = np.flatnonzero(~(low <= high) | (low == np.inf) | (high == -np.inf))
        if crossed.size:
            i = crossed[0]
            raise ConvmatError(
                f"lower must not exceed upper, and leave a finite value: entry {i} is given "
                f"[{low[i]}, {high[i]}]"
            )
        if total is not None:
            total = _total(total)
        elif total_entries is not None:
            raise ConvmatError("total_entries says which entries sum to total; give total as well")
        self = cls(low, high, total, _entries(total_entries, n))
        if problem.dtype.kind == "c" and self:
            raise ConvmatError("bounds and total are for real problems; this one is complex")
        if total is not None:
            least, most = low[self.summed].sum(), high[self.summed].sum()
            slack = 8 * n * EPS * abs(total)  # the sums are rounded
            if not least - slack <= total <= most + slack:
                raise ConvmatError(
                    f"total must be between the sums of lower and upper, [{least}, {most}], "
                    f"got {total}"
                )
        return self

    def __bool__(self) -> bool:
        bounded = bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())
        return bounded or self.total is not None

    def project(self, v: NDArray) -> NDArray:
        """The nearest point that satisfies the constraints.

        Examples
        --------
        >>> import numpy as np
        >>> zero, everything = np.zeros(3), np.ones(3, dtype=bool)
        >>> simplex = Constraints(zero, zero + np.inf, 1.0, everything)
        >>> simplex.project(np.array([1.0, 0.5, -1.0]))
        array([0.75, 0.25, 0.  ])
        """
        if not self:
            return v
        x = np.clip(v, self.lower, self.upper)
        if self.total is not None and self.summed.any():
            chosen = self.summed
            low, high = self.lower[chosen], self.upper[chosen]
            shift = _shift(v[chosen], low, high, self.total)
            x[chosen] = np.clip(v[chosen] - shift, low, high)
        return x


def _shift(v: NDArray, low: NDArray, high: NDArray, total: float) -> float:
    """The shift for which ``clip(v - shift, low, high)`` sums to `total`."""
    corners = np.concatenate([v - low, v - high])
    corners = np.unique(corners[np.isfinite(corners)])
    first, last = 0, len(corners)
    while first < last:
        middle = (first + last) // 2
        if np.clip(v - corners[middle], low, high).sum() >= total:
            first = middle + 1
        else:
            last = middle
    # Between two corners the same entries move, each as fast as the shift.
    if first == 0:
        inside = corners[0] - 1 if len(corners) else 0.0
    elif first == len(corners):
        inside = corners[-1] + 1
    else:
        inside = (corners[first - 1] + corners[first]) / 2
    moving = (v - inside > low) & (v - inside < high)
    if not moving.any():
        return float(corners[first - 1] if first else corners[0])
    fixed = np.clip(v[~moving] - inside, low[~moving], high[~moving]).sum()
    return float((v[moving].sum() + fixed - total) / moving.sum())


def _bound(value: Any, name: str, n: int) -> NDArray:
    try:
        bound = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConvmatError(f"{name} must be numbers, got {value!r}") from None
    if bound.shape not in ((), (n,)):
        raise ConvmatError(f"{name} must be one number or {n} of them, got shape {bound.shape}")
    if np.isnan(bound).any():
        raise ConvmatError(f"{name} has entries that are NaN")
    return np.broadcast_to(bound, (n,)).copy()


def _total(value: Any) -> float:
    try:
        total = float(value)
    except (TypeError, ValueError):
        raise ConvmatError(f"total must be a number, got {value!r}") from None
    if not math.isfinite(total):
        raise ConvmatError(f"total must be finite, got {total}")
    return total


def _entries(value: Any, n: int) -> NDArray:
    if value is None:
        return np.ones(n, dtype=bool)
    chosen = np.asarray(value)
    if chosen.dtype == np.bool_ and chosen.shape == (n,):
        return chosen.copy()
    indices = chosen.dtype.kind in "iu" and chosen.ndim == 1 and chosen.size > 0
    if indices and chosen.min() >= 0 and chosen.max() < n:
        mask = np.zeros(n, dtype=bool)
        mask[chosen] = True
        return mask
    raise ConvmatError(
        f"total_entries must be a mask of {n} booleans or indices below {n}, got "
        f"{chosen.dtype} of shape {chosen.shape}"
    )
