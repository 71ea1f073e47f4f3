"""Bounds and a fixed sum: the optimality conditions, SciPy's answers, and bad constraints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.optimize import lsq_linear, nnls
from scipy.sparse.linalg import aslinearoperator

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.matrices.explicit import data_matrix
from convmat.solution import Status
from convmat.solvers import SOLVERS, solve
from convmat.solvers.constraints import Constraints

EPS = np.finfo(float).eps
INF = np.inf
TAKING_BOUNDS = [name for name, row in SOLVERS.items() if row.bounds and name != "nonnegative"]


def problem_of(m=80, n=15, condition=30.0, seed=0, **options):
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.standard_normal((m, n)))
    p, _ = np.linalg.qr(rng.standard_normal((n, n)))
    A = q * np.geomspace(1, 1 / condition, n) @ p
    return LeastSquares(A, A @ rng.standard_normal(n) + 0.1 * rng.standard_normal(m), **options)


def violation(problem, x, lower, upper, summed=None):
    """How far x is from the Karush-Kuhn-Tucker conditions, in units of the gradient."""
    slope = problem.gradient(x)
    at_lower, at_upper = x <= lower, x >= upper
    free = ~at_lower & ~at_upper
    if summed is not None:
        least = np.max(slope[summed & at_upper], initial=-INF)
        most = np.min(slope[summed & at_lower], initial=INF)
        if (summed & free).any():
            multiplier = slope[summed & free].mean()
        else:
            assert least <= most
            multiplier = np.clip(0.0, least, most)
        slope = slope - multiplier * summed
    wrong = np.where(free, np.abs(slope), 0.0)
    wrong = np.where(at_lower & ~at_upper, np.maximum(-slope, 0), wrong)
    wrong = np.where(at_upper & ~at_lower, np.maximum(slope, 0), wrong)
    return float(np.max(wrong))


def allowed(problem, name):
    size = np.linalg.norm(problem.rhs)
    return (1e-9 if SOLVERS[name].iterative else 200 * EPS) * size


CASES = {
    "nonnegative": {"lower": 0.0},
    "box": {"lower": -0.2, "upper": 0.4},
    "upper only": {"upper": 0.1},
    "some bounds": {"lower": np.where(np.arange(15) % 3, -INF, 0.0)},
    "sum": {"total": 1.0},
    "simplex": {"lower": 0.0, "total": 1.0},
    "sum of some": {"lower": 0.0, "upper": 0.7, "total": 1.0, "total_entries": np.arange(14)},
    "sum by mask": {"lower": -1.0, "total": -0.5, "total_entries": np.arange(15) < 6},
    "fixed entries": {"lower": np.r_[0.3, np.zeros(14)], "upper": np.r_[0.3, np.full(14, 9.0)]},
    "all fixed": {"lower": 0.25, "upper": 0.25},
    "sum at its least": {"lower": 0.1, "total": 1.5},
    "inactive": {"lower": -1e6, "upper": 1e6},
    "corner": {"lower": 0.0, "upper": 1.0, "total": 1.0, "total_entries": [3]},
}
PROBLEMS = {
    "plain": {},
    "weighted and damped": {"weights": np.linspace(0, 2, 80), "damp": 0.2},
    "penalised": {"damp": 0.1, "penalty": np.diff(np.eye(15), axis=0)},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("name", TAKING_BOUNDS)
def test_the_optimality_conditions_hold(name, kind, case):
    problem, options = problem_of(**PROBLEMS[kind]), CASES[case]
    solution = solve(problem, name, **options)
    x = solution.x
    lower = np.broadcast_to(options.get("lower", -INF), 15)
    upper = np.broadcast_to(options.get("upper", INF), 15)
    summed = None
    assert np.all(x >= lower) and np.all(x <= upper)
    if "total" in options:
        summed = np.zeros(15, dtype=bool)
        summed[options.get("total_entries", slice(None))] = True
        gap = abs(x[summed].sum() - options["total"])
        assert gap <= 50 * EPS * (np.abs(x).sum() + abs(options["total"]))
    assert solution.status is Status.CONVERGED, str(solution)
    assert violation(problem, x, lower, upper, summed) <= allowed(problem, name)
    assert solution.optimality <= 20 * allowed(problem, name)
    assert solution.gradient_norm == problem.certificate(x).gradient_norm


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("condition", [3.0, 1e3])
def test_nonnegative_is_scipys_nnls(seed, condition):
    problem = problem_of(condition=condition, seed=seed)
    expected, _ = nnls(problem.A, problem.b)
    solution = solve(problem, "nonnegative")
    size = np.linalg.norm(expected) + np.linalg.norm(problem.b)
    assert np.linalg.norm(solution.x - expected) <= 100 * EPS * condition**2 * size
    assert np.all(solution.x >= 0)


@pytest.mark.parametrize("seed", range(5))
def test_bounded_is_scipys_lsq_linear(seed):
    problem = problem_of(seed=seed)
    expected = lsq_linear(problem.A, problem.b, bounds=(-0.3, 0.2), method="bvls").x
    for name in TAKING_BOUNDS:
        solution = solve(problem, name, lower=-0.3, upper=0.2)
        error = np.linalg.norm(solution.x - expected)
        assert error <= 30**2 * 2 * allowed(problem, name)


def test_a_sum_alone_is_the_kkt_system():
    problem = problem_of()
    ones = np.ones((15, 1))
    system = np.block([[problem.A.T @ problem.A, ones], [ones.T, np.zeros((1, 1))]])
    expected = np.linalg.solve(system, np.append(problem.rhs, 2.0))[:15]
    solution = solve(problem, "bounded", total=2.0)
    assert np.linalg.norm(solution.x - expected) <= 1e3 * EPS * 30**2 * np.linalg.norm(expected)


@pytest.mark.parametrize("guesses", [0, 3])
@pytest.mark.parametrize("patience", [0, 20])
@pytest.mark.parametrize("case", CASES)
def test_the_active_set_method_needs_no_good_guess(monkeypatch, guesses, patience, case):
    """The method alone, from the first feasible point, with pivoting and without."""
    monkeypatch.setattr("convmat.solvers.bounded.GUESSES", guesses)
    monkeypatch.setattr("convmat.solvers.active_set.PATIENCE", patience)
    for seed in range(5):
        problem = problem_of(seed=seed, condition=100.0)
        solution = solve(problem, "bounded", **CASES[case])
        other = solve(problem, "fista", max_iterations=100_000, **CASES[case])
        assert "FISTA" not in solution.message
        assert np.linalg.norm(solution.x - other.x) <= 1e-6 * (1 + np.linalg.norm(other.x))
        assert solution.optimality <= 20 * allowed(problem, "bounded")


def test_fista_takes_over_where_unknowns_are_many(monkeypatch):
    monkeypatch.setattr("convmat.solvers.bounded.DENSE_LIMIT", 10)
    problem = problem_of()
    shares = []
    solution = solve(
        problem, "nonnegative", total=1.0, progress=lambda iteration, share: shares.append(share)
    )
    assert solution.solver == "nonnegative" and solution.message == "by FISTA"
    assert solution.iterations == len(shares) and solution.history is not None
    monkeypatch.undo()
    exact = solve(problem, "nonnegative", total=1.0)
    assert np.linalg.norm(solution.x - exact.x) <= 1e-6


def test_constraints_with_sparse_matrices_and_operators():
    problem = problem_of()
    exact = solve(problem, "bounded", lower=0.0).x
    for A in (sparse.csr_array(np.where(abs(problem.A) > 0, problem.A, 0)), problem.A):
        for wrap in (lambda matrix: matrix, aslinearoperator):
            again = solve(LeastSquares(wrap(A), problem.b), "bounded", lower=0.0)
            assert np.linalg.norm(again.x - exact) <= 1e3 * EPS * 30**2 * np.linalg.norm(exact)


def test_rank_deficient_problems_under_constraints():
    A = np.full((20, 4), 2.0)
    solution = solve(LeastSquares(A, np.ones(20)), "bounded", lower=0.0, total=1.0)
    assert solution.status is Status.RANK_DEFICIENT
    np.testing.assert_allclose(solution.x, 0.25, rtol=10 * EPS)
    solution = solve(LeastSquares(A, np.ones(20)), "nonnegative")
    assert solution.status is Status.RANK_DEFICIENT and np.all(solution.x >= 0)
    assert solution.optimality <= 1e3 * EPS


def test_auto_takes_constraints_and_says_who_served_them():
    problem = problem_of()
    for options in ({"lower": 0.0}, {"upper": 0.1}, {"total": 1.0}):
        solution = solve(problem, **options)
        assert solution.solver == "bounded"
        np.testing.assert_array_equal(solution.x, solve(problem, "bounded", **options).x)


@given(
    v=arrays(float, 6, elements=st.floats(-10, 10)),
    low=arrays(float, 6, elements=st.floats(-5, 0) | st.just(-INF)),
    high=arrays(float, 6, elements=st.floats(0, 5) | st.just(INF)),
    share=st.floats(0, 1),
)
def test_the_projection_is_the_nearest_point(v, low, high, share):
    ends = np.clip(low, -20, None).sum(), np.clip(high, None, 20).sum()
    total = float(ends[0] + share * (ends[1] - ends[0]))
    constraints = Constraints(low, high, total, np.ones(6, dtype=bool))
    x = constraints.project(v)
    assert np.all(x >= low) and np.all(x <= high)
    assert abs(x.sum() - total) <= 1e3 * EPS * (np.abs(v).sum() + np.abs(x).sum() + 1)
    # v - x is one constant where x is free, no less at upper bounds, no more at lower ones.
    shift, room = v - x, 1e-9 * (1 + np.abs(v).sum() + np.abs(x).sum())
    free = (x > low) & (x < high)
    highest = np.max(shift[free | (x <= low) & (x < high)], initial=-INF)
    lowest = np.min(shift[free | (x >= high) & (x > low)], initial=INF)
    assert highest <= lowest + room


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lower": 1.0, "upper": 0.0}, r"entry 0 is given \[1.0, 0.0\]"),
        ({"lower": INF}, "leave a finite value"),
        ({"lower": np.nan}, "lower has entries that are NaN"),
        ({"lower": "zero"}, "lower must be numbers"),
        ({"upper": [1, 2]}, "upper must be one number or 15 of them"),
        ({"total": np.nan}, "total must be finite"),
        ({"total": "one"}, "total must be a number"),
        ({"total": -1.0, "lower": 0.0}, r"between the sums of lower and upper, \[0.0, inf\]"),
        ({"total": 1.0, "total_entries": [20]}, "total_entries must be"),
        ({"total": 1.0, "total_entries": []}, "total_entries must be"),
        ({"total": 1.0, "total_entries": [True]}, "total_entries must be"),
        ({"total": 1.0, "total_entries": [0.5]}, "total_entries must be"),
        ({"total_entries": [0]}, "give total as well"),
    ],
)
@pytest.mark.parametrize("name", TAKING_BOUNDS)
def test_bad_constraints_are_refused(name, options, message):
    with pytest.raises(ConvmatError, match=message):
        solve(problem_of(), name, **options)


def test_constraints_are_for_real_problems():
    problem = LeastSquares(np.eye(3) * 1j, np.ones(3))
    for name in TAKING_BOUNDS:
        with pytest.raises(ConvmatError, match="complex"):
            solve(problem, name, lower=0.0)
    with pytest.raises(ConvmatError, match="complex"):
        solve(problem, "nonnegative")


def repeated_columns(seed):
    """A small problem whose columns repeat, with rows and entries as they come."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    distinct = rng.standard_normal((int(rng.integers(1, 12)), int(rng.integers(1, n))))
    A = distinct[:, rng.integers(0, distinct.shape[1], n)]
    return A, rng.standard_normal(A.shape[0])


