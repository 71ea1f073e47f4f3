"""Independent pieces of one computation, spread over the machine's cores.

NumPy and SciPy release the interpreter's lock in their loops, so plain threads do.
"""

import os
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock, Thread
from typing import TypeVar

import numpy as np

__all__ = ["by_blocks", "cores", "run", "unshared_product"]

_MAX_THREADS = 4
# Samples of a block that stays in a core's cache, and of a task: few, as each has its price.
_BLOCK = 2**16
_TASK = 2**18
_PARALLEL = 2**17

Result = TypeVar("Result")


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # fewer than cpu_count() inside many containers
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def unshared_product(dtype: np.dtype) -> int:
    """Multiplications of two matrices up to which OpenBLAS starts no threads of its own.

    They go on spinning for some 20 ms, in the way of ours: whatever comes next takes twice as long.
    """
    return 2**16 if dtype.kind == "c" else 2**18


def run(tasks: Iterable[Callable[[], object]], *, parallel: bool) -> None:
    """Carry out tasks that do not depend on each other; the first failure is raised.

    Examples
    --------
    >>> done = []
    >>> run([lambda: done.append(1), lambda: done.append(2)], parallel=True)
    >>> sorted(done)
    [1, 2]
    """
    count = min(cores(), _MAX_THREADS) if parallel else 1
    if count == 1:
        for task in tasks:
            task()
        return
    remaining, lock = iter(tasks), Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                with lock:
                    task = next(remaining, None)
                if task is None:
                    return
                task()
        except BaseException as error:  # handed to the caller's thread below
            failures.append(error)

    helpers = [Thread(target=work) for _ in range(count - 1)]
    for helper in helpers:
        helper.start()
    work()
    try:
        for helper in helpers:
            helper.join()
    except BaseException as interrupt:  # Ctrl-C reaches the main thread only
        failures.append(interrupt)
        raise
    if failures:
        raise failures[0]


def by_blocks(task: Callable[[slice], Result], count: int, size: int = 1) -> list[Result]:
    """Carry out a task for `count` rows of `size` samples, as many at a time as stay in the cache.

    Examples
    --------
    >>> by_blocks(lambda rows: rows.stop - rows.start, 100, size=10**4)[:2]
    [6, 6]
    """
    step = max(1, _BLOCK // size)
    blocks = [slice(start, min(start + step, count)) for start in range(0, count, step)]
    results: list[list[Result]] = []
    share = max(1, _TASK // (step * size))

    def several(some: list[slice], done: list[Result]) -> None:
        done.extend(task(block) for block in some)

    tasks = []
    for first in range(0, len(blocks), share):
        results.append([])
        tasks.append(partial(several, blocks[first : first + share], results[-1]))
    run(tasks, parallel=count * size > _PARALLEL)
    return [result for done in results for result in done]
