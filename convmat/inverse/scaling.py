"""Kernels of any scale, undone at scale one.

    f = 2^p f1,    t = 2^q t1,    g = 2^(q - p) g1        with the largest entries of f1, t1 near 1

minimises ``|f * g - t|^2 + damp^2 |L g|^2`` where g1 minimises the same for f1, t1 and
``damp / 2^p``; with L over ``2^l``, for ``damp 2^l / 2^p``. Squares of f1 and g1 neither overflow
nor vanish as those of f and g may; and as multiplying by a power of two is exact, nothing else
changes, not even in the last digit.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.powers_of_two import times_power
from convmat.regularization import DampChoice, DampMethod
from convmat.solution import Solution

__all__ = ["damp_at_scale", "options_at_one", "solution_at_scale"]


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
