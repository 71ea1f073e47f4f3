"""The choice of damp: each criterion against its definition, written out with matrices."""

import numpy as np
import pytest
from scipy import sparse

from convmat.damped_family import DampedFamily
from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.regularization import DampMethod, choose_damp
from convmat.solvers import solve

EPS = np.finfo(float).eps
METHODS = list(DampMethod)


def smooth_problem(noise=0.02, seed=0, **options):
    """A blurred smooth signal with white noise: an ill-posed problem with a known answer."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 40)
    A = np.exp(-((np.linspace(0, 1, 60)[:, None] - t) ** 2) / (2 * 0.05**2)) / 10
    truth = np.sin(3 * t) + np.exp(-((t - 0.6) ** 2) / 0.02)
    return LeastSquares(A, A @ truth + noise * rng.standard_normal(60), **options), truth


def second_differences(n):
    return sparse.csr_array(np.diff(np.eye(n), 2, axis=0))


def variants():
    rng = np.random.default_rng(4)
    A = rng.standard_normal((30, 8)) * np.logspace(0, -3, 8)
    b = rng.standard_normal(30)
    weights = np.r_[np.zeros(5), rng.uniform(0.5, 2, 25)]
    L = second_differences(8)
    return {
        "identity": LeastSquares(A, b),
        "singular penalty": LeastSquares(A, b, penalty=L),
        "weighted": LeastSquares(A, b, penalty=L, weights=weights),
        "complex": LeastSquares(A + 1j * A[::-1], b, penalty=L),
        "sparse": LeastSquares(sparse.csr_array(np.where(abs(A) > 1e-3, A, 0)), b, penalty=L),
        "wide": LeastSquares(A[:5], b[:5]),
    }


@pytest.mark.parametrize("name", variants())
def test_one_factorization_gives_every_damped_solution(name):
    problem = variants()[name]
    family = DampedFamily(problem)
    m = problem.shape[0]
    A = problem.A.toarray() if sparse.issparse(problem.A) else problem.A
    W = np.diag(np.ones(m) if problem.weights is None else problem.weights)
    damps = np.logspace(-2, 1, 7)
    for damp, residual, penalty, influence in zip(
        damps,
        family.residual_norms(damps),
        family.penalty_norms(damps),
        family.influence(damps),
        strict=True,
    ):
        damped = problem.with_damp(damp)
        x = solve(damped, "pinv").x
        certificate = damped.certificate(x)
        assert np.linalg.norm(family.solution(damp) - x) <= 1e-9 * np.linalg.norm(x)
        assert residual == pytest.approx(certificate.residual_norm, rel=1e-9, abs=1e-7)
        # Near the null space of a penalty its norm is the root of a rounding error.
        assert damp * penalty == pytest.approx(certificate.penalty_norm, rel=1e-6)
        gram = damped.damped_gram()
        gram = gram.toarray() if sparse.issparse(gram) else gram
        H = A @ np.linalg.solve(gram, A.conj().T @ W)
        assert influence.sum() == pytest.approx(np.trace(H).real, rel=1e-8)
        assert (influence**2).sum() == pytest.approx(np.trace(H @ H).real, rel=1e-8)


def test_gcv_and_its_robust_variant_are_their_definitions():
    problem = variants()["weighted"]
    A, b, W = problem.A, problem.b, np.diag(problem.weights)
    damps = np.logspace(-3, 2, 40)
    gcv, robust = [], []
    for damp in damps:
        H = A @ np.linalg.solve(problem.with_damp(damp).damped_gram(), A.T @ W)
        r, m = b - H @ b, np.count_nonzero(problem.weights)
        value = (r @ W @ r / m) / (1 - np.trace(H) / m) ** 2
        gcv.append(value)
        robust.append(value * (0.3 + 0.7 * np.trace(H @ H) / m))
    choice = choose_damp(problem, "gcv", damps=damps)
    np.testing.assert_allclose(choice.values, gcv, rtol=1e-8)
    choice = choose_damp(problem, "rgcv", damps=damps, robustness=0.3)
    np.testing.assert_allclose(choice.values, robust, rtol=1e-8)
    plain = choose_damp(problem, "rgcv", damps=damps, robustness=1)
    np.testing.assert_allclose(plain.values, gcv, rtol=1e-8)


def test_the_discrepancy_principle_gives_the_noise_as_residual():
    problem, _ = smooth_problem()
    for noise in (0.019, 0.05, 0.2):
        choice = choose_damp(problem, "discrepancy", noise_std=noise)
        solution = solve(problem.with_damp(choice.damp))
        assert not choice.at_end
        rms = solution.residual_norm / np.sqrt(60)
        assert rms == pytest.approx(noise, rel=0.01)


def test_the_curvature_is_that_of_the_l_curve():
    problem, _ = smooth_problem()
    family = DampedFamily(problem)
    damps = np.geomspace(1e-4, 1, 2000)
    x, y = np.log(family.residual_norms(damps)), np.log(family.penalty_norms(damps))
    dx, dy = np.gradient(x), np.gradient(y)
    expected = (dx * np.gradient(dy) - np.gradient(dx) * dy) / (dx**2 + dy**2) ** 1.5
    values = choose_damp(family, "lcurve", damps=damps).values
    inner = slice(5, -5)
    scale = np.abs(expected[inner]).max()
    assert np.abs(values[inner] - expected[inner]).max() <= 0.02 * scale


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("penalty", [None, second_differences(40)])
def test_with_white_noise_every_method_comes_near_the_best_damp(method, penalty):
    problem, truth = smooth_problem(penalty=penalty)
    family = DampedFamily(problem)

    def error(damp):
        return np.linalg.norm(family.solution(damp) - truth) / np.linalg.norm(truth)

    choice = choose_damp(family, method, noise_std=0.02)
    best = min(error(damp) for damp in choice.damps)
    assert not choice.at_end and choice.message == ""
    # The corner of an L-curve is no estimate of the best damp: it is here for comparison.
    assert error(choice.damp) < (6 if method == "lcurve" else 3) * best
    assert error(choice.damp) < error(0.0) / 10


def test_the_chosen_damp_is_finer_than_the_grid():
    problem, _ = smooth_problem()
    coarse = choose_damp(problem, "gcv", damps=np.geomspace(1e-3, 10, 15))
    fine = choose_damp(problem, "gcv", damps=np.geomspace(1e-3, 10, 1500))
    assert coarse.damp == pytest.approx(fine.damp, rel=0.02)


def test_an_optimum_at_an_end_is_said():
    problem, _ = smooth_problem()
    for damps, side in (
        (np.geomspace(10, 1e3, 20), "least"),
        (np.geomspace(1e-9, 1e-7, 20), "most"),
    ):
        choice = choose_damp(problem, "gcv", damps=damps)
        assert choice.at_end and side in choice.message and side in str(choice)
    small = choose_damp(problem, "discrepancy", noise_std=1e-6)
    large = choose_damp(problem, "discrepancy", noise_std=1e6)
    assert small.at_end and "noise is larger" in small.message
    assert large.at_end and "too large" in large.message


def test_directions_that_neither_data_nor_penalty_see_stay_out():
    """A maps constants to zero and so does the penalty: their sum is singular."""
    rng = np.random.default_rng(0)
    D = np.diff(np.eye(8), axis=0)
    A = rng.standard_normal((30, 7)) @ D
    b = A @ np.linspace(0, 1, 8) + 0.5 * rng.standard_normal(30)
    problem = LeastSquares(A, b, penalty=D)
    family = DampedFamily(problem)
    x = family.solution(0.5)
    matrix, rhs = problem.with_damp(0.5).augmented()
    gradient = matrix.T @ (matrix @ x - rhs)
    assert np.linalg.norm(gradient) <= 1e3 * EPS * np.linalg.norm(matrix) * np.linalg.norm(rhs)
    assert np.linalg.norm(x) < 100
    assert not choose_damp(family, "rgcv").at_end


def test_results_are_finite_and_monotone():
    problem, _ = smooth_problem(penalty=second_differences(40))
    for method in METHODS:
        choice = choose_damp(problem, method, noise_std=0.02)
        for curve in (choice.values, choice.residual_norms, choice.penalty_norms):
            assert curve.shape == choice.damps.shape and np.all(np.isfinite(curve))
        assert np.all(np.diff(choice.damps) > 0)
        assert np.all(np.diff(choice.residual_norms) >= -1e-12)
        assert np.all(np.diff(choice.penalty_norms) <= 1e-9)
        assert np.all(np.diff(choice.degrees_of_freedom) <= 1e-9)
        assert str(choice).startswith("damp ")


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("best", {}, "damp must be a number or gcv, rgcv, lcurve, discrepancy, got 'best'"),
        ("discrepancy", {}, "needs noise_std"),
        ("discrepancy", {"noise_std": 0}, "noise_std must be a finite number above 0"),
        ("discrepancy", {"noise_std": "1"}, "noise_std must be a finite number above 0"),
        ("gcv", {"damps": [1, 2]}, "damps must be 3 numbers or more"),
        ("gcv", {"damps": [3, 2, 1]}, "ascending"),
        ("gcv", {"damps": [0, 1, 2]}, "above 0"),
        ("gcv", {"damps": "all"}, "damps must be numbers"),
        ("rgcv", {"robustness": 0}, "robustness must be"),
    ],
)
def test_bad_requests_are_refused(method, options, message):
    with pytest.raises(ConvmatError, match=message):
        choose_damp(variants()["identity"], method, **options)


def test_problems_that_give_nothing_to_choose_are_refused():
    with pytest.raises(ConvmatError, match="all zero"):
        choose_damp(LeastSquares(np.zeros((5, 3)), np.ones(5)))
    with pytest.raises(ConvmatError, match="penalty must not be all zero"):
        choose_damp(LeastSquares(np.eye(3), np.ones(3), penalty=np.zeros((1, 3))))
    blind = LeastSquares(np.diag([1.0, 0, 0]), np.ones(3), penalty=[[0.0, 1.0, 0.0]])
    with pytest.raises(ConvmatError, match="sees no direction"):
        choose_damp(blind)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"robustness": "x"}, "robustness must be"),
        ({"robustness": None}, "robustness must be"),
        ({"damps": [1e-200, 1, 1e200]}, "damps must be from 1e-150 to 1e"),
        ({"damps": [1, 2, 1e151]}, "damps must be from"),
    ],
)
def test_bad_options_of_the_choice_are_refused(options, message):
    with pytest.raises(ConvmatError, match=message):
        choose_damp(smooth_problem()[0], **options)


def test_only_a_problem_has_a_damp_to_choose():
    with pytest.raises(ConvmatError, match="problem must be a LeastSquares or DampedFamily"):
        choose_damp(3)


def test_a_residual_of_nothing_is_below_the_noise():
    problem = LeastSquares(smooth_problem()[0].A, np.zeros(60))
    choice = choose_damp(problem, "discrepancy", noise_std=1.0)
    assert choice.at_end and "below noise_std" in choice.message
