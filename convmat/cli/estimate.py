"""``convmat estimate``: the kernel that took one picture to the other."""

from typing import Annotated

import numpy as np
import typer

from convmat.boundary import parse_boundary
from convmat.cli.identify import identify, refuse_without_size
from convmat.cli.options import (
    AfterArgument,
    AnchorOption,
    BeforeArgument,
    BoundaryOption,
    ChannelOption,
    DampOption,
    JsonOption,
    MaskOption,
    MaxIterationsOption,
    ModeOption,
    NoiseStdOption,
    OffsetOption,
    PenaltyOption,
    SizeIfKnownOption,
    SolverOption,
    ToleranceOption,
    parse_anchor,
    parse_boundary_names,
    parse_damp,
    parse_size,
    penalty_matrix,
    solver_options,
)
from convmat.cli.pairs import read_pair
from convmat.cli.planes import read_mask
from convmat.cli.report import as_json, exit_if_interrupted, facts, kernel_table
from convmat.cli.terminal import one_line, output, print_note, progress_bar
from convmat.errors import ConvmatError
from convmat.estimation.estimate import estimate_kernel
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.files.writing import check_targets
from convmat.pictures.figure_files import check_figure, save_figure
from convmat.pictures.kernel_files import check_kernel_path, write_kernel

__all__ = ["estimate"]


def estimate(
    before: BeforeArgument,
    after: AfterArgument,
    size: SizeIfKnownOption = None,
    boundary: BoundaryOption = None,
    mode: ModeOption = None,
    anchor: AnchorOption = None,
    offset: OffsetOption = False,
    mask: MaskOption = None,
    solver: SolverOption = "auto",
    damp: DampOption = "0",
    penalty: PenaltyOption = None,
    nonnegative: Annotated[
        bool, typer.Option("--nonnegative", help="Allow no entry below zero.")
    ] = False,
    normalized: Annotated[
        bool, typer.Option("--normalized", help="Have the entries sum to one.")
    ] = False,
    tolerance: ToleranceOption = None,
    max_iterations: MaxIterationsOption = None,
    channel: ChannelOption = None,
    noise_std: NoiseStdOption = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            metavar="RxC",
            help="Without --size: look for no larger kernel.",
            show_default=False,
        ),
    ] = None,
    gamma: Annotated[
        float | None,
        typer.Option(
            metavar="G",
            help="Without --size: take the levels to light first, level^G; 2.2 for many cameras.",
            show_default=False,
        ),
    ] = None,
    srgb: Annotated[
        bool, typer.Option("--srgb", help="Without --size: the same, by the curve of sRGB.")
    ] = False,
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
    as_json_text: JsonOption = False,
    covariance: Annotated[
        bool,
        typer.Option("--covariance", help="With --json, without --size: the entries' covariance."),
    ] = False,
) -> None:
    """Find the convolution kernel that took one picture to another, with error bars.

    Without --size everything is found out: size, anchor, boundary, rounding, and a verdict.
    """
    if size is None:
        refuse_without_size(
            {
                "--boundary": boundary,
                "--mode": mode,
                "--anchor": anchor,
                "--offset": offset,
                "--mask": mask,
                "--solver": solver != "auto",
                "--damp": damp != "0",
                "--penalty": penalty,
                "--nonnegative": nonnegative,
                "--normalized": normalized,
                "--tolerance": tolerance is not None,
                "--max-iterations": max_iterations is not None,
                "--noise-std": noise_std is not None,
            }
        )
        identify(
            before,
            after,
            channel=channel,
            max_size=max_size,
            gamma=gamma,
            srgb=srgb,
            output_file=output_file,
            plot=plot,
            as_json_text=as_json_text,
            covariance=covariance,
        )
        return
    if max_size is not None or gamma is not None or srgb or covariance:
        raise ConvmatError("--max-size, --gamma, --srgb and --covariance go without --size")
    shape = parse_size(size, "--size")
    names = parse_boundary_names(boundary)
    if names is not None:
        parse_boundary(names, len(shape))
    if output_file is not None:
        check_kernel_path(output_file, len(shape))
    if plot is not None:
        check_figure(plot, len(shape))
    check_targets(filter(None, [before, after, mask]), [output_file, plot])
    befores, afters, notes = read_pair(before, after, len(shape), channel)
    amount = parse_damp(damp)
    if solver == "nonnegative":  # of the kernel's entries, and not of the offset
        solver, nonnegative = "bounded", True
    options = solver_options(solver, tolerance, max_iterations)
    with progress_bar() as progress:
        found = estimate_kernel(
            list(befores.values()),
            list(afters.values()),
            shape,
            mode=mode,
            boundary=names,
            anchor=parse_anchor(anchor),
            offset=offset,
            mask=read_mask(mask, len(shape)),
            noise_std=noise_std,
            damp=amount,
            penalty=penalty_matrix(penalty, amount, shape, "zero"),
            nonnegative=nonnegative,
            normalized=normalized,
            solver=solver,
            progress=progress,
            **options,
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
    exit_if_interrupted([found.solution.status])


def _print(
    found: KernelEstimate, channels: list[str], boundary: str | None, written: list[str]
) -> None:
    console = output()
    geometry = found.geometry
    shape = "x".join(map(str, found.kernel.shape))
    anchor = ", ".join(map(str, geometry.anchor))
    bars = ", ± standard error" if np.isfinite(found.std_error).any() else ""
    console.print(f"Convolution kernel, {shape}, anchor ({anchor}){bars}\n")
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
