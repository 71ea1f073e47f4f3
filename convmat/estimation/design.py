"""The operator that a kernel estimate is solved with: several data matrices, and an offset.

    A = [ X_1  1 ]      the rows of each picture that are fitted, one below the other;
        [ X_2  1 ]      the last column only where an offset is fitted
        [ ...    ]

It is never formed unless a solver asks for it. Its normal equations come from the moments of
the pictures, which add up, and the column of ones borders them; its products use the spectra that
the moments leave.
"""

from collections.abc import Sequence
from functools import reduce
from math import prod
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from convmat.estimation.observations import Observation
from convmat.gram.data_moments import plan_moments
from convmat.gram.moments import CentredEquations, Moments
from convmat.matrices.explicit import data_matrix
from convmat.operators.correlation import WindowPlan

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
    >>> from convmat.estimation.observations import observe
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
        self._parts = [_Part(pair, kernel_shape, shift) for pair in pairs]
        self._ends = np.cumsum([part.rows for part in self._parts])
        shape = (int(self._ends[-1]), prod(kernel_shape) + offset)
        dtype = np.result_type(*(pair.samples for pair in pairs))
        super().__init__(dtype=dtype, shape=shape)

    def to_matrix(self) -> NDArray:
        """The explicit matrix, an ndarray: nearly all of its entries are not 0."""
        blocks = [part.to_matrix() for part in self._parts]
        matrix = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        if not self.offset:
            return matrix
        return np.column_stack([matrix, np.ones(len(matrix), dtype=matrix.dtype)])

    def normal_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> tuple[NDArray, NDArray, float]:
        """``(A'WA, A'Wb, b'Wb)`` from the moments of the pictures (see `convmat.gram`)."""
        moments = self._moments(b, weights)
        if not self.offset:
            return moments.plain()
        about_zero = moments.shifted(0.0, 0.0)
        sums = about_zero.column_sums
        count = np.array(about_zero.weight_sum)
        gram = np.block([[about_zero.gram, sums[:, np.newaxis]], [sums.conj(), count]])
        return gram, np.append(about_zero.cross, about_zero.observed_sum), about_zero.power

    def centred_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> CentredEquations | None:
        """The same with the means of the columns apart; None with an offset, which absorbs them."""
        return None if self.offset else self._moments(b, weights).centred()

    def _moments(self, b: NDArray, weights: NDArray | None) -> Moments:
        of_part = []
        for part, first, last in zip(self._parts, [0, *self._ends[:-1]], self._ends, strict=True):
            if first == last:
                continue
            row_weights = None
            if weights is not None or not part.whole:
                row_weights = part.scattered(1.0 if weights is None else weights[first:last])
            of_part.append(plan_moments(part.plan, part.scattered(b[first:last]), row_weights))
        return reduce(add, of_part)

    def _matvec(self, x: NDArray) -> NDArray:
        x = np.ravel(x)
        kernel = (x[:-1] if self.offset else x).reshape(self.kernel_shape)
        products = [part.gathered(part.plan.forward(kernel)) for part in self._parts]
        product = products[0] if len(products) == 1 else np.concatenate(products)
        if self.offset:
            product += x[-1]
        return product

    def _rmatvec(self, r: NDArray) -> NDArray:
        r = np.ravel(r)
        of_parts = zip(self._parts, np.split(r, self._ends[:-1]), strict=True)
        product = sum(part.plan.adjoint(part.scattered(rows)).ravel() for part, rows in of_parts)
        return np.append(product, r.sum()) if self.offset else np.asarray(product)


class _Part:
    """One picture's data matrix, and which of its rows are fitted."""

    def __init__(self, pair: Observation, kernel_shape: tuple[int, ...], shift: Any) -> None:
        self.plan = WindowPlan(np.ascontiguousarray(pair.samples), kernel_shape, shift=shift)
        self.keep = pair.keep
        self.rows = int(np.count_nonzero(pair.keep))
        self.whole = self.rows == pair.keep.size

    def to_matrix(self) -> NDArray:
        samples, kernel_shape = self.plan.extended, self.plan.kernel_shape
        return data_matrix(samples, kernel_shape, "valid", format="dense")[self.keep.ravel()]

    def scattered(self, rows: Any) -> NDArray:
        """The rows that are fitted, in their places in the picture; 0 elsewhere."""
        if self.whole and np.ndim(rows):
            return np.reshape(rows, self.keep.shape)
        picture = np.zeros(self.keep.shape, dtype=np.asarray(rows).dtype)
        picture[self.keep] = rows
        return picture

    def gathered(self, picture: NDArray) -> NDArray:
        return picture.ravel() if self.whole else picture[self.keep]
