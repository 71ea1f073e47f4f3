"""Inverse filters of the plus for growing supports, and what they make of it."""

import matplotlib.pyplot as plt
import numpy as np
from plus import PLUS, constrained
from style import cells

from convmat import convolve

SIZES = (3, 5, 9, 15)

figure, grid = plt.subplots(2, 4, figsize=(8.6, 4.7), layout="constrained")
for column, size in enumerate(SIZES):
    found = constrained(size)
    product = convolve(found.filter, PLUS)
    small = size <= 5
    cells(grid[0, column], found.filter, f"g, {size}×{size}", text="z.2f" if small else None)
    cells(grid[1, column], product, f"f ∗ g, error {found.residual_norm:.2f}", largest=1)
    for axes in grid[:, column]:
        axes.title.set_fontsize(9.5)
        axes.set_aspect("equal")
    row, where = found.delay
    grid[1, column].plot(where, row, "s", mfc="none", mec="#1d2b3a", ms=110 / np.sqrt(20 * size))
