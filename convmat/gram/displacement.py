"""The Gram matrix of all windows of an array, from sums over whole arrays and their edges.

The window of kernel entry a is ``e[a : a + m]`` (per axis, for m outputs and m + k - 1 samples).
Along the first axis the products of two windows that are d = b - a apart,

    G[a, b] = all pairs of rows that are d apart, less those that the windows leave out

before their first row and after their last. With T and U the same matrices for the first and
the last k - 1 rows of e, each row an array of one dimension less,

    G[0, d]         = lag_sums[d] - sum over r of  U[r, r + d]
    G[a + 1, b + 1] = G[a, b] + U[a, b] - T[a, b]

The lag sums are had the same way from those over both axes, down to FFTs over all axes; T and
U down to the corners, which are outer products. That G changes by so little from one entry to the
next is its displacement structure.

Source: T. Kailath, S.-Y. Kung and M. Morf, Displacement ranks of matrices and linear
equations, J. Math. Anal. Appl. 68 (1979), doi:10.1016/0022-247X(79)90124-0.
"""

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.gram.lag_sums import strip_lag_sums
from convmat.threads import run

__all__ = ["window_products"]

# Products along one edge that are worth a thread.
_PARALLEL = 2**17


def window_products(
    strips: NDArray,
    kernel_shape: Sequence[int],
    lagged: tuple[int, ...] = (),
    *,
    image: NDArray | None = None,
    centre: Any = 0,
    upper: bool = False,
) -> NDArray:
    """Gram matrix of the windows of all strips; axes that are lagged stay sums over all pairs.

    Parameters
    ----------
    strips : ndarray, shape (c, lagged axes..., other axes...)
    kernel_shape : sequence of int
        k of the other axes; K is their product.
    lagged : tuple of int
        k of the lagged axes; D is the product of all 2 k - 1.
    image : ndarray, optional
        The lag sums over all axes.
    centre : float or complex
        What was subtracted from the strips for `image`, and is to be from their edges.
    upper : bool
        Only the part where b is not before a along the first axis; the rest is not set.

    Returns
    -------
    ndarray, shape (c, K, c, K, D)
        At index (i, a, j, b, d): ``sum of conj(strips[i][o + a]) * strips[j][o + b]``.

    Examples
    --------
    >>> window_products(np.array([[1.0, 2.0, 4.0, 8.0]]), (2,))[0, :, 0, :, 0]
    array([[21., 42.],
           [42., 84.]])
    """
    count = len(strips)
    if not kernel_shape:
        sums = strip_lag_sums(strips, lagged) if image is None else image
        return sums.reshape(count, 1, count, 1, -1)
    k, *others = kernel_shape
    axis = 1 + len(lagged)
    rest = prod(others)
    pairs = window_products(strips, others, (*lagged, k), image=image, centre=centre)
    pairs = pairs.reshape(count, rest, count, rest, -1, 2 * k - 1)
    lags = pairs.shape[4]
    if k == 1:
        return pairs[..., 0]

    def left_out(first: int) -> NDArray:
        rows = np.moveaxis(strips, axis, 1)[:, first : first + k - 1]
        rows = rows.reshape(count * (k - 1), *rows.shape[2:])
        rows = rows - centre if centre else rows
        return window_products(rows, others, lagged).reshape(
            count, k - 1, rest, count, k - 1, rest, lags
        )

    edges: dict[int, NDArray] = {}

    def leave_out(first: int) -> None:
        edges[first] = left_out(first)

    firsts = 0, strips.shape[axis] - k + 1
    # Edges of edges start no threads of their own: only those of the image do.
    large = image is not None and (count * (k - 1) * rest) ** 2 * lags > _PARALLEL
    run([partial(leave_out, first) for first in firsts], parallel=large)
    before, after = (edges[first] for first in firsts)
    # Where a or b is the first row, nothing is left out before: all of its diagonal is after.
    start = np.moveaxis(pairs, -1, 3).copy()
    for row in range(k - 1):
        first = row if upper else 0
        start[:, :, :, k - 1 - row + first : 2 * k - 2 - row] -= after[:, row, :, :, first:]
    result = np.empty((count, k, rest, count, k, rest, lags), dtype=strips.dtype)
    enters_less_leaves = np.subtract(after, before, out=after)
    result[:, 0] = start[:, :, :, k - 1 :]
    for row in range(k - 1):
        first = row if upper else 0
        np.add(
            result[:, row, :, :, first:-1],
            enters_less_leaves[:, row, :, :, first:],
            out=result[:, row + 1, :, :, first + 1 :],
        )
        if not upper:
            result[:, row + 1, :, :, 0] = start[:, :, :, k - 2 - row]
    return result.reshape(count, k * rest, count, k * rest, lags)
