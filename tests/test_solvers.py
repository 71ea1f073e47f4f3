"""One conformance suite for all solvers, driven by the table of what each can do.

A solution is judged by its optimality conditions; where it is compared with NumPy's, the
distance allowed is what the condition number allows.
"""

import inspect
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse.linalg
from oracles import random_sparse
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from convmat.errors import ConvmatError, MissingPackageError, TooLargeError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import to_explicit
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve
from convmat.solvers.dispatch import option_names
from convmat.solvers.factorization import NotPositiveDefiniteError

EPS = np.finfo(float).eps
ITERATIVE = [name for name, row in SOLVERS.items() if row.iterative and not row.structure]
DIRECT = [name for name, row in SOLVERS.items() if not (row.iterative or row.structure)]
KRYLOV = ["lsqr", "lsmr", "cgls"]
FIRST_ORDER = ["gradient", "fista"]
UNCONSTRAINED = [name for name, row in SOLVERS.items() if not (row.imposes or row.structure)]


def with_singular_values(m, n, values, rng, is_complex=False):
    """A random m by n matrix with the given singular values."""

    def orthonormal(rows, columns):
        matrix = rng.standard_normal((rows, columns))
        if is_complex:
            matrix = matrix + 1j * rng.standard_normal((rows, columns))
        return np.linalg.qr(matrix)[0]

    k = len(values)
    return orthonormal(m, k) * values @ orthonormal(n, k).conj().T


def differences(n):
    return sparse.diags_array([-np.ones(n), np.ones(n - 1)], offsets=[0, 1], shape=(n - 1, n))


def make(name):
    """A problem by name; every solver must serve every one of them."""
    rng = np.random.default_rng(abs(hash_of(name)))
    values = np.logspace(0, -1, 12)
    tall = with_singular_values(40, 12, values, rng)
    b = rng.standard_normal(40)
    weights = rng.uniform(0.1, 2, 40)
    weights[3:6] = 0
    stencil = sparse.diags_array([1.0, -0.3, 0.2], offsets=[0, 1, -3], shape=(60, 60), format="csr")
    match name:
        case "tall":
            return LeastSquares(tall, b)
        case "consistent":
            return LeastSquares(tall, tall @ rng.standard_normal(12))
        case "square":
            return LeastSquares(with_singular_values(12, 12, values, rng), rng.standard_normal(12))
        case "one unknown":
            return LeastSquares(tall[:, :1], b)
        case "zero right-hand side":
            return LeastSquares(tall, np.zeros(40))
        case "damped":
            return LeastSquares(tall, b, damp=0.3)
        case "penalised":
            return LeastSquares(tall, b, damp=0.3, penalty=differences(12))
        case "wide, damped":
            return LeastSquares(with_singular_values(8, 12, values[:8], rng), b[:8], damp=0.1)
        case "weighted":
            return LeastSquares(tall, b, weights=weights, damp=0.2, penalty=differences(12))
        case "complex":
            A = with_singular_values(40, 12, values, rng, is_complex=True)
            return LeastSquares(A, b + 1j * b[::-1], damp=0.1, weights=weights)
        case "complex right-hand side":
            return LeastSquares(tall, b + 1j * b[::-1])
        case "sparse":
            return LeastSquares(stencil, rng.standard_normal(60), damp=0.1)
        case "sparse complex":
            return LeastSquares(stencil * (1 + 0.5j), rng.standard_normal(60))
        case "operator":
            return LeastSquares(aslinearoperator(tall), b, weights=weights)
        case "complex operator, damped":
            A = with_singular_values(40, 12, values, rng, is_complex=True)
            return LeastSquares(aslinearoperator(A), b, damp=0.1, penalty=differences(12))
        case "large numbers":
            return LeastSquares(tall * 1e6, b * 1e9)
    raise AssertionError(name)


def hash_of(name):
    return sum(ord(letter) * 31**k for k, letter in enumerate(name)) % 2**31


