"""What the residual says against one kernel: some numbers, each 0 or 1 where all is well.

``intensity``    share of the residual's squares between levels of the fitted picture, less what
                 chance gives: a tone curve bends the mean
``curve``        the same for a cubic in the level alone, which rounding does not follow
``activity``     mean square where the picture before is busy, over where it is calm, at equal
                 levels: a median, a compression and a resampling err at edges
``correlation``  largest correlation of neighbours, in size: noise and rounding have little
``blocks``       power of the residual's energy along rows and columns at periods of 8, 4, 8/3 and
                 2 pixels, over that at periods close by: JPEG
``quarters``     what kernels of their own for the picture's quarters explain, as F and as a share

Sources: R. D. Cook and S. Weisberg, Biometrika 70 (1983), doi:10.1093/biomet/70.1.1 (unequal
variance); G. C. Chow, Econometrica 28 (1960), doi:10.2307/1910133 (equal coefficients).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Region
from convmat.identify.dispersion import Dispersion
from convmat.identify.fit import Residual

__all__ = ["ResidualTests", "neighbour_correlation", "residual_tests"]

_LEVELS = 32
_BUSY, _CALM = 0.85, 0.5
_SAMPLE = 2**21
_PERIOD = 8
_AROUND = 8


@dataclass(frozen=True, eq=False)
class ResidualTests:
    """The numbers described above; ``explained`` is the share of after's variance in the fit."""

    explained: float
    intensity: float
    curve: float
    activity: float
    correlation: float
    blocks: float
    quarters: float
    quarters_freedom: int
    quarters_share: float
    pixels: int


def residual_tests(spread: Dispersion, residuals: Sequence[Residual]) -> ResidualTests:
    """All of them, on the pixels that were fitted."""
    residuals = [part for residual in residuals for part in _parts(residual)]
    square = sum(float(np.vdot(r.used, r.used)) for r in residuals)
    count = sum(r.used.size for r in residuals)
    power = 0.0
    for residual in residuals:
        values = residual.fitted + residual.left
        used = values.ravel() if residual.keep is None else values[residual.keep]
        power += float(np.var(used)) * used.size
    if not square or not power:
        return ResidualTests(1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0, 0.0, count)
    weights = np.array([r.used.size for r in residuals]) / count
    return ResidualTests(
        explained=1 - square / power,
        intensity=float(weights @ [_intensity(r) for r in residuals]),
        curve=float(weights @ [_curve(r) for r in residuals]),
        activity=float(weights @ [_activity(r) for r in residuals]),
        correlation=neighbour_correlation(residuals),
        blocks=float(weights @ [_blocks(r.left) for r in residuals]),
        quarters=spread.value,
        quarters_freedom=spread.freedom,
        quarters_share=spread.share,
        pixels=count,
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
            left, fitted = residual.left[inside], residual.fitted[inside]
            found.append(Residual(residual.plane, middle, fitted, left, keep))
    return found


def _sampled(residual: Residual) -> tuple[NDArray, NDArray, NDArray]:
    """Fitted values, what is left, and local variance of the picture before: some pixels, 1-D."""
    busy = _local_variance(residual)
    keep = np.ones(residual.left.shape, bool) if residual.keep is None else residual.keep
    every = 1 + residual.left.size // _SAMPLE
    which = np.flatnonzero(keep)[::every]
    return tuple(array.ravel()[which] for array in (residual.fitted, residual.left, busy))  # type: ignore[return-value]


def _local_variance(residual: Residual) -> NDArray:
    """Of 3x3 samples around each output's own sample (or the nearest one, for a shift)."""
    places = []
    for a, b, n in zip(
        residual.region.start, residual.region.stop, residual.plane.before.shape, strict=True
    ):
        places.append(np.clip(np.arange(a - 1, b + 1), 0, n - 1))
    before = residual.plane.before[np.ix_(*places)]
    mean = before.mean()
    sums = [before - mean, (before - mean) ** 2]
    for axis in range(before.ndim):
        for index, values in enumerate(sums):
            size = values.shape[axis]
            ends = [values.take(range(s, s + size - 2), axis=axis) for s in (0, 1, 2)]
            sums[index] = ends[0] + ends[1] + ends[2]
    samples = 3**before.ndim
    return sums[1] / samples - (sums[0] / samples) ** 2


def _intensity(residual: Residual) -> float:
    fitted, left, _ = _sampled(residual)
    order = np.argsort(fitted, kind="stable")
    groups = np.array_split(left[order], _LEVELS)
    between = sum(group.size * group.mean() ** 2 for group in groups if group.size)
    total = float(np.vdot(left, left))
    return between / total - _LEVELS / left.size if total else 0.0


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


def neighbour_correlation(residuals: Sequence[Residual]) -> float:
    """Of neighbours along rows, columns and both diagonals; what was left out counts as 0."""
    products, square = np.zeros(4), 0.0
    for residual in residuals:
        left = residual.left if residual.keep is None else residual.left * residual.keep
        square += float(np.vdot(left, left))
        products += [
            float(np.sum(left[:, 1:] * left[:, :-1])),
            float(np.sum(left[1:] * left[:-1])),
            float(np.sum(left[1:, 1:] * left[:-1, :-1])),
            float(np.sum(left[1:, :-1] * left[:-1, 1:])),
        ]
    return float(np.abs(products).max() / square) if square else 0.0


def _blocks(left: NDArray) -> float:
    ratios = []
    for axis in (0, 1):
        turned = left if axis else left.T
        if turned.shape[1] < 8 * _PERIOD:
            continue
        for profile in (
            np.mean(turned**2, axis=0)[:-1],
            np.mean(turned[:, 1:] * turned[:, :-1], axis=0),
        ):
            whole = profile[: len(profile) // _PERIOD * _PERIOD]
            power = np.abs(np.fft.rfft(whole - whole.mean())) ** 2
            step = len(whole) // _PERIOD
            for k in range(1, _PERIOD // 2 + 1):
                at = k * step
                near = np.r_[max(at - _AROUND, 1) : at - 1, at + 2 : at + _AROUND + 1]
                near = near[near < len(power)]
                if len(near) > 3:
                    share = 2 if k == _PERIOD // 2 else 1
                    ratios.append(power[at] / share / max(power[near].mean(), 1e-300))
    return float(np.mean(ratios)) if ratios else 1.0
