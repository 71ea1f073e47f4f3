"""How well least squares knows its unknowns: the covariance of the estimate.

Where the model holds and nothing is damped, it is ``s^2 (A'WA)^-1`` with
``s^2 = sum w r^2 / (m - p)`` for m equations and p unknowns. A constraint ``c'x = const``
takes away what it fixes: with C that matrix, ``C - C c c'C / (c'C c)``.

Source: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, sections 2.8 and
5.1, doi:10.1137/1.9781611971484.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS
from convmat.solvers.cholesky import gram_inverse
from convmat.solvers.factorization import NotPositiveDefiniteError

__all__ = ["Uncertainty", "uncertainty"]

_NEGLIGIBLE = 0.1


class Uncertainty(NamedTuple):
    """Covariance, shape (p, p), of NaN where `note` says why; s, the residual's deviation."""

    covariance: NDArray
    residual_std: float
    note: str


def uncertainty(
    problem: LeastSquares,
    solution: Solution,
    *,
    noise_std: float | None = None,
    fixed_sum: NDArray | None = None,
    at_bound: bool = False,
) -> Uncertainty:
    """Covariance and residual deviation of a solved problem.

    Parameters
    ----------
    problem : LeastSquares
    solution : Solution
        Of it.
    noise_std : float, optional
        s where it is known; otherwise it comes from the residual.
    fixed_sum : ndarray, shape (p,), optional
        c, of the constraint that c'x is constant.
    at_bound : bool
        Whether some unknown is held at a bound: then there is no covariance.

    Examples
    --------
    >>> from convmat.solvers import solve
    >>> line = LeastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 6])
    >>> result = uncertainty(line, solve(line))
    >>> np.sqrt(np.diag(result.covariance)).round(6), round(result.residual_std, 6)
    (array([0.372678, 0.288675]), 0.408248)
    """
    rows, p = problem.shape
    equations = rows if problem.weights is None else int(np.count_nonzero(problem.weights))
    rank = p if solution.rank is None else solution.rank
    freedom = equations - rank + (fixed_sum is not None)
    if noise_std is None:
        noise_std = solution.residual_norm / math.sqrt(freedom) if freedom > 0 else math.nan
    covariance = None
    if problem.damp:
        note = "no error bars: damping biases the estimate, and they would not show it"
    elif at_bound:
        note = "no error bars: some entries are held at a bound"
    elif solution.status is Status.RANK_DEFICIENT:
        note = "no error bars: the data do not determine every entry"
    elif math.isnan(noise_std):
        note = f"no error bars: {equations} pixels for {p} unknowns leave no residual"
    elif solution.status not in (Status.CONVERGED, Status.ILL_CONDITIONED):
        note = f"no error bars: the solver ended as {solution.status}"
    else:
        try:
            covariance = gram_inverse(problem)
            note = ""
        except NotPositiveDefiniteError:
            note = "no error bars: singular normal equations"
    if covariance is None:
        return Uncertainty(np.full((p, p), np.nan), noise_std, note)
    if fixed_sum is not None:
        moved = covariance @ fixed_sum
        covariance -= np.outer(moved, moved.conj()) / np.vdot(fixed_sum, moved).real
    note = _stopped_short(problem, solution, covariance, noise_std)
    covariance *= math.nan if note else noise_std**2
    return Uncertainty(covariance, noise_std, note)


def _stopped_short(
    problem: LeastSquares, solution: Solution, inverse: NDArray, noise_std: float
) -> str:
    """What an iterative solver left undone, where that is no small part of an error bar.

    The inverse of the Gram matrix times the gradient is the distance to the solution.
    """
    if not SOLVERS[solution.solver].iterative:
        return ""
    missing = np.abs(inverse @ problem.gradient(solution.x))
    errors = noise_std * np.sqrt(np.diagonal(inverse).real)
    worst = float(np.max(missing / np.maximum(errors, np.finfo(float).tiny)))
    if worst < _NEGLIGIBLE:
        return ""
    return f"no error bars: the solver stopped {worst:.2g} of them short; lower its tolerance"
