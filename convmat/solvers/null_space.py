"""Whether a problem determines all of its unknowns, from products alone.

LSQR on ``min |B x|`` from a random x removes from x what B sees of it; what is left lies in the
null space of B, and is there with probability one unless that space is empty. Whatever x is,
``|B x| / |x|`` is at least the smallest singular value of B: a small one is a proof, and a
probe that runs out of its iterations proves nothing.

Source: the iterates are those of C. C. Paige and M. A. Saunders, LSQR, ACM Trans. Math. Softw. 8
(1982), doi:10.1145/355984.355989.
"""

import math
from dataclasses import replace
from itertools import islice

import numpy as np

from convmat.least_squares import LeastSquares
from convmat.linear_maps import norm
from convmat.solution import Outcome, Status
from convmat.solvers.bidiagonalization import Bidiagonalization
from convmat.solvers.condition import ILL_CONDITIONED
from convmat.solvers.lsqr import lsqr_iterates

__all__ = ["judge_rank"]

EPS = float(np.finfo(np.float64).eps)

FEW = 50
"""Iterations that a probe may always take."""

ABSENT = 0.01
"""The share of a random vector's component, on one dimension, below which there is none."""


def judge_rank(problem: LeastSquares, outcome: Outcome) -> Outcome:
    """The outcome of an iterative solver, with what a probe finds of the problem's rank.

    An outcome that has not converged stays as it is. The probe may take twice the iterations
    that the solver took, and a few more; it seldom does.
    """
    if outcome.status is not Status.CONVERGED or (problem.damp and problem.penalty is None):
        return outcome
    rows, n = problem.system.shape
    smallest, largest = 0.0, 1.0
    if rows >= n:
        try:
            smallest, largest = _weakest_direction(problem, FEW + 2 * outcome.iterations)
        except KeyboardInterrupt:
            return outcome
    if smallest <= max(rows, n) * EPS * largest:
        status, what = Status.RANK_DEFICIENT, "not every unknown is determined"
    elif smallest * ILL_CONDITIONED < largest:
        status, what = Status.ILL_CONDITIONED, "some unknowns are hardly determined"
    else:
        return outcome
    message = "; ".join(text for text in (outcome.message, what) if text)
    return replace(outcome, status=status, message=message)


def _weakest_direction(problem: LeastSquares, most: int) -> tuple[float, float]:
    """``|B x| / |x|`` of an x that B hardly sees, and the norm of B: bounds from above and below.

    It ends early where x has lost what could be in the null space.
    """
    rows, n = problem.system.shape
    homogeneous = replace(problem, b=np.zeros_like(problem.b))
    x = np.random.default_rng(0).standard_normal(n).astype(problem.dtype)
    least = ABSENT * norm(x) / math.sqrt(n)
    process = Bidiagonalization(homogeneous)
    largest = 0.0
    for image_norm, _ in islice(lsqr_iterates(process, x), most):
        largest = max(largest, *process.alphas[-2:], process.betas[-1])
        size = norm(x)
        if size <= least or image_norm <= max(rows, n) * EPS * largest * size:
            break
    image = homogeneous.system.product(x)
    size, image_norm = norm(x), norm(image)
    underflows = image_norm == 0 and bool(image.any())
    return (largest if underflows or size == 0 else image_norm / size), largest
