"""The extension of a signal, against NumPy's and PyWavelets' padding."""

import numpy as np
import pytest
from oracles import BOUNDARIES, integers, pad

from convmat import Boundary, ConvmatError
from convmat.boundary import extension, parse_boundary

DRAWN = {
    "zero": [0, 0, 0, 1, 2, 4, 8, 0, 0, 0],
    "circular": [2, 4, 8, 1, 2, 4, 8, 1, 2, 4],
    "replicate": [1, 1, 1, 1, 2, 4, 8, 8, 8, 8],
    "symmetric": [4, 2, 1, 1, 2, 4, 8, 8, 4, 2],
    "mirror": [8, 4, 2, 1, 2, 4, 8, 4, 2, 1],
    "antisymmetric": [-4, -2, -1, 1, 2, 4, 8, -8, -4, -2],
    "antireflect": [2 - 8, 2 - 4, 2 - 2, 1, 2, 4, 8, 16 - 4, 16 - 2, 16 - 1],
}
PERIOD = {
    "circular": lambda n: n,
    "symmetric": lambda n: 2 * n,
    "antisymmetric": lambda n: 2 * n,
    "mirror": lambda n: max(2 * n - 2, 1),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_as_drawn_in_the_table(name):
    signal = np.array([1.0, 2.0, 4.0, 8.0])
    assert extension(Boundary(name), 4, -3, 7).apply(signal, 0).tolist() == DRAWN[name]


def test_every_boundary_is_drawn():
    assert set(DRAWN) == set(BOUNDARIES) == set(Boundary)


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_many_times_over_like_padding(name, size):
    signal = integers(size)
    for before, after in [(0, 0), (1, 0), (0, 1), (size, size), (4 * size + 3, 5 * size + 2)]:
        ours = extension(Boundary(name), size, -before, size + after).apply(signal, 0)
        np.testing.assert_array_equal(ours, pad(signal, before, after, 0, name))


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize("start", [-17, -5, 2, 5, 16])
def test_a_stretch_is_part_of_the_whole(name, start):
    signal = integers(5)
    whole = extension(Boundary(name), 5, -20, 25).apply(signal, 0)
    part = extension(Boundary(name), 5, start, start + 4).apply(signal, 0)
    np.testing.assert_array_equal(part, whole[start + 20 : start + 24])


@pytest.mark.parametrize("name", PERIOD)
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("periods", [-(10**15), 10**15])
def test_far_away_repeats(name, size, periods):
    shift = periods * PERIOD[name](size)
    near = extension(Boundary(name), size, -7, 9).apply(integers(size), 0)
    far = extension(Boundary(name), size, shift - 7, shift + 9).apply(integers(size), 0)
    np.testing.assert_array_equal(far, near)


@pytest.mark.parametrize("side", [-1, 1])
def test_antireflect_rises_by_the_same_amount_every_period(side):
    signal = np.array([1.0, 5.0, 4.0])
    shift = side * 4 * 10**9
    near = extension(Boundary.ANTIREFLECT, 3, -7, 9).apply(signal, 0)
    far = extension(Boundary.ANTIREFLECT, 3, shift - 7, shift + 9).apply(signal, 0)
    np.testing.assert_array_equal(far, near + 2 * side * 10**9 * (4.0 - 1.0))


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtype_and_other_axes_are_kept(name, dtype):
    data = integers((2, 3, 4), dtype=dtype)
    ours = extension(Boundary(name), 3, -2, 8).apply(data, 1)
    assert ours.dtype == dtype
    np.testing.assert_array_equal(ours, pad(data, 2, 5, 1, name))


@pytest.mark.parametrize("name", BOUNDARIES)
def test_the_signal_is_not_written_to(name):
    signal = integers(4)
    signal.flags.writeable = False
    ours = extension(Boundary(name), 4, 0, 4).apply(signal, 0)
    assert not np.shares_memory(ours, signal)


@pytest.mark.parametrize("name", BOUNDARIES)
def test_indices_stay_inside(name):
    for size in (1, 2, 5):
        indices = extension(Boundary(name), size, -30, 30).indices
        assert indices.min() >= 0
        assert indices.max() < size


def test_one_name_serves_every_axis():
    assert parse_boundary("mirror", 3) == (Boundary.MIRROR,) * 3


@pytest.mark.parametrize("names", [("zero", "mirror"), ["zero", Boundary.MIRROR]])
def test_one_name_an_axis(names):
    assert parse_boundary(names, 2) == (Boundary.ZERO, Boundary.MIRROR)


@pytest.mark.parametrize("boundary", ["reflect", ("zero", "reflect")])
def test_reflect_is_refused_with_both_meanings(boundary):
    with pytest.raises(ConvmatError) as caught:
        parse_boundary(boundary, 2)
    for said in ("reflect", "symmetric", "mirror", "SciPy", "OpenCV", "NumPy", "two"):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("boundary", "said"),
    [
        ("edge", "'edge'"),
        ("Zero", "'Zero'"),
        ("", "''"),
        (("zero", "wrap"), "'wrap'"),
        (("zero", None), "None"),
        (("zero", []), "[]"),
        (None, "None"),
        (3, "3"),
        (b"zero", "b'zero'"),
        ({"zero", "mirror"}, "zero"),
        (("zero",), "1 axes"),
        (("zero",) * 3, "3 axes"),
        ((), "0 axes"),
    ],
)
def test_bad_boundaries(boundary, said):
    with pytest.raises(ConvmatError, match="boundary") as caught:
        parse_boundary(boundary, 2)
    assert said in str(caught.value)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConvmatError) as caught:
        parse_boundary("edge", 1)
    assert all(name in str(caught.value) for name in BOUNDARIES)
