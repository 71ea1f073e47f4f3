"""What the residual says against one kernel: some numbers, each 0 or 1 where all is well.

``intensity``    share of the residual's squares between levels of the fitted picture, less what
                 chance gives: a tone curve bends the mean
``curve``        the same for a cubic in the level alone, which rounding does not follow
``change``       the same for the change, fitted less before: a threshold, a shrinking of details
``activity``     mean square where the picture before is busy, over where it is calm, at equal
                 levels: a median, a compression and a resampling err at edges
``correlation``  largest correlation of neighbours, in size: noise and rounding have little
``kurtosis``     0 for Gaussian noise; sums of roundings have less, pictures more
``sums``         how many different sums were rounded, and errors made, where levels are few
``lively``       mean square where the picture before is not flat: there rounding leaves nothing
``tail``         what one pixel in 10,000 exceeds, in levels: errors of roundings are bounded
``blocks``, ``own_blocks``, ``grid``
                 see `block_tests`
``quarters``     what kernels of their own for the picture's quarters explain, as F and as a share

Sources: R. D. Cook and S. Weisberg, Biometrika 70 (1983), doi:10.1093/biomet/70.1.1 (unequal
variance); G. C. Chow, Econometrica 28 (1960), doi:10.2307/1910133 (equal coefficients).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convmat.identify.block_tests import fine_blocks, grid_phase, periodicity
from convmat.identify.box import Region
from convmat.identify.dispersion import Dispersion
from convmat.identify.fit import Residual
from convmat.identify.residual_distribution import kurtosis, neighbour_correlation, sums, tail

__all__ = ["ResidualTests", "residual_tests"]

_LEVELS = 32
_BUSY, _CALM = 0.85, 0.5
_SAMPLE = 2**21
_NEIGHBOURS, _ENOUGH = 0.5, 0.1


@dataclass(frozen=True, eq=False)
class ResidualTests:
    """The numbers described above."""

    intensity: float
    curve: float
    change: float
    activity: float
    correlation: float
    kurtosis: float
    tail: float
    blocks: float
    own_blocks: float
    grid: float
    quarters: float
    quarters_freedom: int
    quarters_share: float
    pixels: int
    sums: int
    lively: float


def residual_tests(spread: Dispersion, residuals: Sequence[Residual]) -> ResidualTests:
    """All of them, on the pixels that were fitted."""
    whole = residuals
    residuals = [part for residual in residuals for part in _parts(residual) if part.used.size]
    square = sum(float(np.vdot(r.used, r.used)) for r in residuals)
    count = sum(r.used.size for r in residuals)
    if not square:
        return ResidualTests(
            intensity=0.0,
            curve=0.0,
            change=0.0,
            activity=1.0,
            correlation=0.0,
            kurtosis=0.0,
            tail=0.0,
            blocks=1.0,
            own_blocks=1.0,
            grid=0.0,
            quarters=1.0,
            quarters_freedom=0,
            quarters_share=0.0,
            pixels=count,
            sums=count,
            lively=0.0,
        )
    weights = np.array([r.used.size for r in residuals]) / count
    # Of few pixels here and there neighbours and blocks say nothing.
    spread_out = count < _NEIGHBOURS * sum(r.left.size for r in residuals)
    return ResidualTests(
        intensity=float(weights @ [_intensity(r) for r in residuals]),
        curve=float(weights @ [_curve(r) for r in residuals]),
        change=float(weights @ [_change(r) for r in residuals]),
        activity=float(weights @ [_activity(r) for r in residuals]),
        correlation=0.0 if spread_out else neighbour_correlation(residuals),
        kurtosis=float(weights @ [kurtosis(r) for r in residuals]),
        tail=max(tail(r) for r in residuals),
        blocks=1.0 if spread_out else float(weights @ [periodicity(r.left) for r in residuals]),
        own_blocks=float(weights @ [_own_blocks(r) for r in residuals]),
        grid=0.0 if spread_out else float(np.mean([grid_phase(r.masked) for r in whole])),
        quarters=spread.value,
        quarters_freedom=spread.freedom,
        quarters_share=spread.share,
        pixels=count,
        sums=sum(map(sums, residuals)),
        lively=float(weights @ [_lively(r) for r in residuals]),
    )


def _parts(residual: Residual) -> list[Residual]:
    """The middles of the quarters of a large picture; all of a smaller one."""
    if residual.left.size <= _SAMPLE:
        return [residual]
    found = []
    for part in residual.region.quarters():
        share = min(1.0, sqrt(_SAMPLE / 4 / max(part.size, 1)))
        sizes = [max(int(n * share), 1) for n in part.shape]
        start = [a + (n - m) // 2 for a, n, m in zip(part.start, part.shape, sizes, strict=True)]
        middle = Region(tuple(start), tuple(a + m for a, m in zip(start, sizes, strict=True)))
        inside = tuple(
            slice(a - first, b - first)
            for a, b, first in zip(middle.start, middle.stop, residual.region.start, strict=True)
        )
        keep = None if residual.keep is None else residual.keep[inside]
        if keep is None or keep.any():
            found.append(Residual(residual.plane, middle, residual.left[inside], keep))
    return found


def _sampled(residual: Residual) -> tuple[NDArray, NDArray, NDArray]:
    """Fitted values, what is left, and local variance of the picture before: some pixels, 1-D."""
    busy = _local_variance(residual)
    keep = np.ones(residual.left.shape, bool) if residual.keep is None else residual.keep
    every = 1 + residual.left.size // _SAMPLE
    which = np.flatnonzero(keep)[::every]
    fitted = residual.fitted.ravel()[which]
    return fitted, residual.left.ravel()[which], busy.ravel()[which]


def _local_variance(residual: Residual) -> NDArray:
    """Of 3x3 samples around each output's own sample (or the nearest one, for a shift)."""
    places = []
    for a, b, n in zip(
        residual.region.start, residual.region.stop, residual.plane.before.shape, strict=True
    ):
        places.append(np.clip(np.arange(a - 1, b + 1), 0, n - 1))
    before = residual.plane.before[np.ix_(*places)]
    mean = before.mean()
    powers = [before - mean, (before - mean) ** 2]
    for axis in range(before.ndim):
        for index, values in enumerate(powers):
            size = values.shape[axis]
            ends = [values.take(range(s, s + size - 2), axis=axis) for s in (0, 1, 2)]
            powers[index] = ends[0] + ends[1] + ends[2]
    samples = 3**before.ndim
    return powers[1] / samples - (powers[0] / samples) ** 2


