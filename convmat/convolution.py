"""The outputs of a convolution, without its matrix: extend, then convolve what is inside."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.geometry import Geometry

__all__ = ["convolve", "extend"]

# Multiplications that SciPy's direct convolution does in the time that overlap-add takes for
# one output sample, measured: in one dimension (np.convolve) and in more.
_DIRECT_LIMIT_1D = 400
_DIRECT_LIMIT = 60


def convolve(
    data: Any,
    kernel: Any,
    mode: str = "full",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
) -> NDArray:
    """Convolve `data` with `kernel`: what both matrices compute, without building them.

    Parameters
    ----------
    data, kernel : array_like
        Of the same number of axes; integers are promoted to float64.
    mode, boundary, anchor
        As for `convmat.convolution_matrix`.

    Returns
    -------
    ndarray
        Of the output shape, in the common dtype of both arguments. Small kernels are applied
        directly, large ones by overlap-add of FFTs, whose rounding is relative to the largest
        outputs.

    Raises
    ------
    ConvmatError
        As `convmat.convolution_matrix`.

    References
    ----------
    Oppenheim and Schafer (2010), Discrete-Time Signal Processing, section 8.7 (overlap-add).

    Examples
    --------
    >>> convolve([1, 2, 3, 4], [1, 0, -1], "same", "replicate")
    array([1., 2., 2., 1.])
    """
    from scipy import signal  # half of a second of import that most of convmat does without

    samples = as_samples(data, "data")
    values = as_samples(kernel, "kernel")
    geometry = Geometry(samples.shape, values.shape, mode, boundary, anchor)
    dtype = np.result_type(samples, values)
    extended = extend(samples.astype(dtype, copy=False), geometry)
    values = values.astype(dtype, copy=False)
    limit = _DIRECT_LIMIT_1D if geometry.ndim == 1 else _DIRECT_LIMIT
    if min(prod(geometry.kernel_shape), prod(geometry.output_shape)) <= limit:
        return signal.convolve(extended, values, mode="valid", method="direct")
    return signal.oaconvolve(extended, values, mode="valid")


def extend(samples: NDArray, geometry: Geometry) -> NDArray:
    """The signal at every position that the outputs read, in the shape `extended_shape`.

    Examples
    --------
    >>> extend(np.array([1.0, 2.0, 3.0]), Geometry(3, 3, "same", "mirror"))
    array([2., 1., 2., 3., 2.])
    """
    for axis, extension in enumerate(geometry.extensions):
        samples = extension.apply(samples, axis)
    return samples
