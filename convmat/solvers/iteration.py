"""What all iterative solvers share: when to stop, what to record, whom to tell.

A method is a generator: it improves x in place and yields, once an iteration, the objective
norm and the gradient norm as its own recurrences have them. Here they are checked against
the problem: where a method believes that it has converged and the certificate disagrees,
rounding has got between them, and the method begins anew from the x that it has.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.certificate import Certificate
from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import norm
from convmat.solution import Outcome, Status
from convmat.solvers.condition import spectral_norm

__all__ = [
    "MAX_ITERATIONS",
    "TOLERANCE",
    "Callback",
    "Method",
    "Progress",
    "check_options",
    "checked_start",
    "interrupted",
    "iterate",
]

TOLERANCE = 1e-10
MAX_ITERATIONS = 10_000

Method = Callable[[NDArray], Iterator[tuple[float, float]]]
"""Improves the x that it is given, in place; yields (objective norm, gradient norm)."""

Callback = Callable[[int, NDArray, float, float], Any]
"""``callback(iteration, x, objective_norm, gradient_norm)``; returning True stops the solve."""

Progress = Callable[[int, float], Any]
"""``progress(iteration, fraction)``: the share, 0 to 1, of the digits asked for."""

EPS = float(np.finfo(np.float64).eps)


def iterate(
    problem: LeastSquares,
    method: Method,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
    measure: Callable[[Certificate], float] | None = None,
) -> Outcome:
    """Run `method` until the certified gradient is at most ``tolerance * |A'Wb|``.

    Ctrl-C, or a callback that returns True, ends it with the x reached so far.

    Parameters
    ----------
    measure : callable, optional
        What must be small, where it is not the whole gradient (constraints).
    """
    measure = measure or _gradient_norm
    check_options(tolerance, max_iterations, callback, progress)
    x = checked_start(problem, start)
    target = tolerance * norm(problem.rhs)
    certificate = problem.certificate(x)
    reached = measure(certificate)
    history = [(certificate.objective_norm, reached)]
    report = _reporter(x, reached, target, callback, progress)
    status = Status.CONVERGED if reached <= target else None
    message = ""
    size: float | None = None
    try:
        while status is None:
            before = reached
            believable = max(target, 4 * EPS * before)
            for objective, gradient in method(x):
                history.append((objective, gradient))
                if report(len(history) - 1, objective, gradient):
                    status = Status.INTERRUPTED
                elif not objective <= 10 * history[0][0]:
                    status, message = Status.MAX_ITERATIONS, "it diverges: take a smaller step"
                elif len(history) > max_iterations:
                    status = Status.MAX_ITERATIONS
                elif gradient > believable:
                    continue
                break
            certificate = problem.certificate(x)
            reached = measure(certificate)
            history[-1] = (certificate.objective_norm, reached)
            if reached <= target:
                status = Status.CONVERGED
            elif status is None:
                size = size or spectral_norm(problem)
                status, message = _no_progress(certificate, size, reached, before, target)
    except KeyboardInterrupt:
        certificate = problem.certificate(x)
        reached = measure(certificate)
        status = Status.INTERRUPTED
    return Outcome(
        certificate,
        status,
        iterations=len(history) - 1,
        history=np.array(history),
        optimality=reached,
        message=message,
    )


def _no_progress(
    certificate: Certificate, system_norm: float, reached: float, before: float, target: float
) -> tuple[Status | None, str]:
    """Whether the gradient cannot be made smaller in this arithmetic, or only was not."""
    if reached <= 16 * certificate.rounding(system_norm, norm(certificate.x)):
        return Status.CONVERGED, "the gradient is as small as rounding lets it be"
    if reached < before / 2:
        return None, ""
    share = f"{reached / target:.2g} times what tolerance allows" if target else f"of {reached:.2g}"
    return Status.MAX_ITERATIONS, f"no more progress, with a gradient {share}"


def _gradient_norm(certificate: Certificate) -> float:
    return certificate.gradient_norm


def _reporter(
    x: NDArray,
    first: float,
    target: float,
    callback: Callback | None,
    progress: Progress | None,
) -> Callable[[int, float, float], bool]:
    view = x.view()
    view.setflags(write=False)
    digits = math.log(first / target) if target and first > target else 1.0
    furthest = 0.0

    def report(iteration: int, objective: float, gradient: float) -> bool:
        nonlocal furthest
        if progress is not None:
            gained = math.log(first / gradient) / digits if 0 < gradient < first else 0.0
            done = 1.0 if gradient <= target else min(gained, 1.0)
            furthest = max(furthest, done)
            progress(iteration, furthest)
        return callback is not None and callback(iteration, view, objective, gradient) is True

    return report


def checked_start(problem: LeastSquares, start: Any) -> NDArray:
    """A new array to iterate on: `start`, or zeros."""
    n = problem.shape[1]
    if start is None:
        return np.zeros(n, dtype=problem.dtype)
    x = np.array(start)
    if x.shape != (n,) or x.dtype.kind not in "buifc" or not np.all(np.isfinite(x)):
        raise ConvmatError(f"start must hold {n} finite numbers, got shape {x.shape}, {x.dtype}")
    if x.dtype.kind == "c" and problem.dtype.kind != "c":
        raise ConvmatError("start is complex and the problem is real")
    return x.astype(problem.dtype)


def interrupted(
    problem: LeastSquares, x: NDArray, measure: Callable[[Certificate], float] | None = None
) -> Outcome:
    """What there is where Ctrl-C came before any iteration."""
    certificate = problem.certificate(x)
    reached = (measure or _gradient_norm)(certificate)
    return Outcome(
        certificate,
        Status.INTERRUPTED,
        history=np.array([(certificate.objective_norm, reached)]),
        optimality=reached,
        message="interrupted early: x is the start, or a first guess",
    )


def check_options(tolerance: Any, max_iterations: Any, callback: Any, progress: Any) -> None:
    """Refuse what iterations cannot go by."""
    if not (isinstance(tolerance, (int, float, np.number)) and 0 <= tolerance < 1):
        raise ConvmatError(f"tolerance must be a number from 0 to below 1, got {tolerance!r}")
    whole = isinstance(max_iterations, (int, np.integer)) and not isinstance(max_iterations, bool)
    if not (whole and max_iterations >= 1):
        raise ConvmatError(
            f"max_iterations must be a whole number of at least 1, got {max_iterations!r}"
        )
    for name, function in (("callback", callback), ("progress", progress)):
        if not (function is None or callable(function)):
            raise ConvmatError(f"{name} must be a function or None, got {function!r}")
