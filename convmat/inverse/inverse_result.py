"""What an inverse filter's design gives back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convmat.inverse.best_delay import DelayChoice
from convmat.inverse.verdict import Invertibility, frequency_text
from convmat.regularization import DampChoice
from convmat.solution import Solution

__all__ = ["InverseFilter"]


@dataclass(frozen=True, eq=False)
class InverseFilter:
    """A filter g that undoes a kernel f, and how well it can.

    Attributes
    ----------
    filter : ndarray of float64 or complex128, the shape asked for
        g, a convolution kernel.
    delay : tuple of int
        The index, in the `full` output f * g, where the delta stands, or where a target has its
        origin.
    anchor : tuple of int
        Of g, so that ``convolve(blurred, g, "same", anchor=anchor)`` gives back, in place, what f
        blurred: the delay less f's anchor.
    residual : ndarray, the `full` shape
        ``f * g - target``.
    residual_norm : float
        Its 2-norm; that of a delta is 1.
    noise_gain : float
        ``|g|``, by which g multiplies the standard deviation of white noise.
    verdict : str
        Whether f can be undone at all, in words; see `convmat.inverse.verdict`.
    solution : Solution
        Of the least-squares problem. ``x`` is the raveled filter, and its gradient norm the
        certificate.
    invertibility : Invertibility
        The verdict's kind.
    worst_frequency : tuple of float
        In cycles per sample: where the spectrum F of f is smallest.
    worst_response : float
        ``|F|`` there, relative to the largest ``|F|``; 0 where F vanishes.
    delay_choice : DelayChoice or None
        How the delay was chosen, where it was, and among which candidates.
    damp_choice : DampChoice or None
        How `damp` was chosen, where it was.
    """

    filter: NDArray
    delay: tuple[int, ...]
    anchor: tuple[int, ...]
    residual: NDArray
    residual_norm: float
    noise_gain: float
    verdict: str
    solution: Solution
    invertibility: Invertibility
    worst_frequency: tuple[float, ...]
    worst_response: float
    delay_choice: DelayChoice | None = None
    damp_choice: DampChoice | None = None

    def __str__(self) -> str:
        shape = "x".join(map(str, self.filter.shape))
        lines = [f"inverse filter {shape}, delay {self.delay}, anchor {self.anchor}"]
        if self.filter.size <= 64 and self.filter.ndim <= 2:
            lines.append(np.array2string(self.filter, precision=6, suppress_small=True))
        if self.delay_choice is not None:
            lines.append(f"the delay is the best of {self.delay_choice.message}")
        lines.append(f"residual norm {self.residual_norm:.4g}, noise gain {self.noise_gain:.4g}")
        if self.worst_response > 0:
            lines.append(
                f"|F| is smallest at {frequency_text(self.worst_frequency)} cycles per sample: "
                f"{self.worst_response:.3g} of its largest"
            )
        lines.append(self.verdict)
        if self.solution.damp:
            how = f" by {self.damp_choice.method}" if self.damp_choice else ""
            lines.append(f"damp {self.solution.damp:.6g}{how}")
        solution = self.solution
        lines.append(f"solved by {solution.solver}: {solution.status}")
        note = self.damp_choice.message if self.damp_choice else ""
        lines += [text for text in (solution.message, solution.advice, note) if text]
        return "\n".join(lines)
