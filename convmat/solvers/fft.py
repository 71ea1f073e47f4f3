"""fft: division in the frequency domain, the circular model's own method and nobody else's."""

from dataclasses import replace

from convmat.least_squares import LeastSquares
from convmat.solution import Outcome
from convmat.solvers.diagonal import solve_diagonal

__all__ = ["fft"]


def fft(problem: LeastSquares, *, rcond: float | None = None) -> Outcome:
    """Solve by division in the frequency domain, for circular convolutions only.

    Undamped it is the plain quotient of two FFTs. With damping it is Tikhonov's solution, which
    is the Wiener filter where `damp` is the ratio of the standard deviations of white noise and
    a white signal.

    Parameters
    ----------
    rcond : float, optional
        As for `spectral`.
    """
    outcome = solve_diagonal(problem, "fft", "frequency_response", rcond)
    model = "the model is circular: what leaves on one side comes in on the other"
    return replace(outcome, message="; ".join(text for text in (model, outcome.message) if text))
