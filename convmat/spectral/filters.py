"""What coefficients are multiplied by, block by block, between two transforms.

    shrink         conj(v) / (|v|^2 + damp^2)          v the eigenvalues of the matrix
    shrink_rough   conj(v) / (|v|^2 + damp^2 |l|^2)    l those of the penalty
    divide         1 / v

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, chapter 6,
doi:10.1137/1.9780898718874.
"""

import numpy as np
from numpy.typing import NDArray

from convmat.spectral.tables import rows_of

__all__ = ["divide", "shrink", "shrink_rough"]


def shrink(
    values: NDArray,
    damp: float,
    squares: list[tuple[float, float]],
    coefficients: NDArray,
    part: slice,
) -> None:
    """Multiply by ``conj(v) / (|v|^2 + damp^2)``, and note the extremes of ``|v|^2``."""
    factors = rows_of(values)[part]
    power = _power(factors)
    squares.append((float(power.min()), float(power.max())))
    power += damp**2
    if damp**2 < np.finfo(power.dtype).tiny:  # where that is 0, so is the value above it
        np.maximum(power, np.finfo(power.dtype).tiny, out=power)
    coefficients *= _quotient(factors, power)


def shrink_rough(
    values: NDArray,
    damp: float,
    penalty: NDArray,
    cutoff: float,
    coefficients: NDArray,
    part: slice,
) -> None:
    """Multiply by ``conj(v) / (|v|^2 + damp^2 |l|^2)``, and leave 0 where its root is rounding."""
    factors = rows_of(values)[part]
    power = _power(factors) + damp**2 * _power(rows_of(penalty)[part])
    unseen = power <= max(cutoff**2, np.finfo(power.dtype).tiny)
    power[unseen] = np.inf
    coefficients *= _quotient(factors, power)


def divide(values: NDArray, cutoff: float, coefficients: NDArray, part: slice) -> None:
    """Divide by the values above `cutoff`, and leave 0 elsewhere."""
    values = rows_of(values)[part]
    factors = np.zeros_like(values)
    np.divide(1, values, out=factors, where=np.abs(values) > cutoff)
    coefficients *= factors


def _power(values: NDArray) -> NDArray:
    """The squares of the absolute values."""
    if np.iscomplexobj(values):
        return (values * values.conj()).real.copy()
    return np.square(values)


def _quotient(values: NDArray, power: NDArray) -> NDArray:
    """``conj(values) / power``, in the memory of `power` where that is possible."""
    if np.iscomplexobj(values):  # as dividing is slow there
        factors = np.conj(values)
        factors *= np.reciprocal(power, out=power)
        return factors
    return np.divide(values, power, out=power)
