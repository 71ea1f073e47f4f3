"""Functions that we did not write, probed: what they are known to compute must be found."""

import sys
import tracemalloc
from itertools import count

import cv2
import numpy as np
import pytest
import pywt
import scipy
import skimage.filters
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import integers
from scipy import ndimage, signal

from convmat import Boundary, ConvmatError, Geometry, Mode, convolution_matrix, convolve
from convmat.conventions.dialects import from_dialect
from convmat.probing.operator_report import Border, Verdict
from convmat.probing.probe import probe_operator
from convmat.probing.verify import verify_operator

EPS = np.finfo(np.float64).eps
NDIMAGE = {
    "reflect": "symmetric",
    "constant": "zero",
    "nearest": "replicate",
    "mirror": "mirror",
    "wrap": "circular",
}
FLAT = np.ones((3, 3)) / 9
SIZE = (16, 16)


def only(*names):
    """Candidates for two axes that are the same for both."""
    return (tuple(Boundary(name) for name in names),) * 2


def kernel_of(shape, seed=0):
    """Whole numbers, all different: no orientation fits but the right one."""
    return np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) + 1.0


def explains(report, function):
    """Whether matrix and offset tell what the function makes of a signal."""
    x = np.random.default_rng(9).uniform(-1, 1, report.input_shape)
    y = function(x)
    got = (report.matrix @ x.ravel()).reshape(report.output_shape) + report.offset
    return np.abs(got - y).max() <= 100 * EPS * np.abs(y).max()


@pytest.mark.parametrize("mode", NDIMAGE)
@pytest.mark.parametrize("shape", [(3, 3), (5, 4), (4, 5), (1, 5), (6, 2)])
def test_scipy_convolve_and_correlate(mode, shape):
    kernel = kernel_of(shape)
    for name, function in (("convolve", ndimage.convolve), ("correlate", ndimage.correlate)):
        report = probe_operator(lambda x, f=function: f(x, kernel, mode=mode), (17, 16))
        truth = from_dialect(f"scipy.ndimage.{name}", kernel, mode=mode)
        assert report.linear and report.shift_invariant and report.border is Border.EXTENDED
        assert report.mode is Mode.SAME and report.anchor == truth.anchor
        np.testing.assert_array_equal(report.kernel, truth.kernel)
        np.testing.assert_array_equal(report.correlation, truth.kernel[::-1, ::-1])
        assert all(NDIMAGE[mode] in names for names in report.boundaries)
        assert report.deviation <= 10 * EPS
        assert explains(report, lambda x, f=function: f(x, kernel, mode=mode))
        assert any(name.startswith("scipy.ndimage") for name in report.names)


@pytest.mark.parametrize("mode", NDIMAGE)
def test_the_calls_of_other_tools_do_the_same(mode):
    kernel = kernel_of((4, 3))
    report = probe_operator(lambda x: ndimage.correlate(x, kernel, mode=mode), (16, 17))
    x = np.random.default_rng(0).random((16, 17))
    expected = ndimage.correlate(x, kernel, mode=mode)
    modules = {"numpy": np, "scipy": scipy, "cv2": cv2, "pywt": pywt, "skimage": skimage}
    ours = {tool: call for tool, call in report.names.items() if tool.split(".")[0] in modules}
    assert len(ours) >= 4
    for tool, call in ours.items():
        names = modules | {"x": x}
        exec(call, names)
        assert np.abs(names["y"] - expected).max() <= 100 * EPS * expected.max(), tool


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_scipy_signal(mode, boundary):
    kernel = kernel_of((4, 3))

    def function(x):
        return signal.convolve2d(x, kernel, mode, boundary)

    report = probe_operator(function, (16, 15))
    expected = {"fill": "zero", "wrap": "circular", "symm": "symmetric"}[boundary]
    np.testing.assert_array_equal(report.kernel, kernel)
    assert report.mode == mode and report.anchor == (1, 1)
    assert all(expected in names for names in report.boundaries)
    if mode == "valid":
        assert report.boundaries == (tuple(Boundary),) * 2
    assert explains(report, function)


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("anchor", [None, (0, 0), (3, 1)])
def test_every_geometry_of_our_own(mode, boundary, anchor):
    kernel = kernel_of((4, 3), 3)
    report = probe_operator(lambda x: convolve(x, kernel, mode, boundary, anchor=anchor), (14, 13))
    np.testing.assert_array_equal(report.kernel, kernel)
    assert all(boundary in names for names in report.boundaries)
    assert report.anchor == ((anchor or (1, 1)) if mode == "same" else (1, 1))


