"""Norms and condition numbers from products and solves alone, by power iteration.

The largest eigenvalue of a Hermitian positive semidefinite map M is approached from below by
``|M v|`` with ``v = M^k v0 / |M^k v0|``. With M = G it gives the norm of G, with M = G^-1 (two
triangular solves) that of its inverse; a few steps give it to some per cent, which is all that
a condition number is good for.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002,
chapter 15, doi:10.1137/1.9780898718027.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.powers_of_two import norm_of

__all__ = ["ILL_CONDITIONED", "largest_eigenvalue", "spectral_norm"]

ILL_CONDITIONED = 1 / math.sqrt(np.finfo(np.float64).eps)
"""The condition number beyond which more than half of the digits of x are lost."""


def largest_eigenvalue(
    apply: Callable[[NDArray], NDArray],
    n: int,
    dtype: np.dtype,
    *,
    accuracy: float = 0.01,
    max_iterations: int = 30,
) -> float:
    """Largest eigenvalue of a positive semidefinite map, from below.

    Parameters
    ----------
    apply : callable
        The map, on vectors of shape (n,).
    accuracy : float
        It ends when a step changes the estimate by less than this share of itself.

    Examples
    --------
    >>> import numpy as np
    >>> G = np.diag([1.0, 2.0, 5.0])
    >>> round(largest_eigenvalue(G.dot, 3, G.dtype, accuracy=1e-6), 3)
    5.0
    """
    v = np.random.default_rng(0).standard_normal(n).astype(dtype)
    v /= np.linalg.norm(v)
    estimate = 0.0
    for _ in range(max_iterations):
        v = apply(v)
        size = norm_of(v)
        if not (0 < size < math.inf):
            return size
        v = v / size
        if abs(size - estimate) <= accuracy * size:
            return size
        estimate = size
    return estimate


def spectral_norm(problem: LeastSquares) -> float:
    """Estimate of the 2-norm of ``[W^1/2 A; damp L]``."""
    system = problem.system
    square = largest_eigenvalue(
        lambda v: system.adjoint(system.product(v)),
        problem.shape[1],
        problem.dtype,
    )
    return math.sqrt(square)