PROBLEMS = [
    "tall",
    "consistent",
    "square",
    "one unknown",
    "zero right-hand side",
    "damped",
    "penalised",
    "wide, damped",
    "weighted",
    "complex",
    "complex right-hand side",
    "sparse",
    "sparse complex",
    "operator",
    "complex operator, damped",
    "large numbers",
]


def written_out(problem):
    """The augmented matrix and right-hand side as ndarrays."""
    matrix, rhs = problem.augmented()
    if isinstance(matrix, LinearOperator):
        matrix = matrix @ np.eye(matrix.shape[1])
    return (matrix.toarray() if sparse.issparse(matrix) else matrix), rhs


def options_for(name, **others):
    """Tight iterations where the solver iterates; what the direct ones do not take is left out."""
    return others if SOLVERS[name].iterative else {}


def served(name, problem):
    """The problem, if the table says that the solver serves it; if not, it must refuse."""
    if problem.dtype.kind == "c" and name != "auto" and not SOLVERS[name].complex_numbers:
        with pytest.raises(ConvmatError, match="complex"):
            solve(problem, name)
        pytest.skip("for real problems only, and it says so")
    return problem


def rounding(matrix, rhs, x):
    """The size of rounding errors in the gradient at x."""
    norm = np.linalg.norm(matrix, 2)
    return EPS * norm * (np.linalg.norm(matrix @ x - rhs) + norm * np.linalg.norm(x))


def check_against_numpy(problem, solution, gradient_allowed):
    matrix, rhs = written_out(problem)
    expected = np.linalg.lstsq(matrix, rhs, rcond=None)[0]
    values = np.linalg.svd(matrix, compute_uv=False)
    condition = values[0] / values[-1]
    residual = np.linalg.norm(matrix @ expected - rhs)
    error_of_numpy = EPS * condition * (np.linalg.norm(expected) + condition * residual / values[0])
    allowed = gradient_allowed / values[-1] ** 2 + 50 * error_of_numpy
    assert np.linalg.norm(solution.x - expected) <= allowed


@pytest.mark.parametrize("problem_name", PROBLEMS)
@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_optimality(name, problem_name):
    problem = served(name, make(problem_name))
    solution = solve(problem, name, **options_for(name, tolerance=1e-9))
    matrix, rhs = written_out(problem)
    x = solution.x
    assert x.shape == (problem.shape[1],) and x.dtype == problem.dtype
    assert solution.solver == name and solution.status is Status.CONVERGED, str(solution)
    gradient = np.linalg.norm(matrix.conj().T @ (matrix @ x - rhs))
    allowed = 50 * rounding(matrix, rhs, x)
    if SOLVERS[name].iterative:
        allowed = max(allowed, 1e-9 * np.linalg.norm(matrix.conj().T @ rhs))
    assert gradient <= allowed
    check_against_numpy(problem, solution, allowed)


@pytest.mark.parametrize("problem_name", PROBLEMS)
@pytest.mark.parametrize("name", ["auto", *UNCONSTRAINED])
def test_the_certificate_is_the_problems_own(name, problem_name):
    problem = served(name, make(problem_name))
    solution = solve(problem, name)
    certificate = problem.certificate(solution.x)
    assert solution.residual_norm == certificate.residual_norm
    assert solution.gradient_norm == solution.optimality == certificate.gradient_norm
    assert solution.setup_seconds >= 0 and solution.solve_seconds > 0
    assert solution.damp == problem.damp


@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_condition_is_estimated(name):
    problem = make("tall")
    true = np.linalg.cond(problem.A)
    condition = solve(problem, name).condition
    assert np.isnan(condition) or true / 2 < condition < true * 1.01


MINIMUM_NORM = [n for n, row in SOLVERS.items() if row.minimum_norm and not row.structure]
REPORTS_RANK = [n for n, row in SOLVERS.items() if row.reports_rank and not row.structure]


