"""Kernels from every channel before to every channel after: each channel after is one volume's.

A volume (see `volumes`) is fitted, judged and described as a picture is, on the box that was found
for all channels; the border is read from the whole pictures.
"""

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from convmat.identify.channel_structure import Structure
from convmat.identify.explanation import describe
from convmat.identify.filter_report import FilterReport
from convmat.identify.fit import fit_box
from convmat.identify.given import Plane
from convmat.identify.quantization import CLIPPING_STEPS, fit_unclipped
from convmat.identify.support import Search, by_quarters
from convmat.identify.volumes import cropped, volume_box, volumes_of

__all__ = ["mixed_reports"]

_MOST_PIXELS = 2**20


def mixed_reports(
    planes: Sequence[Plane], structure: Structure, progress: Callable[[str], Any]
) -> list[FilterReport]:
    """The report for each channel after; the kernel's first axis is the channel before."""

    def sources(plane: Plane) -> list[NDArray]:
        return [other.before for other in planes if other.pair == plane.pair]

    found = []
    for channel, volumes in enumerate(volumes_of(cropped(planes, _MOST_PIXELS))):
        progress(f"fitting kernels of all channels to channel {channel}")
        search = _search(volumes, structure)
        own = [plane for plane in planes if plane.channel == channel]
        found.append(describe(volumes, volumes, search, None, progress, own, sources))
    return found


def _search(volumes: Sequence[Plane], structure: Structure) -> Search:
    """What was found for all channels, on the pixels of this one."""
    count = len(volumes[0].before)
    window = volume_box(structure.window, count)
    fit, keeps = fit_unclipped(
        volumes,
        lambda kept: fit_box(volumes, window, kept, quarters=by_quarters(volumes, window)),
        None,
        CLIPPING_STEPS,
    )
    return Search(volume_box(structure.box, count), fit, keeps, structure.cut_off)
