"""``convmat compare``: every solver on the estimate of one kernel."""

from typing import Annotated

import typer

from convmat.boundary import parse_boundary
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
    SizeOption,
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
from convmat.cli.report import comparison_table, exit_if_interrupted
from convmat.cli.terminal import one_line, output, print_note
from convmat.compare import Comparison, compare_solvers
from convmat.estimation.kernel_fit import kernel_problem
from convmat.files.writing import atomic_write, check_suffix, check_targets
from convmat.solvers import SOLVERS

__all__ = ["compare"]

_FORMATS = {".csv": Comparison.to_csv, ".json": Comparison.to_json}


def compare(
    before: BeforeArgument,
    after: AfterArgument,
    size: SizeOption,
    boundary: BoundaryOption = None,
    mode: ModeOption = None,
    anchor: AnchorOption = None,
    offset: OffsetOption = False,
    mask: MaskOption = None,
    solvers: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help=f"Which solvers: {', '.join(SOLVERS)}. Default: all of them.",
            show_default=False,
        ),
    ] = None,
    damp: DampOption = "0",
    penalty: PenaltyOption = None,
    tolerance: ToleranceOption = None,
    max_iterations: MaxIterationsOption = None,
    channel: ChannelOption = None,
    noise_std: NoiseStdOption = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the table: .csv or .json.",
            show_default=False,
        ),
    ] = None,
    as_json_text: JsonOption = False,
) -> None:
    """Estimate one kernel by every solver: how far, how fast, in how much memory."""
    shape = parse_size(size, "--size")
    names = parse_boundary_names(boundary)
    if names is not None:
        parse_boundary(names, len(shape))
    if output_file is not None:
        check_suffix(output_file, tuple(_FORMATS))
    check_targets(filter(None, [before, after, mask]), [output_file])
    chosen = None if solvers is None else [name.strip().lower() for name in solvers.split(",")]
    befores, afters, notes = read_pair(before, after, len(shape), channel)
    amount = parse_damp(damp)
    problem = kernel_problem(
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
    )
    table = compare_solvers(problem, chosen, **solver_options("auto", tolerance, max_iterations))
    for note in notes:
        print_note(note)
    if output_file is not None:
        text = _FORMATS[check_suffix(output_file, tuple(_FORMATS))](table)
        with atomic_write(output_file) as file:
            file.write(text.encode())
    if as_json_text:
        output().print(table.to_json())
    else:
        equations, unknowns = problem.shape
        damping = f", damp {problem.damp:.6g}" if problem.damp else ""
        output().print(f"{equations} equations, {unknowns} unknowns{damping}\n")
        _print(table, output_file)
    exit_if_interrupted([row["status"] for row in table.rows])


def _print(table: Comparison, written: str | None) -> None:
    """The table, and what there is to note, once for all solvers that it holds for."""
    console = output()
    console.print(comparison_table(table))
    noted: dict[str, list[str]] = {}
    for row in table.rows:
        if row["note"]:
            noted.setdefault(row["note"], []).append(row["solver"])
    lines = [f"{', '.join(solvers)}: {note}" for note, solvers in noted.items()]
    if written is not None:
        lines.append(one_line(f"wrote {written}"))
    if lines:
        console.print()
    for line in lines:
        console.print(line)
