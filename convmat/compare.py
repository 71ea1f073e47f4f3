"""The same problem by every solver: what each finds, how well, and what it costs."""

import csv
import io
import json
import math
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve
from convmat.solvers.dispatch import option_names

__all__ = ["Comparison", "compare_solvers"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A table: the same columns for every row.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of dict
        One dict from column to value for each thing compared; None where there is no value.

    Examples
    --------
    >>> table = Comparison(("solver", "error"), ({"solver": "qr", "error": 0.0},))
    >>> print(table)
    solver  error
    qr          0
    >>> table.to_json()
    '[{"solver": "qr", "error": 0.0}]'
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        cells = [list(self.columns)]
        cells += [[_cell(row[column]) for column in self.columns] for row in self.rows]
        widths = [max(len(line[i]) for line in cells) for i in range(len(self.columns))]
        text = [
            all(isinstance(row[column], str | None) for row in self.rows) for column in self.columns
        ]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if left else cell.rjust(width)
                for cell, width, left in zip(line, widths, text, strict=True)
            ).rstrip()
            for line in cells
        )

    def to_csv(self) -> str:
        """The table as comma-separated values, the column names first."""
        out = io.StringIO()
        writer = csv.DictWriter(out, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()

    def to_json(self) -> str:
        """The rows as a JSON list of objects; what is not finite becomes null."""
        return json.dumps(
            [{key: _jsonable(value) for key, value in row.items()} for row in self.rows]
        )


def compare_solvers(
    problem: LeastSquares, solvers: Sequence[str] | None = None, **options: Any
) -> Comparison:
    """Solve one problem by every solver, and judge all answers alike.

    Parameters
    ----------
    problem : LeastSquares
    solvers : sequence of str, optional
        Names in `SOLVERS`; default: all that solve the problem as it is, without constraints
        of their own. The answer that all are measured against is one of theirs.
    **options
        Such as `tolerance` and `max_iterations`, given to those solvers that take them.

    Returns
    -------
    Comparison
        A row for each solver: ``solver``, ``status``, ``error`` (distance of x from the answer
        with the smallest gradient norm, relative to that answer), ``residual_norm``,
        ``gradient_norm``, ``iterations``, ``seconds``, ``peak_mib`` (what NumPy and Python took
        at the most, in MiB, from a second run) and ``note``. A solver that does not apply has a
        row that says why.

    Ctrl-C during an iterative solve ends the comparison with the rows so far.

    Raises
    ------
    ConvmatError
        For a name that is not a solver's, or an option that none of them takes.

    Examples
    --------
    >>> line = LeastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5])
    >>> table = compare_solvers(line, ["cholesky", "lsqr"])
    >>> [(row["solver"], row["status"], row["error"] < 1e-9) for row in table.rows]
    [('cholesky', 'converged', True), ('lsqr', 'converged', True)]
    """
    if not isinstance(problem, LeastSquares):
        raise ConvmatError(f"problem must be a LeastSquares, got {type(problem).__name__}")
    names = _unconstrained() if solvers is None else _checked_names(solvers)
    taken = {name: option_names(name) for name in names}
    for option in options:
        if not any(option in allowed for allowed in taken.values()):
            raise ConvmatError(f"none of {', '.join(names)} has an option {option}")
    rows = []
    answers: dict[str, Solution] = {}
    for name in names:
        chosen = {key: value for key, value in options.items() if key in taken[name]}
        row: dict[str, Any] = dict.fromkeys(_SOLVER_COLUMNS)
        row["solver"] = name
        rows.append(row)
        try:
            if options.keys() & _CONSTRAINTS and not SOLVERS[name].bounds:
                raise ConvmatError("takes no constraints")
            # A problem keeps what it has computed, so each run gets one that has nothing yet.
            problem = replace(problem)
            began = perf_counter()
            answers[name] = solve(problem, name, **chosen)
            row["seconds"] = perf_counter() - began
            if answers[name].status is Status.INTERRUPTED:
                break
            row["peak_mib"] = _peak_mib(replace(problem), name, chosen)
        except ConvmatError as error:
            row["status"], row["note"] = "not applicable", str(error)
    free = [solution for name, solution in answers.items() if not SOLVERS[name].imposes]
    best = _best(free or list(answers.values()))
    for row in rows:
        if row["solver"] in answers:
            row.update(_judge(answers[row["solver"]], best))
    return Comparison(_SOLVER_COLUMNS, tuple(rows))


_SOLVER_COLUMNS = (
    "solver",
    "status",
    "error",
    "residual_norm",
    "gradient_norm",
    "iterations",
    "seconds",
    "peak_mib",
    "note",
)


_CONSTRAINTS = {"lower", "upper", "total", "total_entries"}


def _judge(solution: Solution, best: NDArray | None) -> dict[str, Any]:
    error = None
    if best is not None:
        size = float(np.linalg.norm(best))
        error = float(np.linalg.norm(solution.x - best)) / (size or 1.0)
    return {
        "status": str(solution.status),
        "error": error,
        "residual_norm": solution.residual_norm,
        "gradient_norm": solution.gradient_norm,
        "iterations": solution.iterations,
        "note": "; ".join(text for text in (solution.message, solution.advice) if text),
    }


def _best(answers: Sequence[Solution]) -> NDArray | None:
    """The x with the smallest certified gradient, or what constraints leave of it."""
    finite = [solution for solution in answers if math.isfinite(solution.optimality)]
    return min(finite, key=lambda solution: solution.optimality).x if finite else None


def _peak_mib(problem: LeastSquares, name: str, options: dict[str, Any]) -> float:
    tracing = tracemalloc.is_tracing()
    if tracing:
        tracemalloc.reset_peak()
    else:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        solve(problem, name, **options)
        return (tracemalloc.get_traced_memory()[1] - before) / 2**20
    finally:
        if not tracing:
            tracemalloc.stop()


def _unconstrained() -> list[str]:
    return [name for name, row in SOLVERS.items() if not row.imposes]


def _checked_names(solvers: Sequence[str]) -> list[str]:
    if isinstance(solvers, str) or not isinstance(solvers, Sequence):
        raise ConvmatError(f"solvers must be a list of names, got {solvers!r}")
    unknown = [str(name) for name in solvers if str(name) not in SOLVERS]
    if unknown or not solvers:
        raise ConvmatError(
            f"solvers must be names of {', '.join(SOLVERS)}, got {', '.join(unknown) or 'none'}"
        )
    return list(solvers)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else str(value)


def _jsonable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
