"""Shapes, anchors, and which outputs touch no extension."""

import pickle
from dataclasses import FrozenInstanceError, replace
from itertools import product

import numpy as np
import oracles
import pytest
from oracles import MODES
from scipy import signal

from convmat import Boundary, ConvmatError, Geometry, Mode

SIZES = [(5, 3), (5, 2), (6, 4), (4, 4), (4, 1), (1, 1), (1, 3), (2, 7), (3, 10)]
ANCHORS = [None, 0, 1, -1, 4, -3, 12]


def _axes():
    for (n, k), mode, anchor in product(SIZES, MODES, ANCHORS):
        if mode != "valid" or k <= n:
            yield n, k, mode, anchor


AXES = list(_axes())


@pytest.mark.parametrize(("n", "k", "mode", "anchor"), AXES)
def test_what_is_computed_and_what_is_read(n, k, mode, anchor):
    geometry = Geometry(n, k, mode, "zero", anchor)
    c = (k - 1) // 2 if anchor is None else anchor
    i = oracles.outputs(mode, n, k, c)
    read = [output + c - a for output in i for a in range(k)]
    assert geometry.anchor == (c,)
    assert geometry.output_shape == (len(i),)
    assert geometry.first_output == (i[0],)
    assert geometry.first_sample == (min(read),)
    assert geometry.extended_shape == (max(read) - min(read) + 1,)
    assert geometry.matrix_shape == (len(i), n)
    assert geometry.data_matrix_shape == (len(i), k)


@pytest.mark.parametrize(("n", "k", "mode", "anchor"), AXES)
def test_interior_is_where_a_nan_outside_does_not_reach(n, k, mode, anchor):
    geometry = Geometry(n, k, mode, "replicate", anchor)
    (start,), (count,) = geometry.first_sample, geometry.extended_shape
    samples = np.array([0.0 if 0 <= p < n else np.nan for p in range(start, start + count)])
    clean = np.isfinite(signal.convolve(samples, np.ones(k), mode="valid", method="direct"))
    (interior,) = geometry.interior
    assert 0 <= interior.start <= interior.stop <= geometry.output_shape[0]
    inside = np.zeros(geometry.output_shape, dtype=bool)
    inside[geometry.interior] = True
    np.testing.assert_array_equal(inside, clean)


def test_axes_are_independent():
    geometry = Geometry((5, 1, 7), (2, 3, 4), "same", ("zero", "mirror", "circular"), (0, -2, 9))
    for axis in range(3):
        alone = Geometry(
            geometry.input_shape[axis],
            geometry.kernel_shape[axis],
            "same",
            geometry.boundary[axis],
            geometry.anchor[axis],
        )
        for name in ("output_shape", "first_output", "first_sample", "extended_shape", "interior"):
            assert getattr(geometry, name)[axis : axis + 1] == getattr(alone, name)


def test_one_number_is_one_axis():
    assert Geometry(5, 3) == Geometry((5,), [3], Mode.FULL, ("zero",), (1,))


@pytest.mark.parametrize("shape", [np.array([4, 5]), [np.int64(4), np.uint8(5)], (4, 5), [4, 5]])
def test_shapes_may_be_any_sequence_of_integers(shape):
    geometry = Geometry(shape, (1, 1))
    assert geometry.input_shape == (4, 5)
    assert all(type(size) is int for size in geometry.input_shape)


def test_reversed_turns_everything_round():
    geometry = Geometry((5, 7), (2, 3), "same", ("zero", "mirror"), (0, 4))
    assert geometry.reversed() == Geometry((7, 5), (3, 2), "same", ("mirror", "zero"), (4, 0))
    assert geometry.reversed().reversed() == geometry


def test_it_is_a_value():
    geometry = Geometry((5, 7), (2, 3), "same", "mirror", (0, 4))
    assert {geometry: 1}[Geometry((5, 7), (2, 3), "same", ("mirror", "mirror"), (0, 4))] == 1
    assert geometry != replace(geometry, anchor=(0, 3))
    assert pickle.loads(pickle.dumps(geometry)) == geometry
    with pytest.raises(FrozenInstanceError):
        geometry.mode = Mode.FULL


def test_names_become_enums():
    geometry = Geometry(5, 3, "valid", "mirror")
    assert geometry.mode is Mode.VALID
    assert geometry.boundary == (Boundary.MIRROR,)
    assert isinstance(geometry.boundary[0], Boundary)


BAD_SHAPES = [0, -3, 2.0, "4", "4x4", "", None, (), (4, 0), (4, -1), (4, 2.0), ((4, 4),), object()]
BAD_SHAPES += [np.array([4.0]), np.array([[4]]), True, (True, 4), 2**63, (2**40, 2**40)]


@pytest.mark.parametrize("shape", BAD_SHAPES, ids=repr)
@pytest.mark.parametrize("name", ["input_shape", "kernel_shape"])
def test_bad_shapes(name, shape):
    shapes = {"input_shape": 4, "kernel_shape": 4, name: shape}
    with pytest.raises(ConvmatError) as caught:
        Geometry(**shapes)
    assert name in str(caught.value)
    assert repr(shape) in str(caught.value)


@pytest.mark.parametrize(
    "anchor", [1.0, "1", (1.0, 1), True, 10**30, -(10**30), object()], ids=repr
)
def test_bad_anchors(anchor):
    with pytest.raises(ConvmatError, match="anchor") as caught:
        Geometry((4, 4), (3, 3), anchor=anchor)
    assert repr(anchor) in str(caught.value)


@pytest.mark.parametrize("anchor", [0, (0,), (0, 1, 2), ()], ids=repr)
def test_an_anchor_has_one_entry_an_axis(anchor):
    with pytest.raises(ConvmatError, match="anchor .*2 axes") as caught:
        Geometry((4, 4), (3, 3), anchor=anchor)
    assert repr(anchor) in str(caught.value)


@pytest.mark.parametrize("mode", ["Full", "", None, 3, [], b"full"], ids=repr)
def test_bad_modes(mode):
    with pytest.raises(ConvmatError, match="mode .*full, same, valid") as caught:
        Geometry(4, 3, mode)
    assert repr(mode) in str(caught.value)


def test_shapes_that_disagree():
    with pytest.raises(ConvmatError, match=r"kernel .*\(3,\).* signal .*\(4, 4\)"):
        Geometry((4, 4), 3)


@pytest.mark.parametrize(("n", "k"), [(3, 4), ((5, 3), (2, 4)), ((3, 5), (4, 2))])
def test_valid_needs_a_signal_as_large_as_the_kernel(n, k):
    with pytest.raises(ConvmatError, match="'valid'.*kernel.*larger"):
        Geometry(n, k, "valid")


def test_the_largest_anchors_are_only_numbers():
    for anchor in (2**62, -(2**62)):
        geometry = Geometry(4, 3, "same", "circular", anchor)
        assert geometry.first_sample == (anchor - 2,)
        assert [s.indices[0].tolist() for s in geometry.extensions] == [
            [(anchor - 2 + step) % 4 for step in range(6)]
        ]
