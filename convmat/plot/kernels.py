"""A kernel as a table of colours and numbers, and the bar beside it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.pictures.figure_files import INK

__all__ = ["KERNEL_COLOURS", "SIGNED_COLOURS", "colour_bar", "plot_kernel"]

SIGNED_COLOURS, KERNEL_COLOURS = "RdBu_r", "Blues"
_MOST_LABELS = 81


def plot_kernel(
    kernel: NDArray, axes: Any, *, signed: bool = False, digits: int | None = None
) -> Any:
    """Draw a kernel of one or two axes, with its entries written in where there is room.

    Parameters
    ----------
    kernel : ndarray
        Of complex kernels, the modulus is drawn; where there is NaN, nothing.
    axes : matplotlib Axes
    signed : bool
        Colours about zero, for differences; otherwise only where there are negative entries
        of some size.
    digits : int
        Decimals of the entries. Default: what makes four digits of the largest, where they fit.

    Returns
    -------
    matplotlib AxesImage
    """
    shown = np.atleast_2d(np.abs(kernel) if np.iscomplexobj(kernel) else kernel)
    drawn = np.isfinite(shown)
    largest = float(np.abs(shown[drawn]).max(initial=0.0)) or 1.0
    signed = signed or float(shown[drawn].min(initial=0.0)) < -0.05 * largest
    low, colours = (-largest, SIGNED_COLOURS) if signed else (0.0, KERNEL_COLOURS)
    image = axes.imshow(shown, cmap=colours, vmin=low, vmax=largest, interpolation="nearest")
    axes.set_xticks(range(shown.shape[1]) if shown.shape[1] <= 15 else [])
    axes.set_yticks(range(shown.shape[0]) if shown.shape[0] <= 15 else [])
    axes.tick_params(length=0)
    if digits is None:
        digits = int(np.clip((4 if shown.shape[1] <= 5 else 3) - np.ceil(np.log10(largest)), 0, 6))
    if np.count_nonzero(drawn) <= _MOST_LABELS:
        for row, column in np.argwhere(drawn):
            entry = shown[row, column]
            dark = abs(entry) > 0.6 * largest
            label = f"{entry:.{digits}f}"
            axes.text(
                column,
                row,
                label[1:] if label.startswith("-") and not label.strip("-0.") else label,
                ha="center",
                va="center",
                fontsize=min(8.5, 44 / max(shown.shape)),
                color="white" if dark else INK,
            )
    return image


def colour_bar(figure: Any, image: Any, axes: Any) -> None:
    """The bar of `image`, beside `axes`."""
    bar = figure.colorbar(image, ax=axes, shrink=0.86, aspect=26, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8)
