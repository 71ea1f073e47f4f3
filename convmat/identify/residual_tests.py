"""What the residual says against one kernel: some numbers, each 0 or 1 where all is well.

``intensity``    share of the residual's squares between levels of the fitted picture, less what
                 chance gives: a tone curve bends the mean
``curve``        the same for a cubic in the level alone, which rounding does not follow
``change``       the same for the change, fitted less before: a threshold, a shrinking of details
``tone``         share that follows the local variance under the kernel, see `tone_score`
``activity``     mean square where the picture before is busy, over where it is calm, see `activity`
``modulation``   share that is the picture before times a wave, see `modulation`
``correlation``  largest correlation of neighbours, in size: noise and rounding have little
``kurtosis``     0 for Gaussian noise; sums of roundings have less, pictures more
``sums``         how many different sums were rounded, and errors made, where levels are few
``lively``       mean square where the picture before is not flat: there rounding leaves nothing
``tail``         half the range of all but one pixel in 10,000, in levels: errors of roundings are
                 bounded
``blocks``, ``own_blocks``, ``grid``
                 see `block_tests`
``quarters``     what kernels of their own for the picture's quarters explain, as F and as a share

Source: G. C. Chow, Econometrica 28 (1960), doi:10.2307/1910133 (equal coefficients).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.identify.activity import Activity, activity, lively
from convmat.identify.block_tests import fine_blocks, grid_phase, periodicity
from convmat.identify.dispersion import Dispersion
from convmat.identify.fit import Residual
from convmat.identify.modulation import Modulation, modulation
from convmat.identify.residual_distribution import kurtosis, neighbour_correlation, sums, tail
from convmat.identify.sampling import SAMPLE, parts

__all__ = ["ResidualTests", "residual_tests"]

_LEVELS = 32
_NEIGHBOURS, _ENOUGH = 0.5, 0.1


@dataclass(frozen=True, eq=False)
class ResidualTests:
    """The numbers described above."""

    intensity: float
    curve: float
    change: float
    tone: float
    activity: Activity
    modulation: Modulation
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


def residual_tests(spread: Dispersion, tone: float, residuals: Sequence[Residual]) -> ResidualTests:
    """All of them, on the pixels that were fitted."""
    whole = residuals
    residuals = [part for residual in residuals for part in parts(residual)]
    square = sum(float(np.vdot(r.used, r.used)) for r in residuals)
    count = sum(r.used.size for r in residuals)
    if not square:
        return ResidualTests(
            intensity=0.0,
            curve=0.0,
            change=0.0,
            tone=0.0,
            activity=Activity(1.0, 0.0),
            modulation=Modulation(0.0, 0.0),
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
    # Of few pixels here and there neighbours, periods and blocks say nothing.
    spread_out = count < _NEIGHBOURS * sum(r.left.size for r in residuals)
    return ResidualTests(
        intensity=float(weights @ [_intensity(r) for r in residuals]),
        curve=float(weights @ [_curve(r) for r in residuals]),
        change=float(weights @ [_change(r) for r in residuals]),
        tone=tone,
        activity=activity(residuals),
        modulation=Modulation(0.0, 0.0) if spread_out else modulation(residuals),
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
        lively=float(weights @ [lively(r) for r in residuals]),
    )


def _sampled(residual: Residual, values: NDArray) -> tuple[NDArray, NDArray]:
    """Values, and what is left, at some of the pixels that count: 1-D."""
    keep = slice(None) if residual.keep is None else residual.keep.ravel()
    every = 1 + residual.left.size // SAMPLE
    return values.ravel()[keep][::every], residual.left.ravel()[keep][::every]


def _intensity(residual: Residual) -> float:
    return _explained_by(*_sampled(residual, residual.fitted))


def _change(residual: Residual) -> float:
    """0 where after does not lie over before."""
    before = residual.plane.before[residual.region.slices]
    if before.shape != residual.left.shape:
        return 0.0
    return _explained_by(*_sampled(residual, residual.fitted - before))


def _explained_by(values: NDArray, left: NDArray) -> float:
    """Share of the squares of what is left that means over groups of like values explain."""
    order = np.argsort(values, kind="stable")
    groups = np.array_split(left[order], _LEVELS)
    between = sum(group.size * group.mean() ** 2 for group in groups if group.size)
    total = float(np.vdot(left, left))
    return between / total - _LEVELS / left.size if total else 0.0


def _own_blocks(residual: Residual) -> float:
    return fine_blocks(residual.plane.before[residual.region.slices], residual.plane.before_step)


def _curve(residual: Residual) -> float:
    """Share of the squares of what is left that a cubic in what is fitted explains."""
    fitted, left = _sampled(residual, residual.fitted)
    spread = float(np.std(fitted))
    total = float(np.vdot(left, left))
    if not spread or not total or left.size < 10:
        return 0.0
    level = (fitted - fitted.mean()) / spread
    basis, _ = np.linalg.qr(np.stack([np.ones_like(level), level, level**2, level**3], axis=1))
    projected = (basis.T @ left)[2:]
    return float(projected @ projected) / total
