"""The dot test, on pairs that are adjoint and on those that are taken for it."""

import copy
import pickle

import numpy as np
import pytest
from scipy import ndimage, signal
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from convmat import Boundary, ConvmatError, ConvolutionOperator, DataOperator
from convmat.probing.adjoint import DotTest, check_adjoint

EPS = np.finfo(np.float64).eps
KERNEL = np.random.default_rng(0).permutation(9).reshape(3, 3) + 1.0
FLIPPED = KERNEL[::-1, ::-1]
EVEN = np.random.default_rng(1).permutation(12).reshape(4, 3) + 1.0
SHAPE = (16, 17)


def right(*arguments, **options):
    found = check_adjoint(*arguments, **options)
    assert isinstance(found, float) and found.ok and found.reason == ""
    assert found <= 10 * EPS and str(found).endswith("the adjoint")
    return found


def wrong(*arguments, **options):
    found = check_adjoint(*arguments, **options)
    assert isinstance(found, float) and not found.ok and not found <= 1e-4
    assert found.reason and found.reason in str(found) and "no adjoint" in str(found)
    return found.reason


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_our_operators(mode, boundary):
    right(ConvolutionOperator(EVEN, SHAPE, mode, boundary))
    right(DataOperator(np.arange(120.0).reshape(10, 12), (3, 4), mode, boundary))


def test_pairs_of_functions_that_are_adjoint():
    right(
        lambda x: signal.convolve2d(x, EVEN),
        lambda y: signal.correlate2d(y, EVEN, "valid"),
        SHAPE,
    )
    right(
        lambda x: ndimage.convolve(x, EVEN, mode="wrap"),
        lambda y: ndimage.correlate(y, EVEN, mode="wrap"),
        SHAPE,
    )
    right(np.sum, lambda y: np.full(SHAPE, y), SHAPE)
    right(np.diff, lambda y: -np.diff(y, prepend=0, append=0), 16)
    # Even about its centre along each axis, it is its own adjoint with this boundary.
    right(*[lambda x: ndimage.gaussian_filter(x, 1.5, mode="reflect")] * 2, SHAPE)


def test_complex_pairs():
    right(np.fft.fft, lambda y: np.fft.ifft(y) * 16, 16, dtype=complex)
    right(np.fft.fft, lambda y: (np.fft.ifft(y) * 16).real, 16)
    right(
        lambda x: np.convolve(x, [1, 2j, 3]),
        lambda y: np.convolve(y, [3, -2j, 1], "valid"),
        16,
        dtype=complex,
    )
    reason = wrong(
        lambda x: np.convolve(x, [1, 2j, 3]),
        lambda y: np.convolve(y, [3, 2j, 1], "valid"),
        16,
        dtype=complex,
    )
    assert reason == "it is the transpose: nothing is conjugated"
    assert "multiplied by 0.0625" in wrong(np.fft.fft, np.fft.ifft, 16, dtype=complex)


def test_single_precision():
    def blur(x):
        return ndimage.convolve(x, KERNEL.astype(x.dtype), mode="constant")

    def back(y):
        return ndimage.correlate(y, KERNEL.astype(y.dtype), mode="constant")

    found = check_adjoint(blur, back, SHAPE, dtype="float32")
    assert found.ok and EPS < found < np.finfo(np.float32).eps


def test_an_error_of_two_samples_among_many_is_no_rounding():
    kernel = np.array([1.0, 2, 4], np.float32)
    found = check_adjoint(
        lambda x: ndimage.convolve1d(x, kernel, mode="mirror"),
        lambda y: ndimage.correlate1d(y, kernel, mode="mirror"),
        200_000,
        dtype="float32",
    )
    assert found < 100 * np.finfo(np.float32).eps
    assert not found.ok and "the same padding (mirror)" in found.reason


@pytest.mark.parametrize(
    ("mode", "padding"),
    [
        ("nearest", "replicate or symmetric"),
        ("reflect", "replicate or symmetric"),
        ("mirror", "mirror"),
    ],
)
@pytest.mark.parametrize("shape", [SHAPE, (128, 120)])
def test_flip_and_same_padding(mode, padding, shape):
    """What libraries that pad give for an adjoint."""
    found = check_adjoint(
        lambda x: ndimage.convolve(x, KERNEL, mode=mode),
        lambda y: ndimage.convolve(y, FLIPPED, mode=mode),
        shape,
    )
    assert not found.ok and found > 1e-4
    assert f"flipped kernel and the same padding ({padding})" in found.reason
    assert "near the edges" in found.reason


def test_flip_and_same_padding_in_mode_full():
    reason = wrong(
        lambda x: signal.convolve2d(x, EVEN, boundary="symm"),
        lambda y: signal.convolve2d(y, EVEN[::-1, ::-1], "valid"),
        SHAPE,
    )
    assert "flipped kernel and the same padding (symmetric)" in reason


def test_flip_and_other_padding():
    reason = wrong(
        lambda x: ndimage.convolve(x, KERNEL, mode="mirror"),
        lambda y: ndimage.convolve(y, FLIPPED, mode="constant"),
        SHAPE,
    )
    assert "flipped kernel and padding zero, where the operator has mirror" in reason
    reason = wrong(
        lambda x: ndimage.convolve(x, KERNEL, mode="mirror"),
        lambda y: np.pad(signal.convolve2d(y, FLIPPED, "valid"), 1),
        SHAPE,
    )
    assert "flipped kernel and another border" in reason