def deficient(kind):
    rng = np.random.default_rng(3)
    match kind:
        case "wide":
            A = rng.standard_normal((8, 12))
        case "constant image":
            A = np.full((50, 9), 37.0)
        case "constant, inexact":
            A = np.full((50, 9), 0.1) * 3
        case "two columns alike":
            A = rng.standard_normal((200, 9))
            A[:, 4] = A[:, 1]
        case "a sum of columns":
            A = rng.standard_normal((200, 9))
            A[:, 4] = A[:, 1] / 3 + A[:, 2] / 7 - A[:, 8]
        case "a zero column":
            A = rng.standard_normal((200, 9))
            A[:, 4] = 0
        case "all zero":
            A = np.zeros((20, 3))
        case "columns of all sizes":
            A = rng.standard_normal((200, 9)) * np.logspace(0, 4, 9)
            A[:, 4] = A[:, 1]
        case "complex":
            A = rng.standard_normal((200, 9)) + 1j * rng.standard_normal((200, 9))
            A[:, 4] = A[:, 1] * (1 - 2j)
        case "sparse":
            A = random_sparse((620, 520), 0.005, rng)
            A = sparse.lil_array(A + 3 * sparse.eye_array(620, 520))
            A[:, [4]] = A[:, [1]]
            A = sparse.csr_array(A)
    return LeastSquares(A, rng.standard_normal(A.shape[0]))


DEFICIENT = [
    "wide",
    "constant image",
    "constant, inexact",
    "two columns alike",
    "a sum of columns",
    "a zero column",
    "all zero",
    "columns of all sizes",
    "complex",
    "sparse",
]


@pytest.mark.parametrize("kind", DEFICIENT)
@pytest.mark.parametrize("name", ["auto", *MINIMUM_NORM])
def test_rank_deficient_problems_get_the_solution_of_smallest_norm(name, kind):
    if name in FIRST_ORDER and kind in ("columns of all sizes", "wide"):
        pytest.skip("takes too many iterations")
    problem = deficient(kind)
    iterative = name != "auto" and SOLVERS[name].iterative
    options = {"tolerance": 1e-12} if iterative else {}
    solution = solve(problem, name, **options)
    matrix, rhs = written_out(problem)
    expected, _, rank, values = np.linalg.lstsq(matrix, rhs, rcond=None)
    assert np.all(np.isfinite(solution.x))
    assert solution.status is Status.RANK_DEFICIENT, str(solution)
    assert solution.advice
    if name == "auto" or SOLVERS[name].reports_rank:
        assert solution.rank == rank
    smallest = values[rank - 1] if rank else 1.0
    residual = np.linalg.norm(matrix @ expected - rhs)
    gradient = max(
        1e-12 * np.linalg.norm(matrix.conj().T @ rhs), 50 * rounding(matrix, rhs, expected)
    )
    allowed = (gradient + 50 * EPS * values[0] * residual) / smallest**2
    allowed += 50 * EPS * values[0] / smallest * np.linalg.norm(expected)
    assert np.linalg.norm(solution.x - expected) <= allowed


@pytest.mark.parametrize("kind", DEFICIENT)
@pytest.mark.parametrize("name", [name for name in UNCONSTRAINED if name in REPORTS_RANK])
def test_rank_deficiency_is_said_and_the_answer_still_optimal(name, kind):
    problem = served(name, deficient(kind))
    solution = solve(problem, name)
    assert solution.status is Status.RANK_DEFICIENT, str(solution)
    assert solution.gradient_norm <= 50 * rounding(*written_out(problem), solution.x)


@pytest.mark.parametrize("name", [name for name in UNCONSTRAINED if name in REPORTS_RANK])
def test_few_digits_left_is_said(name):
    rng = np.random.default_rng(1)
    values = np.logspace(0, -9, 6)
    problem = LeastSquares(with_singular_values(50, 6, values, rng), rng.standard_normal(50))
    solution = solve(problem, name)
    assert solution.status in (Status.ILL_CONDITIONED, Status.RANK_DEFICIENT)


@pytest.mark.parametrize("name", ["pinv", "qr"])
def test_orthogonal_methods_see_through_what_the_normal_equations_cannot(name):
    rng = np.random.default_rng(1)
    values = np.logspace(0, -9, 6)
    problem = LeastSquares(with_singular_values(50, 6, values, rng), rng.standard_normal(50))
    solution = solve(problem, name)
    assert solution.status is Status.ILL_CONDITIONED and solution.rank == 6
    assert solution.condition == pytest.approx(1e9, rel=0.01)
    check_against_numpy(problem, solution, 0.0)
    chosen = solve(problem)
    assert chosen.solver == "qr" and "cholesky ended as" in chosen.message


