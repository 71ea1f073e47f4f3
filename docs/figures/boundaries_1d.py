"""Four samples, and the seven ways in which they go on."""

import matplotlib.pyplot as plt
import numpy as np
from style import BLUE, FAINT, INK, ORANGE, bare

from convmat import Boundary, convolve

SIGNAL = np.array([2.0, 3.4, 2.6, 1.2])
LETTERS = "abcd"
BEYOND = 10
NEAR = {
    "zero": "000 000",
    "circular": "bcd abc",
    "replicate": "aaa ddd",
    "symmetric": "cba dcb",
    "mirror": "dcb cba",
    "antisymmetric": "\N{MINUS SIGN}c,\N{MINUS SIGN}b,\N{MINUS SIGN}a "
    "\N{MINUS SIGN}d,\N{MINUS SIGN}c,\N{MINUS SIGN}b",
    "antireflect": "2a\N{MINUS SIGN}d,2a\N{MINUS SIGN}c,2a\N{MINUS SIGN}b "
    "2d\N{MINUS SIGN}c,2d\N{MINUS SIGN}b,2d\N{MINUS SIGN}a",
}

# A kernel with a single one at the origin: its `full` output is the extended signal.
delta = np.zeros(2 * BEYOND + 1)
delta[BEYOND] = 1
position = np.arange(-BEYOND, SIGNAL.size + BEYOND)
inside = (position >= 0) & (position < SIGNAL.size)

figure, rows = plt.subplots(7, 1, figsize=(8.2, 8.4), sharex=True, layout="constrained")
for axes, boundary in zip(rows, Boundary, strict=True):
    values = convolve(SIGNAL, delta, "full", boundary)
    bare(axes)
    axes.axvspan(-0.5, SIGNAL.size - 0.5, color=BLUE, alpha=0.08, lw=0)
    axes.axhline(0, color=FAINT, lw=0.7)
    axes.plot(position, values, color=FAINT, lw=0.9, zorder=1)
    for which, colour in ((inside, BLUE), (~inside, ORANGE)):
        axes.vlines(position[which], 0, values[which], color=colour, lw=1.6, alpha=0.75)
        axes.plot(position[which], values[which], "o", color=colour, ms=5)
    left, right = (list(side) for side in NEAR[boundary].split())
    if "," in NEAR[boundary]:
        left, right = (side.split(",") for side in NEAR[boundary].split())
    labels = [*left, *LETTERS, *right]
    span = max(np.ptp(values), 1.0)
    for p, label in zip(range(-3, 7), labels, strict=True):
        value = values[p + BEYOND]
        below = value < 0
        axes.annotate(
            label,
            (p, value),
            xytext=(0, -7 if below else 6),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            fontsize=8.5 if len(label) < 3 else 7,
            color=BLUE if 0 <= p < 4 else INK,
        )
    axes.set_ylim(min(values.min(), 0) - 0.3 * span, values.max() + 0.3 * span)
    axes.set_xlim(-BEYOND - 0.7, SIGNAL.size + BEYOND - 0.3)
    axes.set_title(boundary, loc="left", family="monospace", pad=2)
