"""``convmat inverse``: the filter that undoes a kernel, or what each way to undo it costs."""

from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convmat.cli.inverse_comparison import kernel_axes, print_comparison
from convmat.cli.options import (
    BOUNDARY_HELP,
    FILES,
    AnchorOption,
    JsonOption,
    MaxIterationsOption,
    ModeOption,
    PenaltyOption,
    SolverOption,
    ToleranceOption,
    parse_anchor,
    parse_boundary_names,
    parse_damp,
    parse_size,
    penalty_matrix,
    solver_options,
)
from convmat.cli.planes import read_kernel
from convmat.cli.report import (
    as_json,
    exit_if_interrupted,
    fact_table,
    kernel_table,
    solver_rows,
)
from convmat.cli.terminal import one_line, output, print_note, progress_bar
from convmat.errors import ConvmatError
from convmat.files.writing import check_targets
from convmat.inverse.inverse_filter import InverseFilter, inverse_filter
from convmat.inverse.smallest_inverse import smallest_inverse
from convmat.inverse.verdict import frequency_text
from convmat.pictures.kernel_files import check_kernel_path, write_kernel
from convmat.solvers.dispatch import option_names

__all__ = ["inverse"]


def inverse(
    kernel: Annotated[
        str,
        typer.Argument(
            metavar="KERNEL",
            help=f"File of the kernel ({FILES}), best .npy or .csv: a picture is divided by its "
            "sum.",
        ),
    ],
    size: Annotated[
        str | None,
        typer.Option(
            metavar="RxC",
            help="Size of the inverse filter, such as 15x15; 15 for a kernel with one axis. With "
            "--compare, of the one filter to compare.",
            show_default=False,
        ),
    ] = None,
    residual: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="In place of --size: find the filter of fewest entries that leaves a residual "
            "norm of at most X (doing nothing leaves 1).",
            show_default=False,
        ),
    ] = None,
    delay: Annotated[
        str | None,
        typer.Option(
            metavar="R,C",
            help="Where the delta stands in kernel * filter, counted from 0. Default: the best "
            "place.",
            show_default=False,
        ),
    ] = None,
    anchor: AnchorOption = None,
    damp: Annotated[
        str,
        typer.Option(
            metavar="X|NAME",
            help="Damping (Tikhonov): the noise's standard deviation over the picture's makes the "
            "filter the best for that noise; 0 for none; or how to choose it: gcv, rgcv, lcurve.",
        ),
    ] = "0",
    penalty: PenaltyOption = None,
    nonnegative: Annotated[
        bool, typer.Option("--nonnegative", help="Allow no entry below zero.")
    ] = False,
    solver: SolverOption = "auto",
    tolerance: ToleranceOption = None,
    max_iterations: MaxIterationsOption = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Compare filters with the pseudo-inverse, for every boundary and mode: how well "
            "each restores, and how noise grows.",
        ),
    ] = False,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="RxC",
            help="With --compare: shape of the signal, such as 24x24. Default: 16x16, or 256 for "
            "one axis; more for large kernels.",
            show_default=False,
        ),
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"With --compare: one boundary only, {BOUNDARY_HELP}.",
            show_default=False,
        ),
    ] = None,
    mode: ModeOption = None,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --compare: draw restoration error against noise gain: .png, .svg or .pdf.",
            show_default=False,
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the filter: .npy, .csv (every digit) or .png (to look at). With --compare, "
            "the table: .csv or .json.",
            show_default=False,
        ),
    ] = None,
    as_json_text: JsonOption = False,
) -> None:
    """Find the filter that undoes a kernel, or compare the ways to undo it."""
    design = {
        "--residual": residual,
        "--delay": delay,
        "--damp": None if damp == "0" else damp,
        "--penalty": penalty,
        "--nonnegative": nonnegative or None,
        "--solver": None if solver == "auto" else solver,
        "--tolerance": tolerance,
        "--max-iterations": max_iterations,
    }
    comparing = {"--shape": shape, "--boundary": boundary, "--mode": mode, "--plot": plot}
    if compare:
        _refuse(design, "--compare takes no")
        print_comparison(
            kernel,
            support=None if size is None else parse_size(size, "--size"),
            shape=None if shape is None else parse_size(shape, "--shape"),
            boundary=parse_boundary_names(boundary),
            mode=mode,
            anchor=parse_anchor(anchor),
            plot=plot,
            output_file=output_file,
            as_json_text=as_json_text,
        )
        return
    _refuse(comparing, "without --compare there is no")
    if (size is None) == (residual is None):
        raise ConvmatError("give the size of the filter with --size, or --residual to find it")
    if residual is not None:
        del design["--residual"]
        _refuse(design, "--residual finds an undamped filter at its best delay: it takes no")
    support = None if size is None else parse_size(size, "--size")
    entries, notes = read_kernel(kernel, kernel_axes(kernel, support))
    if output_file is not None:
        check_kernel_path(output_file, entries.ndim)
        check_targets([kernel], [output_file])
    for note in notes:
        print_note(note)
    if support is None:
        found = smallest_inverse(entries, residual or 0.0, anchor=parse_anchor(anchor))
    else:
        amount = parse_damp(damp)
        found = _design(
            entries,
            support,
            solver,
            solver_options(solver, tolerance, max_iterations),
            delay=parse_anchor(delay, "--delay"),
            anchor=parse_anchor(anchor),
            damp=amount,
            penalty=penalty_matrix(penalty, amount, support, "zero"),
            nonnegative=nonnegative,
        )
    written = None if output_file is None else write_kernel(output_file, found.filter)
    if as_json_text:
        output().print(as_json(found))
    else:
        _print(found, written)
    exit_if_interrupted([found.solution.status])


def _refuse(options: dict[str, Any], why: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise ConvmatError(f"{why} {', '.join(given)}")


def _design(
    kernel: NDArray, shape: tuple[int, ...], solver: str, options: dict[str, Any], **arguments: Any
) -> InverseFilter:
    with progress_bar() as progress:
        if progress is not None and "progress" in option_names(solver):
            options = options | {"progress": progress}
        return inverse_filter(kernel, shape, solver=solver, **arguments, **options)


def _print(found: InverseFilter, written: str | None) -> None:
    console = output()
    shape = "x".join(map(str, found.filter.shape))
    console.print(f"Inverse filter, {shape}, delay {found.delay}, anchor {found.anchor}\n")
    console.print(kernel_table(found.filter, np.full(found.filter.shape, np.nan), console.width))
    rows = [
        ("residual norm", f"{found.residual_norm:.4g}"),
        ("noise gain", f"{found.noise_gain:.4g}"),
    ]
    if found.delay_choice is not None:
        rows.append(("delay", f"the best of {found.delay_choice.message}"))
    if found.worst_response > 0:
        where = frequency_text(found.worst_frequency)
        share = f"{found.worst_response:.3g} of the largest, at {where} cycles per sample"
        rows.append(("smallest |F|", share))
    rows.append(("verdict", found.verdict))
    if found.solution.damp:
        choice = found.damp_choice
        how = f", chosen by {choice.method}" if choice else ""
        rows.append(("damp", f"{found.solution.damp:.6g}{how}"))
        if choice and choice.message:
            rows.append(("", choice.message))
    if written is not None:
        rows.append(("wrote", one_line(written)))
    console.print()
    console.print(fact_table([*rows, *solver_rows(found.solution)]))
