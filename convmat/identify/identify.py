"""Which filter was it, from two pictures, before and after, and nothing else known.

See `explanation` for the story in order, `channels` for colours, `tone` for light.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from convmat.errors import ConvmatError
from convmat.geometry import parse_shape
from convmat.identify.channels import explain_channels
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.explanation import explain
from convmat.identify.filter_report import FilterReport
from convmat.identify.given import planes_of
from convmat.identify.remarks import other_scale
from convmat.identify.tone import best_tone, parse_tone

__all__ = ["identify_filter"]


def identify_filter(
    before: Any,
    after: Any,
    *,
    max_kernel_shape: int | Sequence[int] | None = None,
    gamma: float | None = None,
    srgb: bool = False,
    progress: Callable[[str], Any] | None = None,
) -> FilterReport:
    """Find out which filter took one picture to another, and whether it was one.

    Parameters
    ----------
    before, after : ndarray, or equal-length lists or tuples of ndarrays
        One picture each, or several pairs that went through the same filter. A picture has two
        axes, or a third one last with up to four channels. Levels as they are in the file; of any
        real dtype. The two may differ in size and be shifted against each other.
    max_kernel_shape : int or tuple of int, optional
        No larger kernel is looked for. Default: what the pictures suggest, up to 71 a side.
    gamma : float, optional
        Both pictures are taken to light, ``level^gamma``, first.
    srgb : bool
        The same by the curve of sRGB. Where neither is given and no kernel fits the levels, both
        are tried, and what they give is in ``report.linearized``.
    progress : callable, optional
        Called with a sentence at every stage.

    Returns
    -------
    FilterReport

    Raises
    ------
    ConvmatError
        For what cannot be compared: pictures that do not overlap, other channels, other depths,
        transparency, fewer than 8 pixels a side. That pictures tell too little is no error but the
        verdict ``undetermined``.

    Examples
    --------
    >>> import numpy as np
    >>> from convmat import convolve
    >>> before = np.random.default_rng(0).integers(0, 256, (60, 80))
    >>> blurred = convolve(before, np.outer([1, 2, 1], [1, 2, 1]) / 16, "same", "mirror")
    >>> report = identify_filter(before, np.rint(blurred).astype(np.uint8))
    >>> print(report.verdict, report.boundary, report.rounding, report.rational)
    linear mirror rounded 1/16 [1 2 1; 2 4 2; 1 2 1]
    """
    largest = None
    if max_kernel_shape is not None:
        largest = parse_shape(max_kernel_shape, "max_kernel_shape")
        largest = largest * 2 if len(largest) == 1 else largest
        if len(largest) != 2:
            raise ConvmatError(
                f"max_kernel_shape must be one or two sizes, got {max_kernel_shape!r}"
            )
    if progress is not None and not callable(progress):
        raise ConvmatError(f"progress must be callable, got {progress!r}")
    tell = progress or (lambda stage: None)
    tone = parse_tone(gamma, srgb)
    planes, notes = planes_of(before, after)
    report = explain_channels(planes, largest, tone, tell)
    if report.verdict is Verdict.NOT_LINEAR and tone is None:
        tell("trying light instead of levels")
        candidate = best_tone(planes, report)
        light = explain(planes, largest, candidate, tell) if candidate else None
        if light is not None and light.verdict is Verdict.LINEAR:
            found = Evidence(
                "tone",
                light.residual_std,
                report.residual_std,
                True,
                f"one kernel fits light ({light.tone}) with a residual of {light.residual_std:.3g} "
                f"levels, against {report.residual_std:.3g}",
            )
            report = replace(report, linearized=light, evidence=(found, *report.evidence))
    return replace(report, warnings=(*notes, *other_scale(planes), *report.warnings))
