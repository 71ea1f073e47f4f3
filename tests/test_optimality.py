"""What a direct solver brings is judged by its gradient: a minimum, or told not to be one."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import BOUNDARIES, MODES
from scipy.sparse.linalg import LinearOperator

from convmat import ConvmatError, ConvolutionOperator, LeastSquares, Status, solve

EPS = np.finfo(float).eps
DIRECT = ("cholesky", "qr", "pinv", "spectral", "auto")
TRUSTED = (Status.CONVERGED, Status.ILL_CONDITIONED)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class Contradicting(LinearOperator):
    """The products of one matrix, and what another one offers besides."""

    def __init__(self, matrix, adjoint=None, other=None):
        super().__init__(matrix.dtype, matrix.shape)
        self.matrix, self.adjoint = matrix, matrix.conj().T if adjoint is None else adjoint
        for name in ("to_matrix", "normal_equations", "diagonalization"):
            if hasattr(other, name):
                setattr(self, name, getattr(other, name))

    def _matvec(self, x):
        return self.matrix @ x

    def _rmatvec(self, y):
        return self.adjoint @ y


class Equations:
    """The normal equations of a matrix, and nothing else."""

    def __init__(self, matrix):
        self.matrix = matrix

    def normal_equations(self, b, weights=None):
        assert weights is None
        return self.matrix.T @ self.matrix, self.matrix.T @ b, b @ b


class Entries:
    """The entries of a matrix, and nothing else."""

    def __init__(self, matrix):
        self.matrix = matrix

    def to_matrix(self):
        return self.matrix


def complex_circular(rng):
    kernel = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    return ConvolutionOperator(kernel, (6, 5), "same", "circular")


def answer(problem, solver):
    """The solution; None where `spectral`, the only one that needs a structure, finds none."""
    try:
        return solve(problem, solver)
    except ConvmatError:
        if solver != "spectral":
            raise
        return None


@pytest.mark.parametrize("solver", ["qr", "pinv", "cholesky"])
def test_a_wrong_adjoint_is_told(rng, solver):
    matrix = rng.standard_normal((12, 5))
    wrong = Contradicting(matrix, adjoint=matrix.T[:, ::-1], other=Entries(matrix))
    solution = solve(LeastSquares(wrong, rng.standard_normal(12)), solver)
    assert solution.status is Status.INACCURATE
    assert "above" in solution.message and "adjoint" in solution.advice


def test_normal_equations_of_another_matrix_are_told(rng):
    matrix = rng.standard_normal((12, 5))
    wrong = Contradicting(matrix, other=Equations(rng.standard_normal((12, 5))))
    solution = solve(LeastSquares(wrong, rng.standard_normal(12)), "cholesky")
    assert solution.status is not Status.CONVERGED


def test_transforms_of_another_matrix_are_told(rng):
    right = complex_circular(rng)
    other = ConvolutionOperator(right.kernel.conj(), (6, 5), "same", "circular")
    b = rng.standard_normal(30) + 0j
    wrong = Contradicting(right.to_matrix("dense"), other=other)
    assert solve(LeastSquares(right, b), "spectral").status is Status.CONVERGED
    solution = solve(LeastSquares(wrong, b), "spectral")
    assert solution.status is Status.INACCURATE
    assert solution.gradient_norm > 1e-3 * np.linalg.norm(right.to_matrix().conj().T @ b)


@pytest.mark.parametrize("solver", ["qr", "pinv", "cholesky"])
@pytest.mark.parametrize("scale", [1e-70, 1.0, 1e70])
def test_an_answer_far_below_the_norm_of_the_matrix_is_no_suspect(rng, solver, scale):
    """Where x is all in a weak direction, |Ax|/|x| says little of the norm of A."""
    left, _ = np.linalg.qr(rng.standard_normal((40, 4)))
    right, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    A = scale * left * [1.0, 1.0, 1.0, 1e-7] @ right.T
    solution = solve(LeastSquares(A, A @ right[:, 3] + scale * rng.standard_normal(40)), solver)
    assert solution.status in TRUSTED


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    boundary=st.sampled_from(BOUNDARIES),
    mode=st.sampled_from(MODES),
    solver=st.sampled_from(DIRECT),
    damp=st.sampled_from([0.0, 0.1]),
    is_complex=st.booleans(),
    separable=st.booleans(),
)
def test_what_is_said_to_be_converged_has_a_gradient_of_rounding(
    seed, boundary, mode, solver, damp, is_complex, separable
):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        real = rng.standard_normal(shape)
        return real + 1j * rng.standard_normal(shape) if is_complex else real

    kernel = np.outer(draw(3), draw(2)) if separable else draw(3, 2)
    operator = ConvolutionOperator(kernel, (7, 6), mode, boundary)
    problem = LeastSquares(operator, draw(operator.shape[0]), damp=damp)
    solution = answer(problem, solver)
    assume(solution is not None)
    assert solution.status is not Status.INACCURATE
    dense = problem.A.to_matrix("dense")
    if solution.status in TRUSTED:
        residual = dense @ solution.x - problem.b
        gradient = dense.conj().T @ residual + damp**2 * solution.x
        norm = np.hypot(np.linalg.norm(dense, 2), damp)
        size = np.hypot(np.linalg.norm(residual), damp * np.linalg.norm(solution.x))
        allowed = norm * (size + norm * np.linalg.norm(solution.x))
        assert_allclose(gradient, 0, atol=1000 * EPS * allowed)
