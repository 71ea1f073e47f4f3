"""Blocks in what is left: compression, and other work on a grid.

``periodicity``   power of the residual's energy and of its neighbours' products, along rows and
                  columns, at periods of 8, 4, 8/3 and 2 pixels, over that at periods close by
``fine_blocks``   the same for the small details of the picture before, which was a JPEG itself
                  more often than not; a rounding between passes follows those
``grid_phase``    A transform code rounds the coefficients of blocks. In its own blocks the error of
                  a coefficient is spread evenly; in blocks that lie elsewhere it is a sum of many,
                  and bell-shaped. For blocks at every place the mean of

                      E|c| / sqrt(E c^2)        0.866 if evenly spread, 0.798 if Gaussian

                  over all coefficients c of a cosine transform: how far the largest is above the
                  others, in their standard deviations

Source: R. C. Geary, Biometrika 27 (1935), doi:10.1093/biomet/27.3-4.310 (the quotient).
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["fine_blocks", "grid_phase", "periodicity"]

_PERIOD = 8
_AROUND = 8
_FINE = 2.0
_BLOCKS = (4, 8)
_ENOUGH = 2**17
_LEAST_BLOCKS = 100


def periodicity(left: NDArray) -> float:
    """About 1 where nothing repeats every 8 pixels or a part of them."""
    ratios = []
    for axis in (0, 1):
        turned = left if axis else left.T
        if turned.shape[1] < 8 * _PERIOD:
            continue
        for profile in (
            np.mean(turned**2, axis=0)[:-1],
            np.mean(turned[:, 1:] * turned[:, :-1], axis=0),
        ):
            whole = profile[: len(profile) // _PERIOD * _PERIOD]
            power = np.abs(np.fft.rfft(whole - whole.mean())) ** 2
            step = len(whole) // _PERIOD
            for k in range(1, _PERIOD // 2 + 1):
                at = k * step
                near = np.r_[max(at - _AROUND, 1) : at - 1, at + 2 : at + _AROUND + 1]
                near = near[near < len(power)]
                if len(near) > 3:
                    share = 2 if k == _PERIOD // 2 else 1
                    ratios.append(power[at] / share / max(power[near].mean(), 1e-300))
    return float(np.mean(ratios)) if ratios else 1.0


def fine_blocks(before: NDArray, step: float) -> float:
    """`periodicity` of the Laplacian of a picture before, cut off at two of its levels."""
    x = before
    if min(x.shape) < 3 or not step:
        return 1.0
    detail = 4 * x[1:-1, 1:-1] - x[:-2, 1:-1] - x[2:, 1:-1] - x[1:-1, :-2] - x[1:-1, 2:]
    return periodicity(np.clip(detail, -_FINE * step, _FINE * step))


def grid_phase(left: NDArray) -> float:
    """The larger one for blocks of 4 and of 8 pixels; 0 where there are too few blocks.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((128, 128))
    >>> grid_phase(noise) < 6
    True
    """
    side = int(sqrt(_ENOUGH))
    cut = [slice(max((n - side) // 2, 0), max((n - side) // 2, 0) + side) for n in left.shape]
    middle = left[tuple(cut)]
    if not middle.any():
        return 0.0
    return max(_phase(middle, n) for n in _BLOCKS)


def _phase(left: NDArray, n: int) -> float:
    from scipy import fft

    rows, columns = ((m - n + 1) // n for m in left.shape)
    if rows * columns < _LEAST_BLOCKS:
        return 0.0
    cosines = fft.dct(np.eye(n), axis=0, norm="ortho")
    quotients = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            part = left[i : i + rows * n, j : j + columns * n]
            found = (cosines @ part.reshape(rows, n, -1)).reshape(rows, n, columns, n) @ cosines.T
            size = np.mean(np.abs(found), axis=(0, 2))
            root = np.sqrt(np.mean(found**2, axis=(0, 2)))
            if not root.any():
                return 0.0
            quotients[i, j] = np.mean(size[root > 0] / root[root > 0])
    at = int(quotients.argmax())
    others = np.delete(quotients.ravel(), at)
    spread = float(others.std(ddof=1))
    return float((quotients.ravel()[at] - others.mean()) / spread) if spread else 0.0
