"""Functions that we did not write, compared with a convolution; wrong ones are told why."""

import cv2
import numpy as np
import pytest
from scipy import ndimage, signal

from convmat import Boundary, ConvmatError, convolve
from convmat.probing.verify import verify_operator

KERNEL = np.random.default_rng(0).permutation(15).reshape(5, 3) + 1.0
EVEN = np.random.default_rng(1).permutation(16).reshape(4, 4) + 1.0
SHAPE = (16, 17)


def right(function, *arguments, **options):
    found = verify_operator(function, *arguments, **options)
    assert found.ok and bool(found) is True and found.difference is None and found.report is None
    assert str(found).startswith("ok: ")
    return found


def wrong(function, *arguments, **options):
    """The reasons, after the first difference was looked at."""
    found = verify_operator(function, *arguments, **options)
    assert not found.ok and bool(found) is False
    assert str(found).startswith("not ok: ")
    if found.difference is not None:
        one = found.difference
        got = np.asarray(function(one.signal.astype(options.get("dtype", "float64"))))
        expected = found.convention.apply(one.signal)
        assert got[one.index] == one.got and expected[one.index] == one.expected
        size = np.abs(expected).max()
        differs = np.abs(got - expected) > options.get("step", 0) + 1e-9 * size
        assert one.index == tuple(np.argwhere(differs)[0]) and one.count == differs.sum()
    return found.reasons


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_right_ones(mode, boundary):
    right(lambda x: convolve(x, EVEN, mode, boundary), EVEN, SHAPE, mode, boundary)


def test_right_ones_of_other_libraries():
    right(lambda x: ndimage.convolve(x, EVEN), EVEN, SHAPE, "same", "symmetric", anchor=(2, 2))
    right(lambda x: signal.convolve2d(x, EVEN), EVEN, SHAPE, "full")
    right(lambda x: signal.fftconvolve(x, EVEN, "same"), EVEN, SHAPE)
    right(lambda x: cv2.filter2D(x, -1, KERNEL), KERNEL[::-1, ::-1], SHAPE, "same", "mirror")
    right(
        lambda x: cv2.filter2D(x.astype(np.float32), -1, KERNEL),
        KERNEL[::-1, ::-1],
        SHAPE,
        "same",
        "mirror",
    )
    right(lambda x: np.convolve(x, [1, 2j], "same"), [1, 2j], 16, dtype=complex)


def test_kernels_with_zeros_around_are_the_same():
    padded = np.pad(KERNEL, 1)
    right(lambda x: ndimage.convolve(x, KERNEL, mode="wrap"), padded, SHAPE, "same", "circular")


@pytest.mark.parametrize(
    ("mode", "asked", "looks"),
    [
        ("mirror", "symmetric", "`mirror`"),
        ("reflect", "mirror", "`symmetric`"),
        ("nearest", "zero", "`replicate`"),
        ("wrap", "zero", "`circular`"),
        ("constant", "circular", "`zero`"),
    ],
)
def test_another_boundary(mode, asked, looks):
    kernel = np.pad(KERNEL, ((0, 0), (0, 2)), mode="reflect") + np.eye(5)
    reasons = wrong(lambda x: ndimage.convolve(x, kernel, mode=mode), kernel, SHAPE, "same", asked)
    assert reasons == (f"looks like {looks}, you asked for `{asked}`",)


def test_another_boundary_along_one_axis():
    reasons = wrong(
        lambda x: ndimage.convolve(x, KERNEL, mode="mirror"),
        KERNEL,
        SHAPE,
        "same",
        ("symmetric", "mirror"),
    )
    assert reasons == ("along axis 0 it looks like `mirror`, you asked for `symmetric`",)


