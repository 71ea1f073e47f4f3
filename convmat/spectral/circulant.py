"""A circulant stand-in for ``H'H + damp^2 L'L``, whose inverse costs two FFTs; and bounds from one.

Away from its edges H'H is the correlation of the kernel with itself, whose spectrum is |F|^2. On
a periodic grid with room for the kernel beside the support, each frequency is given

    the mean of |F|^2 over the frequencies that the support cannot tell from it

(a cell of 1/n cycles per sample, n the support's size along the axis: the correlation is
multiplied by sinc(lag / n)), and what L'L makes of one sample in the middle, transformed. With
plain |F|^2 there are about twice as many iterations: where F has a zero, the grid may come much
closer to it than anything of the size of the support.

Sources: R. H. Chan, J. G. Nagy and R. J. Plemmons, Circulant preconditioned Toeplitz least
squares iterations, SIAM J. Matrix Anal. Appl. 15 (1994), 80-97; R. H. Chan and M. K. Ng, Conjugate
gradient methods for Toeplitz systems, SIAM Review 38 (1996), 427-482,
doi:10.1137/S0036144594276474.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from convmat.geometry import Geometry
from convmat.gram.toeplitz import has_toeplitz_gram
from convmat.linear_maps import adjoint_product, product
from convmat.threads import cores

__all__ = ["CirculantInverse", "singular_value_bounds"]

EPS = float(np.finfo(np.float64).eps)

_GRIDS = 4
_PARALLEL = 2**16


class CirculantInverse:
    """Approximately ``(H'H + damp^2 L'L)^-1``, Hermitian and positive definite.

    Parameters
    ----------
    kernel : ndarray
    input_shape : tuple of int
        Of the unknowns, one size for each axis of the kernel.
    damp : float
    penalty : linear map of shape (q, unknowns), optional
        L; None is the identity.

    Examples
    --------
    Of a kernel that is one sample it is the inverse:

    >>> CirculantInverse(np.array([2.0]), (3,))(np.array([4.0, 8.0, 0.0])).round(12)
    array([1., 2., 0.])
    """

    def __init__(
        self, kernel: NDArray, input_shape: tuple[int, ...], damp: float = 0.0, penalty: Any = None
    ) -> None:
        self.input_shape = input_shape
        sizes = zip(input_shape, kernel.shape, strict=True)
        self._grid = tuple(fft.next_fast_len(max(n, k) + k - 1, real=True) for n, k in sizes)
        self._axes = tuple(range(kernel.ndim))
        self._workers = cores() if prod(self._grid) > _PARALLEL else 1
        self._real = kernel.dtype.kind == "f" and not _is_complex(penalty)
        power = self._power(kernel)
        if damp:
            power = power + damp**2 * (1.0 if penalty is None else self._response(penalty))
        # What no digit of the Gram matrix can tell from zero is not divided by.
        self._inverse = 1 / np.maximum(power, max(EPS * power.max(), np.finfo(np.float64).tiny))

    def __call__(self, r: NDArray) -> NDArray:
        """Apply it to a vector of shape (unknowns,)."""
        if self._real and np.iscomplexobj(r):
            return self(r.real) + 1j * self(r.imag)
        spectrum = self._forward(r.reshape(self.input_shape))
        spectrum *= self._inverse
        return self._backward(spectrum)[tuple(map(slice, self.input_shape))].ravel()

    def _power(self, kernel: NDArray) -> NDArray:
        """The mean of |F|^2 around each frequency of the grid."""
        lags = self._backward(np.abs(self._forward(kernel)) ** 2 + 0j)
        for axis, (size, n) in enumerate(zip(self._grid, self.input_shape, strict=True)):
            window = np.sinc(fft.fftfreq(size, 1 / size) / n)
            lags *= window.reshape([-1 if a == axis else 1 for a in self._axes])
        return np.maximum(self._forward(lags).real, 0)

    def _response(self, penalty: Any) -> NDArray:
        """The spectrum of L'L, from its response to one sample in the middle."""
        centre = tuple(n // 2 for n in self.input_shape)
        unit = np.zeros(self.input_shape)
        unit[centre] = 1
        answer = adjoint_product(penalty, product(penalty, unit.ravel())).reshape(self.input_shape)
        whole = np.zeros(self._grid, answer.dtype)
        whole[tuple(map(slice, self.input_shape))] = answer
        lags = np.roll(whole, tuple(-c for c in centre), self._axes)
        return np.maximum(self._forward(lags).real, 0)

    def _forward(self, x: NDArray) -> NDArray:
        transform = fft.rfftn if self._real else fft.fftn
        return transform(x, self._grid, self._axes, workers=self._workers)

    def _backward(self, spectrum: NDArray) -> NDArray:
        transform = fft.irfftn if self._real else fft.ifftn
        return transform(spectrum, self._grid, self._axes, workers=self._workers)


def _is_complex(penalty: Any) -> bool:
    dtype = getattr(penalty, "dtype", None)
    return dtype is not None and np.dtype(dtype).kind == "c"


def singular_value_bounds(kernel: NDArray, geometry: Geometry) -> tuple[float, float]:
    """Numbers between which all singular values of H are.

    In mode `full` with boundary `zero`, H is some columns of the circular convolution on any grid
    that has room for its outputs, so that they are between the smallest and the largest |F| of
    that grid; of a few grids the best bounds are taken. Of others nothing is said.

    Returns
    -------
    tuple of float
        ``(0.0, inf)`` where nothing is known.

    Examples
    --------
    >>> g = Geometry(3, 2)
    >>> [round(bound, 3) for bound in singular_value_bounds(np.array([2.0, 1.0]), g)]
    [1.328, 3.0]
    """
    if not has_toeplitz_gram(geometry):
        return 0.0, float("inf")
    lowest, highest = 0.0, float("inf")
    for more in range(_GRIDS):
        grid = [m + more for m in geometry.output_shape]
        magnitudes = np.abs(fft.fftn(kernel.astype(np.complex128), grid, workers=cores()))
        lowest = max(lowest, float(magnitudes.min()))
        highest = min(highest, float(magnitudes.max()))
    return lowest, highest
