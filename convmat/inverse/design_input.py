"""What an inverse filter is designed from, checked: kernel, support, delay, target and damp."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, parse_integers
from convmat.least_squares import LARGEST_DAMP
from convmat.linear_maps import as_linear_map, solution_dtype
from convmat.memory import require_memory
from convmat.powers_of_two import exponent_of, times_power
from convmat.regularization import DampMethod

__all__ = [
    "checked_damp",
    "checked_delay",
    "checked_target",
    "delta",
    "filter_geometry",
    "kernel_to_undo",
    "penalty_at_one",
]

_ARRAYS = 24
"""Of the size of f * g, that designing a large filter takes at once."""


def kernel_to_undo(kernel: Any, axes: int | None = None) -> NDArray:
    """A kernel that something can undo.

    Raises
    ------
    ConvmatError
        Where it is not a finite array (of so many axes), or is all zero.

    Examples
    --------
    >>> kernel_to_undo([1, 2])
    array([1., 2.])
    """
    values = as_samples(kernel, "kernel", ndim=axes)
    if not values.any():
        raise ConvmatError(f"kernel is all zero (shape {values.shape}): nothing undoes it")
    return values


def filter_geometry(
    kernel: NDArray, shape: tuple[int, ...], anchor: int | Sequence[int] | None, name: str
) -> Geometry:
    """Of the convolution of a kernel with filters of a support, named `name` where it is refused.

    Raises
    ------
    TooLargeError
        Where what takes to design such a filter is more than the memory there is.
    """
    outputs = prod(n + k - 1 for n, k in zip(shape, kernel.shape, strict=True))
    require_memory(
        _ARRAYS * solution_dtype(kernel).itemsize * outputs,
        f"the design of an inverse filter of {prod(shape)} entries ({name} {shape})",
        "ask for a smaller one",
    )
    return Geometry(shape, kernel.shape, "full", "zero", anchor)


def delta(index: tuple[int, ...], shape: tuple[int, ...]) -> NDArray:
    """Zeros, and one 1.

    Examples
    --------
    >>> delta((1,), (3,))
    array([0., 1., 0.])
    """
    response = np.zeros(shape)
    response[index] = 1.0
    return response


def checked_delay(delay: Any, outputs: tuple[int, ...]) -> tuple[int, ...]:
    """An index of the outputs."""
    index = parse_integers(delay, "delay")
    if len(index) != len(outputs) or not all(
        0 <= d < m for d, m in zip(index, outputs, strict=True)
    ):
        raise ConvmatError(
            f"delay must be an index of f * g, whose shape is {outputs}, counted from 0; got "
            f"{delay!r}"
        )
    return index


def checked_target(target: Any, outputs: tuple[int, ...]) -> NDArray:
    """A response of the outputs' shape, in double precision."""
    values = as_samples(target, "target")
    if values.shape != outputs:
        raise ConvmatError(
            f"target must have the shape of f * g in mode full, {outputs}, got {values.shape}"
        )
    return values.astype(solution_dtype(values), copy=False)


def checked_damp(damp: Any, exponent: int) -> float | str:
    """A damp for a kernel over a penalty of this exponent, or the name of a criterion."""
    names = [method for method in DampMethod if method is not DampMethod.DISCREPANCY]
    if isinstance(damp, str):
        if damp == DampMethod.DISCREPANCY:
            raise ConvmatError(
                'damp="discrepancy" is for data with noise, which a delta has not; give the '
                f"noise's standard deviation over the picture's as a number, or {', '.join(names)}"
            )
        if damp in names:
            return damp
    if isinstance(damp, (bool, np.bool)):
        raise ConvmatError(f"damp must be a number or {', '.join(names)}, got {damp!r}")
    try:
        value = float(damp)
    except (TypeError, ValueError):
        raise ConvmatError(f"damp must be a number or {', '.join(names)}, got {damp!r}") from None
    most = min(times_power(LARGEST_DAMP, exponent), float(np.finfo(np.float64).max))
    if isinstance(damp, str) or not 0 <= value <= most:
        raise ConvmatError(f"damp must be from 0 to {most:.3g} for this kernel, got {damp!r}")
    return value


def penalty_at_one(penalty: Any, entries: int) -> tuple[Any, int]:
    """A penalty over ``2^l``, its largest entry near 1, and l; an operator as it is, and 0.

    Parameters
    ----------
    entries : int
        Of the filter.
    """
    if penalty is None:
        return None, 0
    rough = as_linear_map(penalty, "penalty")
    if rough.shape[1] != entries:
        raise ConvmatError(
            f"penalty must have a column for each of the {entries} entries of the filter, got "
            f"shape {tuple(rough.shape)}"
        )
    stored = rough.data if sparse.issparse(rough) else rough
    exponent = exponent_of(stored) if isinstance(stored, np.ndarray) and stored.size else 0
    if not exponent:
        return rough, 0
    scaled = times_power(stored, -exponent)
    if sparse.issparse(rough):
        return sparse.csr_array((scaled, rough.indices, rough.indptr), rough.shape), exponent
    return scaled, exponent
