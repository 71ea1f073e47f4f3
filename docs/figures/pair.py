"""The real pair of pictures that figures draw, and what can be found from it."""

from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
from style import BLUE, FAINT, ORANGE

from convmat import estimate_kernel

FOLDER = files("convmat") / "data"


def load(name):
    """Load an 8-bit grey picture as whole numbers, 0 ... 255."""
    with (FOLDER / name).open("rb") as file:
        return np.rint(255 * plt.imread(file).astype(float))


before = load("camera.png")
after = load("camera-filtered.png")
with (FOLDER / "kernel.csv").open() as file:
    kernel = np.loadtxt(file, delimiter=",")
found = estimate_kernel(before, after, (5, 5), boundary="replicate", offset=True)


def fft_quotient():
    """Divide the two spectra, go back, and take the 5x5 entries around the origin."""
    quotient = np.fft.ifft2(np.fft.fft2(after) / np.fft.fft2(before)).real
    return np.roll(quotient, (2, 2), (0, 1))[:5, :5]


def errors(axes, fontsize):
    """Draw the error of every kernel entry, for both ways to find it."""
    entry = np.arange(kernel.size)
    axes.axhline(0, color=FAINT, lw=0.7)
    wrong = (fft_quotient() - kernel).ravel()
    axes.plot(entry, wrong, "s", ms=4, color=ORANGE, label="quotient of the FFTs")
    axes.errorbar(
        entry,
        (found.kernel - kernel).ravel(),
        2 * found.std_error.ravel(),
        fmt="o",
        ms=3.5,
        lw=1,
        color=BLUE,
        label="estimate_kernel \N{PLUS-MINUS SIGN} 2 standard errors",
    )
    axes.set_yscale("symlog", linthresh=1e-3, linscale=1.5)
    axes.set_yticks([-1e-2, -1e-3, 0, 1e-3, 1e-2])
    axes.set_yticklabels(["\N{MINUS SIGN}0.01", "\N{MINUS SIGN}0.001", "0", "0.001", "0.01"])
    axes.set_ylim(-0.1, 1.0)
    axes.set_xlim(-1, kernel.size)
    axes.set_xticks(range(0, kernel.size, 5))
    axes.set_xlabel("kernel entry")
    axes.set_title("error of every entry")
    axes.legend(frameon=False, fontsize=fontsize, loc="upper left", handletextpad=0.3)
    axes.spines[["top", "right"]].set_visible(False)
