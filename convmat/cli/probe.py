"""``convmat probe``: what a function computes, whether it is this convolution, or that adjoint."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from textwrap import indent
from typing import Annotated, Any

import typer

from convmat.cli.functions import load_function
from convmat.cli.options import (
    BOUNDARY_HELP,
    AnchorOption,
    JsonOption,
    parse_anchor,
    parse_boundary_names,
    parse_size,
)
from convmat.cli.planes import read_kernel
from convmat.cli.report import as_json
from convmat.cli.terminal import one_line, output, print_note
from convmat.errors import ConvmatError
from convmat.files.export import save_matrix
from convmat.files.matrix_formats import MATRIX_FORMATS
from convmat.files.writing import check_suffix, check_writable
from convmat.geometry import Geometry, Mode
from convmat.probing.adjoint import check_adjoint
from convmat.probing.operator_report import OperatorReport
from convmat.probing.probe import probe_operator
from convmat.probing.verify import verify_operator

__all__ = ["probe"]

_DIFFERS = 1


def probe(
    function: Annotated[
        str,
        typer.Argument(
            metavar="FUNCTION",
            help="module:function, such as scipy.ndimage:sobel, or file.py:function. It takes one "
            "array and returns another.",
        ),
    ],
    shape: Annotated[
        str, typer.Option(metavar="RxC", help="Shape of the array it takes, such as 16x16, or 16.")
    ],
    dtype: Annotated[
        str, typer.Option(metavar="NAME", help="Type of its samples: float64, uint8, complex128...")
    ] = "float64",
    max_calls: Annotated[
        int, typer.Option(metavar="N", help="How often to call it for its matrix, at the most.")
    ] = 1024,
    names: Annotated[
        bool, typer.Option("--names", help="Show the call in other tools that does the same.")
    ] = False,
    kernel: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Verify that it is the convolution with this kernel. Exit code 1 where it is not.",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="Of --kernel: full (n + k - 1 outputs), same (n) or valid (n - k + 1). Default: "
            "same, where convmat matrix has full.",
            case_sensitive=False,
            show_default=False,
        ),
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"Of --kernel: {BOUNDARY_HELP}. Default: zero.", show_default=False
        ),
    ] = None,
    anchor: AnchorOption = None,
    step: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Of --kernel: outputs may be off by so much, since they are rounded; 1 for "
            "whole numbers.",
            show_default=False,
        ),
    ] = None,
    adjoint: Annotated[
        str | None,
        typer.Option(
            metavar="FUNCTION",
            help="Check that this function is its adjoint. Exit code 1 where it is not.",
            show_default=False,
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write its matrix, where it is a convolution: .npz, .mtx or .mat.",
            show_default=False,
        ),
    ] = None,
    as_json_text: JsonOption = False,
) -> None:
    """Find out what a function computes: linear or not, its kernel, boundary and anchor."""
    input_shape = parse_size(shape, "--shape")
    if kernel is not None and adjoint is not None:
        raise ConvmatError("--kernel and --adjoint are two questions: ask one of them")
    if (kernel is not None or adjoint is not None) and (output_file is not None or names):
        raise ConvmatError("--output and --names go without --kernel and --adjoint")
    if kernel is None and {mode, boundary, anchor, step} != {None}:
        raise ConvmatError(
            "--mode, --boundary, --anchor and --step describe --kernel: give that too"
        )
    if output_file is not None:
        check_suffix(output_file, tuple(MATRIX_FORMATS))
        check_writable(output_file)
    called = load_function(function, "FUNCTION")
    given: dict[str, Any] = {"dtype": dtype, "max_calls": max_calls}
    if kernel is not None:
        entries, notes = read_kernel(kernel, len(input_shape))
        for note in notes:
            print_note(note)
        with redirect_stdout(sys.stderr):  # what the function prints is no result
            found = verify_operator(
                called,
                entries,
                input_shape,
                mode or Mode.SAME,
                parse_boundary_names(boundary) or "zero",
                anchor=parse_anchor(anchor),
                step=step or 0.0,
                **given,
            )
        report = None if found.report is None else _without_matrix(found.report)
        _finish(found, as_json(replace(found, report=report)), as_json_text, ok=found.ok)
    elif adjoint is not None:
        back = load_function(adjoint, "--adjoint")
        with redirect_stdout(sys.stderr):
            test = check_adjoint(called, back, input_shape, **given)
        fields = {"error": float(test), "ok": test.ok, "tolerance": test.tolerance}
        text = as_json(fields | {"reason": test.reason})
        _finish(test, text, as_json_text, ok=test.ok)
    else:
        with redirect_stdout(sys.stderr):
            seen = probe_operator(called, input_shape, **given)
        if output_file is not None:
            _save(seen, output_file)
        _finish(seen, as_json(_without_matrix(seen)), as_json_text, ok=True)
        if names and not as_json_text:
            for tool, call in seen.names.items():
                output().print(f"\n{tool}\n{indent(call, '    ')}")


def _finish(result: Any, json_text: str, as_json_text: bool, *, ok: bool) -> None:
    """Print it, and end with exit code 1 where a check failed."""
    output().print(json_text if as_json_text else str(result))
    if not ok:
        raise typer.Exit(_DIFFERS)


def _without_matrix(report: OperatorReport) -> OperatorReport:
    """For JSON: of the matrix only its size."""
    matrix = report.matrix
    if matrix is None:
        return report
    return replace(report, matrix={"shape": matrix.shape, "entries": matrix.nnz})


def _save(report: OperatorReport, path: str) -> None:
    one = report.convention
    if one is None or report.matrix is None:
        raise ConvmatError(
            f"{path} is not written: no convolution with one of the seven boundaries was found, "
            f"{report.verdict_in_words()}"
        )
    geometry = Geometry(report.input_shape, one.kernel.shape, one.mode, one.boundary, one.anchor)
    save_matrix(path, report.matrix, geometry, kernel=one.kernel)
    rows, columns = report.matrix.shape
    print_note(one_line(f"{path}: {rows} x {columns}, {report.matrix.nnz} entries"))
