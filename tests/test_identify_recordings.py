"""Recordings come back as they were written, and their files stay small."""

import numpy as np
import pytest
from identify_corpus.recordings import FOLDER, read, write

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(7, 5), (4, 6, 3), (1, 1)])
def test_pictures_come_back_to_the_bit(tmp_path, dtype, shape):
    picture = RNG.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)
    picture.flat[0] = np.iinfo(dtype).max
    kept = {"after": picture, "kernel": RNG.normal(size=(3, 3)), "anchor": np.array([1, 1])}
    write("tool_convolutions", kept, tmp_path)
    write("tool_others", {"version": np.array("tool 1.2")}, tmp_path)
    found = read("tool", tmp_path)
    assert found["version"] == "tool 1.2"
    for name, array in kept.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_files_are_small():
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.npz")}
    assert sizes
    assert max(sizes.values()) < 500_000, sizes