def test_boundaries_that_cannot_be_told_apart_are_all_named():
    small = probe_operator(lambda x: ndimage.convolve(x, kernel_of((3, 3)), mode="nearest"), (9, 9))
    assert small.boundaries == only("replicate", "symmetric")
    large = probe_operator(lambda x: ndimage.convolve(x, kernel_of((5, 5)), mode="nearest"), (9, 9))
    assert large.boundaries == only("replicate")
    line = probe_operator(lambda x: ndimage.convolve(x, [[1.0, 2, 5]], mode="mirror"), (9, 9))
    assert line.boundaries == (tuple(Boundary), (Boundary.MIRROR,))


def test_a_boundary_for_each_axis():
    kernel = kernel_of((5, 5))

    def function(x):
        padded = np.pad(np.pad(x, ((2, 2), (0, 0)), mode="wrap"), ((0, 0), (2, 2)), mode="edge")
        return signal.convolve2d(padded, kernel, "valid")

    report = probe_operator(function, (16, 16))
    assert report.boundaries == ((Boundary.CIRCULAR,), (Boundary.REPLICATE,))
    assert report.convention.boundary == ("circular", "replicate")


@pytest.mark.parametrize(
    ("pad", "boundary"),
    [
        ({"mode": "reflect", "reflect_type": "odd"}, "antireflect"),
        ({"mode": "edge"}, "replicate"),
        ({"mode": "reflect"}, "mirror"),
    ],
)
def test_volumes(pad, boundary):
    kernel = kernel_of((3, 4, 2))
    report = probe_operator(
        lambda x: signal.convolve(np.pad(x, ((1, 1), (2, 1), (0, 1)), **pad), kernel, "valid"),
        (7, 9, 8),
    )
    assert np.abs(report.kernel - kernel).max() <= 100 * EPS * kernel.max()
    assert report.anchor == (1, 1, 1)
    assert all(boundary in names for names in report.boundaries)


@pytest.mark.parametrize("shape", [(70, 60), (40, 130)])
@pytest.mark.parametrize("mode", NDIMAGE)
def test_large_signals_share_calls(shape, mode):
    kernel = kernel_of((5, 4))
    report = probe_operator(lambda x: ndimage.convolve(x, kernel, mode=mode), shape)
    assert report.calls < 60 + 2 * kernel.size
    np.testing.assert_array_equal(report.kernel, kernel)
    assert all(NDIMAGE[mode] in names for names in report.boundaries)
    expected = convolution_matrix(kernel, shape, "same", NDIMAGE[mode], anchor=(2, 2))
    assert abs(report.matrix - expected).max() == 0


def test_large_signals_in_mode_full():
    kernel = kernel_of((4, 5))
    report = probe_operator(lambda x: signal.convolve2d(x, kernel, boundary="symm"), (90, 100))
    expected = convolution_matrix(kernel, (90, 100), "full", "symmetric")
    assert abs(report.matrix - expected).max() == 0
    assert report.boundaries == only("symmetric")


def test_a_kernel_too_wide_for_the_calls_is_said_to_be():
    report = probe_operator(lambda x: np.cumsum(np.cumsum(x, 0), 1), (40, 40), max_calls=100)
    assert report.linear and report.matrix is None and report.convention is None
    assert report.shift_invariant is None
    assert "1600 calls" in str(report)


def test_outputs_that_depend_on_far_samples_in_places_are_not_missed():
    def function(x):
        blurred = ndimage.convolve(x, FLAT)
        blurred[3, 5] += x[30, 30]
        return blurred

    report = probe_operator(function, (40, 40), max_calls=100)
    assert report.linear and report.matrix is None
    exact = probe_operator(function, (40, 40), max_calls=1600)
    assert exact.matrix[3 * 40 + 5, 30 * 40 + 30] == 1
    assert exact.shift_invariant is False


