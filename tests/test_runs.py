"""Few runs and short rows: what the speed and the memory of building depend on."""

import numpy as np
import pytest
from oracles import BOUNDARIES

from convmat import Geometry
from convmat.matrices.runs import data_runs, kernel_runs


def runs_of(n, k, mode, boundary, anchor=None, used=None):
    geometry = Geometry(n, k, mode, boundary, anchor)
    used = np.arange(k) if used is None else np.array(used)
    return kernel_runs(geometry.extensions[0], k, used)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("k", [1, 2, 5, 8])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_runs_partition_the_outputs(boundary, k, mode):
    geometry = Geometry(30, k, mode, boundary)
    (m,), (interior,) = geometry.output_shape, geometry.interior
    runs = runs_of(30, k, mode, boundary)
    assert [o for run in runs for o in range(run.start, run.stop)] == list(range(m))
    assert any(run.start <= interior.start and interior.stop <= run.stop for run in runs)
    assert len(runs) <= 1 + (m - (interior.stop - interior.start))
    parts = list(data_runs(geometry.extensions[0], k))
    assert [o for start, stop, *_ in parts for o in range(start, stop)] == list(range(m))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("k", [1, 4, 45])
def test_a_run_knows_the_size_of_its_rows(boundary, k):
    for run in runs_of(9, k, "full", boundary):
        row = run.row()
        assert row.columns.size == row.groups.size == run.size
        assert np.all(np.diff(row.columns) > 0)
        assert np.bincount(row.taps, minlength=1).max() == run.spread


@pytest.mark.parametrize(("boundary", "count"), [("zero", 3), ("replicate", 3), ("circular", 101)])
def test_far_outside_is_few_runs(boundary, count):
    """A thousand outputs of one sample each: before the signal, in it, and behind it."""
    assert len(runs_of(10, 1, "same", boundary, anchor=10**6)) <= 2
    runs = runs_of(10, 1000, "full", boundary, used=[0])
    assert len(runs) <= count


def test_a_large_kernel_of_few_entries_has_few_runs():
    """Where one entry reads nothing, the run goes by what the other reads."""
    assert len(runs_of(10**4, 10**3, "full", "zero", used=[0, 10**3 - 1])) <= 5
