"""Convolutions from one grid to another, as sums of shifts.

The matrix of a convolution that reads a signal y, continued past its edges, is

    G = sum over d of  g[d] S_d        (S_d y)[i] = ext(y)[i - d]

with one shift matrix S_d for each displacement d, and in several dimensions their Kronecker
products. Here y need not sit where the outputs do: it starts at any position and has its own
size, as outputs of mode `full` and `valid` do that are to be taken back to the signal's grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary, Extension, extension
from convmat.geometry import Geometry
from convmat.memory import require_memory

__all__ = [
    "Shifts",
    "all_shifts",
    "filter_shifts",
    "inverse_shifts",
    "shift_products",
    "shift_sum",
    "toeplitz_shifts",
]


@dataclass(frozen=True)
class Shifts:
    """The shift matrices of one axis, for `count` displacements from `first` on.

    Attributes
    ----------
    boundary : Boundary
        How y is continued.
    rows, columns : int
        Outputs i = 0 ... rows - 1, and samples of y.
    start : int
        Position of y's first sample.
    first, count : int
        The displacements d.

    Examples
    --------
    >>> two = Shifts(Boundary.CIRCULAR, rows=3, columns=3, start=0, first=0, count=2)
    >>> two.combine(np.array([1.0, 2.0]))
    array([[1., 0., 2.],
           [2., 1., 0.],
           [0., 2., 1.]])
    """

    boundary: Boundary
    rows: int
    columns: int
    start: int
    first: int
    count: int

    @cached_property
    def _reads(self) -> Extension:
        """What is at all the positions that are read, the last displacement's first."""
        low = -(self.first + self.count - 1) - self.start
        return extension(self.boundary, self.columns, low, low + self.rows + self.count - 1)

    def _terms(self, which: int) -> list[tuple[NDArray, NDArray]]:
        """Columns and weights of one shift matrix, each of shape (rows,)."""
        window = slice(self.count - 1 - which, self.count - 1 - which + self.rows)
        pairs = zip(self._reads.indices, self._reads.weights, strict=True)
        return [(indices[window], weights[window]) for indices, weights in pairs]

    def combine(self, kernel: NDArray) -> NDArray:
        """``sum of kernel[d] S_d``: shape (count, ...) to (rows, columns, ...)."""
        total = np.zeros((self.rows, self.columns, *kernel.shape[1:]), kernel.dtype)
        row = np.arange(self.rows)
        for which, entry in enumerate(kernel):
            for column, weight in self._terms(which):
                total[row, column] += np.multiply.outer(weight, entry)
        return total

    def inner_products(self, matrices: NDArray) -> NDArray:
        """``<S_d, matrix>`` for all d: shape (rows, columns, ...) to (count, ...)."""
        products = np.zeros((self.count, *matrices.shape[2:]), matrices.dtype)
        row = np.arange(self.rows)
        for which in range(self.count):
            for column, weight in self._terms(which):
                products[which] += np.tensordot(weight, matrices[row, column], 1)
        return products

    def gram(self) -> NDArray:
        """``<S_d, S_e>``: the diagonal, shape (count,), where there is no more; or the whole.

        Products of what is read at two positions, summed over the rows by differences of running
        sums, which are sums of integers.
        """
        indices, weights = self._reads.indices, self._reads.weights
        positions = indices.shape[1]
        if self.boundary not in (Boundary.ZERO, Boundary.CIRCULAR):
            require_memory(
                8 * 3 * self.count**2, "the Gram matrix of all shifts", "take a shorter signal"
            )
            gram = np.zeros((self.count, self.count))
        for distance in range(self.count):
            products = np.zeros(positions - distance)
            for i, v in zip(indices, weights, strict=True):
                for j, w in zip(indices, weights, strict=True):
                    same = i[: positions - distance] == j[distance:]
                    products += same * v[: positions - distance] * w[distance:]
            running = np.concatenate([[0.0], np.cumsum(products)])
            sums = (running[self.rows :] - running[: -self.rows])[::-1]
            if distance == 0 and self.boundary in (Boundary.ZERO, Boundary.CIRCULAR):
                return sums
            at = np.arange(distance, self.count)
            gram[at, at - distance] = gram[at - distance, at] = sums
        return gram

    def coordinates(self, products: NDArray) -> NDArray:
        """The g for which ``sum of g[d] S_d`` has these inner products, shape (count, ...)."""
        from scipy.linalg import cho_factor, cho_solve

        gram = self.gram()
        flat = products.reshape(self.count, -1)
        if gram.ndim == 1:
            solved = flat / gram[:, np.newaxis]
        else:
            solved = cho_solve(cho_factor(gram, overwrite_a=True, check_finite=False), flat)
        return solved.reshape(products.shape)


