"""Long filters along one axis for kernels whose spectrum has zeros of high order.

The columns of H are independent, and yet a band of many is singular to rounding: the filter that
comes closest to the delta is so large that rounding errors are all that is left of it. With

    damp = 2 r |H|,    r the rounding below which rank is not told,

which is the least that makes the band regular, the filter is determined. It leaves more than the
best would in exact arithmetic.

Source: P. C. Hansen, Rank-Deficient and Discrete Ill-Posed Problems, SIAM 1998, chapters 3 and 5,
doi:10.1137/1.9780898719697 (numerical rank, and Tikhonov's damp in place of truncation).
"""

from dataclasses import replace

import numpy as np

from convmat.least_squares import LeastSquares
from convmat.solution import Solution, Status
from convmat.solvers import solve
from convmat.solvers.banded_qr import NarrowBand
from convmat.solvers.condition import spectral_norm
from convmat.solvers.gram_rank import rounding

__all__ = ["regular_band", "solved_by_band"]

_LONG = 1024
"""Unknowns up to which pivoting tells the rank in a second."""


def regular_band(problem: LeastSquares, band: NarrowBand) -> LeastSquares:
    """The problem itself, or damped where it has many unknowns and its band is singular.

    Parameters
    ----------
    problem : LeastSquares
    band : NarrowBand
        Of it.
    """
    n = problem.shape[1]
    if n <= _LONG or problem.penalty is not None:
        return problem
    triangle, _, _ = band.triangularized(np.zeros((band.rows.shape[0], 0)))
    if triangle.is_regular(triangle.condition()):
        return problem
    return problem.with_damp(2 * rounding(n) * spectral_norm(problem))


def solved_by_band(problem: LeastSquares, band: NarrowBand) -> Solution:
    """The solution by QR, which says so where it had to be damped."""
    regular = regular_band(problem, band)
    solution = solve(regular, "qr")
    if regular is problem:
        return solution
    certificate = problem.certificate(solution.x)
    return replace(
        solution,
        status=Status.RANK_DEFICIENT,
        rank=None,
        residual_norm=certificate.residual_norm,
        gradient_norm=certificate.gradient_norm,
        optimality=certificate.gradient_norm,
        damp=problem.damp,
        message=f"{solution.message}, which is singular to rounding: damped by "
        f"{regular.damp / spectral_norm(problem):.2g} of its norm",
    )
