"""spectral and fft against the explicit matrix, and their refusals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import fft as scipy_fft
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

EPS = np.finfo(float).eps
SHAPE = (6, 5)
SYMMETRIC = np.array([[1.0, 2, 1], [2, 5, 2], [1, 2, 1]]) - np.outer([1, 0, 1], [1, 0, 1]) / 2
ONE_SIDED = np.array([[1.0, 2], [0, 3], [5, 1]])
LAPLACIAN = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])


def problem(kernel, boundary, **options):
    rng = np.random.default_rng(0)
    operator = ConvolutionOperator(kernel, SHAPE, "same", boundary)
    return LeastSquares(operator, rng.standard_normal(operator.shape[0]), **options)


def explicit(problem):
    penalty = problem.penalty
    return LeastSquares(
        problem.A.to_matrix("dense"),
        problem.b,
        damp=problem.damp,
        penalty=penalty.to_matrix("dense") if hasattr(penalty, "to_matrix") else penalty,
        weights=problem.weights,
    )


def assert_solved(problem, solution):
    matrix, rhs = explicit(problem).augmented()
    expected, _, rank, singular = np.linalg.lstsq(matrix, rhs)
    kept = singular[:rank]
    error = 100 * EPS * (kept[0] / kept[-1]) ** 2 * np.linalg.norm(expected)
    assert_allclose(solution.x, expected, rtol=0, atol=error)
    assert solution.condition == pytest.approx(kept[0] / kept[-1], rel=1e-6)
    assert solution.status is (
        Status.CONVERGED if rank == matrix.shape[1] else Status.RANK_DEFICIENT
    )
    allowed = 100 * EPS * singular[0] * (singular[0] * np.linalg.norm(expected) + 1)
    assert solution.gradient_norm <= allowed


@pytest.mark.parametrize("damp", [0.0, 0.3])
@pytest.mark.parametrize(
    ("kernel", "boundary"),
    [
        (ONE_SIDED, "circular"),
        (SYMMETRIC, "symmetric"),
        (SYMMETRIC, "antisymmetric"),
        (SYMMETRIC, ("symmetric", "circular")),
        (SYMMETRIC + 1j * LAPLACIAN, "symmetric"),
        (np.outer([1.0, 3, 2], [4.0, 1]), "replicate"),
        (LAPLACIAN, "symmetric"),  # rank deficient: constants vanish
    ],
)
def test_spectral_is_least_squares(kernel, boundary, damp):
    posed = problem(kernel, boundary, damp=damp)
    assert_solved(posed, solve(posed, "spectral"))


@pytest.mark.parametrize("damp", [0.0, 0.3])
@pytest.mark.parametrize("kernel", [ONE_SIDED, LAPLACIAN, ONE_SIDED * (1 + 1j)])
def test_fft_is_least_squares_of_the_circular_model(kernel, damp):
    posed = problem(kernel, "circular", damp=damp)
    solution = solve(posed, "fft")
    assert_solved(posed, solution)
    assert "circular" in solution.message


def test_fft_is_the_quotient_of_ffts():
    posed = problem(ONE_SIDED, "circular")
    padded = np.zeros(SHAPE)
    padded[:3, :2] = ONE_SIDED
    spectrum = scipy_fft.fft2(np.roll(padded, (-1, 0), (0, 1)))
    quotient = scipy_fft.ifft2(scipy_fft.fft2(posed.b.reshape(SHAPE)) / spectrum).real
    solution = solve(posed, "fft")
    tolerance = 100 * EPS * solution.condition * np.linalg.norm(quotient)
    assert_allclose(solution.x.reshape(SHAPE), quotient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("solver", ["spectral", "fft"])
def test_a_penalty_in_the_same_basis(solver):
    penalty = ConvolutionOperator(LAPLACIAN, SHAPE, "same", "circular")
    posed = problem(ONE_SIDED, "circular", damp=0.7, penalty=penalty)
    assert_solved(posed, solve(posed, solver))


PHASE = np.array([[0.0, 1j, 0], [1, -4, 2j], [0, 3, 0]])


@pytest.mark.parametrize(
    ("kernel", "boundary", "penalty"),
    [
        (SYMMETRIC, "symmetric", difference_matrix(SHAPE, boundary="symmetric")),
        (SYMMETRIC, "symmetric", difference_matrix(SHAPE, 2, boundary="symmetric")),
        (SYMMETRIC, "symmetric", difference_matrix(SHAPE, 1, 1, boundary=None)),
        (SYMMETRIC, "antisymmetric", difference_matrix(SHAPE, 2, boundary="antisymmetric")),
        (ONE_SIDED, "circular", difference_matrix(SHAPE, boundary="circular")),
        (ONE_SIDED, "circular", 3 * np.eye(30)),
        (ONE_SIDED * 1j, "circular", difference_matrix(SHAPE, boundary="circular")),
        (ONE_SIDED, "circular", ConvolutionOperator(PHASE, SHAPE, "same", "circular")),
        (ONE_SIDED, "circular", convolution_matrix(PHASE, SHAPE, "same", "circular")),
        (
            SYMMETRIC,
            ("symmetric", "circular"),
            difference_matrix(SHAPE, boundary=("symmetric", "circular")),
        ),
        (
            SYMMETRIC,
            ("circular", "antisymmetric"),
            difference_matrix(SHAPE, 2, boundary=("circular", "antisymmetric")),
        ),
        # An operator whose square alone is diagonal: one-sided steps are no mirror-symmetric kernel
        (
            SYMMETRIC,
            "symmetric",
            ConvolutionOperator([[1.0, -1.0]], SHAPE, "same", "symmetric"),
        ),
    ],
)
def test_a_penalty_whose_square_is_diagonal_in_the_basis(kernel, boundary, penalty):
    posed = problem(kernel, boundary, damp=0.6, penalty=penalty)
    assert_solved(posed, solve(posed, "spectral"))


@pytest.mark.parametrize("boundary", ["symmetric", "circular"])
def test_what_matrix_and_penalty_both_leave_open_is_zero(boundary):
    posed = problem(
        LAPLACIAN / 7, boundary, damp=0.5, penalty=difference_matrix(SHAPE, 2, boundary=boundary)
    )
    solution = solve(posed, "spectral")
    assert solution.rank == 29
    assert_solved(posed, solution)  # of smallest norm: no constant


def test_equal_weights_scale_the_damping():
    posed = problem(SYMMETRIC, "symmetric", damp=0.5, weights=np.full(30, 4.0))
    assert_allclose(
        solve(posed, "spectral").x, solve(explicit(posed), "qr").x, rtol=0, atol=1000 * EPS
    )


def test_auto_takes_it():
    assert solve(problem(SYMMETRIC, "symmetric", damp=0.1)).solver == "spectral"
    assert solve(problem(SYMMETRIC, "zero", damp=0.1)).solver != "spectral"
    other = ConvolutionOperator(LAPLACIAN, SHAPE, "same", "zero")
    assert solve(problem(SYMMETRIC, "symmetric", damp=0.1, penalty=other)).solver != "spectral"


def test_mirror_is_solved_undamped_only():
    posed = problem(SYMMETRIC, "mirror")
    expected = np.linalg.solve(posed.A.to_matrix("dense"), posed.b)
    solution = solve(posed, "spectral")
    condition = np.linalg.cond(posed.A.to_matrix("dense"))
    assert_allclose(solution.x, expected, rtol=0, atol=100 * EPS * condition)
    with pytest.raises(ConvmatError, match="not normal"):
        solve(posed.with_damp(0.1), "spectral")


@pytest.mark.parametrize(
    ("posed", "solver", "message"),
    [
        (problem(SYMMETRIC, "zero"), "spectral", "no fast transform"),
        (problem(SYMMETRIC, "symmetric"), "fft", "circular"),
        (LeastSquares(np.eye(3), np.ones(3)), "spectral", "got ndarray"),
        (LeastSquares(np.eye(3), np.ones(3)), "fft", "circular convolution"),
        (
            LeastSquares(aslinearoperator(np.eye(3)), np.ones(3)),
            "spectral",
            "ConvolutionOperator",
        ),
        (problem(SYMMETRIC, "symmetric", weights=np.arange(1.0, 31)), "spectral", "equal ones"),
        (
            problem(SYMMETRIC, "symmetric", damp=1.0, penalty=np.diag(np.arange(30.0))),
            "spectral",
            r"a ndarray of shape \(30, 30\), is not diagonal in the basis",
        ),
        (
            problem(SYMMETRIC, "mirror", damp=1.0, penalty=np.eye(30)),
            "spectral",
            "not normal",
        ),
        (
            problem(
                SYMMETRIC,
                "symmetric",
                damp=1.0,
                penalty=ConvolutionOperator(LAPLACIAN, SHAPE, "same", "circular"),
            ),
            "spectral",
            "not diagonal in the basis",
        ),
    ],
)
def test_what_it_cannot_serve_is_refused(posed, solver, message):
    with pytest.raises(ConvmatError, match=message):
        solve(posed, solver)


@pytest.mark.parametrize("rcond", ["x", -1, 2.0, float("nan")])
@pytest.mark.parametrize("solver", ["spectral", "fft"])
def test_rcond_is_a_share(solver, rcond):
    with pytest.raises(ConvmatError, match="rcond must be a number from 0 to below 1"):
        solve(problem(ONE_SIDED, "circular"), solver, rcond=rcond)


def test_a_wide_matrix_is_conditioned_by_its_damping():
    operator = ConvolutionOperator(np.outer([1.0, 3, 2], [4.0, 1]), SHAPE, "valid")
    posed = LeastSquares(operator, np.ones(operator.shape[0]), damp=0.2)
    solution = solve(posed, "spectral")
    expected = np.linalg.cond(explicit(posed).augmented()[0])
    assert solution.condition == pytest.approx(expected, rel=1e-9)
    assert solution.rank == 30


def test_ill_conditioning_shows_where_singular_values_cannot_be_had():
    # Not an outer product; its smallest eigenvalue under the DCT-I is 1e-9.
    kernel = np.array([[0.0, 1, 0], [1, 4 + 1e-9, 1], [0, 1, 0]])
    solution = solve(problem(kernel, "mirror"), "spectral")
    assert solution.status is Status.ILL_CONDITIONED
    assert solution.condition > 1e9
