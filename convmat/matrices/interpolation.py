"""Linear interpolation between nodes along one axis, the same for every axis of a grid.

    f(i) = f[left] + fraction * (f[right] - f[left])

Before the first node and behind the last, f is what it is there. At a node, and between equal
values, f is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.errors import ConvmatError

__all__ = ["Interpolation", "interpolation", "parse_nodes"]


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Where the samples 0, 1, ... of an axis lie between its nodes.

    Attributes
    ----------
    left, right : ndarray of intp, shape (samples,)
        Nodes; the same where `fraction` is 0.
    fraction : ndarray of float64, shape (samples,)
        From 0 to below 1.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    fraction: NDArray[np.float64]


def interpolation(nodes: NDArray[np.float64], samples: int) -> Interpolation:
    """Of `samples` samples between nodes at ascending positions.

    Examples
    --------
    >>> interpolation(np.array([0.0, 4.0]), 5).fraction
    array([0.  , 0.25, 0.5 , 0.75, 0.  ])
    """
    at = np.clip(np.arange(samples, dtype=np.float64), nodes[0], nodes[-1])
    left = np.searchsorted(nodes, at, side="right") - 1
    right = np.minimum(left + 1, nodes.size - 1)
    gap = np.where(right > left, nodes[right] - nodes[left], 1.0)
    fraction = (at - nodes[left]) / gap
    return Interpolation(left, np.where(fraction > 0, right, left), fraction)


def parse_nodes(
    nodes: Any, grid_shape: tuple[int, ...], sizes: tuple[int, ...]
) -> tuple[NDArray[np.float64], ...]:
    """Positions of the nodes per axis; evenly from the first sample to the last by default.

    Raises
    ------
    ConvmatError
        Where they are not one ascending array per axis, of as many positions as the grid has.

    Examples
    --------
    >>> parse_nodes(None, (3,), (9,))
    (array([0., 4., 8.]),)
    """
    if nodes is None:
        for axis, (count, size) in enumerate(zip(grid_shape, sizes, strict=True)):
            if count > 1 and size == 1:
                raise ConvmatError(
                    f"the grid of kernels has {count} nodes along axis {axis}, which has one "
                    "pixel; nodes= says where they are"
                )
        return tuple(
            np.linspace(0, n - 1, g) if g > 1 else np.array([(n - 1) / 2])
            for g, n in zip(grid_shape, sizes, strict=True)
        )
    if not isinstance(nodes, Sequence) or isinstance(nodes, str) or len(nodes) != len(grid_shape):
        raise ConvmatError(
            f"nodes must be {len(grid_shape)} arrays of positions, one per axis, got {nodes!r}"
        )
    parsed = []
    for axis, (positions, count) in enumerate(zip(nodes, grid_shape, strict=True)):
        array = as_samples(positions, f"nodes[{axis}]", ndim=1, dtype=np.float64)
        if array.size != count or np.any(np.diff(array) <= 0):
            raise ConvmatError(
                f"nodes[{axis}] must be {count} ascending positions, as the grid of kernels has, "
                f"got {array}"
            )
        parsed.append(array)
    return tuple(parsed)
