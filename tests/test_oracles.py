"""H, X and convolve against the convolutions of other tools, called as their users call them.

Data are small integers and the tools work in double precision, so results are equal exactly.
"""

from itertools import product

import cv2
import numpy as np
import pytest
from oracles import NUMPY_PAD, integers
from scipy import linalg, ndimage, signal

from convmat import convolution_matrix, convolve, data_matrix

# SciPy's ndimage, whose "reflect" is wrong once the padding reaches four signal lengths.
NDIMAGE = {
    "zero": ("constant", "grid-constant"),
    "circular": ("grid-wrap",),
    "replicate": ("nearest",),
    "symmetric": ("reflect", "grid-mirror"),
    "mirror": ("mirror",),
}
CONVOLVE2D = {"zero": "fill", "circular": "wrap", "symmetric": "symm"}
OPENCV = {
    "zero": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "symmetric": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
}
FILTERS = [
    ((6,), (3,)),
    ((6,), (4,)),
    ((5,), (8,)),
    ((5, 6), (3, 3)),
    ((5, 6), (2, 4)),
    ((3, 4), (5, 7)),
    ((3, 4, 5), (2, 3, 4)),
]


def check(data, kernel, mode, boundary, anchor, expected):
    """All three roads lead to the same outputs."""
    options = {"mode": mode, "boundary": boundary, "anchor": anchor}
    H = convolution_matrix(kernel, data.shape, **options)
    X = data_matrix(data, kernel.shape, **options)
    np.testing.assert_array_equal(H @ data.ravel(), expected.ravel())
    np.testing.assert_array_equal(X @ kernel.ravel(), expected.ravel())
    np.testing.assert_array_equal(convolve(data, kernel, **options), expected)


def origins(k):
    """The origins that ndimage accepts, the extreme ones for every axis at once."""
    return [(0,) * len(k), tuple(-(n // 2) for n in k), tuple((n - 1) // 2 for n in k)]


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 1), (5, 2), (5, 3), (6, 4), (6, 5), (4, 4)])
def test_scipy_linalg_convolution_matrix(n, k, mode):
    kernel = integers(k)
    H = convolution_matrix(kernel, n, mode)
    np.testing.assert_array_equal(H.toarray(), linalg.convolution_matrix(kernel, n, mode))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 2), (5, 3), (6, 4), (4, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_numpy_convolve(n, k, mode, dtype):
    data, kernel = integers(n, dtype=dtype), integers(k, 3, dtype=dtype)
    check(data, kernel, mode, "zero", None, np.convolve(data, kernel, mode))


@pytest.mark.parametrize(("n", "k"), FILTERS)
@pytest.mark.parametrize(
    ("boundary", "name"), [(ours, name) for ours, names in NDIMAGE.items() for name in names]
)
def test_ndimage_convolve(n, k, boundary, name):
    data, kernel = integers(n), integers(k, 3)
    for origin in origins(k):
        expected = ndimage.convolve(data, kernel, mode=name, cval=0, origin=origin)
        anchor = tuple(size // 2 + o for size, o in zip(k, origin, strict=True))
        check(data, kernel, "same", boundary, anchor, expected)


@pytest.mark.parametrize(("n", "k"), FILTERS)
@pytest.mark.parametrize(
    ("boundary", "name"), [(ours, name) for ours, names in NDIMAGE.items() for name in names]
)
def test_ndimage_correlate(n, k, boundary, name):
    data, kernel = integers(n), integers(k, 3)
    for origin in origins(k):
        expected = ndimage.correlate(data, kernel, mode=name, cval=0, origin=origin)
        anchor = tuple((size - 1) - size // 2 - o for size, o in zip(k, origin, strict=True))
        check(data, np.flip(kernel), "same", boundary, anchor, expected)


@pytest.mark.parametrize("boundary", CONVOLVE2D)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [((5, 6), (3, 3)), ((5, 6), (2, 4)), ((4, 7), (4, 1))])
def test_convolve2d(n, k, mode, boundary):
    data, kernel = integers(n), integers(k, 3)
    expected = signal.convolve2d(data, kernel, mode, CONVOLVE2D[boundary])
    check(data, kernel, mode, boundary, None, expected)


@pytest.mark.parametrize("boundary", CONVOLVE2D)
@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize("k", [(5, 7), (8, 9)])
def test_convolve2d_with_a_larger_kernel(k, mode, boundary):
    data, kernel = integers((2, 3)), integers(k, 3)
    expected = signal.convolve2d(data, kernel, mode, CONVOLVE2D[boundary])
    check(data, kernel, mode, boundary, None, expected)


@pytest.mark.parametrize("boundary", OPENCV)
@pytest.mark.parametrize("k", [(3, 3), (2, 4), (5, 1), (5, 7)])
@pytest.mark.parametrize("n", [(9, 8), (3, 4), (1, 1)])
def test_opencv_filter2d(n, k, boundary):
    """It correlates; its anchor, (x, y), is that of the kernel as it is given."""
    data, kernel = integers(n), integers(k, 3)
    for row, column in product({0, k[0] // 2, k[0] - 1}, {0, k[1] // 2, k[1] - 1}):
        expected = cv2.filter2D(
            data, cv2.CV_64F, kernel, anchor=(column, row), borderType=OPENCV[boundary]
        )
        anchor = (k[0] - 1 - row, k[1] - 1 - column)
        check(data, np.flip(kernel), "same", boundary, anchor, expected)


@pytest.mark.parametrize("boundary", OPENCV)
def test_opencv_and_numpy_draw_the_same_borders(boundary):
    """A column of ones, so that outputs are sums of the border itself."""
    data, kernel = integers((7, 1)), np.ones((9, 1))
    padded = np.pad(data, [(4, 4), (0, 0)], mode=NUMPY_PAD[boundary])
    sums = signal.convolve(padded, kernel, mode="valid", method="direct")
    check(data, kernel, "same", boundary, (4, 0), sums)
    np.testing.assert_array_equal(
        cv2.filter2D(data, cv2.CV_64F, kernel, borderType=OPENCV[boundary]), sums
    )
