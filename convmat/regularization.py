"""How much damping: the choice of `damp` from the data.

    x(damp) = argmin |W^1/2 (A x - b)|^2 + damp^2 |L x|^2

Each criterion is a function of the residual, the penalty and the influence H of b on A x,
which `DampedFamily` has for any number of damps from one factorization.

Sources: G. H. Golub, M. Heath and G. Wahba, Generalized cross-validation as a method for
choosing a good ridge parameter, Technometrics 21 (1979), doi:10.1080/00401706.1979.10489751;
M. A. Lukas, Robust generalized cross-validation for choosing the regularization parameter,
Inverse Problems 22 (2006), doi:10.1088/0266-5611/22/5/021; P. C. Hansen and D. P. O'Leary,
The use of the L-curve in the regularization of discrete ill-posed problems, SIAM J. Sci.
Comput. 14 (1993), doi:10.1137/0914086; V. A. Morozov, On the solution of functional equations
by the method of regularization, Soviet Math. Dokl. 7 (1966).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.damped_family import DampedFamily
from convmat.errors import ConvmatError
from convmat.least_squares import LARGEST_DAMP, LeastSquares

__all__ = ["DampChoice", "DampMethod", "DampedFamily", "choose_damp"]

EPS = float(np.finfo(np.float64).eps)


class DampMethod(StrEnum):
    """How `damp` is chosen.

    ``gcv`` minimises generalised cross-validation; ``rgcv`` its robust variant, which holds up
    better where the noise is correlated; ``lcurve`` takes the corner of the curve of residual
    against penalty; ``discrepancy`` the damp whose residual is the noise's.
    """

    GCV = "gcv"
    RGCV = "rgcv"
    LCURVE = "lcurve"
    DISCREPANCY = "discrepancy"


@dataclass(frozen=True, eq=False)
class DampChoice:
    """A chosen damp, and the curve that it was read from.

    Attributes
    ----------
    damp : float
    method : DampMethod
    damps : ndarray, shape (k,)
        Candidates, ascending.
    values : ndarray, shape (k,)
        The criterion at each: minimised (`gcv`, `rgcv`), the L-curve's curvature, maximised
        (`lcurve`), or the residual's root mean square over noise_std, to be one (`discrepancy`).
    residual_norms, penalty_norms, degrees_of_freedom : ndarray, shape (k,)
        Of the solution at each candidate; degrees of freedom are the trace of H.
    at_end : bool
        The choice is an end of the grid: the criterion has no optimum within, and the value
        is not to be trusted.
    message : str
        What that means here; empty where all is well.
    """

    damp: float
    method: DampMethod
    damps: NDArray
    values: NDArray
    residual_norms: NDArray
    penalty_norms: NDArray
    degrees_of_freedom: NDArray
    at_end: bool
    message: str

    def __str__(self) -> str:
        text = f"damp {self.damp:.6g} by {self.method}"
        return f"{text}; {self.message}" if self.message else text


def choose_damp(
    problem: LeastSquares | DampedFamily,
    method: DampMethod | str = DampMethod.RGCV,
    *,
    noise_std: float | None = None,
    damps: Any = None,
    robustness: float = 0.1,
) -> DampChoice:
    """Choose `damp` from the data.

    Parameters
    ----------
    problem : LeastSquares or DampedFamily
        The family, where several methods are tried on one problem.
    method : {"gcv", "rgcv", "lcurve", "discrepancy"}
    noise_std : float
        For ``discrepancy``: the standard deviation of b where the weight is one.
    damps : array_like, optional
        Candidates; the default spans all that make a difference.
    robustness : float
        For ``rgcv``, Lukas's gamma in (0, 1]: one is plain GCV, less weighs the influence more.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> A = np.vander(np.linspace(0, 1, 50), 10)
    >>> b = np.sin(np.linspace(0, 3, 50)) + 0.1 * rng.standard_normal(50)
    >>> choice = choose_damp(LeastSquares(A, b), "discrepancy", noise_std=0.1)
    >>> choice.at_end
    False
    """
    try:
        method = DampMethod(method)
    except ValueError:
        raise ConvmatError(
            f"damp must be a number or {', '.join(DampMethod)}, got {method!r}"
        ) from None
    if method is DampMethod.DISCREPANCY:
        if noise_std is None:
            raise ConvmatError('damp="discrepancy" needs noise_std, the standard deviation of b')
        noise_std = checked_noise(noise_std)
    if not (isinstance(robustness, (int, float, np.number)) and 0 < robustness <= 1):
        raise ConvmatError(f"robustness must be above 0 and at most 1, got {robustness!r}")
    if not isinstance(problem, (LeastSquares, DampedFamily)):
        raise ConvmatError(
            f"problem must be a LeastSquares or DampedFamily, got {type(problem).__name__}"
        )
    family = problem if isinstance(problem, DampedFamily) else DampedFamily(problem)
    candidates = family.grid(200) if damps is None else _checked_damps(damps)

    def criterion(at: NDArray) -> NDArray:
        return _criterion(family, method, at, noise_std, robustness)

    values = criterion(candidates)
    if method is DampMethod.DISCREPANCY:
        badness = np.abs(np.log(np.maximum(values, np.finfo(float).tiny)))
    else:
        badness = -values if method is DampMethod.LCURVE else values
    best = int(np.argmin(badness))
    at_end = best in (0, len(candidates) - 1)
    # A curve without a corner says nothing: then least is changed by damping least.
    damp = float(candidates[0 if method is DampMethod.LCURVE and at_end else best])
    if not at_end:
        between = np.geomspace(candidates[best - 1], candidates[best + 1], 201)
        closer = criterion(between)
        if method is DampMethod.DISCREPANCY:
            closer = np.abs(np.log(closer))
        elif method is DampMethod.LCURVE:
            closer = -closer
        damp = float(between[np.argmin(closer)])
    influence = family.influence(candidates)
    return DampChoice(
        damp=damp,
        method=method,
        damps=candidates,
        values=values,
        residual_norms=family.residual_norms(candidates),
        penalty_norms=family.penalty_norms(candidates),
        degrees_of_freedom=influence.sum(axis=1),
        at_end=at_end,
        message=_end_message(method, best, values) if at_end else "",
    )


def _criterion(
    family: DampedFamily,
    method: DampMethod,
    damps: NDArray,
    noise_std: float | None,
    robustness: float,
) -> NDArray:
    residuals = family.residual_norms(damps)
    m = family.equations
    if method is DampMethod.DISCREPANCY:
        assert noise_std is not None
        return residuals / (math.sqrt(m) * noise_std)
    if method is DampMethod.LCURVE:
        return _curvature(family, damps, residuals)
    influence = family.influence(damps)
    left = np.maximum(1 - influence.sum(axis=1) / m, EPS)
    values = residuals**2 / m / left**2
    if method is DampMethod.RGCV:
        values = values * (robustness + (1 - robustness) * (influence**2).sum(axis=1) / m)
    return values


def _curvature(family: DampedFamily, damps: NDArray, residuals: NDArray) -> NDArray:
    """Of the curve (log residual norm, log penalty norm), in the logarithm of damp."""
    tiny = np.finfo(np.float64).tiny
    steps = damps[:, None] * np.exp(np.array([-0.01, 0.0, 0.01]))
    flat = steps.ravel()
    x = np.log(np.maximum(family.residual_norms(flat), tiny)).reshape(steps.shape)
    y = np.log(np.maximum(family.penalty_norms(flat), tiny)).reshape(steps.shape)
    dx, dy = (x[:, 2] - x[:, 0]) / 0.02, (y[:, 2] - y[:, 0]) / 0.02
    ddx = (x[:, 2] - 2 * x[:, 1] + x[:, 0]) / 1e-4
    ddy = (y[:, 2] - 2 * y[:, 1] + y[:, 0]) / 1e-4
    length = (dx**2 + dy**2) ** 1.5
    return np.divide(dx * ddy - ddx * dy, length, out=np.zeros_like(length), where=length > tiny)


def _end_message(method: DampMethod, best: int, values: NDArray) -> str:
    if method is DampMethod.DISCREPANCY:
        if values[best] > 1:
            return (
                "the residual is above noise_std even undamped: the noise is larger, or the "
                "model does not hold"
            )
        return "the residual is below noise_std however much is damped: noise_std is too large"
    if method is DampMethod.LCURVE:
        return "the L-curve has no corner within the candidates: damping least"
    side = "least" if best == 0 else "most"
    return f"no optimum within the candidates: the {side} damping is the best of them"


def checked_noise(noise_std: Any) -> float:
    """A finite standard deviation above 0."""
    if not (isinstance(noise_std, (int, float, np.number)) and 0 < noise_std < math.inf):
        raise ConvmatError(f"noise_std must be a finite number above 0, got {noise_std!r}")
    return float(noise_std)


def _checked_damps(damps: Any) -> NDArray:
    try:
        candidates = np.asarray(damps, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConvmatError(f"damps must be numbers, got {damps!r}") from None
    if candidates.ndim != 1 or candidates.size < 3:
        raise ConvmatError(f"damps must be 3 numbers or more, got shape {candidates.shape}")
    if not (
        np.all(np.isfinite(candidates)) and candidates[0] > 0 and np.all(np.diff(candidates) > 0)
    ):
        raise ConvmatError("damps must be finite, above 0 and ascending")
    smallest = 1 / LARGEST_DAMP
    if candidates[0] < smallest or candidates[-1] > LARGEST_DAMP:  # their squares must be numbers
        raise ConvmatError(
            f"damps must be from {smallest:g} to {LARGEST_DAMP:g}, got {candidates[0]:g} to "
            f"{candidates[-1]:g}"
        )
    return candidates
