"""What a kernel estimate gives back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.geometry import Geometry
from convmat.regularization import DampChoice
from convmat.solution import Solution

__all__ = ["KernelEstimate"]


@dataclass(frozen=True, eq=False)
class KernelEstimate:
    """A kernel found by least squares, and how well it is known.

    Attributes
    ----------
    kernel : ndarray, the shape asked for
        A convolution kernel: float64, or complex128 for complex data.
    offset : float or complex
        0 unless it was asked for.
    std_error : ndarray of float64, shape of `kernel`
        Standard error of each entry; NaN where there is none, and `note` says why.
    offset_std_error : float
    covariance : ndarray, shape (p, p)
        Of the raveled kernel, and the offset last where it was fitted.
    residual_std : float
        s, the standard deviation of a residual of weight 1, or `noise_std` where that was given.
    geometry : Geometry
        Of the first pair. Where the boundary was not named, its interior was fitted.
    solution : Solution
        What the solver says. With an offset, the problem solved is the one of the pictures
        less their means, and the last unknown is that problem's offset.
    note : str
        Why there are no error bars, and what else to mind; empty where all is well.
    damp_choice : DampChoice or None
        How `damp` was chosen, where it was.
    """

    kernel: NDArray
    offset: Any
    std_error: NDArray[np.float64]
    offset_std_error: float
    covariance: NDArray
    residual_std: float
    geometry: Geometry
    solution: Solution
    note: str = ""
    damp_choice: DampChoice | None = None

    def __str__(self) -> str:
        shape = "x".join(map(str, self.kernel.shape))
        anchor = ", ".join(map(str, self.geometry.anchor))
        lines = [f"kernel {shape}, anchor ({anchor})", _table(self.kernel, self.std_error)]
        if self.covariance.shape[0] > self.kernel.size:
            lines.append(f"offset {self.offset:.6g} +- {self.offset_std_error:.2g}")
        if np.isfinite(self.residual_std):
            lines.append(f"residual standard deviation {self.residual_std:.4g}")
        solution = self.solution
        lines.append(f"solved by {solution.solver}: {solution.status}")
        lines += [text for text in (solution.message, solution.advice, self.note) if text]
        return "\n".join(lines)


def _table(kernel: NDArray, std_error: NDArray) -> str:
    """The entries, to the digit after the first uncertain one."""
    spread = np.nanmin(std_error) if np.isfinite(std_error).any() else np.nan
    digits = int(np.clip(1 - np.floor(np.log10(spread)), 0, 15)) if spread > 0 else 8
    text = np.array2string(kernel, precision=digits, suppress_small=True, floatmode="fixed")
    errors = std_error[np.isfinite(std_error)]
    if errors.size:
        least, most = f"{errors.min():.2g}", f"{errors.max():.2g}"
        text += f"\nstandard errors {least}" + (f" to {most}" if most != least else "")
    return text
