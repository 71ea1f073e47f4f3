"""What a function does near the edges: which boundary fits, or what it does instead."""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.boundary import Boundary, Extension
from convmat.geometry import Geometry, Mode
from convmat.matrices.explicit import convolution_matrix
from convmat.probing.operator_report import Border

__all__ = ["boundaries_of_axis", "choose_boundary", "describe_border"]

_NO_SUM = 1e-6  # a sum so small, relative to the entries, is one that nobody divides by


def boundaries_of_axis(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, axis: int, tolerance: float
) -> tuple[tuple[Boundary, ...], tuple[Boundary, ...]]:
    """The boundaries that fit at the low and at the high end of one axis.

    Compared are the outputs on a line through the middle, where the other axes touch no edge:
    an output there reads, for each place along the other axes, one line of the signal, with the
    kernel's line for that place.
    """
    g, m = geometry, geometry.output_shape
    middle = [(part.start + part.stop) // 2 for part in g.interior]
    inside = g.interior[axis]
    near = np.r_[0 : inside.start, inside.stop : m[axis]]
    rows = np.ravel_multi_index(
        [near if other == axis else np.full(near.size, o) for other, o in enumerate(middle)], m
    )
    # Along the other axes, the sample that kernel entry a meets.
    samples = [
        np.arange(n) if other == axis else o + first + k - 1 - np.arange(k)
        for other, (n, k, o, first) in enumerate(
            zip(g.input_shape, g.kernel_shape, middle, g.first_sample, strict=True)
        )
    ]
    columns = np.ravel_multi_index(np.ix_(*samples), g.input_shape)
    columns = np.moveaxis(columns, axis, 0).reshape(-1)
    n, k = g.input_shape[axis], g.kernel_shape[axis]
    found = matrix[rows][:, columns].toarray().reshape(near.size, n, kernel.size // k)
    weights = np.moveaxis(kernel, axis, 0).reshape(k, -1)
    low = near < inside.start
    fits: tuple[list[Boundary], list[Boundary]] = ([], [])
    for boundary in Boundary:
        differs = np.abs(found - _expected(boundary, geometry, axis, near, weights)).max(
            axis=(1, 2), initial=0
        )
        for end, names in zip((low, ~low), fits, strict=True):
            if (differs[end] <= tolerance).all():
                names.append(boundary)
    return tuple(fits[0]), tuple(fits[1])


def _expected(
    boundary: Boundary, geometry: Geometry, axis: int, outputs: NDArray, weights: NDArray
) -> NDArray:
    """Rows of the matrices of lines of the kernel, shape (outputs, samples, lines)."""
    extended = _extension(geometry, axis, boundary)
    read = outputs[:, None] + np.arange(len(weights))
    backwards = weights[::-1]  # as the kernel runs over what is read
    expected = np.zeros((outputs.size, extended.size, weights.shape[1]), weights.dtype)
    rows = np.arange(outputs.size)[:, None]
    for indices, terms in zip(extended.indices, extended.weights, strict=True):
        np.add.at(expected, (rows, indices[read]), terms[read][..., None] * backwards)
    return expected


def describe_border(
    kernel: NDArray,
    geometry: Geometry,
    ends: Sequence[tuple[tuple[Boundary, ...], tuple[Boundary, ...]]],
    is_matrix: Callable[[NDArray[np.intp], sparse.csr_array], bool],
) -> tuple[Border, str]:
    """What outputs near an edge are, where no boundary explains them; a word and a sentence.

    Parameters
    ----------
    kernel, geometry : what the interior is
    ends : the boundaries that fit at the low and high end of each axis
    is_matrix : callable
        Whether the outputs of these numbers are the products with these rows.
    """
    g = geometry
    border = np.ones(g.output_shape, dtype=np.bool_)
    border[g.interior] = False
    rows = np.flatnonzero(border)
    inner = " x ".join(f"{part.start}...{part.stop - 1}" for part in g.interior)
    zeros = convolution_matrix(kernel, g.input_shape, g.mode, "zero", anchor=g.anchor)
    samples = prod(g.input_shape)

    if is_matrix(rows, sparse.csr_array((rows.size, samples))):
        return Border.ZEROED, f"only the outputs {inner} are computed, the others are constant"
    if g.mode is Mode.SAME and is_matrix(rows, sparse.eye_array(samples, format="csr")[rows]):
        return Border.UNTOUCHED, f"only the outputs {inner} are computed, the border is left as is"
    nearest = [
        np.clip(index, part.start, part.stop - 1)
        for index, part in zip(np.unravel_index(rows, g.output_shape), g.interior, strict=True)
    ]
    if is_matrix(rows, zeros[np.ravel_multi_index(nearest, g.output_shape)]):
        return Border.REPEATED, f"only the outputs {inner} are computed, and repeated outwards"
    sums, total = zeros[rows].sum(axis=1), kernel.sum()
    if np.abs(sums).min() > _NO_SUM * np.abs(kernel).sum():
        scaled = sparse.csr_array(sparse.diags_array(total / sums) @ zeros[rows])
        if is_matrix(rows, scaled):
            return Border.NORMALISED, (
                "nothing is read past the edges, and outputs there are divided by the sum of those "
                "entries of the kernel that are used"
            )
    pairs = [(low[0], high[0]) for low, high in ends if low and high]
    if len(pairs) == len(ends) and is_matrix(rows, _two_sided(kernel, g, pairs)[rows]):
        names = "; ".join(
            f"axis {axis} begins with {low} and ends with {high}"
            for axis, (low, high) in enumerate(pairs)
        )
        return Border.SIDES, f"the two ends of an axis have different boundaries: {names}"
    return Border.OTHER, f"near the edges, away from {inner}, none of the seven boundaries fits"


def choose_boundary(fitting: Sequence[tuple[Boundary, ...]]) -> tuple[Boundary, ...]:
    """One boundary for all axes where there is one; `zero` where an axis has none.

    Examples
    --------
    >>> choose_boundary(((Boundary.ZERO, Boundary.MIRROR), (Boundary.MIRROR,)))
    (<Boundary.MIRROR: 'mirror'>, <Boundary.MIRROR: 'mirror'>)
    """
    if not all(fitting):
        return (Boundary.ZERO,) * len(fitting)
    common = [name for name in fitting[0] if all(name in names for names in fitting)]
    return (common[0],) * len(fitting) if common else tuple(names[0] for names in fitting)


def _two_sided(
    kernel: NDArray, geometry: Geometry, ends: Sequence[tuple[Boundary, Boundary]]
) -> sparse.csr_array:
    """The matrix for one boundary at the low and another at the high end of each axis."""
    extended = sparse.eye_array(1, format="csr")
    shape = []
    for axis, (low, high) in enumerate(ends):
        before, after = (_extension(geometry, axis, name) for name in (low, high))
        count = before.indices.shape[1]
        first = max(0, min(count, before.size - before.start))  # position past the high end
        parts = [_extension_matrix(before)[:first], _extension_matrix(after)[first:]]
        extended = sparse.kron(extended, sparse.vstack(parts), format="csr")
        shape.append(count)
    return sparse.csr_array(convolution_matrix(kernel, shape, "valid") @ extended)


def _extension(geometry: Geometry, axis: int, boundary: Boundary) -> Extension:
    g = geometry
    one = Geometry(g.input_shape[axis], g.kernel_shape[axis], g.mode, boundary, g.anchor[axis])
    return one.extensions[0]


def _extension_matrix(extended: Extension) -> sparse.csr_array:
    """The extended samples of one axis as combinations of the signal's."""
    positions = np.broadcast_to(np.arange(extended.indices.shape[1]), extended.indices.shape)
    entries = extended.weights.ravel(), (positions.ravel(), extended.indices.ravel())
    shape = positions.shape[1], extended.size
    return sparse.csr_array(sparse.coo_array(entries, shape=shape))
