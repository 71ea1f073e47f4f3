"""QR of narrow bands against dense LAPACK, for what a band can look like."""

import numpy as np
import pytest
from scipy import linalg, sparse

from convmat import LeastSquares, Status, convolution_matrix, solve
from convmat.solvers.banded_qr import narrow_band

EPS = np.finfo(float).eps
N = 300


def scattered(rng, dtype="float64"):
    """Rows of up to six entries in no order, some of them empty."""
    first = rng.permutation(np.concatenate([np.arange(N), rng.integers(0, N, 150)]))
    A = np.zeros((len(first) + 20, N), dtype)
    for row, begin in enumerate(first):
        values = rng.standard_normal((6, 2)) @ [1, 1j if dtype == "complex128" else 0]
        A[row, begin : begin + 6] = values[: N - begin].astype(dtype)
    return A[rng.permutation(len(A))]


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("damp", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_scattered_rows(dtype, damp, weighted):
    rng = np.random.default_rng(3)
    A = scattered(rng, dtype)
    b = rng.standard_normal(len(A))
    weights = rng.random(len(A)) + 0.1 if weighted else None
    rough = np.diff(np.eye(N), axis=0)
    problem = LeastSquares(
        sparse.csr_array(A), b, damp=damp, penalty=sparse.csr_array(rough), weights=weights
    )
    found = solve(problem, "qr")
    assert "band of 6 diagonals" in found.message and found.status is Status.CONVERGED
    root = np.sqrt(np.ones(len(A)) if weights is None else weights)
    whole = np.concatenate([root[:, None] * A, damp * rough])
    rhs = np.concatenate([root * b, np.zeros(N - 1)])
    expected = linalg.lstsq(whole, rhs)[0]
    condition = np.linalg.cond(whole)
    # What no backward stable method avoids, where there is a residual (Higham, theorem 20.1).
    left = np.linalg.norm(rhs - whole @ expected) / np.linalg.norm(whole, 2)
    error = EPS * condition * (np.linalg.norm(expected) + condition * left)
    assert np.linalg.norm(found.x - expected) <= 100 * error
    assert condition / 2 <= found.condition <= 1.01 * condition


def test_what_is_left_of_many_right_hand_sides():
    rng = np.random.default_rng(4)
    A = scattered(rng)
    rhs = rng.standard_normal((len(A), 7))
    band = narrow_band(LeastSquares(sparse.csr_array(A), rhs[:, 0]))
    triangle, projected, left = band.triangularized(rhs)
    basis = linalg.orth(A)
    rest = rhs - basis @ (basis.T @ rhs)
    bound = 100 * EPS * np.linalg.cond(A) * np.linalg.norm(rhs, axis=0)
    assert (abs(np.sqrt(left) - np.linalg.norm(rest, axis=0)) <= bound).all()
    squares = np.square(projected).sum(axis=0) + left
    np.testing.assert_allclose(squares, np.square(rhs).sum(axis=0), rtol=100 * EPS)
    image = A @ np.stack([triangle.solve(z) for z in projected.T], axis=1)
    assert (np.linalg.norm(rhs - rest - image, axis=0) <= bound).all()


def test_singular_bands_go_to_pivoting_or_say_that_they_are():
    A = convolution_matrix(np.ones(2), 300, "valid").T  # of full rank
    singular = sparse.csr_array(sparse.hstack([A, np.zeros((300, 1))]))
    found = solve(LeastSquares(singular, np.ones(300)), "qr")
    assert found.rank == 299 and found.status is Status.RANK_DEFICIENT
    assert found.x[-1] == 0 and np.isfinite(found.x).all()
    columns = np.arange(5000) // 2 * 2  # half of the unknowns are in no equation
    large = sparse.csr_array((np.ones(5000), (np.arange(5000), columns)), (5000, 5000))
    found = solve(LeastSquares(large, np.ones(5000)), "qr")
    assert found.status is Status.RANK_DEFICIENT and np.isnan(found.x).all()
    assert "lsmr" in found.message
    chosen = solve(LeastSquares(large, np.ones(5000)))
    assert chosen.solver == "lsmr" and np.isfinite(chosen.x).all()


@pytest.mark.parametrize(
    "A", [np.eye(400), sparse.eye_array(200), sparse.csr_array(np.ones((400, 300)))]
)
def test_what_is_no_narrow_band(A):
    assert narrow_band(LeastSquares(A, np.ones(A.shape[0]))) is None
