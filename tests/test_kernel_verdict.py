"""Where a spectrum is smallest, and the verdict: against polynomials' roots and known zeros."""

from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize

from convmat import inverse_filter
from convmat.inverse.kernel_spectrum import spectrum, spectrum_derivatives
from convmat.inverse.spectrum_minimum import ZERO, spectrum_minimum
from convmat.inverse.verdict import WEAK, Invertibility, judge

EPS = np.finfo(float).eps
PLUS = np.array([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
DOMINANT = np.array([[0.0, 1, 0], [1, 5, 1], [0, 1, 0]])


def binomial(order):
    return np.array([comb(order, i) for i in range(order + 1)]) / 2**order


def gaussian(size, sigma):
    return np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_spectra_are_the_fourier_sum_and_their_derivatives_its_derivatives(seed, axes):
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal(rng.integers(1, 5, axes))
    u = rng.uniform(-0.5, 0.5, (3, axes))
    places = np.indices(kernel.shape).reshape(axes, -1).T - (np.array(kernel.shape) - 1) / 2
    waves = np.exp(-2j * np.pi * u @ places.T)
    total = np.abs(kernel).sum()
    by_hand = waves @ kernel.ravel()
    assert np.abs(spectrum(kernel, u) - by_hand).max() <= 100 * EPS * total
    factors = -2j * np.pi * places
    first, second = spectrum_derivatives(kernel, u, second=True)
    by_hand = waves @ (kernel.ravel()[:, None] * factors)
    assert np.abs(first - by_hand).max() <= 1e4 * EPS * total
    for i in range(axes):
        by_hand = waves @ (kernel.ravel()[:, None] * factors * factors[:, [i]])
        assert np.abs(second[:, i] - by_hand).max() <= 1e5 * EPS * total


def stationary_sizes(kernel):
    """|F| at the roots of the derivative of |F|^2, a polynomial in exp(2 pi i u), and at 0.

    They have a root for every maximum; those off the unit circle are moved onto it, and stand for
    any frequency.
    """
    squares = np.convolve(kernel, kernel[::-1].conj())
    order = np.arange(squares.size) - len(kernel) + 1
    angles = np.append(np.angle(np.roots((squares * order)[::-1])), 0)
    u = -angles[:, None] / (2 * np.pi)
    waves = np.exp(-2j * np.pi * u * np.arange(len(kernel)))
    return np.abs(waves @ kernel)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
def test_the_largest_response_of_one_axis_is_a_root_of_the_derivative(seed, taps, is_complex):
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal(taps) + (1j * rng.standard_normal(taps) if is_complex else 0)
    largest = stationary_sizes(kernel).max()
    rounding = 10 * EPS * np.abs(kernel).sum()
    assert abs(spectrum_minimum(kernel).largest - largest) <= rounding


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (7, 4), (2, 3, 2)])
def test_extreme_responses_of_more_axes_are_those_of_a_search(seed, shape):
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal(shape) + (seed % 3 == 2) * 1j * rng.standard_normal(shape)
    kernel = kernel - (seed % 2) * kernel.mean()
    kernel[(0,) * len(shape)] += 0.7 * np.abs(kernel).sum()
    found = spectrum_minimum(kernel)
    sides = (160, 160) if len(shape) == 2 else (40, 40, 40)
    sizes = np.abs(np.fft.fftn(kernel, sides, range(len(sides))))

    def size(u):
        return abs(spectrum(kernel, u[None])[0])

    rounding = 10 * EPS * np.abs(kernel).sum()
    ends = []
    for sign in (1, -1):
        order = np.argsort(sign * sizes.ravel())[:2]
        starts = np.stack(np.unravel_index(order, sides), axis=1) / np.array(sides)
        options = {"xatol": 1e-9, "fatol": 1e-15, "maxiter": 2000}
        searches = [
            optimize.minimize(
                lambda u, sign=sign: sign * size(u), start, method="Nelder-Mead", options=options
            )
            for start in starts
        ]
        ends.append(sign * min(search.fun for search in searches))
    smallest, largest = ends
    assert abs(found.largest - largest) <= rounding
    assert abs(found.ratio * found.largest - smallest) <= rounding
    assert found.ratio == pytest.approx(smallest / largest, abs=2 * rounding / largest)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_one_axis_against_the_roots_of_the_polynomial(seed, taps):
    """The number of roots outside the unit circle is the delay; and nothing is smaller nearby."""
    kernel = np.random.default_rng(seed).standard_normal(taps)
    roots = np.roots(kernel)
    assume(np.abs(np.abs(roots) - 1).min() > 0.05)
    verdict = judge(kernel)
    minimum = verdict.minimum
    grid = np.linspace(-0.5, 0.5, 20001)[:, None]
    magnitudes = np.abs(spectrum(kernel, grid))
    assert minimum.ratio * minimum.largest <= magnitudes.min() * (1 + 1e-9)
    assert minimum.largest >= magnitudes.max() * (1 - 1e-15)
    there = np.abs(spectrum(kernel, np.array([minimum.frequency])))[0]
    assert there == pytest.approx(minimum.ratio * minimum.largest, rel=1e-9)
    if minimum.ratio > WEAK:
        outside = int((np.abs(roots) > 1).sum())
        assert verdict.least_delay == (outside,)
        expected = Invertibility.WITH_DELAY if outside else Invertibility.INVERTIBLE
        assert verdict.invertibility is expected


