"""Inverse filters against dense least squares, SciPy's Toeplitz solver and closed forms.

Every filter is certified: the gradient of what it minimises, from the explicit matrix, is rounding.
"""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, optimize, signal

from convmat import (
    ConvmatError,
    ConvolutionOperator,
    InverseFilter,
    Status,
    convolution_matrix,
    convolve,
    difference_matrix,
    inverse_filter,
    smallest_inverse,
)
from convmat.inverse import best_delay
from convmat.inverse.best_delay import delay_objectives
from convmat.inverse.verdict import Invertibility

EPS = np.finfo(float).eps


def binomial(order):
    return np.array([comb(order, i) for i in range(order + 1)]) / 2**order


def gaussian(size, sigma):
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)
    return line / line.sum()


PLUS = np.array([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
DOMINANT = np.array([[0.1, 1, 0], [1, 6, 0.5], [-0.3, 1, 0]])
EXAMPLES = {
    "plus": (PLUS, (5, 5)),
    "dominant": (DOMINANT, (6, 7)),
    "binomial": (binomial(2), (9,)),
    "binomial, two axes": (np.outer(binomial(2), binomial(4)), (6, 5)),
    "not minimum phase": (np.array([1, -2.5, 1]), (20,)),
    "minimum phase": (np.array([1, -0.9, 0.2]), (15,)),
    "gaussian": (np.outer(gaussian(7, 1.2), gaussian(7, 1.2)), (7, 7)),
    "motion blur": (np.full((1, 5), 0.2), (2, 12)),
    "diagonal motion": (np.eye(4) / 4, (6, 6)),
    "complex": (np.array([1 + 1j, 0.5, -0.2j]), (8,)),
    "three axes": (np.random.default_rng(0).random((2, 3, 2)), (3, 2, 4)),
    "larger than its inverse": (np.random.default_rng(1).random((6, 5)), (3, 2)),
}
DAMPINGS = {
    "none": {},
    "identity": {"damp": 0.2},
    "penalty": {"damp": 0.2, "penalty": "first differences"},
}


def damping_of(name, shape):
    options = dict(DAMPINGS[name])
    if "penalty" in options:
        options["penalty"] = difference_matrix(shape, 1, boundary="zero")
    return options


def stacked(kernel, shape, damp=0.0, penalty=None):
    """``[H; damp L]``, dense."""
    H = convolution_matrix(kernel, shape).toarray()
    if not damp:
        return H
    L = np.eye(H.shape[1]) if penalty is None else penalty.toarray()
    return np.vstack([H, damp * L])


def delta(index, shape):
    out = np.zeros(shape)
    out[index] = 1
    return out


def certify(found, kernel, target, **damping):
    """The gradient from the explicit matrix, in multiples of rounding."""
    B = stacked(kernel, found.filter.shape, **damping)
    rhs = np.zeros(len(B), dtype=np.result_type(target, B))
    rhs[: target.size] = target.ravel()
    left = B @ found.filter.ravel() - rhs
    norm = np.linalg.norm(B, 2)
    size = np.linalg.norm(left) + norm * found.noise_gain
    assert np.linalg.norm(B.conj().T @ left) <= 50 * EPS * norm * size
    assert abs(found.residual_norm - np.linalg.norm(left[: target.size])) <= 50 * EPS * size
    return B, rhs, left


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_filters_are_the_least_squares_of_the_explicit_matrix(name, damping):
    kernel, shape = EXAMPLES[name]
    options = damping_of(damping, shape)
    found = inverse_filter(kernel, shape, **options)
    outputs = tuple(n + k - 1 for n, k in zip(shape, kernel.shape, strict=True))
    B, rhs, left = certify(found, kernel, delta(found.delay, outputs), **options)
    expected, _, rank, values = np.linalg.lstsq(B, rhs)
    assert rank == B.shape[1]
    condition = values[0] / values[-1]
    error = 100 * EPS * condition * (1 + condition * np.linalg.norm(left)) / values[0]
    error += 100 * EPS * condition * np.linalg.norm(expected)
    assert np.linalg.norm(found.filter.ravel() - expected) <= error
    assert isinstance(found, InverseFilter) and found.solution.status is Status.CONVERGED
    direct = signal.convolve(found.filter, kernel, method="direct")
    rounding = 100 * EPS * np.abs(kernel).sum() * np.abs(found.filter).sum()
    np.testing.assert_allclose(found.residual, direct - delta(found.delay, outputs), atol=rounding)
    assert found.noise_gain == np.linalg.norm(found.filter)


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_delay_is_the_best_of_all(name, damping):
    kernel, shape = EXAMPLES[name]
    options = damping_of(damping, shape)
    found = inverse_filter(kernel, shape, **options)
    B = stacked(kernel, shape, **options)
    basis = np.linalg.qr(B)[0]
    outputs = found.residual.shape
    norms = np.empty(found.residual.size)
    for d in range(norms.size):
        unit = delta(d, len(B))
        norms[d] = np.linalg.norm(unit - basis @ (basis.conj().T @ unit))
    rounding = 100 * EPS * np.linalg.cond(B)
    choice = found.delay_choice
    np.testing.assert_allclose(choice.objective_norms, norms, rtol=0, atol=rounding)
    chosen = norms.reshape(outputs)[found.delay]
    assert chosen <= norms.min() + rounding
    centre = (np.array(outputs) - 1) / 2
    distances = np.linalg.norm(choice.candidates - centre, axis=1)
    nearest = distances[norms <= norms.min()].min()
    assert np.linalg.norm(np.array(found.delay) - centre) <= nearest


def test_delays_that_are_equal_go_to_the_centre():
    assert inverse_filter([2.0], 6).delay == (2,)
    assert inverse_filter([0, 0, 3.0], 5).delay == (3,)  # the middle, of 2 ... 6 that are exact
    assert inverse_filter([[1.0]], (5, 7)).delay == (2, 3)
    assert inverse_filter([1, -0.2], 400).delay == (200,)  # so long that all but the last do


def test_ill_conditioned_delays_are_found_by_an_orthogonal_method():
    kernel = binomial(8)
    operator = ConvolutionOperator(kernel, 60)
    norms, _ = delay_objectives(operator)
    H = convolution_matrix(kernel, 60).toarray()
    condition = np.linalg.cond(H)
    assert condition > best_delay._WELL_CONDITIONED
    left = np.linalg.svd(H)[0][:, 60:]  # what is not in the range
    np.testing.assert_allclose(norms, np.linalg.norm(left, axis=1), atol=100 * EPS * condition)


@pytest.mark.parametrize(
    ("sigma", "status"), [(5.0, Status.ILL_CONDITIONED), (3.0, Status.RANK_DEFICIENT)]
)
def test_numerically_singular_kernels_still_give_a_best_delay_and_say_what_they_are(sigma, status):
    found = inverse_filter(gaussian(65, sigma), 60)
    assert found.solution.status is status and found.solution.advice
    assert np.isfinite(found.filter).all() and found.residual_norm < 1
    if status is Status.ILL_CONDITIONED:
        promised = found.delay_choice.objective_norms[found.delay]
        assert abs(found.residual_norm - promised) <= EPS * found.solution.condition


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_scipys_toeplitz_solver_in_one_dimension(size):
    rng = np.random.default_rng(size)
    kernel = rng.standard_normal(4)
    correlation = np.zeros(size)
    whole = np.correlate(kernel, kernel, "full")[3:]
    correlation[: min(4, size)] = whole[:size]
    for index in (0, size // 2, size + 2):
        unit = delta(index, size + 3)
        rhs = np.correlate(unit, kernel, "valid")
        expected = linalg.solve_toeplitz(correlation, rhs)
        found = inverse_filter(kernel, size, delay=index)
        condition = np.linalg.cond(linalg.toeplitz(correlation))
        size_of_it = np.linalg.norm(expected) + 1 / np.sqrt(np.linalg.norm(correlation))
        assert np.linalg.norm(found.filter - expected) <= 100 * EPS * condition * size_of_it
        assert found.delay == (index,) and found.anchor == (index - 1,)
        assert found.delay_choice is None


@pytest.mark.parametrize("zero", [0.3, -0.7, 0.9])
def test_one_zero_has_a_closed_form(zero):
    """For ``1 - zero z`` the range of H is all but one vector, which has the powers of 1/zero."""
    for size in (1, 5, 20):
        found = inverse_filter([1, -zero], size)
        powers = zero ** np.arange(size + 1.0)
        best = abs(powers[-1]) / np.linalg.norm(powers)
        assert found.residual_norm == pytest.approx(best, rel=1e-9, abs=100 * EPS)
        if best > 1e-6:  # below, all delays are alike to rounding
            assert found.delay == (0,)


@pytest.mark.parametrize(
    "zeros", [(0.8, 0.3), (0.7, -0.6, 0.1), (0.75 * np.exp(0.5j), 0.75 * np.exp(-0.5j), 0.2)]
)
def test_minimum_phase_residuals_fall_at_the_rate_of_the_largest_zero(zeros):
    kernel = np.real(np.poly(zeros))
    sizes = np.arange(30, 91, 12)
    norms = [inverse_filter(kernel, int(n), delay=0).residual_norm for n in sizes]
    rate = np.exp(np.polyfit(sizes, np.log(norms), 1)[0])
    # A pair of zeros turns while it decays; the amplitude is bounded, the rate is not changed.
    assert rate == pytest.approx(max(abs(z) for z in zeros), rel=0.01)


def test_a_zero_outside_the_circle_needs_a_delay():
    at_zero = [inverse_filter([1, -2.5, 1], n, delay=0) for n in (10, 40)]
    assert at_zero[0].residual_norm == pytest.approx(at_zero[1].residual_norm, rel=1e-4)
    assert at_zero[1].residual_norm > 0.8
    delayed = inverse_filter([1, -2.5, 1], 40)
    assert delayed.residual_norm < 1e-5
    assert delayed.invertibility is Invertibility.WITH_DELAY and "delay" in delayed.verdict


def test_the_anchor_applies_the_filter_in_place():
    rng = np.random.default_rng(2)
    picture = rng.random((30, 31))
    for anchor in (None, (0, 2), (-1, 5)):
        found = inverse_filter(DOMINANT, (11, 12), anchor=anchor)
        blurred = convolve(picture, DOMINANT, "full", anchor=anchor)
        # The full output begins at index -anchor of the picture.
        origin = (1, 1) if anchor is None else anchor
        restored = convolve(blurred, found.filter, "full")
        first = tuple(d for d in found.delay)
        inside = restored[first[0] : first[0] + 30, first[1] : first[1] + 31]
        assert np.abs(inside - picture).max() <= found.residual_norm * np.linalg.norm(picture)
        assert found.anchor == tuple(d - c for d, c in zip(found.delay, origin, strict=True))
        same = convolve(
            convolve(picture, DOMINANT, "same", "circular", anchor=anchor),
            found.filter,
            "same",
            "circular",
            anchor=found.anchor,
        )
        assert np.abs(same - picture).max() <= found.residual_norm * np.linalg.norm(picture)


def test_a_target_takes_the_place_of_the_delta():
    rng = np.random.default_rng(3)
    target = rng.standard_normal((7, 8))
    found = inverse_filter(DOMINANT, (5, 6), target=target)
    certify(found, DOMINANT, target)
    assert found.delay == (3, 3) and found.anchor == (2, 2) and found.delay_choice is None
    placed = inverse_filter(DOMINANT, (5, 6), target=target, delay=(1, 0))
    assert placed.anchor == (0, -1)
    np.testing.assert_array_equal(placed.filter, found.filter)
    unit = inverse_filter(DOMINANT, (5, 6), target=delta((3, 4), (7, 8)))
    same = inverse_filter(DOMINANT, (5, 6), delay=(3, 4))
    np.testing.assert_array_equal(unit.filter, same.filter)
    np.testing.assert_array_equal(unit.residual, same.residual)


def test_damping_is_wieners_filter_for_white_pictures():
    """Expected error p^2 |f * g - delta|^2 + s^2 |g|^2, least where damp is s / p."""
    kernel, shape, signal_std, noise_std = PLUS / 5, (7, 7), 3.0, 0.4

    def expected_error(found):
        return signal_std**2 * found.residual_norm**2 + noise_std**2 * found.noise_gain**2

    best = inverse_filter(kernel, shape, damp=noise_std / signal_std)
    for factor in (0, 0.5, 0.9, 1.1, 2):
        other = inverse_filter(kernel, shape, damp=factor * noise_std / signal_std)
        assert expected_error(best) < expected_error(other)


@pytest.mark.parametrize("method", ["gcv", "rgcv", "lcurve"])
def test_damp_can_be_chosen_and_the_filter_is_optimal_for_it(method):
    kernel = np.outer(gaussian(7, 1.2), gaussian(7, 1.2))
    found = inverse_filter(kernel, (6, 7), damp=method)
    assert found.solution.damp == found.damp_choice.damp > 0
    certify(found, kernel, delta(found.delay, (12, 13)), damp=found.solution.damp)
    again = inverse_filter(kernel, (6, 7), damp=found.solution.damp)
    assert again.delay == found.delay
    placed = inverse_filter(kernel, (6, 7), damp=method, delay=(1, 2))
    assert placed.delay == (1, 2) and placed.damp_choice.method == method


@pytest.mark.parametrize("solver", ["auto", "bounded", "nonnegative", "fista"])
def test_nonnegative_filters_satisfy_their_optimality_conditions(solver):
    kernel, shape = DOMINANT, (5, 5)
    found = inverse_filter(kernel, shape, nonnegative=True, solver=solver)
    H = convolution_matrix(kernel, shape).toarray()
    g = found.filter.ravel()
    slope = H.T @ (H @ g - delta(found.delay, (7, 7)).ravel())
    small = (1e-8 if solver == "fista" else 1000 * EPS) * np.linalg.norm(H, 2)
    assert g.min() >= 0
    assert slope.min() >= -small and np.abs(slope[g > 0]).max() <= small
    _, norm = optimize.nnls(H, delta(found.delay, (7, 7)).ravel())
    assert found.residual_norm == pytest.approx(norm, rel=1e-8)
    assert "without the constraint" in found.delay_choice.message


def test_a_nonnegative_delay_is_the_best_of_those_it_says():
    found = inverse_filter([1, -2.5, 1], 9, nonnegative=True)
    choice = found.delay_choice
    assert found.residual_norm == pytest.approx(choice.objective_norms.min())
    for candidate, norm in zip(choice.candidates, choice.objective_norms, strict=True):
        placed = inverse_filter([1, -2.5, 1], 9, nonnegative=True, delay=tuple(candidate.tolist()))
        assert placed.residual_norm == pytest.approx(norm)


def test_large_filters_try_the_stated_delays(monkeypatch):
    monkeypatch.setattr(best_delay, "ALL_DELAYS", 30)
    found = inverse_filter(DOMINANT, (6, 7), anchor=(0, 0), damp=0.1)
    choice = found.delay_choice
    assert {tuple(d) for d in choice.candidates.tolist()} == {
        (3, 4),
        (2, 3),
        (0, 0),
        (0, 8),
        (7, 0),
        (7, 8),
    }
    assert choice.message.startswith("6 delays: the centre of f * g")
    norms = []
    for d in choice.candidates:
        placed = inverse_filter(DOMINANT, (6, 7), anchor=(0, 0), damp=0.1, delay=tuple(d.tolist()))
        norms.append(np.hypot(placed.residual_norm, 0.1 * placed.noise_gain))
    np.testing.assert_allclose(choice.objective_norms, norms, rtol=1e-9)
    assert found.delay == tuple(choice.candidates[np.argmin(norms)])


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 12))
def test_a_larger_support_never_leaves_more(seed, taps, size):
    kernel = np.random.default_rng(seed).standard_normal(taps)
    one, two = (inverse_filter(kernel, n) for n in (size, size + 1))
    rounding = 10 * EPS * max(one.solution.condition, two.solution.condition)
    assert rounding < 1e-3
    assert two.residual_norm <= one.residual_norm + rounding


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_scaling_and_flipping_the_kernel(seed, exponent):
    rng = np.random.default_rng(seed)
    kernel, scale = rng.standard_normal((2, 3)), 10.0**exponent
    found = inverse_filter(kernel, (4, 3), delay=(2, 3))
    allowed = 1e3 * EPS * found.solution.condition**2 * found.noise_gain
    scaled = inverse_filter(scale * kernel, (4, 3), delay=(2, 3))
    assert np.linalg.norm(scale * scaled.filter - found.filter) <= allowed
    flipped = inverse_filter(kernel[::-1, ::-1], (4, 3), delay=(2, 1))
    assert np.linalg.norm(flipped.filter[::-1, ::-1] - found.filter) <= allowed


@pytest.mark.parametrize("dtype", ["float32", "complex64", "int8", "bool", ">f8"])
def test_kernels_of_other_types_are_computed_in_double_precision(dtype):
    kernel = np.array([1, 0, 1, 1]).astype(dtype)
    found = inverse_filter(kernel, 5)
    wide = inverse_filter(kernel.astype(np.complex128 if dtype[0] == "c" else float), 5)
    np.testing.assert_array_equal(found.filter, wide.filter)


def test_long_filters_in_one_dimension_are_quick_by_a_band():
    found = inverse_filter([1, 0.5, 0.2], 3000, delay=7)
    assert found.solution.solver == "qr"
    assert found.residual_norm < 1e-12
    deficient = inverse_filter(np.ones(2), 300, solver="auto", delay=3)
    assert deficient.solution.status is Status.CONVERGED


def test_the_result_reads_well():
    text = str(inverse_filter(PLUS, (3, 3), damp="gcv"))
    for words in (
        "inverse filter 3x3, delay (2, 2), anchor (1, 1)",
        "the best of all 25 delays",
        "noise gain",
        "not invertible because F vanishes on curves",
        "by gcv",
        "solved by cholesky: converged",
    ):
        assert words in text
    with pytest.raises(AttributeError):
        inverse_filter([1, 4, 1], 3).delay = 0


@pytest.mark.parametrize(
    ("kernel", "shape", "options", "message"),
    [
        ([0, 0], 3, {}, "kernel is all zero .*nothing undoes it"),
        ([1, 2], 0, {}, "inverse_shape must be .* at least 1, got 0"),
        ([1, 2], (3, 3), {}, "kernel must have 2 axes, got 1"),
        ([1, 2], 2.5, {}, "inverse_shape must be an int"),
        ([1, np.nan], 3, {}, "kernel has entries that are NaN"),
        ([1, 2], 3, {"delay": 4}, "delay must be an index of f . g, whose shape is .4,."),
        ([1, 2], 3, {"delay": -1}, "delay must be an index"),
        ([1, 2], 3, {"delay": (1, 1)}, "delay must be an index"),
        ([1, 2], 3, {"delay": 1.0}, "delay must be an int"),
        ([1, 2], 3, {"delay": True}, "delay must be an int"),
        ([1, 2], 3, {"target": [1, 0]}, "target must have the shape of f . g .*.4,., got .2,."),
        ([1, 2], 3, {"target": [1, 0, np.inf, 0]}, "target has entries that are NaN or infinite"),
        ([1, 2], 3, {"anchor": (0, 0)}, "anchor"),
        ([1, 2], 3, {"damp": -1}, "damp must be from 0 to 1e.150 for this kernel, got -1"),
        ([1, 2], 3, {"damp": "best"}, "damp must be a number or gcv, rgcv, lcurve, got 'best'"),
        ([1, 2], 3, {"damp": "discrepancy"}, "which a delta has not"),
        (
            [1, 2],
            3,
            {"damp": 1, "penalty": np.eye(4)},
            "penalty must have a column for each of the 3 entries",
        ),
        ([1, 2], 3, {"nonnegative": 1}, "nonnegative must be True or False"),
        ([1, 2], 3, {"nonnegative": True, "solver": "lsqr"}, "takes no constraints"),
        ([1j, 2], 3, {"nonnegative": True}, "real problems"),
        ([1, 2], 3, {"solver": "gauss"}, "solver must be auto"),
        ([1, 2], 3, {"solver": "lsmr", "tolerance": -1}, "tolerance must"),
        ([1, 2], 3, {"nonsense": 1}, "no option nonsense"),
    ],
)
def test_what_is_refused(kernel, shape, options, message):
    with pytest.raises(ConvmatError, match=message):
        inverse_filter(kernel, shape, **options)


# smallest_inverse


def every_support_of_fewer_entries(found, axes):
    entries = found.filter.size
    for index in np.ndindex(*(entries,) * axes):
        shape = tuple(i + 1 for i in index)
        if np.prod(shape) < entries:
            yield shape


@pytest.mark.parametrize(
    ("kernel", "tolerance"),
    [
        ([1, 4, 1], 1e-3),
        ([1, -0.5], 1e-2),
        ([1, -2.5, 1], 0.1),
        ([3.0], 0.5),
        ([[0, 1, 0], [1, 9, 1], [0, 1, 0]], 0.05),
        ([[0, 1, 0.5], [1, 7, 0]], 0.06),
        ([[1, 5, 1]], 0.01),
        ([[[6, 1], [1, 0.2]], [[1, 0], [0, 0.1]]], 0.2),
    ],
)
def test_no_smaller_support_meets_the_tolerance(kernel, tolerance):
    kernel = np.array(kernel, dtype=float)
    found = smallest_inverse(kernel, tolerance)
    assert found.residual_norm <= tolerance
    for shape in every_support_of_fewer_entries(found, kernel.ndim):
        assert inverse_filter(kernel, shape).residual_norm > tolerance


def test_one_sample_along_an_axis_needs_one_entry():
    assert smallest_inverse([[1.0, 5, 1]], 1e-4).filter.shape[0] == 1
    assert smallest_inverse([[2.0]], 1e-9).filter.shape == (1, 1)


def test_what_no_support_meets_is_told_with_the_verdict():
    with pytest.raises(
        ConvmatError, match=r"up to 12x12 entries, of which the best leaves 0\.\d+; not invertible"
    ):
        smallest_inverse(PLUS, 0.01, max_size=12)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.0], 0.1), {}, "all zero"),
        (([1, 2], -0.1), {}, "tolerance must"),
        (([1, 2], np.nan), {}, "tolerance must"),
        (([1, 2], "small"), {}, "tolerance must"),
        (([1, 2], 0.1), {"max_size": 0}, "max_size must"),
        (([1, 2], 0.1), {"max_size": 2.5}, "max_size must"),
        ((3.0, 0.1), {}, "kernel must have at least 1 axes"),
        (([[1], [1, 2]], 0.1), {}, "kernel must be a rectangular array"),
    ],
)
def test_what_smallest_inverse_refuses(arguments, options, message):
    with pytest.raises(ConvmatError, match=message):
        smallest_inverse(*arguments, **options)


