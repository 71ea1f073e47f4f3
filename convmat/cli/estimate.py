"""``convmat estimate``: the kernel that took one picture to the other."""

import os
from typing import Annotated, Any

import typer

from convmat.boundary import parse_boundary
from convmat.cli.options import (
    BOUNDARY_HELP,
    AnchorOption,
    ModeOption,
    parse_anchor,
    parse_boundary_names,
    parse_size,
)
from convmat.cli.pairs import read_pair
from convmat.cli.report import as_json, facts, kernel_table
from convmat.cli.terminal import one_line, output, print_note
from convmat.errors import ConvmatError
from convmat.estimation import KernelEstimate, estimate_kernel
from convmat.figure_files import check_figure, save_figure
from convmat.files import check_writable
from convmat.kernel_files import check_kernel_path, write_kernel
from convmat.pictures import SUFFIXES
from convmat.solution import Status
from convmat.solvers import SOLVERS

__all__ = ["estimate"]

_FILES = ", ".join(SUFFIXES)


def estimate(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=f"The picture before: {_FILES}.")],
    after: Annotated[
        str,
        typer.Argument(metavar="AFTER", help="The picture after, with the same kind of pixels."),
    ],
    size: Annotated[
        str,
        typer.Option(
            metavar="RxC", help="Size of the kernel, such as 5x5; 5 for data with one axis."
        ),
    ],
    boundary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"How the picture was continued past its edges: {BOUNDARY_HELP}. "
            "Default: unknown, and only pixels that no edge touches are fitted.",
            show_default=False,
        ),
    ] = None,
    mode: ModeOption = None,
    anchor: AnchorOption = None,
    offset: Annotated[
        bool, typer.Option("--offset", help="Fit a constant that was added to every pixel too.")
    ] = False,
    solver: Annotated[
        str, typer.Option(metavar="NAME", help=f"How to solve: auto, {', '.join(SOLVERS)}.")
    ] = "auto",
    damp: Annotated[
        str,
        typer.Option(metavar="X", help="Damping (Tikhonov) of the kernel: a number, 0 for none."),
    ] = "0",
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="N|NAME",
            help="Fit one channel: its number, counted from 0, or grey, red, green, blue, alpha. "
            "Default: one common kernel for all channels.",
            show_default=False,
        ),
    ] = None,
    noise_std: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Standard deviation of the noise of a pixel, where it is known: 0.29 for 8 bits "
            "that were rounded. Default: taken from the residual.",
            show_default=False,
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the kernel: .npy, .csv (every digit) or .png (to look at).",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Draw pictures, kernel and residual: .png, .svg or .pdf.",
            show_default=False,
        ),
    ] = None,
    as_json_text: Annotated[
        bool, typer.Option("--json", help="Print the result's fields as JSON, and nothing else.")
    ] = False,
) -> None:
    """Find the convolution kernel that took one picture to another, with error bars."""
    shape = parse_size(size, "--size")
    names = parse_boundary_names(boundary)
    if names is not None:
        parse_boundary(names, len(shape))
    if output_file is not None:
        check_kernel_path(output_file, len(shape))
    if plot is not None:
        check_figure(plot, len(shape))
    _check_targets([before, after], [output_file, plot])
    befores, afters, notes = read_pair(before, after, len(shape), channel)
    found = estimate_kernel(
        list(befores.values()),
        list(afters.values()),
        shape,
        mode=mode,
        boundary=names,
        anchor=parse_anchor(anchor),
        offset=offset,
        noise_std=noise_std,
        damp=_parse_damp(damp),
        solver=solver,
    )
    for note in notes:
        print_note(note)
    written = [] if output_file is None else [write_kernel(output_file, found.kernel)]
    if plot is not None:
        from convmat.plot import plot_estimate

        figure = plot_estimate(befores, afters, found, boundary=names)
        save_figure(plot, figure)
        written.append(plot)
    if as_json_text:
        output().print(as_json(found))
    else:
        _print(found, list(befores), boundary, written)
    if found.solution.status is Status.INTERRUPTED:
        raise typer.Exit(130)


def _parse_damp(text: str) -> Any:
    """A number, or the name of a way to choose one, which is not for the shell to judge."""
    try:
        return float(text)
    except ValueError:
        return text


def _check_targets(inputs: list[str], outputs: list[str | None]) -> None:
    """Each output can be written, and is neither an input nor another output."""
    taken = {os.path.realpath(path): path for path in inputs}
    for path in filter(None, outputs):
        check_writable(path)
        real = os.path.realpath(path)
        if real in taken:
            raise ConvmatError(f"{path} would overwrite {taken[real]}; choose another name")
        taken[real] = path


def _print(
    found: KernelEstimate, channels: list[str], boundary: str | None, written: list[str]
) -> None:
    console = output()
    geometry = found.geometry
    shape = "x".join(map(str, found.kernel.shape))
    anchor = ", ".join(map(str, geometry.anchor))
    console.print(f"Convolution kernel, {shape}, anchor ({anchor}), ± standard error\n")
    console.print(kernel_table(found.kernel, found.std_error, console.width))
    edges = (
        "unknown; only pixels that no edge touches were fitted" if boundary is None else boundary
    )
    rows = [("mode", str(geometry.mode)), ("boundary", edges)]
    if len(channels) > 1:
        rows.insert(0, ("channels", f"{', '.join(channels)}: one common kernel"))
    rows += [("wrote", one_line(text)) for text in written]
    console.print()
    console.print(facts(found, rows))
