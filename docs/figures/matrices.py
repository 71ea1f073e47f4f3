"""H for one kernel and the seven boundaries."""

import matplotlib.pyplot as plt
from style import cells

from convmat import Boundary, convolution_matrix

KERNEL = [1, 2, 4, 3, 1]

figure, grid = plt.subplots(2, 4, figsize=(8.6, 4.7), layout="constrained")
for axes, boundary in zip(grid.flat, Boundary, strict=False):
    matrix = convolution_matrix(KERNEL, 10, "same", boundary).toarray()
    cells(axes, matrix, boundary, text=".0f", largest=8, fontsize=6)
    axes.title.set_family("monospace")
    for row, column in zip(*(matrix == 0).nonzero(), strict=True):
        axes.texts[row * 10 + column].set_visible(False)
axes = grid[1, 3]
full = convolution_matrix(KERNEL, 10).toarray()
cells(axes, full, "full, zero", text=".0f", largest=8, fontsize=5)
axes.title.set_family("monospace")
for label in axes.texts:
    label.set_visible(label.get_text() != "0")
