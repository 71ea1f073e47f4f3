"""The filter of a chosen support that undoes a kernel best: Toeplitz-constrained least squares.

    min over g of  |f * g - target|^2 + damp^2 |L g|^2        f * g in full, a delta for a target

It is linear in g, with the (multilevel Toeplitz) matrix of the convolution with f, and solved as
every other problem here, so that its optimality, ``H'(H g - target) + damp^2 L'L g = 0``, is
certified.

What does `damp` mean? Of a picture whose samples are uncorrelated with standard deviation p,
blurred by f and with noise of standard deviation s, g restores the picture, shifted, with the
expected squared error ``p^2 |f * g - delta|^2 + s^2 |g|^2`` a sample. So ``damp = s / p``, the
noise to signal ratio, makes g the best of all filters of its support, Wiener's. Chosen from
data, as "gcv", it has only the delta to go by, of which the part that no g reaches
counts as noise: it bounds an ill-posed problem and knows nothing of the noise in pictures.

Source: N. Wiener, Extrapolation, Interpolation, and Smoothing of Stationary Time Series, MIT
Press 1949; E. A. Robinson and S. Treitel, Geophysical Signal Analysis, Prentice-Hall 1980
(spiking filters).
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.estimation.kernel_fit import check_flags
from convmat.geometry import parse_shape
from convmat.inverse.best_delay import best_delay
from convmat.inverse.design_input import (
    checked_damp,
    checked_delay,
    checked_target,
    delta,
    filter_geometry,
    kernel_to_undo,
    penalty_at_one,
)
from convmat.inverse.inverse_result import InverseFilter
from convmat.inverse.regular_band import solved_by_band
from convmat.inverse.scaling import damp_at_scale, options_at_one, solution_at_scale
from convmat.inverse.verdict import judge
from convmat.least_squares import LeastSquares
from convmat.linear_maps import solution_dtype
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.powers_of_two import exponent_of, norm_of, require_range, times_power
from convmat.regularization import choose_damp
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve
from convmat.solvers.banded_qr import narrow_band

__all__ = ["InverseFilter", "inverse_filter"]

_LONG = 256
_MULTIPLY = "multiply the kernel or the target by a power of two, and the filter to match"


def inverse_filter(
    kernel: Any,
    inverse_shape: int | Sequence[int],
    *,
    target: Any = None,
    delay: int | Sequence[int] | None = None,
    anchor: int | Sequence[int] | None = None,
    damp: float | str = 0.0,
    penalty: Any = None,
    nonnegative: bool = False,
    solver: str = "auto",
    **options: Any,
) -> InverseFilter:
    """Find the filter g whose convolution with `kernel` is closest to a delta.

    Parameters
    ----------
    kernel : array_like
        f, of any number of axes, real or complex, not all zero.
    inverse_shape : int or tuple of int
        Support of g, one size for each axis of the kernel.
    target : array_like, optional
        What f * g shall be instead of a delta, of the `full` shape, n + k - 1 per axis.
    delay : int or tuple of int, optional
        Index in f * g where the delta stands. Default: the best one, the one nearest to the centre
        where several are equal to rounding. All are tried for filters of up to 4096
        entries; beyond, and with `nonnegative`, a few: see ``delay_choice`` in the result. With
        a target, where its origin is, by default in the middle: for the anchor of g alone.
    anchor : int or tuple of int, optional
        Index of the entry of `kernel` at the origin. Default ``(k - 1) // 2``.
    damp : float or {"gcv", "rgcv", "lcurve"}
        Adds ``damp^2 |L g|^2`` to what is minimised. The noise's standard deviation over the
        picture's makes g the best filter for that noise. A name chooses it by that
        criterion, see `convmat.choose_damp`, with the delta at `delay`, or at the centre of f * g.
    penalty : array_like or sparse array, shape (q, entries of g), optional
        L; None is the identity.
    nonnegative : bool
        Whether no entry of g may be below zero.
    solver : str
        ``"auto"`` or a name in `convmat.SOLVERS`.
    **options
        The solver's own, such as `tolerance` and `max_iterations`.

    Returns
    -------
    InverseFilter
        With a verdict on the kernel. That it has no good inverse is no error.

    Raises
    ------
    ConvmatError
        For a kernel of zeros, supports smaller than 1, a delay outside of f * g, entries that are
        not finite, shapes that do not fit together, and a kernel so small or large that
        floating-point numbers do not hold the filter.
    TooLargeError
        For a support whose filter does not fit in memory.

    Examples
    --------
    >>> found = inverse_filter([1, 4, 1], 5)
    >>> found.filter.round(4)
    array([ 0.0178, -0.0761,  0.2879, -0.0761,  0.0178])
    >>> found.delay, found.anchor, round(found.residual_norm, 4)
    ((3,), (2,), 0.0262)
    >>> found.verdict
    'invertible with delay: the delta has to stand at index 1 or later'
    """
    shape = parse_shape(inverse_shape, "inverse_shape")
    given = kernel_to_undo(kernel, len(shape))
    check_flags(nonnegative=nonnegative)
    nonnegative = nonnegative or solver == "nonnegative"
    if nonnegative:
        solver, options = _bounded_below(solver, options)
    geometry = filter_geometry(given, shape, anchor, "inverse_shape")
    outputs, origin = geometry.output_shape, geometry.anchor
    centre = tuple((m - 1) // 2 for m in outputs)
    place = None if delay is None else checked_delay(delay, outputs)
    wanted = None if target is None else checked_target(target, outputs)
    if wanted is not None and place is None:
        place = centre
    penalty, rough = penalty_at_one(penalty, prod(shape))
    p, q = exponent_of(given), 0 if wanted is None else exponent_of(wanted)
    damp = checked_damp(damp, p - rough)
    unit = times_power(given, -p)
    operator = ConvolutionOperator(
        unit.astype(solution_dtype(unit), copy=False), shape, anchor=origin
    )
    if wanted is not None:
        wanted = times_power(wanted, -q)
        require_range(norm_of(wanted), q, "the norm of the target", _MULTIPLY)
    options = options_at_one(options, p, q)

    def problem_of(response: NDArray) -> LeastSquares:
        return LeastSquares(operator, response.ravel(), damp=amount, penalty=penalty)

    damp_choice, amount = None, 0.0
    if isinstance(damp, str):
        trial = delta(place or centre, outputs) if wanted is None else wanted
        choice = choose_damp(problem_of(trial), damp)
        amount, damp_choice = choice.damp, damp_at_scale(choice, p, q, rough)
        damp = require_range(amount, p - rough, "damp", _MULTIPLY)
    else:
        amount = times_power(damp, rough - p)
    solutions: dict[tuple[int, ...], Solution] = {}

    def objective(index: tuple[int, ...]) -> float:
        problem = problem_of(delta(index, outputs))
        solutions[index] = _solved(problem, solver, options)
        return problem.certificate(solutions[index].x).objective_norm

    delay_choice = None
    if place is None:
        delay_choice = best_delay(
            operator, objective, damp=amount, penalty=penalty, constrained=nonnegative
        )
        place = delay_choice.delay
    wanted = delta(place, outputs) if wanted is None else wanted
    found = solutions.get(place) or _solved(problem_of(wanted), solver, options)
    gain = require_range(norm_of(found.x), q - p, "the norm of the filter", _MULTIPLY)
    solution = solution_at_scale(found, damp, p, q)
    verdict = judge(unit)
    return InverseFilter(
        filter=solution.x.reshape(shape),
        delay=place,
        anchor=tuple(d - c for d, c in zip(place, origin, strict=True)),
        residual=times_power((operator @ found.x).reshape(outputs) - wanted, q),
        residual_norm=solution.residual_norm,
        noise_gain=gain,
        verdict=verdict.words,
        solution=solution,
        invertibility=verdict.invertibility,
        worst_frequency=verdict.minimum.frequency,
        worst_response=verdict.minimum.ratio,
        delay_choice=delay_choice,
        damp_choice=damp_choice,
    )


def _solved(problem: LeastSquares, solver: str, options: dict[str, Any]) -> Solution:
    """The solution; along one axis H is a band, which QR or Cholesky factors in milliseconds.

    QR serves narrow bands, at the condition number of H, which is large where the spectrum of the
    kernel has zeros (see `convmat.inverse.regular_band` for where even that is too much). The
    automatic choice takes the singular value decomposition of each axis
    first, which gains nothing where there is one axis only.
    """
    shape = problem.A.geometry.input_shape
    if solver == "auto" and max(shape) == problem.shape[1] > _LONG and not options:
        band = narrow_band(problem)
        solution = solve(problem, "cholesky") if band is None else solved_by_band(problem, band)
        if solution.status is Status.CONVERGED or (band and np.isfinite(solution.x).all()):
            return solution
    return solve(problem, solver, **options)


def _bounded_below(solver: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The solver, and its options, for a filter without negative entries."""
    if solver in ("auto", "nonnegative"):
        return "nonnegative", options
    if solver in SOLVERS and not SOLVERS[solver].bounds:
        able = ", ".join(name for name, row in SOLVERS.items() if row.bounds)
        raise ConvmatError(
            f"solver {solver!r} takes no constraints, which nonnegative is; use auto, {able}"
        )
    return solver, options | {"lower": 0.0}
