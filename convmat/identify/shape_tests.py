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
# Error bars that an entry may have and still be cut: sqrt(log n) of BIC is 3 to 4.
_CUT = 4.0
# How far off the box's centre one is sought, as a part of its side; how many are tried.
_PART_OF_BOX, _CENTRES = 8, 4

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

    A symmetry is one of the kernel, not of its box: outside of the box there are zeros, and the
    centre (or axis) may lie beside the box's own. A symmetric kernel whose tail was cut on one side
    by the search, 14x15 of 15x15, is symmetric still. A zero outside stands for an entry that the
    search found too small to keep, which may have been `_CUT` of its own error bars, and its bar is
    that of its partner inside. An extra line is thereby compatible with 0 on the other side where
    its entries are hardly more than such bars, and none is more than twice of them.

    Parameters
    ----------
    kernel : ndarray, shape (k1, k2)
    covariance : ndarray, shape (k1 k2, k1 k2)
        Of the raveled kernel.

    Examples
    --------
    >>> symmetries(np.array([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]]), 1e-6 * np.eye(9))
    ('left-right', 'antisymmetric')
    >>> symmetries(np.array([[0.003, 1, 2, 1]]), 1e-6 * np.eye(4))
    ('point', 'left-right', 'up-down')
    >>> symmetries(np.array([[0.03, 1, 2, 1]]), 1e-6 * np.eye(4))
    ('up-down',)
    """
    return tuple(
        name
        for name in SYMMETRIES
        if any(
            _holds(kernel, covariance, partner, _sign(name)) for partner in _partners(kernel, name)
        )
    )


def _sign(name: str) -> float:
    return -1.0 if name == "antisymmetric" else 1.0


def _partners(kernel: NDArray, name: str) -> list[NDArray]:
    """Where each entry goes, -1 for outside: about the box's centre, then the likeliest others.

    The likeliest are those that take the kernel to what looks most like it.
    """
    rows, columns = kernel.shape
    i, j = np.indices(kernel.shape)
    reach = [max(2, n // _PART_OF_BOX) for n in kernel.shape]
    down, right = (range(-n, n + 1) for n in reach)
    if name == "left-right":
        moved = [(i, columns - 1 + t - j) for t in right]
    elif name == "up-down":
        moved = [(rows - 1 + t - i, j) for t in down]
    elif name == "diagonal":
        middle = (rows - columns) // 2
        moved = [(j + middle + t, i - middle - t) for t in down]
    else:
        moved = [(rows - 1 + s - i, columns - 1 + t - j) for s in down for t in right]
    own = len(moved) // 2
    found, likeness = [], []
    for to_row, to_column in moved:
        inside = (to_row >= 0) & (to_row < rows) & (to_column >= 0) & (to_column < columns)
        partner = np.where(inside, to_row * columns + to_column, -1).ravel()
        found.append(partner)
        there = partner >= 0
        h = kernel.ravel()
        likeness.append(_sign(name) * float(h[there] @ h[partner[there]]))
    order = sorted(range(len(found)), key=lambda k: -likeness[k])[:_CENTRES]
    return [found[k] for k in dict.fromkeys([own, *order]) if likeness[k] >= 0]


def _holds(kernel: NDArray, covariance: NDArray, partner: NDArray, sign: float) -> bool:
    """Whether every entry is `sign` times its partner."""
    from scipy.stats import chi2

    h, own = kernel.ravel(), np.arange(kernel.size)
    # One equation a pair; an entry that is its own partner must be 0 where the sign is -1.
    alone = partner < 0
    first = np.flatnonzero(alone | (own < partner) | ((own == partner) & (sign < 0)))
    if not first.size:
        return True
    outside = alone[first]
    second = np.where(outside, 0, partner[first])
    off = h[first] - np.where(outside, 0.0, sign * h[second])
    within = covariance[np.ix_(first, first)]
    if np.any(np.abs(h[first])[outside] > 2 * _CUT * np.sqrt(np.diagonal(within))[outside]):
        return False  # among many pairs one such entry would not be noticed
    across = np.where(outside, 0.0, covariance[np.ix_(first, second)])
    beyond = np.where(
        outside | outside[:, None], 0.0, covariance[np.ix_(second, second)]
    ) + np.diag(np.where(outside, _CUT**2 * np.diagonal(within), 0.0))
    spread = within - sign * (across + across.T) + beyond
    near = np.abs(off).max() <= _NEGLIGIBLE * np.abs(h).max()
    distance = float(off @ np.linalg.solve(spread, off)) if not near else 0.0
    return bool(near or distance <= chi2.isf(_LEVEL, first.size))


def _solved(basis: NDArray, information: NDArray, h: NDArray) -> NDArray:
    weighted = information @ basis
    return np.linalg.lstsq(basis.T @ weighted, weighted.T @ h, rcond=None)[0]