@pytest.mark.parametrize(
    "options",
    [
        {"total": 1.0},
        {"lower": 0.0},
        {"lower": 0.0, "total": 1.0},
        {"lower": -0.3, "upper": 0.7, "total": 0.5},
        {"lower": 0.0, "total": 1.0, "total_entries": [0]},
    ],
)
@pytest.mark.parametrize("name", ["bounded", "nonnegative", "auto"])
def test_repeated_columns_leave_a_feasible_minimum(name, options):
    if name == "nonnegative":
        options = {"lower": 0.0} | options | {"lower": 0.0}
    lower, upper = options.get("lower", -INF), options.get("upper", INF)
    given = {key: value for key, value in options.items() if key != "lower"}
    for seed in range(25):
        A, b = repeated_columns(seed)
        problem = LeastSquares(A, b)
        solution = solve(problem, name, **(given if name == "nonnegative" else options))
        x, size = solution.x, np.linalg.norm(A) * (np.linalg.norm(b) + np.linalg.norm(A))
        assert solution.status in (Status.CONVERGED, Status.RANK_DEFICIENT), str(solution)
        assert np.all(x >= lower) and np.all(x <= upper)
        summed = None
        if "total" in options:
            summed = np.zeros(x.size, dtype=bool)
            summed[options.get("total_entries", slice(None))] = True
            gap = abs(x[summed].sum() - options["total"])
            assert gap <= 50 * EPS * x.size * (np.abs(x).sum() + 1)
        allowance = 1e4 * EPS * size if "FISTA" not in solution.message else 1e-8 * size
        assert violation(problem, x, lower, upper, summed) <= allowance
        if lower > -INF and summed is None:
            expected = lsq_linear(A, b, bounds=(lower, upper), method="bvls")
            assert solution.residual_norm**2 <= 2 * expected.cost + 1e4 * EPS * (b @ b)


