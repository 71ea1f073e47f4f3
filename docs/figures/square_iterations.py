"""Gradient descent, FISTA and LSMR on the exact white square, iteration by iteration."""

import matplotlib.pyplot as plt
import numpy as np
from square import iterations
from style import BLUE, FAINT, INK, ORANGE

RUNS = (
    ("gradient", ORANGE, {"step": 2e-6, "gram": False}),
    ("fista", INK, {"step": 2e-6, "gram": False}),
    ("lsmr", BLUE, {}),
)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.7), layout="constrained")
for solver, colour, options in RUNS:
    solution, errors = iterations(solver, 3000, **options)
    gradient = solution.history[:, 1]
    count = np.arange(errors.size)
    left.loglog(count[1:], errors[1:], color=colour, lw=1.4, label=solver)
    right.loglog(count[1:], gradient[1:] / gradient[0], color=colour, lw=1.0)
left.axhline(4.6, color=FAINT, lw=0.8, ls=(0, (4, 3)))
left.text(1.1, 4.9, "4.6 %", color=INK, fontsize=8)
left.set_ylabel("error of the kernel, per cent")
left.legend(frameon=False, loc="lower left")
right.set_ylabel("gradient norm, of that at zero")
for axes in (left, right):
    axes.set_xlabel("iteration")
    axes.spines[["top", "right"]].set_visible(False)
