"""The facts of a `FilterReport` beside its verdict and its kernel: a name and a text for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convmat.identify.boundary_names import by_axis
from convmat.identify.evidence import Verdict
from convmat.identify.rational import Rational

if TYPE_CHECKING:
    from convmat.identify.filter_report import FilterReport

__all__ = ["boundary_text", "channel_name", "facts"]

# Names of boundaries; with more of them the border tells nothing.
_MOST_NAMES = 4
# Lines that fractions may take, of one kernel and of each of several.
_LINES, _LINES_EACH = 2, 1
_BESIDE = 40


def facts(
    report: "FilterReport",
    channels: Sequence[str] = (),
    *,
    unicode: bool = False,
    width: int = 100,
) -> list[tuple[str, str]]:
    """Names and texts, in the order to print them in.

    What was not looked for is said to be so; what only a known kernel has is told of no other.
    """
    linear = report.verdict is Verdict.LINEAR
    room = width * (_LINES_EACH if isinstance(report.rational, tuple) else _LINES)
    rows = []
    if report.is_identity:
        return [("residual", f"none, at {report.pixels} pixels")]
    for name, rational in _of_channels(report.rational, channels):
        if rational is not None:
            exactly = rational.reproduced
            told = f", which makes {exactly:.2%} of the pixels exactly" if exactly > 0 else ""
            rows.append((f"fractions{name}", f"{_fractions(rational, room)}{told}"))
    if report.separable and min(report.kernel.shape[-2:]) > 1:
        rows.append(("separable", "yes, within the error bars"))
    if report.symmetries and max(report.kernel.shape[-2:]) > 1:
        rows.append(("symmetric", ", ".join(report.symmetries)))
    rows.append(("boundary", boundary_text(report)))
    if linear:
        sign = "±" if unicode else "+-"
        pairs = np.broadcast(report.offset, report.offset_std_error)
        rows.append(("offset", ", ".join(_with_error(value, bar, sign) for value, bar in pairs)))
    if report.pixels:
        levels = report.rounding if linear else "rounding not looked for"
        rows += [
            ("levels", f"{levels}, {report.clipped_fraction:.2%} clipped"),
            ("residual", f"standard deviation {report.residual_std:.4g}, {report.pixels} pixels"),
        ]
    return rows


def channel_name(channels: Sequence[str], index: int) -> str:
    """As it was given, or by its number among those that were looked at."""
    return channels[index] if index < len(channels) else f"channel {index}"


def _of_channels(value: Any, channels: Sequence[str]) -> list[tuple[str, Any]]:
    if isinstance(value, tuple):
        return [(f" {channel_name(channels, index)}", one) for index, one in enumerate(value)]
    return [("", value)]


def _fractions(rational: Rational, room: int) -> str:
    """All of them where there is room, beside the name and the share of pixels."""
    text = str(rational)
    if len(text) <= room - _BESIDE:
        return text
    low, high = rational.numerators.min(), rational.numerators.max()
    if low == high:
        return f"{low}/{rational.divisor} everywhere"
    return f"1/{rational.divisor} times whole numbers from {low} to {high}"


def boundary_text(report: "FilterReport") -> str:
    """The boundary and what else the border allows, or that none was looked for."""
    name = report.boundary
    if report.verdict is Verdict.NOT_LINEAR or not report.pixels:
        return "not looked for"
    per_axis = by_axis(report.boundary_candidates)
    if not isinstance(name, str):
        alike = len(set(per_axis)) == 1
        return _listed(per_axis[0]) if alike else " by ".join(map(_listed, per_axis))
    others = [other for other in per_axis[0] if other != name]
    return f"{name} (or {', '.join(others)}: the border does not tell)" if others else name


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        return "any"
    return " or ".join(names) or "none of those known"


def _with_error(value: float, std_error: float, sign: str) -> str:
    return f"{value:.4g} {sign} {std_error:.2g}" if np.isfinite(std_error) else f"{value:.4g}"
