"""Kernels of any scale, undone at scale one.

    f = 2^p f1,    t = 2^q t1,    g = 2^(q - p) g1        with the largest entries of f1, t1 near 1

minimises ``|f * g - t|^2 + damp^2 |L g|^2`` where g1 minimises the same for f1, t1 and
``damp / 2^p``; with L over ``2^l``, for ``damp 2^l / 2^p``. Squares of f1 and g1 neither overflow
nor vanish as those of f and g may; and as multiplying by a power of two is exact, nothing else
changes, not even in the last digit.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.regularization import DampChoice, DampMethod
from convmat.solution import Solution

__all__ = [
    "damp_at_scale",
    "exponent_of",
    "norm_of",
    "options_at_one",
    "require_range",
    "solution_at_scale",
    "times_power",
]

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


def options_at_one(options: dict[str, Any], p: int, q: int) -> dict[str, Any]:
    """A solver's options in the units of g, in those of g1."""
    changed = dict(options)
    for name in options.keys() & {"start", "lower", "upper", "total"}:
        changed[name] = _number_times_power(options[name], p - q)
    if "step" in options:  # of length |g| over |gradient|
        changed["step"] = _number_times_power(options["step"], 2 * p)
    if callable(options.get("callback")):
        changed["callback"] = _callback(options["callback"], p, q)
    return changed


def _number_times_power(value: Any, exponent: int) -> Any:
    """As it is where it is no number, which the solver refuses."""
    if not exponent:
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return value
    if array.dtype.kind not in "iufc":
        return value
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    scaled = times_power(array, exponent)
    return scaled if array.ndim else scaled.item()


def _callback(callback: Callable[..., object], p: int, q: int) -> Callable[..., object]:
    def told(iteration: int, x: NDArray, objective_norm: float, gradient_norm: float) -> object:
        return callback(
            iteration,
            times_power(x, q - p),
            times_power(objective_norm, q),
            times_power(gradient_norm, p + q),
        )

    return told


def solution_at_scale(solution: Solution, damp: float, p: int, q: int) -> Solution:
    """The solution for f and t, from that for f1 and t1."""
    history = solution.history
    if history is not None:
        history = np.stack(
            [times_power(history[:, 0], q), times_power(history[:, 1], p + q)], axis=1
        )
    return replace(
        solution,
        x=times_power(solution.x, q - p),
        residual_norm=times_power(solution.residual_norm, q),
        gradient_norm=times_power(solution.gradient_norm, p + q),
        optimality=times_power(solution.optimality, p + q),
        damp=damp,
        history=history,
    )


def damp_at_scale(choice: DampChoice, p: int, q: int, rough: int) -> DampChoice:
    """The choice of damp for f, t and a penalty ``2^rough`` times the one it was made with."""
    values = choice.values
    if choice.method in (DampMethod.GCV, DampMethod.RGCV):  # squares of residuals
        values = times_power(values, 2 * q)
    return replace(
        choice,
        damp=times_power(choice.damp, p - rough),
        damps=times_power(choice.damps, p - rough),
        values=values,
        residual_norms=times_power(choice.residual_norms, q),
        penalty_norms=times_power(choice.penalty_norms, q - p + rough),
    )
