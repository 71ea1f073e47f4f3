"""The problem itself: what it accepts, its norms, its normal equations, its augmented form."""

import math

import numpy as np
import pytest
from oracles import random_sparse
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import difference, gram, inner, norm, row_blocks, to_explicit

EPS = np.finfo(float).eps


def explicit(problem):
    """The augmented system, written out independently."""
    A = to_explicit(problem.A)
    A = A.toarray() if sparse.issparse(A) else A
    roots = np.ones(len(A)) if problem.weights is None else np.sqrt(problem.weights)
    L = np.eye(A.shape[1]) if problem.penalty is None else to_explicit(problem.penalty)
    L = L.toarray() if sparse.issparse(L) else L
    upper, lower = roots[:, None] * A, problem.damp * L
    return np.vstack([upper, lower]), np.concatenate([roots * problem.b, np.zeros(len(L))])


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def problems(rng):
    A = rng.standard_normal((30, 6))
    thin = random_sparse((300, 40), 0.03, rng)
    weights = rng.uniform(0, 2, 30)
    L = np.diff(np.eye(6), axis=0)
    yield LeastSquares(A, rng.standard_normal(30))
    yield LeastSquares(A, rng.standard_normal(30), damp=0.3, weights=weights)
    yield LeastSquares(A, rng.standard_normal(30), damp=0.3, penalty=L)
    yield LeastSquares(A, rng.standard_normal(30), damp=2, penalty=sparse.csr_array(L))
    yield LeastSquares(A + 1j * A[::-1], rng.standard_normal(30), damp=0.1, weights=weights)
    yield LeastSquares(A, rng.standard_normal(30) * (1 + 2j), damp=0.1)
    yield LeastSquares(A, rng.standard_normal(30), damp=0.2, penalty=L * (1 + 1j))
    yield LeastSquares(sparse.csr_array(A), rng.standard_normal(30), weights=weights)
    yield LeastSquares(sparse.csc_matrix(A), rng.standard_normal(30))
    yield LeastSquares(thin, rng.standard_normal(300), damp=0.2)
    yield LeastSquares(thin.tocoo() * (2 - 1j), rng.standard_normal(300), damp=0.2)
    yield LeastSquares(aslinearoperator(A), rng.standard_normal(30), damp=1, weights=weights)
    yield LeastSquares(
        aslinearoperator(A * 1j), rng.standard_normal(30), damp=1, penalty=aslinearoperator(L)
    )


def test_everything_agrees_with_the_augmented_matrix_written_out(rng):
    for problem in problems(rng):
        B, c = explicit(problem)
        m, n = problem.shape
        x = rng.standard_normal(n).astype(problem.dtype)
        if problem.dtype.kind == "c":
            x = x + 1j * rng.standard_normal(n)
        norm = np.linalg.norm(B) ** 2 * np.linalg.norm(x) + np.linalg.norm(B) * np.linalg.norm(c)
        tolerance = 10 * EPS * norm
        certificate = problem.certificate(x)
        gradient = B.conj().T @ (B @ x - c)
        assert np.linalg.norm(problem.gradient(x) - gradient) <= tolerance
        assert abs(certificate.gradient_norm - np.linalg.norm(gradient)) <= tolerance
        assert abs(certificate.objective_norm - np.linalg.norm(B @ x - c)) <= tolerance
        assert abs(certificate.residual_norm - np.linalg.norm((B @ x - c)[:m])) <= tolerance

        equations = problem.normal_equations()
        assert np.linalg.norm(equations.rhs - B.conj().T @ c) <= tolerance
        assert abs(equations.constant - np.vdot(c, c).real) <= 10 * EPS * equations.constant
        G = dense(problem.damped_gram())
        assert np.linalg.norm(G - B.conj().T @ B) <= 10 * EPS * np.linalg.norm(B) ** 2
        upper = B[:m]
        gap = dense(equations.gram) - upper.conj().T @ upper
        assert np.linalg.norm(gap) <= 10 * EPS * np.linalg.norm(B) ** 2

        matrix, rhs = problem.augmented()
        assert matrix.shape == (rhs.size, n)
        u = rng.standard_normal(rhs.size)
        rows = slice(None) if problem.damp else slice(m)
        assert np.linalg.norm(matrix @ x - (B @ x)[rows]) <= tolerance
        assert np.linalg.norm(rhs - c[rows]) <= 10 * EPS * np.linalg.norm(c)
        adjoint = matrix.H @ u if isinstance(matrix, LinearOperator) else matrix.conj().T @ u
        gap = adjoint - B[rows].conj().T @ u
        assert np.linalg.norm(gap) <= 10 * EPS * np.linalg.norm(B) * np.linalg.norm(u)


def test_damp_can_be_changed_without_forming_the_gram_matrix_again(rng):
    problem = LeastSquares(rng.standard_normal((30, 6)), rng.standard_normal(30))
    gram_matrix = problem.normal_equations().gram
    damped = problem.with_damp(0.5)
    assert damped.damp == 0.5 and problem.damp == 0
    assert damped.normal_equations().gram is gram_matrix
    np.testing.assert_array_equal(damped.damped_gram(), gram_matrix + 0.25 * np.eye(6))


