"""Kernels from every channel before to every channel after: fitted, judged and described.

Each channel after is one fit of a volume (see `volumes`, `mixed_channel`), with the error bars of
its own residual; all must be explained.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convmat.identify.border import CROPPED, Border, Model, find_border
from convmat.identify.border_refit import known_of
from convmat.identify.box import Box
from convmat.identify.channel_facts import one_rounding, worst
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.filter_report import FilterReport
from convmat.identify.given import Plane
from convmat.identify.mixed_channel import mixed_channel
from convmat.identify.placement import mode_and_anchor
from convmat.identify.quantization import (
    Rounding,
    clipped_fraction,
)
from convmat.identify.shape_tests import SYMMETRIES, is_separable, symmetries
from convmat.identify.trimming import picked_entries
from convmat.identify.volumes import cropped

__all__ = ["mixed_report"]

_DEVIATIONS = 4.0
_MOST_PIXELS = 2**20
_WORTH_SAYING = 1.1
_LOW = 0.02


def mixed_report(planes: Sequence[Plane], box: Box, gained: float) -> FilterReport:
    """The report for kernels from all channels to all on one box of displacements.

    Parameters
    ----------
    planes : sequence of Plane
    box : Box
        Of displacements in the picture, for all pairs of channels.
    gained : float
        Share of what separate kernels leave that these explain.
    """
    count = 1 + max(plane.channel for plane in planes)
    parts = cropped(planes, _MOST_PIXELS)
    each = [mixed_channel(parts, box, count, channel) for channel in range(count)]
    decisive = worst([one.verdict for one in each])
    known = decisive is Verdict.LINEAR and not any(one.fit.singular for one in each)
    kernel = np.stack([one.fit.kernel for one in each])
    offsets = np.array([one.fit.offset for one in each])
    variance = float(np.mean([one.fit.variance for one in each]))

    def sources(plane: Plane) -> list[NDArray]:
        of_pair = {other.channel: other.before for other in planes if other.pair == plane.pair}
        return [of_pair[channel] for channel in range(count)]

    border = Border(None, (), (), ())
    if decisive is not Verdict.NOT_LINEAR:
        # Fractions that make every pixel have no errors.
        sure = [one.quiet and one.exactly for one in each]
        errors = [0.0 if s else e.fit.variance * e.widened for s, e in zip(sure, each, strict=True)]
        kernels = tuple(known_of(one.fit, error) for one, error in zip(each, errors, strict=True))
        border = find_border(planes, Model(box, box, kernels, sources), variance)
    barred = [known and not one.follows for one in each]
    bars = np.stack([one.covariance for one in each])
    bars[~np.array(barred)] = np.nan
    std_error = np.sqrt(np.diagonal(bars, axis1=1, axis2=2)).reshape(kernel.shape)
    names = _symmetries(kernel, bars) if all(barred) else ()
    rounding, notes = one_rounding([one.rounding for one in each])
    widened = max(one.widened for one in each)
    if known and sqrt(widened) > _WORTH_SAYING:
        notes.append(
            "what rounding or noise leaves is alike at neighbouring pixels; error bars were "
            f"widened up to {sqrt(widened):.2g} times for it"
        )
    if known and not all(barred):
        notes.append(
            "what rounding leaves is less than it leaves by chance: it follows the picture, is no "
            "noise, and gives no error bars"
        )
    text = (
        f"the channels before mix: their own kernels leave up to {1 / max(1 - gained, 1e-12):.3g} "
        "times the squares that kernels from all channels leave"
    )
    evidence = [Evidence("channels", gained, 0.0, False, text)]
    evidence += next(one.evidence for one in each if one.verdict is decisive)
    first = planes[0]
    mode, anchor = mode_and_anchor(
        box, first.before.shape, first.after.shape, cropped=border.boundary == CROPPED
    )
    fractions = tuple(one.rational for one in each)
    poor = [one.excited.where for one in each if one.excited.unknown or one.excited.rounded > _LOW]
    return FilterReport(
        verdict=decisive,
        evidence=tuple(sorted(evidence, key=lambda piece: not piece.against)),
        warnings=tuple(dict.fromkeys([*border.notes, *notes])),
        kernel=kernel,
        std_error=std_error,
        anchor=anchor,
        mode=mode,
        boundary=border.boundary,
        boundary_candidates=border.candidates,
        offset=offsets,
        offset_std_error=np.where(barred, [one.offset_error for one in each], np.nan),
        rounding=rounding if decisive is Verdict.LINEAR else Rounding.UNKNOWN,
        clipped_fraction=clipped_fraction([left for one in each for left in one.residuals]),
        support=np.any([picked_entries(one.fit, one.widened) for one in each], axis=(0, 1)),
        separable=all(barred) and _separable(kernel, bars),
        symmetric="point" in names,
        symmetries=names,
        rational=fractions if known and any(fractions) else None,
        residual_std=sqrt(variance),
        covariance=bars,
        pixels=sum(one.fit.observations for one in each),
        channels="mixed",
        undetermined_frequencies=poor[0] if poor else "",
    )


def _blocks(kernel: NDArray, covariance: NDArray) -> list[tuple[NDArray, NDArray]]:
    """Every kernel from one channel to one, and its covariance."""
    size = kernel[0, 0].size
    return [
        (kernel[i, j], covariance[i][j * size : (j + 1) * size, j * size : (j + 1) * size])
        for i, j in np.ndindex(kernel.shape[:2])
    ]


def _symmetries(kernel: NDArray, covariance: NDArray) -> tuple[str, ...]:
    """Those of all kernels that are not 0 within their error bars."""
    each = [
        symmetries(h, V)
        for h, V in _blocks(kernel, covariance)
        if np.any(np.abs(h.ravel()) > _DEVIATIONS * np.sqrt(np.diagonal(V)))
    ]
    return tuple(name for name in SYMMETRIES if each and all(name in names for names in each))


def _separable(kernel: NDArray, covariance: NDArray) -> bool:
    return all(is_separable(h, np.linalg.inv(V)) for h, V in _blocks(kernel, covariance))