def test_candidates_that_cannot_be_told_apart():
    small = KERNEL[:3]
    reasons = wrong(lambda x: ndimage.convolve(x, small), small, SHAPE, "same", "mirror")
    assert reasons == ("looks like `replicate` or `symmetric`, you asked for `mirror`",)


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (lambda k: k[::-1, ::-1], "the kernel is reversed: it is a correlation"),
        (lambda k: k[::-1], "the kernel is reversed along axis 0"),
        (lambda k: k[:, ::-1], "the kernel is reversed along axis 1"),
        (lambda k: 9 * k, "the kernel is multiplied by 9"),
        (lambda k: -k, "the kernel is multiplied by -1"),
    ],
)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_another_kernel(turn, words, mode):
    reasons = wrong(lambda x: signal.convolve(x, turn(KERNEL), mode), KERNEL, SHAPE, mode)
    assert reasons == (words,)


def test_a_transposed_kernel():
    square = KERNEL[:3]
    reasons = wrong(lambda x: signal.convolve(x, square.T, "same"), square, SHAPE)
    assert reasons == ("the kernel is transposed",)


def test_a_kernel_that_is_no_relation():
    (reason,) = wrong(lambda x: signal.convolve(x, KERNEL**2, "same"), KERNEL, SHAPE)
    assert reason.startswith("its kernel is another one, [[")


def test_another_anchor():
    reasons = wrong(
        lambda x: ndimage.convolve(x, EVEN, mode="mirror"), EVEN, SHAPE, "same", "mirror"
    )
    assert reasons == ("its anchor is (2, 2), you asked for (1, 1)",)
    reasons = wrong(
        lambda x: ndimage.correlate(x, KERNEL, mode="mirror", origin=(1, -1)),
        KERNEL[::-1, ::-1],
        SHAPE,
        "same",
        "mirror",
    )
    # The correlation's origin moves the entry that sits at the origin; the kernel given is flipped.
    assert reasons == ("its anchor is (1, 2), you asked for (2, 1)",)


def test_several_differences_at_once():
    reasons = wrong(
        lambda x: ndimage.correlate(x, EVEN, mode="mirror") / 5, EVEN, SHAPE, "same", "symmetric"
    )
    assert set(reasons) == {
        "the kernel is reversed: it is a correlation",
        "the kernel is multiplied by 0.2",
        "its anchor is (2, 2), you asked for (1, 1)",
        "looks like `mirror`, you asked for `symmetric`",
    }


def test_another_mode():
    reasons = wrong(lambda x: signal.convolve2d(x, KERNEL, "valid"), KERNEL, SHAPE, "same")
    assert reasons == (
        "its outputs have the shape (12, 15); they should have (16, 17)",
        "its mode is `valid`, you asked for `same`",
    )


def test_an_offset_and_a_constant_past_the_edges():
    reasons = wrong(lambda x: signal.convolve2d(x, KERNEL, "same") + 2, KERNEL, SHAPE)
    assert "it adds 2 to every output" in reasons
    reasons = wrong(
        lambda x: ndimage.convolve(x, KERNEL, mode="constant", cval=3), KERNEL, SHAPE, "same"
    )
    assert "past the edges every sample is 3" in reasons


def test_rounding_is_told_and_can_be_allowed():
    flat = np.ones((3, 3)) / 9

    def blur(x):
        return cv2.blur(x, (3, 3))

    (reason,) = wrong(blur, flat, SHAPE, "same", "mirror", dtype="uint8")
    assert reason.startswith("linear but for rounding to steps of 1")
    right(blur, flat, SHAPE, "same", "mirror", dtype="uint8", step=1)
    reasons = wrong(blur, flat, SHAPE, "same", "symmetric", dtype="uint8", step=1)
    assert reasons == ("looks like `mirror`, you asked for `symmetric`",)


def test_low_precision_is_told_and_can_be_allowed():
    third = KERNEL / 3

    def single(x):
        return ndimage.convolve(x.astype(np.float32), third.astype(np.float32)).astype(float)

    (reason,) = wrong(single, third, SHAPE, "same", "symmetric")
    assert "single precision" in reason
    right(single, third, SHAPE, "same", "symmetric", tolerance=1e-6)


