"""Covariances against NumPy's own of a polynomial fit, and where there are none."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from convmat import LeastSquares, solve
from convmat.estimation.uncertainty import uncertainty


def fit(seed=0, **options):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 30)
    return LeastSquares(np.vander(t, 4), np.sin(3 * t) + rng.standard_normal(30), **options)


def test_it_is_numpys_of_polyfit():
    problem = fit()
    t = np.linspace(0, 1, 30)
    expected = np.polyfit(t, problem.b, 3, cov=True)[1]
    found = uncertainty(problem, solve(problem))
    assert found.note == ""
    assert_allclose(found.covariance, expected, rtol=1e-8)


def test_weights_are_numpys_inverse_variances():
    weights = np.random.default_rng(1).random(30) + 0.5
    problem = fit(weights=weights)
    t = np.linspace(0, 1, 30)
    expected = np.polyfit(t, problem.b, 3, w=np.sqrt(weights), cov="unscaled")[1]
    found = uncertainty(problem, solve(problem), noise_std=1.0)
    assert_allclose(found.covariance, expected, rtol=1e-8)


def test_a_fixed_sum_has_no_variance():
    problem = fit()
    ones = np.ones(4)
    found = uncertainty(problem, solve(problem), fixed_sum=ones).covariance
    assert abs(ones @ found @ ones) <= 1e-12 * np.abs(found).max()
    # One degree of freedom less: the variance of nothing grows but for s.
    free = uncertainty(problem, solve(problem)).covariance
    assert np.all(np.diag(found) <= np.diag(free) * (1 + 1e-12))


@pytest.mark.parametrize(
    ("problem", "options", "note"),
    [
        (fit(damp=0.1), {}, "damping"),
        (fit(), {"at_bound": True}, "at a bound"),
        (LeastSquares(np.ones((5, 2)), np.arange(5.0)), {}, "do not determine"),
        (LeastSquares(np.eye(3), np.arange(3.0)), {}, "leave no residual"),
    ],
)
def test_why_there_is_none(problem, options, note):
    found = uncertainty(problem, solve(problem), **options)
    assert np.isnan(found.covariance).all()
    assert note in found.note


def test_an_unconverged_solve_has_none():
    problem = fit()
    found = uncertainty(problem, solve(problem, "lsqr", max_iterations=1))
    assert np.isnan(found.covariance).all()
    assert "max_iterations" in found.note


def test_error_bars_do_not_hide_that_a_solver_stopped_short():
    problem = fit()
    rough = uncertainty(problem, solve(problem, "lsqr", tolerance=0.03))
    assert "of them short" in rough.note
    assert np.isnan(rough.covariance).all()
    assert uncertainty(problem, solve(problem, "lsqr", tolerance=1e-12)).note == ""
