"""Arrays of one shape laid side by side, as one image with a gap between them.

For kernels and residuals of several channels: one scale of colours, one bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tiles", "tiles"]

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Tiles:
    """The image, NaN in the gaps, and where the middles and names of its rows and columns are."""

    image: NDArray
    rows: dict[str, float]
    columns: dict[str, float]

    def name(self, axes: Any) -> None:
        """Write the names beside and below the tiles."""
        axes.set_xticks(list(self.columns.values()), list(self.columns))
        axes.set_yticks(list(self.rows.values()), list(self.rows), rotation="vertical", va="center")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def tiles(arrays: NDArray, gap: int = 1) -> Tiles:
    """Lay out channels as one row or column, whichever is less long; or rows of a matrix of them.

    Parameters
    ----------
    arrays : ndarray, shape (channels, m, n) or (channels after, channels before, m, n)
    gap : int
        Pixels between two of them.

    Examples
    --------
    >>> tiles(np.arange(4.0).reshape(2, 2, 1)).image
    array([[ 0., nan,  2.],
           [ 1., nan,  3.]])
    """
    m, n = arrays.shape[-2:]
    names = _channel_names(arrays.shape[0])
    rows: list[str]
    columns: list[str]
    if arrays.ndim > 3:
        rows, columns, blocks = names, [f"from {name}" for name in names], arrays
    elif n <= m:
        rows, columns, blocks = [""], names, arrays[np.newaxis]
    else:
        rows, columns, blocks = names, [""], arrays[:, np.newaxis]
    padded = np.full((*blocks.shape[:2], m + gap, n + gap), np.nan)
    padded[..., :m, :n] = blocks
    image = padded.swapaxes(1, 2).reshape(len(rows) * (m + gap), len(columns) * (n + gap))
    image = image[: len(image) - gap, : image.shape[1] - gap]
    return Tiles(image, _middles(rows, m, gap), _middles(columns, n, gap))


def _channel_names(count: int) -> list[str]:
    """Colours where there are three."""
    return list(_COLOURS) if count == len(_COLOURS) else [f"channel {i}" for i in range(count)]


def _middles(names: Sequence[str], side: int, gap: int) -> dict[str, float]:
    return {name: i * (side + gap) + (side - 1) / 2 for i, name in enumerate(names)}
