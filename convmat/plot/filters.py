"""A figure of what `identify_filter` found: pictures, kernel, errors, residual and its spectrum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.filter_report import FilterReport
from convmat.identify.unexplained import unexplained
from convmat.identify.verdict import Verdict
from convmat.optional import require
from convmat.pictures.figure_files import STYLE
from convmat.plot.kernels import colour_bar, plot_kernel

__all__ = ["plot_filter"]


def plot_filter(
    before: Any, after: Any, report: FilterReport, *, gamma: float | None = None, srgb: bool = False
) -> Any:
    """Draw before, after, the kernel, its standard errors, the residual and its spectrum.

    Parameters
    ----------
    before, after : ndarray, shape (m, n) or (m, n, channels)
    report : FilterReport
        What `identify_filter` made of them.
    gamma, srgb
        As given to it.

    Returns
    -------
    matplotlib Figure
        To be saved with `save_figure`. Of several channels, the kernel and the residual of the
        first are drawn; where the verdict is not ``linear``, no kernel.

    Raises
    ------
    MissingPackageError
        Where matplotlib is not installed.
    """
    matplotlib = require("matplotlib", "matplotlib", "plot")
    figures = require("matplotlib.figure", "matplotlib", "plot")
    residual = unexplained(before, after, report, gamma=gamma, srgb=srgb)[0]
    first = (0,) * (report.kernel.ndim - 2)
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(10.4, 7.0), layout="constrained", facecolor="white")
        grid = figure.subplots(2, 3)
        for axes, title, picture in zip(
            grid[0], ("Before", "After"), (before, after), strict=False
        ):
            axes.imshow(_shown(picture), cmap="gray")
            axes.set_title(title)
        if report.verdict is Verdict.LINEAR:
            _draw_kernel(figure, grid[0, 2], report, report.kernel[first])
        else:
            grid[0, 2].axis("off")
            grid[0, 2].text(0, 1, f"no kernel: the verdict is {report.verdict}", va="top")
        _draw_errors(figure, grid[1, 0], report.std_error[first])
        _draw_residual(figure, grid[1, 1], residual, report.residual_std)
        _draw_spectrum(figure, grid[1, 2], residual)
        for axes in (grid[0, 0], grid[0, 1], grid[1, 1], grid[1, 2]):
            axes.set_xticks([])
            axes.set_yticks([])
    return figure


def _shown(picture: Any) -> NDArray:
    """Grey or RGB, between 0 and 1."""
    values = np.asarray(picture, dtype=np.float64)
    if values.ndim == 3 and values.shape[2] != 3:
        values = values[..., 0]
    low, high = values.min(), values.max()
    return (values - low) / ((high - low) or 1.0)


def _draw_kernel(figure: Any, axes: Any, report: FilterReport, kernel: NDArray) -> None:
    colour_bar(figure, plot_kernel(kernel, axes), axes)
    which = "Kernel" if report.kernel.ndim == 2 else "Kernel of the first channel"
    axes.set_title(f"{which}, anchor ({', '.join(map(str, report.anchor))})")
    axes.set_xlabel(f"verdict: {report.verdict}", loc="left")


def _draw_errors(figure: Any, axes: Any, std_error: NDArray) -> None:
    if not np.isfinite(std_error).any():
        axes.axis("off")
        axes.text(0, 1, "no error bars: see the verdict", va="top", transform=axes.transAxes)
        return
    power = int(np.floor(np.log10(np.nanmax(std_error) or 1.0)))
    colour_bar(figure, plot_kernel(std_error / 10.0**power, axes, digits=1), axes)
    axes.set_title(f"Standard error, × 10$^{{{power}}}$")


def _draw_residual(figure: Any, axes: Any, residual: NDArray, std: float) -> None:
    spread = 3 * std if np.isfinite(std) and std > 0 else 1.0
    image = axes.imshow(residual, cmap="RdBu_r", vmin=-spread, vmax=spread, interpolation="nearest")
    axes.set_facecolor("#eceef1")
    axes.set_title("Residual: after − fit")
    axes.set_xlabel(f"standard deviation {std:.3g}", loc="left")
    colour_bar(figure, image, axes)


def _draw_spectrum(figure: Any, axes: Any, residual: NDArray) -> None:
    """Its power, in decibels of the mean, low frequencies in the middle: flat where it is noise."""
    rows, columns = np.isfinite(residual).any(axis=1), np.isfinite(residual).any(axis=0)
    inner = residual[np.ix_(rows, columns)]
    axes.set_title("Spectrum of the residual, dB")
    if not inner.size or not np.nanmax(np.abs(inner)):
        axes.axis("off")
        axes.text(0, 1, "nothing is left over", va="top", transform=axes.transAxes)
        return
    power = np.abs(np.fft.fftshift(np.fft.fft2(np.nan_to_num(inner - np.nanmean(inner))))) ** 2
    decibels = 10 * np.log10(power / power.mean() + 1e-6)
    image = axes.imshow(
        decibels, cmap="magma", vmin=-20, vmax=20, extent=(-0.5, 0.5, 0.5, -0.5), aspect="auto"
    )
    axes.set_xlabel("cycles per pixel, −½ to ½", loc="left")
    colour_bar(figure, image, axes)
