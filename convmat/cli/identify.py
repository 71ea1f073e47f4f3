"""``convmat estimate`` with no size given: everything is found out, and a verdict."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from convmat.cli.options import parse_size
from convmat.cli.pairs import read_pair
from convmat.cli.planes import Planes
from convmat.cli.report import as_json, fact_table, kernel_table
from convmat.cli.terminal import one_line, output, print_note, stage_bar
from convmat.errors import ConvmatError
from convmat.files.writing import check_targets
from convmat.identify.filter_report import FilterReport
from convmat.identify.identify import identify_filter
from convmat.identify.verdict import Verdict
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
) -> None:
    """Print what `identify_filter` finds, or write it."""
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
    if output_file is not None:
        if report.kernel.ndim > 2:
            raise ConvmatError(
                f"there is a kernel for each channel, and {output_file} holds one: choose one "
                "with --channel, or use --json"
            )
        written.append(write_kernel(output_file, report.kernel))
    if plot is not None:
        from convmat.plot import plot_filter

        save_figure(plot, plot_filter(*pictures, report, gamma=gamma, srgb=srgb))
        written.append(plot)
    if as_json_text:
        output().print(as_json(report))
    else:
        _print(report, list(befores), written)


def _stacked(planes: Planes) -> NDArray:
    arrays = list(planes.values())
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1)


_COLOURS = {Verdict.LINEAR: "green", Verdict.NOT_LINEAR: "red", Verdict.UNDETERMINED: "yellow"}


def _print(report: FilterReport, channels: list[str], written: list[str]) -> None:
    console = output()
    console.print(Text(f"verdict: {report.verdict}", style=_COLOURS[report.verdict]))
    for piece in report.evidence:
        if piece.against:
            console.print(f"  {piece.text}")
    console.print()
    _print_kernels(report, channels)
    rows = report.facts()
    rows += [("", piece.text) for piece in report.evidence if not piece.against]
    rows += [("note", text) for text in report.warnings]
    rows += [("wrote", one_line(text)) for text in written]
    console.print()
    console.print(fact_table(rows))


def _print_kernels(report: FilterReport, channels: list[str]) -> None:
    """A table for each; the kernel that correlates beside it, where the two differ."""
    console = output()
    bars = ", ± standard error" if np.isfinite(report.std_error).any() else ""
    size = "x".join(map(str, report.kernel.shape[-2:]))
    anchor = ", ".join(map(str, report.anchor))
    for index in np.ndindex(report.kernel.shape[:-2]):
        names = [channels[i] if i < len(channels) else str(i) for i in index]
        of = f" of {' from '.join(names)}" if names else ""
        console.print(f"Convolution kernel{of}, {size}, anchor ({anchor}){bars}\n")
        console.print(kernel_table(report.kernel[index], report.std_error[index], console.width))
    if not report.symmetric and report.kernel.shape[-2:] != (1, 1):
        turned = ", ".join(map(str, report.correlation_anchor))
        console.print(f"\nThe same as a correlation kernel, anchor ({turned})\n")
        for index in np.ndindex(report.kernel.shape[:-2]):
            kernel, errors = report.correlation_kernel[index], report.std_error[index]
            console.print(kernel_table(kernel, errors, console.width, bars=False))
