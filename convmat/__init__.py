"""Convolution as explicit sparse matrices, and least squares with them."""

from convmat.boundary import Boundary
from convmat.compare import Comparison, compare_solvers
from convmat.convolution import convolve
from convmat.deconvolution import deconvolve
from convmat.errors import ConvmatError, MissingPackageError, TooLargeError
from convmat.estimation import KernelEstimate, estimate_kernel
from convmat.export import load_matrix, save_matrix
from convmat.geometry import Geometry, Mode
from convmat.least_squares import LeastSquares
from convmat.matrices import convolution_matrix, data_matrix
from convmat.operators import ConvolutionOperator, DataOperator
from convmat.penalties import difference_matrix
from convmat.regularization import DampChoice, choose_damp
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve

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
    "load_matrix",
    "save_matrix",
    "solve",
]
