"""What the matrix-free twins share: how vectors come in, and which precision they are kept in.

SciPy's sparse linear algebra is imported here, which takes as long as half of NumPy: whoever
wants importing to be quick imports `operators` where it is used.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import Geometry
from convmat.memory import keep_freed_memory

__all__ = ["GeometryOperator", "frozen", "weigh"]


class GeometryOperator(LinearOperator):
    """What both twins share: vectors of any floating dtype, one plan for each dtype."""

    geometry: Geometry

    def __init__(self, geometry: Geometry, shape: tuple[int, int], dtype: np.dtype) -> None:
        super().__init__(dtype=dtype, shape=shape)
        self.geometry = geometry
        self._extensions = geometry.extensions
        self._plans: dict[np.dtype, Any] = {}

    def _plan(self, dtype: np.dtype) -> Any:
        """For computing in `dtype`; setting the same entry twice from two threads is harmless."""
        if dtype not in self._plans:
            keep_freed_memory()
            self._plans[dtype] = self._make_plan(dtype)
        return self._plans[dtype]

    def _make_plan(self, dtype: np.dtype) -> Any:
        raise NotImplementedError

    def _forward(self, x: NDArray, dtype: np.dtype) -> NDArray:
        raise NotImplementedError

    def _backward(self, y: NDArray, dtype: np.dtype) -> NDArray:
        raise NotImplementedError

    def _matvec(self, x: NDArray) -> NDArray:
        return self._real_parts(self._forward, x)

    def _rmatvec(self, y: NDArray) -> NDArray:
        return self._real_parts(self._backward, y)

    def _matmat(self, x: NDArray) -> NDArray:
        return np.stack([self._matvec(column) for column in x.T], axis=1)

    def _rmatmat(self, y: NDArray) -> NDArray:
        return np.stack([self._rmatvec(column) for column in y.T], axis=1)

    def _real_parts(
        self, product: Callable[[NDArray, np.dtype], NDArray], vector: NDArray
    ) -> NDArray:
        """Apply `product`; a real operator takes a complex vector as two real ones."""
        vector = np.asarray(vector).ravel()
        if vector.dtype.kind == "c" and self.dtype.kind == "f":
            real = self._real_parts(product, vector.real)
            return real + 1j * self._real_parts(product, vector.imag)
        wide = vector.dtype if vector.dtype.kind in "fc" else np.dtype(np.float64)
        dtype = np.result_type(self.dtype, wide)
        return product(np.ascontiguousarray(vector, dtype), dtype).ravel()


def weigh(
    b: NDArray, weights: NDArray | None, rows: int
) -> tuple[NDArray, NDArray, NDArray | None]:
    """b, W b and the square roots of the weights (None for None)."""
    b = as_samples(b, "b", ndim=1)
    if b.shape != (rows,):
        raise ConvmatError(f"b must have one entry for each output ({rows}), got {b.size}")
    if weights is None:
        return b, b, None
    weights = as_samples(weights, "weights", ndim=1)
    if weights.shape != (rows,) or weights.dtype.kind != "f" or weights.min() < 0:
        raise ConvmatError(
            f"weights must be {rows} real numbers that are not negative, got shape "
            f"{weights.shape}, dtype {weights.dtype}, smallest {weights.real.min()}"
        )
    return b, weights * b, np.sqrt(weights)


def frozen(values: NDArray) -> NDArray:
    """A copy that nobody can change: the plans depend on it."""
    copy = np.array(values, order="C")
    copy.setflags(write=False)
    return copy
