"""The operator that a kernel estimate is solved with: several data matrices, and an offset.

    A = [ X_1  1 ]      the rows of each picture that are fitted, one below the other;
        [ X_2  1 ]      the last column only where an offset is fitted
        [ ...    ]

It is never formed unless a solver asks for it. Its normal equations come from the moments of
the pictures, which add up, and the column of ones borders them.
"""

from collections.abc import Sequence
from functools import reduce
from math import prod
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from convmat.gram import data_moments
from convmat.matrices import data_matrix
from convmat.observations import Observation
from convmat.operators import DataOperator

__all__ = ["KernelDesign"]


class KernelDesign(LinearOperator):
    """``A @ [vec(h), offset]`` is what the kernel and the offset make of the pictures before.

    Parameters
    ----------
    pairs : sequence of Observation
    kernel_shape : tuple of int
    shift : float or complex
        Subtracted from every sample.
    offset : bool
        Whether there is a column of ones.

    Examples
    --------
    >>> from convmat.observations import observe
    >>> pairs = observe(
    ...     [1, 2, 4, 8],
    ...     [0, 3, 6, 12],
    ...     (2,),
    ...     mode=None,
    ...     boundary=None,
    ...     anchor=None,
    ...     mask=None,
    ...     weights=None,
    ... )
    >>> KernelDesign(pairs, (2,), 0.0, True).to_matrix()
    array([[2., 1., 1.],
           [4., 2., 1.],
           [8., 4., 1.]])
    """

    def __init__(
        self,
        pairs: Sequence[Observation],
        kernel_shape: tuple[int, ...],
        shift: Any,
        offset: bool,
    ) -> None:
        self.kernel_shape = kernel_shape
        self.offset = offset
        self._parts = [
            (
                DataOperator(
                    pair.samples - shift if shift else pair.samples, kernel_shape, "valid"
                ),
                pair.keep,
            )
            for pair in pairs
        ]
        rows = [int(np.count_nonzero(keep)) for _, keep in self._parts]
        self._ends = np.cumsum(rows)
        shape = (int(self._ends[-1]), prod(kernel_shape) + offset)
        super().__init__(dtype=np.result_type(*(X.dtype for X, _ in self._parts)), shape=shape)

    def to_matrix(self) -> NDArray:
        """The explicit matrix, an ndarray: nearly all of its entries are not 0."""
        blocks = [
            data_matrix(X.data, self.kernel_shape, "valid", format="dense")[keep.ravel()]
            for X, keep in self._parts
        ]
        matrix = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        if not self.offset:
            return matrix
        return np.column_stack([matrix, np.ones(len(matrix), dtype=matrix.dtype)])

    def normal_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> tuple[NDArray, NDArray, float]:
        """``(A'WA, A'Wb, b'Wb)`` from the moments of the pictures (see `convmat.gram`)."""
        of_part = []
        for (X, keep), first, last in zip(
            self._parts, [0, *self._ends[:-1]], self._ends, strict=True
        ):
            if first == last:
                continue
            rows = slice(first, last)
            row_weights = None
            if weights is not None or not keep.all():
                row_weights = _scattered(keep, 1.0 if weights is None else weights[rows])
            observed = _scattered(keep, b[rows])
            of_part.append(data_moments(X.data, self.kernel_shape, observed, row_weights))
        moments = reduce(add, of_part).shifted(0.0, 0.0)
        if not self.offset:
            return moments.gram, moments.cross, moments.power
        sums = moments.column_sums
        gram = np.block(
            [[moments.gram, sums[:, np.newaxis]], [sums.conj(), np.array(moments.weight_sum)]]
        )
        return gram, np.append(moments.cross, moments.observed_sum), moments.power

    def _matvec(self, x: NDArray) -> NDArray:
        x = np.ravel(x)
        kernel = x[:-1] if self.offset else x
        products = [_gathered(keep, (X @ kernel).reshape(keep.shape)) for X, keep in self._parts]
        product = products[0] if len(products) == 1 else np.concatenate(products)
        return product + x[-1] if self.offset else product

    def _rmatvec(self, r: NDArray) -> NDArray:
        r = np.ravel(r)
        parts = zip(self._parts, np.split(r, self._ends[:-1]), strict=True)
        product = sum(X.rmatvec(_scattered(keep, rows).ravel()) for (X, keep), rows in parts)
        return np.append(product, r.sum()) if self.offset else np.asarray(product)


def _scattered(keep: NDArray[np.bool_], rows: Any) -> NDArray:
    """The rows that are fitted, in their places in the picture; 0 elsewhere."""
    if keep.all() and np.ndim(rows):
        return np.reshape(rows, keep.shape)
    picture = np.zeros(keep.shape, dtype=np.asarray(rows).dtype)
    picture[keep] = rows
    return picture


def _gathered(keep: NDArray[np.bool_], picture: NDArray) -> NDArray:
    return picture.ravel() if keep.all() else picture[keep]
