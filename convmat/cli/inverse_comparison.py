"""``convmat inverse --compare``: what each way to undo a kernel costs, as a table."""

from math import prod

import numpy as np

from convmat.boundary import parse_boundary
from convmat.cli.planes import read_kernel
from convmat.cli.report import comparison_table
from convmat.cli.terminal import one_line, output, print_note
from convmat.compare import Comparison
from convmat.files.writing import atomic_write, check_suffix, check_targets
from convmat.geometry import Mode
from convmat.inverse.compare_inverses import compare_inverses
from convmat.pictures.figure_files import check_figure, save_figure

__all__ = ["kernel_axes", "print_comparison"]

_TABLES = {".csv": Comparison.to_csv, ".json": Comparison.to_json}

_SAMPLES = 256
"""Of the signal that inverses are compared on, unless a shape is given; more for large kernels."""

_MOST_SAMPLES = 2048


def kernel_axes(kernel: str, shape: tuple[int, ...] | None) -> int:
    """How many axes a kernel has: as a shape that was given; or as its file, 2 but for arrays."""
    if shape is not None:
        return len(shape)
    if not kernel.lower().endswith(".npy"):
        return 2
    try:
        return int(np.load(kernel, mmap_mode="r", allow_pickle=False).ndim) or 2
    except (OSError, ValueError):
        return 2  # and reading it says what is wrong


def print_comparison(
    kernel: str,
    *,
    support: tuple[int, ...] | None,
    shape: tuple[int, ...] | None,
    boundary: str | tuple[str, ...] | None,
    mode: Mode | None,
    anchor: tuple[int, ...] | None,
    plot: str | None,
    output_file: str | None,
    as_json_text: bool,
) -> None:
    """Compare, print and write what was asked for.

    Parameters
    ----------
    kernel : str
        Name of the file.
    support : tuple of int, optional
        Shape of the one filter that is compared; by default there are several.
    shape : tuple of int, optional
        Of the signal.
    boundary, mode, anchor
        As for `convmat.compare_inverses`, one of each.
    plot, output_file : str, optional
        Files to write.
    as_json_text : bool
        Whether to print the rows as JSON.
    """
    entries, notes = read_kernel(kernel, kernel_axes(kernel, shape or support))
    if boundary is not None:
        parse_boundary(boundary, entries.ndim)
    if output_file is not None:
        check_suffix(output_file, tuple(_TABLES))
    if plot is not None:
        check_figure(plot, entries.ndim)
    check_targets([kernel], [output_file, plot])
    for note in notes:
        print_note(note)
    signal = shape or _signal_shape(entries.shape)
    table = compare_inverses(
        entries,
        signal,
        boundaries=None if boundary is None else [boundary],
        modes=None if mode is None else [mode],
        supports=None if support is None else [support],
        anchor=anchor,
    )
    if output_file is not None:
        text = _TABLES[check_suffix(output_file, tuple(_TABLES))](table)
        with atomic_write(output_file) as file:
            file.write(text.encode())
    if plot is not None:
        from convmat.plot import plot_inverses

        save_figure(plot, plot_inverses(table))
    if as_json_text:
        output().print(table.to_json())
        return
    by, of = "x".join(map(str, signal)), "x".join(map(str, entries.shape))
    console = output()
    console.print(f"What undoes a kernel of {of} on a signal of {by}\n")
    console.print(comparison_table(table))
    lines = list(dict.fromkeys(row["note"] for row in table.rows if row["note"]))
    lines += [one_line(f"wrote {path}") for path in (output_file, plot) if path is not None]
    if lines:
        console.print()
    for line in lines:
        console.print(line)


def _signal_shape(kernel: tuple[int, ...]) -> tuple[int, ...]:
    """Some 256 samples; along axes where that is less, twice the kernel."""
    side = round(_SAMPLES ** (1 / len(kernel)))
    larger = tuple(max(side, 2 * k) for k in kernel)
    return larger if prod(larger) <= _MOST_SAMPLES else (side,) * len(kernel)
