"""Rows of the inverse matrix as pictures: each pixel is restored by a filter of its own."""

import matplotlib.pyplot as plt
import numpy as np
from plus import pseudo
from style import cells

SHAPE = (15, 15)
PIXELS = {"in the middle": (7, 7), "at an edge": (0, 7), "in a corner": (0, 0)}

figure, grid = plt.subplots(2, 3, figsize=(7.4, 5.2), layout="constrained")
for axes, boundary in zip(grid, ("zero", "circular"), strict=True):
    matrix = pseudo(SHAPE, boundary).matrix
    rows = {name: matrix[np.ravel_multi_index(at, SHAPE)] for name, at in PIXELS.items()}
    largest = max(abs(row).max() for row in rows.values())
    for panel, (name, row) in zip(axes, rows.items(), strict=True):
        cells(panel, row.reshape(SHAPE), f"{boundary}: {name}", largest=largest)
        panel.plot(*PIXELS[name][::-1], "s", mfc="none", mec="#1d2b3a", ms=9)
        panel.title.set_fontsize(9.5)
