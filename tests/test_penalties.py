"""difference_matrix against numpy.diff of the padded array."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from convmat import ConvmatError, difference_matrix

PAD = {"zero": "constant", "circular": "wrap", "replicate": "edge", "symmetric": "symmetric",
       "mirror": "reflect"}  # fmt: skip
SHAPES = [(7,), (4, 5), (3, 4, 5)]


def integers(shape):
    return np.random.default_rng(0).integers(-9, 10, shape).astype(float)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1, 2])
def test_without_boundary_it_is_numpy_diff(shape, n):
    x = integers(shape)
    expected = [np.diff(x, n, axis=axis).ravel() for axis in range(x.ndim)]
    assert_array_equal(difference_matrix(shape, n, boundary=None) @ x.ravel(), np.hstack(expected))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("boundary", PAD)
def test_with_boundary_it_is_numpy_diff_of_the_padded(shape, n, boundary):
    x = integers(shape)
    for axis in range(x.ndim):
        width = [(0, 0)] * x.ndim
        width[axis] = (n // 2, (n + 1) // 2)
        expected = np.diff(np.pad(x, width, mode=PAD[boundary]), n, axis=axis)
        matrix = difference_matrix(shape, n, axis - x.ndim, boundary)
        assert_array_equal(matrix @ x.ravel(), expected.ravel())


def test_boundary_per_axis():
    stacked = difference_matrix((3, 4), boundary=("zero", "circular")).toarray()
    assert_array_equal(stacked[:12], difference_matrix((3, 4), 1, 0, "zero").toarray())
    assert_array_equal(stacked[12:], difference_matrix((3, 4), 1, 1, "circular").toarray())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3, 4), 0), "n must be at least 1"),
        (((3, 4), 1.5), "n must be an int"),
        (((3, 4), 1, 2), "axis 2 is not there"),
        (((3, 4), 1, "x"), "axis must be an int"),
        (((3, 0),), "shape"),
        (((3, 4), 3, 0, None), "no differences of order 3"),
        (((3, 4), 1, 0, "reflect"), "two different things"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ConvmatError, match=message):
        difference_matrix(*arguments)
