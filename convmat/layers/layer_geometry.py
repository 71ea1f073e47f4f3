"""Which samples the outputs of a convolutional layer read.

Per axis, for an input x of n samples, a weight w of k entries, stride s, dilation d and p samples
of padding before x (see PyTorch's Conv2d; networks correlate):

    y[i] = sum over a of  w[a] * ext(x)[i s + a d - p],    i = 0 ... m - 1
    m = floor((n + p + q - d (k - 1) - 1) / s) + 1         with q samples of padding behind

Channels are summed over, those of one group apart from the others'. A transposed layer is the
transpose of the layer that takes its outputs to its inputs.

Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016,
arXiv:1603.07285.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod
from typing import Any

from convmat.boundary import Boundary, Extension, extension
from convmat.errors import ConvmatError
from convmat.geometry import parse_shape

__all__ = ["LayerGeometry", "PaddingMode", "parse_layer"]

_LARGEST = 2**31


class PaddingMode(StrEnum):
    """PyTorch's names of what a layer pads with; its `reflect` is convmat's `mirror`.

    Examples
    --------
    >>> PaddingMode("reflect").boundary
    <Boundary.MIRROR: 'mirror'>
    """

    ZEROS = "zeros"
    REFLECT = "reflect"
    REPLICATE = "replicate"
    CIRCULAR = "circular"

    @property
    def boundary(self) -> Boundary:
        """The same under convmat's name."""
        return {
            PaddingMode.ZEROS: Boundary.ZERO,
            PaddingMode.REFLECT: Boundary.MIRROR,
            PaddingMode.REPLICATE: Boundary.REPLICATE,
            PaddingMode.CIRCULAR: Boundary.CIRCULAR,
        }[self]


