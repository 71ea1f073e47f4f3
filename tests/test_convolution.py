"""Outputs without the matrix: against the definition, and as the matrices have them."""

from itertools import product

import numpy as np
import oracles
import pytest
from oracles import BOUNDARIES, MODES, has_outputs, integers
from scipy import sparse

import convmat.operators.convolution
from convmat import ConvmatError, Geometry, convolution_matrix, convolve

SHAPES = [
    ((5,), (3,)),
    ((6,), (4,)),
    ((3,), (11,)),
    ((4, 5), (3, 2)),
    ((2, 3), (5, 7)),
    ((3, 4, 2), (2, 3, 3)),
    ((2, 3, 2, 3), (2, 1, 3, 2)),
]
CASES = [(n, k, mode) for (n, k), mode in product(SHAPES, MODES) if has_outputs(n, k, mode)]
FORBID_DIRECT = {"_OVERLAP_ADD_PER_OUTPUT": 0, "_OVERLAP_ADD_AT_LEAST": 0}
FORBID_OVERLAP_ADD = {"_OVERLAP_ADD_AT_LEAST": 10**12}


def use(monkeypatch, constants):
    for name, value in constants.items():
        monkeypatch.setattr(convmat.operators.convolution, name, value)


def fft_rounding(data, kernel, outputs):
    """A bound for an FFT's rounding (Higham 2002, theorem 24.2): c eps log2(N) |x| |h|."""
    size = np.log2(data.size + kernel.size + outputs.size) + 1
    eps = np.finfo(outputs.dtype).eps
    return 8 * eps * size * np.linalg.norm(data) * np.linalg.norm(kernel)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("n", "k", "mode"), CASES)
def test_the_direct_sum_is_exact(monkeypatch, n, k, mode, boundary):
    use(monkeypatch, FORBID_OVERLAP_ADD)
    data, kernel = integers(n), integers(k)
    for anchor in (None, (-3,) * len(n), k):
        outputs = convolve(data, kernel, mode, boundary, anchor=anchor)
        expected = oracles.convolve(data, kernel, mode, boundary, anchor)
        np.testing.assert_array_equal(outputs, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("n", "k"), [((90,), (40,)), ((9, 12), (7, 8)), ((5, 6, 7), (3, 2, 5))])
def test_overlap_add_rounds_like_an_fft(monkeypatch, n, k, mode, boundary, dtype):
    use(monkeypatch, FORBID_DIRECT)
    data, kernel = integers(n, dtype=dtype), integers(k, dtype=dtype)
    outputs = convolve(data, kernel, mode, boundary)
    assert outputs.dtype == np.dtype(dtype)
    expected = oracles.convolve(data, kernel, mode, boundary)
    read = oracles.extended(data, k, mode, boundary)
    assert np.abs(outputs - expected).max() <= fft_rounding(read, kernel, outputs)


@pytest.mark.parametrize(
    ("n", "k", "direct"),
    [
        ((300,), (20,), True),
        ((64, 64), (5, 5), True),
        ((1000, 1000), (3, 3), True),
        ((5000,), (400,), False),
        ((64, 64), (31, 31), False),
        ((4, 4), (63, 63), False),
    ],
)
def test_the_cheaper_way_is_taken(monkeypatch, n, k, direct):
    taken = []
    ours = convmat.operators.convolution._direct
    monkeypatch.setattr(
        convmat.operators.convolution,
        "_direct",
        lambda *given: [taken.append(True), ours(*given)][1],
    )
    outputs = convolve(np.ones(n), np.ones(k), "same", "circular")
    assert bool(taken) is direct
    expected = float(np.prod(k))
    read = Geometry(n, k, "same").extended_shape
    assert np.abs(outputs - expected).max() <= fft_rounding(np.ones(read), np.ones(k), outputs)


def test_a_large_kernel_that_is_mostly_zeros_is_applied_directly():
    kernel = np.zeros((63, 63))
    kernel[0, 0], kernel[-1, 5] = 2, -3
    data = integers((80, 70))
    expected = oracles.convolve(data, kernel, "same", "mirror")
    np.testing.assert_array_equal(convolve(data, kernel, "same", "mirror"), expected)


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ("float32", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float32", "complex64", "complex64"),
        ("float64", "complex64", "complex128"),
        ("uint8", "float32", "float64"),
        ("int16", "bool", "float64"),
        ("float16", "float16", "float32"),
    ],
)
def test_the_common_dtype(first, second, result):
    one, other = np.ones(5, first), np.ones(3, second)
    assert convolve(one, other).dtype == result
    assert convolve(other, one).dtype == result


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("anchor", [10**6, -(10**6), 10**12, 2**61])
def test_far_anchors_agree_with_the_matrix(boundary, anchor):
    data, kernel = np.array([1.0, 4.0, 2.0, 2.0]), np.array([2.0, -1.0])
    H = convolution_matrix(kernel, 4, "same", boundary, anchor=anchor)
    # The terms of antireflect grow with the distance, and so does what they lose.
    scale = np.abs(H.toarray()) @ np.abs(data)
    outputs = convolve(data, kernel, "same", boundary, anchor=anchor)
    assert np.all(np.abs(outputs - H @ data) <= 8 * np.finfo(float).eps * scale)


def test_arguments_are_not_written_to():
    data, kernel = integers((4, 5)), integers((3, 3))
    data.flags.writeable = kernel.flags.writeable = False
    for boundary in BOUNDARIES:
        outputs = convolve(data, kernel, "same", boundary)
        assert outputs.flags.writeable
        assert not np.shares_memory(outputs, data)


@pytest.mark.parametrize(
    ("data", "kernel", "said"),
    [
        (None, [1.0], "data must hold numbers, got None"),
        ([1.0], "ab", "kernel must hold numbers, got 'ab'"),
        (3.0, [1.0], "data must have at least 1 axes"),
        ([1.0], 3.0, "kernel must have at least 1 axes"),
        ([1.0], [[1.0]], "the kernel has 2 axes (shape (1, 1)) and the signal has 1 (shape (1,))"),
        ([], [1.0], "data is empty"),
        ([1.0], [], "kernel is empty"),
        ([1.0, np.nan], [1.0], "data has entries that are NaN or infinite"),
        ([1.0], [np.inf], "kernel has entries that are NaN or infinite"),
        ([[1], [1, 2]], [[1.0]], "data must be a rectangular array"),
        ([2**60], [1], "data has integers beyond 2**53"),
        (np.ma.array([1.0, 2.0], mask=[1, 0]), [1.0], "data has masked entries"),
        ([1.0], sparse.csr_array(np.eye(1)), "kernel is a sparse array"),
        ([1.0], np.ones(1, np.longdouble), f"kernel has dtype {np.dtype(np.longdouble)}"),
    ],
)
def test_bad_arrays(data, kernel, said):
    with pytest.raises(ConvmatError) as caught:
        convolve(data, kernel)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "Full"}, "mode 'Full'"),
        ({"mode": "valid"}, "mode 'valid'"),
        ({"boundary": "wrap"}, "boundary 'wrap'"),
        ({"boundary": "reflect"}, "boundary 'reflect' means two different things"),
        ({"boundary": ("zero", "zero")}, "boundary ('zero', 'zero')"),
        ({"anchor": 0.5}, "anchor must be an int or a tuple of ints, got 0.5"),
        ({"anchor": (0, 0)}, "anchor (0, 0)"),
    ],
    ids=str,
)
def test_bad_options(options, said):
    with pytest.raises(ConvmatError) as caught:
        convolve([1.0, 2.0], [1.0, 2.0, 3.0], **options)
    assert str(caught.value).startswith(said)
