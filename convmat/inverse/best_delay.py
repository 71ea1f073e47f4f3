"""Where the delta has to stand for an inverse filter to come closest to it.

Of the filters of one support the best for a delta at index d leaves, with H the matrix of the
convolution with the kernel,

    min over g of  |H g - e_d|^2 + damp^2 |L g|^2  =  1 - P[d, d],    P = H (H'H + damp^2 L'L)^-1 H'

so that one factorization serves all d. One minus P would lose half of the digits; what is
computed is the left side itself, for blocks of d. Where the Gram matrix has lost too many
digits, an orthonormal basis Q of the range of [H; damp L] takes its place: the left side is the
square of the norm of ``Q Q'e_d - e_d``. Of a narrow band, Q stays a product of reflections, and the
left side is the square of what they leave of e_d beneath the triangle.

Source: E. A. Robinson and S. Treitel, Geophysical Signal Analysis, Prentice-Hall 1980, chapter 7
(the optimum lag of a spiking filter); A. Bjorck, Numerical Methods for Least Squares
Problems, SIAM 1996, doi:10.1137/1.9781611971484.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from convmat.inverse.regular_band import regular_band
from convmat.least_squares import LeastSquares
from convmat.linear_maps import product, row_blocks, to_explicit
from convmat.memory import require_memory
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.solvers.banded_qr import narrow_band
from convmat.solvers.condition import ILL_CONDITIONED, largest_eigenvalue
from convmat.solvers.factorization import Factor, NotPositiveDefiniteError, factorize
from convmat.threads import cores

__all__ = ["ALL_DELAYS", "DelayChoice", "best_delay", "delay_objectives"]

ALL_DELAYS = 4096
"""Entries of the filter up to which every delay is tried."""

EPS = float(np.finfo(np.float64).eps)

_STATED = "the centre of f * g, the kernel's anchor plus the filter's centre, and the corners"
_PROMISING = 5
_SOLVED = 1e-10
"""What iterative solvers leave of the gradient, and so about the error of a root."""

_WELL_CONDITIONED = 1e4
_BLOCK_ENTRIES = 2**22


@dataclass(frozen=True, eq=False)
class DelayChoice:
    """How a delay was chosen.

    Attributes
    ----------
    delay : tuple of int
    candidates : ndarray of int, shape (count, axes)
        The delays that were tried.
    objective_norms : ndarray, shape (count,)
        Root of what is minimised, at each of them: the norm of the residual, where nothing is
        damped.
    message : str
        Which delays were tried.
    """

    delay: tuple[int, ...]
    candidates: NDArray[np.intp]
    objective_norms: NDArray[np.float64]
    message: str


def best_delay(
    operator: ConvolutionOperator,
    objective: Callable[[tuple[int, ...]], float],
    *,
    damp: float = 0.0,
    penalty: Any = None,
    constrained: bool = False,
) -> DelayChoice:
    """The delay that leaves least; of equals to rounding, the one nearest to the centre.

    Parameters
    ----------
    operator : ConvolutionOperator
        H, of mode `full` and boundary `zero`.
    objective : callable
        From a delay to the root of what is minimised there, by solving. It is called for a few
        candidates where not all delays can be had at once: for filters of more than 4096
        entries, and under constraints.
    damp, penalty
        As of a `LeastSquares`.
    constrained : bool
        Whether `objective` knows of constraints; the best without them are candidates.
    """
    shape = operator.geometry.output_shape
    delays, message = _stated(operator), _STATED
    if operator.shape[1] <= ALL_DELAYS:
        norms, rounding = delay_objectives(operator, damp=damp, penalty=penalty)
        all_delays = np.stack(np.unravel_index(np.arange(norms.size), shape), axis=1)
        if not constrained:
            return _choice(all_delays, norms, shape, rounding, f"all {norms.size} delays")
        promising = all_delays[np.argsort(norms, kind="stable")[:_PROMISING]]
        delays = np.concatenate([delays, promising])
        message += f", and the {len(promising)} that are best without the constraint"
    tried = list(dict.fromkeys(tuple(delay) for delay in delays.tolist()))
    norms = np.array([objective(delay) for delay in tried])
    return _choice(np.array(tried), norms, shape, _SOLVED, f"{len(tried)} delays: {message}")


def _stated(operator: ConvolutionOperator) -> NDArray[np.intp]:
    geometry = operator.geometry
    last = np.array(geometry.output_shape) - 1
    middle = [(n - 1) // 2 for n in geometry.input_shape]
    sum_of_centres = np.clip(np.array(geometry.anchor) + middle, 0, last)
    corners = [np.where(index, last, 0) for index in np.ndindex(*(2,) * last.size)]
    return np.array([last // 2, sum_of_centres, *corners])


def _choice(
    delays: NDArray, norms: NDArray, shape: tuple[int, ...], rounding: float, message: str
) -> DelayChoice:
    tied = norms <= np.fmin.reduce(norms) + rounding  # NaN where a solver broke down
    distance = ((delays - (np.array(shape) - 1) / 2) ** 2).sum(axis=1)
    best = int(np.argmin(np.where(tied, distance, np.inf)))
    return DelayChoice(tuple(delays[best].tolist()), delays, norms, message)


def delay_objectives(
    operator: ConvolutionOperator, *, damp: float = 0.0, penalty: Any = None
) -> tuple[NDArray, float]:
    """Root of the objective for a delta at every index, and the size of rounding errors in it.

    Returns
    -------
    ndarray, shape (outputs,)
    float

    Examples
    --------
    A filter of two entries for [1, 0.5] does best if it may begin with the delta:

    >>> norms, _ = delay_objectives(ConvolutionOperator([1.0, 0.5], 2))
    >>> norms.round(4)
    array([0.2182, 0.4364, 0.8729])
    """
    problem = LeastSquares(operator, np.zeros(operator.shape[0]), damp=damp, penalty=penalty)
    gram = problem.damped_gram()
    try:
        factor, _ = factorize(gram)
        condition = _condition(gram, factor)
    except NotPositiveDefiniteError:
        condition = np.inf
    norms: NDArray
    if condition <= _WELL_CONDITIONED:
        norms = _by_gram(problem, factor)
    else:
        norms, condition = _by_band(problem) or _by_basis(problem)
    return norms, 10 * EPS * min(condition, ILL_CONDITIONED)


def _condition(gram: Any, factor: Factor) -> float:
    n = gram.shape[0]
    norm = largest_eigenvalue(lambda v: gram @ v, n, gram.dtype)
    return float(np.sqrt(norm * largest_eigenvalue(factor.solve, n, gram.dtype)))


def _by_gram(problem: LeastSquares, factor: Factor) -> NDArray:
    """Solve for each delta, and look at what is left."""
    operator = problem.A
    shape = operator.geometry.output_shape
    grid = tuple(fft.next_fast_len(m, real=True) for m in shape)
    axes = tuple(range(1, 1 + len(shape)))
    real = problem.dtype.kind == "f"  # a complex penalty makes filters complex
    forward, backward = (fft.rfftn, fft.irfftn) if real else (fft.fftn, fft.ifftn)
    spectrum = forward(operator.kernel, grid, workers=cores())
    squares = np.empty(problem.shape[0])
    for which, rows in row_blocks(operator.to_matrix(), max(1, _BLOCK_ENTRIES // prod(grid))):
        filters = factor.solve(np.asfortranarray(rows.conj().T)).T
        stack = np.ascontiguousarray(filters).reshape(-1, *operator.geometry.input_shape)
        products = backward(spectrum * forward(stack, grid, axes, workers=cores()), grid, axes)
        left = products[(slice(None), *map(slice, shape))].reshape(len(rows), -1)
        left[np.arange(len(rows)), np.arange(which.start, which.stop)] -= 1
        squares[which] = (np.abs(left) ** 2).sum(axis=1)
        if problem.damp:
            rough = filters.T if problem.penalty is None else product(problem.penalty, filters.T)
            squares[which] += problem.damp**2 * (np.abs(rough) ** 2).sum(axis=0)
    return np.sqrt(squares)


def _by_band(problem: LeastSquares) -> tuple[NDArray, float] | None:
    """What reflections leave of each delta, or None for matrices without a narrow band.

    None also where that is singular to rounding, and not so long that it is damped instead (see
    `convmat.inverse.regular_band`): its range has fewer dimensions than columns.

    Returns
    -------
    ndarray
    float
        The condition.
    """
    band = narrow_band(problem)
    if band is None:
        return None
    regular = regular_band(problem, band)
    band = band if regular is problem else narrow_band(regular)
    assert band is not None, "damping makes no band wider"
    rows = band.rows.shape[0]
    triangle, _, _ = band.triangularized(np.zeros((rows, 0)))
    condition = triangle.condition()
    if not triangle.is_regular(condition):
        return None
    squares = np.empty(problem.shape[0])
    for which in _slices(squares.size, max(1, _BLOCK_ENTRIES // rows)):
        deltas = np.zeros((rows, which.stop - which.start))
        deltas[np.arange(which.start, which.stop), np.arange(deltas.shape[1])] = 1
        squares[which] = band.triangularized(deltas)[2]
    return np.sqrt(squares), condition


def _by_basis(problem: LeastSquares) -> tuple[NDArray, float]:
    """Project each delta on the numerical range, by Householder QR with pivoting.

    Returns
    -------
    ndarray
    float
        How far the diagonal of the triangle goes down: the condition of what is kept, roughly.
    """
    from scipy.linalg import qr

    explicit = replace(problem, A=to_explicit(problem.A))
    matrix = explicit.augmented()[0]
    rows, n = matrix.shape
    require_memory(
        3 * problem.dtype.itemsize * rows * n, f"a factorization of {rows} x {n}", "give delay"
    )
    dense = matrix.toarray() if sparse.issparse(matrix) else matrix
    basis, triangle, _ = qr(dense, mode="economic", pivoting=True, check_finite=False)
    sizes = np.abs(np.diagonal(triangle))
    kept = sizes > max(rows, n) * EPS * sizes[0]
    basis, condition = basis[:, kept], float(sizes[0] / sizes[kept].min())
    norms = np.empty(problem.shape[0])
    for which in _slices(norms.size, max(1, _BLOCK_ENTRIES // rows)):
        left = basis @ basis[which].conj().T
        left[np.arange(which.start, which.stop), np.arange(which.stop - which.start)] -= 1
        norms[which] = np.linalg.norm(left, axis=0)
    return norms, condition


def _slices(size: int, width: int) -> Iterator[slice]:
    for start in range(0, size, width):
        yield slice(start, min(start + width, size))
