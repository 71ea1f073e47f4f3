"""Error against damp on the rounded white square, and what each criterion chooses."""

import matplotlib.pyplot as plt
import numpy as np
from square import METHODS, choice, error, family
from style import BLUE, FAINT, INK, ORANGE

MARKS = dict(zip(METHODS, "osD^", strict=True))
COLOURS = dict(zip(METHODS, (ORANGE, BLUE, "#7a8a2a", INK), strict=True))

figure, columns = plt.subplots(
    2, 2, figsize=(8.6, 6.4), sharex="col", height_ratios=[3, 2], layout="constrained"
)
for (upper, lower), penalty in zip(columns.T, ("identity", "laplacian"), strict=True):
    damps = np.geomspace(0.02, 3e3, 160)
    upper.loglog(damps, [error(family(penalty).solution(d)) for d in damps], color=FAINT, lw=1.6)
    for method in METHODS:
        found = choice(penalty, method)
        upper.plot(
            found.damp,
            error(family(penalty).solution(found.damp)),
            MARKS[method],
            color=COLOURS[method],
            ms=6.5,
            mfc="none" if method == "lcurve" else None,
            mew=1.6,
            label=method,
        )
    for method in ("gcv", "rgcv"):
        found = choice(penalty, method)
        lower.loglog(found.damps, found.values / found.values.min(), color=COLOURS[method])
        lower.plot(found.damp, 1, MARKS[method], color=COLOURS[method], ms=6.5)
    found = choice(penalty, "discrepancy")
    lower.loglog(found.damps, found.values, color=COLOURS["discrepancy"])
    lower.plot(found.damp, 1, MARKS["discrepancy"], color=COLOURS["discrepancy"], ms=6.5)
    upper.set_title(f"penalty: {penalty}")
    upper.set_ylim(0.7, 130)
    lower.set_ylim(0.5, 30)
    lower.set_xlim(damps[0], damps[-1])
    lower.set_xlabel("damp")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
columns[0, 0].set_ylabel("error of the kernel, per cent")
columns[1, 0].set_ylabel("criterion")
columns[0, 0].legend(frameon=False, fontsize=8.5, loc="lower right")
