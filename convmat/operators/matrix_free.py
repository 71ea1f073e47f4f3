"""The matrices of a convolution as operators: products without the entries.

    H = ConvolutionOperator(kernel, input_shape)    H @ vec(x) = vec(h * x), the kernel known
    X = DataOperator(data, kernel_shape)            X @ vec(h) = vec(h * x), the signal known

They are twins of `convolution_matrix` and `data_matrix`, for every mode, boundary and anchor.
With E the extension of the signal and V(h) the convolution of what is inside (see `planning`),
H = V(h) E, so its adjoint is E' V(h)': the full correlation, folded back at the edges.
Flipping the kernel and extending again, as is often done, is that adjoint only for `zero` and
`circular`, and for few kernels elsewhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from convmat.arrays import as_samples
from convmat.geometry import Geometry, parse_shape
from convmat.gram.data_moments import plan_moments
from convmat.gram.moments import CentredEquations, Moments
from convmat.gram.toeplitz import has_toeplitz_gram, toeplitz_gram
from convmat.linear_maps import solution_dtype
from convmat.matrices.explicit import convolution_matrix, data_matrix
from convmat.matrices.extending import extend_axes
from convmat.operators.correlation import WindowPlan
from convmat.operators.geometry_operator import GeometryOperator, frozen, weigh
from convmat.operators.planning import Plan
from convmat.spectral.circulant import CirculantInverse, singular_value_bounds
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.structure import diagonalize, frequency_response

__all__ = ["ConvolutionOperator", "DataOperator"]


class ConvolutionOperator(GeometryOperator):
    """H, the convolution with a known kernel, as a SciPy LinearOperator.

    Parameters
    ----------
    kernel : array_like
    input_shape : int or tuple of int
    mode, boundary, anchor, dtype
        As for `convmat.convolution_matrix`, whose twin this is.

    Attributes
    ----------
    geometry : Geometry
    kernel : ndarray
        Read-only.
    shape : tuple of int
        Outputs, samples; vectors are raveled in C order.
    dtype : dtype
        Of the kernel. A vector of higher precision is multiplied in its own.

    Raises
    ------
    ConvmatError
        For input that is not a kernel or a geometry.

    Notes
    -----
    Products go by banded matrices, one axis after another, or FFTs, whichever costs least;
    the kernel's spectrum is kept. The rounding of FFTs is relative to the largest outputs.

    References
    ----------
    Hansen, Nagy and O'Leary (2006), Deblurring Images, chapter 4,
    doi:10.1137/1.9780898718874.

    Examples
    --------
    >>> H = ConvolutionOperator([1, 2, 3], 4, "same", "replicate")
    >>> H @ np.array([1.0, 0, 0, 0])
    array([5., 3., 0., 0.])
    >>> H.H @ np.array([1.0, 0, 0, 0])
    array([5., 1., 0., 0.])
    """

    def __init__(
        self,
        kernel: Any,
        input_shape: int | Sequence[int],
        mode: str = "full",
        boundary: str | Sequence[str] = "zero",
        *,
        anchor: int | Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        signal_shape = parse_shape(input_shape, "input_shape")
        values = as_samples(kernel, "kernel", ndim=len(signal_shape), dtype=dtype)
        geometry = Geometry(signal_shape, values.shape, mode, boundary, anchor)
        super().__init__(geometry, geometry.matrix_shape, values.dtype)
        self.kernel = frozen(values)

    def to_matrix(self, format: str = "csr") -> Any:
        """The explicit matrix: `convmat.convolution_matrix` in C order."""
        g = self.geometry
        return convolution_matrix(
            self.kernel, g.input_shape, g.mode, g.boundary, anchor=g.anchor, format=format
        )

    def gram(self) -> Any:
        """``H'H``, a csr_array of shape (samples, samples)."""
        return self.normal_equations(np.zeros(self.shape[0]))[0]

    def normal_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> tuple[Any, NDArray, float]:
        """``(H'WH, H'Wb, b'Wb)``, the first a csr_array.

        It comes from the explicit matrix, or from the kernel alone where that is enough (see
        ``convmat.gram.toeplitz``).

        Parameters
        ----------
        b, weights : array_like, shape (outputs,)
            W is the diagonal matrix of the weights, or the identity.
        """
        b, weighted, roots = weigh(b, weights, self.shape[0])
        constant = float(np.vdot(b, weighted).real)
        if roots is None and has_toeplitz_gram(self.geometry):
            kernel = self.kernel.astype(solution_dtype(self.kernel), copy=False)
            gram = toeplitz_gram(kernel, self.geometry.input_shape)
            return gram, self.rmatvec(weighted), constant
        matrix = self.to_matrix()
        if roots is not None:
            matrix = sparse.csr_array(sparse.diags_array(roots) @ matrix)
        gram = sparse.csr_array(matrix.conj().T @ matrix)
        return gram, self.rmatvec(weighted), constant

    def diagonalization(self) -> Diagonalization:
        """``(forward, inverse, eigenvalues, orthogonal)``, where there is a fast one.

        See ``convmat.spectral.structure.diagonalize``.

        Raises
        ------
        ConvmatError
            Where the kernel, mode and boundary have no such structure.
        """
        return diagonalize(self.kernel, self.geometry)

    def frequency_response(self) -> Diagonalization:
        """The same by the FFT, for mode `same` and boundary `circular` only.

        See ``convmat.spectral.structure.frequency_response``.
        """
        return frequency_response(self.kernel, self.geometry)

    def preconditioner(self, damp: float = 0.0, penalty: Any = None) -> CirculantInverse:
        """A cheap map near ``(H'H + damp^2 L'L)^-1``: see ``convmat.spectral.circulant``."""
        return CirculantInverse(self.kernel, self.geometry.input_shape, damp, penalty)

    def singular_value_bounds(self) -> tuple[float, float]:
        """What all singular values of H are between; see ``convmat.spectral.circulant``."""
        return singular_value_bounds(self.kernel, self.geometry)

    def _make_plan(self, dtype: np.dtype) -> Plan:
        kernel = self.kernel.astype(dtype, copy=False)
        return Plan(kernel, self.geometry.extended_shape, extensions=self._extensions)

    def _forward(self, x: NDArray, dtype: np.dtype) -> NDArray:
        return self._plan(dtype).forward(x.reshape(self.geometry.input_shape))

    def _backward(self, y: NDArray, dtype: np.dtype) -> NDArray:
        return self._plan(dtype).adjoint(y.reshape(self.geometry.output_shape))


