"""Convolution as explicit sparse matrices, and least squares with them."""

from convmat.boundary import Boundary
from convmat.convolution import convolve
from convmat.errors import ConvmatError, MissingPackageError, TooLargeError
from convmat.estimation import KernelEstimate, estimate_kernel
from convmat.geometry import Geometry, Mode
from convmat.least_squares import LeastSquares
from convmat.matrices import convolution_matrix, data_matrix
from convmat.solution import Solution, Status
from convmat.solvers import SOLVERS, solve

__version__ = "0.1.0"

__all__ = [
    "SOLVERS",
    "Boundary",
    "ConvmatError",
    "Geometry",
    "KernelEstimate",
    "LeastSquares",
    "MissingPackageError",
    "Mode",
    "Solution",
    "Status",
    "TooLargeError",
    "convolution_matrix",
    "convolve",
    "data_matrix",
    "estimate_kernel",
    "solve",
]
