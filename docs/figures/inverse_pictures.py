"""A small photograph, blurred by the plus, with noise, and restored in three ways."""

import matplotlib.pyplot as plt
import numpy as np
from plus import SHAPE, blurred, constrained, pseudo
from style import picture

from convmat import convolve

figure, grid = plt.subplots(2, 5, figsize=(9.4, 4.2), layout="constrained")
for axes, boundary in zip(grid, ("zero", "symmetric"), strict=True):
    sharp, seen = blurred(boundary)
    found, small = pseudo(SHAPE, boundary), constrained(9)
    restored = {
        "pseudo-inverse": (found.operator @ seen.ravel()).reshape(SHAPE),
        "nearest convolution": (found.convolution.to_matrix() @ seen.ravel()).reshape(SHAPE),
        "filter 9×9": convolve(seen, small.filter, "same", boundary, anchor=small.anchor),
    }
    picture(axes[0], sharp, "sharp")
    picture(axes[1], seen / 5, f"blurred, {boundary}")
    for panel, (name, pixels) in zip(axes[2:], restored.items(), strict=True):
        error = np.linalg.norm(pixels - sharp) / np.linalg.norm(sharp)
        picture(panel, pixels, f"{name}\n{100 * error:.0f} % off")
    for panel in axes:
        panel.title.set_fontsize(9)
