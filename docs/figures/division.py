"""The quotient of two pictures' Fourier transforms, its cross, and least squares beside it."""

import matplotlib.pyplot as plt
import numpy as np
from pair import before
from scipy import fft
from style import SIGNED, bare, picture

from convmat import convolve, estimate_kernel

line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
kernel = np.outer(line, line) / line.sum() ** 2


def quotient(after):
    """The whole quotient, origin in the middle."""
    return fft.fftshift(fft.ifft2(fft.fft2(after) / fft.fft2(before)).real)


after = np.rint(convolve(before, kernel, "same", "replicate"))
periodic = np.rint(convolve(before, kernel, "same", "circular"))
found = estimate_kernel(before, after, (11, 11), boundary="replicate", offset=True)
errors = {
    "edges and rounding": quotient(after),
    "rounding alone": quotient(periodic),
}
inner = slice(123, 134), slice(123, 134)

figure, panels = plt.subplot_mosaic(
    [["after", "spectrum", *errors], ["true", "found", *(f"cut {name}" for name in errors)]],
    figsize=(8.6, 4.7),
    layout="constrained",
)
picture(panels["after"], after, "after")
spectrum = np.log10(np.abs(fft.fftshift(fft.fft2(after) / fft.fft2(before))))
panels["spectrum"].imshow(spectrum, cmap="gray", vmin=-3, vmax=0.5)
panels["spectrum"].set_title("quotient's spectrum")
limit = kernel.max()
for name, whole in errors.items():
    wrong = whole.copy()
    wrong[inner] -= kernel
    panels[name].imshow(wrong, cmap=SIGNED, vmin=-limit / 4, vmax=limit / 4)
    panels[name].set_title(f"error: {name}", fontsize=9)
for name, values, title in (
    ("true", kernel, "the kernel used"),
    ("found", found.kernel, "least squares"),
    *((f"cut {name}", whole[inner], "quotient, cut") for name, whole in errors.items()),
):
    error = np.linalg.norm(values - kernel) / np.linalg.norm(kernel)
    text = f"\n{100 * error:.1f} %" if name != "true" else "\n"
    panels[name].imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
    panels[name].set_title(title + text, fontsize=9)
for axes in panels.values():
    bare(axes)
