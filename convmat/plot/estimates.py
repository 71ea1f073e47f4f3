"""A figure of a kernel estimate: the pictures, the kernel, and what it leaves unexplained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.operators.convolution import convolve
from convmat.optional import require
from convmat.pictures.figure_files import STYLE
from convmat.plot.kernels import KERNEL_COLOURS, SIGNED_COLOURS, colour_bar, plot_kernel

__all__ = ["plot_estimate"]


def plot_estimate(
    before: Any,
    after: Any,
    found: KernelEstimate,
    *,
    boundary: str | Sequence[str] | None = None,
    truth: NDArray | None = None,
) -> Any:
    """Draw the pictures, the kernel found between them, and what it leaves unexplained.

    Parameters
    ----------
    before, after : ndarray, a list of them, or a dict of them by channel
        As given to `estimate_kernel`, of one or two axes. Three pictures called red, green and
        blue are drawn in colour; of others, the first is.
    found : KernelEstimate
    boundary : str or tuple of str, optional
        As given to `estimate_kernel`. None: the residual is drawn where no edge is touched.
    truth : ndarray, optional
        The true kernel, to compare with. Without it, standard errors and a histogram of the
        residual are drawn instead.

    Returns
    -------
    matplotlib Figure
        To be saved with `save_figure`.

    Raises
    ------
    MissingPackageError
        Where matplotlib is not installed.
    """
    if found.kernel.ndim > 2:
        raise ConvmatError(f"a figure shows data of one or two axes, not {found.kernel.ndim}")
    matplotlib = require("matplotlib", "matplotlib", "plot")
    figures = require("matplotlib.figure", "matplotlib", "plot")
    befores, afters = _named(before), _named(after)
    residuals = [
        _residual(befores[name], afters[name], found, boundary is not None) for name in befores
    ]
    residual = (
        np.sqrt(np.mean(np.square(residuals), axis=0)) if len(residuals) > 1 else residuals[0]
    )
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(10.4, 7.0), layout="constrained", facecolor="white")
        figure.get_layout_engine().set(wspace=0.05, hspace=0.06, w_pad=0.08, h_pad=0.08)
        grid = figure.subplots(2, 3)
        if found.kernel.ndim == 1:
            _draw_signals(grid, befores, afters, residual)
        else:
            _draw_pictures(figure, grid, befores, afters, residual, found, len(residuals) > 1)
        _draw_kernels(figure, grid[1], found, np.concatenate([r.ravel() for r in residuals]), truth)
    return figure


def _named(pictures: Any) -> dict[str, NDArray]:
    if isinstance(pictures, Mapping):
        return dict(pictures)
    if isinstance(pictures, list | tuple) and any(hasattr(item, "shape") for item in pictures):
        return {str(index): np.asarray(item) for index, item in enumerate(pictures)}
    return {"grey": np.asarray(pictures)}


def _residual(before: NDArray, after: NDArray, found: KernelEstimate, everywhere: bool) -> NDArray:
    """After less fit; NaN where no pixel was fitted."""
    geometry = found.geometry
    fit = convolve(before, found.kernel, geometry.mode, geometry.boundary, anchor=geometry.anchor)
    residual = np.real(after - (fit + found.offset))
    if everywhere:
        return residual
    shown = np.full(residual.shape, np.nan)
    shown[geometry.interior] = residual[geometry.interior]
    return shown


def _draw_pictures(
    figure: Any,
    grid: NDArray,
    befores: dict[str, NDArray],
    afters: dict[str, NDArray],
    residual: NDArray,
    found: KernelEstimate,
    several: bool,
) -> None:
    low = min(float(np.real(array).min()) for array in (*befores.values(), *afters.values()))
    high = max(float(np.real(array).max()) for array in (*befores.values(), *afters.values()))
    for axes, title, planes in zip(grid[0], ("Before", "After"), (befores, afters), strict=False):
        axes.imshow(_visible(planes, low, high), cmap="gray", vmin=0, vmax=1)
        _bare(axes, title)
    spread = 3 * found.residual_std
    spread = spread if np.isfinite(spread) and spread > 0 else 1.0
    axes = grid[0, 2]
    lowest, colours = (0.0, KERNEL_COLOURS) if several else (-spread, SIGNED_COLOURS)
    image = axes.imshow(residual, cmap=colours, vmin=lowest, vmax=spread, interpolation="nearest")
    axes.set_facecolor("#eceef1")
    _bare(axes, "Residual: rms over channels" if several else "Residual: after − fit")
    axes.set_xlabel(f"standard deviation {found.residual_std:.3g}", loc="left")
    colour_bar(figure, image, axes)


def _draw_signals(
    grid: NDArray, befores: dict[str, NDArray], afters: dict[str, NDArray], residual: NDArray
) -> None:
    signals = (next(iter(befores.values())), next(iter(afters.values())), residual)
    for axes, title, signal in zip(grid[0], ("Before", "After", "Residual"), signals, strict=True):
        axes.plot(np.real(signal), linewidth=0.9, color="#2c5f8a")
        axes.set_title(title)
        axes.spines[["top", "right"]].set_visible(False)


def _draw_kernels(
    figure: Any, row: NDArray, found: KernelEstimate, residual: NDArray, truth: NDArray | None
) -> None:
    kernel = found.kernel
    if truth is not None:
        difference = kernel - truth
        power = int(np.floor(np.log10(np.abs(difference).max() or 1.0)))
        plot_kernel(truth, row[0])
        plot_kernel(kernel, row[1])
        image = plot_kernel(difference / 10.0**power, row[2], signed=True, digits=1)
        titles = ("True kernel", "Recovered kernel", f"Recovered − true, × 10$^{{{power}}}$")
        for axes, title in zip(row, titles, strict=True):
            axes.set_title(title)
        row[2].set_xlabel(f"largest deviation {np.abs(difference).max():.2g}", loc="left")
        colour_bar(figure, image, row[2])
        return
    colour_bar(figure, plot_kernel(kernel, row[0]), row[0])
    row[0].set_title("Kernel")
    if np.isfinite(found.std_error).any():
        power = int(np.floor(np.log10(np.nanmax(found.std_error) or 1.0)))
        image = plot_kernel(found.std_error / 10.0**power, row[1], digits=1)
        colour_bar(figure, image, row[1])
        row[1].set_title(f"Standard error, × 10$^{{{power}}}$")
    else:
        row[1].axis("off")
        row[1].text(0, 1, found.note, va="top", wrap=True, transform=row[1].transAxes)
    row[2].hist(residual[np.isfinite(residual)], bins=60, color="#2c5f8a")
    row[2].set_title("Residual, how often")
    row[2].set_yticks([])
    row[2].spines[["top", "right", "left"]].set_visible(False)


def _visible(planes: dict[str, NDArray], low: float, high: float) -> NDArray:
    """Grey or RGB between 0 and 1."""
    colours = ("red", "green", "blue")
    names = colours if set(colours) <= set(planes) else (next(iter(planes)),)
    stacked = np.stack([np.real(planes[name]).astype(np.float64) for name in names], axis=-1)
    scaled = (stacked - low) / ((high - low) or 1.0)
    return scaled if len(names) == 3 else scaled[..., 0]


def _bare(axes: Any, title: str) -> None:
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])