def test_other_faults():
    def blur(x):
        return ndimage.convolve(x, EVEN, mode="wrap")

    same_anchor = wrong(blur, lambda y: ndimage.convolve(y, EVEN[::-1, ::-1], mode="wrap"), SHAPE)
    assert "its anchor is (2, 1), the adjoint's is (1, 1)" in same_anchor
    assert wrong(blur, blur, SHAPE) == "it is the operator itself"
    odd = wrong(
        lambda x: ndimage.convolve(x, KERNEL, mode="nearest"),
        lambda y: ndimage.convolve(y, KERNEL, mode="constant"),
        SHAPE,
    )
    assert odd == "its kernel is not flipped"
    twice = wrong(blur, lambda y: 2 * ndimage.correlate(y, EVEN, mode="wrap"), SHAPE)
    assert twice == "it is the adjoint multiplied by 2"
    matrix = np.arange(12.0).reshape(3, 4)
    other = matrix.copy()
    other[1, 2] = -5
    entry = wrong(lambda x: matrix @ x, lambda y: other.T @ y, 4)
    assert entry == ("entry (2, 1) of its matrix is -5, and of the adjoint's 6; 1 entries differ")


def test_what_is_not_linear():
    reason = wrong(lambda x: ndimage.median_filter(x, 3), lambda y: y, SHAPE)
    assert reason.startswith("the operator has the verdict not_linear")
    assert wrong(lambda x: x, np.abs, SHAPE).startswith("its adjoint has the verdict limited")


def test_what_misbehaves():
    def raises(x):
        raise RuntimeError("no")

    found = check_adjoint(lambda x: signal.convolve2d(x, KERNEL), lambda y: y, SHAPE)
    assert np.isnan(found) and not found.ok
    assert "returns the shape (18, 19)" in found.reason and "should return (16, 17)" in found.reason
    assert "its adjoint is no such function: it raises RuntimeError: no" in wrong(
        lambda x: x, raises, SHAPE
    )
    assert "the operator is no such function" in wrong(raises, lambda y: y, SHAPE)
    assert "NotImplementedError" in wrong(LinearOperator((5, 5), matvec=lambda x: x))


def test_operators_of_scipy():
    right(aslinearoperator(np.random.default_rng(3).random((5, 7))))
    right(aslinearoperator(np.array([[1, 2j], [3, 4]])))

    def blur(x):
        return ndimage.convolve(x.reshape(SHAPE), KERNEL, mode="nearest").ravel()

    def back(y):
        return ndimage.correlate(y.reshape(SHAPE), KERNEL, mode="nearest").ravel()

    size = SHAPE[0] * SHAPE[1]
    operator = LinearOperator((size, size), matvec=blur, rmatvec=back)
    assert "entry (0, 0)" in wrong(operator)
    assert "same padding (replicate or symmetric)" in wrong(operator, input_shape=SHAPE)


def test_operators_with_dimensions_of_their_own():
    """As PyLops has them: `dims` and `dimsd`."""

    class Padded(LinearOperator):
        dims, dimsd = SHAPE, (18, 19)

        def __init__(self):
            super().__init__(np.float64, (18 * 19, SHAPE[0] * SHAPE[1]))

        def _matvec(self, x):
            return signal.convolve2d(x.reshape(SHAPE), KERNEL, boundary="wrap").ravel()

        def _rmatvec(self, y):
            return signal.convolve2d(y.reshape(18, 19), FLIPPED, "valid").ravel()

    assert "flipped kernel and the same padding (circular)" in wrong(Padded())


def test_it_is_a_float():
    found = DotTest(0.5, 1e-14, "why")
    assert found == 0.5 and repr(found) == "0.5" and f"{found:.1f}" == "0.5"
    again = pickle.loads(pickle.dumps(found))
    assert again == 0.5 and again.reason == "why" and copy.copy(found).tolerance == 1e-14
    assert str(found) == "0.5, no adjoint: why"


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((np.abs,), {}, "matvec"),
        ((np.abs, 3, 4), {}, "adjoint must be callable"),
        ((np.abs, np.abs), {}, "input_shape is required"),
        ((np.abs, np.abs, 4), {"dtype": "int64"}, "dtype must be real or complex"),
        ((np.abs, np.abs, 4), {"dtype": "nonsense"}, "dtype"),
        ((np.abs, np.abs, 4), {"draws": 0}, "draws"),
        ((ConvolutionOperator([1.0], 5),), {"input_shape": 4}, "input_shape"),
    ],
)
def test_bad_input(arguments, options, words):
    with pytest.raises(ConvmatError, match=words):
        check_adjoint(*arguments, **options)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e160, 1e300])
def test_operators_of_any_scale(scale):
    def forward(x):
        return scale * x

    for back in (lambda y: -5 * scale * y[::-1], lambda y: 2 * scale * y, lambda y: 0 * y):
        assert wrong(forward, back, (8, 8))
    if scale > 1:
        twice = wrong(forward, lambda y: 2 * scale * y, (8, 8))
        assert twice == "it is the adjoint multiplied by 2"
    assert check_adjoint(forward, forward, (8, 8)).ok