def test_cholesky_with_refinement_is_nearly_as_exact_as_qr():
    rng = np.random.default_rng(5)
    for condition in (1e2, 1e4, 1e6):
        A = with_singular_values(300, 20, np.logspace(0, -np.log10(condition), 20), rng)
        truth = rng.standard_normal(20)
        problem = LeastSquares(A, A @ truth)
        refined = solve(problem, "cholesky").x
        plain = solve(problem, "cholesky", refinements=0).x
        error = np.linalg.norm(refined - truth) / np.linalg.norm(truth)
        assert error <= 20 * EPS * condition
        if condition == 1e6:
            assert np.linalg.norm(plain - truth) > 100 * np.linalg.norm(refined - truth)


def grid_problem(size=23, **options):
    """A picture blurred by a small stencil: a sparse, square, nicely conditioned problem."""
    rng = np.random.default_rng(11)
    line = sparse.diags_array([0.25, 1.0, 0.25], offsets=[-1, 0, 1], shape=(size, size))
    A = sparse.csr_array(sparse.kron(line, line))
    return LeastSquares(A, rng.standard_normal(size**2), **options)


@pytest.mark.parametrize("backend", ["lapack", "cholmod", "banded"])
@pytest.mark.parametrize("factor", [1.0, 1 + 0.5j])
def test_the_back_ends_of_cholesky_agree(backend, factor):
    if backend == "cholmod":
        pytest.importorskip("sksparse.cholmod")
    problem = grid_problem()
    problem = LeastSquares(problem.A * factor, problem.b, damp=0.01)
    expected = scipy.sparse.linalg.spsolve(
        sparse.csc_array(problem.damped_gram()), problem.normal_equations().rhs
    )
    solution = solve(problem, "cholesky", backend=backend)
    assert solution.status is Status.CONVERGED and backend in solution.message
    gap = np.linalg.norm(solution.x - expected) / np.linalg.norm(expected)
    assert gap <= 100 * EPS * solution.condition**2
    assert solution.condition == pytest.approx(
        np.linalg.cond(problem.augmented()[0].toarray()), rel=0.1
    )


def test_banded_serves_where_cholmod_is_missing(monkeypatch):
    import convmat.solvers.cholmod

    def missing(*_):
        raise MissingPackageError("this needs scikit-sparse: pip install 'convmat[cholmod]'")

    monkeypatch.setattr(convmat.solvers.cholmod, "require", missing)
    problem = grid_problem()
    solution = solve(problem, "cholesky")
    assert solution.status is Status.CONVERGED and "banded" in solution.message
    with pytest.raises(MissingPackageError, match="pip install"):
        solve(problem, "cholesky", backend="cholmod")


def test_a_breakdown_beyond_dense_sizes_is_a_status_not_a_wrong_answer():
    n = 5000
    A = sparse.diags_array(np.concatenate([[0.0], np.ones(n - 1)]), format="csr")
    A = sparse.csr_array(sparse.vstack([A, sparse.diags_array(np.ones(n - 1), offsets=1)]))[:n]
    solution = solve(LeastSquares(A, np.ones(n)), "cholesky")
    assert solution.status is Status.RANK_DEFICIENT
    assert np.all(np.isnan(solution.x)) and "lsmr" in solution.message
    chosen = solve(LeastSquares(A, np.ones(n)))
    assert chosen.solver == "lsmr" and np.all(np.isfinite(chosen.x))


def test_not_positive_definite_is_found_by_every_back_end():
    from convmat.solvers.factorization import Backend, factorize

    indefinite = sparse.csr_array(np.diag([1.0, -1.0, 2.0]))
    for backend in (Backend.LAPACK, Backend.BANDED, Backend.CHOLMOD):
        if backend is Backend.CHOLMOD:
            pytest.importorskip("sksparse.cholmod")
        with pytest.raises(NotPositiveDefiniteError):
            factorize(indefinite, backend)


