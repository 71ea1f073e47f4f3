"""One channel after, made from all channels before: its fit, its error bars, its verdict.

What is left of it is weighed, and its error bars are widened, as those of one kernel are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import sqrt
from operator import add

import numpy as np
from numpy.typing import NDArray

from convmat.identify.box import Box
from convmat.identify.channel_window import noise_variance
from convmat.identify.dispersion import dispersion, score_dispersion, widening
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.excitation import Excitation, excitation
from convmat.identify.fit import BoxFit, Residual, residuals_of
from convmat.identify.fitting import fitted
from convmat.identify.given import Plane
from convmat.identify.quantization import (
    ROUNDING_VARIANCE,
    Rounding,
    exact_rounding,
    rounding_of,
)
from convmat.identify.rational import Rational, snap
from convmat.identify.reproduction import reproduction
from convmat.identify.residual_tests import residual_tests
from convmat.identify.tone_score import tone_score
from convmat.identify.verdict import weigh
from convmat.identify.volumes import flat_box, flat_residual, volume_box, volumes_of

__all__ = ["MixedChannel", "mixed_channel"]

# Share of rounding's variance; share of the pixels that are made exactly.
_FOLLOWS, _EXACTLY = 0.7, 0.999


@dataclass(frozen=True, eq=False)
class MixedChannel:
    """All that is known of a channel after; the kernel's first axis is the channel before."""

    fit: BoxFit
    residuals: list[Residual]
    covariance: NDArray
    widened: float
    excited: Excitation
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    rounding: Rounding
    offset_error: float
    rational: Rational | None

    @property
    def exactly(self) -> bool:
        """Whether the fractions make every pixel, or nearly."""
        return self.rational is not None and self.rational.reproduced > _EXACTLY

    @property
    def quiet(self) -> bool:
        """Whether less is left than rounding leaves by chance: it follows the picture."""
        step = max(residual.plane.step for residual in self.residuals)
        return self.fit.variance < _FOLLOWS * ROUNDING_VARIANCE * step**2

    @property
    def follows(self) -> bool:
        """Whether rounding is no noise, so that there are no error bars."""
        return self.quiet and not self.exactly


def mixed_channel(planes: Sequence[Plane], box: Box, count: int, channel: int) -> MixedChannel:
    """Fit one of `count` channels on one box of displacements, and judge the fit."""
    volumes = volumes_of(planes, channel)
    own = [plane for plane in planes if plane.channel == channel]
    columns = volume_box(box, count)
    fit, keeps = fitted(volumes, columns, columns, None)
    residuals = list(residuals_of(volumes, fit, keeps))
    spread, scores = dispersion(fit), score_dispersion(fit, residuals)
    flat = list(map(flat_residual, residuals, own))
    tests = residual_tests(spread, tone_score(fit, residuals), flat)
    step, grain = max(plane.step for plane in own), max(plane.grain for plane in own)
    variance = noise_variance(fit, own)
    excited = _excited(fit, variance, planes)
    verdict, evidence = weigh(fit, tests, excited, step, grain)
    widened = widening(spread, scores)
    covariance = fit.inverse * (variance * widened)
    offset_error = sqrt(fit.offset_variance * variance * widened)
    rounding, _ = rounding_of(fit.offset, offset_error, step)
    rational = None
    if not fit.singular:
        if verdict is not Verdict.NOT_LINEAR:
            rational = snap(fit.kernel, fit.gram / (variance * widened), covariance)
        if step:
            rational, rounding = _reproduced(fit, residuals, step, rational, rounding)
    found = MixedChannel(
        fit,
        residuals,
        covariance,
        widened,
        excited,
        verdict,
        evidence,
        rounding,
        offset_error,
        rational,
    )
    if found.exactly and verdict is not Verdict.LINEAR:
        # Few numbers that make every pixel are no accident.
        settled = tuple(replace(piece, against=False) for piece in evidence)
        found = replace(found, verdict=Verdict.LINEAR, evidence=settled)
    if found.follows:
        return replace(found, rational=None)
    return _of_fractions(found, keeps) if found.quiet else found


def _of_fractions(found: MixedChannel, keeps: list[NDArray] | None) -> MixedChannel:
    """With the kernel of the fractions, known to half a level over the range of the pictures."""
    assert found.rational is not None
    volumes = [residual.plane for residual in found.residuals]
    h = found.rational.kernel
    mean = reduce(add, found.fit.moments).centred().mean
    moved = float(mean @ (found.fit.kernel - h).ravel())
    fit = replace(found.fit, kernel=h, offset=found.fit.offset + moved)
    span = max(float(np.ptp(volume.before)) for volume in volumes)
    bound = max(volume.step for volume in volumes) / (2 * span)
    covariance = bound**2 * np.eye(h.size)
    return replace(
        found, fit=fit, residuals=list(residuals_of(volumes, fit, keeps)), covariance=covariance
    )


def _excited(fit: BoxFit, variance: float, planes: Sequence[Plane]) -> Excitation:
    """The least known of all sources, held against the strongest of their kernels."""
    count, size = len(fit.kernel), fit.kernel[0].size
    strongest = fit.kernel[int(np.argmax(np.abs(fit.kernel).sum(axis=(1, 2))))]
    found = []
    for source in range(count):
        entries = slice(source * size, (source + 1) * size)
        inverse = fit.inverse[entries, entries]
        part = replace(fit, box=flat_box(fit.box), kernel=strongest, inverse=inverse)
        own = [plane for plane in planes if plane.channel == source]
        found.append(excitation(part, variance, own))
    return max(found, key=lambda one: max(one.unknown, one.rounded, one.doubtful))


def _reproduced(
    fit: BoxFit,
    residuals: Sequence[Residual],
    step: float,
    rational: Rational | None,
    rounding: Rounding,
) -> tuple[Rational | None, Rounding]:
    """Whether these or other fractions make the channel exactly, and by which rounding."""
    if rational is None:
        found = reproduction(fit, residuals, step)
        if found is None:
            return None, rounding
        numerators = np.zeros(fit.box.size, dtype=np.int64)
        numerators[found.box.entries_of(fit.box)] = found.rational.numerators.ravel()
        whole = replace(found.rational, numerators=numerators.reshape(fit.box.shape))
        return whole, found.rounding
    exact = [
        fit.box.forward(residual.plane.before, rational.kernel, residual.region)
        for residual in residuals
    ]
    made = exact_rounding(residuals, fit.offset, step, exact)
    if made is None:
        return rational, rounding
    return replace(rational, reproduced=made[2]), made[0]
