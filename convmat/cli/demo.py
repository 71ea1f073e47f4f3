"""``convmat demo``: a real filter, found in a photograph and what an image editor made of it."""

from importlib.resources import as_file, files
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from convmat.cli.pairs import read_pair
from convmat.cli.report import cells, facts
from convmat.cli.terminal import one_line, output, print_error
from convmat.estimation.estimate import estimate_kernel
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.files.writing import check_writable
from convmat.pictures.figure_files import check_figure, save_figure
from convmat.pictures.reading import read_picture

__all__ = ["demo"]

_TOLERANCE = 5e-4
_DIGITS = 4
_BOUNDARY = "replicate"


def demo(
    output_file: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The figure to write: .png, .svg or .pdf."
        ),
    ] = "convmat-demo.png",
) -> None:
    """Recover the 5x5 kernel an image editor applied to a photograph, and draw it."""
    from convmat.plot import plot_estimate

    check_figure(output_file, 2)
    check_writable(output_file)
    with as_file(files("convmat").joinpath("data")) as folder:
        (truth,) = read_picture(folder / "kernel.csv").planes.values()
        before, after = (str(folder / name) for name in ("camera.png", "camera-filtered.png"))
        befores, afters, _ = read_pair(before, after, 2, None)
    found = estimate_kernel(
        list(befores.values()), list(afters.values()), truth.shape, boundary=_BOUNDARY, offset=True
    )
    figure = plot_estimate(befores, afters, found, boundary=_BOUNDARY, truth=truth)
    save_figure(output_file, figure)
    deviation = np.abs(found.kernel - truth)
    _print(found, truth, deviation, output_file)
    if not deviation.max() <= _TOLERANCE:
        print_error(f"the kernel is not within {_TOLERANCE:g} of the true one")
        raise typer.Exit(1)


def _print(found: KernelEstimate, truth: NDArray, deviation: NDArray, written: str) -> None:
    console = output()
    console.print("A photograph (camera.png) and what an image editor's 5x5 convolution made of it")
    console.print(
        "in 8 bits (camera-filtered.png), edges replicated. The kernel, from the pixels:\n"
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    columns = truth.shape[1]
    for _ in range(2 * columns + 1):
        table.add_column(justify="right", no_wrap=True)
    for entries, errors, true in zip(found.kernel, found.std_error, truth, strict=True):
        table.add_row(*cells(entries, _DIGITS), "  ", *cells(true, _DIGITS))
        table.add_row(*cells(errors, _DIGITS, "±"), style="dim")
    heading = "recovered ± standard error"
    console.print(f"{heading:<{columns * len('±0.0000 ')}}   true")
    console.print(table)
    row, column = np.unravel_index(deviation.argmax(), deviation.shape)
    largest = f"{deviation.max():.2g} at row {row}, column {column} ({_TOLERANCE:g} is allowed)"
    rows = [("largest deviation", largest), ("wrote", one_line(written))]
    console.print()
    console.print(facts(found, rows))
