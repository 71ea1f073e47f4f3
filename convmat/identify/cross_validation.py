"""Whether a kernel predicts parts of the picture that it was not fitted to, and a larger one does.

With the moments of each quarter at hand, kernels of the other three cost one small solve each, and
what they leave of the quarter none:

    |y - X h - o|^2 = constant + h' (G h - 2 r) + weight (level - mean' h - o)^2

A box that is too large predicts worse than it fits; one that is too small predicts worse than a
larger one. The criterion that chose the box looks at neither, which makes this a check.

Source: M. Stone, J. R. Statist. Soc. B 36 (1974), doi:10.1111/j.2517-6161.1974.tb00994.x.
"""

from collections.abc import Sequence
from functools import reduce
from math import log, sqrt
from operator import add

import numpy as np

from convmat.gram.moments import Moments
from convmat.identify.box import Box
from convmat.identify.evidence import Evidence
from convmat.identify.fit import BoxFit

__all__ = ["cross_validation", "predicted_square"]

# Of the power, below which moments do not show what is left.
_SMALL = 1e-9
# Logarithm of a likelihood ratio that is no accident.
_CLEAR = 10.0


def cross_validation(window: BoxFit, box: Box) -> Evidence | None:
    """What kernels of three quarters leave of the fourth, for this box and with a margin of one.

    None where the quarters, or the digits, do not suffice.
    """
    power = reduce(add, window.moments).centred().constant
    if len(window.moments) < 2 or window.singular or not window.square > _SMALL * power:
        return None
    lo = tuple(max(a - 1, w) for a, w in zip(box.lo, window.box.lo, strict=True))
    hi = tuple(min(b + 1, w) for b, w in zip(box.hi, window.box.hi, strict=True))
    wider = Box(lo, hi)
    squares = [predicted_square(window.moments, window.box, tried) for tried in (box, wider)]
    if not all(squares):
        return None
    n = window.observations
    gained = n / 2 * log(squares[0] / squares[1])
    rms = [sqrt(square / n) for square in squares]
    text = f"kernels of three quarters predict the fourth to within {rms[0]:.4g}"
    if gained > _CLEAR:
        text += (
            f", and with one more entry on every side to within {rms[1]:.4g}: the kernel goes on, "
            "with entries too small to be told one by one"
        )
    return Evidence("cross-validation", gained, _CLEAR, False, text)


def predicted_square(parts: Sequence[Moments], window: Box, box: Box) -> float:
    """Sum of the squares that kernels of the other parts leave of each; 0 where one is singular."""
    from scipy import linalg

    inside = box.entries_of(window)
    total = 0.0
    for index, part in enumerate(parts):
        others = reduce(add, [*parts[:index], *parts[index + 1 :]]).centred()
        own = part.centred()
        try:
            factor = linalg.cho_factor(others.gram[np.ix_(inside, inside)], check_finite=False)
        except linalg.LinAlgError:
            return 0.0
        h = linalg.cho_solve(factor, others.rhs[inside], check_finite=False)
        offset = others.level - others.mean[inside] @ h
        gram = own.gram[np.ix_(inside, inside)]
        total += float(own.constant + h @ (gram @ h - 2 * own.rhs[inside]))
        total += float(own.weight * abs(own.level - own.mean[inside] @ h - offset) ** 2)
    return total
