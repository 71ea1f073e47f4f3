"""Which unknowns are at a bound at the minimum, and the minimum itself.

    min x'Gx / 2 - g'x   over   lower <= x <= upper,  sum of some x = total

At the minimum an entry at a bound is held there by a slope that points outward; the free
entries' slope is one constant where they are summed (the multiplier of the sum) and zero where
not: the Karush-Kuhn-Tucker conditions. Given which entries are free they are a linear system.

`pivot` exchanges all entries that break the conditions at once, until none does. It takes a
few rounds, and now and then does not end; `descend` takes over then, a primal active-set method:
feasible throughout, the objective falling, as many rounds as it needs.

Sources: J. Kim and H. Park, Fast nonnegative matrix factorization: an active-set-like method
and comparisons, SIAM J. Sci. Comput. 33 (2011), doi:10.1137/110821172 (pivoting); J. Nocedal and
S. J. Wright, Numerical Optimization, 2nd ed., Springer 2006, algorithm 16.3,
doi:10.1007/978-0-387-40065-5 (descent).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convmat.solvers.constraints import Constraints
from convmat.solvers.kkt import FreeSystem

__all__ = ["ActiveSet"]

EPS = float(np.finfo(np.float64).eps)
PATIENCE = 20
"""Rounds of pivoting that may pass without fewer broken conditions."""

Slope = Callable[[NDArray], NDArray]


class ActiveSet:
    """A feasible x, and the entries that are free.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
    constraints : Constraints
    x : ndarray, shape (n,)
        A feasible point; what is at a bound in it is not free at first.
    """

    def __init__(self, gram: NDArray, constraints: Constraints, x: NDArray) -> None:
        self.x = x
        self.constraints = constraints
        self.free = self._inside(x)
        self.rounds = 0
        self._gram = gram
        self._norm = float(np.linalg.norm(gram))
        self._summed = constraints.summed if constraints.total is not None else None
        self._factor()

    def pivot(self, slope_at: Slope) -> bool:
        """Exchange until the conditions hold; False, with x feasible, where that fails."""
        lower, upper = self.constraints.lower, self.constraints.upper
        fewest, patience = self.x.size + 1, PATIENCE
        while patience:
            x = self.x + self.system.step(slope_at(self.x), self._deficit(self.x))
            below, above = x < lower, x > upper
            wrong = self._wrongly_held(x, slope_at(x))
            broken = int(np.count_nonzero(below | above | wrong))
            self.x = np.clip(x, lower, upper)
            self.rounds += 1
            if not broken and self._sum_is_right(self.x):
                return True
            patience = PATIENCE if broken < fewest else patience - 1
            fewest = min(fewest, broken)
            self.free = (self.free & ~below & ~above) | wrong
            self._factor()
        self.x = self.constraints.project(self.x)
        self.free = self._inside(self.x)
        self._factor()
        return False

    def descend(self, slope_at: Slope) -> bool:
        """Move downhill until the conditions hold; False where it takes too many rounds."""
        lower, upper = self.constraints.lower, self.constraints.upper
        for _ in range(20 * self.x.size + 50):
            self.rounds += 1
            slope = slope_at(self.x)
            move = self.system.step(slope)
            outward = (self.x <= lower) & (move < 0) | (self.x >= upper) & (move > 0)
            if outward.any():
                self.free &= ~outward
                self._factor()
                continue
            share, blocking = self._longest_share(move)
            if blocking is not None:
                self._stop_at_bounds(slope, move, share, blocking)
                self._factor()
                continue
            self.x = np.clip(self.x + move, lower, upper)
            wrong = self._wrongly_held(self.x, slope_at(self.x))
            if not wrong.any():
                return True
            self.free |= wrong
            self._factor()
        return False

    def is_feasible(self) -> bool:
        """Whether x is finite, within its bounds and sums to total, to rounding."""
        x, constraints = self.x, self.constraints
        inside = bool(np.all((x >= constraints.lower) & (x <= constraints.upper)))
        return inside and bool(np.all(np.isfinite(x))) and self._sum_is_right(x)

    def _stop_at_bounds(self, slope: NDArray, move: NDArray, share: float, blocking: int) -> None:
        """Go as far as the first bound, or bend along all of them where that leads lower."""
        straight = (share - share**2 / 2) * (slope @ move)
        bent = self.constraints.project(self.x + move)
        change = bent - self.x
        if slope @ change + change @ (self._gram @ change) / 2 < straight:
            self.x = bent
            self.free = self._inside(bent)
            return
        x = self.x + share * move
        lower, upper = self.constraints.lower, self.constraints.upper
        x[blocking] = lower[blocking] if move[blocking] < 0 else upper[blocking]
        self.x = np.clip(x, lower, upper)
        self.free[blocking] = False

    def _inside(self, x: NDArray) -> NDArray:
        return (x > self.constraints.lower) & (x < self.constraints.upper)

    def _factor(self) -> None:
        self.system = FreeSystem(self._gram, self.free, self._summed)

    def _deficit(self, x: NDArray) -> float:
        if self._summed is None or self.constraints.total is None:
            return 0.0
        return self.constraints.total - float(x[self._summed].sum())

    def _sum_is_right(self, x: NDArray) -> bool:
        """It can be wrong only where no summed entry is free to make it right."""
        size = float(np.abs(x).sum()) + abs(self.constraints.total or 0.0)
        return abs(self._deficit(x)) <= 16 * EPS * x.size * size

    def _longest_share(self, move: NDArray) -> tuple[float, int | None]:
        """How much of the move the bounds allow, and the entry that stops it."""
        room = np.where(move < 0, self.constraints.lower - self.x, self.constraints.upper - self.x)
        shares = np.full(move.shape, np.inf)
        np.divide(room, move, out=shares, where=move != 0)
        i = int(np.argmin(shares))
        return (float(max(shares[i], 0.0)), i) if shares[i] < 1 else (1.0, None)

    def _wrongly_held(self, x: NDArray, slope: NDArray) -> NDArray:
        """Which entries at a bound would lower the objective by leaving it."""
        constraints = self.constraints
        rounding = 16 * EPS * (np.linalg.norm(slope) + self._norm * np.linalg.norm(x))
        held = ~self.free & (constraints.lower < constraints.upper)
        at_lower = held & (x <= constraints.lower)
        at_upper = held & (x >= constraints.upper)
        pull = slope
        if self._summed is not None:
            multiplier = self._multiplier(slope, at_lower, at_upper)
            pull = slope - multiplier * self._summed
        return at_lower & (pull < -rounding) | at_upper & (pull > rounding)

    def _multiplier(self, slope: NDArray, at_lower: NDArray, at_upper: NDArray) -> float:
        """The common slope of the summed entries that are free.

        Where none is free, any number will do that is no more than the slopes at lower bounds
        and no less than those at upper ones; where there is none, the middle breaks both.
        """
        assert self._summed is not None
        free = self._summed & self.free
        if free.any():
            return float(slope[free].mean())
        most = np.min(slope[self._summed & at_lower], initial=np.inf)
        least = np.max(slope[self._summed & at_upper], initial=-np.inf)
        ends = [end for end in (least, most) if np.isfinite(end)]
        return float(np.mean(ends)) if ends else 0.0
