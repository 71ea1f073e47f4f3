"""Which outputs a convolution has, and which input samples each of them reads.

The one definition, per axis, for a signal x of n samples, a kernel h of k and an anchor c:

    y[i] = sum over a of  h[a] * ext(x)[i + c - a]

    full    i = -c ... n + k - 2 - c      every output that h and x overlap in, for any c
    same    i = 0 ... n - 1               the signal's own size
    valid   i = k - 1 - c ... n - 1 - c   the outputs that touch no extension

Counting outputs from o = 0 and extended samples from the first one read, output o reads the
extended samples o ... o + k - 1, the kernel running backwards over them, in every mode.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

import numpy as np

from convmat.boundary import Boundary, Extension, extension, parse_boundary
from convmat.errors import ConvmatError

__all__ = ["Geometry", "Mode", "input_shape_of", "parse_integers", "parse_shape"]

_LARGEST = 2**62
_MOST_AXES = 30  # NumPy's arrays have 64, and a window of a signal has twice the signal's


class Mode(StrEnum):
    """Which outputs are kept: ``full`` (n + k - 1), ``same`` (n) or ``valid`` (n - k + 1).

    Examples
    --------
    >>> Mode("same")
    <Mode.SAME: 'same'>
    """

    FULL = "full"
    SAME = "same"
    VALID = "valid"


@dataclass(frozen=True)
class Geometry:
    """Shapes, mode, boundary and anchor of a convolution.

    Parameters
    ----------
    input_shape, kernel_shape : int or tuple of int
        Of the signal x and the kernel h; the same number of axes.
    mode : {"full", "same", "valid"}
    boundary : str or tuple of str
        One of the names of `Boundary`, or one per axis.
    anchor : int or tuple of int, optional
        Index of the kernel entry that sits at the origin, per axis; any integer, negative
        ones taken literally. Default ``(k - 1) // 2``, as in scipy.signal.

    Raises
    ------
    ConvmatError
        Where the shapes disagree, a size is below 1, a name is unknown, or the mode is
        ``valid`` and the kernel is larger than the signal.

    Examples
    --------
    >>> g = Geometry((5, 6), (3, 2), "same", "mirror")
    >>> g.output_shape, g.anchor
    ((5, 6), (1, 0))
    >>> g.interior
    (slice(1, 4, None), slice(1, 6, None))
    """

    input_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    mode: Mode = Mode.FULL
    boundary: tuple[Boundary, ...] = (Boundary.ZERO,)
    anchor: tuple[int, ...] = ()

    def __init__(
        self,
        input_shape: int | Sequence[int],
        kernel_shape: int | Sequence[int],
        mode: str = "full",
        boundary: str | Sequence[str] = "zero",
        anchor: int | Sequence[int] | None = None,
    ) -> None:
        signal = parse_shape(input_shape, "input_shape")
        kernel = parse_shape(kernel_shape, "kernel_shape")
        if len(signal) != len(kernel):
            raise ConvmatError(
                f"the kernel has {len(kernel)} axes (shape {kernel}) and the signal has "
                f"{len(signal)} (shape {signal}); they must have the same number"
            )
        parsed_mode = _parse_mode(mode)
        if parsed_mode is Mode.VALID and any(k > n for k, n in zip(kernel, signal, strict=True)):
            raise ConvmatError(
                f"mode 'valid' has no outputs: the kernel {kernel} is larger than the signal "
                f"{signal}; use 'same' or 'full'"
            )
        fields = {
            "input_shape": signal,
            "kernel_shape": kernel,
            "mode": parsed_mode,
            "boundary": parse_boundary(boundary, len(signal)),
            "anchor": _parse_anchor(anchor, kernel),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output y."""
        excess = {Mode.FULL: 1, Mode.SAME: 0, Mode.VALID: -1}[self.mode]
        return tuple(
            n + excess * (k - 1) for n, k in zip(self.input_shape, self.kernel_shape, strict=True)
        )

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """Shape of H, the matrix of the convolution as a map of signals."""
        return prod(self.output_shape), prod(self.input_shape)

    @property
    def data_matrix_shape(self) -> tuple[int, int]:
        """Shape of X, the matrix of the convolution as a map of kernels."""
        return prod(self.output_shape), prod(self.kernel_shape)

    @property
    def first_output(self) -> tuple[int, ...]:
        """The index i of the first output, per axis."""
        if self.mode is Mode.SAME:
            return (0,) * self.ndim
        if self.mode is Mode.FULL:
            return tuple(-c for c in self.anchor)
        return tuple(k - 1 - c for k, c in zip(self.kernel_shape, self.anchor, strict=True))

    @property
    def first_sample(self) -> tuple[int, ...]:
        """The position of the first extended sample that an output reads, per axis."""
        axes = zip(self.first_output, self.anchor, self.kernel_shape, strict=True)
        return tuple(i + c - (k - 1) for i, c, k in axes)

    @property
    def extended_shape(self) -> tuple[int, ...]:
        """Number of extended samples that the outputs read, per axis."""
        return tuple(m + k - 1 for m, k in zip(self.output_shape, self.kernel_shape, strict=True))

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The extension over exactly the samples that are read, per axis."""
        axes = zip(
            self.boundary, self.input_shape, self.first_sample, self.extended_shape, strict=True
        )
        return tuple(extension(b, n, start, start + size) for b, n, start, size in axes)

    @property
    def interior(self) -> tuple[slice, ...]:
        """The outputs that touch no extension, as slices of the output; empty where none."""
        slices = []
        for m, n, k, start in zip(
            self.output_shape, self.input_shape, self.kernel_shape, self.first_sample, strict=True
        ):
            first = min(max(-start, 0), m)
            slices.append(slice(first, max(first, min(m, n - k + 1 - start))))
        return tuple(slices)

    def reversed(self) -> "Geometry":
        """The same convolution with its axes in the opposite order (Fortran's for C's)."""
        return Geometry(
            self.input_shape[::-1],
            self.kernel_shape[::-1],
            self.mode,
            self.boundary[::-1],
            self.anchor[::-1],
        )


def input_shape_of(
    output_shape: Sequence[int], kernel_shape: Sequence[int], mode: str
) -> tuple[int, ...]:
    """The shape of the signal whose convolution has a known shape.

    Raises
    ------
    ConvmatError
        Where there is none: outputs of mode `full` are at least as large as the kernel.

    Examples
    --------
    >>> input_shape_of((60, 60), (5, 5), "valid")
    (64, 64)
    """
    change = {Mode.FULL: -1, Mode.SAME: 0, Mode.VALID: 1}[_parse_mode(mode)]
    shape = tuple(m + change * (k - 1) for m, k in zip(output_shape, kernel_shape, strict=True))
    if min(shape) < 1:
        raise ConvmatError(
            f"an output of shape {tuple(output_shape)} is smaller than any of mode 'full' for a "
            f"kernel of shape {tuple(kernel_shape)}"
        )
    return shape


def parse_shape(shape: int | Sequence[int], name: str) -> tuple[int, ...]:
    """A tuple of sizes, all at least 1, from an int or a sequence of ints."""
    sizes = parse_integers(shape, name)
    if not sizes or any(size < 1 for size in sizes):
        raise ConvmatError(f"{name} must be one or more sizes of at least 1, got {shape!r}")
    if len(sizes) > _MOST_AXES:
        raise ConvmatError(f"{name} must have at most {_MOST_AXES} axes, got {len(sizes)}")
    if prod(sizes) > _LARGEST:
        raise ConvmatError(f"{name} {shape!r} has more elements than can be counted")
    return sizes


def _parse_anchor(
    anchor: int | Sequence[int] | None, kernel_shape: tuple[int, ...]
) -> tuple[int, ...]:
    if anchor is None:
        return tuple((k - 1) // 2 for k in kernel_shape)
    indices = parse_integers(anchor, "anchor")
    if len(indices) != len(kernel_shape):
        raise ConvmatError(
            f"anchor {anchor!r} has {len(indices)} entries, the kernel has "
            f"{len(kernel_shape)} axes (shape {kernel_shape})"
        )
    if any(abs(index) > _LARGEST for index in indices):
        raise ConvmatError(f"anchor {anchor!r} is too far away to be counted")
    return indices


def parse_integers(value: int | Sequence[int], name: str) -> tuple[int, ...]:
    """A tuple of integers, of any sign, from an int or a sequence of ints."""
    try:
        items = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,)
        if any(isinstance(item, bool) for item in items):
            raise TypeError("True is no size")
        return tuple(operator.index(item) for item in items)
    except TypeError:
        raise ConvmatError(f"{name} must be an int or a tuple of ints, got {value!r}") from None


def _parse_mode(mode: str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise ConvmatError(
            f"mode {mode!r} is unknown; it must be one of {', '.join(Mode)}"
        ) from None
