"""Independent pieces of one computation, spread over the machine's cores.

NumPy and SciPy release the interpreter's lock in their loops, so plain threads do.
"""

import os
from collections.abc import Callable, Iterable
from threading import Lock, Thread

__all__ = ["cores", "run"]

_MAX_THREADS = 4


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # fewer than cpu_count() inside many containers
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(tasks: Iterable[Callable[[], None]], *, parallel: bool) -> None:
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