def test_a_sum_that_alone_decides_between_equal_columns():
    A = np.array([[1.0, 1.0], [2.3, 2.3], [-0.7, -0.7]])
    for options in ({"total": 1.0}, {"total": 1.0, "lower": 0.0}):
        for name in ("bounded", "auto", "fista"):
            solution = solve(LeastSquares(A, [3.0, 1.0, 2.0]), name, **options)
            np.testing.assert_allclose(solution.x, 0.5, rtol=1e-9)
    constant = data_matrix(np.full((9, 9), 7.0), (3, 3), mode="valid")
    solution = solve(LeastSquares(constant, np.full(49, 7.0)), "bounded", lower=0, total=1)
    np.testing.assert_allclose(solution.x, 1 / 9, rtol=100 * EPS)
    assert solution.status is Status.RANK_DEFICIENT and solution.rank == 1


def test_what_active_sets_get_wrong_goes_to_fista(monkeypatch):
    """Neither an infeasible x nor one that is no minimum leaves `bounded` as an answer."""
    problem = problem_of()
    exact = solve(problem, "bounded", lower=0.0, total=1.0).x
    for spoil in (lambda x: x + 1.0, lambda x: x * np.nan, lambda x: np.full(15, 1 / 15)):

        def descend(self, slope_at, spoil=spoil):
            self.x = spoil(self.x)
            return True

        monkeypatch.setattr("convmat.solvers.bounded.ActiveSet.descend", descend)
        solution = solve(problem, "bounded", lower=0.0, total=1.0)
        assert "by FISTA" in solution.message and solution.status is Status.CONVERGED
        assert np.linalg.norm(solution.x - exact) <= 1e-6