@pytest.mark.parametrize("name", ["lsqr", "lsmr"])
def test_the_recurrences_are_scipys(name):
    """The same iterates, and the norms in the history, as SciPy's own routine."""
    rng = np.random.default_rng(2)
    A = with_singular_values(40, 12, np.linspace(1, 3, 12), rng)
    problem = LeastSquares(A, rng.standard_normal(40))
    theirs = getattr(scipy.sparse.linalg, name)
    for iterations in (1, 2, 5, 9):
        mine = solve(problem, name, max_iterations=iterations, tolerance=0)
        limit = {"iter_lim" if name == "lsqr" else "maxiter": iterations}
        expected = theirs(problem.A, problem.b, atol=0, btol=0, conlim=0, **limit)
        residual, gradient = (expected[3], expected[7]) if name == "lsqr" else expected[3:5]
        gap = np.linalg.norm(mine.x - expected[0])
        assert gap <= 1e3 * EPS * np.linalg.norm(expected[0])
        assert mine.status is Status.MAX_ITERATIONS and mine.iterations == iterations
        assert mine.residual_norm == pytest.approx(residual, rel=1e3 * EPS)
        assert mine.gradient_norm == pytest.approx(gradient, rel=1e-8)


@pytest.mark.parametrize("name", ITERATIVE)
def test_history_is_what_the_certificate_says_at_every_iteration(name):
    for problem in (make("tall"), make("weighted"), make("complex")):
        seen = []

        def callback(iteration, x, objective, gradient, seen=seen):
            seen.append((iteration, x.copy(), objective, gradient))

        solution = solve(problem, name, tolerance=1e-6, callback=callback)
        history = solution.history
        assert history.shape == (solution.iterations + 1, 2)
        assert [iteration for iteration, *_ in seen] == list(range(1, solution.iterations + 1))
        for iteration, x, objective, gradient in seen:
            certificate = problem.certificate(x)
            assert objective == pytest.approx(certificate.objective_norm, rel=1e-9)
            assert gradient == pytest.approx(certificate.gradient_norm, rel=1e-4)
            np.testing.assert_allclose(history[iteration], (objective, gradient), rtol=1e-4)
        assert history[0, 1] == np.linalg.norm(problem.rhs)


@pytest.mark.parametrize("name", ITERATIVE)
def test_iterative_solvers_stop_on_the_certified_gradient(name):
    problem = make("tall")
    for tolerance in (1e-2, 1e-5, 1e-8):
        solution = solve(problem, name, tolerance=tolerance)
        assert solution.status is Status.CONVERGED
        assert solution.gradient_norm <= tolerance * np.linalg.norm(problem.rhs)
        assert solution.history[-2, 1] > tolerance * np.linalg.norm(problem.rhs)


@pytest.mark.parametrize("name", ITERATIVE)
def test_too_few_iterations_is_a_status_with_advice(name):
    solution = solve(make("tall"), name, max_iterations=2)
    assert solution.status is Status.MAX_ITERATIONS and solution.iterations == 2
    assert "max_iterations" in solution.advice and solution.advice in str(solution)


@pytest.mark.parametrize("name", KRYLOV)
def test_a_tolerance_beyond_rounding_ends_by_itself(name):
    for problem_name in ("tall", "consistent", "complex", "large numbers"):
        solution = solve(make(problem_name), name, tolerance=0)
        assert solution.status is Status.CONVERGED, str(solution)
        assert "rounding" in solution.message
        assert solution.iterations < 300


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_start_is_used(name):
    problem = make("tall")
    solution = solve(problem, name)
    again = solve(problem, name, start=solution.x)
    assert again.iterations == 0 and again.status is Status.CONVERGED
    np.testing.assert_array_equal(again.x, solution.x)


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_callback_can_stop_the_solve(name):
    problem = make("tall")
    solution = solve(problem, name, callback=lambda iteration, *_: iteration == 3)
    assert solution.status is Status.INTERRUPTED and solution.iterations == 3
    assert solution.residual_norm < np.linalg.norm(problem.b)


