"""A convolutional layer and its adjoint as functions, without the matrix.

    y[o, j] = sum over taps a and channels i of  W[o, i, a] * ext(x)[i, j s + a d - p]

is a product of small matrices, of channels, for each tap.

A layer of 64 channels to 64 has 576 entries in a row of its matrix; reading those from memory takes
several times as long as the products of channels, which stay in the cache.
"""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.layers.layer_geometry import LayerGeometry

__all__ = ["layer_operator"]


def layer_operator(weight: NDArray, geometry: LayerGeometry) -> Any:
    """The layer as a SciPy LinearOperator with an adjoint.

    Parameters
    ----------
    weight : ndarray of float64 or complex128, shape (out, in, *kernel)
    geometry : LayerGeometry
        Of one group.

    Returns
    -------
    LinearOperator, shape (outputs, samples)
        Equal to `layer_matrix`, vectors raveled alike.

    Examples
    --------
    >>> from convmat.layers.layer_geometry import parse_layer
    >>> geometry = parse_layer((1, 1, 3), (1, 6), stride=2, padding=1)
    >>> layer = layer_operator(np.array([[[1.0, 2, 3]]]), geometry)
    >>> layer @ np.arange(6.0), layer.H @ np.ones(3)
    (array([ 3., 14., 26.]), array([2., 4., 2., 4., 2., 3.]))
    """
    from scipy.sparse.linalg import LinearOperator

    layer = _Layer(weight, geometry)
    shape = geometry.matrix_shape
    return LinearOperator(shape, matvec=layer.forward, rmatvec=layer.back, dtype=weight.dtype)


class _Layer:
    """Arrays in here have the axes (*signal but the last, channels, last of the signal).

    So a product of channels is a stack of small ones, for which BLAS starts no threads.
    """

    def __init__(self, weight: NDArray, geometry: LayerGeometry) -> None:
        self._geometry = geometry
        self._extensions = [_as_matrix(one) for one in geometry.extensions]
        taps = product(*(range(k) for k in geometry.kernel_shape))
        every: Any = slice(None)
        self._taps = [(self._places(tap), weight[(every, every, *tap)].copy()) for tap in taps]

    def forward(self, x: NDArray) -> NDArray:
        """The outputs."""
        geometry = self._geometry
        extended = x.reshape(geometry.input_shape)
        for axis, extend in enumerate(self._extensions, 1):
            extended = _along(extend, extended, axis)
        extended = np.ascontiguousarray(np.moveaxis(extended, 0, -2))
        y: Any = 0
        for places, channels in self._taps:
            y = y + channels @ np.ascontiguousarray(extended[places])
        return np.moveaxis(y, -2, 0).ravel()

    def back(self, y: NDArray) -> NDArray:
        """The adjoint: every output is given back to what it read."""
        geometry = self._geometry
        outputs = np.ascontiguousarray(np.moveaxis(y.reshape(geometry.output_shape), 0, -2))
        *outer, last = geometry.extended_size
        dtype = np.result_type(y, self._taps[0][1])
        extended = np.zeros((*outer, geometry.in_channels, last), dtype)
        for places, channels in self._taps:
            extended[places] += channels.conj().T @ outputs
        x = np.moveaxis(extended, -2, 0)
        for axis, extend in enumerate(self._extensions, 1):
            x = _along(extend.T, x, axis)
        return x.ravel()

    def _places(self, tap: tuple[int, ...]) -> tuple[slice, ...]:
        """What all outputs read by one tap."""
        geometry = self._geometry
        axes = zip(tap, geometry.dilation, geometry.stride, geometry.output_size, strict=True)
        *outer, last = (slice(a * d, a * d + (m - 1) * s + 1, s) for a, d, s, m in axes)
        return (*outer, slice(None), last)


def _as_matrix(extension: Any) -> sparse.csr_array:
    """Shape (positions, samples)."""
    terms, positions = extension.indices.shape
    rows = np.broadcast_to(np.arange(positions), (terms, positions))
    entries = (extension.weights.ravel(), (rows.ravel(), extension.indices.ravel()))
    return sparse.csr_array(sparse.coo_array(entries, shape=(positions, extension.size)))


def _along(matrix: Any, array: NDArray, axis: int) -> NDArray:
    moved = np.moveaxis(array, axis, 0)
    made = matrix @ moved.reshape(moved.shape[0], -1)
    return np.moveaxis(made.reshape(-1, *moved.shape[1:]), 0, axis)
