"""A `FilterReport` told to people: one screen, whatever the kernel.

Of several forms of the kernel the fullest one that fits is taken: entries above their error bars;
entries alone; a drawing and what it comes to. Where the verdict is not ``linear`` there are no
error bars, digits would mean nothing, and none are given.
"""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.evidence import Verdict
from convmat.identify.kernel_text import drawn, entries, in_short, range_of_errors
from convmat.identify.report_facts import boundary_text, channel_name, facts

if TYPE_CHECKING:
    from convmat.identify.filter_report import FilterReport

__all__ = ["report_text"]

_KERNEL_LINES, _SCREEN = 22, 38
_MOST_COLUMNS = 11
_DRAWN_LINES = 16


def report_text(
    report: "FilterReport",
    *,
    width: int = 100,
    channels: Sequence[str] = (),
    unicode: bool = False,
    whole: str = "report.kernel",
) -> str:
    """The verdict, the kernel, the facts, what speaks for it, and notes.

    Parameters
    ----------
    report : FilterReport
    width : int
        Columns that there are.
    channels : sequence of str
        Their names.
    unicode : bool
        Whether ± and block characters may be used.
    whole : str
        Where all digits of a large kernel are to be had.
    """
    if report.kernel.ndim > 2 and len(channels) != report.kernel.shape[0]:
        channels = ()  # some were left out, and a note says which
    lines = [f"verdict: {report.verdict}"]
    lines += _wrapped([p.text for p in report.evidence if p.against and _belongs(p, report)], width)
    if report.tone:
        lines.append(f"both pictures taken to light by {report.tone}")
    lines += ["", *_kernel(report, width, channels, unicode, whole), ""]
    lines += _table(facts(report, channels, unicode=unicode, width=width), width)
    notes = _wrapped([f"note: {text}" for text in report.warnings], width, "")
    spare = _SCREEN - len(lines) - len(notes)
    reasons = [p.text for p in report.evidence if not p.against and _belongs(p, report)]
    reasons = [] if report.is_identity else reasons
    said = _wrapped(reasons, width)
    if len(said) > spare:
        said = [*said[: max(spare - 1, 0)], "  ... (the other evidence is in the report's fields)"]
    return "\n".join([*lines, *said, *notes])


def _belongs(piece: Any, report: "FilterReport") -> bool:
    """What the picture before lacks is known only where a kernel explains the picture after."""
    return not (piece.name == "excitation" and report.verdict is Verdict.NOT_LINEAR)


def _kernel(
    report: "FilterReport", width: int, channels: Sequence[str], unicode: bool, whole: str
) -> list[str]:
    if report.is_identity:
        return ["The pictures are identical: nothing was done."]
    size = "x".join(map(str, report.kernel.shape[-2:]))
    if report.verdict is Verdict.LINEAR:
        form: list[str] = []
        for form in _forms(report, width, channels, unicode, whole):
            if len(form) <= _KERNEL_LINES and max(map(len, form)) <= width:
                break
        return form
    if report.linearized is not None:
        inner = report.linearized
        text = f"One kernel explains it in light, {inner.tone} (report.linearized)"
        return [
            f"{text}; boundary {boundary_text(inner)}",
            *_kernel(inner, width, channels, unicode, whole),
        ]
    if report.verdict is Verdict.NOT_LINEAR:
        text = f"No kernel is given: none explains the picture after. The nearest, of {size}, "
        return _wrapped([text + "leaves the residual below."], width, "")
    if not report.pixels:
        return ["No kernel is given: the pictures tell nothing of it."]
    text = f"No kernel is given: one of {size} fits, but so do others, and its digits mean nothing."
    return _wrapped([text], width, "")


def _forms(
    report: "FilterReport", width: int, channels: Sequence[str], unicode: bool, whole: str
) -> Iterator[list[str]]:
    """The kernels in words and numbers, the fullest form first."""
    size = "x".join(map(str, report.kernel.shape[-2:]))
    anchor = ", ".join(map(str, report.anchor))
    several = report.kernel.ndim > 2 and not (report.kernel.ndim == 4 and size == "1x1")
    title = "Convolution kernels" if several else "Convolution kernel"
    about = f"{size}, anchor ({anchor})"
    sign = "±" if unicode else "+-"
    kernels = list(_named(report, channels))
    turned = _turned(report)
    if report.kernel.ndim == 4 and not several:
        kernels = [("", report.kernel[..., 0, 0], report.std_error[..., 0, 0])]
        names = ", ".join(channel_name(channels, i) for i in range(report.kernel.shape[0]))
        about += f", of each channel (rows) from each (columns): {names}"
    if max(kernel.shape[1] for _, kernel, _ in kernels) <= _MOST_COLUMNS:
        for bars, both in ((True, True), (False, True), (True, False), (False, False)):
            known = bars and not np.isnan(report.std_error).all()
            errors_told = f"{sign} standard error" if known else range_of_errors(report.std_error)
            lines = _wrapped([f"{title}, {about}, {errors_told}"], width, "")
            for name, kernel, errors in kernels:
                lines += [f"  {name}"] if name else []
                lines += ["  " + row for row in entries(kernel, errors, bars=bars, sign=sign)]
            if turned and both:
                lines += ["", f"The same as a correlation kernel, anchor ({turned})"]
                for name, kernel, errors in kernels:
                    lines += [f"  {name}"] if name else []
                    rows = entries(np.flip(kernel), np.flip(errors), bars=False)
                    lines += ["  " + row for row in rows]
            elif turned:
                lines.append(_correlating(turned))
            yield lines
    for height in (_DRAWN_LINES, _DRAWN_LINES // 2, 5, 0):
        lines = _wrapped([f"{title}, {about}; all of it: {whole}"], width, "")
        for name, kernel, errors in kernels:
            lines += _wrapped([(f"{name}: " if name else "") + in_short(kernel, errors)], width)
            if height:
                picture = drawn(kernel, errors, height, blocks=unicode)
                lines += [f"  {row}".rstrip() for row in picture]
        yield [*lines, _correlating(turned)] if turned else lines


def _correlating(turned: str) -> str:
    return f"As a correlation kernel it is turned by half a turn, anchor ({turned})"


def _turned(report: "FilterReport") -> str:
    """The anchor of the kernel that correlates, where that is another kernel."""
    if report.symmetric or report.kernel.shape[-2:] == (1, 1):
        return ""
    return ", ".join(map(str, report.correlation_anchor))


def _named(
    report: "FilterReport", channels: Sequence[str]
) -> Iterator[tuple[str, NDArray, NDArray]]:
    for index in np.ndindex(report.kernel.shape[:-2]):
        name = " from ".join(channel_name(channels, i) for i in index)
        yield name, report.kernel[index], report.std_error[index]


def _table(rows: list[tuple[str, str]], width: int) -> list[str]:
    longest = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, text in rows:
        first, *rest = wrap(text, max(width - longest - 4, 30)) or [""]
        lines.append(f"{name:{longest}}    {first}")
        lines += [" " * (longest + 4) + line for line in rest]
    return lines


def _wrapped(texts: Sequence[str], width: int, indent: str = "  ") -> list[str]:
    return [
        line
        for text in texts
        for line in wrap(
            text, max(width, 30), initial_indent=indent, subsequent_indent=indent + "  "
        )
    ]