@pytest.mark.parametrize("name", ITERATIVE)
def test_ctrl_c_gives_the_best_answer_so_far(name):
    problem = make("tall")

    def press(iteration, *_):
        if iteration == 3:
            raise KeyboardInterrupt

    solution = solve(problem, name, callback=press)
    assert solution.status is Status.INTERRUPTED
    assert solution.residual_norm < np.linalg.norm(problem.b)
    assert solution.residual_norm == problem.certificate(solution.x).residual_norm
    assert solution.advice == "x is the best answer so far"


@pytest.mark.parametrize("name", ITERATIVE)
def test_the_callback_cannot_change_x(name):
    def meddle(iteration, x, *_):
        x[0] = 1

    with pytest.raises(ValueError, match="read-only"):
        solve(make("tall"), name, callback=meddle)


@pytest.mark.parametrize("name", ITERATIVE)
def test_progress_goes_from_nothing_to_all(name):
    shares = []
    solve(make("tall"), name, progress=lambda iteration, fraction: shares.append(fraction))
    assert all(0 <= a <= b <= 1 for a, b in pairwise(shares))
    assert shares[-1] == 1


@pytest.mark.parametrize("name", DIRECT)
def test_direct_solvers_have_no_history(name):
    assert solve(make("tall"), name).history is None


@pytest.mark.parametrize("gram", [False, True])
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_first_order_methods_by_products_and_by_the_gram_matrix_are_one(name, gram):
    problem = make("weighted")
    one = solve(problem, name, gram=gram, max_iterations=20, tolerance=0)
    other = solve(problem, name, max_iterations=20, tolerance=0)
    gap = np.linalg.norm(one.x - other.x)
    assert gap <= 1e4 * EPS * np.linalg.norm(one.x)
    np.testing.assert_allclose(one.history, other.history, rtol=1e-8)


def test_gradient_descent_is_written_as_it_reads():
    problem = make("tall")
    x = np.zeros(12)
    for _ in range(30):
        x = x - 0.5 * problem.A.T @ (problem.A @ x - problem.b)
    solution = solve(problem, "gradient", step=0.5, max_iterations=30)
    assert np.linalg.norm(solution.x - x) <= 1e3 * EPS * np.linalg.norm(x)


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_too_large_a_step_diverges_and_says_so(name):
    solution = solve(make("tall"), name, step=100.0)
    assert solution.status is Status.MAX_ITERATIONS and "smaller step" in solution.message
    assert solution.iterations < 100


def test_the_objective_falls_as_each_method_promises():
    problem = make("weighted")
    for name in ("lsqr", "cgls", "gradient"):
        assert np.all(np.diff(solve(problem, name).history[:, 0]) <= 1e-12)
    assert np.all(np.diff(np.log(solve(problem, "lsmr").history[:-1, 1])) <= 1e-12)


def test_acceleration_pays():
    problem = make("tall")
    plain, fast = solve(problem, "gradient"), solve(problem, "fista")
    assert fast.iterations < plain.iterations / 3


def test_auto_chooses_by_size_and_structure():
    rng = np.random.default_rng(0)
    assert solve(make("tall")).solver == "cholesky"
    assert solve(grid_problem()).solver == "cholesky"
    big = LinearOperator((3000, 3000), matvec=lambda x: 2 * x, rmatvec=lambda y: 2 * y, dtype=float)
    assert solve(LeastSquares(big, rng.standard_normal(3000))).solver == "lsmr"
    assert solve(LeastSquares(rng.standard_normal((50, 2000)), np.ones(50))).solver == "lsmr"


def test_auto_iterates_where_a_factor_does_not_fit(monkeypatch):
    def too_large(*_):
        raise TooLargeError("the factor would take 1 PiB")

    monkeypatch.setattr("convmat.solvers.cholesky.factorize", too_large)
    solution = solve(grid_problem())
    assert solution.solver == "lsmr" and "1 PiB" in solution.message
    assert solution.status is Status.CONVERGED