def alternating_polynomials_leave(zeros, outputs, index):
    """Of a delta, what no filter for (1 + z)^zeros reaches: H' takes (-1)^i p(i) to zero.

    Here p is any polynomial of a degree below `zeros`; so this is the projection on these.
    """
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, outputs), zeros - 1)
    return np.linalg.norm(np.linalg.qr(basis)[0][index])


@pytest.mark.parametrize("zeros", [2, 3])
@pytest.mark.parametrize("size", [4097, 20000])
def test_long_filters_for_kernels_with_zeros_reach_the_optimum(zeros, size):
    kernel = binomial(zeros) * 2**zeros
    found = inverse_filter(kernel, size, delay=size // 2)
    best = alternating_polynomials_leave(zeros, size + zeros, size // 2)
    rounding = EPS * kernel.sum() * (found.noise_gain + 1)
    assert abs(found.residual_norm - best) <= rounding
    assert found.solution.solver == "qr"
    assert found.solution.status in (Status.CONVERGED, Status.ILL_CONDITIONED)
    # The gradient again, from the matrix.
    gradient = np.correlate(found.residual, kernel, "valid")
    assert np.linalg.norm(gradient) <= 10 * kernel.sum() * rounding


def test_every_delay_of_a_long_filter_for_a_kernel_with_zeros():
    norms, _ = delay_objectives(ConvolutionOperator([1.0, 2.0, 1.0], 4000))
    expected = [alternating_polynomials_leave(2, 4002, i) for i in (0, 1, 1000, 2000, 4001)]
    condition = 4 / (2 - 2 * np.cos(np.pi / 4001))  # at most
    np.testing.assert_allclose(norms[[0, 1, 1000, 2000, 4001]], expected, atol=EPS * condition)
    assert inverse_filter([1, 2, 1], 4000).delay == (2000,)


@pytest.mark.parametrize("delay", [700, None])
def test_bands_that_are_singular_to_rounding_are_damped_by_as_much(delay):
    kernel = binomial(8)
    found = inverse_filter(kernel, 1500, delay=delay)
    solution = found.solution
    assert solution.status is Status.RANK_DEFICIENT and "singular to rounding" in solution.message
    assert solution.damp == 0 and solution.gradient_norm <= 10 * EPS * (1 + found.noise_gain)
    # A dense truncation, which may choose its rank, does not leave much less.
    H = convolution_matrix(kernel, 1500).toarray()
    left, sizes, _ = np.linalg.svd(H, full_matrices=False)
    share = np.linalg.norm(left[found.delay][sizes > 1500 * EPS])
    assert found.residual_norm**2 <= 1.5 * (1 - share**2)
    if found.delay_choice is not None:
        promised = found.delay_choice.objective_norms[found.delay]
        assert found.residual_norm <= promised <= 1.1 * found.residual_norm


@pytest.mark.parametrize("delay", [2049, None])
@pytest.mark.parametrize("kernel", [[1, 2, 1], [1, 3, 3, 1]])
def test_a_factorization_that_breaks_down_is_a_result_that_says_so(kernel, delay):
    found = inverse_filter(kernel, 4097, delay=delay, solver="cholesky")
    assert found.solution.status is Status.RANK_DEFICIENT
    assert "broke down" in found.solution.message
    assert np.isnan(found.filter).all() and np.isnan([found.residual_norm, found.noise_gain]).all()
    assert "nan" in str(found)


@pytest.mark.parametrize("damp", [True, np.True_])
def test_damp_is_no_truth_value(damp):
    with pytest.raises(ConvmatError, match="damp must be a number or .*got .*True"):
        inverse_filter([1, 4, 1], 5, damp=damp)
