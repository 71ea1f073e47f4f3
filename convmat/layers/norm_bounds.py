"""What bounds the norm of a sparse matrix from either side: a vector, and a factorization.

    |M v| / |v|  <=  norm  <=  sqrt(t)    wherever  t I - M'M  has a Cholesky factor

The vector is found by Lanczos iterations. That a Cholesky factorization runs to its end proves
the right side, up to rounding that is bounded and added: (n + 2) u trace(t I - M'M) for n unknowns
and unit roundoff u.

Sources: R. B. Lehoucq, D. C. Sorensen and C. Yang, ARPACK Users' Guide, SIAM 1998,
doi:10.1137/1.9780898719628; S. M. Rump, Verification of positive definiteness, BIT 46 (2006),
doi:10.1007/s10543-006-0056-1.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import TooLargeError
from convmat.layers.layer_geometry import LayerGeometry
from convmat.solvers.factorization import NotPositiveDefiniteError, factorize

__all__ = ["is_below", "is_too_large", "leading_vector", "signal_first"]

EPS = float(np.finfo(np.float64).eps)

# Multiplications for M'M, and for its factor: some seconds each.
_GRAM_PRODUCTS = 1e9
_FACTOR_FLOPS = 1e11


def leading_vector(layer: Any, seed: int, tolerance: float) -> NDArray:
    """A unit vector near the first right singular vector of an operator."""
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    n = layer.shape[1]
    start = np.random.default_rng(seed).standard_normal(n).astype(layer.dtype)
    gram = layer.H @ layer
    steps = min(n, 40)
    try:
        vectors = eigsh(gram, 1, which="LA", v0=start, ncv=steps, tol=tolerance, maxiter=2000)[1]
        vector = vectors[:, 0]
    except ArpackNoConvergence:
        vector = start
        for _ in range(steps):
            vector = gram @ vector
            vector /= np.linalg.norm(vector)
    return vector / np.linalg.norm(vector)


def signal_first(group: LayerGeometry) -> NDArray[np.intp]:
    """The order of the unknowns in which the Gram matrix has few diagonals.

    The longest axis of the signal first, the channels last.
    """
    wide = group.matrix_shape[0] < group.matrix_shape[1]
    shape = group.output_shape if wide else group.input_shape
    axes = sorted(range(1, len(shape)), key=lambda axis: -shape[axis])
    return np.arange(prod(shape)).reshape(shape).transpose(*axes, 0).ravel()


def is_too_large(weight: NDArray, group: LayerGeometry) -> bool:
    """Whether forming M'M takes too long, so that M itself need not be built either."""
    rows, columns = group.matrix_shape
    entries = weight != 0
    of_output = int(np.count_nonzero(entries.reshape(len(weight), -1), axis=1).max())
    of_sample = int(np.count_nonzero(entries, axis=(0, *range(2, weight.ndim))).max())
    per_row = of_output if rows >= columns else -(-of_sample // prod(group.stride))
    stored = int(np.count_nonzero(entries)) * prod(group.output_size)
    return stored * per_row > _GRAM_PRODUCTS


def is_below(
    matrix: Any, order: NDArray[np.intp], target: float, product_of_sums: float
) -> bool | None:
    """Whether the norm is proven to be below `target`; None where that costs too much."""
    n = matrix.shape[1]
    ordered = sparse.csr_array(matrix[:, order])
    gram = sparse.csr_array(ordered.conj().T @ ordered)
    entries = gram.tocoo()
    width = int(np.abs(entries.row - entries.col).max()) + 1
    if n * float(width) ** 2 > _FACTOR_FLOPS:
        return None
    # Of the products: the rounding of an entry of M'M, summed over a row of it.
    longest = int(np.bincount(matrix.indices, minlength=n).max())
    products = longest * EPS * product_of_sums
    # Of the factorization, whose trace is at most that of t I.
    factored = (n + 2) * EPS / 2
    shift = (target**2 - products) / (1 + 2 * n * factored)
    shifted = sparse.csr_array(shift * sparse.eye_array(n, format="csr") - gram)
    try:
        factorize(shifted)
    except NotPositiveDefiniteError:
        return False
    except TooLargeError:
        return None
    return True
