"""Running a method that lives on the Golub-Kahan process, with a condition number from it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome, Status
from convmat.solvers.bidiagonalization import Bidiagonalization
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.iteration import iterate

__all__ = ["run_krylov"]


def run_krylov(
    problem: LeastSquares,
    iterates: Callable[[Bidiagonalization, NDArray], Iterator[tuple[float, float]]],
    **options: Any,
) -> Outcome:
    """Iterate, then judge the condition of what was iterated on."""
    process = Bidiagonalization(problem)
    outcome = iterate(problem, partial(iterates, process), **options)
    condition = process.condition()
    status = outcome.status
    if status is Status.CONVERGED and condition > ILL_CONDITIONED:
        status = Status.ILL_CONDITIONED
    return replace(outcome, condition=condition, status=status)