class DataOperator(GeometryOperator):
    """X, the convolution of known data with a kernel yet unknown, as a SciPy LinearOperator.

    Parameters
    ----------
    data : array_like
    kernel_shape : int or tuple of int
    mode, boundary, anchor, dtype
        As for `convmat.data_matrix`, whose twin this is.

    Attributes
    ----------
    geometry : Geometry
    data : ndarray
        Read-only.
    shape : tuple of int
        Outputs, kernel entries; vectors are raveled in C order.
    dtype : dtype

    Raises
    ------
    ConvmatError
        As `ConvolutionOperator`.

    Examples
    --------
    >>> X = DataOperator([1, 2, 3, 4], 3, "valid")
    >>> X @ np.array([1.0, 0, -1])
    array([2., 2.])
    >>> X.H @ np.array([1.0, 0])
    array([3., 2., 1.])
    """

    def __init__(
        self,
        data: Any,
        kernel_shape: int | Sequence[int],
        mode: str = "full",
        boundary: str | Sequence[str] = "zero",
        *,
        anchor: int | Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        window = parse_shape(kernel_shape, "kernel_shape")
        samples = as_samples(data, "data", ndim=len(window), dtype=dtype)
        geometry = Geometry(samples.shape, window, mode, boundary, anchor)
        super().__init__(geometry, geometry.data_matrix_shape, samples.dtype)
        self.data = frozen(samples)

    def to_matrix(self, format: str = "csr") -> Any:
        """The explicit matrix: `convmat.data_matrix` in C order."""
        g = self.geometry
        return data_matrix(
            self.data, g.kernel_shape, g.mode, g.boundary, anchor=g.anchor, format=format
        )

    def gram(self) -> NDArray:
        """``X'X``, shape (kernel entries, kernel entries), without forming X."""
        return self.normal_equations(np.zeros(self.shape[0]))[0]

    def normal_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> tuple[NDArray, NDArray, float]:
        """``(X'WX, X'Wb, b'Wb)`` in double precision, without forming X (see ``convmat.gram``).

        Parameters
        ----------
        b, weights : array_like, shape (outputs,)
            W is the diagonal matrix of the weights, or the identity.
        """
        return self._moments(b, weights).plain()

    def centred_equations(self, b: NDArray, weights: NDArray | None = None) -> CentredEquations:
        """The same with the means of the columns apart (see ``convmat.gram.moments``)."""
        return self._moments(b, weights).centred()

    def _moments(self, b: NDArray, weights: NDArray | None) -> Moments:
        b, _, roots = weigh(b, weights, self.shape[0])
        shape = self.geometry.output_shape
        return plan_moments(
            self._plan(solution_dtype(self.data)),
            b.reshape(shape),
            None if roots is None else np.asarray(weights).reshape(shape),
        )

    def _make_plan(self, dtype: np.dtype) -> WindowPlan:
        extended = extend_axes(self.data.astype(dtype, copy=False), self._extensions)
        return WindowPlan(np.ascontiguousarray(extended), self.geometry.kernel_shape)

    def _forward(self, h: NDArray, dtype: np.dtype) -> NDArray:
        return self._plan(dtype).forward(h.reshape(self.geometry.kernel_shape))

    def _backward(self, y: NDArray, dtype: np.dtype) -> NDArray:
        return self._plan(dtype).adjoint(y.reshape(self.geometry.output_shape))
