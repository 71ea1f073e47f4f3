"""Cholesky: the normal equations ``(A'WA + damp^2 L'L) x = A'Wb``, factored.

By far the cheapest way where there are many more equations than unknowns. The condition number
of the augmented matrix is squared, so that all digits are lost where it reaches 1/sqrt(eps).
Below that, a step or two of refinement, ``x - (LL')^-1 gradient(x)`` with the gradient from A
itself, brings the accuracy near that of QR. A step that would change x by less than QR's own
error, ``eps * condition(A) * |x|``, is not made: it moves x within what nobody knows better.

Sources: A. Bjorck, Stability analysis of the method of seminormal equations for linear least
squares problems, Linear Algebra Appl. 88/89 (1987), doi:10.1016/0024-3795(87)90101-7; N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, theorems 20.1 and 20.3,
doi:10.1137/1.9780898718027 (the error of QR: a multiple of that, more with a residual).
"""

import math
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from convmat.certificate import Certificate
from convmat.errors import ConvmatError
from convmat.least_squares import LeastSquares
from convmat.linear_maps import as_dense, is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.condition import ILL_CONDITIONED, largest_eigenvalue
from convmat.solvers.factorization import (
    Backend,
    DenseFactor,
    Factor,
    NotPositiveDefiniteError,
    factorize,
)
from convmat.solvers.gram_rank import GramPseudoInverse, is_singular, rounding
from convmat.solvers.rank_one import RankOneUpdate

__all__ = ["DENSE_LIMIT", "cholesky", "gram_inverse"]

DENSE_LIMIT = 4096
"""Unknowns up to which dense n-by-n matrices and their eigenvectors are modest."""

EPS = float(np.finfo(np.float64).eps)

# For as long as a problem lives: its covariance needs the factor once more.
_factors: WeakKeyDictionary[LeastSquares, DenseFactor | RankOneUpdate] = WeakKeyDictionary()


def cholesky(
    problem: LeastSquares, *, backend: Backend | str = "auto", refinements: int = 2
) -> Outcome:
    """Solve by the Cholesky factor of the normal equations.

    A Gram matrix that is numerically singular gives the minimum-norm solution by its
    eigenvectors, for up to 4096 unknowns, and an x of NaN beyond; `status` says so.

    Parameters
    ----------
    backend : {"auto", "lapack", "cholmod", "banded"}
    refinements : int
        Refinement steps at most; each costs one product with A and one with its adjoint. They
        end when they change x by no more than an orthogonal method's error.
    """
    try:
        backend = Backend(backend)
    except ValueError:
        names = ", ".join(Backend)
        raise ConvmatError(f"backend must be one of {names}, got {backend!r}") from None
    if not (isinstance(refinements, int) and refinements >= 0):
        raise ConvmatError(f"refinements must be a whole number, not negative, got {refinements!r}")
    n = problem.shape[1]
    operator = is_operator(problem.A) and not hasattr(problem.A, "to_matrix")
    if operator and not hasattr(problem.A, "normal_equations") and n > DENSE_LIMIT:
        raise ConvmatError(
            f"cholesky needs the matrix of A, or an operator with normal_equations; for one "
            f"with products only and {n} unknowns use lsqr, lsmr or cgls"
        )
    began = perf_counter()
    solved = _by_centred_equations(problem, backend, began, refinements)
    if solved is not None:
        return solved
    gram = problem.damped_gram()
    rhs = problem.normal_equations().rhs
    try:
        factored = _factored(gram, backend)
    except NotPositiveDefiniteError:
        return _deficient(problem, gram, rhs, began, refinements)
    if isinstance(factored.factor, DenseFactor):
        _factors[problem] = factored.factor
    condition = math.sqrt(factored.norm * factored.inverse_norm)
    setup = perf_counter() - began
    x = factored.factor.solve(rhs)
    certificate, steps = _refine(problem, factored.factor, x, refinements, condition)
    return Outcome(
        certificate,
        _status(condition),
        iterations=steps,
        condition=condition,
        rank=n,
        setup_seconds=setup,
        message=f"factored by {factored.backend}",
    )


def gram_inverse(problem: LeastSquares) -> NDArray:
    """``(A'WA + damp^2 L'L)^-1``, dense; from the factor of `cholesky`, where it had one.

    Raises
    ------
    NotPositiveDefiniteError
    """
    if problem not in _factors:
        _factors[problem] = _dense_factor(problem)
    return _factors[problem].inverse()


