"""The matrix of the plus on 6x6 pixels, its inverse, and the convolution nearest to that."""

import matplotlib.pyplot as plt
from plus import PLUS, pseudo
from style import cells

from convmat import convolution_matrix

SHAPE = (6, 6)

figure, grid = plt.subplots(2, 4, figsize=(9.4, 4.9), layout="constrained")
for axes, boundary in zip(grid, ("zero", "symmetric"), strict=True):
    found = pseudo(SHAPE, boundary)
    matrix = convolution_matrix(PLUS, SHAPE, "same", boundary).toarray()
    nearest = found.convolution.to_matrix()
    largest = abs(found.matrix).max()
    cells(axes[0], matrix, f"H, {boundary}")
    cells(axes[1], found.matrix, "P, its inverse", largest=largest)
    cells(axes[2], nearest, "G, nearest convolution", largest=largest)
    title = f"P − G, {100 * found.convolution_distance:.0f} %"
    cells(axes[3], found.matrix - nearest, title, largest=largest)
    for panel in axes:
        panel.grid(visible=False, which="minor")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.title.set_fontsize(9.5)
