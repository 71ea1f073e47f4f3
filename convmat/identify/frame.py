"""The frame that a tool left as it was, or blank, around what it filtered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from convmat.identify.box import Box
from convmat.identify.fit import residuals_of
from convmat.identify.given import Plane
from convmat.identify.quantization import ROUNDING_VARIANCE
from convmat.identify.support import Search
from convmat.identify.trimming import restricted
from convmat.identify.volumes import box_for, flat_box, flat_residual

__all__ = ["find_frame"]

# Mean square of a line over that of the interior from where on it is no part of the interior.
_OUTSIDE = 4.0
# Share of a line that is the line before, or of one level, but for the corners.
_SAME = 0.9
_WIDEST_FRAME = 12


def find_frame(planes: Sequence[Plane], found: Search) -> Box:
    """The box that holds the kernel and the zeros around it that the tool's own kernel had.

    A tool that leaves its border as it was, or blank, does so as far as its own kernel reaches,
    zeros or not. Lines next to the border that the kernel should explain and does not, and that are
    the lines before or of one level, belong to the border.
    """
    fit = replace(restricted(found.window, found.box), frame=found.box)
    below, above = [0, 0], [0, 0]
    for residual in map(flat_residual, residuals_of(planes, fit, found.keeps)):
        plane, region = residual.plane, residual.region
        least = max(found.window.variance, ROUNDING_VARIANCE * plane.step**2, plane.grain**2)
        for axis in range(residual.left.ndim):
            left = np.moveaxis(residual.left, axis, 0)
            after = np.moveaxis(plane.after[region.slices], axis, 0)
            before = None
            if plane.before.shape == plane.after.shape:
                before = np.moveaxis(plane.before[region.slices], axis, 0)
            for counts, places in ((above, range(len(left))), (below, range(-1, -len(left), -1))):
                lines = 0
                for place in list(places)[:_WIDEST_FRAME]:
                    same = before is not None and np.mean(after[place] == before[place]) > _SAME
                    blank = np.mean(after[place] == np.median(after[place])) > _SAME
                    if not (same or blank) or np.mean(left[place] ** 2) <= _OUTSIDE * least:
                        break
                    lines += 1
                counts[axis] = max(counts[axis], lines)
    return box_for(planes, flat_box(found.box).grown(tuple(below), tuple(above)))