def test_what_is_no_convolution():
    (reason,) = wrong(lambda x: ndimage.median_filter(x, 3), KERNEL, SHAPE)
    assert reason.startswith("not linear")
    (reason,) = wrong(
        lambda x: np.pad(signal.convolve2d(x, KERNEL, "valid"), ((2, 2), (1, 1))), KERNEL, SHAPE
    )
    assert reason.startswith("only the outputs 2...13 x 1...15 are computed")


def test_what_misbehaves():
    def raises(x):
        raise RuntimeError("no")

    assert wrong(raises, KERNEL, SHAPE) == ("it raises RuntimeError: no",)
    (reason,) = wrong(lambda x: None, KERNEL, SHAPE)
    assert "NoneType" in reason
    state = np.random.default_rng()
    found = verify_operator(lambda x: state.random(SHAPE), KERNEL, SHAPE)
    assert not found.ok and "for the same input" in found.reasons[0]


def test_what_is_right_but_not_quite_as_one_would_wish():
    def in_place(x):
        x *= 2
        return x

    assert right(in_place, [[2]], (4, 5)).reasons == ("it writes into its input",)


def test_right_in_a_range_of_values_only():
    def positive(x):
        if x.min() < 0:
            raise ValueError("negative")
        return x

    first, second, last = wrong(positive, [[1]], (8, 8))
    assert first.startswith("for values from 1 to 255 it is linear")
    assert second.startswith("for values from -1 to 1") and second.endswith("ValueError: negative")
    assert last == "for values from 1 to 255 it is what it should be"
    reasons = wrong(lambda x: np.where(np.abs(x) > 2000, 0, x), [[1]], (8, 8))
    assert reasons[-1] == "for values from -256 to 256 it is what it should be"
    reasons = wrong(lambda x: np.where(np.abs(x) > 2000, 0, 2 * x), [[1]], (8, 8))
    assert reasons[-1] == "the kernel is multiplied by 2"


def test_factors():
    def half(x):
        return signal.convolve2d(x, 1e200 * KERNEL, "same")

    assert wrong(half, 2e200 * KERNEL, SHAPE) == ("the kernel is multiplied by 0.5",)
    nearly = verify_operator(lambda x: x * (1 + 1e-9), [[1]], (8, 8))
    assert nearly.reasons == ("the kernel is multiplied by 1 + 1e-09",)
    turned = verify_operator(lambda x: x * (1 - 1e-7j), [[1]], (8, 8), dtype=complex)
    assert turned.reasons == ("the kernel is multiplied by 1 + (0-1e-07j)",)


def test_outputs_that_differ_are_counted():
    def broken(x):
        y = signal.convolve2d(x, KERNEL, "same")
        y[9, 4] = 0
        return y

    (reason,) = wrong(broken, KERNEL, SHAPE)
    assert reason.startswith("output (9, 4) has another kernel")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kernel": [[np.nan]]}, "kernel"),
        ({"kernel": [1, 2]}, "axes"),
        ({"mode": "half"}, "mode"),
        ({"boundary": "reflect"}, "two different things"),
        ({"anchor": (1, 2, 3)}, "anchor"),
        ({"step": -1}, "step"),
        ({"tolerance": "small"}, "tolerance"),
        ({"mode": "valid", "input_shape": (3, 3)}, "valid"),
    ],
)
def test_bad_input(change, words):
    given = {"kernel": KERNEL, "input_shape": SHAPE} | change
    with pytest.raises(ConvmatError, match=words):
        verify_operator(np.abs, **given)


def test_outputs_that_are_not_finite_are_not_ok():
    def whole_numbers_only(x):
        return np.where(x == np.rint(x), x, np.nan)

    result = verify_operator(whole_numbers_only, [1.0], 9)
    assert not result
    assert "nan" in str(result).lower()
