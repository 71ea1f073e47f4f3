"""Colours: one kernel for all channels, one each, or kernels from every channel to every other.

The simplest that explains what is left wins: see `channel_structure`. Kernels larger than channels
are told apart with are sought for all channels together first, and for each where these differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.border import CROPPED
from convmat.identify.boundary_names import in_all
from convmat.identify.box import Box
from convmat.identify.channel_facts import one_rounding, worst
from convmat.identify.channel_structure import Structure, channels_differ, structure_of
from convmat.identify.channel_window import noise_variance
from convmat.identify.dispersion import dispersion
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.explanation import explain
from convmat.identify.filter_report import FilterReport
from convmat.identify.fitting import fitted
from convmat.identify.given import Plane
from convmat.identify.mixing import mixed_reports
from convmat.identify.placement import mode_and_anchor
from convmat.identify.quantization import Rounding
from convmat.identify.rational import Rational
from convmat.identify.tone import Tone, linearized
from convmat.identify.too_little import undetermined
from convmat.identify.volumes import cropped, union, volume_box

__all__ = ["explain_channels"]

_BORDER = 2
_LEAST_SIDE = 8
# That channels are told apart by.
_MOST_PIXELS = 2**18
_MORE_IS_LEFT = 1.1


def explain_channels(
    planes: Sequence[Plane],
    largest: tuple[int, ...] | None,
    tone: Tone | None,
    progress: Callable[[str], Any],
) -> FilterReport:
    """The report for all channels, of the simplest structure that explains them."""
    count = 1 + max(plane.channel for plane in planes)
    smallest = min(min(*plane.before.shape, *plane.after.shape) for plane in planes)
    if count == 1 or smallest < _LEAST_SIDE or undetermined(planes) is not None:
        return explain(planes, largest, tone, progress)
    progress("comparing the channels")
    used = [linearized(plane, tone) for plane in planes] if tone else list(planes)
    structure = structure_of(cropped(used, _MOST_PIXELS), largest)
    common: FilterReport | None = None
    if structure is None or structure.cut_off:
        common = explain(planes, largest, tone, progress)
        differ = common.verdict is not Verdict.LINEAR or _differ(common, used)
    else:
        differ = structure.differ
        if structure.mix and tone is None:
            mixed = mixed_reports(planes, structure, progress)
            if all(one.verdict is not Verdict.NOT_LINEAR for one in mixed):
                return _together(mixed, planes, _mixing(structure))
    if differ:
        each = _each(planes, count, largest, tone, progress)
        if each is not None:
            text = f"one kernel explains each of the {len(each)} channels, and not the same one"
            own = Evidence("channels", float(len(each)), 1.0, False, text)
            return _doubted(_together(each, planes, own), structure)
    common = common or explain(planes, largest, tone, progress)
    if differ and common.verdict is Verdict.LINEAR:
        text = "kernels of the channels differ by more than their error bars, and not all are one"
        return _refused(common, Evidence("channels", 1.0, 0.0, True, text))
    return _doubted(common, structure)


def _differ(report: FilterReport, planes: Sequence[Plane]) -> bool:
    """Whether channels differ on the box of the common kernel."""
    box = _box(report)
    # Away from the border, which tools treat as they like.
    frame = box.grown((_BORDER,) * len(box.lo), (_BORDER,) * len(box.lo))
    fits, variances = [], []
    for channel in sorted({plane.channel for plane in planes}):
        own = [plane for plane in planes if plane.channel == channel]
        fit = fitted(own, box, frame, None)[0]
        fits.append(fit)
        variances.append(noise_variance(fit, own) * max(1.0, dispersion(fit).value))
    return channels_differ(fits, variances)


def _each(
    planes: Sequence[Plane],
    count: int,
    largest: tuple[int, ...] | None,
    tone: Tone | None,
    progress: Callable[[str], Any],
) -> list[FilterReport] | None:
    """A report for each channel, None where one of them is of no kernel."""
    found = []
    for channel in range(count):
        own = [plane for plane in planes if plane.channel == channel]
        found.append(explain(own, largest, tone, progress))
        if found[-1].verdict is Verdict.NOT_LINEAR or not np.isfinite(found[-1].kernel).all():
            return None
    return found


def _doubted(report: FilterReport, structure: Structure | None) -> FilterReport:
    """Not linear where mixing explains more, and yet not all."""
    if report.verdict is not Verdict.LINEAR or structure is None or not structure.mix:
        return report
    if structure.cut_off and report.residual_std < _MORE_IS_LEFT * structure.left:
        return report
    text = (
        f"other channels explain {structure.gained:.1%} of what a channel's own kernel leaves, "
        "and no kernels from all channels explain the rest"
    )
    return _refused(report, Evidence("channels", structure.gained, 0.0, True, text))


def _refused(report: FilterReport, evidence: Evidence) -> FilterReport:
    """With no error bars for what they would be wrong for."""
    return replace(
        report,
        verdict=Verdict.NOT_LINEAR,
        evidence=(evidence, *report.evidence),
        std_error=np.full_like(report.std_error, np.nan),
        covariance=np.full_like(report.covariance, np.nan),
        offset_std_error=report.offset_std_error * np.nan,
        boundary=None,
        boundary_candidates=(),
        rounding=Rounding.UNKNOWN,
        separable=False,
        symmetric=False,
        symmetries=(),
        rational=None,
    )


def _mixing(structure: Structure) -> Evidence:
    times = 1 / max(1 - structure.gained, 1e-12)
    text = (
        f"the channels before mix: their own kernels leave up to {times:.3g} times the squares "
        "that kernels from all channels leave"
    )
    return Evidence("channels", structure.gained, 0.0, False, text)


def _together(
    each: Sequence[FilterReport], planes: Sequence[Plane], structure: Evidence
) -> FilterReport:
    """One report for all channels: facts that hold for each, kernels on a box that holds all."""
    first = each[0]
    mixed = first.kernel.ndim > 2
    flat = union([_box(one) for one in each])
    boxes = [volume_box(_box(one), len(each)) if mixed else _box(one) for one in each]
    whole = union(boxes)
    places = [box.entries_of(whole) for box in boxes]

    def stacked(arrays: Sequence[NDArray], fill: Any) -> NDArray:
        result = np.full((len(each), whole.size), fill, dtype=arrays[0].dtype)
        for row, place, array in zip(result, places, arrays, strict=True):
            row[place] = array.ravel()
        return result.reshape(len(each), *whole.shape)

    covariance = np.zeros((len(each), whole.size, whole.size))
    for block, place, one in zip(covariance, places, each, strict=True):
        block[np.ix_(place, place)] = one.covariance
    fractions: list[Rational | None] = []
    for place, one in zip(places, each, strict=True):
        rational = None
        if isinstance(one.rational, Rational):
            numerators = np.zeros(whole.size, dtype=np.int64)
            numerators[place] = one.rational.numerators.ravel()
            rational = replace(one.rational, numerators=numerators.reshape(whole.shape))
        fractions.append(rational)
    # The order is that of a channel whose border tells something, if there is one.
    telling = sorted(each, key=lambda one: one.boundary is None)
    boundary, candidates = in_all([one.boundary_candidates for one in telling])
    boundary = boundary if telling[0].boundary is not None else None
    mode, anchor = mode_and_anchor(
        flat, planes[0].before.shape, planes[0].after.shape, cropped=boundary == CROPPED
    )
    names = tuple(n for n in first.symmetries if all(n in one.symmetries for one in each))
    rounding, notes = one_rounding([one.rounding for one in each])
    verdict = worst([one.verdict for one in each])
    decisive = next(one for one in each if one.verdict is verdict)
    poor = [one.undetermined_frequencies for one in each if one.undetermined_frequencies]
    return replace(
        first,
        verdict=verdict,
        evidence=(*decisive.evidence, structure),
        warnings=tuple(dict.fromkeys([*notes, *(text for one in each for text in one.warnings)])),
        kernel=stacked([one.kernel for one in each], 0.0),
        std_error=stacked([one.std_error for one in each], 0.0),
        covariance=covariance,
        support=np.logical_or.reduce(
            stacked([one.support for one in each], False).reshape(-1, *flat.shape)
        ),
        mode=mode,
        anchor=anchor,
        boundary=boundary,
        boundary_candidates=candidates,
        offset=np.array([one.offset for one in each]),
        offset_std_error=np.array([one.offset_std_error for one in each]),
        rounding=rounding,
        separable=all(one.separable for one in each),
        symmetric="point" in names,
        symmetries=names,
        rational=tuple(fractions) if any(fractions) else None,
        clipped_fraction=float(np.mean([one.clipped_fraction for one in each])),
        residual_std=float(np.sqrt(np.mean([one.residual_std**2 for one in each]))),
        pixels=sum(one.pixels for one in each),
        undetermined_frequencies=poor[0] if poor else "",
        channels="mixed" if mixed else "separate",
    )


def _box(report: FilterReport) -> Box:
    """Of displacements, from the anchor, which in the modes other than `same` is a convention."""
    shape = report.kernel.shape[-2:]
    if report.mode == "same":
        low = tuple(-c for c in report.anchor)
    elif report.mode == "valid":
        low = tuple(1 - k for k in shape)
    else:
        low = (0,) * len(shape)
    return Box(low, tuple(a + k - 1 for a, k in zip(low, shape, strict=True)))
