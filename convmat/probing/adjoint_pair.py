"""An operator and its adjoint as two functions of arrays, however they are given."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.errors import ConvmatError
from convmat.geometry import parse_shape
from convmat.linear_maps import is_operator
from convmat.probing.black_box import BlackBox

__all__ = ["parse_pair"]


def parse_pair(
    operator: Any,
    adjoint: Callable[[NDArray], Any] | None,
    input_shape: int | Sequence[int] | None,
    dtype: DTypeLike | None,
) -> tuple[BlackBox, Callable[[NDArray], Any], tuple[int, ...] | None]:
    """The function A, the function A', and the shape of outputs where that is known.

    Raises
    ------
    ConvmatError
        As `check_adjoint`.

    Examples
    --------
    >>> from convmat.operators.matrix_free import ConvolutionOperator
    >>> forward, back, shape = parse_pair(ConvolutionOperator([[1, 2]], (3, 4)), None, None, None)
    >>> forward.input_shape, shape
    ((3, 4), (3, 5))
    """
    if adjoint is not None:
        if not callable(adjoint):
            raise ConvmatError(f"adjoint must be callable, got {type(adjoint).__name__}")
        if input_shape is None:
            raise ConvmatError("input_shape is required for a pair of functions")
        box = BlackBox(operator, input_shape, _floating("float64" if dtype is None else dtype))
        return box, adjoint, None
    if not is_operator(operator):
        raise ConvmatError(
            "operator must have matvec, rmatvec and shape, or be a function with its adjoint "
            f"beside it; got {type(operator).__name__} alone"
        )
    rows, columns = (int(size) for size in operator.shape)
    geometry = getattr(operator, "geometry", None)
    shapes = getattr(operator, "dims", None), getattr(operator, "dimsd", None)
    if geometry is not None:
        shapes = geometry.input_shape, geometry.output_shape
    domain, image = (
        _fitting(shape, size) for shape, size in zip(shapes, (columns, rows), strict=True)
    )
    if input_shape is not None:
        domain = parse_shape(input_shape, "input_shape")
        if prod(domain) != columns:
            raise ConvmatError(
                f"input_shape {domain} has {prod(domain)} samples, the operator takes {columns}"
            )
    if domain != (columns,) and image == (rows,) and rows == columns:
        image = domain
    own = getattr(operator, "dtype", None)
    if own is not None and np.dtype(own).kind not in "fc":
        own = None
    wanted = dtype if dtype is not None else own if own is not None else "float64"
    box = BlackBox(lambda x: _shaped(operator.matvec(x.ravel()), image), domain, _floating(wanted))
    return box, lambda y: _shaped(operator.rmatvec(y.ravel()), domain), image


def _floating(dtype: DTypeLike) -> DTypeLike:
    """What random numbers are to be had in."""
    try:
        kind = np.dtype(dtype).kind
    except TypeError:
        return dtype  # refused, with a message, where it is used
    if kind not in "fc":
        raise ConvmatError(f"dtype must be real or complex, got {dtype}")
    return dtype


def _fitting(shape: Any, size: int) -> tuple[int, ...]:
    """The shape of so many samples that an operator names, or of a vector."""
    return tuple(shape) if shape is not None and prod(shape) == size else (size,)


def _shaped(values: Any, shape: tuple[int, ...]) -> Any:
    """A vector in its shape; whatever else it is, is left to be reported."""
    array = np.asarray(values)
    return array.reshape(shape) if array.size == prod(shape) else array