def all_shifts(boundary: Boundary, rows: int, columns: int, start: int) -> Shifts:
    """The displacements that make every convolution there is, each in one way only.

    ============================ ===============================
    boundary                     displacements
    ============================ ===============================
    zero, replicate              rows + columns - 1
    circular                     columns
    symmetric, antisymmetric     2 columns - 1
    mirror, antireflect          2 columns - 2
    ============================ ===============================

    All others are combinations of these, which are linearly independent and the nearest ones.
    One sample looks the same from everywhere, but for `zero`; and a single row is made of
    as many displacements as there are columns.

    Examples
    --------
    >>> shifts = all_shifts(Boundary.SYMMETRIC, 4, 4, 0)
    >>> shifts.first, shifts.count
    (-3, 7)
    """
    bounded = boundary in (Boundary.ZERO, Boundary.REPLICATE) or rows == 1
    if columns == 1 and boundary is not Boundary.ZERO:
        bounded, count = False, 1
    elif bounded:
        count = rows + columns - 1
    else:
        count = {
            Boundary.CIRCULAR: columns,
            Boundary.SYMMETRIC: 2 * columns - 1,
            Boundary.ANTISYMMETRIC: 2 * columns - 1,
            Boundary.MIRROR: 2 * columns - 2,
            Boundary.ANTIREFLECT: 2 * columns - 2,
        }[boundary]
    # Between indices; the middle one lays the middle of y on the middle of the outputs.
    first = 1 - columns if bounded else -((columns - rows) // 2) - (count - 1) // 2
    return Shifts(boundary, rows, columns, start, first - start, count)


def shift_sum(kernel: NDArray, shifts: Sequence[Shifts]) -> NDArray:
    """``sum of kernel[d] S_d0 (x) S_d1 (x) ...``, as a dense matrix.

    Examples
    --------
    >>> one = Shifts(Boundary.ZERO, 2, 3, 0, -1, 2)
    >>> shift_sum(np.array([5.0, 7.0]), [one])
    array([[7., 5., 0.],
           [0., 7., 5.]])
    """
    array, ndim = kernel, len(shifts)
    for a in reversed(range(ndim)):
        array = shifts[a].combine(np.moveaxis(array, -1, 0))
        array = np.moveaxis(array, 1, ndim - a)  # all rows, all columns, what is left of the kernel
    return array.reshape(prod(axis.rows for axis in shifts), -1)


def shift_products(matrix: NDArray, shifts: Sequence[Shifts]) -> NDArray:
    """The inner products of a dense matrix with all shift matrices, one axis per axis.

    Examples
    --------
    >>> one = Shifts(Boundary.ZERO, 2, 3, 0, -1, 2)
    >>> shift_products(np.array([[7.0, 5.0, 0.0], [0.0, 7.0, 5.0]]), [one])
    array([10., 14.])
    """
    array = matrix.reshape([axis.rows for axis in shifts] + [axis.columns for axis in shifts])
    for a, axis in enumerate(shifts):
        products = axis.inner_products(np.moveaxis(array, len(shifts) - a, 1))
        array = np.moveaxis(products, 0, -1)
    return array


def inverse_shifts(geometry: Geometry) -> tuple[Shifts, ...]:
    """All convolutions from the outputs of a geometry back to its signal, per axis.

    The outputs are continued as the signal was.
    """
    return _back(geometry, geometry.boundary)


def toeplitz_shifts(geometry: Geometry) -> tuple[Shifts, ...]:
    """All that make Toeplitz matrices, of the same shapes: beyond the outputs are zeros."""
    return _back(geometry, (Boundary.ZERO,) * geometry.ndim)


def _back(geometry: Geometry, boundary: Sequence[Boundary]) -> tuple[Shifts, ...]:
    axes = zip(
        boundary, geometry.input_shape, geometry.output_shape, geometry.first_output, strict=True
    )
    return tuple(all_shifts(*axis) for axis in axes)


def filter_shifts(
    geometry: Geometry, filter_shape: Sequence[int], anchor: Sequence[int]
) -> tuple[Shifts, ...]:
    """A filter of that shape and anchor on the outputs of a geometry, read at its signal's grid."""
    axes = zip(
        geometry.boundary,
        geometry.input_shape,
        geometry.output_shape,
        geometry.first_output,
        (-c for c in anchor),
        filter_shape,
        strict=True,
    )
    return tuple(Shifts(*axis) for axis in axes)
