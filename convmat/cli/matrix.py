"""``convmat matrix``: the sparse matrix of a convolution, in a file."""

import os
from typing import Annotated

import typer

from convmat.cli.options import (
    BOUNDARY_HELP,
    FILES,
    AnchorOption,
    parse_anchor,
    parse_boundary_names,
    parse_size,
)
from convmat.cli.planes import read_kernel
from convmat.cli.terminal import one_line, output, print_note
from convmat.files.export import save_matrix
from convmat.files.matrix_formats import MATRIX_FORMATS
from convmat.files.writing import check_suffix, check_writable
from convmat.geometry import Geometry, Mode
from convmat.matrices.explicit import convolution_matrix

__all__ = ["matrix"]


def matrix(
    kernel: Annotated[str, typer.Argument(metavar="KERNEL", help=f"File of the kernel: {FILES}.")],
    shape: Annotated[
        str, typer.Option(metavar="RxC", help="Shape of the signal, such as 64x64, or 64.")
    ],
    output_file: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="What to write: .npz (SciPy), .mtx (Matrix Market) or .mat (MATLAB, Octave).",
            show_default=False,
        ),
    ],
    mode: Annotated[
        Mode,
        typer.Option(
            help="Which outputs there are: full (n + k - 1), same (n) or valid (n - k + 1).",
            case_sensitive=False,
        ),
    ] = Mode.FULL,
    boundary: Annotated[
        str,
        typer.Option(
            metavar="NAME", help=f"How the signal continues past its edges: {BOUNDARY_HELP}."
        ),
    ] = "zero",
    anchor: AnchorOption = None,
    order: Annotated[
        str,
        typer.Option(
            metavar="C|F",
            help="How signals become vectors: C (row by row, NumPy) or F (column by column, "
            "MATLAB's x(:)).",
        ),
    ] = "C",
) -> None:
    """Build the sparse matrix H of a convolution, H x = y, and write it with its geometry."""
    check_suffix(output_file, tuple(MATRIX_FORMATS))
    check_writable(output_file)
    input_shape = parse_size(shape, "--shape")
    entries, notes = read_kernel(kernel, len(input_shape))
    for note in notes:
        print_note(note)
    geometry = Geometry(
        input_shape, entries.shape, mode, parse_boundary_names(boundary) or "", parse_anchor(anchor)
    )
    built = convolution_matrix(
        entries,
        geometry.input_shape,
        geometry.mode,
        geometry.boundary,
        anchor=geometry.anchor,
        order=order.upper(),
    )
    save_matrix(output_file, built, geometry, order=order.upper(), kernel=entries)
    rows, columns = built.shape
    size = os.path.getsize(output_file)
    one = len(set(geometry.boundary)) == 1
    names = geometry.boundary[:1] if one else geometry.boundary
    anchor_text = ", ".join(map(str, geometry.anchor))
    output().print(
        one_line(
            f"{output_file}: {rows} x {columns}, {built.nnz} entries, {built.dtype}, {size} bytes; "
            f"{geometry.mode}, {','.join(names)}, anchor ({anchor_text}), order {order.upper()}"
        )
    )
