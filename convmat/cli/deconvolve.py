"""``convmat deconvolve``: the picture before a known kernel blurred it."""

from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convmat import deconvolution
from convmat.boundary import parse_boundary
from convmat.cli.options import (
    BOUNDARY_HELP,
    FILES,
    AnchorOption,
    JsonOption,
    MaxIterationsOption,
    PenaltyOption,
    SolverOption,
    ToleranceOption,
    parse_anchor,
    parse_boundary_names,
    penalty_matrix,
    solver_options,
)
from convmat.cli.planes import first, read_kernel, read_planes
from convmat.cli.report import as_json, exit_if_interrupted, fact_table, solver_rows
from convmat.cli.terminal import one_line, output, print_note, progress_bar
from convmat.errors import ConvmatError
from convmat.files.writing import check_targets
from convmat.geometry import Mode, input_shape_of
from convmat.pictures.picture_files import check_picture_path, write_picture
from convmat.solution import Solution, Status
from convmat.solvers.dispatch import option_names

__all__ = ["deconvolve"]


def deconvolve(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help=f"The blurred picture: {FILES}.")],
    kernel: Annotated[
        str,
        typer.Argument(
            metavar="KERNEL",
            help="File of the kernel, best .npy or .csv: a picture is divided by its sum.",
        ),
    ],
    boundary: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"How the picture sought continues past its edges: {BOUNDARY_HELP}.",
        ),
    ],
    mode: Annotated[
        Mode,
        typer.Option(
            help="Which outputs of the convolution IMAGE holds; with full the picture sought is "
            "smaller, with valid larger, by the kernel's size minus 1.",
            case_sensitive=False,
        ),
    ] = Mode.SAME,
    anchor: AnchorOption = None,
    axes: Annotated[
        int, typer.Option(metavar="N", help="2 for pictures, 1 for signals, and so on.")
    ] = 2,
    solver: SolverOption = "auto",
    damp: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Damping (Tikhonov): the noise's standard deviation over the picture's is a "
            "first guess; 0 for none.",
        ),
    ] = 0.0,
    penalty: PenaltyOption = None,
    tolerance: ToleranceOption = None,
    max_iterations: MaxIterationsOption = None,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="N|NAME",
            help="Restore one channel: its number, counted from 0, or grey, red, green, blue. "
            "Default: all of them, one after another.",
            show_default=False,
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the restored picture: .png or .tif, rounded to the depth of IMAGE; .npy "
            "or .csv, every digit.",
            show_default=False,
        ),
    ] = None,
    as_json_text: JsonOption = False,
) -> None:
    """Find the picture that a known kernel blurred."""
    if axes < 1:
        raise ConvmatError(f"--axes must be at least 1, got {axes}")
    names = parse_boundary_names(boundary) or ""
    parse_boundary(names, axes)
    check_targets([image, kernel], [output_file])
    planes, notes = read_planes(image, axes, channel)
    entries, kernel_notes = read_kernel(kernel, axes)
    samples = first(planes)
    dtype = np.result_type(samples, entries) if np.iscomplexobj(entries) else samples.dtype
    if output_file is not None:
        check_picture_path(output_file, planes, dtype)
    shape = input_shape_of(samples.shape, entries.shape, mode)
    options: dict[str, Any] = solver_options(solver, tolerance, max_iterations) | {
        "boundary": names,
        "mode": mode,
        "anchor": parse_anchor(anchor),
        "damp": damp,
        "penalty": penalty_matrix(penalty, damp, shape, names),
        "solver": solver,
    }
    found: dict[str, Solution] = {}
    for name, plane in planes.items():
        found[name] = _solve(plane, entries, options)
        if found[name].status is Status.INTERRUPTED:
            break
    for note in [*notes, *kernel_notes]:
        print_note(note)
    rows = []
    if output_file is not None and len(found) == len(planes):
        restored = {name: solution.x.reshape(shape) for name, solution in found.items()}
        text, clipped = write_picture(output_file, restored, dtype)
        rows.append(("wrote", one_line(text)))
        if clipped:
            count = sum(plane.size for plane in restored.values())
            print_note(
                f"{clipped} of {count} samples were outside 0 ... {np.iinfo(dtype).max} and were "
                "clipped: a .npy file keeps them"
            )
    elif output_file is not None:
        print_note(f"{output_file} was not written: not every channel was begun")
    if as_json_text:
        output().print(as_json(first(found) if len(planes) == 1 else found))
    else:
        size = "x".join(map(str, shape))
        by = "x".join(map(str, entries.shape))
        output().print(f"Restored picture, {size}, by a kernel of {by}\n")
        _print(found, [("mode", str(mode)), ("boundary", boundary), ("damp", f"{damp:g}"), *rows])
    exit_if_interrupted([solution.status for solution in found.values()])


def _solve(plane: NDArray, kernel: NDArray, options: dict[str, Any]) -> Solution:
    with progress_bar() as progress:
        if progress is not None and "progress" in option_names(options["solver"]):
            options = options | {"progress": progress}
        return deconvolution.deconvolve(plane, kernel, **options)


def _print(found: dict[str, Solution], rows: list[tuple[str, str]]) -> None:
    for name, solution in found.items():
        which = f", {name}" if len(found) > 1 else ""
        rows.append((f"residual norm{which}", f"{solution.residual_norm:.4g}"))
        rows += solver_rows(solution, f"solver{which}")
    output().print(fact_table(rows))
