"""Whether what a direct solver brings is a minimum: its gradient against what rounding leaves.

With B = [W^1/2 A; damp L], a gradient that is computed at an x of full accuracy is about
``eps |B| (|B x - [W^1/2 b; 0]| + |B| |x|)``, whatever the condition of B. One far above it is
no matter of rounding: the decomposition that was solved by is not that of A, or an operator's
adjoint, normal equations or transforms are not those of its products.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002,
section 20.5, doi:10.1137/1.9780898718027.
"""

import math
from dataclasses import replace

from convmat.least_squares import LeastSquares
from convmat.linear_maps import norm
from convmat.solution import Outcome, Status
from convmat.solvers.condition import spectral_norm

__all__ = ["judge_gradient"]

_ROUNDINGS = 100.0
"""How many times a rounding, and times the root of the longer side, a gradient may be."""


def judge_gradient(problem: LeastSquares, outcome: Outcome) -> Outcome:
    """The outcome of a direct solver, `inaccurate` where its gradient is no rounding error.

    The norm of B is at least ``|B x| / |x|``, which costs nothing; only where the gradient is too
    large by that is the norm itself estimated, by a few products.
    """
    if outcome.status not in (Status.CONVERGED, Status.ILL_CONDITIONED):
        return outcome
    certificate = outcome.certificate
    size = norm(certificate.x)
    share = _ROUNDINGS * math.sqrt(max(problem.shape))
    seen = math.hypot(certificate.image_norm, certificate.penalty_norm)
    least = seen / size if size else 0.0
    if certificate.gradient_norm <= share * certificate.rounding(least, size):
        return outcome
    allowed = share * certificate.rounding(max(least, spectral_norm(problem)), size)
    if certificate.gradient_norm <= allowed:
        return outcome
    message = (
        f"the gradient, of norm {certificate.gradient_norm:.2g}, is above the "
        f"{allowed:.2g} that rounding explains"
    )
    message = "; ".join(text for text in (outcome.message, message) if text)
    return replace(outcome, status=Status.INACCURATE, message=message)
