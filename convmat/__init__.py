"""Convolution as explicit sparse matrices, and least squares with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from convmat.boundary import Boundary
from convmat.compare import Comparison, compare_solvers
from convmat.errors import ConvmatError, MissingPackageError, TooLargeError
from convmat.files.export import load_matrix, save_matrix
from convmat.geometry import Geometry, Mode
from convmat.least_squares import LeastSquares
from convmat.matrices.differences import difference_matrix
from convmat.matrices.explicit import convolution_matrix, data_matrix
from convmat.operators.convolution import convolve
from convmat.regularization import DampChoice, choose_damp
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve

if TYPE_CHECKING:
    from convmat.deconvolution import deconvolve
    from convmat.estimation.estimate import estimate_kernel
    from convmat.estimation.kernel_estimate import KernelEstimate
    from convmat.estimation.kernel_fit import kernel_problem
    from convmat.operators.matrix_free import ConvolutionOperator, DataOperator

__version__ = "0.1.0"

__all__ = [
    "SOLVERS",
    "Boundary",
    "Comparison",
    "ConvmatError",
    "ConvolutionOperator",
    "DampChoice",
    "DataOperator",
    "Geometry",
    "KernelEstimate",
    "LeastSquares",
    "MissingPackageError",
    "Mode",
    "Solution",
    "Status",
    "TooLargeError",
    "choose_damp",
    "compare_solvers",
    "convolution_matrix",
    "convolve",
    "data_matrix",
    "deconvolve",
    "difference_matrix",
    "estimate_kernel",
    "kernel_problem",
    "load_matrix",
    "save_matrix",
    "solve",
]

# Operators bring in scipy.sparse.linalg, which takes as long to import as the rest of convmat:
# what needs them is imported when it is first asked for.
_LATER = {
    "ConvolutionOperator": "convmat.operators.matrix_free",
    "DataOperator": "convmat.operators.matrix_free",
    "KernelEstimate": "convmat.estimation.kernel_estimate",
    "deconvolve": "convmat.deconvolution",
    "estimate_kernel": "convmat.estimation.estimate",
    "kernel_problem": "convmat.estimation.kernel_fit",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'convmat' has no attribute {name!r}")
    value = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
