"""Tasks on several threads."""

from functools import partial
from threading import Barrier, current_thread

import pytest

import convmat.threads
from convmat.threads import by_blocks, cores, run


@pytest.fixture(params=[1, 2, 4])
def threads(request, monkeypatch):
    monkeypatch.setattr(convmat.threads, "cores", lambda: request.param)
    return request.param


@pytest.mark.parametrize("parallel", [True, False])
def test_every_task_runs_once(threads, parallel):
    done = []
    run((partial(done.append, i) for i in range(100)), parallel=parallel)
    assert sorted(done) == list(range(100))


def test_as_many_at_a_time_as_there_are_threads(threads):
    """Each task waits until all threads hold one: with fewer threads it would wait in vain."""
    barrier = Barrier(threads, timeout=20)
    run((barrier.wait for _ in range(3 * threads)), parallel=True)


def test_one_after_another_where_asked(threads):
    names = []
    run((lambda: names.append(current_thread()) for _ in range(9)), parallel=False)
    assert set(names) == {current_thread()}


def test_a_failure_reaches_the_caller_and_ends_the_work(threads):
    drawn = []

    def tasks():
        for i in range(1000):
            drawn.append(i)
            yield partial(fail, i)

    def fail(i):
        raise MemoryError(f"task {i}")

    with pytest.raises(MemoryError, match="task"):
        run(tasks(), parallel=True)
    assert len(drawn) <= threads


def test_a_failure_while_tasks_are_drawn(threads):
    def tasks():
        yield lambda: None
        raise KeyError("drawing")

    with pytest.raises(KeyError, match="drawing"):
        run(tasks(), parallel=True)


def test_cores():
    assert cores() >= 1


@pytest.mark.parametrize(("count", "size"), [(1, 1), (7, 3), (1000, 1000), (3, 10**6), (2**20, 1)])
def test_blocks_cover_all_rows_in_order(threads, count, size):
    blocks = by_blocks(lambda rows: (rows.start, rows.stop), count, size)
    assert [start for start, _ in blocks] == [0, *(stop for _, stop in blocks[:-1])]
    assert blocks[-1][1] == count
