"""Trimming a window to the smallest box that explains as much, from one factor.

With C the inverse Gram matrix of the window and h the kernel on it, leaving out the entries S
raises the sum of squares by

    h_S' (C_SS)^-1 h_S

and leaves h_T - C_TS (C_SS)^-1 h_S and C_TT - C_TS (C_SS)^-1 C_ST on the others T. Sides are
trimmed while the Bayesian information criterion falls; a line counts as all of its entries, or as
its largest one alone (a diagonal blur has one entry in its corner) at the price of having been
picked. The boxes at the end of that path, and their neighbours, are then scored exactly, all on
the same pixels.

Sources: G. Schwarz, Ann. Statist. 6 (1978), doi:10.1214/aos/1176344136; J. Chen and Z. Chen,
Biometrika 95 (2008), doi:10.1093/biomet/asn034 (the price of picking).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box
from convmat.identify.dispersion import dispersion
from convmat.identify.fit import BoxFit
from convmat.triangles import inverse_of_product

__all__ = ["picked_entries", "restricted", "trimmed"]

# Share of the squares that a line at the window's side must explain for the window to grow.
_WORTH_GROWING = 1e-3
_SHORT_LIST = 3
_TINY = float(np.finfo(np.float64).tiny)


def trimmed(fit: BoxFit, colour: float = 1.0) -> tuple[Box, list[list[bool]]]:
    """The smallest box of a window by the criterion; per side, whether its line is worth more.

    Noise of that `colour` (see `dispersion`) makes pixels fewer observations than they are.
    """
    spread = _spread(fit, colour)
    box, state = fit.box, _State(fit, spread)
    path = [box]
    while box.size > 1:
        # Two lines may be worth less than the outer one is while it has the other beside it.
        for depth in (1, 2):
            sides = [
                (state.gain(_lines(box, axis, end, fit.box, depth), box)[0], axis, end)
                for axis, n in enumerate(box.shape)
                if n > depth
                for end in (0, 1)
            ]
            gain, axis, end = min(sides, default=(0.0, 0, 0))
            if gain < 0:
                break
        else:
            break
        state.drop(_lines(box, axis, end, fit.box, depth))
        box = _moved(box, axis, end, depth)
        path.append(box)
    candidates = set(path[-_SHORT_LIST:])
    for axis in range(len(box.lo)):
        for end in (0, 1):
            wider = _moved(box, axis, end, -1)
            if fit.box.contains(wider):
                candidates.add(wider)
    best = min(sorted(candidates, key=lambda c: c.size), key=lambda c: _score(fit, c, spread))
    worth = [[False, False] for _ in best.shape]
    last = _State(restricted(fit, best), spread) if best.size > 1 else None
    for axis, n in enumerate(best.shape):
        for end in (0, 1):
            if last is None or n == 1:
                worth[axis][end] = True
                continue
            rise = last.gain(_lines(best, axis, end, best), best)[1]
            worth[axis][end] = rise > _WORTH_GROWING * fit.square
    return best, worth


def picked_entries(fit: BoxFit, spread: float = 1.0) -> NDArray[np.bool_]:
    """Which entries the data tell from 0, each against all others, by the price of picking."""
    variance = np.diagonal(fit.inverse) * fit.variance * spread
    price = np.log(fit.observations) + 2 * np.log(fit.box.size)
    squares = fit.kernel.ravel() ** 2
    return (squares > price * variance).reshape(fit.box.shape)


def _score(fit: BoxFit, box: Box, spread: float) -> float:
    """The criterion of a box inside the window, exactly, on the window's pixels."""
    count = fit.observations
    n = count / spread
    inside = restricted(fit, box)
    full = n * np.log(max(inside.square, _TINY) / count) + box.size * np.log(count)
    picked = picked_entries(inside, count / n).ravel()
    if picked.all() or not picked.any():
        return float(full)
    rest = np.flatnonzero(~picked)
    h = inside.kernel.ravel()[rest]
    rise = h @ np.linalg.solve(inside.inverse[np.ix_(rest, rest)], h)
    price = np.log(count) + 2 * np.log(fit.box.size)
    # Of two boxes with the same entries picked the smaller one is the answer.
    sparse = n * np.log((inside.square + rise) / count) + picked.sum() * price + sum(box.shape)
    return float(min(full, sparse))


