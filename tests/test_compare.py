"""compare_solvers: every solver has a row, and all are judged by the problem."""

import csv
import json

import numpy as np
import pytest

from convmat import SOLVERS, ConvmatError, LeastSquares, compare_solvers


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    return LeastSquares(rng.standard_normal((60, 6)), rng.standard_normal(60))


@pytest.fixture(scope="module")
def table(problem):
    return compare_solvers(problem, tolerance=1e-9)


def test_every_solver_has_a_row(table):
    free = [name for name, row in SOLVERS.items() if not row.imposes]
    assert [row["solver"] for row in table.rows] == free
    assert len(free) >= 8
    assert all(set(row) == set(table.columns) for row in table.rows)


def test_errors_are_distances_from_the_solution(problem, table):
    expected = np.linalg.lstsq(problem.A, problem.b)[0]
    residual = np.linalg.norm(problem.A @ expected - problem.b)
    applicable = [row for row in table.rows if row["status"] != "not applicable"]
    assert len(applicable) >= 4
    assert min(row["error"] for row in applicable) == 0.0
    for row in applicable:
        assert row["status"] == "converged"
        assert row["error"] < 1e-7
        assert row["residual_norm"] == pytest.approx(residual, rel=1e-9)
        assert row["seconds"] > 0
        assert row["peak_mib"] > 0


def test_a_solver_that_does_not_apply_says_why(table):
    for row in table.rows:
        if row["status"] == "not applicable":
            assert row["error"] is None
            assert row["note"]


def test_constrained_answers_are_measured_against_the_free_one(problem):
    table = compare_solvers(problem, ["cholesky", "nonnegative"])
    free, constrained = table.rows
    assert free["error"] == 0
    assert constrained["error"] > 0.01
    assert constrained["residual_norm"] > free["residual_norm"]


def test_csv_and_json_hold_the_same_rows(table):
    from_csv = list(csv.DictReader(table.to_csv().splitlines()))
    from_json = json.loads(table.to_json())
    assert [row["solver"] for row in from_csv] == [row["solver"] for row in from_json]
    for text, value, row in zip(from_csv, from_json, table.rows, strict=True):
        assert value["residual_norm"] == row["residual_norm"]
        assert text["residual_norm"] == (
            "" if row["residual_norm"] is None else str(row["residual_norm"])
        )


def test_what_is_not_finite_is_null_in_json():
    rng = np.random.default_rng(0)
    table = compare_solvers(LeastSquares(rng.random((9, 3)), np.zeros(9)), ["cholesky"])
    assert json.loads(table.to_json())[0]["error"] == 0.0


def test_printed_in_columns(table):
    lines = str(table).splitlines()
    assert len(lines) == 1 + len(table.rows)
    assert lines[0].split()[:3] == ["solver", "status", "error"]


@pytest.mark.parametrize(
    ("solvers", "options", "message"),
    [
        ("lsqr", {}, "list of names"),
        (["lsqr", "magic"], {}, "magic"),
        ([], {}, "got none"),
        (["pinv"], {"tolerance": 1e-3}, "option tolerance"),
    ],
)
def test_bad_input(problem, solvers, options, message):
    with pytest.raises(ConvmatError, match=message):
        compare_solvers(problem, solvers, **options)


def test_under_constraints_only_those_that_take_them_apply(problem):
    table = compare_solvers(problem, ["qr", "bounded", "fista"], lower=0.0, tolerance=1e-9)
    free, exact, iterative = table.rows
    assert free["status"] == "not applicable"
    assert "no constraints" in free["note"]
    assert exact["status"] == "converged"
    assert iterative["error"] < 1e-6


def test_what_is_no_problem_is_refused():
    with pytest.raises(ConvmatError, match="must be a LeastSquares, got int"):
        compare_solvers(3)