@given(st.lists(st.floats(0.01, 0.49), min_size=1, max_size=3))
def test_zeros_on_the_circle_are_found_where_they_are(frequencies):
    frequencies = np.sort(frequencies)
    assume(len(frequencies) == 1 or np.diff(frequencies).min() > 0.03)
    kernel = np.ones(1)
    for u in frequencies:
        kernel = np.convolve(kernel, [1, -2 * np.cos(2 * np.pi * u), 1])
    found = spectrum_minimum(kernel)
    assert found.ratio == 0.0 and not found.continuous
    np.testing.assert_allclose(np.sort(found.zeros[:, 0]), frequencies, atol=1e-6)
    assert judge(kernel).invertibility is Invertibility.NOT_INVERTIBLE


@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 8, 12])
def test_binomial_kernels_vanish_at_the_nyquist_frequency(order):
    line = judge(binomial(order))
    assert line.minimum.frequency == (0.5,) and line.minimum.ratio == 0.0
    assert line.words.startswith("not invertible because F vanishes at 0.5 cycles per sample")
    plane = judge(np.outer(binomial(order), binomial(order)))
    assert plane.minimum.continuous and 0.5 in plane.minimum.frequency
    assert "vanishes on curves" in plane.words


@pytest.mark.parametrize("length", [3, 5, 7, 9, 11])
def test_motion_blur_vanishes_at_multiples_of_its_frequency(length):
    found = spectrum_minimum(np.full(length, 1 / length))
    expected = np.arange(1, length // 2 + 1) / length
    np.testing.assert_allclose(found.zeros[:, 0], expected, atol=100 * EPS)
    flat = judge(np.full((1, length), 1 / length))
    assert not flat.minimum.continuous  # nothing varies along the other axis
    diagonal = judge(np.eye(length) / length)
    assert diagonal.minimum.continuous
    turns = diagonal.minimum.zeros.sum(axis=1) * length  # F depends on u + v alone
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-6)


def test_the_plus_vanishes_on_curves():
    """F = 1 + 2 cos(2 pi u) + 2 cos(2 pi v)."""
    verdict = judge(PLUS)
    u, v = 2 * np.pi * verdict.minimum.zeros.T
    rounding = ZERO * EPS * PLUS.sum()
    assert np.abs(1 + 2 * np.cos(u) + 2 * np.cos(v)).max() <= rounding
    assert verdict.minimum.continuous and verdict.least_delay is None
    assert verdict.words == (
        "not invertible because F vanishes on curves, such as at (0.3333, 0.25) cycles per sample: "
        "needs damping where there is noise"
    )


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ([2, 1], "invertible: its inverse is causal"),
        ([1, 2], "invertible with delay: the delta has to stand at index 1 or later"),
        ([1, -2.5, 1], "invertible with delay: the delta has to stand at index 1 or later"),
        ([0, 0, 7], "invertible with delay: the delta has to stand at index 2 or later"),
        ([1], "invertible: its inverse is causal"),
        ([[4, 1], [1, 0.5]], "invertible: its inverse is causal"),
        (DOMINANT, "invertible with delay: the delta has to stand at index (1, 1) or later"),
        ([1j, 0.2], "invertible: its inverse is causal"),
        (
            np.outer(gaussian(5, 1), gaussian(5, 1)),
            "needs damping: |F| falls to 0.00054 of its largest at (0.5, 0.5) cycles per sample, "
            "where noise grows 1.86e+03-fold",
        ),
        (
            [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
            "not invertible because F vanishes at (0, 0) cycles per sample: needs damping where "
            "there is noise",
        ),
        (
            np.ones(7),
            "not invertible because F vanishes at 0.1429, 0.2857 and 0.4286 cycles per sample: "
            "needs damping where there is noise",
        ),
    ],
)
def test_verdicts(kernel, words):
    kernel = np.array(kernel, dtype=complex if np.iscomplexobj(kernel) else float)
    for scale in (1.0, 1e-150, 1e150):
        assert judge(scale * kernel).words == words


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0])
def test_a_gaussian_is_hopeless_without_damping(sigma):
    kernel = np.outer(gaussian(13, sigma), gaussian(13, sigma))
    kernel /= kernel.sum()
    found = inverse_filter(kernel, (9, 9))
    assert "needs damping" in found.verdict
    assert found.noise_gain > 100
    assert inverse_filter(kernel, (9, 9), damp=0.05).noise_gain < 10


def test_isolated_zeros_of_a_generic_kernel_are_no_curves():
    verdict = judge(np.random.default_rng(0).random((5, 5)))
    zeros = verdict.minimum.zeros
    assert len(zeros) > 1 and not verdict.minimum.continuous
    kernel = np.random.default_rng(0).random((5, 5))
    assert np.abs(spectrum(kernel, zeros)).max() <= ZERO * EPS * kernel.sum()
    assert "and 4 more frequencies" in verdict.words


def test_single_precision_is_judged_by_its_own_rounding():
    third = np.array([1, 2, 1]) / np.float32(3)
    assert judge(third.astype(np.float32)).invertibility is Invertibility.NOT_INVERTIBLE
    assert judge(third.astype(np.float64) * [1, 1 + 1e-8, 1]).minimum.ratio > 0


def test_flat_spectra_are_smallest_at_zero_frequency():
    for kernel in ([5.0], [0, 0, 1, 0.0], [[0, 0], [0, 2.0]]):
        found = spectrum_minimum(np.array(kernel))
        assert set(found.frequency) == {0.0} and found.ratio == pytest.approx(1.0)


def test_the_verdict_is_in_the_result():
    found = inverse_filter(PLUS, (3, 3))
    assert found.verdict == judge(PLUS).words
    assert found.invertibility == "not invertible"
    assert found.worst_response == 0.0
    dominant = inverse_filter(DOMINANT, (3, 3))
    assert dominant.worst_frequency == (0.5, 0.5)
    assert dominant.worst_response == pytest.approx(1 / 9)
