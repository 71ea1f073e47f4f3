"""Kernels of every scale a number can have: the same answers, or an error that says why not.

Multiplying by a power of two is exact, so results are compared to the last digit; and optimality
is judged in extended precision, whose exponents reach further.
"""

import numpy as np
import pytest

from convmat import (
    ConvmatError,
    compare_inverses,
    convolution_matrix,
    difference_matrix,
    inverse_filter,
    inverse_matrix,
    smallest_inverse,
)

EPS = np.finfo(float).eps
RNG = np.random.default_rng(7)
REAL = RNG.uniform(-0.5, 0.5, (3, 2))
REAL[1, 0] += 1.5
COMPLEX = REAL + 1j * RNG.uniform(-1, 1, (3, 2))
SEPARABLE = np.outer([0.25, 1.0, 0.375], [1.5, 0.5])
SHAPE = (4, 5)
TARGET = RNG.standard_normal((6, 6))
ROUGH = difference_matrix(SHAPE, 1)
POWERS = [-980, -533, 100, 101, 900]


def times_power(values, exponent):
    values = np.asarray(values)
    if values.dtype.kind == "c":
        return np.ldexp(values.real, exponent) + 1j * np.ldexp(values.imag, exponent)
    return np.ldexp(values, exponent)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"damp": 0.3}, id="damped"),
        pytest.param({"damp": 0.3, "penalty": ROUGH, "delay": (2, 3)}, id="sparse penalty"),
        pytest.param(
            {"damp": 0.3, "penalty": ROUGH.toarray(), "delay": (2, 3), "solver": "qr"},
            id="dense penalty",
        ),
        pytest.param({"damp": "gcv"}, id="gcv"),
        pytest.param({"damp": "lcurve", "penalty": ROUGH, "delay": (2, 2)}, id="lcurve"),
        pytest.param({"target": TARGET}, id="target"),
        pytest.param({"nonnegative": True}, id="nonnegative"),
        pytest.param({"solver": "lsmr", "delay": (1, 2)}, id="lsmr"),
        pytest.param({"solver": "pcg", "damp": 0.1, "delay": (1, 2)}, id="pcg"),
        pytest.param({"solver": "spectral", "delay": (1, 2)}, id="spectral"),
    ],
)
@pytest.mark.parametrize("kernel", [REAL, COMPLEX, SEPARABLE])
def test_filters_scale_to_the_last_digit(kernel, options, power):
    separable = np.linalg.matrix_rank(kernel) == 1
    if options.get("solver") == "spectral" and not separable:
        pytest.skip("no structure")
    if options.get("nonnegative") and np.iscomplexobj(kernel):
        pytest.skip("real problems only")
    if isinstance(options.get("damp"), str) and power == 100:
        pytest.skip("too near to 1 to be scaled, and candidates go by logarithms")
    usual = inverse_filter(kernel, SHAPE, **options)
    units = dict(options)
    if isinstance(options.get("damp"), float):
        units["damp"] = float(np.ldexp(options["damp"], power))
    found = inverse_filter(times_power(kernel, power), SHAPE, **units)
    np.testing.assert_array_equal(found.filter, times_power(usual.filter, -power))
    np.testing.assert_array_equal(found.residual, usual.residual)
    assert found.residual_norm == usual.residual_norm == found.solution.residual_norm
    assert found.noise_gain == np.ldexp(usual.noise_gain, -power)
    assert found.solution.gradient_norm == np.ldexp(usual.solution.gradient_norm, power)
    assert found.solution.damp == np.ldexp(usual.solution.damp, power)
    assert found.solution.status is usual.solution.status
    assert (found.delay, found.verdict) == (usual.delay, usual.verdict)
    assert found.worst_response == usual.worst_response
    if found.damp_choice is not None:
        ours, theirs = found.damp_choice, usual.damp_choice
        assert ours.damp == found.solution.damp
        np.testing.assert_array_equal(ours.damps, np.ldexp(theirs.damps, power))
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.residual_norms, theirs.residual_norms)
        np.testing.assert_array_equal(ours.penalty_norms, np.ldexp(theirs.penalty_norms, -power))


