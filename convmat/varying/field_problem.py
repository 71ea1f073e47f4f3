"""The least-squares problem of a field of kernels, as a problem of its own.

    min over kernels h_g  of  sum_i w_i (y_i - sum_g w_g(i) (X h_g)_i - o)^2
                              + smoothness^2 sum over neighbours g, g'  |h_g - h_g'|^2

See `field_design` for what the unknowns reach.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError
from convmat.estimation.kernel_fit import check_flags
from convmat.estimation.observations import Observation, observe
from convmat.geometry import parse_shape
from convmat.least_squares import LARGEST_DAMP, LeastSquares
from convmat.matrices.differences import difference_matrix
from convmat.matrices.interpolation import parse_nodes
from convmat.regularization import DampChoice, DampMethod, checked_noise, choose_damp
from convmat.varying.field_design import FieldDesign

__all__ = ["kernel_field_problem", "observed", "posed"]


def kernel_field_problem(
    before: Any,
    after: Any,
    kernel_shape: int | Sequence[int],
    grid_shape: int | Sequence[int],
    *,
    smoothness: float | str = 0.0,
    nodes: Sequence[Any] | None = None,
    mode: str | None = None,
    boundary: str | Sequence[str] | None = None,
    anchor: int | Sequence[int] | None = None,
    offset: bool = False,
    mask: Any = None,
    weights: Any = None,
    noise_std: float | None = None,
) -> LeastSquares:
    """The least-squares problem that `estimate_kernel_field` solves, for constraints and others.

    Parameters
    ----------
    before, after, kernel_shape, grid_shape, smoothness, nodes
    mode, boundary, anchor, offset, mask, weights, noise_std
        As for `estimate_kernel_field`.

    Returns
    -------
    LeastSquares
        Its unknowns are the raveled kernels and, where there is one, the offset.

    Examples
    --------
    >>> kernel_field_problem([1, 2, 4, 8, 16], [0, 3, 6, 12, 24], 2, 2)
    LeastSquares(4 equations, 4 unknowns, operator, float64)
    """
    shape = parse_shape(kernel_shape, "kernel_shape")
    grid = parse_shape(grid_shape, "grid_shape")
    check_flags(offset=offset)
    pairs = observed(before, after, shape, grid, mode, boundary, anchor, mask, weights)
    positions = parse_nodes(nodes, grid, pairs[0].geometry.output_shape)
    noise_std = None if noise_std is None else checked_noise(noise_std)
    return posed(pairs, shape, positions, boundary, offset, smoothness, noise_std=noise_std)[0]


def observed(
    before: Any,
    after: Any,
    shape: tuple[int, ...],
    grid: tuple[int, ...],
    mode: str | None,
    boundary: Any,
    anchor: Any,
    mask: Any,
    weights: Any,
) -> list[Observation]:
    """The pictures, as for one kernel; all of one shape."""
    if len(grid) != len(shape):
        raise ConvmatError(
            f"grid_shape must have as many axes as kernel_shape ({len(shape)}), got {grid}"
        )
    pairs = observe(
        before,
        after,
        shape,
        mode=mode,
        boundary=boundary,
        anchor=anchor,
        mask=mask,
        weights=weights,
    )
    shapes = {pair.geometry.output_shape for pair in pairs}
    if len(shapes) > 1:
        raise ConvmatError(
            "the pictures must have one shape, as the nodes are at places of theirs; got "
            f"{', '.join(map(str, sorted(shapes)))}"
        )
    return pairs


def posed(
    pairs: list[Observation],
    shape: tuple[int, ...],
    nodes: tuple[NDArray[np.float64], ...],
    boundary: Any,
    offset: bool,
    smoothness: float | str,
    *,
    noise_std: float | None,
) -> tuple[LeastSquares, DampChoice | None]:
    """The problem, and how its smoothness was chosen."""
    number, method = _checked(smoothness)
    interior = pairs[0].geometry.interior
    starts = tuple(part.start if boundary is None else 0 for part in interior)
    design = FieldDesign(pairs, starts, nodes, shape, offset)
    penalty = None
    if number or method is not None:
        penalty = _roughness(design.grid_shape, prod(shape), offset)
    weights = None
    if any(pair.weights is not None for pair in pairs):
        weights = np.concatenate([_row_weights(pair) for pair in pairs])
    problem = LeastSquares(
        design,
        np.concatenate([pair.values[pair.keep] for pair in pairs]),
        damp=0.0 if penalty is None else number,  # one kernel has no neighbours
        penalty=penalty,
        weights=weights,
    )
    if method is None or penalty is None:
        return problem, None
    choice = choose_damp(problem, method, noise_std=noise_std)
    return problem.with_damp(choice.damp), choice


def _row_weights(pair: Observation) -> NDArray[np.float64]:
    if pair.weights is None:
        return np.ones(int(np.count_nonzero(pair.keep)))
    return pair.weights[pair.keep]


def _checked(smoothness: Any) -> tuple[float, DampMethod | None]:
    """A number, or 0 and the method that chooses it."""
    try:
        if isinstance(smoothness, str):
            return 0.0, DampMethod(smoothness)
        value = float(smoothness)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value <= LARGEST_DAMP:
        raise ConvmatError(
            f"smoothness must be from 0 to {LARGEST_DAMP:g} or one of {', '.join(DampMethod)}, "
            f"got {smoothness!r}"
        )
    return value, None


def _roughness(grid: tuple[int, ...], entries: int, offset: bool) -> Any:
    """Differences between neighbouring kernels, of all axes that have neighbours; None for none."""
    nodes = prod(grid)
    axes = [axis for axis, size in enumerate(grid) if size > 1]
    if not axes:
        return None
    differences = [difference_matrix(grid, axis=axis, boundary=None) for axis in axes]
    of_kernels = sparse.kron(sparse.vstack(differences), sparse.eye_array(entries), format="csr")
    if not offset:
        return sparse.csr_array(of_kernels)
    width = nodes * entries + 1
    return sparse.csr_array(
        (of_kernels.data, of_kernels.indices, of_kernels.indptr), (of_kernels.shape[0], width)
    )
