"""The four choices of damp under white and under correlated noise, and the L-curve."""

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from style import BLUE, FAINT, INK, ORANGE

from convmat import DataOperator, LeastSquares, choose_damp, convolve
from convmat.damped_family import DampedFamily

MARKS = {
    "gcv": ("o", ORANGE),
    "rgcv": ("s", BLUE),
    "lcurve": ("D", "#7a8a2a"),
    "discrepancy": ("^", INK),
}
# The page's own example.
rng = np.random.default_rng(1)
line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
truth = np.outer(line, line) / line.sum() ** 2
before = ndimage.gaussian_filter(rng.normal(0, 500, (64, 64)), 2)
exact = convolve(before, truth, "valid")
white = rng.normal(0, 1, exact.shape)
correlated = ndimage.gaussian_filter(rng.normal(0, 1, exact.shape), 1)
correlated /= correlated.std()
data = DataOperator(before, truth.shape, "valid")


def error(x):
    return 100 * np.linalg.norm(x - truth.ravel()) / np.linalg.norm(truth)


figure, grid = plt.subplots(2, 3, figsize=(8.6, 5.6), layout="constrained")
for row, name, noise in zip(grid, ("white", "correlated"), (white, correlated), strict=True):
    family = DampedFamily(LeastSquares(data, (exact + noise).ravel()))
    damps = np.geomspace(0.1, 1e4, 200)
    truthful, curves, corner = row
    truthful.loglog(damps, [error(family.solution(d)) for d in damps], color=FAINT, lw=1.6)
    corner.loglog(family.residual_norms(damps), family.penalty_norms(damps), color=FAINT, lw=1.6)
    for method, (mark, colour) in MARKS.items():
        damp = choose_damp(family, method, noise_std=1).damp
        style = {"color": colour, "ms": 6, "ls": "", "mfc": "none", "mew": 1.6, "label": method}
        truthful.plot(damp, error(family.solution(damp)), mark, **style)
        at = np.array([damp])
        corner.plot(family.residual_norms(at), family.penalty_norms(at), mark, **style)
        if method == "lcurve":
            continue
        values = choose_damp(family, method, noise_std=1, damps=damps).values
        scale = 1 if method == "discrepancy" else values.min()
        curves.loglog(damps, values / scale, color=colour, lw=1.3)
        curves.plot(damp, 1, mark, **style)
    truthful.set_ylim(3, 3e4)
    curves.set_ylim(0.9, 2.2)
    curves.set_yticks([1, 2], ["1", "2"])
    curves.minorticks_off()
    truthful.set_ylabel(f"{name} noise\n\nerror, per cent")
    curves.set_ylabel("criterion")
    corner.set_ylabel("norm of the kernel")
    corner.minorticks_off()
    corner.set_xticks([60, 100, 200, 400], ["60", "100", "200", "400"])
for axes, label in zip(grid[1], ("damp", "damp", "residual norm"), strict=True):
    axes.set_xlabel(label)
for axes in grid.ravel():
    axes.spines[["top", "right"]].set_visible(False)
grid[0, 0].legend(frameon=False, fontsize=8)