@pytest.mark.parametrize(
    ("function", "border"),
    [
        (lambda x, y: np.concatenate([x[:1], y, x[-1:]]), Border.UNTOUCHED),
        (lambda x, y: np.pad(y, 1), Border.ZEROED),
        (lambda x, y: np.pad(y, 1, mode="edge"), Border.REPEATED),
        (
            lambda x, y: (
                np.convolve(x, [1, 2, 4], "same") / np.convolve(np.ones(20), [1, 2, 4], "same")
            ),
            Border.NORMALISED,
        ),
        (lambda x, y: np.concatenate([2 * x[:1], y, x[-1:]]), Border.OTHER),
        (
            lambda x, y: np.convolve(np.r_[x[1], x, x[0]], [1, 2, 4], "valid"),
            Border.SIDES,
        ),
    ],
)
def test_borders_that_are_no_boundary(function, border):
    report = probe_operator(lambda x: function(x, np.convolve(x, [1, 2, 4], "valid")), 20)
    assert report.linear and report.shift_invariant
    assert report.border is border and report.convention is None and report.boundaries == ()
    kernel = np.array([1.0, 2, 4])
    if border is Border.NORMALISED:
        kernel /= 7
    assert np.abs(report.kernel - kernel).max() <= EPS
    assert report.deviation > 0.01


def test_two_ends_are_named():
    report = probe_operator(lambda x: np.convolve(np.r_[x[1], x, x[0]], [1, 2, 4], "valid"), 20)
    assert "begins with mirror and ends with circular" in str(report)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda x: ndimage.convolve(x, FLAT)[::2, ::3],
            ("axis 0 it steps by 2", "axis 1 it steps by 3"),
        ),
        (lambda x: x[::-1], ("along axis 0 it runs backwards",)),
        (lambda x: np.pad(ndimage.uniform_filter(x, 5), 1), ("not what full, same or valid",)),
        (lambda x: x * np.arange(16), ("along axis 1 each output has a kernel of its own",)),
        (lambda x: x.sum(axis=0), ("the input has 2 axes and the output 1",)),
    ],
)
def test_linear_but_no_convolution(function, words):
    report = probe_operator(function, (16, 16))
    assert report.linear and report.shift_invariant is False and report.convention is None
    assert np.isnan(report.deviation)
    for text in words:
        assert text in str(report)
    assert explains(report, function)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ndimage.median_filter(x, 3),
        lambda x: ndimage.grey_dilation(x, 3),
        lambda x: cv2.medianBlur(x.astype(np.float32), 3),
        lambda x: ndimage.generic_gradient_magnitude(x, ndimage.sobel),
        np.sign,
        np.sort,
        lambda x: x + 1e-9 * x * x,
        lambda x: x / np.abs(x).max(),
        lambda x: np.where(np.abs(x - np.median(x)) > 2 * x.std(), 0, x),
    ],
)
def test_not_linear(function):
    report = probe_operator(function, (16, 16))
    assert report.verdict in (Verdict.NOT_LINEAR, Verdict.NOT_FINITE)
    assert not report.linear and report.matrix is None
    assert report.convention is None and report.kernel is None


@pytest.mark.parametrize("function", [np.abs, lambda x: np.maximum(x, 0)])
def test_linear_for_some_values_only(function):
    report = probe_operator(function, (16, 16))
    assert report.verdict is Verdict.LIMITED and not report.linear
    assert report.valid_range == (1, 255)
    assert report.nonlinearity > 0.1
    assert not report.names
    assert "for values from 1 to 255 it is" in str(report)


def test_an_impulse_may_be_treated_otherwise():
    """A despeckling filter leaves noise alone, and takes impulses away."""

    def despeckle(x):
        rest = np.sort(np.abs(x), axis=None)[-2]
        return np.where(np.abs(x) > 10 * rest, 0, x)

    report = probe_operator(despeckle, (16, 16))
    assert report.verdict is Verdict.NOT_LINEAR
    assert "impulses" in str(report)