def _dense_factor(problem: LeastSquares) -> DenseFactor | RankOneUpdate:
    centred = problem.centred_equations
    if centred is not None:
        try:
            spread = DenseFactor(as_dense(problem.damped(centred.gram)))
            return RankOneUpdate(spread, centred.mean, centred.weight)
        except NotPositiveDefiniteError:
            pass
    return DenseFactor(as_dense(problem.damped_gram()))


def _by_centred_equations(
    problem: LeastSquares, backend: Backend, began: float, refinements: int
) -> Outcome | None:
    """Solve with the means of the columns apart: what they do to the condition costs no digits.

    None where there are no such equations, or where the columns less their means are dependent.
    """
    centred = problem.centred_equations
    if centred is None or backend not in (Backend.AUTO, Backend.LAPACK):
        return None
    spread = problem.damped(centred.gram)
    try:
        factored = _factored(as_dense(spread), Backend.LAPACK)
    except NotPositiveDefiniteError:
        return None
    factor = RankOneUpdate(factored.factor, centred.mean, centred.weight)
    _factors[problem] = factor
    scaled = centred.weight * centred.mean
    norm = largest_eigenvalue(
        lambda v: spread @ v + scaled * np.vdot(centred.mean, v), scaled.size, spread.dtype
    )
    condition = math.sqrt(norm * factored.inverse_norm)
    setup = perf_counter() - began
    x = factor.solve(centred.rhs, centred.level)
    certificate, steps = _refine(problem, factor, x, refinements, condition)
    return Outcome(
        certificate,
        _status(math.sqrt(factored.norm * factored.inverse_norm)),
        iterations=steps,
        condition=condition,
        rank=scaled.size,
        setup_seconds=setup,
        message=f"factored by {factored.backend}",
    )


class _Factored(NamedTuple):
    """A factor, what made it, and the norms of the matrix and of its inverse."""

    factor: Any
    backend: Backend
    norm: float
    inverse_norm: float


def _factored(gram: Any, backend: Backend) -> _Factored:
    """Factor, unless the matrix is singular to rounding.

    Raises
    ------
    NotPositiveDefiniteError
    """
    n = gram.shape[0]
    factor, used = factorize(gram, backend)
    norm = largest_eigenvalue(lambda v: gram @ v, n, gram.dtype)
    inverse_norm = largest_eigenvalue(factor.solve, n, gram.dtype)
    # Scaling makes the condition number n times as large at most: only then is there a doubt.
    if not n * norm * inverse_norm * rounding(n) < 0.1 and is_singular(gram, factor):
        raise NotPositiveDefiniteError("singular to rounding")
    return _Factored(factor, used, norm, inverse_norm)


def _status(condition: float) -> Status:
    return Status.ILL_CONDITIONED if condition > ILL_CONDITIONED else Status.CONVERGED


def _refine(
    problem: LeastSquares, factor: Factor, x: NDArray, refinements: int, condition: float
) -> tuple[Certificate, int]:
    """Correct x by the gradient that A itself gives, while that gains anything."""
    certificate = problem.certificate(x)
    before = math.inf
    for step in range(refinements):
        x = certificate.x
        correction = factor.solve(certificate.gradient)
        size, change = float(np.linalg.norm(x)), float(np.linalg.norm(correction))
        if not (EPS * condition * size < change < before / 2):
            return certificate, step
        certificate = problem.certificate(x - correction)
        before = change
    return certificate, refinements


def _deficient(
    problem: LeastSquares,
    gram: Any,
    rhs: NDArray,
    began: float,
    refinements: int,
) -> Outcome:
    n = rhs.size
    if n > DENSE_LIMIT:
        return Outcome(
            problem.certificate(np.full(n, np.nan, dtype=problem.dtype)),
            Status.RANK_DEFICIENT,
            setup_seconds=perf_counter() - began,
            message="the Cholesky factorization broke down; lsmr gives a minimum-norm solution",
        )
    pseudo = GramPseudoInverse(as_dense(gram))
    setup = perf_counter() - began
    condition = math.nan
    if pseudo.rank:
        largest = largest_eigenvalue(lambda v: gram @ v, n, gram.dtype)
        inverse = largest_eigenvalue(pseudo.solve, n, gram.dtype)
        condition = math.sqrt(largest * inverse)
    certificate, steps = _refine(problem, pseudo, pseudo.solve(rhs), refinements, condition)
    status = Status.RANK_DEFICIENT
    if pseudo.rank == n:
        status = Status.ILL_CONDITIONED
    return Outcome(
        certificate,
        status,
        iterations=steps,
        condition=condition,
        rank=pseudo.rank,
        setup_seconds=setup,
        message="the minimum-norm solution, by the eigenvectors of the normal equations",
    )
