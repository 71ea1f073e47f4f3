"""Colours and small habits that the site's figures share."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

INK = "#1d2b3a"
FAINT = "#9aa7b4"
BLUE = "#1f6fb2"
ORANGE = "#d9661f"
PAPER = "#ffffff"

SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#8c3a0b", "#e9a06b", "#fbfbfa", "#85b6dc", "#0d4a80"]
)
"""Zero is white, positive blue, negative orange."""

plt.rcParams.update(
    {
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "figure.dpi": 110,
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlesize": 10.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.hashsalt": "convmat",
    }
)


def bare(axes):
    """Take away ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def picture(axes, pixels, title=""):
    """Draw a grey picture of 0 ... 255, pixel by pixel."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title)
    bare(axes)


def cells(axes, matrix, title="", *, text=None, largest=None, fontsize=8):
    """Draw a matrix as coloured cells; `text` is a format for the numbers in them."""
    largest = largest or np.abs(matrix).max()
    norm = TwoSlopeNorm(0, -largest, largest)
    axes.imshow(matrix, cmap=SIGNED, norm=norm, interpolation="nearest")
    rows, columns = matrix.shape
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(FAINT)
    axes.spines[:].set_linewidth(0.6)
    axes.set_title(title)
    if text is None:
        return
    for (row, column), value in np.ndenumerate(matrix):
        dark = abs(value) > 0.62 * largest
        axes.text(
            column,
            row,
            format(value, text).replace("-", "\N{MINUS SIGN}"),
            ha="center",
            va="center",
            fontsize=fontsize,
            color=PAPER if dark else INK,
        )
