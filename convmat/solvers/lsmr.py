"""LSMR: as LSQR, but it is the gradient norm that shrinks from step to step.

Equivalent to MINRES on the normal equations. Since what is asked for is a small gradient, it
can stop earlier than LSQR, and safely at any iteration. From x = 0 it tends to the
minimum-norm solution.

Source: D. C.-L. Fong and M. A. Saunders, LSMR: an iterative algorithm for sparse
least-squares problems, SIAM J. Sci. Comput. 33 (2011), doi:10.1137/10079687X.
"""

from collections.abc import Iterator
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome
from convmat.solvers.bidiagonalization import Bidiagonalization
from convmat.solvers.iteration import MAX_ITERATIONS, TOLERANCE, Callback, Progress
from convmat.solvers.krylov import run_krylov

__all__ = ["lsmr"]


def lsmr(
    problem: LeastSquares,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: Any = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve by LSMR until the gradient norm is at most ``tolerance * |A'Wb|``."""
    return run_krylov(
        problem,
        lsmr_iterates,
        tolerance=tolerance,
        max_iterations=max_iterations,
        start=start,
        callback=callback,
        progress=progress,
    )


def lsmr_iterates(process: Bidiagonalization, x: NDArray) -> Iterator[tuple[float, float]]:
    """Improve x in place, by two interleaved QR factorizations of the bidiagonal matrix B_k.

    The first turns B_k into R_k (rho, theta), the second R_k' into Rbar_k (rho_bar,
    theta_bar). `h` and `h_bar` span the directions in which x moves.
    """
    steps = process.steps(x)
    alpha, beta, v = next(steps)
    zeta_bar, alpha_bar = alpha * beta, alpha
    rho = rho_bar = cosine_bar = 1.0
    sine_bar = 0.0
    h, h_bar = v.copy(), np.zeros_like(v)
    residual = _ResidualNorm(beta)
    for alpha, beta, v in steps:
        rho_before, rho_bar_before = rho, rho_bar
        rho = hypot(alpha_bar, beta)
        if rho == 0:
            return
        cosine, sine = alpha_bar / rho, beta / rho
        theta_next, alpha_bar = sine * alpha, cosine * alpha

        theta_bar = sine_bar * rho
        rho_bar = hypot(cosine_bar * rho, theta_next)
        if rho_bar == 0:
            return
        cosine_bar, sine_bar = cosine_bar * rho / rho_bar, theta_next / rho_bar
        zeta = cosine_bar * zeta_bar
        zeta_bar *= -sine_bar

        h_bar *= -theta_bar * rho / (rho_before * rho_bar_before)
        h_bar += h
        x += (zeta / (rho * rho_bar)) * h_bar
        h *= -theta_next / rho
        h += v
        yield residual.update(cosine, sine, rho_bar, theta_bar, zeta), abs(zeta_bar)


class _ResidualNorm:
    """The norm of the residual, which the recurrences above do not hold.

    Rotations turn the lower bidiagonal Rbar_k' upside down, one column a step, so that the
    residual's components in the rotated basis are known but for the last two.
    """

    def __init__(self, beta: float) -> None:
        self.beta_next = beta
        self.beta_last = 0.0
        self.rho_last = 1.0
        self.theta_tilde = 0.0
        self.tau_before = 0.0
        self.zeta = 0.0

    def update(
        self, cosine: float, sine: float, rho_bar: float, theta_bar: float, zeta: float
    ) -> float:
        beta_hat = cosine * self.beta_next
        self.beta_next *= -sine
        rho_tilde = hypot(self.rho_last, theta_bar)
        cosine_tilde, sine_tilde = self.rho_last / rho_tilde, theta_bar / rho_tilde
        self.tau_before = (self.zeta - self.theta_tilde * self.tau_before) / rho_tilde
        self.theta_tilde = sine_tilde * rho_bar
        self.rho_last = cosine_tilde * rho_bar
        self.beta_last = cosine_tilde * beta_hat - sine_tilde * self.beta_last
        self.zeta = zeta
        tau = (zeta - self.theta_tilde * self.tau_before) / self.rho_last
        return hypot(self.beta_last - tau, self.beta_next)
