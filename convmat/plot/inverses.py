"""Figures of what undoes a kernel. Needs matplotlib, when called (see `convmat.plot`)."""

from typing import Any

from convmat.compare import Comparison
from convmat.errors import ConvmatError
from convmat.optional import require
from convmat.pictures.figure_files import INK, STYLE

__all__ = ["plot_inverses"]

_COLOURS = ("#1f6fb2", "#d9661f", "#2f8f5b", "#8a4fa3", "#c23b4e", "#7a6a4f", "#3aa6a6")
_MARKERS = ("o", "D", "v", "s", "^", "P", "X", "<", ">", "h")
_SMALLEST = 1e-3


def plot_inverses(comparison: Comparison) -> Any:
    """Draw restoration error against noise gain: a panel for each mode.

    Parameters
    ----------
    comparison : Comparison
        From `compare_inverses`. Errors below 0.001 are drawn as 0.001. A colour is a
        boundary, a marker a kind of inverse.

    Returns
    -------
    matplotlib Figure
        To be saved with `save_figure`.

    Raises
    ------
    ConvmatError
        For another comparison, or one without any figures.
    MissingPackageError
        Where matplotlib is not installed.
    """
    if "restoration_error" not in comparison.columns:
        raise ConvmatError("comparison must come from compare_inverses")
    rows = [row for row in comparison.rows if row["restoration_error"] is not None]
    if not rows:
        raise ConvmatError("no row of the comparison has figures to draw; its notes say why")
    matplotlib = require("matplotlib", "matplotlib", "plot")
    figures = require("matplotlib.figure", "matplotlib", "plot")
    ticker = require("matplotlib.ticker", "matplotlib", "plot")
    modes, boundaries, inverses = (
        list(dict.fromkeys(row[name] for row in rows)) for name in ("mode", "boundary", "inverse")
    )
    with matplotlib.rc_context(STYLE):
        size = (2.2 + 3.1 * len(modes), 4.2)
        figure = figures.Figure(figsize=size, layout="constrained", facecolor="white")
        panels = figure.subplots(1, len(modes), sharey=True, squeeze=False)[0]
        for axes, mode in zip(panels, modes, strict=True):
            for row in rows:
                if row["mode"] == mode:
                    _point(axes, row, boundaries, inverses)
            axes.set(title=mode, xscale="log", yscale="log", xlabel="noise gain")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter("{x:g}")
                axis.set_minor_formatter("")
            axes.margins(x=0.12)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color="#e6e9ed", linewidth=0.6)
            axes.set_axisbelow(True)
        panels[0].set_ylabel(f"restoration error, at least {_SMALLEST:g}")
        _legend(figure, panels[-1], boundaries, inverses)
    return figure


def _point(axes: Any, row: dict[str, Any], boundaries: list[str], inverses: list[str]) -> None:
    axes.plot(
        row["noise_gain"],
        max(row["restoration_error"], _SMALLEST),
        _MARKERS[inverses.index(row["inverse"]) % len(_MARKERS)],
        color=_COLOURS[boundaries.index(row["boundary"]) % len(_COLOURS)],
        markersize=5.5,
        alpha=0.8,
        markeredgewidth=0,
        clip_on=False,
    )


def _legend(figure: Any, axes: Any, boundaries: list[str], inverses: list[str]) -> None:
    marks = [
        axes.plot([], [], _MARKERS[i % len(_MARKERS)], color=INK, markersize=5.5, label=inverse)[0]
        for i, inverse in enumerate(inverses)
    ]
    colours = [
        axes.plot([], [], "-", color=_COLOURS[i % len(_COLOURS)], linewidth=4, label=boundary)[0]
        for i, boundary in enumerate(boundaries)
    ]
    figure.legend(handles=marks + colours, loc="outside right center", frameon=False)
