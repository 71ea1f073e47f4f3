"""Restoration error against noise gain, of the inverses of the plus on 16x16 pixels."""

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator
from plus import PLUS
from style import BLUE, FAINT, INK, ORANGE

from convmat.inverse.compare_inverses import compare_inverses

COLOURS = {"zero": BLUE, "circular": ORANGE, "symmetric": "#2f8f5b"}
MARKERS = ("o", "D", "v", "s", "^", "P")
SUPPORTS = [(n, n) for n in (3, 5, 9, 15)]

table = compare_inverses(PLUS, (16, 16), boundaries=list(COLOURS), supports=SUPPORTS)
inverses = list(dict.fromkeys(row["inverse"] for row in table.rows))
figure, panels = plt.subplots(1, 3, figsize=(9.2, 3.8), sharey=True, layout="constrained")
for axes, mode in zip(panels, ("full", "same", "valid"), strict=True):
    axes.set(title=mode, xscale="log", yscale="log", xlabel="noise gain")
    axes.grid(color="#e6e9ed", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    for boundary, colour in COLOURS.items():
        rows = [r for r in table.rows if (r["mode"], r["boundary"]) == (mode, boundary)]
        points = [(row["noise_gain"], max(row["restoration_error"], 1e-2)) for row in rows]
        axes.plot(*zip(*points[2:], strict=True), color=colour, linewidth=0.8, alpha=0.6)
        for marker, point in zip(MARKERS, points, strict=True):
            axes.plot(*point, marker, color=colour, markersize=6, markeredgewidth=0, alpha=0.85)
panels[0].set_ylabel("restoration error, at least 0.01")
handles = [
    plt.Line2D([], [], marker=marker, color=INK, linestyle="", label=name)
    for marker, name in zip(MARKERS, inverses, strict=True)
]
handles += [plt.Line2D([], [], color=c, linewidth=4, label=name) for name, c in COLOURS.items()]
figure.legend(handles=handles, loc="outside right center", frameon=False, labelcolor=INK)
figure.set_edgecolor(FAINT)
