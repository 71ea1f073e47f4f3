"""Ranges of values to try a function on, and random signals in them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Regime", "random_signal", "regimes"]


class Regime(NamedTuple):
    """A range of values: from ``base - reach`` to ``base + reach``."""

    base: float
    reach: float

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value."""
        return self.base - self.reach, self.base + self.reach


_REAL = (
    Regime(0.0, 1.0),
    Regime(0.0, 2.0**8),
    Regime(0.0, 2.0**20),
    Regime(0.0, 2.0**-10),
    Regime(128.0, 127.0),
    Regime(0.5, 0.5),
    Regime(128.0, 8.0),
)
_SIGNED = (Regime(0, 127), Regime(0, 7), Regime(0, 2**15 - 1), Regime(0, 2**24))
_UNSIGNED = (
    Regime(128, 127),
    Regime(8, 7),
    Regime(128, 8),
    Regime(2**15, 2**15 - 1),
    Regime(2**24, 2**24 - 1),
)


def regimes(dtype: np.dtype) -> tuple[Regime, ...]:
    """The ranges that inputs of this dtype are taken from.

    Examples
    --------
    >>> [regime.limits for regime in regimes(np.dtype("uint8"))]
    [(1, 255), (1, 15), (120, 136)]
    """
    if dtype.kind in "fc":
        largest = float(np.finfo(dtype).max) / 2**10  # which leaves room to sum
        return tuple(regime for regime in _REAL if regime.reach < largest)
    largest = int(np.iinfo(dtype).max)
    table = _SIGNED if dtype.kind == "i" else _UNSIGNED
    return tuple(regime for regime in table if regime.limits[1] <= largest)


def random_signal(
    rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype, reach: float
) -> NDArray:
    """Values between ``-reach`` and `reach`: noise, on random values in blocks of about 4.

    A blur leaves the blocks, a derivative the noise; neither is left without an answer.
    """
    if dtype.kind == "c":
        real = np.empty(0, dtype.type(0).real.dtype).dtype
        parts = [random_signal(rng, shape, real, reach / 2) for _ in range(2)]
        return parts[0] + 1j * parts[1]
    coarse = rng.uniform(-1, 1, [-(-size // 4) for size in shape])
    for axis, size in enumerate(shape):
        coarse = np.take(coarse, np.arange(size) // 4, axis=axis)
    signal = (coarse + rng.uniform(-1, 1, shape)) * (reach / 2)
    return np.rint(signal) if dtype.kind in "ui" else signal
