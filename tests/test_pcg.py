"""Preconditioned conjugate gradients, and what convolutions offer them, by explicit matrices."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import aslinearoperator

from convmat import (
    ConvmatError,
    ConvolutionOperator,
    LeastSquares,
    Status,
    convolution_matrix,
    difference_matrix,
    solve,
)
from convmat.geometry import Geometry
from convmat.gram.toeplitz import has_toeplitz_gram, toeplitz_gram
from convmat.solvers.pcg import condition_bound
from convmat.spectral.circulant import CirculantInverse, singular_value_bounds

EPS = np.finfo(float).eps
RNG = np.random.default_rng(5)
KERNELS = {
    "one axis": (np.array([1.0, -2.5, 1.0]), (17,)),
    "two axes": (RNG.random((3, 4)), (9, 8)),
    "no symmetry, zeros in it": (np.array([[0.0, 1, 0], [0, 0, 3]]), (7, 5)),
    "complex": (RNG.random((2, 3)) + 1j * RNG.random((2, 3)), (6, 7)),
    "three axes": (RNG.random((2, 2, 3)), (4, 3, 5)),
    "larger than the support": (RNG.random((5, 4)), (2, 3)),
    "vanishing spectrum": (np.outer([1.0, 2, 1], [1.0, 2, 1]), (8, 8)),
}


def operator_of(name, mode="full", boundary="zero"):
    kernel, shape = KERNELS[name]
    return ConvolutionOperator(kernel, shape, mode, boundary)


def rhs_of(operator):
    b = np.random.default_rng(0).standard_normal(operator.shape[0])
    return b + 1j * b[::-1] if operator.dtype.kind == "c" else b


@pytest.mark.parametrize("name", KERNELS)
def test_the_gram_matrix_of_a_full_convolution_is_a_convolution(name):
    kernel, shape = KERNELS[name]
    H = convolution_matrix(kernel, shape)
    expected = (H.conj().T @ H).toarray()
    gram = toeplitz_gram(kernel, shape)
    found = gram.toarray()
    assert np.abs(found - expected).max() <= 10 * EPS * np.abs(expected).max() * kernel.size
    np.testing.assert_array_equal(found, found.conj().T)
    offered = operator_of(name).normal_equations(rhs_of(operator_of(name)))[0]
    np.testing.assert_array_equal(offered.toarray(), found)


def test_other_modes_and_boundaries_have_other_gram_matrices():
    assert has_toeplitz_gram(Geometry((5, 5), (3, 3)))
    for mode, boundary in (("same", "zero"), ("full", ("zero", "circular")), ("valid", "zero")):
        geometry = Geometry((5, 5), (3, 3), mode, boundary)
        assert not has_toeplitz_gram(geometry)
        assert singular_value_bounds(np.ones((3, 3)), geometry) == (0.0, np.inf)


@pytest.mark.parametrize("name", KERNELS)
def test_singular_values_are_within_their_bounds(name):
    kernel, shape = KERNELS[name]
    values = np.linalg.svd(convolution_matrix(kernel, shape).toarray(), compute_uv=False)
    lowest, highest = operator_of(name).singular_value_bounds()
    rounding = 10 * EPS * np.abs(kernel).sum()
    assert lowest <= values[-1] + rounding and values[0] <= highest + rounding
    assert lowest > 0 and highest <= np.abs(kernel).sum() + rounding


@pytest.mark.parametrize("damp", [0.0, 0.3])
@pytest.mark.parametrize("name", KERNELS)
def test_the_preconditioner_is_hermitian_and_positive_definite(name, damp):
    kernel, shape = KERNELS[name]
    n = int(np.prod(shape))
    penalty = difference_matrix(shape, 1, boundary="zero") if damp else None
    apply = CirculantInverse(kernel, shape, damp, penalty)
    matrix = np.column_stack([apply(unit) for unit in np.eye(n)])
    size = np.linalg.norm(matrix, 2)
    assert np.abs(matrix - matrix.conj().T).max() <= 100 * EPS * size
    assert np.linalg.eigvalsh((matrix + matrix.conj().T) / 2).min() > 0
    x = RNG.standard_normal(n) + 1j * RNG.standard_normal(n)
    assert np.abs(apply(x) - matrix @ x).max() <= 100 * EPS * size * np.linalg.norm(x)


def test_the_preconditioner_is_the_inverse_away_from_the_edges():
    kernel, shape = np.array([[0.0, 1, 0], [1, 8, 1], [0, 1, 0]]), (41, 43)
    penalty = difference_matrix(shape, 2, boundary="zero")
    for damp, L in ((0.0, None), (2.0, None), (2.0, penalty)):
        operator = ConvolutionOperator(kernel, shape)
        x = np.zeros(shape)
        x[18:23, 19:24] = RNG.standard_normal((5, 5))
        y = operator.rmatvec(operator @ x.ravel())
        if damp:
            y = y + damp**2 * (x.ravel() if L is None else L.T @ (L @ x.ravel()))
        back = operator.preconditioner(damp, L)(y)
        # What is left is the smoothing of |F|^2: lags over the support, squared.
        assert np.abs(back - x.ravel()).max() <= 0.02 * np.abs(x).max()


@pytest.mark.parametrize("boundary", ["zero", "replicate", "circular"])
@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize("name", ["one axis", "two axes", "complex", "three axes"])
def test_pcg_solves_least_squares(name, mode, boundary):
    operator = operator_of(name, mode, boundary)
    b = rhs_of(operator)
    weights = RNG.uniform(0.5, 2, operator.shape[0])
    n = operator.shape[1]
    for options in (
        {"damp": 0.2},
        {"damp": 0.2, "weights": weights},
        {"damp": 0.3, "penalty": sparse.eye_array(n) + sparse.eye_array(n, k=1) / 2},
    ):
        problem = LeastSquares(operator, b, **options)
        solution = solve(problem, "pcg", tolerance=1e-10)
        assert solution.status is Status.CONVERGED, str(solution)
        assert solution.gradient_norm <= 1e-10 * np.linalg.norm(problem.rhs)
        explicit = LeastSquares(operator.to_matrix("dense"), b, **options)
        matrix, rhs = explicit.augmented()
        expected = np.linalg.lstsq(matrix, rhs)[0]
        smallest = np.linalg.svd(matrix, compute_uv=False)[-1]
        allowed = 1e-10 * np.linalg.norm(problem.rhs) / smallest**2
        allowed += 100 * EPS * np.linalg.cond(matrix) ** 2 * np.linalg.norm(expected)
        assert np.linalg.norm(solution.x - expected) <= allowed


def test_pcg_takes_far_fewer_iterations_than_cgls():
    kernel = np.random.default_rng(0).random((7, 5))
    operator = ConvolutionOperator(kernel, (60, 50))
    b = np.zeros(operator.shape[0])
    b[operator.shape[0] // 2] = 1
    problem = LeastSquares(operator, b)
    slow, fast = solve(problem, "cgls"), solve(problem, "pcg")
    assert slow.status is fast.status is Status.CONVERGED
    assert 4 * fast.iterations < slow.iterations


def test_auto_takes_pcg_where_a_proof_says_that_it_may():
    kernel = np.random.default_rng(0).random((5, 5))
    operator = ConvolutionOperator(kernel, (70, 70))
    b = np.zeros(operator.shape[0])
    b[2700] = 1
    found = solve(LeastSquares(operator, b))
    assert found.solver == "pcg" and found.rank == 4900 and found.status is Status.CONVERGED
    assert "condition at most" in found.message
    gap = np.linalg.norm(found.x - solve(LeastSquares(operator, b), "cholesky").x)
    assert gap <= 1.1 * found.gradient_norm / operator.singular_value_bounds()[0] ** 2
    weighted = solve(LeastSquares(operator, b, weights=np.ones(b.size)), tolerance=1e-3)
    assert weighted.solver == "lsmr"  # nothing is proved of weights
    same = ConvolutionOperator(kernel, (70, 70), "same", "replicate")
    assert solve(LeastSquares(same, np.ones(4900), damp=1.0)).solver == "lsmr"


def test_the_bound_holds_with_damping():
    operator = operator_of("two axes")
    for damp in (0.0, 0.5):
        problem = LeastSquares(operator, rhs_of(operator), damp=damp)
        matrix = LeastSquares(operator.to_matrix("dense"), problem.b, damp=damp).augmented()[0]
        assert np.linalg.cond(matrix) <= condition_bound(problem) * (1 + 10 * EPS)
    penalised = LeastSquares(operator, problem.b, damp=1.0, penalty=np.eye(operator.shape[1]))
    assert condition_bound(penalised) == np.inf


def test_pcg_runs_as_the_other_iterative_solvers_do():
    problem = LeastSquares(operator_of("two axes"), rhs_of(operator_of("two axes")))
    seen = []
    solution = solve(
        problem,
        "pcg",
        callback=lambda i, x, objective, gradient: seen.append((objective, gradient)),
    )
    assert len(seen) == solution.iterations == len(solution.history) - 1
    np.testing.assert_allclose(solution.history[1:-1], seen[:-1])
    assert np.all(np.diff(solution.history[:, 0]) <= 1e-12)
    early = solve(problem, "pcg", max_iterations=2)
    assert early.status is Status.MAX_ITERATIONS and early.iterations == 2
    again = solve(problem, "pcg", start=solution.x)
    assert again.iterations == 0
    stopped = solve(problem, "pcg", callback=lambda i, *_: i == 3)
    assert stopped.status is Status.INTERRUPTED and stopped.iterations == 3
    assert solve(problem, "pcg", tolerance=0).status is Status.CONVERGED


@pytest.mark.parametrize("A", [np.eye(4), sparse.eye_array(4), aslinearoperator(np.eye(4))])
def test_without_a_preconditioner_cgls_is_named(A):
    with pytest.raises(ConvmatError, match="offers a preconditioner.*use cgls"):
        solve(LeastSquares(A, np.ones(4)), "pcg")


def test_it_finds_no_rank_where_there_is_no_proof():
    """Differences lose the constants: the answer is one of many, and that is said."""
    operator = ConvolutionOperator([1.0, -1.0], 40, "same", "circular")
    solution = solve(LeastSquares(operator, RNG.standard_normal(40)), "pcg")
    assert solution.rank is None and solution.status is Status.RANK_DEFICIENT
