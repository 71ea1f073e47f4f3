"""One pixel for each neighbourhood, against windows compared one by one."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convmat.identify.box import Box
from convmat.identify.distinct import one_of_each
from convmat.identify.given import planes_of


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def windows(picture, shape):
    return sliding_window_view(picture, shape).reshape(-1, np.prod(shape))


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (1, 4)])
@pytest.mark.parametrize("levels", [2, 3])
def test_there_is_one_of_each(rng, shape, levels):
    picture = np.kron(rng.integers(0, levels, (15, 12)), np.ones((3, 3)))
    box = Box((0, 0), (shape[0] - 1, shape[1] - 1))
    after = np.zeros_like(picture)
    after[shape[0] - 1 :, shape[1] - 1 :] = sliding_window_view(picture, shape).sum(axis=(2, 3))
    planes, _ = planes_of(picture, after)
    (keep,) = one_of_each(planes, box, box)
    seen = windows(picture, shape)
    inside = keep[shape[0] - 1 :, shape[1] - 1 :].ravel()
    assert keep.sum() == inside.sum() == len(np.unique(seen, axis=0))
    assert len(np.unique(seen[inside], axis=0)) == inside.sum()


def test_a_photograph_is_all_of_its_own(rng):
    planes, _ = planes_of(rng.integers(0, 256, (50, 60)), rng.integers(0, 256, (50, 60)))
    assert one_of_each(planes, Box((-1, -1), (1, 1)), Box((-1, -1), (1, 1))) is None


def test_noise_makes_every_pixel_count(rng):
    picture = np.kron(rng.integers(0, 2, (15, 12)), np.ones((3, 3))) * 200
    planes, _ = planes_of(picture, np.rint(picture + rng.normal(0, 2, picture.shape)))
    assert one_of_each(planes, Box((-1, -1), (1, 1)), Box((-1, -1), (1, 1))) is None


def test_several_pairs_are_looked_at_together(rng):
    picture = np.kron(rng.integers(0, 2, (15, 12)), np.ones((3, 3)))
    planes, _ = planes_of([picture, picture], [picture, picture])
    box = Box((-1, -1), (1, 1))
    first, second = one_of_each(planes, box, box)
    # What became of them is a level apart where they are: differences tell them apart.
    seen = windows(picture, (3, 3))
    assert first.sum() == len(np.unique(seen - seen[:, :1], axis=0))
    assert not second.any()
