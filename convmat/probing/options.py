"""Numbers that come in as options."""

import operator
from numbers import Real
from typing import Any

from convmat.errors import ConvmatError

__all__ = ["check_count", "check_number"]


def check_number(value: Any, name: str) -> None:
    """Refuse what is no finite real number of at least 0."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= float(value) < float("inf"):
        raise ConvmatError(f"{name} must be a number of at least 0, got {value!r}")


def check_count(value: Any, name: str) -> None:
    """Refuse what is no whole number of at least 1."""
    try:
        whole = not isinstance(value, bool) and operator.index(value) >= 1
    except TypeError:
        whole = False
    if not whole:
        raise ConvmatError(f"{name} must be a whole number of at least 1, got {value!r}")