@dataclass(frozen=True)
class LayerGeometry:
    """A layer that is not transposed: shapes, and what each output reads.

    Attributes
    ----------
    in_channels, out_channels, groups : int
    input_size, kernel_shape, output_size : tuple of int
        Along the axes of the signal, without the channels.
    stride, dilation : tuple of int
    padding : tuple of (int, int)
        Samples before and behind the signal.
    padding_mode : PaddingMode
    """

    in_channels: int
    out_channels: int
    groups: int
    input_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    output_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    padding_mode: PaddingMode

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels and signal."""
        return self.in_channels, *self.input_size

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Channels and signal."""
        return self.out_channels, *self.output_size

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """Outputs and samples."""
        return prod(self.output_shape), prod(self.input_shape)

    @property
    def one_group(self) -> "LayerGeometry":
        """Any of the groups, as a layer of its own: they differ in their weights only."""
        return replace(
            self,
            in_channels=self.in_channels // self.groups,
            out_channels=self.out_channels // self.groups,
            groups=1,
        )

    @property
    def extended_size(self) -> tuple[int, ...]:
        """Number of positions that the outputs span, per axis."""
        axes = zip(self.output_size, self.stride, self.dilation, self.kernel_shape, strict=True)
        return tuple((m - 1) * s + (k - 1) * d + 1 for m, s, d, k in axes)

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The extension over these positions, per axis."""
        boundary = self.padding_mode.boundary
        axes = zip(self.input_size, self.padding, self.extended_size, strict=True)
        return tuple(extension(boundary, n, -p, size - p) for n, (p, _), size in axes)


def parse_layer(
    weight_shape: tuple[int, ...],
    input_shape: Any,
    stride: Any = 1,
    padding: Any = 0,
    padding_mode: str = "zeros",
    dilation: Any = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: Any = 0,
) -> LayerGeometry:
    """Check a layer as PyTorch describes it; for a transposed one, the layer it is transposed of.

    Raises
    ------
    ConvmatError
        Naming the argument, the value given and what is allowed.

    Examples
    --------
    >>> parse_layer((8, 3, 5, 5), (3, 32, 32), stride=2, padding=2).output_shape
    (8, 16, 16)
    """
    if len(weight_shape) < 3:
        raise ConvmatError(
            "weight must have the axes (channels out, channels in, *kernel), or (channels in, "
            f"channels out, *kernel) of a transposed layer; got shape {weight_shape}"
        )
    if not isinstance(transposed, bool):
        raise ConvmatError(f"transposed must be True or False, got {transposed!r}")
    kernel_shape = weight_shape[2:]
    ndim = len(kernel_shape)
    shape = parse_shape(input_shape, "input_shape")
    if len(shape) != ndim + 1:
        raise ConvmatError(
            f"input_shape must be the channels and {ndim} sizes for a weight of shape "
            f"{weight_shape}, without a batch, got {shape}"
        )
    groups = _per_axis(groups, "groups", 1, 1)[0]
    channels = _channels(weight_shape, shape[0], groups, transposed)
    strides = _per_axis(stride, "stride", ndim, 1)
    dilations = _per_axis(dilation, "dilation", ndim, 1)
    extra = _per_axis(output_padding, "output_padding", ndim, 0)
    try:
        mode = PaddingMode(padding_mode)
    except ValueError:
        raise ConvmatError(
            f"padding_mode must be one of {', '.join(PaddingMode)}, got {padding_mode!r}"
        ) from None
    spans = [d * (k - 1) for d, k in zip(dilations, kernel_shape, strict=True)]
    pads = _padding(padding, spans, strides, transposed)
    if transposed:
        if mode is not PaddingMode.ZEROS:
            raise ConvmatError(
                f"padding_mode of a transposed layer must be zeros, got {padding_mode!r}"
            )
        limits = [max(pair) for pair in zip(strides, dilations, strict=True)]
        if any(e >= limit for e, limit in zip(extra, limits, strict=True)):
            raise ConvmatError(
                "output_padding must be less than the stride or the dilation along each axis, "
                f"got {output_padding!r}"
            )
        outputs = shape[1:]
        upwards = zip(outputs, strides, pads, spans, extra, strict=True)
        inputs = tuple((m - 1) * s - p - q + span + e + 1 for m, s, (p, q), span, e in upwards)
    else:
        if any(extra):
            raise ConvmatError(
                f"output_padding is for transposed layers only, got {output_padding!r}"
            )
        inputs = shape[1:]
        axes = zip(inputs, pads, spans, strides, strict=True)
        outputs = tuple((n + p + q - span - 1) // s + 1 for n, (p, q), span, s in axes)
    if min(outputs) < 1 or min(inputs) < 1:
        raise ConvmatError(
            f"a layer of kernel {kernel_shape}, dilation {dilations} and padding {pads} has no "
            f"outputs for an input of {shape[1:]}"
        )
    return LayerGeometry(
        *channels, groups, inputs, kernel_shape, outputs, strides, dilations, pads, mode
    )


def _channels(
    weight_shape: tuple[int, ...], given: int, groups: int, transposed: bool
) -> tuple[int, int]:
    """Channels in and out, of the layer that is not transposed."""
    first, second = weight_shape[0], weight_shape[1] * groups
    expected = first if transposed else second
    if first % groups:
        raise ConvmatError(f"weight has {first} channels, which {groups} groups do not divide")
    if given != expected:
        raise ConvmatError(
            f"input_shape has {given} channels; a weight of shape {weight_shape} with "
            f"groups={groups} takes {expected}"
        )
    return second, first


def _padding(
    padding: Any, spans: list[int], strides: tuple[int, ...], transposed: bool
) -> tuple[tuple[int, int], ...]:
    """Samples before and behind; `same` puts the odd one behind, as PyTorch does."""
    if not isinstance(padding, str):
        return tuple((p, p) for p in _per_axis(padding, "padding", len(spans), 0))
    if transposed or padding not in ("same", "valid"):
        allowed = "" if transposed else ", 'same' or 'valid'"
        raise ConvmatError(f"padding must be an int, one per axis{allowed}, got {padding!r}")
    if padding == "valid":
        return tuple((0, 0) for _ in spans)
    if any(s != 1 for s in strides):
        raise ConvmatError(f"padding 'same' is for a stride of 1 only, got {strides}")
    return tuple((span // 2, span - span // 2) for span in spans)


def _per_axis(value: Any, name: str, ndim: int, least: int) -> tuple[int, ...]:
    """One whole number per axis, from one for all of them or a sequence."""
    items = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    try:
        if any(isinstance(item, bool) for item in items):
            raise TypeError("True is no number")
        numbers = tuple(operator.index(item) for item in items)
    except TypeError:
        raise ConvmatError(f"{name} must be an int or a tuple of ints, got {value!r}") from None
    if len(numbers) == 1:
        numbers *= ndim
    if len(numbers) != ndim:
        raise ConvmatError(f"{name} must be one int, or one for each of {ndim} axes, got {value!r}")
    if any(not least <= number <= _LARGEST for number in numbers):
        raise ConvmatError(f"{name} must be from {least} to {_LARGEST}, got {value!r}")
    return numbers
