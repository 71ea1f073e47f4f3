"""To coefficients, multiply them, and back: ``S diag(f) F b``, with as little memory as possible.

Transforms work in place where they can, for an image of 1024 x 1024 takes as long to get memory
for as to transform. Where samples are real and the last axis is circular, its coefficients' real
and imaginary parts lie side by side, and are transformed along the other axes as real numbers.
"""

from collections.abc import Callable

import scipy  # loads scipy.fft when it is first used
from numpy.typing import DTypeLike, NDArray

from convmat.boundary import Boundary
from convmat.memory import keep_freed_memory
from convmat.spectral.tables import rows_of
from convmat.spectral.transforms import Transform, transform_axes, with_long_rows
from convmat.threads import by_blocks, cores

__all__ = ["Change", "sweep"]

Change = Callable[[NDArray, slice], None]

_PARALLEL = 2**16


def sweep(forward: Transform, samples: NDArray, change: Change, dtype: DTypeLike) -> NDArray:
    """Transform, change the coefficients, and transform back.

    Parameters
    ----------
    forward : Transform
    samples : ndarray
        Raveled; real, where the transform has an axis `halved`.
    change : callable
        ``change(coefficients, part)`` multiplies, in place, the rows `part` of the coefficients
        (see `rows_of`), an array of the transform's `kept_shape`.
    dtype : dtype
        Of the result; complex where an axis is circular and none is halved.

    Returns
    -------
    ndarray
        Raveled.

    Examples
    --------
    >>> import numpy as np
    >>> def double(coefficients, part):
    ...     coefficients *= 2
    >>> sweep(Transform((Boundary.SYMMETRIC,), (3,)), np.arange(3.0), double, float).round(12)
    array([0., 2., 4.])
    """
    keep_freed_memory()
    array = samples.reshape(forward.shape)
    workers = cores() if array.size >= _PARALLEL else 1
    if forward.halved is None:
        return _in_place(forward, array, change, dtype, workers).ravel()
    return _halved(forward, forward.halved, array, change, dtype, workers).ravel()


def _in_place(
    forward: Transform, array: NDArray, change: Change, dtype: DTypeLike, workers: int
) -> NDArray:
    work = _copy(array, dtype)
    coefficients = transform_axes(work, forward.kinds, False, workers=workers)
    _apply(change, coefficients)
    *others, last = forward.kinds
    kinds = {axis: forward.kinds[axis] for axis in others}
    work = transform_axes(coefficients, kinds, True, workers=workers)
    kinds = {last: forward.kinds[last]}
    return transform_axes(work, kinds, True, workers=workers, overwrite=False)


def _halved(
    forward: Transform, half: int, array: NDArray, change: Change, dtype: DTypeLike, workers: int
) -> NDArray:
    circular = {axis: kind for axis, kind in forward.kinds.items() if kind is Boundary.CIRCULAR}
    real = {axis: kind for axis, kind in forward.kinds.items() if axis not in circular}
    del circular[half]
    options = {"axis": half, "norm": "ortho", "workers": workers}
    beside = half == array.ndim - 1
    if real and not beside:
        array = transform_axes(_copy(array, dtype), real, False, workers=workers)
    array = scipy.fft.rfft(array.astype(dtype, copy=False), **options)
    if real and beside:
        array = transform_axes(array.view(dtype), real, False, workers=workers).view(array.dtype)
    array = transform_axes(array, circular, False, workers=workers)
    _apply(change, array)
    array = transform_axes(array, circular, True, workers=workers)
    if real and beside:
        array = transform_axes(array.view(dtype), real, True, workers=workers).view(array.dtype)
    array = scipy.fft.irfft(array, forward.shape[half], **options)
    if real and not beside:
        array = transform_axes(array, real, True, workers=workers)
    return array


def _copy(array: NDArray, dtype: DTypeLike) -> NDArray:
    work = with_long_rows(array.shape, dtype)
    work[...] = array
    return work


def _apply(change: Change, coefficients: NDArray) -> None:
    rows = rows_of(coefficients)
    by_blocks(lambda part: change(rows[part], part), *rows.shape)
