"""What each way to solve loses, against the condition number, without and with a residual."""

import matplotlib.pyplot as plt
import numpy as np
from style import BLUE, FAINT, INK, ORANGE

from convmat import LeastSquares, solve

WAYS = (
    ("normal equations, not refined", "cholesky", {"refinements": 0}, ORANGE, "o"),
    ("normal equations, refined (cholesky)", "cholesky", {}, BLUE, "s"),
    ("qr", "qr", {}, INK, "x"),
)
rng = np.random.default_rng(0)
conditions = np.geomspace(10, 1e7, 25)


def matrix(condition, m=200, n=20):
    """Build singular values from 1 down to 1/condition, and a unit vector outside the range."""
    U = np.linalg.qr(rng.standard_normal((m, n + 1)))[0]
    V = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return U[:, :n] * np.geomspace(1, 1 / condition, n) @ V.T, U[:, n]


figure, panels = plt.subplots(1, 2, figsize=(8.6, 3.9), sharey=True, layout="constrained")
for axes, residual in zip(panels, (0, 1), strict=True):
    errors = {way[0]: [] for way in WAYS}
    for condition in conditions:
        A, outside = matrix(condition)
        x = rng.standard_normal(A.shape[1])
        x /= np.linalg.norm(x)
        problem = LeastSquares(A, A @ x + residual * outside)
        for name, solver, options, *_ in WAYS:
            errors[name].append(np.linalg.norm(solve(problem, solver, **options).x - x))
    for name, _, _, colour, mark in WAYS:
        axes.loglog(conditions, errors[name], mark, color=colour, ms=4.5, mfc="none", label=name)
    eps = np.finfo(float).eps
    for power, text in ((1, "\u03ba eps"), (2, "\u03ba\u00b2 eps")):
        axes.loglog(conditions, eps * conditions**power, color=FAINT, lw=0.8, zorder=0)
        axes.text(8e6, 3 * eps * 8e6**power, text, ha="right", fontsize=8.5)
    axes.set_title(f"residual norm {residual}")
    axes.set_xlabel("condition number \u03ba")
    axes.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("relative error of x")
panels[0].legend(frameon=False, fontsize=8, loc="upper left")
