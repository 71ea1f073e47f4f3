"""A circular layer as one small matrix for each frequency.

With F the unitary FFT along the axes of the signal, a layer of stride 1 that pads circularly is
F' diag(W(f)) F, each W(f) a matrix of channels: the FFT of the weights, dilated, on the input's
grid. Its singular values are those of all W(f) together. A stride s that divides the size n folds
frequencies: the s that lie n / s apart reach the same outputs, and their matrices stand side by
side, each over sqrt(s).

Sources: H. Sedghi, V. Gupta and P. M. Long, The singular values of convolutional layers, ICLR
2019, arXiv:1805.10408; for strides, A. Senderovich et al., Towards practical control of singular
values of convolutional layers, NeurIPS 2022, arXiv:2211.13771.
"""

from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.layers.layer_geometry import LayerGeometry, PaddingMode
from convmat.memory import require_memory

__all__ = ["circulant_norm", "frequency_singular_values", "is_circulant"]


def is_circulant(geometry: LayerGeometry) -> bool:
    """Whether the layer has an output for every stride around each axis, and no other.

    Examples
    --------
    >>> from convmat.layers.layer_geometry import parse_layer
    >>> is_circulant(parse_layer((1, 1, 3), (1, 8), 2, 1, "circular"))
    True
    >>> is_circulant(parse_layer((1, 1, 3), (1, 9), 2, 1, "circular"))
    False
    """
    axes = zip(geometry.input_size, geometry.output_size, geometry.stride, strict=True)
    exact = all(m * s == n for n, m, s in axes)
    return geometry.padding_mode is PaddingMode.CIRCULAR and exact


def frequency_singular_values(
    weight: NDArray, grid: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> NDArray:
    """Singular values of the circular layer of these weights on a grid, one group.

    Parameters
    ----------
    weight : ndarray of float64 or complex128, shape (out, in, *kernel)
    grid : tuple of int
        Multiples of the strides.

    Returns
    -------
    ndarray of float64, shape (frequencies, min(out, in * product of the strides))

    Examples
    --------
    >>> frequency_singular_values(np.array([[[1.0, -1.0]]]), (4,), (1,), (1,)).ravel().round(6)
    array([0.      , 1.414214, 2.      , 1.414214])
    """
    outputs, inputs = weight.shape[:2]
    require_memory(
        4 * 16 * outputs * inputs * prod(grid),
        f"the spectra of {outputs} x {inputs} kernels on a grid of {grid}",
        "use method 'lanczos'",
    )
    placed = np.zeros((outputs, inputs, *grid), dtype=weight.dtype)
    places = [
        np.arange(k) * d % n for k, d, n in zip(weight.shape[2:], dilation, grid, strict=True)
    ]
    # Entries that wrap onto one place add up.
    at: Any = (slice(None), slice(None), *np.ix_(*places))
    np.add.at(placed, at, weight)
    spectrum = np.fft.fftn(placed, axes=tuple(range(2, placed.ndim)))
    # Frequency j of an axis is (copy, frequency of the outputs): the copies stand side by side.
    split = [part for n, s in zip(grid, stride, strict=True) for part in (s, n // s)]
    spectrum = spectrum.reshape(outputs, inputs, *split)
    copies = tuple(range(2, spectrum.ndim, 2))
    frequencies = tuple(range(3, spectrum.ndim, 2))
    blocks = spectrum.transpose(*frequencies, 0, 1, *copies)
    counts = tuple(n // s for n, s in zip(grid, stride, strict=True))
    blocks = blocks.reshape(*counts, outputs, inputs * prod(stride))
    # Of real weights, opposite frequencies are conjugates: half of the first axis is enough.
    real = weight.dtype.kind != "c"
    first = counts[0] // 2 + 1 if real else counts[0]
    values: NDArray = np.linalg.svd(blocks[:first], compute_uv=False)
    mirrored = values[counts[0] - first : 0 : -1]  # of the frequencies that were left out
    for axis in range(1, len(counts)):
        mirrored = np.roll(np.flip(mirrored, axis), 1, axis)
    values = np.concatenate([values, mirrored]).reshape(prod(counts), -1)
    return values / sqrt(prod(stride))


def circulant_norm(weight: NDArray, geometry: LayerGeometry) -> float:
    """An upper bound of the norm of a layer of one group, whatever it pads with.

    The layer is E, the extension, and then rows of a circular layer on a grid that holds all
    that is read. The norm of E is the square root of the times that a sample is read at most.
    """
    read = geometry.extended_size
    grid = tuple(-(-size // s) * s for size, s in zip(read, geometry.stride, strict=True))
    repeats = 1
    for extension in geometry.extensions:
        reading = extension.indices[0][extension.weights[0] != 0]
        repeats *= int(np.bincount(reading, minlength=1).max())
    values = frequency_singular_values(weight, grid, geometry.stride, geometry.dilation)
    return float(values.max()) * sqrt(repeats)
