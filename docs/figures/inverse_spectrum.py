"""The spectrum of the plus, which vanishes along a closed curve."""

import matplotlib.pyplot as plt
import numpy as np
from style import SIGNED

angles = np.linspace(-np.pi, np.pi, 401)
spectrum = 1 + 2 * np.cos(angles)[:, None] + 2 * np.cos(angles)

figure, axes = plt.subplots(figsize=(4.2, 3.5), layout="constrained")
extent = (-np.pi, np.pi, -np.pi, np.pi)
image = axes.imshow(spectrum, cmap=SIGNED, vmin=-5, vmax=5, extent=extent, origin="lower")
axes.contour(angles, angles, spectrum, [0], colors="#1d2b3a", linewidths=1.2)
ticks, names = (-np.pi, 0, np.pi), ("−π", "0", "π")
axes.set_xticks(ticks, names)
axes.set_yticks(ticks, names)
axes.set_title("F = 1 + 2 cos a + 2 cos b, zero on the curve")
figure.colorbar(image, ax=axes, shrink=0.9).outline.set_visible(False)
