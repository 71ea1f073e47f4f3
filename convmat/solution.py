"""What solving gives back: the unknowns, and how far they can be trusted.

The two norms in a `Solution` are computed from the problem, never from what a solver says of
itself, so that all solvers are judged alike.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from convmat.certificate import Certificate

__all__ = ["Outcome", "Solution", "Status"]


class Status(StrEnum):
    """How a solve ended. Each member carries `advice`, a sentence on what to do.

    Examples
    --------
    >>> Status("max_iterations").advice
    'raise max_iterations, loosen tolerance, add damping, or use a direct solver'
    """

    advice: str

    def __new__(cls, value: str, advice: str) -> Self:
        """A string with the advice beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.advice = advice
        return member

    CONVERGED = ("converged", "")
    MAX_ITERATIONS = (
        "max_iterations",
        "raise max_iterations, loosen tolerance, add damping, or use a direct solver",
    )
    RANK_DEFICIENT = (
        "rank_deficient",
        "the data do not determine every unknown: add damping, ask for fewer unknowns, "
        "or give data that vary more",
    )
    ILL_CONDITIONED = (
        "ill_conditioned",
        "more than half of the digits may be lost: add damping, or ask for fewer unknowns",
    )
    INACCURATE = (
        "inaccurate",
        "x is not a minimum: use another solver, such as lsmr, and see that the adjoint, the "
        "normal equations and the transforms of A are those of its products",
    )
    INTERRUPTED = ("interrupted", "x is the best answer so far")


@dataclass(frozen=True, eq=False)
class Solution:
    """The answer to a `LeastSquares` problem, with its certificate.

    Attributes
    ----------
    x : ndarray of float64 or complex128, shape (n,)
    solver : str
        The solver that gave it; with ``solver="auto"``, the one that was chosen.
    status : Status
    iterations : int
        0 for direct solvers without refinement steps.
    residual_norm : float
        ``|W^1/2 (Ax - b)|``.
    gradient_norm : float
        ``|A'W(Ax - b) + damp^2 L'L x|``; zero at an unconstrained minimum.
    condition : float
        Estimate of the 2-norm condition number of ``[W^1/2 A; damp L]``, on the part of it
        that was inverted where the rank is deficient; NaN where the solver has none.
    damp : float
    setup_seconds, solve_seconds : float
        Forming and factoring, once for a matrix, and everything else.
    history : ndarray of float64, shape (iterations + 1, 2), or None
        For iterative solvers, the square root of the objective (the residual norm, where there
        is no damping) and the gradient norm (projected, under constraints), from the start on.
    rank : int or None
        Numerical rank, where the solver finds it.
    optimality : float
        What must be zero at the solution sought: `gradient_norm`, or under constraints the
        part of it that they do not hold in balance.
    message : str
        What there is to say about this solve in particular.
    """

    x: NDArray
    solver: str
    status: Status
    iterations: int
    residual_norm: float
    gradient_norm: float
    condition: float
    damp: float
    setup_seconds: float
    solve_seconds: float
    history: NDArray | None = None
    rank: int | None = None
    optimality: float = float("nan")
    message: str = ""

    @property
    def advice(self) -> str:
        """What to do about it, in a sentence; empty where all is well."""
        return self.status.advice

    def __str__(self) -> str:
        rows = [
            f"{self.solver}: {self.status}, {self.x.size} unknowns",
            f"  residual norm {self.residual_norm:.6g}, gradient norm {self.gradient_norm:.3g}",
        ]
        details = []
        if self.iterations:
            details.append(f"{self.iterations} iterations")
        if not np.isnan(self.condition):
            details.append(f"condition {self.condition:.3g}")
        if self.rank is not None:
            details.append(f"rank {self.rank}")
        if self.damp:
            details.append(f"damp {self.damp:.6g}")
        details.append(f"{self.setup_seconds + self.solve_seconds:.3g} s")
        rows.append("  " + ", ".join(details))
        rows += [f"  {text}" for text in (self.message, self.advice) if text]
        return "\n".join(rows)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one solver hands to `solve`: an x certified by the problem, and its own remarks."""

    certificate: Certificate
    status: Status = Status.CONVERGED
    iterations: int = 0
    condition: float = float("nan")
    rank: int | None = None
    setup_seconds: float = 0.0
    history: NDArray | None = None
    optimality: float | None = None
    message: str = ""
    solver: str | None = None
