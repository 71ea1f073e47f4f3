"""The sparse matrix of a convolutional layer, equal to PyTorch's Conv1d, 2d, 3d and ConvTranspose.

    vec(layer(x)) = M @ vec(x) + bias

x has the axes (channels, *signal) and is raveled in C order, as is the output. The matrix is
built as H is (see ``convmat.matrices.scatter``), with the channels as one more axis: each channel
of the output is a box whose row reads the channels of its group.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.layers.layer_geometry import LayerGeometry, parse_layer
from convmat.matrices.runs import Row, Run, window_runs
from convmat.matrices.scatter import scatter_runs
from convmat.memory import require_memory

__all__ = ["as_weight", "build", "layer_matrix"]

# What working out an extension and its runs takes for each position (see `blocks`).
_EXTENSION_BYTES = 48


def layer_matrix(
    weight: Any,
    input_shape: Any,
    stride: Any = 1,
    padding: Any = 0,
    padding_mode: str = "zeros",
    dilation: Any = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: Any = 0,
) -> csr_array:
    """Build the matrix of a convolutional layer, without its bias.

    Every argument but `input_shape` is the attribute of the same name of a PyTorch layer.

    Parameters
    ----------
    weight : array_like or PyTorch tensor
        Shape ``(channels out, channels in / groups, *kernel)``; of a transposed layer
        ``(channels in, channels out / groups, *kernel)``. Entries equal to 0 are not stored.
    input_shape : tuple of int
        Channels and sizes of the input, without a batch: ``(3, 32, 32)``.
    stride, dilation : int or tuple of int
    padding : int, tuple of int, "same" or "valid"
        Samples on either side of each axis. Of an odd number for `same`, one more behind.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        PyTorch's names: its `reflect` is convmat's `mirror`. Padding larger than the signal
        goes on reflecting or wrapping; PyTorch refuses it.
    groups : int
    transposed : bool
        A ConvTranspose layer: the transpose of the layer that takes its outputs to its inputs.
    output_padding : int or tuple of int
        Of a transposed layer: outputs more, at the end.

    Returns
    -------
    csr_array, shape (outputs, samples)
        Canonical; of the weight's dtype, integers as float64. Both the input and the output are
        raveled in C order, channels first; a bias adds ``np.repeat(bias, output samples)``.

    Raises
    ------
    ConvmatError
        For arguments that describe no layer, and, before anything is built, for a matrix that
        would not fit in memory.

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning,
    arXiv:1603.07285.

    Examples
    --------
    One channel, a stride of 2. Networks correlate: the kernel is not flipped.

    >>> layer_matrix([[[1, 2, 3]]], (1, 6), stride=2, padding=1).toarray()
    array([[2., 3., 0., 0., 0., 0.],
           [0., 1., 2., 3., 0., 0.],
           [0., 0., 0., 1., 2., 3.]])
    """
    values = as_weight(weight)
    geometry = parse_layer(
        values.shape,
        input_shape,
        stride,
        padding,
        padding_mode,
        dilation,
        groups,
        transposed,
        output_padding,
    )
    if not transposed:
        return build(values, geometry)
    matrix = csr_array(build(values, geometry, "csc").T)
    matrix.has_canonical_format = True  # csr_array sorts by counting, and keeps it canonical
    return matrix


def as_weight(weight: Any) -> NDArray:
    """The weight as an array; a PyTorch tensor may be a parameter, or on another device."""
    if hasattr(weight, "detach"):
        try:
            weight = weight.detach().cpu().resolve_conj().resolve_neg().numpy()
        except (TypeError, RuntimeError) as error:
            raise ConvmatError(f"weight is a tensor that NumPy cannot hold: {error}") from None
    return as_samples(weight, "weight")


def build(weight: NDArray, geometry: LayerGeometry, format: str = "csr") -> csr_array:
    """The matrix of a layer that is not transposed; refused where `format` would not fit."""
    rows, columns = geometry.matrix_shape
    require_memory(
        4 * rows + _EXTENSION_BYTES * sum(geometry.extended_size),
        f"the layout of a {rows} x {columns} matrix",
        "use a smaller input_shape",
    )
    axes = zip(
        geometry.extensions,
        geometry.kernel_shape,
        geometry.dilation,
        geometry.output_size,
        geometry.stride,
        strict=True,
    )
    signal = [window_runs(e, d * np.arange(k), m, s) for e, k, d, m, s in axes]
    kernel = weight.reshape(-1, *geometry.kernel_shape)
    return scatter_runs(kernel, [_channel_runs(geometry), *signal], geometry.input_shape, format)


def _channel_runs(geometry: LayerGeometry) -> list[Run]:
    """Each channel of the output, which reads those of its group by its own weights."""
    inside = geometry.in_channels // geometry.groups
    per_group = geometry.out_channels // geometry.groups
    runs = []
    for channel in range(geometry.out_channels):
        row = partial(_channel_row, channel // per_group * inside, channel * inside, inside)
        runs.append(Run(channel, channel + 1, 0, inside, 1, row))
    return runs


def _channel_row(first: int, first_tap: int, count: int) -> Row:
    each = np.arange(count)
    return Row(first + each, first_tap + each, np.ones(count), each)
