"""Convolution as explicit sparse matrices, and least squares with them."""

from convmat.boundary import Boundary
from convmat.convolution import convolve
from convmat.errors import ConvmatError, MissingPackageError, TooLargeError
from convmat.geometry import Geometry, Mode
from convmat.matrices import convolution_matrix, data_matrix

__version__ = "0.1.0"

__all__ = [
    "Boundary",
    "ConvmatError",
    "Geometry",
    "MissingPackageError",
    "Mode",
    "TooLargeError",
    "convolution_matrix",
    "convolve",
    "data_matrix",
]