@pytest.mark.parametrize("factor", [1e-305, 1e-160, 1e-40, 1e155, 1e300])
@pytest.mark.parametrize("damp", [0.0, 0.5])
def test_optimality_in_extended_precision(factor, damp):
    kernel, damp = REAL * factor, damp * factor
    found = inverse_filter(kernel, SHAPE, damp=damp, delay=(2, 3))
    H = np.ldexp(convolution_matrix(REAL, SHAPE).toarray().astype(np.longdouble), 0)
    H *= np.longdouble(factor)
    g = found.filter.ravel().astype(np.longdouble)
    left = H @ g
    left[2 * 6 + 3] -= 1
    gradient = H.T @ left + np.longdouble(damp) ** 2 * g
    size = np.sqrt((H**2).sum()) * (1 + np.sqrt((H**2).sum()) * np.sqrt((g**2).sum()))
    assert np.sqrt((gradient**2).sum()) <= 50 * EPS * size
    assert abs(found.residual_norm - np.sqrt((left**2).sum())) <= 50 * EPS
    assert abs(found.noise_gain / np.sqrt((g**2).sum()) - 1) <= 50 * EPS


@pytest.mark.parametrize("power", [-1000, -300, 300, 1000])
def test_targets_scale_too(power):
    usual = inverse_filter(REAL, SHAPE, target=TARGET, damp="gcv", solver="lsmr")
    found = inverse_filter(REAL, SHAPE, target=np.ldexp(TARGET, power), damp="gcv", solver="lsmr")
    np.testing.assert_array_equal(found.filter, np.ldexp(usual.filter, power))
    np.testing.assert_array_equal(found.residual, np.ldexp(usual.residual, power))
    assert found.residual_norm == np.ldexp(usual.residual_norm, power)
    assert found.solution.damp == usual.solution.damp
    np.testing.assert_array_equal(found.solution.history, np.ldexp(usual.solution.history, power))
    assert not inverse_filter(REAL, SHAPE, target=0 * TARGET).filter.any()


@pytest.mark.parametrize("power", [-700, 700])
def test_penalties_scale_against_damp(power):
    usual = inverse_filter(REAL, SHAPE, damp=0.3, penalty=ROUGH)
    for rough in (ROUGH.toarray(), ROUGH):
        damp = float(np.ldexp(0.3, -power))
        found = inverse_filter(REAL, SHAPE, damp=damp, penalty=rough * 2.0**power)
        np.testing.assert_array_equal(found.filter, usual.filter)
        assert found.solution.damp == damp
    chosen = inverse_filter(REAL, SHAPE, damp="gcv", penalty=ROUGH * 2.0**power)
    same = inverse_filter(REAL, SHAPE, damp="gcv", penalty=ROUGH)
    np.testing.assert_array_equal(chosen.filter, same.filter)
    assert chosen.solution.damp == np.ldexp(same.solution.damp, -power)


@pytest.mark.parametrize("power", [-400, 0, 400])
def test_a_solvers_options_are_in_the_filters_units(power):
    kernel, unit = np.ldexp(REAL, power), 2.0**-power
    bounded = inverse_filter(kernel, SHAPE, delay=(2, 3), lower=-0.02 * unit, upper=0.1 * unit)
    assert bounded.filter.min() == -0.02 * unit
    assert bounded.filter.max() == 0.1 * unit
    total = inverse_filter(kernel, SHAPE, delay=(2, 3), total=0.125 * unit)
    assert total.filter.sum() == pytest.approx(0.125 * unit, rel=100 * EPS)
    exact = inverse_filter(kernel, SHAPE, delay=(2, 3))
    told = []

    def callback(iteration, x, objective_norm, gradient_norm):
        told.append((x.copy(), objective_norm, gradient_norm))

    found = inverse_filter(
        kernel,
        SHAPE,
        delay=(2, 3),
        solver="cgls",
        start=exact.solution.x,
        tolerance=1e-6,
        callback=callback,
    )
    assert found.solution.iterations == 0
    np.testing.assert_array_equal(found.filter, exact.filter)
    slow = inverse_filter(
        kernel, SHAPE, delay=(2, 3), solver="gradient", step=0.01 * unit**2, callback=callback
    )
    np.testing.assert_array_equal(told[-1][0], slow.solution.x)
    objective, slope = slow.solution.history[-1]  # computed anew at the end
    assert told[-1][1] == pytest.approx(objective, rel=100 * EPS)
    assert told[-1][2] == pytest.approx(slope, abs=100 * EPS * np.linalg.norm(REAL) / unit)
    assert np.linalg.norm((slow.filter - exact.filter) / unit) <= 1e-6


def test_damping_far_above_the_kernel_leaves_its_adjoint():
    """As damp grows, damp^2 g tends to H'delta, the kernel turned around."""
    found = inverse_filter(REAL * 1e-100, SHAPE, damp=1.0)
    assert found.noise_gain == pytest.approx(np.linalg.norm(REAL) * 1e-100, rel=100 * EPS)
    with pytest.raises(ConvmatError, match=r"damp must be from 0 to .*e-1\d for this kernel, got"):
        inverse_filter(REAL * 1e-160, SHAPE, damp=1.0)


