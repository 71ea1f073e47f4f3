"""Cholesky: the normal equations ``(A'WA + damp^2 L'L) x = A'Wb``, factored.

By far the cheapest way where there are many more equations than unknowns. The condition number
of the augmented matrix is squared, so that all digits are lost where it reaches 1/sqrt(eps).
Below that, a step or two of refinement, ``x - (LL')^-1 gradient(x)`` with the gradient from A
itself, brings the accuracy near that of QR. A step that would change x by less than QR's own
error, ``eps * condition(A) * |x|``, is not made: it moves x within what nobody knows better.

Sources: A. Bjorck, Stability analysis of the method of seminormal equations for linear least
squares problems, Linear Algebra Appl. 88/89 (1987), doi:10.1016/0024-3795(87)90101-7;
A. van der Sluis, Condition numbers and equilibration of matrices, Numer. Math. 14 (1969),
doi:10.1007/BF02165096 (why columns are scaled before the rank is judged); N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, theorems 20.1 and 20.3,
doi:10.1137/1.9780898718027 (the error of QR: a multiple of that, more with a residual).
"""

import math
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError
from convmat.least_squares import Certificate, LeastSquares
from convmat.linear_maps import is_operator
from convmat.solution import Outcome, Status
from convmat.solvers.condition import ILL_CONDITIONED, largest_eigenvalue
from convmat.solvers.factorization import (
    Backend,
    DenseFactor,
    Factor,
    NotPositiveDefiniteError,
    factorize,
)

__all__ = ["DENSE_LIMIT", "cholesky", "dense_factor"]

DENSE_LIMIT = 4096
"""Unknowns up to which dense n-by-n matrices and their eigenvectors are modest."""

EPS = float(np.finfo(np.float64).eps)

# For as long as a problem lives: its covariance needs the factor once more.
_factors: WeakKeyDictionary[LeastSquares, DenseFactor] = WeakKeyDictionary()


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
    gram = problem.damped_gram()
    rhs = problem.normal_equations().rhs
    scale = _column_scale(gram)
    try:
        factor, used = factorize(gram, backend)
    except NotPositiveDefiniteError:
        return _deficient(problem, gram, scale, rhs, began, refinements)
    if isinstance(factor, DenseFactor):
        _factors[problem] = factor
    largest = largest_eigenvalue(lambda v: gram @ v, n, gram.dtype)
    condition_squared = largest * largest_eigenvalue(factor.solve, n, gram.dtype)
    # Scaling makes the condition number n times as large at most: only then is there a doubt.
    if not n * condition_squared * _rounding(n) < 0.1 and _numerically_singular(
        gram, scale, factor
    ):
        return _deficient(problem, gram, scale, rhs, began, refinements)
    setup = perf_counter() - began
    condition = math.sqrt(condition_squared)
    certificate, steps = _refine(problem, factor, rhs, refinements, condition)
    return Outcome(
        certificate,
        Status.ILL_CONDITIONED if condition > ILL_CONDITIONED else Status.CONVERGED,
        iterations=steps,
        condition=condition,
        rank=n,
        setup_seconds=setup,
        message=f"factored by {used}",
    )


def dense_factor(problem: LeastSquares) -> DenseFactor:
    """The factor of the normal equations as a dense matrix; that of `cholesky`, where it had one.

    Raises
    ------
    NotPositiveDefiniteError
    """
    if problem not in _factors:
        gram = problem.damped_gram()
        _factors[problem] = DenseFactor(gram.toarray() if sparse.issparse(gram) else gram)
    return _factors[problem]


def _refine(
    problem: LeastSquares, factor: Factor, rhs: NDArray, refinements: int, condition: float
) -> tuple[Certificate, int]:
    """Solve, and correct by the gradient that A itself gives, while that gains anything."""
    certificate = problem.certificate(factor.solve(rhs))
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


def _column_scale(gram: Any) -> NDArray:
    """What brings the diagonal of the Gram matrix to one; one where a column is zero."""
    diagonal = np.asarray(gram.diagonal()).real
    return 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def _numerically_singular(gram: Any, scale: NDArray, factor: Factor) -> bool:
    """Whether the scaled Gram matrix is singular to rounding, though Cholesky went through.

    Of exactly dependent columns rounding leaves pivots of a few eps, not zero: the inverse is
    large then. A false alarm needs a condition number of A near 1e7, columns scaled.
    """
    n = scale.size
    largest = largest_eigenvalue(lambda v: scale * (gram @ (scale * v)), n, gram.dtype)
    inverse = largest_eigenvalue(lambda v: factor.solve(v / scale) / scale, n, gram.dtype)
    return not largest * inverse * _rounding(n) < 1


def _rounding(n: int) -> float:
    return 10 * math.sqrt(n) * EPS


class _PseudoInverse:
    """Minimum-norm solves with a singular Gram matrix, its columns scaled to judge the rank."""

    def __init__(self, gram: NDArray, scale: NDArray) -> None:
        from scipy.linalg import eigh, qr

        values, vectors = eigh(scale[:, None] * gram * scale, check_finite=False)
        kept = values > _rounding(scale.size) * values[-1]
        self.rank = int(kept.sum())
        self._values = values[kept]
        self._vectors = scale[:, None] * vectors[:, kept]
        null = scale[:, None] * vectors[:, ~kept]
        self._null = qr(null, mode="economic", check_finite=False)[0] if null.size else null

    def solve(self, rhs: NDArray) -> NDArray:
        x = self._vectors @ ((self._vectors.conj().T @ rhs) / self._values)
        return x - self._null @ (self._null.conj().T @ x)


def _deficient(
    problem: LeastSquares,
    gram: Any,
    scale: NDArray,
    rhs: NDArray,
    began: float,
    refinements: int,
) -> Outcome:
    n = scale.size
    if n > DENSE_LIMIT:
        return Outcome(
            problem.certificate(np.full(n, np.nan, dtype=problem.dtype)),
            Status.RANK_DEFICIENT,
            setup_seconds=perf_counter() - began,
            message="the Cholesky factorization broke down; lsmr gives a minimum-norm solution",
        )
    pseudo = _PseudoInverse(gram.toarray() if sparse.issparse(gram) else gram, scale)
    setup = perf_counter() - began
    condition = math.nan
    if pseudo.rank:
        largest = largest_eigenvalue(lambda v: gram @ v, n, gram.dtype)
        inverse = largest_eigenvalue(pseudo.solve, n, gram.dtype)
        condition = math.sqrt(largest * inverse)
    certificate, steps = _refine(problem, pseudo, rhs, refinements, condition)
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
