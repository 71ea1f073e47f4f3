"""What `convmat estimate --plot` draws for the real pair."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from pair import after, before, found

from convmat.plot import plot_estimate

drawn = plot_estimate({"grey": before}, {"grey": after}, found, boundary="replicate")
drawn.set_dpi(100)
canvas = FigureCanvasAgg(drawn)
canvas.draw()
# It is a figure outside pyplot, which Sphinx does not see: show its pixels in one that is inside,
# one to one at the 200 dots per inch that conf.py asks for.
axes = plt.figure(figsize=drawn.get_size_inches() / 2).add_axes((0, 0, 1, 1))
axes.imshow(np.asarray(canvas.buffer_rgba())[..., :3], interpolation="nearest")
axes.set_axis_off()