def _intensity(residual: Residual) -> float:
    fitted, left, _ = _sampled(residual)
    return _explained_by(fitted, left)


def _change(residual: Residual) -> float:
    """0 where after does not lie over before."""
    before = residual.plane.before[residual.region.slices]
    if before.shape != residual.left.shape:
        return 0.0
    keep = slice(None) if residual.keep is None else residual.keep.ravel()
    every = 1 + residual.left.size // _SAMPLE
    change = (residual.fitted - before).ravel()[keep][::every]
    return _explained_by(change, residual.left.ravel()[keep][::every])


def _explained_by(values: NDArray, left: NDArray) -> float:
    """Share of the squares of what is left that means over groups of like values explain."""
    order = np.argsort(values, kind="stable")
    groups = np.array_split(left[order], _LEVELS)
    between = sum(group.size * group.mean() ** 2 for group in groups if group.size)
    total = float(np.vdot(left, left))
    return between / total - _LEVELS / left.size if total else 0.0


def _lively(residual: Residual) -> float:
    """Of all pixels, where hardly any is not flat."""
    _, left, busy = _sampled(residual)
    squares = left**2
    lively = busy > residual.plane.before_step**2
    return float(squares[lively].mean() if lively.mean() > _ENOUGH else squares.mean())


def _own_blocks(residual: Residual) -> float:
    return fine_blocks(residual.plane.before[residual.region.slices], residual.plane.before_step)


def _curve(residual: Residual) -> float:
    """Share of the squares of what is left that a cubic in what is fitted explains."""
    fitted, left, _ = _sampled(residual)
    spread = float(np.std(fitted))
    total = float(np.vdot(left, left))
    if not spread or not total or left.size < 10:
        return 0.0
    level = (fitted - fitted.mean()) / spread
    basis, _ = np.linalg.qr(np.stack([np.ones_like(level), level, level**2, level**3], axis=1))
    projected = (basis.T @ left)[2:]
    return float(projected @ projected) / total


def _activity(residual: Residual) -> float:
    fitted, left, busy = _sampled(residual)
    order = np.argsort(fitted, kind="stable")
    top = bottom = 0.0
    tops = bottoms = 0
    for group in np.array_split(order, _LEVELS):
        if group.size < 20:
            continue
        ranked = group[np.argsort(busy[group], kind="stable")]
        squares = left[ranked] ** 2
        calm, active = squares[: int(_CALM * len(ranked))], squares[int(_BUSY * len(ranked)) :]
        top, tops = top + active.sum(), tops + active.size
        bottom, bottoms = bottom + calm.sum(), bottoms + calm.size
    if not tops or not top:
        return 1.0
    return float((top / tops) / max(bottom / bottoms, 1e-30 * top))
