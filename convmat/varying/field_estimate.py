"""What the estimate of a field of kernels gives back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.geometry import Geometry
from convmat.regularization import DampChoice
from convmat.solution import Solution

__all__ = ["KernelFieldEstimate"]


@dataclass(frozen=True, eq=False)
class KernelFieldEstimate:
    """A grid of kernels found by least squares, and how well they are known.

    Attributes
    ----------
    kernels : ndarray, shape ``(*grid, *kernel)``
        As `convmat.varying_convolution_matrix` takes them, with `nodes` and interpolation at
        the output.
    offset : float or complex
        0 unless it was asked for.
    std_error : ndarray of float64, shape of `kernels`
        Standard error of each entry; NaN where there is none, and `note` says why.
    offset_std_error : float
    covariance : ndarray, shape (p, p)
        Of the raveled kernels, and the offset last where it was fitted.
    residual_std : float
        s, the standard deviation of a residual of weight 1, or `noise_std` where that was given.
    geometry : Geometry
        Of the pictures. Where the boundary was not named, its interior was fitted.
    nodes : tuple of ndarray
        Positions of the nodes per axis, in pixels of the picture after.
    smoothness : float
    solution : Solution
    note : str
        Why there are no error bars, and what else to mind; empty where all is well.
    smoothness_choice : DampChoice or None
        How `smoothness` was chosen, where it was.
    """

    kernels: NDArray
    offset: Any
    std_error: NDArray[np.float64]
    offset_std_error: float
    covariance: NDArray
    residual_std: float
    geometry: Geometry
    nodes: tuple[NDArray[np.float64], ...]
    smoothness: float
    solution: Solution
    note: str = ""
    smoothness_choice: DampChoice | None = None

    def kernel_at(self, *position: float) -> NDArray:
        """The kernel at a pixel of the picture after, also between pixels.

        Raises
        ------
        ConvmatError
            For another number of coordinates than there are axes, or none.
        """
        at = np.asarray(position)
        if at.shape != (len(self.nodes),) or at.dtype.kind not in "uif" or np.isnan(at).any():
            raise ConvmatError(
                f"position must be {len(self.nodes)} numbers, one per axis, got {position}"
            )
        kernel = self.kernels
        for coordinate, nodes in zip(at, self.nodes, strict=True):
            shares = [np.interp(coordinate, nodes, unit) for unit in np.eye(nodes.size)]
            kernel = np.tensordot(shares, kernel, axes=1)
        return kernel

    def __str__(self) -> str:
        grid = "x".join(str(axis.size) for axis in self.nodes)
        shape = "x".join(map(str, self.geometry.kernel_shape))
        anchor = ", ".join(map(str, self.geometry.anchor))
        lines = [f"{grid} kernels {shape}, anchor ({anchor})"]
        errors = self.std_error[np.isfinite(self.std_error)]
        if errors.size:
            lines.append(f"standard errors {errors.min():.2g} to {errors.max():.2g}")
        if self.covariance.shape[0] > self.kernels.size:
            lines.append(f"offset {self.offset:.6g} +- {self.offset_std_error:.2g}")
        if self.smoothness:
            lines.append(f"smoothness {self.smoothness:.6g}")
        if np.isfinite(self.residual_std):
            lines.append(f"residual standard deviation {self.residual_std:.4g}")
        lines.append(f"solved by {self.solution.solver}: {self.solution.status}")
        lines += [text for text in (self.solution.message, self.solution.advice, self.note) if text]
        return "\n".join(lines)
