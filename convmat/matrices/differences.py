"""Matrices that measure roughness, for `LeastSquares(..., penalty=)`."""

import operator
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array, vstack

from convmat.errors import ConvmatError
from convmat.geometry import parse_shape
from convmat.matrices.explicit import convolution_matrix

__all__ = ["difference_matrix"]


def difference_matrix(
    shape: int | Sequence[int],
    n: int = 1,
    axis: int | None = None,
    boundary: str | Sequence[str] | None = "replicate",
) -> csr_array:
    """Build the matrix of n-th differences of an array, raveled in C order.

    Parameters
    ----------
    shape : int or tuple of int
        Of the array.
    n : int
        Order of the differences, at least 1; signs as in `numpy.diff`.
    axis : int, optional
        None stacks the differences along every axis.
    boundary : str or tuple of str, optional
        How the array continues past its edges. There is one difference for each sample:
        ``x[i + 1] - x[i]``, ``x[i + 1] - 2 x[i] + x[i - 1]``, and so on. None takes only those
        that need no continuation, exactly as `numpy.diff`.

    Returns
    -------
    csr_array of float64, shape (differences, samples)

    Raises
    ------
    ConvmatError
        For an axis that is not there, an order below 1, or, without a boundary, an order that
        leaves no differences.

    References
    ----------
    Eilers (2003), A perfect smoother, doi:10.1021/ac034173t.

    Examples
    --------
    >>> difference_matrix(3).toarray()
    array([[-1.,  1.,  0.],
           [ 0., -1.,  1.],
           [ 0.,  0.,  0.]])
    >>> difference_matrix(3, 2, boundary="zero").toarray()
    array([[-2.,  1.,  0.],
           [ 1., -2.,  1.],
           [ 0.,  1., -2.]])
    """
    sizes = parse_shape(shape, "shape")
    axes = range(len(sizes)) if axis is None else [_parse_axis(axis, len(sizes))]
    order = _parse_order(n)
    if boundary is None and any(sizes[a] <= order for a in axes):
        raise ConvmatError(f"shape {sizes} has no differences of order {order} without a boundary")
    stencil = np.array([1.0])
    for _ in range(order):
        stencil = np.convolve(stencil, [1.0, -1.0])
    blocks = []
    for a in axes:
        place = [1] * len(sizes)
        place[a] = order + 1
        anchor = [0] * len(sizes)
        anchor[a] = (order + 1) // 2
        blocks.append(
            convolution_matrix(
                stencil.reshape(place),
                sizes,
                "valid" if boundary is None else "same",
                boundary or "zero",
                anchor=anchor,
            )
        )
    return csr_array(vstack(blocks, format="csr"))


def _parse_axis(axis: int, ndim: int) -> int:
    try:
        index = operator.index(axis)
    except TypeError:
        raise ConvmatError(f"axis must be an int or None, got {axis!r}") from None
    if not -ndim <= index < ndim:
        raise ConvmatError(f"axis {index} is not there: shape has {ndim} axes")
    return index % ndim


def _parse_order(n: int) -> int:
    try:
        order = operator.index(n)
    except TypeError:
        raise ConvmatError(f"n must be an int, got {n!r}") from None
    if order < 1:
        raise ConvmatError(f"n must be at least 1, got {n!r}")
    return order
