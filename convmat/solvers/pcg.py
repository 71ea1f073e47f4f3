"""PCG: conjugate gradients on the normal equations, preconditioned by what A itself offers.

An operator may offer ``preconditioner(damp, penalty)``, a cheap map M near
``(A'A + damp^2 L'L)^-1``. Conjugate gradients then take the number of steps that M A'A is good
for, whose eigenvalues lie around one but for a few. As in `cgls`, A'A is never formed: the
residual follows by its own recurrence.

It may also offer ``singular_value_bounds()``, numbers that all singular values of A are between:
a proof that all unknowns are determined, and of how well.

Sources: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, section 7.4,
doi:10.1137/1.9781611971484; R. H. Chan, J. G. Nagy and R. J. Plemmons, Circulant preconditioned
Toeplitz least squares iterations, SIAM J. Matrix Anal. Appl. 15 (1994), 80-97.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.least_squares import LARGEST_DAMP, LeastSquares
from convmat.linear_maps import inner, norm
from convmat.solution import Outcome
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.iteration import (
    MAX_ITERATIONS,
    TOLERANCE,
    Callback,
    Progress,
    check_options,
    checked_start,
    iterate,
)

__all__ = ["condition_bound", "pcg"]


def pcg(
    problem: LeastSquares,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by PCG until the gradient norm is at most ``tolerance * |A'Wb|``."""
    check_options(tolerance, max_iterations, callback, progress)
    checked_start(problem, start)
    if not hasattr(problem.A, "preconditioner"):
        raise ConvmatError(
            "pcg needs an operator that offers a preconditioner, such as ConvolutionOperator; "
            "use cgls for any other A"
        )
    # A'WA is near mean(W) A'A, and a common factor makes no difference to the steps.
    share = 1.0 if problem.weights is None else math.sqrt(float(problem.weights.mean()))
    precondition = problem.A.preconditioner(problem.damp / share, problem.penalty)
    outcome = iterate(
        problem,
        lambda x: pcg_iterates(problem, precondition, x),
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=start,
        callback=callback,
        progress=progress,
    )
    bound = condition_bound(problem)
    if bound > ILL_CONDITIONED:
        return outcome
    message = "; ".join(filter(None, [outcome.message, f"condition at most {bound:.3g}"]))
    return replace(outcome, rank=problem.shape[1], message=message)


def condition_bound(problem: LeastSquares) -> float:
    """What the condition number of ``[A; damp]`` is at most, by the operator's bounds; or infinity.

    Examples
    --------
    >>> condition_bound(LeastSquares([[1.0], [1.0]], [1.0, 2.0]))
    inf
    """
    unknown = problem.weights is not None or (problem.damp and problem.penalty is not None)
    if unknown or not hasattr(problem.A, "singular_value_bounds"):
        return math.inf
    lowest, highest = (math.hypot(s, problem.damp) for s in problem.A.singular_value_bounds())
    squares_are_numbers = lowest > 1 / LARGEST_DAMP and highest < LARGEST_DAMP
    return highest / lowest if squares_are_numbers else math.inf


def pcg_iterates(
    problem: LeastSquares, precondition: Callable[[NDArray], NDArray], x: NDArray
) -> Iterator[tuple[float, float]]:
    """Improve x in place; `residual` and `gradient` follow by recurrences."""
    system = problem.system
    residual = system.rhs - system.product(x)
    gradient = system.adjoint(residual)
    preconditioned = precondition(gradient)
    direction = preconditioned.copy()
    square = _dot(gradient, preconditioned)
    while square > 0:
        image = system.product(direction)
        length = _dot(image, image)
        if length == 0:
            return
        step = square / length
        x += step * direction
        residual -= step * image
        gradient = system.adjoint(residual)
        preconditioned = precondition(gradient)
        before, square = square, _dot(gradient, preconditioned)
        direction *= square / before
        direction += preconditioned
        yield norm(residual), norm(gradient)


def _dot(one: NDArray, other: NDArray) -> float:
    return float(inner(one, other).real)