def test_solving_is_repeatable_and_leaves_numpys_random_numbers_alone():
    problem = make("weighted")
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    for name in UNCONSTRAINED:
        first, second = solve(problem, name), solve(problem, name)
        np.testing.assert_array_equal(first.x, second.x)
        assert first.condition == second.condition or np.isnan(first.condition)
    assert np.random.random() == expected  # noqa: NPY002


def test_the_table_tells_what_the_functions_take():
    for name, row in SOLVERS.items():
        assert row.name == name and row.description
        options = option_names(name)
        iterative = {"tolerance", "max_iterations", "start", "callback", "progress"}
        assert (iterative <= set(options)) == row.iterative
        assert ({"upper", "total", "total_entries"} <= set(options)) == row.bounds
        assert next(iter(inspect.signature(row.function).parameters)) == "problem"


def test_a_solution_reads_well_and_cannot_be_changed():
    solution = solve(make("damped"), "lsmr")
    text = str(solution)
    assert text.startswith("lsmr: converged, 12 unknowns\n")
    for word in ("residual norm", "gradient norm", "iterations", "condition", "damp 0.3"):
        assert word in text
    assert isinstance(solution, Solution)
    with pytest.raises(AttributeError):
        solution.x = 1
    assert Status("converged") is Status.CONVERGED and solution.status == "converged"


@pytest.mark.parametrize(
    ("solver", "options", "message"),
    [
        ("gauss", {}, "solver must be auto, .*lsmr.*, got 'gauss'"),
        (None, {}, "solver must be auto"),
        ("pinv", {"tolerance": 1}, "'pinv' has no option tolerance; it takes rcond"),
        ("lsqr", {"rcond": 1}, "no option rcond; it takes tolerance, max_iterations"),
        ("auto", {"measure": 1}, "no option measure"),
        ("pinv", {"rcond": -1}, "rcond must be"),
        ("pinv", {"rcond": "small"}, "rcond must be"),
        ("cholesky", {"backend": "gpu"}, "backend must be one of auto, lapack, cholmod, banded"),
        ("cholesky", {"backend": "banded"}, "needs a sparse A"),
        ("cholesky", {"refinements": -1}, "refinements must be"),
        ("lsqr", {"tolerance": -1}, "tolerance must be"),
        ("lsmr", {"tolerance": np.nan}, "tolerance must be"),
        ("lsmr", {"tolerance": "1e-6"}, "tolerance must be"),
        ("lsqr", {"max_iterations": 0}, "max_iterations must be"),
        ("lsqr", {"max_iterations": 1.5}, "max_iterations must be"),
        ("gradient", {"step": 0}, "step must be a finite number above 0"),
        ("fista", {"step": np.inf}, "step must be a finite number above 0"),
        ("lsqr", {"start": [1, 2]}, "start must hold 12 finite numbers"),
        ("lsqr", {"start": [np.nan] * 12}, "start must hold 12 finite numbers"),
        ("lsqr", {"start": [1j] * 12}, "start is complex"),
    ],
)
def test_what_solve_refuses(solver, options, message):
    with pytest.raises(ConvmatError, match=message):
        solve(make("tall"), solver, **options)


def test_solve_wants_a_problem():
    with pytest.raises(ConvmatError, match="LeastSquares"):
        solve(np.eye(3))


def test_what_does_not_fit_in_memory_is_refused_before_it_starts():
    n = 2_000_000
    big = LeastSquares(sparse.eye_array(n, format="csr"), np.ones(n))
    with pytest.raises(TooLargeError, match="triangular factor"):
        solve(big, "pinv")
    operator = LeastSquares(aslinearoperator(big.A), np.ones(n))
    with pytest.raises(TooLargeError, match="iterative solver"):
        to_explicit(operator.A)
    with pytest.raises(ConvmatError, match="normal_equations"):
        solve(operator, "cholesky")


class Products:
    """An operator of nothing but two functions."""

    shape = (40, 12)
    dtype = np.dtype(float)

    def __init__(self, matvec, rmatvec):
        self.matvec, self.rmatvec = matvec, rmatvec


