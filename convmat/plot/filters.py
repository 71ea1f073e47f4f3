"""A figure of what `identify_filter` found: pictures, kernel, errors, residual and its spectrum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.evidence import Verdict
from convmat.identify.filter_report import FilterReport
from convmat.identify.unexplained import unexplained
from convmat.optional import require
from convmat.pictures.figure_files import STYLE
from convmat.plot.kernels import colour_bar, plot_kernel
from convmat.plot.tiles import tiles

__all__ = ["plot_filter"]

_SIZE = (10.4, 7.0)
# Times as large, for kernels of several channels; and their letters, in points.
_ENLARGED, _LETTERS = 1.35, 64
_NOT_FITTED = "#b4bac4"


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
        To be saved with `save_figure`. Of several channels, all kernels and all residuals are
        drawn, and the mean of the residuals' spectra; where the verdict is not ``linear``, no
        kernel. Pixels at the border that touch the outside, and those that were clipped, were not
        fitted: they have no residual, and count as 0 in the spectrum.

    Raises
    ------
    MissingPackageError
        Where matplotlib is not installed.
    """
    matplotlib = require("matplotlib", "matplotlib", "plot")
    figures = require("matplotlib.figure", "matplotlib", "plot")
    residuals = np.stack(unexplained(before, after, report, gamma=gamma, srgb=srgb))
    size = np.multiply(_SIZE, _ENLARGED if report.kernel.ndim > 2 else 1.0)
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=tuple(size), layout="constrained", facecolor="white")
        grid = figure.subplots(2, 3)
        for axes, title, picture in zip(
            grid[0], ("Before", "After"), (before, after), strict=False
        ):
            axes.imshow(_shown(picture), cmap="gray")
            axes.set_title(title)
            axes.set_xticks([])
            axes.set_yticks([])
        _draw_kernel(figure, grid[0, 2], report)
        _draw_errors(figure, grid[1, 0], report.std_error)
        _draw_residuals(figure, grid[1, 1], residuals, report.residual_std)
        _draw_spectrum(figure, grid[1, 2], residuals, float(np.abs(after).max()))
    return figure


def _shown(picture: Any) -> NDArray:
    """Grey or RGB, between 0 and 1."""
    values = np.asarray(picture, dtype=np.float64)
    if values.ndim == 3 and values.shape[2] != 3:
        values = values[..., 0]
    low, high = values.min(), values.max()
    return (values - low) / ((high - low) or 1.0)


def _say(axes: Any, title: str, text: str) -> None:
    """Words in place of an image."""
    axes.axis("off")
    axes.set_title(title)
    axes.text(0, 0.97, text, va="top", transform=axes.transAxes)


def _draw_kernel(figure: Any, axes: Any, report: FilterReport) -> None:
    if report.verdict is not Verdict.LINEAR:
        return _say(axes, "Kernel", f"none: the verdict is {report.verdict}")
    _draw_entries(figure, axes, report.kernel)
    which = "Kernel" if report.kernel.ndim == 2 else "Kernels"
    axes.set_title(f"{which}, anchor ({', '.join(map(str, report.anchor))})")
    axes.set_xlabel(f"verdict: {report.verdict}", loc="left")


def _draw_errors(figure: Any, axes: Any, std_error: NDArray) -> None:
    if not np.isfinite(std_error).any():
        return _say(axes, "Standard error", "none: see the verdict")
    power = int(np.floor(np.log10(np.nanmax(std_error) or 1.0)))
    _draw_entries(figure, axes, std_error / 10.0**power, digits=1)
    several = "" if std_error.ndim == 2 else "s"
    axes.set_title(f"Standard error{several}, × 10$^{{{power}}}$")


def _draw_entries(figure: Any, axes: Any, entries: NDArray, digits: int | None = None) -> None:
    """Of one kernel, or of several beside one another."""
    if entries.ndim == 2:
        colour_bar(figure, plot_kernel(entries, axes, digits=digits), axes)
        return
    laid = tiles(entries, gap=0 if entries[..., 0, 0].size == entries.size else 1)
    colour_bar(figure, plot_kernel(laid.image, axes, digits=digits), axes)
    laid.name(axes)
    for text in axes.texts:
        text.set_fontsize(min(8.5, _LETTERS / max(laid.image.shape)))


def _draw_residuals(figure: Any, axes: Any, residuals: NDArray, std: float) -> None:
    several = len(residuals) > 1
    title = "Residuals: after − fit" if several else "Residual: after − fit"
    if not np.isfinite(residuals).any():
        return _say(axes, title, "none: nothing was fitted")
    spread = 3 * std if np.isfinite(std) and std > 0 else 1.0
    axes.set_xticks([])
    axes.set_yticks([])
    shown = residuals[0]
    if several:
        laid = tiles(residuals, gap=1 + max(residuals.shape) // 40)
        shown = laid.image
        laid.name(axes)
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-spread, vmax=spread, interpolation="nearest")
    axes.set_facecolor(_NOT_FITTED)
    axes.set_title(title)
    axes.set_xlabel(f"standard deviation {std:.3g}\ngrey was not fitted", loc="left")
    colour_bar(figure, image, axes)


def _draw_spectrum(figure: Any, axes: Any, residuals: NDArray, largest: float) -> None:
    """Its power, in decibels of the mean, low frequencies in the middle: flat where it is noise."""
    fitted = np.isfinite(residuals).any(axis=0)
    inner = residuals[:, fitted.any(axis=1)][:, :, fitted.any(axis=0)]
    title = "Spectrum of the residual"
    # The last digits of double precision are no residual.
    if not np.nanmax(np.abs(inner), initial=0.0) > 64 * np.finfo(float).eps * largest:
        return _say(
            axes, title, "nothing is left over" if inner.size else "none: nothing was fitted"
        )
    inner = np.nan_to_num(inner - np.nanmean(inner, axis=(1, 2), keepdims=True))
    power = np.mean(np.abs(np.fft.fftshift(np.fft.fft2(inner), axes=(1, 2))) ** 2, axis=0)
    decibels = 10 * np.log10(power / power.mean() + 1e-6)
    image = axes.imshow(decibels, cmap="magma", vmin=-20, vmax=20, extent=(-0.5, 0.5, 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{title}, dB")
    mean = "; mean of the channels" if len(residuals) > 1 else ""
    axes.set_xlabel(f"cycles per pixel, −½ to ½{mean}", loc="left")
    colour_bar(figure, image, axes)