SMALL = [1e-310, 2.0**-1074]


@pytest.mark.parametrize("factor", [*SMALL, 1.5e307])
def test_a_filter_beyond_all_numbers_is_refused(factor):
    kernel = REAL / np.abs(REAL).max() * factor
    assert kernel.any()
    message = r"norm of the filter would be about \d\.\d\de[+-]3\d\d; float64 has numbers from"
    for find in (
        lambda: inverse_filter(kernel * 10 if factor > 1 else kernel, SHAPE),
        lambda: smallest_inverse(kernel * 10 if factor > 1 else kernel, 0.2),
    ):
        with pytest.raises(ConvmatError, match=message):
            find()


@pytest.mark.parametrize("factor", SMALL)
@pytest.mark.parametrize("boundary", ["zero", "circular"])
@pytest.mark.parametrize("shape", [(5, 4), (40, 40)])
def test_a_pseudo_inverse_beyond_all_numbers_is_refused(factor, boundary, shape):
    kernel = np.outer([1, 4, 1], [1, 5, 1]) * factor
    with pytest.raises(ConvmatError, match="would be about .*; float64 has numbers from"):
        inverse_matrix(kernel, shape, boundary=boundary)


def test_singular_values_beyond_all_numbers_are_refused():
    with pytest.raises(ConvmatError, match=r"largest singular value would be about \d\.\d\de\+309"):
        inverse_matrix(np.full(20, 1.7e308), 40)


@pytest.mark.parametrize("power", POWERS)
def test_the_smallest_inverse_is_the_same(power):
    usual = smallest_inverse(REAL, 0.3)
    found = smallest_inverse(np.ldexp(REAL, power), 0.3)
    np.testing.assert_array_equal(found.filter, np.ldexp(usual.filter, -power))


@pytest.mark.parametrize("power", [-970, -533, 101, 515, 900])
@pytest.mark.parametrize("kernel", [REAL, COMPLEX, SEPARABLE])
@pytest.mark.parametrize("boundary", ["zero", "circular"])
def test_pseudo_inverses_scale_to_the_last_digit(kernel, boundary, power, monkeypatch):
    def check(limit):
        monkeypatch.setattr("convmat.inverse.inverse_matrix._SMALL", limit)
        usual = inverse_matrix(kernel, (6, 5), boundary=boundary)
        found = inverse_matrix(times_power(kernel, power), (6, 5), boundary=boundary)
        assert found.method == usual.method
        assert found.rank == usual.rank
        np.testing.assert_array_equal(found.singular_values, np.ldexp(usual.singular_values, power))
        y = RNG.standard_normal(30)
        one, other = found.operator @ y, times_power(usual.operator @ y, -power)
        if usual.matrix is not None:  # sums of products that are too small for a full number
            np.testing.assert_array_equal(found.matrix, times_power(usual.matrix, -power))
            np.testing.assert_allclose(one, other, rtol=0, atol=100 * EPS * np.abs(other).max())
        else:
            np.testing.assert_array_equal(one, other)
            back = found.operator.H @ y
            np.testing.assert_array_equal(back, times_power(usual.operator.H @ y, -power))
        for ours, theirs in (
            (found.toeplitz, usual.toeplitz),
            (found.convolution, usual.convolution),
        ):
            np.testing.assert_array_equal(ours.kernel, times_power(theirs.kernel, -power))
            assert ours.distance == theirs.distance
        assert found.condition == usual.condition

    check(1024)
    check(0)


@pytest.mark.parametrize("power", [-900, -533, 515, 900])
def test_comparisons_scale(power):
    options = {"boundaries": ["zero", "symmetric"], "modes": ["same"], "supports": [(3, 3)]}
    picture = RNG.random((6, 6))
    usual = compare_inverses(REAL, (6, 6), picture=picture, noise_std=0.01, **options)
    noise = float(np.ldexp(0.01, power))
    found = compare_inverses(
        np.ldexp(REAL, power), (6, 6), picture=picture, noise_std=noise, **options
    )
    for ours, theirs in zip(found.rows, usual.rows, strict=True):
        expected = theirs | {"noise_gain": np.ldexp(theirs["noise_gain"], -power)}
        assert ours == expected
    bright = compare_inverses(
        REAL, (6, 6), picture=np.ldexp(picture, power), noise_std=noise, **options
    )
    assert bright.rows == usual.rows


def test_a_comparison_says_what_is_beyond_all_numbers():
    table = compare_inverses(REAL * 1e-310, (6, 6), boundaries=["zero"], modes=["same"])
    assert [row["restoration_error"] for row in table.rows] == [None]
    assert "float64 has numbers from" in table.rows[0]["note"]
