"""Pictures that tell too little, or cannot be laid over each other: a sentence that helps."""

from collections.abc import Sequence

import numpy as np

from convmat.errors import ConvmatError
from convmat.identify.alignment import Alignment
from convmat.identify.evidence import Verdict
from convmat.identify.filter_report import FilterReport
from convmat.identify.given import Plane
from convmat.identify.quantization import Rounding

__all__ = ["ADVICE", "check_alignment", "undetermined"]

_SIGNIFICANT_SHIFT = 7.0
_LEAST_SIDE = 8

ADVICE = (
    "give a picture with detail at all scales and in all directions, such as one of design_target"
)


def undetermined(planes: Sequence[Plane]) -> FilterReport | None:
    """The report where there is nothing to see; None where there is."""
    if any(min(plane.before.shape) < 1 for plane in planes):
        raise ConvmatError("a picture is empty")
    varied = [plane for plane in planes if np.ptp(plane.before) > 0]
    if varied and any(np.ptp(plane.after) > 0 for plane in planes):
        return None
    which = "after" if varied else "before"
    value = float((planes[0].after if varied else planes[0].before).flat[0])
    reason = f"the picture {which} is {value:g} everywhere: " + (
        "nothing of the picture before is left in it" if varied else "it has no frequency but 0"
    )
    nothing = np.full((1, 1), np.nan)
    return FilterReport(
        verdict=Verdict.UNDETERMINED,
        evidence=(),
        warnings=(reason, ADVICE),
        kernel=nothing,
        std_error=nothing,
        anchor=(0, 0),
        mode="same",
        boundary=None,
        boundary_candidates=(),
        offset=float("nan"),
        offset_std_error=float("nan"),
        rounding=Rounding.UNKNOWN,
        clipped_fraction=0.0,
        support=np.zeros((1, 1), dtype=bool),
        separable=False,
        symmetric=False,
        symmetries=(),
        rational=None,
        residual_std=float("nan"),
        covariance=nothing,
        pixels=0,
        undetermined_frequencies="all frequencies" if not varied else "",
    )


def check_alignment(planes: Sequence[Plane], alignment: Alignment) -> None:
    """Refuse pictures too small for any kernel, and sizes that no shift brings together."""
    for plane in planes:
        before, after = plane.before.shape, plane.after.shape
        if min(*before, *after) < _LEAST_SIDE:
            raise ConvmatError(
                f"before has shape {before} and after {after}: a picture of fewer than "
                f"{_LEAST_SIDE} pixels a side is smaller than any kernel could be found from"
            )
        if before != after and alignment.strength < _SIGNIFICANT_SHIFT:
            raise ConvmatError(
                f"before has shape {before} and after {after}, and no shift of one lies over the "
                "other: crop both to the same part, and undo any change of size, first"
            )
