"""The fit on the box that was found, and what it leaves, tested.

The box alone has a larger interior than the window it was found in. Pixels that were clipped are
left out, and repeated neighbourhoods; in light, pixels are weighted by the slope of the tone curve;
and what a tool cut off towards 0 is fitted beside the kernel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box
from convmat.identify.cut_off import with_cut_off
from convmat.identify.dispersion import Dispersion, dispersion
from convmat.identify.distinct import one_of_each
from convmat.identify.fit import BoxFit, Residual, fit_box, residuals_of
from convmat.identify.frame import find_frame
from convmat.identify.given import Plane
from convmat.identify.quantization import fit_unclipped
from convmat.identify.residual_tests import ResidualTests, residual_tests
from convmat.identify.support import Search, by_quarters
from convmat.identify.tone import Tone, in_levels, slope_weights
from convmat.identify.tone_score import tone_score
from convmat.identify.verdict import rounded_in_passes, several_roundings
from convmat.identify.volumes import flat_residual

__all__ = ["Fitted", "fitted", "fitted_and_tested"]

_CLIPPING_STEPS, _FEW_STEPS = 12, 3
_MANY_ENTRIES = 1000
_WEIGHTING_STEPS = 2


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit and what it leaves.

    Attributes
    ----------
    fit : BoxFit
    keeps : list of ndarray or None
        The pixels that were fitted, all where None.
    residuals : list of Residual
    spread : Dispersion
    tests : ResidualTests
    cut_off : float
        What was cut off towards 0, in levels; 0 where nothing was.
    error : ndarray, shape (K,)
        Of all entries together, which cutting off or inner roundings may have left.
    repeats : bool
        Whether pixels were left out because others say the same.
    """

    fit: BoxFit
    keeps: list[NDArray] | None
    residuals: list[Residual]
    spread: Dispersion
    tests: ResidualTests
    cut_off: float
    error: NDArray
    repeats: bool


def fitted_and_tested(
    planes: Sequence[Plane], given: Sequence[Plane], found: Search, tone: Tone | None
) -> Fitted:
    """Fit what was found; `planes` are in light where there is a tone curve, `given` are not."""
    frame = find_frame(planes, found)
    fit, keeps = fitted(planes, found.box, frame, found.keeps)
    alone = None if tone else one_of_each(planes, found.box, frame)
    if alone is not None:
        keeps = alone if keeps is None else [a & b for a, b in zip(alone, keeps, strict=True)]
        fit = fit_box(planes, found.box, keeps, frame=frame)
    residuals = list(residuals_of(planes, fit, keeps))
    if tone:
        for _ in range(_WEIGHTING_STEPS):
            weights = slope_weights(residuals, given, tone)
            fit = fit_box(planes, found.box, weights, quarters=True, frame=frame)
            residuals = list(residuals_of(planes, fit, keeps))
        residuals = in_levels(residuals, given, tone)
    spread = dispersion(fit)
    tests = _tested(fit, residuals, spread)
    cut_off, error = 0.0, np.zeros(fit.box.size)
    step = max(plane.step for plane in given)
    several = several_roundings(fit, tests, step) and rounded_in_passes(fit, tests, step)
    if several and not tone:
        fit, residuals, cut_off, error = with_cut_off(fit, residuals, step)
        if cut_off:
            spread = Dispersion(1.0, 0, 0.0)
            tests = _tested(fit, residuals, spread)
    return Fitted(fit, keeps, residuals, spread, tests, cut_off, error, alone is not None)


def _tested(fit: BoxFit, residuals: Sequence[Residual], spread: Dispersion) -> ResidualTests:
    return residual_tests(spread, tone_score(fit, residuals), [*map(flat_residual, residuals)])


def fitted(
    planes: Sequence[Plane],
    box: Box,
    frame: Box,
    keeps: list[NDArray] | None,
    *,
    quarters: bool = True,
) -> tuple[BoxFit, list[NDArray] | None]:
    """On the box alone, which has a larger interior, until what is left out stays the same."""
    steps = _CLIPPING_STEPS if box.size <= _MANY_ENTRIES else _FEW_STEPS
    fit, keeps = fit_unclipped(
        planes, lambda kept: fit_box(planes, box, kept, frame=frame), keeps, steps
    )
    if quarters and by_quarters(planes, box):
        fit = fit_box(planes, box, keeps, quarters=True, frame=frame)
    return fit, keeps