def test_an_operator_that_offers_its_normal_equations_is_asked_for_them(rng):
    A = rng.standard_normal((30, 6))
    asked = np.eye(6)

    class Offering(LinearOperator):
        def __init__(self):
            super().__init__(float, A.shape)

        def _matvec(self, x):
            return A @ x

        def _rmatvec(self, y):
            return A.T @ y

        def normal_equations(self, b, weights=None):
            W = np.diag(np.ones(30) if weights is None else weights)
            return asked, A.T @ W @ b, b @ W @ b

    weights = rng.uniform(0, 1, 30)
    equations = LeastSquares(Offering(), np.ones(30), weights=weights).normal_equations()
    assert equations.gram is asked
    assert abs(equations.constant - weights.sum()) <= 100 * EPS


@pytest.mark.parametrize("density", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("is_complex", [False, True])
def test_gram_of_sparse_and_nearly_full_matrices(rng, density, is_complex):
    A = random_sparse((500, 30), density, rng)
    if is_complex:
        A = A * (1 + 1j) + 1j * abs(A)
    weights = rng.uniform(0, 1, 500)
    expected = A.toarray().conj().T @ (weights[:, None] * A.toarray())
    result = gram(A, weights)
    assert sparse.issparse(result) == (density < 0.1)
    assert np.linalg.norm(dense(result) - expected) <= 10 * EPS * np.linalg.norm(expected)


def test_a_sparse_matrix_with_every_entry_stored_is_read_as_dense_without_copying(rng):
    full = sparse.csr_array(rng.standard_normal((40, 5)))
    for matrix in (full, full.tocsc()):
        problem = LeastSquares(matrix, np.ones(40))
        assert isinstance(problem.A, np.ndarray)
        assert np.shares_memory(problem.A, matrix.data)
        np.testing.assert_array_equal(problem.A, full.toarray())


def test_full_but_unsorted_or_repeated_entries_are_not_read_as_dense():
    unsorted = sparse.csr_array(([2.0, 1.0, 3.0, 4.0], [1, 0, 0, 1], [0, 2, 4]), shape=(2, 2))
    repeated = sparse.csr_array(([2.0, 1.0, 3.0, 4.0], [1, 1, 0, 1], [0, 2, 4]), shape=(2, 2))
    for matrix in (unsorted, repeated):
        problem = LeastSquares(matrix, np.ones(2))
        np.testing.assert_array_equal(problem.residual([1, 10]), 1 - matrix @ [1, 10])


def test_row_blocks_cover_every_row_once(rng):
    A = rng.standard_normal((103, 4))
    for matrix in (A, sparse.csr_array(A)):
        blocks = list(row_blocks(matrix, 10))
        np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), A)
        assert [which.start for which, _ in blocks] == list(range(0, 103, 10))


def test_operators_are_written_out_by_products_with_units(rng):
    A = rng.standard_normal((7, 5))
    np.testing.assert_array_equal(to_explicit(aslinearoperator(A)), A)

    class ProductsOnly:
        shape, dtype = (7, 5), np.dtype(np.float32)

        def matvec(self, x):
            return (A @ x).astype(np.float32)

        def rmatvec(self, y):
            return (A.T @ y).astype(np.float32)

    explicit_matrix = to_explicit(ProductsOnly())
    assert explicit_matrix.dtype == np.float64
    np.testing.assert_array_equal(explicit_matrix, A.astype(np.float32))


@pytest.mark.parametrize("kind", ["float32", "int16", "bool", "float16"])
def test_all_is_held_in_double_precision(kind):
    A = np.array([[1, 0], [1, 1], [0, 1]], dtype=kind)
    problem = LeastSquares(A, A[:, 0])
    assert problem.A.dtype == problem.b.dtype == problem.dtype == np.float64
    assert LeastSquares(A.astype(np.complex64), A[:, 0]).dtype == np.complex128


