"""Colours: one kernel for all channels, one each, or kernels from every channel to every other.

The simplest that explains what is left wins. Separate kernels must differ from the common one by
more than their error bars and by more than nothing; mixing, y_i = sum over j of h_ij * x_j, must
explain what separate kernels leave.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convmat.identify.border import Model, find_border
from convmat.identify.box import Box
from convmat.identify.dispersion import dispersion
from convmat.identify.explanation import explain, fitted
from convmat.identify.filter_report import FilterReport
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE, rounding_of
from convmat.identify.rational import Rational
from convmat.identify.tone import Tone, linearized
from convmat.identify.verdict import Evidence, Verdict

__all__ = ["with_channels"]

_DIFFERENT = 3.0
_SHARE = 0.01
_BORDER = 2
_TELLING = 6.0
_ARITHMETIC = 64.0
_MOST_ROWS = 2**18
_BLOCK = 2**14


def with_channels(
    report: FilterReport,
    planes: Sequence[Plane],
    largest: tuple[int, ...] | None,
    tone: Tone | None,
    progress: Callable[[str], Any],
) -> FilterReport:
    """The report, or a better one where the channels do not have one kernel in common."""
    channels = sorted({plane.channel for plane in planes})
    if len(channels) < 2 or not np.isfinite(report.kernel).all():
        return report
    if report.verdict is Verdict.LINEAR and not _differ(report, planes, tone):
        return report
    progress("comparing the channels")
    if report.verdict is Verdict.NOT_LINEAR and tone is None:
        mixed = _mixed(report, planes, len(channels))
        if mixed is not None:
            return mixed
    each = [
        explain([plane for plane in planes if plane.channel == channel], largest, tone, progress)
        for channel in channels
    ]
    return _separate(each) if all(one.verdict is Verdict.LINEAR for one in each) else report


def _differ(report: FilterReport, planes: Sequence[Plane], tone: Tone | None) -> bool:
    """Whether kernels of their own for the channels differ from the common one."""
    used = [linearized(plane, tone) for plane in planes] if tone else planes
    box = _box(report)
    # Away from the border, which tools treat as they like.
    frame = box.grown((_BORDER,) * len(box.lo), (_BORDER,) * len(box.lo))
    spread = dispersion(fitted(used, box, frame, None, quarters=False)[0])
    return spread.value > _DIFFERENT and spread.share > _SHARE


def _box(report: FilterReport) -> Box:
    ends = zip(report.kernel.shape[-2:], report.anchor, strict=True)
    return Box(tuple(-c for c in report.anchor), tuple(k - 1 - c for k, c in ends))


def _separate(each: Sequence[FilterReport]) -> FilterReport:
    """One report for all channels: facts that hold for each, kernels on a box that holds all."""
    first = each[0]
    boxes = [_box(one) for one in each]
    whole = Box(
        tuple(map(min, zip(*(box.lo for box in boxes), strict=True))),
        tuple(map(max, zip(*(box.hi for box in boxes), strict=True))),
    )

    def stacked(arrays: Sequence[NDArray], fill: Any) -> NDArray:
        result = np.full((len(each), whole.size), fill, dtype=arrays[0].dtype)
        for row, box, array in zip(result, boxes, arrays, strict=True):
            row[box.entries_of(whole)] = array.ravel()
        return result.reshape(len(each), *whole.shape)

    candidates = tuple(
        name
        for name in first.boundary_candidates
        if all(name in one.boundary_candidates for one in each)
    )
    names = tuple(n for n in first.symmetries if all(n in one.symmetries for one in each))
    fractions = [one.rational for one in each]
    rational = None
    if all(fraction is not None for fraction in fractions):
        known = [fraction for fraction in fractions if fraction is not None]
        divisor = int(np.lcm.reduce([fraction.divisor for fraction in known]))
        parts = [fraction.numerators * (divisor // fraction.divisor) for fraction in known]
        rational = Rational(stacked(parts, 0), divisor, min(f.reproduced for f in known))
    evidence = Evidence(
        "channels",
        float(len(each)),
        1.0,
        False,
        f"one kernel explains each of the {len(each)} channels, and not the same one",
    )
    warnings = [text for one in each for text in one.warnings]
    return replace(
        first,
        kernel=stacked([one.kernel for one in each], 0.0),
        std_error=stacked([one.std_error for one in each], 0.0),
        support=np.any(stacked([one.support for one in each], False), axis=0),
        anchor=whole.anchor if first.mode == "same" else first.anchor,
        boundary=candidates[0] if candidates else None,
        boundary_candidates=candidates,
        separable=all(one.separable for one in each),
        symmetric="point" in names,
        symmetries=names,
        rational=rational,
        clipped_fraction=float(np.mean([one.clipped_fraction for one in each])),
        residual_std=float(np.sqrt(np.mean([one.residual_std**2 for one in each]))),
        pixels=sum(one.pixels for one in each),
        evidence=(evidence, *first.evidence),
        warnings=(
            "offset, rounding and covariance are those of the first channel",
            *dict.fromkeys(warnings),
        ),
        channels="separate",
    )


def _mixed(report: FilterReport, planes: Sequence[Plane], count: int) -> FilterReport | None:
    """Kernels from all channels to all, where these explain everything down to rounding."""
    box = _box(report)
    middle = tuple((a + b) // 2 for a, b in zip(box.lo, box.hi, strict=True))
    step = max(plane.step for plane in planes)
    level = 1.15 * step * np.sqrt(ROUNDING_VARIANCE)
    # What mixing leaves unexplained makes the common box large: the smallest that serves is taken.
    for reach in (0, 1, 2, 3):
        tried = Box(tuple(m - reach for m in middle), tuple(m + reach for m in middle))
        solved = _solve(tried, planes, count)
        if solved is None:
            return None
        kernel, error, offsets, offset_error, deviation = solved
        if deviation <= max(level, _ARITHMETIC * planes[0].grain):
            break
    else:
        return None
    lines = np.argwhere(np.any(np.abs(kernel) > _TELLING * error, axis=(0, 1)))
    if lines.size:
        low, high = lines.min(axis=0), lines.max(axis=0)
        smaller = Box(
            tuple(a + int(n) for a, n in zip(tried.lo, low, strict=True)),
            tuple(a + int(n) for a, n in zip(tried.lo, high, strict=True)),
        )
        again = _solve(smaller, planes, count)
        if again is not None and again[4] <= 1.01 * deviation:
            tried, (kernel, error, offsets, offset_error, deviation) = smaller, again
    between = ~np.eye(count, dtype=bool)
    if not np.any(np.abs(kernel[between]) > _TELLING * error[between]):
        return None  # every channel from itself alone: separate kernels, if anything
    text = (
        f"every channel after is made from all channels before: the residual falls from "
        f"{report.residual_std:.3g} to {deviation:.3g}"
    )
    offset = float(np.mean(offsets))

    def sources(plane: Plane) -> list[tuple[NDArray, NDArray]]:
        of_pair = [other for other in planes if other.pair == plane.pair]
        return [(other.before, kernel[plane.channel, other.channel]) for other in of_pair]

    border = find_border(planes, Model(tried, tried, offset, sources), deviation**2)
    return replace(
        report,
        verdict=Verdict.LINEAR,
        evidence=(Evidence("channels", deviation, report.residual_std, False, text),),
        warnings=(*border.notes, "fractions and shape were not looked for in mixed channels"),
        kernel=kernel,
        std_error=error,
        anchor=tried.anchor,
        boundary=border.boundary,
        boundary_candidates=border.candidates,
        offset=offset,
        offset_std_error=offset_error,
        rounding=rounding_of(offset, offset_error, step)[0],
        support=np.any(np.abs(kernel) > _TELLING * error, axis=(0, 1)),
        separable=False,
        symmetric=False,
        symmetries=(),
        rational=None,
        residual_std=deviation,
        covariance=np.full((1, 1), np.nan),
        channels="mixed",
    )


def _solve(
    box: Box, planes: Sequence[Plane], count: int
) -> tuple[NDArray, NDArray, NDArray, float, float] | None:
    """Least squares of all channels after on all channels before, by rows of some pixels."""
    gram: NDArray | None = None
    cross: NDArray | None = None
    powers, rows = np.zeros(count), 0
    for pair in sorted({plane.pair for plane in planes}):
        of_pair = [plane for plane in planes if plane.pair == pair]
        region = box.interior(of_pair[0].before.shape, of_pair[0].after.shape)
        if not region.size:
            return None
        windows = [
            np.flip(sliding_window_view(plane.before[box.reads(region)], box.shape), axis=(2, 3))
            for plane in of_pair
        ]
        after = [plane.after[region.slices].ravel() for plane in of_pair]
        low = [value <= plane.low for plane, value in zip(of_pair, after, strict=True)]
        high = [value >= plane.high for plane, value in zip(of_pair, after, strict=True)]
        inside = np.flatnonzero(~np.any([*low, *high], axis=0))
        chosen = inside[:: 1 + inside.size // _MOST_ROWS]
        for start in range(0, chosen.size, _BLOCK):
            which = chosen[start : start + _BLOCK]
            at = np.unravel_index(which, region.shape)
            columns = [window[at].reshape(which.size, -1) for window in windows]
            block = np.concatenate([*columns, np.ones((which.size, 1))], axis=1)
            wanted = np.stack([value[which] for value in after], axis=1)
            gram = block.T @ block if gram is None else gram + block.T @ block
            cross = block.T @ wanted if cross is None else cross + block.T @ wanted
            powers += np.sum(wanted**2, axis=0)
            rows += which.size
    if gram is None or cross is None or rows < 4 * len(gram):
        return None
    try:
        inverse = np.linalg.inv(gram)
    except np.linalg.LinAlgError:
        return None
    solution = inverse @ cross
    squares = powers - 2 * np.sum(solution * cross, axis=0)
    squares += np.sum(solution * (gram @ solution), axis=0)
    variances = np.maximum(squares, 0) / (rows - len(gram))
    kernel = solution[:-1].T.reshape(count, count, *box.shape)
    bars = np.sqrt(np.outer(variances, np.diagonal(inverse)[:-1]))
    deviation = float(np.sqrt(variances.mean()))
    offset_error = float(np.sqrt(variances.mean() * inverse[-1, -1] / count))
    return kernel, bars.reshape(kernel.shape), solution[-1], offset_error, deviation
