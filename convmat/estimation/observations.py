"""Pictures before and after, brought into the form that a kernel is fitted to.

Whatever the mode and the boundary, the outputs that are fitted are the `valid` outputs of
some samples: of the extended signal where the boundary is named, of the part of the signal
that the interior reads where it is not. A pair of pictures becomes one `Observation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, Mode
from convmat.memory import require_memory
from convmat.operators.convolution import extend

__all__ = ["Observation", "infer_mode", "observe"]

_LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class Observation:
    """One pair of pictures: ``values[i] = sum_a h[a] samples[i + k - 1 - a]`` where kept.

    Attributes
    ----------
    geometry : Geometry
        Of the whole pictures; its boundary is `zero` where it is unknown and not used.
    samples : ndarray, shape of `values` plus the kernel's minus 1
        What the fitted outputs read.
    values : ndarray
        The pixels of the picture after, as far as they can be fitted; 0 where left out.
    keep : ndarray of bool
        Which of `values` are fitted.
    weights : ndarray of float64 or None
        Inverse variances, 0 where left out.
    """

    geometry: Geometry
    samples: NDArray
    values: NDArray
    keep: NDArray[np.bool_]
    weights: NDArray | None


def observe(
    before: Any,
    after: Any,
    kernel_shape: tuple[int, ...],
    *,
    mode: str | None,
    boundary: str | Sequence[str] | None,
    anchor: int | Sequence[int] | None,
    mask: Any,
    weights: Any,
) -> list[Observation]:
    """One `Observation` for each pair of pictures.

    Raises
    ------
    ConvmatError
        Where shapes disagree, nothing is left to fit, or numbers are not finite.

    Examples
    --------
    >>> (pair,) = observe(
    ...     [1, 2, 4, 8],
    ...     [0, 3, 6, 12],
    ...     (2,),
    ...     mode=None,
    ...     boundary=None,
    ...     anchor=None,
    ...     mask=None,
    ...     weights=None,
    ... )
    >>> pair.samples, pair.values
    (array([1., 2., 4., 8.]), array([ 3.,  6., 12.]))
    """
    befores, afters = _pictures(before), _pictures(after)
    if len(befores) != len(afters):
        raise ConvmatError(
            f"before has {len(befores)} pictures and after has {len(afters)}; "
            "they must come in pairs"
        )
    masks = _per_picture(mask, "mask", len(befores))
    all_weights = _per_picture(weights, "weights", len(befores))
    pairs = [
        _observe_pair(*pair, kernel_shape, mode, boundary, anchor)
        for pair in zip(befores, afters, masks, all_weights, strict=True)
    ]
    if not any(pair.keep.any() for pair in pairs):
        raise ConvmatError("mask and weights leave no pixel to fit")
    return pairs


def infer_mode(
    before_shape: tuple[int, ...], after_shape: tuple[int, ...], kernel_shape: tuple[int, ...]
) -> Mode:
    """The mode that makes a picture of `after_shape` of one of `before_shape`.

    Examples
    --------
    >>> infer_mode((64, 64), (60, 60), (5, 5))
    <Mode.VALID: 'valid'>
    """
    offered = {}
    for mode in (Mode.SAME, Mode.FULL, Mode.VALID):
        try:
            offered[mode] = Geometry(before_shape, kernel_shape, mode).output_shape
        except ConvmatError:
            continue  # valid, with a kernel larger than the picture
        if offered[mode] == after_shape:
            return mode
    shapes = ", ".join(f"{shape} for {mode}" for mode, shape in offered.items())
    raise ConvmatError(
        f"after has shape {after_shape}; a kernel of shape {kernel_shape} takes before's "
        f"{before_shape} to {shapes}"
    )


def _observe_pair(
    before: Any,
    after: Any,
    mask: Any,
    weights: Any,
    kernel_shape: tuple[int, ...],
    mode: str | None,
    boundary: str | Sequence[str] | None,
    anchor: int | Sequence[int] | None,
) -> Observation:
    samples = _double(as_samples(before, "before"))
    if samples.ndim != len(kernel_shape):
        raise ConvmatError(
            f"before has {samples.ndim} axes (shape {samples.shape}) and kernel_shape "
            f"{kernel_shape} has {len(kernel_shape)}; channels go into a list of pictures"
        )
    after = _unchecked(after)
    left_out = np.zeros(after.shape, dtype=bool)
    if mask is not None:
        left_out = _checked_mask(mask, after.shape)
    if weights is not None:
        weights = _checked_weights(_without(_unchecked(weights), left_out), after.shape)
        left_out = left_out | (weights == 0)
    values = _double(as_samples(_without(after, left_out), "after"))
    keep = ~left_out
    for name, array in (("before", samples), ("after", values)):
        if _largest(array) > _LARGEST:
            raise ConvmatError(f"{name} has values beyond {_LARGEST:g}, whose squares overflow")
    if mode is None:
        mode = infer_mode(samples.shape, values.shape, kernel_shape)
    geometry = Geometry(
        samples.shape, kernel_shape, mode, "zero" if boundary is None else boundary, anchor
    )
    if values.shape != geometry.output_shape:
        raise ConvmatError(
            f"after must have shape {geometry.output_shape} for mode {geometry.mode}, "
            f"before of shape {samples.shape} and a kernel of shape {kernel_shape}, "
            f"got {values.shape}"
        )
    if boundary is None:
        window = geometry.interior
        if any(part.start == part.stop for part in window):
            raise ConvmatError(
                f"a kernel of shape {kernel_shape} with anchor {geometry.anchor} leaves no pixel "
                f"of {samples.shape} that the unknown boundary does not touch; name the boundary"
            )
        samples = samples[_read_by(window, geometry)]
        values, keep = values[window], keep[window]
        weights = None if weights is None else weights[window]
    else:
        require_memory(
            3 * samples.itemsize * prod(geometry.extended_shape),
            f"before, continued for a kernel of shape {kernel_shape},",
            "ask for a smaller kernel",
        )
        samples = extend(samples, geometry)
    return Observation(geometry, samples, values, keep, weights)


def _largest(array: NDArray) -> float:
    if array.dtype.kind == "c":
        return max(_largest(array.real), _largest(array.imag))
    return float(max(array.max(), -array.min()))


def _read_by(window: tuple[slice, ...], geometry: Geometry) -> tuple[slice, ...]:
    """The samples of the signal that a window of interior outputs reads."""
    return tuple(
        slice(part.start + first, part.stop + first + k - 1)
        for part, first, k in zip(window, geometry.first_sample, geometry.kernel_shape, strict=True)
    )


def _pictures(pictures: Any) -> list[Any]:
    """A list of pictures; one ndarray, or nested numbers, is one picture."""
    several = isinstance(pictures, list | tuple) and any(
        isinstance(item, np.ndarray) and item.ndim for item in pictures
    )
    return list(pictures) if several else [pictures]


def _per_picture(value: Any, name: str, count: int) -> list[Any]:
    if value is None:
        return [None] * count
    values = _pictures(value)
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise ConvmatError(f"{name} has {len(values)} entries for {count} pictures")
    return values


def _checked_mask(mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.asarray(mask)
    if mask.shape != shape:
        raise ConvmatError(f"mask must have the shape of after, {shape}, got {mask.shape}")
    if mask.dtype != np.bool_:
        raise ConvmatError(
            f"mask must be boolean, True where a pixel is left out, got {mask.dtype}"
        )
    return mask


def _unchecked(values: Any) -> Any:
    """An array, if it can be one, that may have NaN where it is left out."""
    try:
        return values if hasattr(values, "shape") else np.asarray(values)
    except ValueError:
        return as_samples(values, "after")  # which says what is wrong with it


def _without(values: Any, left_out: NDArray[np.bool_]) -> Any:
    """What is left out may be NaN: it is not looked at."""
    if not left_out.any() or values.shape != left_out.shape:
        return values
    return np.where(left_out, np.zeros((), dtype=values.dtype), values)


def _checked_weights(weights: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = _double(as_samples(weights, "weights"))
    if array.shape != shape:
        raise ConvmatError(f"weights must have the shape of after, {shape}, got {array.shape}")
    if array.dtype.kind == "c" or array.min() < 0:
        raise ConvmatError("weights must be real and not negative: they are inverse variances")
    return array


def _double(array: NDArray) -> NDArray:
    return array.astype(np.result_type(array, np.float64), copy=False)
