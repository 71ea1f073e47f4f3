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
    from convmat.conventions.convention import Convention
    from convmat.conventions.dialects import DIALECTS, from_dialect, other_names, to_dialect
    from convmat.deconvolution import deconvolve
    from convmat.estimation.estimate import estimate_kernel
    from convmat.estimation.kernel_estimate import KernelEstimate
    from convmat.estimation.kernel_fit import kernel_problem
    from convmat.files.travel import to_cupy, to_jax, to_pylops, to_torch
    from convmat.identify.filter_report import FilterReport
    from convmat.identify.identify import identify_filter
    from convmat.identify.target import design_target
    from convmat.inverse.compare_inverses import compare_inverses
    from convmat.inverse.inverse_filter import inverse_filter
    from convmat.inverse.inverse_matrix import InverseMatrix, inverse_matrix
    from convmat.inverse.inverse_result import InverseFilter
    from convmat.inverse.smallest_inverse import smallest_inverse
    from convmat.layers.layer_matrix import layer_matrix
    from convmat.layers.singular_values import LayerSpectrum, layer_singular_values
    from convmat.layers.spectral_norm import SpectralNorm, layer_spectral_norm
    from convmat.matrices.varying import varying_convolution_matrix
    from convmat.operators.matrix_free import ConvolutionOperator, DataOperator
    from convmat.probing.adjoint import DotTest, check_adjoint
    from convmat.probing.operator_report import OperatorReport
    from convmat.probing.probe import probe_operator
    from convmat.probing.verify import Verification, verify_operator
    from convmat.varying.estimate_field import estimate_kernel_field
    from convmat.varying.field_estimate import KernelFieldEstimate
    from convmat.varying.field_problem import kernel_field_problem

__version__ = "0.1.0"

__all__ = [
    "DIALECTS",
    "SOLVERS",
    "Boundary",
    "Comparison",
    "Convention",
    "ConvmatError",
    "ConvolutionOperator",
    "DampChoice",
    "DataOperator",
    "DotTest",
    "FilterReport",
    "Geometry",
    "InverseFilter",
    "InverseMatrix",
    "KernelEstimate",
    "KernelFieldEstimate",
    "LayerSpectrum",
    "LeastSquares",
    "MissingPackageError",
    "Mode",
    "OperatorReport",
    "Solution",
    "SpectralNorm",
    "Status",
    "TooLargeError",
    "Verification",
    "check_adjoint",
    "choose_damp",
    "compare_inverses",
    "compare_solvers",
    "convolution_matrix",
    "convolve",
    "data_matrix",
    "deconvolve",
    "design_target",
    "difference_matrix",
    "estimate_kernel",
    "estimate_kernel_field",
    "from_dialect",
    "identify_filter",
    "inverse_filter",
    "inverse_matrix",
    "kernel_field_problem",
    "kernel_problem",
    "layer_matrix",
    "layer_singular_values",
    "layer_spectral_norm",
    "load_matrix",
    "other_names",
    "probe_operator",
    "save_matrix",
    "smallest_inverse",
    "solve",
    "to_cupy",
    "to_dialect",
    "to_jax",
    "to_pylops",
    "to_torch",
    "varying_convolution_matrix",
    "verify_operator",
]

# Operators bring in scipy.sparse.linalg, which takes as long to import as the rest of convmat:
# what needs them is imported when it is first asked for.
_LATER = {
    "Convention": "convmat.conventions.convention",
    "ConvolutionOperator": "convmat.operators.matrix_free",
    "DIALECTS": "convmat.conventions.dialects",
    "DataOperator": "convmat.operators.matrix_free",
    "DotTest": "convmat.probing.adjoint",
    "FilterReport": "convmat.identify.filter_report",
    "InverseFilter": "convmat.inverse.inverse_result",
    "InverseMatrix": "convmat.inverse.inverse_matrix",
    "KernelEstimate": "convmat.estimation.kernel_estimate",
    "KernelFieldEstimate": "convmat.varying.field_estimate",
    "LayerSpectrum": "convmat.layers.singular_values",
    "OperatorReport": "convmat.probing.operator_report",
    "SpectralNorm": "convmat.layers.spectral_norm",
    "Verification": "convmat.probing.verify",
    "check_adjoint": "convmat.probing.adjoint",
    "compare_inverses": "convmat.inverse.compare_inverses",
    "deconvolve": "convmat.deconvolution",
    "design_target": "convmat.identify.target",
    "estimate_kernel": "convmat.estimation.estimate",
    "estimate_kernel_field": "convmat.varying.estimate_field",
    "from_dialect": "convmat.conventions.dialects",
    "identify_filter": "convmat.identify.identify",
    "inverse_filter": "convmat.inverse.inverse_filter",
    "inverse_matrix": "convmat.inverse.inverse_matrix",
    "kernel_field_problem": "convmat.varying.field_problem",
    "kernel_problem": "convmat.estimation.kernel_fit",
    "layer_matrix": "convmat.layers.layer_matrix",
    "layer_singular_values": "convmat.layers.singular_values",
    "layer_spectral_norm": "convmat.layers.spectral_norm",
    "other_names": "convmat.conventions.dialects",
    "probe_operator": "convmat.probing.probe",
    "smallest_inverse": "convmat.inverse.smallest_inverse",
    "to_cupy": "convmat.files.travel",
    "to_dialect": "convmat.conventions.dialects",
    "to_jax": "convmat.files.travel",
    "to_pylops": "convmat.files.travel",
    "to_torch": "convmat.files.travel",
    "varying_convolution_matrix": "convmat.matrices.varying",
    "verify_operator": "convmat.probing.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'convmat' has no attribute {name!r}")
    value = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
