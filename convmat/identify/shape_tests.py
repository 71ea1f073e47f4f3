"""Is the kernel separable, is it symmetric: tests against the error bars, not by eye.

Under the hypothesis the kernel nearest in the metric of the covariance V is found; its distance

    (h - g)' V^-1 (h - g)

is chi-square with as many degrees of freedom as the hypothesis takes away. A hypothesis stands
where that distance is not out of the ordinary, or where g differs from h by nothing that matters.

Source: A. van der Vaart, Asymptotic Statistics, Cambridge 1998, chapter 16,
doi:10.1017/CBO9780511802256 (Wald's test).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SYMMETRIES", "is_separable", "symmetries"]

_LEVEL = 1e-4
# Deviations below this share of the largest entry are no more than a tool's own arithmetic.
_NEGLIGIBLE = 1e-6
_SWEEPS = 50

SYMMETRIES = ("point", "left-right", "up-down", "diagonal", "antisymmetric")
"""The names that `symmetries` may give."""


def is_separable(kernel: NDArray, information: NDArray) -> bool:
    """Whether the kernel may be an outer product of a column and a row.

    Examples
    --------
    >>> is_separable(np.outer([1.0, 2, 1], [1.0, 3]), 1e6 * np.eye(6))
    True
    """
    from scipy.stats import chi2

    rows, columns = kernel.shape
    freedom = (rows - 1) * (columns - 1)
    if not freedom:
        return True
    u, s, v = np.linalg.svd(kernel)
    left, right = u[:, 0] * s[0], v[0]
    h = kernel.ravel()
    distance = np.inf
    for _ in range(_SWEEPS):
        # Each factor by least squares in the metric, the other one held.
        left = _solved(np.kron(np.eye(rows), right[:, None]), information, h)
        right = _solved(np.kron(left[:, None], np.eye(columns)), information, h)
        off = h - np.outer(left, right).ravel()
        last, distance = distance, float(off @ information @ off)
        if last - distance <= 1e-6 * distance:
            break
    near = np.abs(off).max() <= _NEGLIGIBLE * np.abs(h).max()
    return bool(near or distance <= chi2.isf(_LEVEL, freedom))


def symmetries(kernel: NDArray, covariance: NDArray) -> tuple[str, ...]:
    """The names of the symmetries that the error bars do not rule out.

    Examples
    --------
    >>> symmetries(np.array([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]]), 1e-6 * np.eye(9))
    ('left-right', 'antisymmetric')
    """
    index = np.arange(kernel.size).reshape(kernel.shape)
    turned = {
        "point": (np.flip(index), 1.0),
        "left-right": (index[:, ::-1], 1.0),
        "up-down": (index[::-1], 1.0),
        "antisymmetric": (np.flip(index), -1.0),
    }
    if kernel.shape[0] == kernel.shape[1]:
        turned["diagonal"] = (index.T, 1.0)
    return tuple(
        name
        for name in SYMMETRIES
        if name in turned and _holds(kernel, covariance, turned[name][0].ravel(), turned[name][1])
    )


def _holds(kernel: NDArray, covariance: NDArray, partner: NDArray, sign: float) -> bool:
    """Whether every entry is `sign` times its partner."""
    from scipy.stats import chi2

    h, own = kernel.ravel(), np.arange(kernel.size)
    # One equation a pair; an entry that is its own partner must be 0 where the sign is -1.
    first = np.flatnonzero((own < partner) | ((own == partner) & (sign < 0)))
    if not first.size:
        return True
    second = partner[first]
    off = h[first] - sign * h[second]
    blocks = [
        covariance[np.ix_(a, b)] for a, b in ((first, first), (first, second), (second, second))
    ]
    spread = blocks[0] - sign * (blocks[1] + blocks[1].T) + blocks[2]
    near = np.abs(off).max() <= _NEGLIGIBLE * np.abs(h).max()
    distance = float(off @ np.linalg.solve(spread, off)) if not near else 0.0
    return bool(near or distance <= chi2.isf(_LEVEL, first.size))


def _solved(basis: NDArray, information: NDArray, h: NDArray) -> NDArray:
    weighted = information @ basis
    return np.linalg.lstsq(basis.T @ weighted, weighted.T @ h, rcond=None)[0]
