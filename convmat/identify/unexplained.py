"""What a filter that was identified leaves of the picture after.

    r[j] = y[j] - offset - sum over a of  h[a] x[j + first + anchor - a]

where ``first`` is the mode's first output. Where an edge of the picture before would be touched,
there is none, and none where a level was clipped.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.geometry import Geometry
from convmat.identify.filter_report import FilterReport
from convmat.identify.given import Plane, planes_of
from convmat.identify.quantization import clipped
from convmat.identify.tone import linearized, parse_tone
from convmat.operators.convolution import convolve

__all__ = ["unexplained"]


def unexplained(
    before: Any, after: Any, report: FilterReport, *, gamma: float | None = None, srgb: bool = False
) -> list[NDArray[np.float64]]:
    """The residual of every channel, in levels (of light, where `gamma` or `srgb` is given).

    Parameters
    ----------
    before, after, gamma, srgb
        As given to `identify_filter`.
    report : FilterReport
        Of them.

    Returns
    -------
    list of ndarray of float64, each of the shape of `after`
        NaN where no pixel was looked at, and where the fit is beyond the limit that a pixel was
        clipped at. Of several pairs, those of the first come first.
    """
    tone = parse_tone(gamma, srgb)
    planes, _ = planes_of(before, after)
    planes = [linearized(plane, tone) for plane in planes] if tone else planes
    return [_of_plane(plane, planes, report) for plane in planes]


def _of_plane(plane: Plane, planes: list[Plane], report: FilterReport) -> NDArray[np.float64]:
    kernel = report.kernel
    if not np.isfinite(kernel).all():
        return np.full(plane.after.shape, np.nan)
    if report.channels == "mixed":
        sources = [other for other in planes if other.pair == plane.pair]
        terms = [(other.before, kernel[plane.channel, other.channel]) for other in sources]
    else:
        terms = [(plane.before, kernel[plane.channel] if kernel.ndim > 2 else kernel)]
    size = kernel.shape[-2:]
    left = np.full(plane.after.shape, np.nan)
    if any(n < k for n, k in zip(plane.before.shape, size, strict=True)):
        return left
    first = Geometry(plane.before.shape, size, report.mode, anchor=report.anchor).first_output
    fit = np.sum([convolve(source, h, "valid") for source, h in terms], axis=0)
    offsets = np.atleast_1d(report.offset)
    fit += offsets[plane.channel if offsets.size > 1 else 0]
    # Output j of the picture after is entry j + start of the fit.
    starts = [f + c - (k - 1) for f, c, k in zip(first, report.anchor, size, strict=True)]
    of_after, of_fit = [], []
    for start, m, n in zip(starts, plane.after.shape, fit.shape, strict=True):
        low, high = max(0, -start), min(m, n - start)
        of_after.append(slice(low, max(low, high)))
        of_fit.append(slice(low + start, max(low, high) + start))
    levels, fitted = plane.after[tuple(of_after)], fit[tuple(of_fit)]
    left[tuple(of_after)] = np.where(clipped(plane, levels, fitted), np.nan, levels - fitted)
    return left