def test_affine():
    kernel = kernel_of((3, 3))
    report = probe_operator(lambda x: ndimage.convolve(x, kernel, mode="mirror") + 7, (16, 16))
    assert report.verdict is Verdict.AFFINE and not report.linear
    assert (report.offset == 7).all() and "it adds 7" in str(report)
    assert report.boundaries == only("mirror")
    padded = probe_operator(
        lambda x: ndimage.convolve(x, kernel, mode="constant", cval=5), (16, 16)
    )
    assert padded.boundaries == only("zero")
    assert "past the edges every sample is 5" in str(padded)
    big = probe_operator(lambda x: ndimage.convolve(x, kernel, mode="mirror") + 1e6, (16, 16))
    assert big.boundaries == only("mirror") and big.verdict is Verdict.AFFINE
    uneven = probe_operator(lambda x: x + np.arange(16.0), 16)
    assert "differs from output to output" in str(uneven)


def test_rounding_to_steps():
    kernel = kernel_of((3, 3)) / 45
    report = probe_operator(lambda x: np.rint(ndimage.convolve(x, kernel) * 4) / 4, (16, 16))
    assert report.verdict is Verdict.QUANTISED and report.step == 0.25
    assert np.abs(report.kernel - kernel).max() <= report.kernel_error
    assert report.kernel_error < 1e-6  # from values of up to 2**20
    assert report.boundaries == only("replicate", "symmetric")


@pytest.mark.parametrize(
    ("border", "boundary"),
    [
        (cv2.BORDER_REPLICATE, "replicate"),
        (cv2.BORDER_REFLECT, "symmetric"),
        (cv2.BORDER_REFLECT_101, "mirror"),
        (cv2.BORDER_CONSTANT, "zero"),
    ],
)
def test_eight_bits(border, boundary):
    kernel = kernel_of((5, 5))
    kernel /= kernel.sum()

    def function(x):
        return cv2.filter2D(x, -1, kernel, borderType=border)

    report = probe_operator(function, (24, 24), dtype="uint8")
    assert report.verdict is Verdict.QUANTISED and report.step == 1 and report.dtype == "uint8"
    truth = kernel[::-1, ::-1]
    assert np.abs(report.kernel - truth).max() <= report.kernel_error < 2e-3
    assert report.boundaries == only(boundary)
    assert report.anchor == (2, 2)


def test_eight_bits_that_are_clipped():
    kernel = kernel_of((3, 3)) / 45
    report = probe_operator(
        lambda x: np.clip(np.rint(ndimage.convolve(x, kernel, mode="mirror")), 0, 255).astype(
            np.uint8
        ),
        (16, 16),
    )
    assert report.verdict is Verdict.LIMITED and report.step == 1 and report.valid_range == (1, 255)
    assert np.abs(report.kernel - kernel).max() <= report.kernel_error
    assert report.boundaries == only("mirror")


def test_eight_bits_with_the_border_left_alone():
    def function(x):
        y = x.copy()
        y[1:-1, 1:-1] = cv2.blur(x, (3, 3))[1:-1, 1:-1]
        return y

    report = probe_operator(function, (16, 16), dtype="uint8")
    assert report.border is Border.UNTOUCHED and report.convention is None
    assert np.abs(report.kernel - FLAT).max() <= report.kernel_error


