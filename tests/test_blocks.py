"""CSR arrays under construction: index dtypes and strips."""

import numpy as np
import pytest

import convmat.matrices.blocks
from convmat.matrices.blocks import RowBlocks, index_dtype

LARGEST = np.iinfo(np.int32).max


@pytest.mark.parametrize(
    ("entries", "shape", "dtype"),
    [
        (1, (1, 1), np.int32),
        (LARGEST, (LARGEST, LARGEST), np.int32),
        (LARGEST + 1, (1, 1), np.int64),
        (1, (LARGEST + 1, 1), np.int64),
        (1, (1, LARGEST + 1), np.int64),
    ],
)
def test_index_dtype(entries, shape, dtype):
    assert index_dtype(entries, shape) == dtype


@pytest.mark.parametrize(("columns", "dtype"), [(LARGEST, np.int32), (LARGEST + 1, np.int64)])
def test_a_matrix_has_the_index_dtype_of_its_size(columns, dtype):
    blocks = RowBlocks([np.array([0, 2])], np.array([1]), columns, np.dtype(float))
    blocks.indices[:] = columns - 1
    blocks.data[:] = 5
    matrix = blocks.finish(iter([]))
    assert matrix.shape == (2, columns)
    assert {matrix.indices.dtype, matrix.indptr.dtype} == {np.dtype(dtype)}
    assert np.shares_memory(matrix.indices, blocks.indices)
    assert np.shares_memory(matrix.data, blocks.data)
    assert matrix[1, columns - 1] == 5


def test_strips_cover_every_output_once(monkeypatch):
    monkeypatch.setattr(convmat.matrices.blocks, "_ENTRIES_PER_STRIP", 30)
    counts = np.array([[2, 3], [0, 0], [4, 5]])
    blocks = RowBlocks([np.array([0, 2, 5, 20]), np.array([0, 1, 4])], counts, 9, np.dtype(float))
    for start, stop in [(0, 2), (2, 5), (5, 20)]:
        strips = list(blocks.strips(start, stop))
        assert [o for s in strips for o in range(s.start, s.stop)] == list(range(start, stop))
    assert len(strips) == 15
