"""Refusing what does not fit, before it is begun."""

import os
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np

from convmat.errors import TooLargeError

__all__ = ["available_bytes", "keep_freed_memory", "require_memory"]

_CONTROL_GROUP = Path("/sys/fs/cgroup")

_LARGEST_LIMIT = 2**25  # glibc's own: what is larger is mapped, and leaves the limit as it is

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def available_bytes() -> int | None:
    """Memory that this process may still take, in bytes; None where the system does not say."""
    found = [_meminfo_available(), _control_group_available()]
    known = [size for size in found if size is not None]
    return min(known) if known else _physical()


def require_memory(needed: int, what: str, instead: str) -> None:
    """Refuse to build `what` where `needed` bytes are more than there is.

    Raises
    ------
    TooLargeError
        Naming the bytes, what is available, and what to use `instead`.

    Examples
    --------
    >>> require_memory(100, "a small matrix", "nothing")
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise TooLargeError(
            f"{what} would take {_readable(needed)} ({needed} bytes), "
            f"{_readable(available)} are available; {instead}"
        )


def keep_freed_memory() -> None:
    """Let arrays take the memory of those freed before, where the C library is glibc.

    It gives back to the system what is free at the end of its heap beyond twice the size of the
    largest block that it ever freed (mallopt(3), M_TRIM_THRESHOLD). To get it again takes a page
    fault for each 4 KiB: for an image of 1024 x 1024, as long as its FFT. To free a block that
    was never touched costs nothing, and raises that limit to its largest, 64 MiB.
    """
    if not tracemalloc.is_tracing():  # who measures memory would find the block
        _raise_limit()


@cache
def _raise_limit() -> None:
    np.empty(_LARGEST_LIMIT - 2**16, np.uint8)


def _readable(size: int) -> str:
    unit = min(max(size, 1).bit_length() // 10, len(_UNITS) - 1)
    return f"{size / 1024**unit:.4g} {_UNITS[unit]}"


def _meminfo_available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _control_group_available() -> int | None:
    """What the limit of a container leaves, which /proc/meminfo does not show."""
    try:
        limit, used, statistics = (
            (_CONTROL_GROUP / name).read_text(encoding="ascii")
            for name in ("memory.max", "memory.current", "memory.stat")
        )
    except OSError:
        return None
    if limit.strip() == "max":
        return None
    counts = dict(line.split() for line in statistics.splitlines())
    reclaimable = int(counts.get("inactive_file", 0))  # counted as used, given back when needed
    return max(int(limit) - int(used) + reclaimable, 0)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
