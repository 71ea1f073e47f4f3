"""Figures of what convmat finds. They need matplotlib, when they are drawn.

They are made without pyplot: nothing is shown, kept or changed outside the figure that is
returned. Save one with `save_figure`, or leave it as the last line of a notebook's cell.
"""

from convmat.pictures.figure_files import save_figure
from convmat.plot.estimates import plot_estimate
from convmat.plot.filters import plot_filter
from convmat.plot.inverses import plot_inverses
from convmat.plot.kernels import plot_kernel

__all__ = ["plot_estimate", "plot_filter", "plot_inverses", "plot_kernel", "save_figure"]