def test_a_problem_cannot_be_changed(rng):
    b = rng.standard_normal(3)
    problem = LeastSquares(np.eye(3), b, weights=[1, 2, 3])
    with pytest.raises(AttributeError):
        problem.damp = 1.0
    with pytest.raises(ValueError, match="read-only"):
        problem.b[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        problem.weights[0] = 1
    b[0] = 99
    assert problem.b[0] != 99


def test_repr_is_for_people(rng):
    problem = LeastSquares(
        random_sparse((300, 20), 0.01, rng),
        np.ones(300),
        damp=0.5,
        penalty=np.eye(20),
        weights=np.ones(300),
    )
    assert repr(problem) == (
        "LeastSquares(300 equations, 20 unknowns, sparse, float64, weighted, damp=0.5, "
        "penalty of 20 rows)"
    )


A = np.arange(6.0).reshape(3, 2)
B = np.ones(3)
NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((A, np.ones(4)), {}, "b must have one entry for each row of A .3., got 4"),
        ((A, np.ones((3, 1))), {}, "b must have 1 axes, got 2"),
        ((A, 1.0), {}, "b must have 1 axes, got 0"),
        ((A, [1, NAN, 1]), {}, "b has entries that are NaN or infinite"),
        ((A, ["a", "b", "c"]), {}, "b must hold numbers"),
        ((A, [1, [2], 3]), {}, "b must be a rectangular array"),
        ((A, []), {}, "b is empty"),
        ((A, None), {}, "b must"),
        ((np.ma.array(A, mask=A > 4), B), {}, "A has masked entries"),
        ((np.ones(3), B), {}, "A must have 2 axes, got 1"),
        ((np.ones((3, 2, 1)), B), {}, "A must have 2 axes, got 3"),
        ((np.ones((0, 2)), []), {}, "A is empty"),
        ((np.ones((3, 0)), B), {}, "A is empty"),
        (([[1, 2], [3]], B), {}, "A must be a rectangular array"),
        (([[1, INF], [3, 2], [0, 0]], B), {}, "A has entries that are NaN or infinite"),
        (([[1, "x"], [3, 2], [0, 0]], B), {}, "A must hold numbers"),
        ((sparse.csr_array(np.diag([1, NAN, 1])), B), {}, "A has entries that are NaN"),
        ((sparse.csr_array((0, 2)), B), {}, "A must have 2 non-empty axes"),
        ((sparse.coo_array(np.ones(3)), B), {}, "A must have 2 non-empty axes"),
        ((A, B), {"damp": -1}, "damp must be from 0 to 1e\\+150, got -1"),
        ((A, B), {"damp": NAN}, "damp must be from 0 to 1e\\+150, got nan"),
        ((A, B), {"damp": INF}, "damp must be from 0"),
        ((A, B), {"damp": "gcv"}, "damp must be a number, got 'gcv'"),
        ((A, B), {"damp": 1j}, "damp must be a number"),
        ((A, B), {"damp": None}, "damp must be a number"),
        ((A, B), {"damp": [1, 2]}, "damp must be a number"),
        ((A, B), {"weights": [1, 1]}, "weights must be one for each row of A .3., got 2"),
        ((A, B), {"weights": [1, -2, 1]}, "weights must not be negative, got -2"),
        ((A, B), {"weights": [0, 0, 0]}, "weights are all zero"),
        ((A, B), {"weights": [1, NAN, 1]}, "weights has entries that are NaN"),
        ((A, B), {"weights": [1, 1, 1j]}, "weights must be real"),
        ((A, B), {"weights": np.eye(3)}, "weights must have 1 axes"),
        ((A, B), {"penalty": np.eye(3)}, "penalty must have as many columns as A .2., got"),
        ((A, B), {"penalty": [1, 2]}, "penalty must have 2 axes"),
        ((A, B), {"penalty": [[1, NAN]]}, "penalty has entries that are NaN"),
    ],
)
def test_what_cannot_be_a_problem_is_refused_with_a_reason(arguments, options, message):
    with pytest.raises(ConvmatError, match=message):
        LeastSquares(*arguments, **options)


def test_products_with_a_wrong_x_are_refused():
    with pytest.raises(ConvmatError, match=r"x must have shape \(2,\), got \(3,\)"):
        LeastSquares(A, B).residual(np.ones(3))


def test_an_operator_without_adjoint_or_with_nan_is_refused():
    forward_only = LinearOperator((3, 2), matvec=lambda x: A @ x, dtype=float)
    with pytest.raises(ConvmatError, match="no adjoint"):
        LeastSquares(forward_only, B).normal_equations()
    broken = LinearOperator(
        (3, 2), matvec=lambda x: A @ x, rmatvec=lambda y: np.full(2, NAN), dtype=float
    )
    with pytest.raises(ConvmatError, match="adjoint product with entries that are NaN"):
        _ = LeastSquares(broken, B).rhs


def exact_norm(vector):
    """Of squares that are summed exactly: NumPy's own norm of complex vectors is 30 eps off."""
    return math.sqrt(math.fsum([*np.square(vector.real), *np.square(vector.imag)]))


@pytest.mark.parametrize("size", [1, 8191, 8192, 8193, 300_000])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_sums_on_one_thread(rng, size, dtype):
    one, other = (rng.standard_normal((size, 2)) for _ in range(2))
    one, other = ((v @ [1, 1j] if dtype == "complex128" else v[:, 0]) for v in (one, other))
    scale = 10 * EPS * exact_norm(one) * exact_norm(other)
    assert abs(inner(one, other) - np.vdot(one, other)) <= scale
    assert norm(one) == pytest.approx(exact_norm(one), rel=10 * EPS)
    result, square = difference(one, other, 2.0)
    np.testing.assert_array_equal(result, 2.0 * one - other)
    assert square == pytest.approx(exact_norm(2.0 * one - other) ** 2, rel=10 * EPS)
