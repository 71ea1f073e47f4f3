"""The outputs of a convolution, without its matrix: extend, then convolve what is inside."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.geometry import Geometry

__all__ = ["convolve", "extend"]

# What overlap-add costs, in multiply-adds of the direct sum (about 1 ns each): for each output,
# and in any case; and what each kernel entry of the direct sum costs besides its outputs. Measured
# for 1 to 3 axes, real and complex, 64 to 10**6 outputs and 3 to 500 entries: the choice is never
# more than 1.5 times slower than the better one. (SciPy's own direct convolution takes 12 to 50 ns
# for a multiply-add in more than one dimension.)
_OVERLAP_ADD_PER_OUTPUT = 25
_OVERLAP_ADD_AT_LEAST = 150_000
_DIRECT_PER_ENTRY = 2_000


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
        Of the output shape, in the common dtype of both arguments. Kernels of few entries are
        applied directly, large ones by overlap-add of FFTs, whose rounding is relative to the
        largest outputs.

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
    samples = as_samples(data, "data")
    values = as_samples(kernel, "kernel")
    geometry = Geometry(samples.shape, values.shape, mode, boundary, anchor)
    dtype = np.result_type(samples, values)
    extended = extend(samples.astype(dtype, copy=False), geometry)
    values = values.astype(dtype, copy=False)
    outputs = prod(geometry.output_shape)
    direct = np.count_nonzero(values) * (outputs + _DIRECT_PER_ENTRY)
    if direct <= _OVERLAP_ADD_PER_OUTPUT * outputs + _OVERLAP_ADD_AT_LEAST:
        return _direct(extended, values, geometry.output_shape)
    from scipy import signal  # half of a second of import that most of convmat does without

    return signal.oaconvolve(extended, values, mode="valid")


def _direct(extended: NDArray, kernel: NDArray, output_shape: tuple[int, ...]) -> NDArray:
    """Sum the shifted signal over the kernel entries that are not 0; exact for integers."""
    outputs = np.zeros(output_shape, dtype=extended.dtype)
    term = np.empty_like(outputs)
    for entry in np.argwhere(kernel):
        shifted = tuple(
            slice(k - 1 - a, k - 1 - a + m)
            for a, k, m in zip(entry, kernel.shape, output_shape, strict=True)
        )
        outputs += np.multiply(extended[shifted], kernel[tuple(entry)], out=term)
    return outputs


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
