"""Minima and maxima of |F|, the size of a kernel's spectrum, by Newton's method on |F|^2.

    gradient Re(conj(F) F_i),    Hessian Re(conj(F_i) F_j + conj(F) F_ij)

with the subscripts for derivatives by the frequencies; both are half of those of |F|^2. Steps go
downhill along all axes of the Hessian, whatever its signs, and are shortened until they do.

Source: J. Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Springer 2006, section 3.4
(Newton's method with a modified Hessian), doi:10.1007/978-0-387-40065-5.
"""

import numpy as np
from numpy.typing import NDArray

from convmat.inverse.kernel_spectrum import spectrum, spectrum_derivatives

__all__ = ["STEPS", "stationary_points", "wrapped"]

STEPS = 60


def stationary_points(
    kernel: NDArray, seeds: NDArray, *, zero: float = 0.0, upwards: bool = False
) -> tuple[NDArray, NDArray]:
    """Minima of |F| near some frequencies, or maxima, and |F| there.

    Parameters
    ----------
    kernel : ndarray
    seeds : ndarray, shape (points, axes)
        Frequencies in cycles per sample.
    zero : float
        What is small enough for a minimum.
    upwards : bool
        Whether maxima are sought.

    Returns
    -------
    ndarray, shape (points, axes)
    ndarray, shape (points,)

    Examples
    --------
    >>> where, sizes = stationary_points(np.array([1.0, 4.0, 1.0]), np.array([[0.45]]))
    >>> where.round(6), sizes.round(6)
    (array([[0.5]]), array([2.]))
    """
    u, value = seeds.copy(), spectrum(kernel, seeds)
    sign = -1.0 if upwards else 1.0
    share = np.ones(len(u))
    furthest, off = 0.25 / max(kernel.shape), 0.005 / max(kernel.shape)
    for _ in range(STEPS):
        active = np.flatnonzero((np.abs(value) > zero) & (share > 1e-3))
        if not active.size:
            break
        at = value[active].conj()
        first, second = spectrum_derivatives(kernel, u[active], second=True)
        slope = sign * (at[:, None] * first).real
        curvature = first.conj()[:, :, None] * first[:, None] + at[:, None, None] * second
        bends, basis = np.linalg.eigh(sign * curvature.real)
        uphill = bends < 0
        bends = np.abs(bends)
        bends = np.maximum(bends, 1e-12 * bends.max(axis=1, keepdims=True) + np.finfo(float).tiny)
        turned = np.einsum("pij,pi->pj", basis, slope)
        along = np.clip(turned / bends, -furthest, furthest)
        # From the top between two minima, as at zero frequency by symmetry, there is no slope.
        along = np.where(uphill & (np.abs(along) < off), np.copysign(off, turned), along)
        trial = u[active] - share[active, None] * np.einsum("pij,pj->pi", basis, along)
        reached = spectrum(kernel, trial)
        better = sign * np.abs(reached) < sign * np.abs(at)
        u[active[better]], value[active[better]] = trial[better], reached[better]
        share[active] = np.where(better, 1.0, share[active] / 4)
    return wrapped(u), np.abs(value)


def wrapped(frequencies: NDArray) -> NDArray:
    """Into -1/2 < u <= 1/2.

    Examples
    --------
    >>> wrapped(np.array([-0.5, 0.75]))
    array([ 0.5 , -0.25])
    """
    return 0.5 - np.mod(0.5 - frequencies, 1.0)
