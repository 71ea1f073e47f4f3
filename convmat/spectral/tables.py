"""Arrays as tables of rows, and tables that are products of few terms."""

import numpy as np
from numpy.typing import NDArray

from convmat.threads import by_blocks, unshared_product

__all__ = ["few_terms", "rows_of"]


def rows_of(array: NDArray) -> NDArray:
    """All axes but the last as one.

    Examples
    --------
    >>> rows_of(np.zeros((2, 3, 4))).shape
    (6, 4)
    """
    return array.reshape(-1, array.shape[-1])


def few_terms(left: NDArray, right: NDArray) -> NDArray:
    """``left @ right`` of two matrices, where the sums have few terms.

    Complex ones are real products, with the real and the imaginary parts side by side.

    Examples
    --------
    >>> few_terms(np.array([[1.0], [2.0]]), np.array([[3.0, 4.0j]]))
    array([[3.+0.j, 0.+4.j],
           [6.+0.j, 0.+8.j]])
    """
    product = np.empty((len(left), right.shape[1]), np.result_type(left, right))
    out = product.view(product.real.dtype)
    if product.dtype.kind == "c":
        right = np.ascontiguousarray(right, product.dtype)
        if left.dtype.kind == "c":
            left, right = np.hstack([left.real, left.imag]), np.vstack([right, 1j * right])
        right = right.view(out.dtype)
    height = max(1, unshared_product(out.dtype) // right.size)

    def multiply(part: slice) -> None:
        count, rest = divmod(part.stop - part.start, height)
        middle = part.stop - rest
        if count:
            blocks = out[part.start : middle].reshape(count, height, -1)
            lefts = left[part.start : middle].reshape(count, height, -1)
            np.matmul(lefts, right, out=blocks)
        if rest:
            np.matmul(left[middle : part.stop], right, out=out[middle : part.stop])

    by_blocks(multiply, *out.shape)
    return product
