"""A picture to photograph, or to run a filter on, from which its kernel is known best.

Pixels at random have the same power at all frequencies, so their Gram matrix is nearly a multiple
of the identity and every kernel entry gets the same small error bar. Of several draws the one
with the smallest error bars is taken. Levels stay away from both ends: of the usual sharpening,
[0 -1 0; -1 5 -1; 0 -1 0], a quarter of the pixels clip, and the others tell its kernel.

Every level between the two ends is used. Two levels alone have three times the power, and error
bars smaller by sqrt(3), with the same condition. But a small kernel then has few sums: what
rounding leaves is a function of the same few pixels, and not an error that knows nothing of them,
which the error bars take it for (B. Widrow and I. Kollar, Quantization Noise, Cambridge 2008,
doi:10.1017/CBO9780511754661, chapter 20). Many levels make rounding an error like any other.
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.geometry import parse_shape
from convmat.gram.data_moments import data_moments

__all__ = ["design_target"]


def design_target(
    shape: int | Sequence[int],
    kernel_shape: int | Sequence[int],
    *,
    low: int = 96,
    high: int = 159,
    block: int = 1,
    draws: int = 8,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """A random pattern of many levels with a well conditioned Gram matrix.

    The condition number is that of a pattern of two levels, which depends on the numbers of pixels
    and of entries alone; error bars are sqrt(3) times as large, the price for rounding that is
    independent of the picture.

    Parameters
    ----------
    shape : int or tuple of int
        Of the picture.
    kernel_shape : int or tuple of int
        Of the largest kernel that is to be found from it.
    low, high : int
        Its smallest and largest level, within 0 ... 255. The default leaves room for a sharpening,
        which triples differences and more. Twice the range halves error bars where nothing clips.
    block : int
        Side of the pattern's squares in pixels: 1 for a filter in software; as many as one
        resolved patch takes for a camera, which then sees fewer frequencies.
    draws, seed : int
        How many patterns are tried, and where the random numbers start.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    ConvmatError
        Where levels do not fit in 8 bits, or the picture is too small for the kernel.

    Examples
    --------
    >>> target = design_target((64, 64), (5, 5))
    >>> target.min() >= 96, target.max() <= 159, len(set(target.ravel()))
    (np.True_, np.True_, 64)
    """
    size, kernel = parse_shape(shape, "shape"), parse_shape(kernel_shape, "kernel_shape")
    if len(size) != len(kernel):
        raise ConvmatError(
            f"shape {size} and kernel_shape {kernel} must have the same number of axes"
        )
    if not (0 <= low < high <= 255):
        raise ConvmatError(f"low and high must be two levels from 0 to 255, got {low} and {high}")
    for name, value in (("block", block), ("draws", draws)):
        if not isinstance(value, int) or value < 1:
            raise ConvmatError(f"{name} must be a whole number of at least 1, got {value!r}")
    outputs = [n - k + 1 for n, k in zip(size, kernel, strict=True)]
    if min(outputs) < 1 or prod(outputs) < 2 * prod(kernel):
        raise ConvmatError(
            f"a picture of shape {size} has fewer than two pixels for each entry of a kernel of "
            f"shape {kernel}; ask for a larger picture"
        )
    rng = np.random.default_rng(seed)
    best, least = np.zeros(size, dtype=np.int64), np.inf
    for _ in range(draws):
        cells = rng.integers(low, high + 1, size=[-(-n // block) for n in size])
        for axis in range(len(size)):
            cells = np.repeat(cells, block, axis=axis)
        cells = cells[tuple(slice(n) for n in size)]
        gram = data_moments(cells.astype(float), kernel).centred().gram
        # The mean error bar, which is what the condition number is about.
        values = np.linalg.eigvalsh(gram)
        bars = float(np.sum(1 / np.maximum(values, 1e-300)))
        if bars < least:
            best, least = cells, bars
    return best.astype(np.uint8)
