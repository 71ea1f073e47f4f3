"""Which convolution a matrix is.

One row from the middle holds the whole kernel. The rows near the edges tell the boundary, along
one axis at a time: a boundary that is right on a line through the middle is right everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.boundary import Boundary
from convmat.geometry import Geometry
from convmat.matrices.explicit import convolution_matrix
from convmat.operators.convolution import convolve
from convmat.probing.borders import boundaries_of_axis, choose_boundary, describe_border
from convmat.probing.norms import norm, ratio
from convmat.probing.operator_report import Border
from convmat.probing.row_kernels import (
    interior_size,
    is_small,
    kernel_of_middle,
    kernels_elsewhere,
)
from convmat.probing.rows import describe_rows

__all__ = [
    "Recognition",
    "recognize_convolution",
    "with_boundary",
]

_SEED = 20130626
_MOST_TERMS = 3  # samples that one past the edges is made of, in `antisymmetric`


@dataclass(frozen=True, eq=False)
class Recognition:
    """The convolution that a matrix is, as far as it is one.

    Attributes
    ----------
    shift_invariant : bool or None
    deviation : float
    kernel : ndarray or None
    geometry : Geometry or None
        Its boundaries are the first of those that fit.
    boundaries : tuple of tuples of Boundary
        For each axis, all that fit; empty where one has none.
    border : Border or None
    notes : tuple of str
    kernel_error : float
        By how much an entry of the kernel may be off; 0 for rounding of floating point.
    exceptions : int
        How many outputs of the interior have another kernel than most.
    """

    shift_invariant: bool | None
    deviation: float = float("nan")
    kernel: NDArray | None = None
    geometry: Geometry | None = None
    boundaries: tuple[tuple[Boundary, ...], ...] = ()
    border: Border | None = None
    notes: tuple[str, ...] = ()
    kernel_error: float = 0.0
    exceptions: int = 0


def recognize_convolution(
    matrix: sparse.csr_array,
    input_shape: Sequence[int],
    output_shape: Sequence[int],
    tolerance: float,
) -> Recognition:
    """Find kernel, mode, anchor and boundaries of a matrix.

    Parameters
    ----------
    matrix : csr_array, shape (outputs, samples)
        Of vectors raveled in C order. What is not stored is 0.
    input_shape, output_shape : tuple of int
    tolerance : float
        By how much an entry may be off.

    Examples
    --------
    >>> H = convolution_matrix([0, 1, 2], 8, "same", "mirror")
    >>> found = recognize_convolution(H, (8,), (8,), 1e-12)
    >>> found.kernel, found.geometry.anchor, found.boundaries
    (array([1., 2.]), (0,), ((<Boundary.MIRROR: 'mirror'>,),))
    """
    n, m = tuple(input_shape), tuple(output_shape)
    if len(n) != len(m):
        note = f"the input has {len(n)} axes and the output {len(m)}: it is no convolution"
        return Recognition(False, notes=(note,))
    found = kernel_of_middle(matrix, n, m)
    if found is None:
        result = Recognition(False, notes=describe_rows(matrix, n, m, tolerance))
    else:
        result = _fit(matrix, *found, tolerance)
    if result.border not in (None, Border.OTHER):
        return result
    for kernel, geometry in kernels_elsewhere(matrix, n, m, tolerance):
        other = _fit(matrix, kernel, geometry, tolerance)
        if other.border is Border.EXTENDED:
            return other
        if other.exceptions and not result.exceptions:
            result = other  # the output in the middle was itself one of them
    if not is_small(n, m, found):
        return result
    note = (
        f"outputs depend on samples all over the signal of shape {n}, and follow no kernel that "
        "can be told; if it is a small one, probe it with a larger input_shape"
    )
    return Recognition(None, notes=(note,))


def _fit(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, tolerance: float
) -> Recognition:
    """Find the boundaries, or what else happens near the edges."""
    n, m = geometry.input_shape, geometry.output_shape
    tolerance *= 1 + sum(kernel.shape)  # at edges, entries are summed
    if interior_size(geometry) < 2:
        return _fit_throughout(matrix, kernel, geometry, tolerance)
    ends = [boundaries_of_axis(matrix, kernel, geometry, axis, tolerance) for axis in range(len(n))]
    fitting = tuple(tuple(name for name in low if name in high) for low, high in ends)
    geometry = with_boundary(geometry, choose_boundary(fitting))
    deviation, wrong = _compare(matrix, kernel, geometry, tolerance)
    if not wrong.any():
        return _extended(deviation, kernel, geometry, fitting)
    inside = wrong[geometry.interior]
    if 2 * np.count_nonzero(inside) > inside.size:
        return Recognition(False, notes=describe_rows(matrix, n, m, tolerance))
    if inside.any():
        return _with_exceptions(inside, geometry)

    def is_matrix(rows: NDArray[np.intp], expected: sparse.csr_array) -> bool:
        return bool(abs(matrix[rows] - expected).max() <= tolerance)

    border, note = describe_border(kernel, geometry, ends, is_matrix)
    return Recognition(True, deviation, kernel, geometry, (), border, (note,))


def _with_exceptions(wrong: NDArray[np.bool_], geometry: Geometry) -> Recognition:
    """Where most outputs that touch no edge share a kernel, and some do not."""
    count = int(np.count_nonzero(wrong))
    within = np.unravel_index(np.argmax(wrong), wrong.shape)
    first = tuple(int(i) + part.start for i, part in zip(within, geometry.interior, strict=True))
    which = f"output {first} has" if count == 1 else f"{count} outputs, first {first}, have"
    note = f"{which} another kernel than the rest of the {wrong.size} that touch no edge"
    return Recognition(False, notes=(note,), exceptions=count)


def _compare(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, tolerance: float
) -> tuple[float, NDArray[np.bool_]]:
    """|M - H| / |M|, and which outputs have another row in H."""
    g = geometry
    H = convolution_matrix(kernel, g.input_shape, g.mode, g.boundary, anchor=g.anchor)
    difference = sparse.csr_array(matrix - H)
    size = norm(matrix.data)
    deviation = ratio(norm(difference.data), size) if size else 0.0
    wrong = abs(difference).max(axis=1).toarray().ravel() > tolerance
    return deviation, wrong.reshape(g.output_shape)


def _fit_throughout(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, tolerance: float
) -> Recognition:
    """For kernels as large as the signal: only what fits every output is known to be right."""
    axes = range(len(geometry.input_shape))
    for boundary in Boundary:
        tried = with_boundary(geometry, (boundary,) * len(axes))
        if not _may_be(matrix, kernel, tried, tolerance):
            continue
        deviation, wrong = _compare(matrix, kernel, tried, tolerance)
        if not wrong.any():
            fitting = tuple(
                tuple(
                    name for name in Boundary if _is(matrix, kernel, tried, axis, name, tolerance)
                )
                for axis in axes
            )
            return _extended(deviation, kernel, tried, fitting)
    return Recognition(None)


def _may_be(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, tolerance: float
) -> bool:
    """Whether a product is the same: asked first, as the matrix of a large kernel is large."""
    g = geometry
    signal = np.random.default_rng(_SEED).uniform(-1, 1, g.input_shape)
    expected = convolve(signal, kernel, g.mode, g.boundary, anchor=g.anchor)
    entries = int(np.diff(matrix.indptr).max()) + _MOST_TERMS * np.count_nonzero(kernel)
    missing = np.abs(matrix @ signal.ravel() - expected.ravel()).max()
    return bool(missing <= entries * tolerance)


def _extended(
    deviation: float,
    kernel: NDArray,
    geometry: Geometry,
    fitting: tuple[tuple[Boundary, ...], ...],
) -> Recognition:
    g = geometry
    large = any(
        k > 1 and part.stop - part.start < 2
        for k, part in zip(kernel.shape, g.interior, strict=True)
    )
    notes = (
        f"along an axis the kernel is as large as the signal of shape {g.input_shape}: whether it "
        "is the same one for other shapes is not known",
    )
    return Recognition(True, deviation, kernel, g, fitting, Border.EXTENDED, notes if large else ())


def _is(
    matrix: sparse.csr_array,
    kernel: NDArray,
    geometry: Geometry,
    axis: int,
    name: Boundary,
    tolerance: float,
) -> bool:
    """Whether it is the matrix for another boundary along one axis, too."""
    boundary = geometry.boundary
    tried = with_boundary(geometry, (*boundary[:axis], name, *boundary[axis + 1 :]))
    return not _compare(matrix, kernel, tried, tolerance)[1].any()


def with_boundary(geometry: Geometry, boundary: tuple[Boundary, ...]) -> Geometry:
    """The same geometry with another boundary."""
    g = geometry
    return Geometry(g.input_shape, g.kernel_shape, g.mode, boundary, g.anchor)