def test_the_unit_of_an_unknown_does_not_matter():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((50, 4)) * [1, 1e-9, 1, 1]
    x = np.array([1, 2e9, 3, 4])
    for options in ({}, {"lower": 0.0}, {"lower": 0.0, "total": x.sum()}):
        solution = solve(LeastSquares(A, A @ x), "bounded", **options)
        np.testing.assert_allclose(solution.x, x, rtol=1e-6)
        assert solution.status is Status.ILL_CONDITIONED and solution.rank == 4


def test_the_rank_is_reported():
    A = np.random.default_rng(0).standard_normal((20, 3))[:, [0, 1, 2, 0]]
    b = A @ [1.0, 2.0, 3.0, 4.0]
    for name in ("bounded", "nonnegative"):
        assert solve(LeastSquares(A, b), name).rank == 3
        assert solve(problem_of(), name).rank == 15


@pytest.mark.parametrize("where", ["quadratic.largest_eigenvalue", "bounded._guess"])
@pytest.mark.parametrize("name", ["bounded", "nonnegative", "auto", "fista"])
def test_an_early_interrupt_leaves_a_feasible_start(monkeypatch, name, where):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    if name == "fista" and where == "bounded._guess":
        pytest.skip("fista makes no guesses")
    monkeypatch.setattr(f"convmat.solvers.{where}", interrupt)
    bounds = {} if name == "nonnegative" else {"lower": 0.0}
    solution = solve(problem_of(), name, total=1.0, **bounds)
    assert solution.status is Status.INTERRUPTED
    assert np.all(solution.x >= 0) and abs(solution.x.sum() - 1) <= 100 * EPS
    assert solution.optimality > 0
