"""Numbers of any scale, brought near one by a power of two: exactly, and back.

Squares of numbers beyond some 1e154 are none, and those below 1e-162 vanish. Multiplying by a power
of two changes no digit, so that norms and products may be taken near one.
"""

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError

__all__ = ["exponent_of", "norm_of", "require_range", "times_power"]

Values = TypeVar("Values", float, NDArray)

_ORDINARY = 100
"""Exponents up to which nothing is scaled."""

_LIMITS = np.finfo(np.float64)


def exponent_of(values: NDArray) -> int:
    """The p for which the largest real or imaginary part is from 2^p to below 2^(p + 1).

    It is 0 for what is not far from 1, of which no square is too large or too small.

    Examples
    --------
    >>> exponent_of(np.array([0.3, -5.0])), exponent_of(np.array([0.3, -5.0]) * 2.0**500)
    (0, 502)
    """
    largest = max(float(np.abs(part).max()) for part in (values.real, values.imag))
    exponent = math.frexp(largest)[1] - 1
    return exponent if largest and abs(exponent) > _ORDINARY else 0


def times_power(values: Values, exponent: int) -> Values:
    """``values * 2^exponent``, also where that power alone is no number; infinite beyond.

    Examples
    --------
    >>> times_power(np.array([3.0, 1.0]), -1), times_power(2.0**-1074, 1075)
    (array([1.5, 0.5]), 2.0)
    """
    with np.errstate(over="ignore", under="ignore"):
        if np.iscomplexobj(values):
            scaled: Any = np.empty_like(values)
            scaled.real = np.ldexp(values.real, exponent)
            scaled.imag = np.ldexp(values.imag, exponent)
            return scaled
        product: Any = np.ldexp(values, exponent)
    return float(product) if isinstance(values, float) else product


def norm_of(values: NDArray) -> float:
    """The 2-norm, also where its square is no number.

    Examples
    --------
    >>> norm_of(np.array([3.0, 4.0]) * 2.0**-900) == 5 * 2.0**-900
    True
    """
    exponent = exponent_of(values)
    return times_power(float(np.linalg.norm(times_power(values, -exponent))), exponent)


def require_range(size: float, exponent: int, what: str, instead: str) -> float:
    """``size * 2^exponent``, where floating-point numbers hold that to full precision.

    What is no number, of a factorization that broke down, stays none.

    Raises
    ------
    ConvmatError
        Where it is beyond the largest of them, or below the smallest that has all digits.

    Examples
    --------
    >>> require_range(1.5, 3, "the filter", "")
    12.0
    """
    scaled: float = times_power(size, exponent)
    if not math.isfinite(size):
        return scaled
    if size and not float(_LIMITS.tiny) <= scaled <= float(_LIMITS.max):
        digits = math.log10(size) + exponent * math.log10(2)
        power = math.floor(digits)
        raise ConvmatError(
            f"{what} would be about {10 ** (digits - power):.2f}e{power:+d}; float64 has numbers "
            f"from {_LIMITS.tiny:.2g} to {_LIMITS.max:.2g}; {instead}"
        )
    return scaled
