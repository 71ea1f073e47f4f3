"""The corner of a picture, continued up and to the left in seven ways."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from pair import load
from style import ORANGE, bare

from convmat import Boundary, convolve

SIZE, BEYOND = 72, 60

part = load("camera.png")[24 : 24 + SIZE, 150 : 150 + SIZE]
delta = np.zeros((2 * BEYOND + 1,) * 2)
delta[BEYOND, BEYOND] = 1

# Grey from 0 to 255; negative values fade into blue, values above white into orange.
greys = LinearSegmentedColormap.from_list(
    "greys", [(0, "#5aa9e6"), (1 / 3, "#000000"), (2 / 3, "#ffffff"), (1, "#e8731c")]
)

figure, grid = plt.subplots(2, 4, figsize=(8.6, 4.7), layout="constrained")
for axes, boundary in zip(grid.flat, ["", *Boundary], strict=True):
    extended = convolve(part, delta, "full", boundary or "zero")
    extended = extended[: SIZE + BEYOND, : SIZE + BEYOND]
    if not boundary:
        extended = np.where(np.indices(extended.shape).min(0) < BEYOND, np.nan, extended)
    axes.imshow(extended, cmap=greys, vmin=-255, vmax=510, interpolation="nearest")
    edge = BEYOND - 0.5
    end = SIZE + BEYOND - 0.5
    axes.plot([edge, edge, end], [end, edge, edge], color=ORANGE, lw=1.2)
    bare(axes)
    axes.set_title(boundary or "the picture", family="monospace" if boundary else None)
