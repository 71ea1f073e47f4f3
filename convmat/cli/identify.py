"""``convmat estimate`` with no size given: everything is found out, and a verdict."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from convmat.cli.options import parse_size
from convmat.cli.pairs import read_pair
from convmat.cli.planes import Planes
from convmat.cli.report import as_json
from convmat.cli.terminal import one_line, output, print_note, stage_bar
from convmat.errors import ConvmatError
from convmat.files.writing import check_targets
from convmat.identify.evidence import Verdict
from convmat.identify.filter_report import FilterReport
from convmat.identify.identify import identify_filter
from convmat.identify.report_text import report_text
from convmat.pictures.figure_files import check_figure, save_figure
from convmat.pictures.kernel_files import check_kernel_path, write_kernel

__all__ = ["identify", "refuse_without_size"]


def refuse_without_size(options: dict[str, Any]) -> None:
    """Refuse, by name, what only a fit of a known size can take; each value is None or False."""
    given = [name for name, value in options.items() if value]
    if given:
        raise ConvmatError(
            f"{', '.join(given)} goes with --size; without it the size, the boundary and the rest "
            "are found out"
        )


def identify(
    before: str,
    after: str,
    *,
    channel: str | None,
    max_size: str | None,
    gamma: float | None,
    srgb: bool,
    output_file: str | None,
    plot: str | None,
    as_json_text: bool,
    covariance: bool,
) -> None:
    """Print what `identify_filter` finds, or write it.

    A kernel that is not to be believed is not written: after the report, which says why, comes an
    error. Whoever wants it all the same has it from ``--json``, beside the verdict.
    """
    if covariance and not as_json_text:
        raise ConvmatError("--covariance goes with --json")
    largest = None if max_size is None else parse_size(max_size, "--max-size")
    if output_file is not None:
        check_kernel_path(output_file, 2)
    if plot is not None:
        check_figure(plot, 2)
    check_targets([before, after], [output_file, plot])
    befores, afters, notes = read_pair(before, after, 2, channel)
    pictures = _stacked(befores), _stacked(afters)
    with stage_bar() as progress:
        report = identify_filter(
            *pictures, max_kernel_shape=largest, gamma=gamma, srgb=srgb, progress=progress
        )
    for note in notes:
        print_note(note)
    written = []
    refused = None if output_file is None else _why_not(report, output_file)
    if output_file is not None and refused is None:
        written.append(write_kernel(output_file, report.kernel))
    if plot is not None:
        from convmat.plot import plot_filter

        save_figure(plot, plot_filter(*pictures, report, gamma=gamma, srgb=srgb))
        written.append(plot)
    if as_json_text:
        output().print(as_json(report, without=() if covariance else ("covariance",)))
    else:
        _print(report, list(befores), written)
    if refused is not None:
        raise ConvmatError(refused)


def _why_not(report: FilterReport, path: str) -> str | None:
    """Why the kernel is not written; None where it is."""
    if report.verdict is not Verdict.LINEAR:
        return f"{path} was not written: the verdict is {report.verdict}, and there is no kernel"
    if report.kernel.ndim > 2:
        return (
            f"{path} was not written: there is a kernel for each channel, and it holds one; choose "
            "one with --channel, or use --json"
        )
    return None


def _stacked(planes: Planes) -> NDArray:
    arrays = list(planes.values())
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1)


_COLOURS = {Verdict.LINEAR: "green", Verdict.NOT_LINEAR: "red", Verdict.UNDETERMINED: "yellow"}
_WIDEST = 100


def _print(report: FilterReport, channels: list[str], written: list[str]) -> None:
    """The report's own text, as wide as the terminal and in its letters."""
    console = output()
    text = report_text(
        report,
        width=min(console.width, _WIDEST),
        channels=channels,
        unicode=console.encoding.startswith("utf"),
        whole="--output FILE" if report.kernel.ndim == 2 else "--json",
    )
    first, rest = text.split("\n", 1)
    console.print(Text(first, style=_COLOURS[report.verdict]))
    console.print(Text(rest))
    for name in written:
        console.print(f"wrote {one_line(name)}")