def test_whole_numbers_stay_exact():
    report = probe_operator(lambda x: cv2.Sobel(x, cv2.CV_16S, 1, 0), (16, 16), dtype="uint8")
    assert report.linear and report.dtype == "int16"
    np.testing.assert_array_equal(report.correlation, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    overflow = probe_operator(
        lambda x: np.convolve(x, np.array([1, 2, 1], np.uint8), "same"), 16, dtype="uint8"
    )
    assert overflow.verdict is Verdict.LIMITED and overflow.valid_range == (1, 15)


@pytest.mark.parametrize("give_back", [np.float32, np.float64])
def test_single_precision(give_back):
    kernel = kernel_of((5, 3))
    report = probe_operator(
        lambda x: cv2.filter2D(x.astype(np.float32), -1, kernel).astype(give_back), (16, 16)
    )
    assert report.linear and report.boundaries[0] == (Boundary.MIRROR,)
    assert EPS < report.nonlinearity < 100 * np.finfo(np.float32).eps
    assert ("single precision" in str(report)) == (give_back is np.float64)
    np.testing.assert_array_equal(report.correlation, kernel)


def test_complex_signals():
    kernel = np.array([1, 2j, 3 - 1j])
    report = probe_operator(lambda x: np.convolve(x, kernel, "same"), 16, dtype=complex)
    assert report.linear
    np.testing.assert_array_equal(report.kernel, kernel)
    conjugate = probe_operator(np.conj, 16, dtype=complex)
    assert not conjugate.linear and "over the real numbers" in str(conjugate)
    transform = probe_operator(np.fft.fft, 16)
    assert transform.linear and transform.convention is None
    expected = np.fft.fft(np.eye(16), axis=0)
    assert np.abs(transform.matrix.toarray() - expected).max() <= 100 * EPS


@pytest.mark.parametrize("function", [np.cumsum, lambda x: np.fft.ifft(np.fft.fft(x) * W).real])
def test_kernels_as_large_as_the_signal(function):
    report = probe_operator(function, 16)
    assert report.linear and report.shift_invariant
    assert report.deviation <= 100 * EPS
    expected = "circular" if function is not np.cumsum else "zero"
    assert report.boundaries == ((Boundary(expected),),)


W = np.fft.fft(np.random.default_rng(2).random(16))


@pytest.mark.parametrize("boundary", ["symmetric", "mirror", "antireflect"])
def test_signals_too_small_are_said_to_be(boundary):
    report = probe_operator(lambda x: convolve(x, [1, 2, 3, 5, 7, 11, 13], "same", boundary), 4)
    assert report.linear and report.convention is None and report.shift_invariant is None
    assert "larger input_shape" in str(report)


def raises(x):
    raise ValueError("wrong\nphase of the moon")


@pytest.mark.parametrize(
    ("function", "verdict", "words"),
    [
        (raises, Verdict.RAISES, "it raises ValueError: wrong phase of the moon"),
        (lambda x: None, Verdict.NO_ARRAY, "returns NoneType"),
        (lambda x: "text", Verdict.NO_ARRAY, "returns str"),
        (lambda x: [[1], [1, 2]], Verdict.NO_ARRAY, "returns no array: ValueError"),
        (lambda x: sys.exit(3), Verdict.RAISES, "SystemExit"),
        (lambda x: np.ma.masked_less(x, 0), Verdict.NO_ARRAY, "masked"),
        (lambda x: x[:0], Verdict.NO_ARRAY, "empty"),
        (lambda x: np.append(x[x > 0], 1), Verdict.CHANGES_SHAPE, "shape"),
        (lambda x: x / 0, Verdict.NOT_FINITE, "at index (0,)"),
        (lambda x: 1e-20 * np.abs(x), Verdict.NEGLIGIBLE, "may be rounding"),
        (lambda x: x + np.random.default_rng().random(16), Verdict.RANDOM, "for the same input"),
    ],
)
def test_functions_that_misbehave(function, verdict, words):
    report = probe_operator(function, 16)
    assert report.verdict is verdict and not report.linear
    assert report.matrix is None and report.convention is None and report.shift_invariant is None
    assert words in str(report)
    assert "\n" not in report.notes[0]


class Counter:
    """Adds how often it was called."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return x + self.calls


class Average:
    """A running average, as of the frames of a film."""

    def __init__(self, share):
        self.share, self.kept = share, 0.0

    def __call__(self, x):
        self.kept = self.kept + self.share * (x - self.kept)
        return self.kept


class Echo:
    """Adds what it was given the last time."""

    last = 0.0

    def __call__(self, x):
        y, self.last = x + self.last, x
        return y


class Gain:
    """Divides by the largest value ever seen."""

    largest = 0.0

    def __call__(self, x):
        self.largest = max(self.largest, np.abs(x).max(), 1e-9)
        return x / self.largest


class EachOther:
    """Every so many calls it does something else."""

    def __init__(self, period):
        self.period, self.calls = period, 0

    def __call__(self, x):
        self.calls += 1
        return x * (self.calls % self.period > 0)


class Warmed:
    """Doubles until it was called so often."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, x):
        self.left -= 1
        return 2 * x if self.left >= 0 else x


class Quota:
    """Raises after so many calls."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, x):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("no calls left")
        return x


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (Counter(), "changes steadily from call to call"),
        (Average(0.5), "changes steadily"),
        (Average(0.01), "changes steadily"),
        (Echo(), "it settles"),
        (Gain(), "it settles"),
        (EachOther(2), "every 2 calls it repeats itself"),
        (EachOther(7), "depends on the calls before"),
        (Warmed(3), "it settles"),
        (Warmed(60), "it settles"),  # seen when the first inputs are given again
    ],
)
def test_functions_that_remember(function, words):
    report = probe_operator(function, 16)
    assert report.verdict is Verdict.STATEFUL and not report.linear
    assert report.matrix is None and report.convention is None
    assert "something else for the same input" in str(report) and words in str(report)


def test_functions_that_no_longer_answer():
    calls = probe_operator(lambda x: x, 16).calls
    report = probe_operator(Quota(calls - 3), 16)
    assert report.verdict is Verdict.STATEFUL
    assert "no calls left, for an input that it has answered before" in str(report)


@given(st.integers(0, 999), st.sampled_from(["noise", "gain", "dither", "one"]))
def test_random_functions_are_not_taken_for_ones_that_remember(seed, kind):
    rng = np.random.default_rng(seed)
    function = {
        "noise": lambda x: x + rng.standard_normal(x.shape),
        "gain": lambda x: x * rng.random(),
        "dither": lambda x: np.floor(x + rng.random(x.shape)),
        "one": lambda x: np.atleast_1d(x.sum() + rng.random()),
    }[kind]
    report = probe_operator(function, 16)
    assert report.verdict is Verdict.RANDOM
    assert "it is random, or depends on the calls before" in str(report)


def test_functions_that_write_into_their_input():
    def double(x):
        x *= 2
        return x

    report = probe_operator(double, (4, 5))
    assert report.linear and report.changes_input
    assert "writes into its input" in str(report)
    np.testing.assert_array_equal(report.kernel, [[2.0]])
    buffer = np.empty(9)
    reused = probe_operator(lambda x: np.multiply(x, 3, out=buffer), 9)
    assert reused.linear and not reused.changes_input


def test_values_that_are_refused():
    def pickly(x):
        if np.abs(x).max() > 1:
            raise ValueError("values must be between -1 and 1")
        return ndimage.uniform_filter(x, 3)

    report = probe_operator(pickly, (16, 16))
    assert report.verdict is Verdict.LIMITED and not report.linear
    assert "values must be between -1 and 1" in str(report)
    assert report.valid_range == (-1, 1)


def test_values_of_any_scale():
    kernel = np.arange(1.0, 10).reshape(3, 3)
    for scale in (1e155, 1e200, 1e300):
        report = probe_operator(lambda x, k=kernel * scale: signal.convolve2d(x, k, "same"), SIZE)
        assert report.linear and report.shift_invariant and report.nonlinearity < 100 * EPS
        assert np.abs(report.kernel / scale - kernel).max() < 100 * EPS * kernel.max()


def test_linear_in_each_range_but_not_the_same_in_all():
    nothing = probe_operator(lambda x: np.where(np.abs(x) > 2000, 0, x), 8)
    assert nothing.verdict is Verdict.LIMITED and nothing.valid_range == (-256, 256)
    twice = probe_operator(lambda x: x * (2 if np.abs(x).max() > 2000 else 1), 8)
    assert twice.verdict is Verdict.LIMITED and twice.valid_range == (-256, 256)
    whole = probe_operator(lambda x: np.where(np.abs(x) > 2**20, 0, x), 8, dtype="int64")
    assert whole.verdict is Verdict.LIMITED and whole.valid_range == (-(2**15) + 1, 2**15 - 1)


def test_what_is_affine_in_a_range_only():
    report = probe_operator(lambda x: np.clip(x + 5, 0, 300), 16)
    assert report.verdict is Verdict.LIMITED and report.valid_range == (1, 255)
    assert report.notes == ("something is added there: 5 to the first output",)
    assert not probe_operator(lambda x: np.clip(x, 0, 300), 16).notes


@pytest.mark.parametrize("defective", [(100, 100), (60, 50)])  # the latter is in the middle
def test_one_output_that_is_wrong(defective):
    def broken(x):
        y = ndimage.convolve(x, np.arange(1.0, 10).reshape(3, 3))
        y[defective] *= 2
        return y

    report = probe_operator(broken, (120, 101 if defective[1] == 50 else 140))
    assert report.linear and report.shift_invariant is False
    (note,) = report.notes
    assert note.startswith(f"output {defective} has another kernel")


def test_some_outputs_that_are_wrong():
    def broken(x):
        y = ndimage.convolve(x, np.arange(1.0, 10).reshape(3, 3))
        y[5:8, 9] = 0
        return y

    (note,) = probe_operator(broken, (16, 16)).notes
    assert note == (
        "3 outputs, first (5, 9), have another kernel than the rest of the 196 that touch no edge"
    )


@pytest.mark.parametrize("call", [1, 8, 50, 200])
def test_one_call_that_differs(call):
    calls = count(1)

    def flaky(x):
        return x + (next(calls) == call)

    report = probe_operator(flaky, SIZE)
    assert not report.linear and report.verdict is not Verdict.AFFINE
    assert call > 8 or report.verdict is Verdict.STATEFUL


def test_an_image_wrong_in_one_place_takes_no_matrix_of_a_kernel_as_large():
    rng = np.random.default_rng(0)
    spectrum = np.fft.fft2(rng.standard_normal((3, 3)), (100, 90))

    def around(x):
        y = np.fft.ifft2(np.fft.fft2(x) * spectrum).real
        y[7, 7] = 0
        return y

    tracemalloc.start()
    try:
        report = probe_operator(around, (100, 90))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.notes[0].startswith("output (7, 7) has another kernel")
    assert peak < 32 * 8 * report.matrix.nnz  # a matrix of one kernel as large has 9000 times that


def test_warnings_are_not_ours_to_pass_on():
    report = probe_operator(lambda x: np.maximum(x, 0).astype(np.uint8), 16)
    assert report.verdict is Verdict.LIMITED


@given(
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(-2, 6),
    st.sampled_from(list(Boundary)),
    st.sampled_from(list(Mode)),
    st.sampled_from([5, 1024]),
)
def test_what_is_found_is_what_was_put_in(samples, size, anchor, boundary, mode, max_calls):
    """Also for signals that are too small to tell: then nothing is found."""
    assume(mode is not Mode.VALID or samples >= size)
    kernel = integers(size, size)
    truth = convolution_matrix(kernel, samples, mode, boundary, anchor=anchor).toarray()
    found = probe_operator(
        lambda x: convolve(x, kernel, mode, boundary, anchor=anchor), samples, max_calls=max_calls
    )
    if found.verdict is Verdict.NEGLIGIBLE:  # all entries cancel, but for rounding
        assert not truth.any()
        return
    assert found.linear
    if found.matrix is not None:
        np.testing.assert_array_equal(found.matrix.toarray(), truth)
    elif max_calls > samples:
        raise AssertionError("its matrix was not found")
    if found.convention is None:
        (inside,) = Geometry(samples, size, mode, boundary, anchor).interior
        assert found.matrix is None or inside.stop - inside.start < 2
        return
    for name in Boundary:  # the candidates are those that have this matrix, and no others
        one = convolution_matrix(found.kernel, samples, mode, name, anchor=found.anchor).toarray()
        assert np.array_equal(one, truth) == (name in found.boundaries[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, 16), "function must be callable"),
        ((np.abs, "x"), "input_shape"),
        ((np.abs, 0), "input_shape"),
        ((np.abs, 16, "bool"), "dtype must be"),
        ((np.abs, 16, "nonsense"), "dtype"),
    ],
)
def test_bad_input(arguments, words):
    function, shape, *dtype = arguments
    with pytest.raises(ConvmatError, match=words):
        probe_operator(function, shape, dtype=dtype[0] if dtype else "float64")
    with pytest.raises(ConvmatError, match=words):
        verify_operator(function, [1, 2], shape, dtype=dtype[0] if dtype else "float64")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_calls", 0),
        ("max_calls", 9.5),
        ("max_calls", "9"),
        ("tolerance", -1),
        ("tolerance", np.nan),
    ],
)
def test_bad_numbers(name, value):
    with pytest.raises(ConvmatError, match=name):
        probe_operator(np.abs, 16, **{name: value})