def restricted(fit: BoxFit, box: Box) -> BoxFit:
    """The fit of a smaller box, from a factor of its own."""
    from scipy import linalg

    if box == fit.box:
        return fit
    inside = box.entries_of(fit.box)
    gram = fit.gram[np.ix_(inside, inside)]
    ridge = 1e-13 * np.trace(gram) * np.eye(box.size) if fit.singular else 0.0
    lower = linalg.cholesky(gram + ridge, lower=True, check_finite=False)
    h = fit.kernel.ravel()
    # h_T + (S_TT)^-1 S_TS h_S, so that what was found on the window is changed, not found again.
    outside = np.ones(h.size, dtype=bool)
    outside[inside] = False
    pulled = fit.gram[np.ix_(inside, outside)] @ h[outside]
    change = linalg.cho_solve((lower, True), pulled, check_finite=False)
    difference = np.zeros(h.size)
    difference[inside] = change
    difference[outside] = -h[outside]
    rise = float(difference @ (fit.gram @ difference))
    return replace(
        fit,
        box=box,
        frame=fit.frame,
        kernel=(h[inside] + change).reshape(box.shape),
        gram=gram,
        inverse=inverse_of_product(lower),
        square=fit.square + max(rise, 0.0),
        moments=(),
    )


def _spread(fit: BoxFit, colour: float) -> float:
    """What to divide a gain by, so that noise that is not white buys no entries."""
    return max(colour, dispersion(fit).value if len(fit.moments) > 1 else 1.0)


class _State:
    """Kernel and inverse Gram matrix on the entries that are left of a window."""

    def __init__(self, fit: BoxFit, spread: float) -> None:
        self._inverse = fit.inverse.copy()
        self._kernel = fit.kernel.ravel().copy()
        self._places = np.arange(fit.box.size)
        self._where = np.arange(fit.box.size)
        self._square = max(fit.square, _TINY)
        self._count = fit.observations
        self._picking = 2 * np.log(fit.box.size)
        self._spread = spread

    def gain(self, line: NDArray, box: Box) -> tuple[float, float]:
        """What lines are worth by the criterion, negative where they cost more; and in squares."""
        at = self._where[line]
        h, block = self._kernel[at], self._inverse[np.ix_(at, at)]
        pull = np.linalg.solve(block, h)
        rise = max(float(h @ pull), 0.0)
        # The entry that explains most of it alone, with the others of the line left out.
        alone = float((pull**2 / np.diagonal(np.linalg.inv(block))).max())
        n, price = self._count / self._spread, np.log(self._count)
        whole = n * np.log1p(rise / self._square) - line.size * price
        single = n * np.log1p(alone / self._square) - price - self._picking
        return max(whole, single), rise

    def drop(self, line: NDArray) -> None:
        """Leave entries out, and fit the others again."""
        at = self._where[line]
        keep = np.ones(self._places.size, dtype=bool)
        keep[at] = False
        h, block = self._kernel[at], self._inverse[np.ix_(at, at)]
        across = self._inverse[np.ix_(keep, at)]
        weights = np.linalg.solve(block, across.T)
        self._square += max(float(h @ np.linalg.solve(block, h)), 0.0)
        self._kernel = self._kernel[keep] - weights.T @ h
        self._inverse = self._inverse[np.ix_(keep, keep)] - across @ weights
        self._places = self._places[keep]
        self._where[self._places] = np.arange(self._places.size)


def _lines(box: Box, axis: int, end: int, outer: Box, depth: int = 1) -> NDArray[np.intp]:
    """The entries of the outermost lines at one side of a box, among those of an outer one."""
    lo, hi = list(box.lo), list(box.hi)
    if end == 0:
        hi[axis] = lo[axis] + depth - 1
    else:
        lo[axis] = hi[axis] - depth + 1
    return Box(tuple(lo), tuple(hi)).entries_of(outer)


def _moved(box: Box, axis: int, end: int, inwards: int) -> Box:
    lo, hi = list(box.lo), list(box.hi)
    if end == 0:
        lo[axis] += inwards
    else:
        hi[axis] -= inwards
    return Box(tuple(lo), tuple(hi))