_TALL = np.random.default_rng(3).standard_normal((40, 12))
BROKEN = {
    "nan": Products(lambda x: np.full(40, np.nan), lambda y: _TALL.T @ y),
    "nan but at zero": Products(
        lambda x: np.full(40, np.nan) if x.any() else np.zeros(40), lambda y: _TALL.T @ y
    ),
    "adjoint nan": Products(lambda x: _TALL @ x, lambda y: np.full(12, np.nan)),
    "short": Products(lambda x: np.ones(39), lambda y: _TALL.T @ y),
    "one number": Products(lambda x: np.ones(1), lambda y: _TALL.T @ y),
    "a column": Products(lambda x: (_TALL @ x)[:, None], lambda y: _TALL.T @ y),
    "adjoint of one number": Products(lambda x: _TALL @ x, lambda y: np.ones(1)),
    "complex though real": Products(lambda x: 1j * (_TALL @ x), lambda y: _TALL.T @ y),
}


@pytest.mark.parametrize("name", ["auto", *SOLVERS])
@pytest.mark.parametrize("kind", BROKEN)
def test_an_operator_that_breaks_its_word_is_refused(name, kind):
    with pytest.raises(ConvmatError):
        solve(LeastSquares(BROKEN[kind], np.arange(40.0)), name)


def test_a_penalty_and_equations_that_break_their_word_are_refused():
    penalty = Products(lambda x: np.full(40, np.nan), lambda y: _TALL.T @ y)
    problem = LeastSquares(_TALL, np.ones(40), damp=0.1, penalty=penalty)
    with pytest.raises(ConvmatError, match="penalty gave a product with entries that are NaN"):
        solve(problem, "lsmr")
    for equations in (
        (np.eye(11), np.ones(12), 1.0),
        (np.eye(12), np.ones(1), 1.0),
        (np.full((12, 12), np.nan), np.ones(12), 1.0),
        (np.eye(12), np.ones(12), np.inf),
    ):
        operator = Products(lambda x: _TALL @ x, lambda y: _TALL.T @ y)
        operator.normal_equations = lambda b, weights=None, given=equations: given
        with pytest.raises(ConvmatError, match="normal_equations"):
            solve(LeastSquares(operator, np.ones(40)), "cholesky")


def test_a_residual_that_overflows_is_not_called_converged():
    with np.errstate(all="ignore"), pytest.raises(ConvmatError):
        solve(LeastSquares(_TALL, np.full(40, 1e200)), "qr")


@pytest.mark.parametrize("name", ["auto", *(name for name in SOLVERS if name != "spectral")])
def test_options_are_checked_up_front(name):
    problem = make("tall")
    allowed = option_names(name)
    for option, value in (
        ("tolerance", "x"),
        ("tolerance", -5),
        ("max_iterations", 0),
        ("callback", 3),
        ("progress", "bar"),
        ("start", [1]),
    ):
        if option in allowed:
            with pytest.raises(ConvmatError, match=f"{option} must"):
                solve(problem, name, **{option: value})


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_ctrl_c_before_the_first_iteration_leaves_the_start(name, monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("convmat.solvers.quadratic.largest_eigenvalue", press)
    solution = solve(make("tall"), name, start=np.ones(12))
    assert solution.status is Status.INTERRUPTED and solution.iterations == 0
    np.testing.assert_array_equal(solution.x, 1)
    assert solution.history.shape == (1, 2)


@pytest.mark.parametrize("name", ["lsqr", "lsmr"])
def test_no_iterations_give_no_condition_number(name):
    solution = solve(make("zero right-hand side"), name)
    assert solution.iterations == 0 and np.isnan(solution.condition)


@pytest.mark.parametrize("damp", [0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-3])
def test_auto_does_not_let_a_tiny_damp_decide_by_rounding(damp):
    A = np.random.default_rng(1).standard_normal((60, 6))[:, [0, 1, 2, 3, 4, 5, 0]]
    b = A @ np.arange(7.0)
    solution = solve(LeastSquares(A, b, damp=damp))
    expected = np.linalg.pinv(A) @ b
    assert np.linalg.norm(solution.x - expected) <= (1e-10 + damp) * np.linalg.norm(expected)
