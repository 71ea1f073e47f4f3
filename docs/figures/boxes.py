"""The boxes into which the outputs of a convolution fall."""

from itertools import pairwise, product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from style import BLUE, INK, ORANGE, bare

from convmat import convolution_matrix

SHAPE, SIZE = (16, 24), 5


def runs(size):
    """Stretches of outputs whose row is the row before, moved on by one column."""
    matrix = convolution_matrix(np.ones(SIZE), size, "same", "replicate").toarray()
    moved = [np.array_equal(matrix[i], np.roll(matrix[i - 1], 1)) for i in range(1, size)]
    starts = [0, *(i for i in range(1, size) if not moved[i - 1]), size]
    return [slice(first, last) for first, last in pairwise(starts)]


kernel = np.ones((SIZE, SIZE))
lengths = np.diff(convolution_matrix(kernel, SHAPE, "same", "replicate").indptr).reshape(SHAPE)

figure, axes = plt.subplots(figsize=(6.4, 4.3), layout="constrained")
for row, column in product(runs(SHAPE[0]), runs(SHAPE[1])):
    height, width = row.stop - row.start, column.stop - column.start
    interior = height > 1 and width > 1
    corner = height == 1 and width == 1
    axes.add_patch(
        Rectangle(
            (column.start + 0.06, row.start + 0.06),
            width - 0.12,
            height - 0.12,
            color=BLUE if interior else ORANGE,
            alpha=0.16 if interior else 0.45 if corner else 0.22,
            lw=0,
        )
    )
    count = lengths[row.start, column.start]
    axes.text(
        (column.start + column.stop) / 2,
        (row.start + row.stop) / 2,
        f"{count} entries a row" if interior else count,
        ha="center",
        va="center",
        fontsize=10 if interior else 7.5,
        color=INK,
    )
axes.set_xlim(0, SHAPE[1])
axes.set_ylim(SHAPE[0], 0)
axes.set_aspect("equal")
bare(axes)
