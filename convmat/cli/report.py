"""Results for people, as tables, and for programs, as JSON."""

import json
from collections.abc import Collection, Iterable
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from convmat.cli.terminal import print_note
from convmat.compare import Comparison
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS

__all__ = [
    "as_json",
    "cells",
    "comparison_table",
    "exit_if_interrupted",
    "fact_table",
    "facts",
    "kernel_table",
    "solver_rows",
]

_IN_WORDS = {
    Status.CONVERGED: "converged",
    Status.MAX_ITERATIONS: "stopped before it converged",
    Status.RANK_DEFICIENT: "rank deficient",
    Status.ILL_CONDITIONED: "converged, but badly conditioned",
    Status.INACCURATE: "not accurate",
    Status.INTERRUPTED: "interrupted",
}


def as_json(result: Any, *, without: Collection[str] = ()) -> str:
    """A result's fields under their own names, as one JSON object.

    Arrays are nested lists, complex numbers have the fields real and imag, and what JSON has
    no number for (NaN, infinities) is null. Fields named in `without` are left out, of results
    inside the result too.
    """
    return json.dumps(_plain(result, without), allow_nan=False, indent=2)


def _plain(value: Any, without: Collection[str] = ()) -> Any:
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.name not in without]
        return {name: _plain(getattr(value, name), without) for name in names}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(item, without) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, without) for item in value]
    if isinstance(value, complex):
        return {"real": _plain(value.real), "imag": _plain(value.imag)}
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)


def _decimals(std_error: NDArray) -> int | None:
    """Decimals that show two uncertain digits of the best known entry; None where unknown."""
    known = std_error[np.isfinite(std_error) & (std_error > 0)]
    if not known.size:
        return None
    return int(np.clip(1 - np.floor(np.log10(known.min())), 0, 12))


def kernel_table(kernel: NDArray, std_error: NDArray, width: int) -> Table | Text:
    """The kernel row by row, each entry above its standard error.

    Parameters
    ----------
    kernel, std_error : ndarray, of any number of axes
        Where no standard error is finite, the entries stand alone.
    width : int
        Of the terminal; for a table that is wider there is a sentence instead.
    """
    rows, errors = (array.reshape(-1, array.shape[-1]) for array in (kernel, std_error))
    digits = _decimals(std_error)
    with_errors = bool(np.isfinite(std_error).any())
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    longest = 0
    for _ in range(rows.shape[1]):
        table.add_column(justify="right", no_wrap=True)
    for row, row_errors in zip(rows, errors, strict=True):
        lines = [cells(row, digits)]
        if with_errors:
            lines.append(cells(row_errors, digits, "±"))
        for line, style in zip(lines, ("", "dim"), strict=False):
            longest = max(longest, *map(len, line))
            table.add_row(*line, style=style)
    if rows.shape[1] * (longest + 2) <= width:
        return table
    shape = "x".join(map(str, kernel.shape))
    return Text(f"  (the {shape} table is wider than this terminal: --output kernel.csv keeps it)")


def cells(values: NDArray, digits: int | None, sign: str = "") -> list[str]:
    """Numbers as text, to so many decimals, or to six digits.

    Examples
    --------
    >>> cells(np.array([0.25, -1e-9]), 3)
    ['0.250', '0.000']
    """
    return [sign + _number(value, digits) for value in values]


def _number(value: Any, digits: int | None) -> str:
    if isinstance(value, complex | np.complexfloating):
        return f"{_number(value.real, digits)}{value.imag:+.{6 if digits is None else digits}f}j"
    if not np.isfinite(value):
        return "?"
    text = f"{value:.6g}" if digits is None else f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def facts(found: KernelEstimate, rows: list[tuple[str, str]]) -> Table:
    """What else there is to say about an estimate, a line for each."""
    lines = [("sum of the kernel", f"{found.kernel.sum():.6g}")]
    if found.covariance.shape[0] > found.kernel.size:
        error = found.offset_std_error
        digits = _decimals(np.array([error]))
        bars = f" ± {_number(error, digits)}" if isfinite(error) else ""
        lines.append(("offset", _number(found.offset, digits) + bars))
    lines.append(("residual", f"{found.residual_std:.4g} (standard deviation)"))
    if found.solution.damp:
        choice = found.damp_choice
        how = f", chosen by {choice.method}" if choice else ""
        lines.append(("damp", f"{found.solution.damp:.6g}{how}"))
    lines += [*rows, *solver_rows(found.solution)]
    if found.note:
        lines.append(("", found.note))
    return fact_table(lines)


def fact_table(rows: list[tuple[str, str]]) -> Table:
    """Names, and what there is to say about each."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, text)
    return table


def solver_rows(solution: Solution, name: str = "solver") -> list[tuple[str, str]]:
    """The solver, how it ended and how long it took; what it says; what to do about it.

    The status is in words: "cholesky, converged, 0.04 s".
    """
    iterative = solution.solver in SOLVERS and SOLVERS[solution.solver].iterative
    iterations = f" after {solution.iterations} iterations" if iterative else ""
    seconds = solution.setup_seconds + solution.solve_seconds
    words = f"{solution.solver}, {_IN_WORDS[solution.status]}{iterations}, {seconds:.2g} s"
    return [(name, words), *(("", text) for text in (solution.message, solution.advice) if text)]


def comparison_table(comparison: Comparison) -> Table:
    """A line for each row, without its note."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    columns = [column for column in comparison.columns if column != "note"]
    for column in columns:
        numeric = any(isinstance(row[column], float | int) for row in comparison.rows)
        table.add_column(
            column.replace("_", "\n"), justify="right" if numeric else "left", no_wrap=True
        )
    for row in comparison.rows:
        status = row.get("status", "")
        colour = {Status.CONVERGED: "green", "not applicable": "red"}.get(status, "yellow")
        table.add_row(
            *(
                Text(_cell(row[column]), style=colour if column == "status" else "")
                for column in columns
            )
        )
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else str(value)


def exit_if_interrupted(statuses: Iterable[str]) -> None:
    """End with the exit code of Ctrl-C after a result that it has cut short."""
    if Status.INTERRUPTED in statuses:
        print_note("interrupted: this is the best answer so far")
        raise typer.Exit(130)
