"""All singular values of a convolutional layer, for any padding.

Circular layers go by frequencies (see `frequency_blocks`), others by the dense SVD of their matrix,
one group of channels after another.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError, TooLargeError
from convmat.layers.frequency_blocks import frequency_singular_values, is_circulant
from convmat.layers.layer_geometry import LayerGeometry, parse_layer
from convmat.layers.layer_matrix import as_weight, build
from convmat.linear_maps import solution_dtype
from convmat.memory import require_memory

__all__ = ["LayerSpectrum", "SpectrumMethod", "layer_singular_values", "parse_method"]

LARGEST = 4096
"""Singular values that a dense SVD finds within a minute."""


class SpectrumMethod(StrEnum):
    """By what singular values were found."""

    DENSE = "dense"
    FFT = "fft"
    LANCZOS = "lanczos"


@dataclass(frozen=True, eq=False)
class LayerSpectrum:
    """The singular values of a layer.

    Attributes
    ----------
    singular_values : ndarray of float64, shape (min(outputs, samples),)
        Descending, zeros included.
    method : SpectrumMethod
        ``fft`` or ``dense``; both are exact to rounding, relative to the largest.
    """

    singular_values: NDArray[np.float64]
    method: SpectrumMethod

    @property
    def norm(self) -> float:
        """The largest: the layer's Lipschitz constant."""
        return float(self.singular_values[0])

    def __str__(self) -> str:
        values = self.singular_values
        return f"{values.size} singular values, {values[0]:.6g} to {values[-1]:.6g}, {self.method}"


def layer_singular_values(
    weight: Any,
    input_shape: Any,
    stride: Any = 1,
    padding: Any = 0,
    padding_mode: str = "zeros",
    dilation: Any = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: Any = 0,
    *,
    method: str = "auto",
) -> LayerSpectrum:
    """All singular values of a convolutional layer.

    Parameters
    ----------
    weight, input_shape, stride, padding, padding_mode, dilation, groups, transposed, output_padding
        As for `convmat.layer_matrix`.
    method : {"auto", "fft", "dense"}
        ``fft`` is for circular padding that makes an output for every stride around each axis
        (``same``, or an odd kernel's ``padding=dilation * (k - 1) // 2``).

    Returns
    -------
    LayerSpectrum

    Raises
    ------
    ConvmatError
        For what is no layer; for more than 4096 singular values of one group where there is no
        other way than a dense SVD: `layer_spectral_norm` has the largest.

    References
    ----------
    Sedghi, Gupta and Long (2019), The singular values of convolutional layers, arXiv:1805.10408.

    Examples
    --------
    >>> for mode in ("circular", "zeros"):
    ...     print(layer_singular_values([[[1, -1, 0]]], (1, 6), 1, 1, mode))
    6 singular values, 2 to 0, fft
    6 singular values, 1.94188 to 0.241073, dense
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
    chosen = parse_method(method, geometry, (SpectrumMethod.FFT, SpectrumMethod.DENSE))
    values = values.astype(solution_dtype(values))
    largest = float(np.abs(values).max()) or 1.0
    group = geometry.one_group
    found = []
    for part in np.split(values / largest, geometry.groups):
        if chosen is SpectrumMethod.FFT:
            found.append(
                frequency_singular_values(
                    part, geometry.input_size, geometry.stride, geometry.dilation
                ).ravel()
            )
        else:
            found.append(_dense(part, group))
    return LayerSpectrum(np.sort(np.concatenate(found))[::-1] * largest, chosen)


def _dense(weight: NDArray, group: LayerGeometry) -> NDArray[np.float64]:
    rows, columns = group.matrix_shape
    if min(rows, columns) > LARGEST:
        raise TooLargeError(
            f"a {rows} x {columns} layer has more singular values than the {LARGEST} that a dense "
            "SVD is for; layer_spectral_norm finds the largest, and circular padding has all"
        )
    require_memory(
        3 * weight.dtype.itemsize * rows * columns,
        f"the dense SVD of a {rows} x {columns} matrix",
        "layer_spectral_norm finds the largest singular value",
    )
    return np.linalg.svd(build(weight, group).toarray(), compute_uv=False)


def parse_method(
    method: str, geometry: LayerGeometry, allowed: tuple[SpectrumMethod, ...]
) -> SpectrumMethod:
    """The method asked for, or of ``auto`` the first that serves."""
    if method == "auto":
        return SpectrumMethod.FFT if is_circulant(geometry) else SpectrumMethod.DENSE
    if method not in allowed:
        names = ", ".join(("auto", *allowed))
        raise ConvmatError(f"method must be one of {names}, got {method!r}")
    if method == SpectrumMethod.FFT and not is_circulant(geometry):
        raise ConvmatError(
            "method 'fft' needs circular padding with one output for every stride around each "
            f"axis; this layer pads {geometry.padding} by {geometry.padding_mode}, has strides "
            f"{geometry.stride} and takes {geometry.input_size} to {geometry.output_size}"
        )
    return SpectrumMethod(method)
