"""What may come in as a signal, an image or a kernel.

Real and complex floating dtypes are kept, float16 and integers are promoted exactly, and
whatever else there is gets an error instead of a silent conversion.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.errors import ConvmatError

__all__ = ["DTYPES", "all_finite", "as_samples"]

DTYPES = tuple(np.dtype(name) for name in ("float32", "float64", "complex64", "complex128"))
_LARGEST_EXACT_INTEGER = 2**53


def as_samples(
    values: Any, name: str, *, ndim: int | None = None, dtype: DTypeLike | None = None
) -> NDArray:
    """A finite, non-empty array of one of the four dtypes that convmat computes in.

    Parameters
    ----------
    values : array_like
        Booleans and integers become float64, float16 becomes float32.
    name : str
        What the argument is called, for the error.
    ndim : int, optional
        The number of axes it must have.
    dtype : dtype, optional
        What to convert to; complex to real is refused.

    Raises
    ------
    ConvmatError
        For ragged, empty, non-numeric or non-finite values, no axis or the wrong number, masked
        entries, and dtypes that would lose digits without being asked to.

    Examples
    --------
    >>> as_samples([1, 2], "kernel")
    array([1., 2.])
    """
    if np.ma.is_masked(values):
        raise ConvmatError(f"{name} has masked entries, which convmat would lose; fill them first")
    if hasattr(values, "toarray"):
        raise ConvmatError(f"{name} is a sparse array; pass {name}.toarray()")
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ConvmatError(f"{name} must be a rectangular array of numbers ({error})") from None
    if array.dtype.kind not in "buifc":
        raise ConvmatError(
            f"{name} must hold numbers, got {_shorten(values)} of dtype {array.dtype}"
        )
    if array.size == 0:
        raise ConvmatError(f"{name} is empty: its shape is {array.shape}")
    if array.ndim == 0 or (ndim is not None and array.ndim != ndim):
        wanted = "at least 1" if ndim is None else ndim
        raise ConvmatError(
            f"{name} must have {wanted} axes, got {array.ndim} (shape {array.shape})"
        )
    target = _target(array, name, dtype)
    with np.errstate(over="ignore"):  # what overflows is caught as infinite below
        converted = array.astype(target, copy=False)
    if not all_finite(converted):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(converted))[0])
        raise ConvmatError(
            f"{name} has entries that are NaN or infinite (as {target}): "
            f"{array[index]} at index {index}"
        )
    return converted


def all_finite(values: NDArray) -> bool:
    """Whether nothing is NaN or infinite; as quick as a sum where that is so."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum())) or bool(np.all(np.isfinite(values)))


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _target(array: NDArray, name: str, dtype: DTypeLike | None) -> np.dtype:
    given = array.dtype
    if dtype is not None:
        try:
            target = np.dtype(dtype)
        except TypeError:
            raise ConvmatError(f"dtype {dtype!r} is not a NumPy dtype") from None
        if target not in DTYPES:
            raise ConvmatError(f"dtype must be one of {', '.join(map(str, DTYPES))}, got {target}")
        if given.kind == "c" and target.kind != "c":
            raise ConvmatError(f"{name} is complex ({given}) and cannot become {target}")
        return target
    if given.kind in "bui":
        if given.itemsize == 8 and max(abs(int(array.min())), int(array.max())) > (
            _LARGEST_EXACT_INTEGER
        ):
            raise ConvmatError(f"{name} has integers beyond 2**53, which float64 cannot hold")
        return np.dtype(np.float64)
    if given == np.float16:
        return np.dtype(np.float32)
    native = given.newbyteorder("=")
    if native not in DTYPES:
        raise ConvmatError(
            f"{name} has dtype {given}, which sparse arrays do not hold; convert it with dtype="
        )
    return native
