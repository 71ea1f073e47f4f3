"""The least-squares problem of a kernel estimate, as a problem of its own.

With an offset it is posed of the pictures less their means, so that a large common level
costs no digits; without damping it has no penalty.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from convmat.errors import ConvmatError
from convmat.estimation.design import KernelDesign
from convmat.estimation.observations import Observation, observe
from convmat.geometry import parse_shape
from convmat.least_squares import LeastSquares
from convmat.linear_maps import adjoint_product, as_linear_map, is_operator, product
from convmat.regularization import DampChoice, checked_noise, choose_damp

__all__ = ["check_flags", "kernel_problem", "posed"]


def kernel_problem(
    before: Any,
    after: Any,
    kernel_shape: int | Sequence[int],
    *,
    mode: str | None = None,
    boundary: str | Sequence[str] | None = None,
    anchor: int | Sequence[int] | None = None,
    offset: bool = False,
    mask: Any = None,
    weights: Any = None,
    noise_std: float | None = None,
    damp: float | str = 0.0,
    penalty: Any = None,
) -> LeastSquares:
    """The least-squares problem that `estimate_kernel` solves, for `compare_solvers`.

    Parameters
    ----------
    before, after, kernel_shape
    mode, boundary, anchor, offset, mask, weights, noise_std, damp, penalty
        As for `estimate_kernel`.

    Returns
    -------
    LeastSquares
        Its unknowns are the raveled kernel and, where there is one, the offset of the pictures
        less their means.

    Examples
    --------
    >>> kernel_problem([1, 2, 4, 8], [0, 3, 6, 12], 2)
    LeastSquares(3 equations, 2 unknowns, operator, float64)
    """
    shape = parse_shape(kernel_shape, "kernel_shape")
    check_flags(offset=offset)
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
    noise_std = None if noise_std is None else checked_noise(noise_std)
    return posed(pairs, shape, offset, damp, penalty, noise_std)[0]


def posed(
    pairs: list[Observation],
    shape: tuple[int, ...],
    offset: bool,
    damp: float | str,
    penalty: Any,
    noise_std: float | None,
) -> tuple[LeastSquares, Any, Any, DampChoice | None]:
    """The problem, the means taken out of it on either side, and how its damp was chosen."""
    fitted = [_fitted(pair, pair.values) for pair in pairs]
    values = fitted[0] if len(fitted) == 1 else np.concatenate(fitted)
    shift, level = (_mean_sample(pairs), values.mean()) if offset else (0.0, 0.0)
    problem = LeastSquares(
        KernelDesign(pairs, shape, shift, offset),
        _less(values, level),
        damp=0.0 if isinstance(damp, str) else damp,
        penalty=_penalty(penalty, prod(shape), offset, damped=bool(np.any(damp))),
        weights=_stacked_weights(pairs),
    )
    if not isinstance(damp, str):
        return problem, shift, level, None
    choice = choose_damp(problem, damp, noise_std=noise_std)
    return problem.with_damp(choice.damp), shift, level, choice


def check_flags(**flags: Any) -> None:
    """Refuse, by name, what is neither True nor False."""
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise ConvmatError(f"{name} must be True or False, got {value!r}")


def _mean_sample(pairs: list[Observation]) -> Any:
    """Of all that is read: without it no digits go into the offset."""
    return sum(pair.samples.sum() for pair in pairs) / sum(pair.samples.size for pair in pairs)


def _fitted(pair: Observation, values: NDArray) -> NDArray:
    """What belongs to the pixels that are fitted, raveled."""
    return values.ravel() if pair.keep.all() else values[pair.keep]


def _less(values: NDArray, level: Any) -> NDArray:
    """Read-only, so that the problem need not copy it."""
    if level:
        values = values - level
        values.setflags(write=False)
    return values


def _stacked_weights(pairs: list[Observation]) -> NDArray | None:
    weights = [_fitted(pair, pair.weights) for pair in pairs if pair.weights is not None]
    return np.concatenate(weights) if weights else None


def _penalty(penalty: Any, size: int, offset: bool, *, damped: bool) -> Any:
    """L, with a column of zeros for the offset."""
    if not offset or (penalty is None and not damped):
        return penalty
    from scipy import sparse

    rows = sparse.eye_array(size) if penalty is None else as_linear_map(penalty, "penalty")
    if rows.shape[1] != size:
        raise ConvmatError(
            f"penalty must have one column for each kernel entry ({size}), got shape {rows.shape}"
        )
    if is_operator(rows):
        return _WithoutOffset(rows)
    return sparse.csr_array(sparse.hstack([rows, sparse.csr_array((rows.shape[0], 1))]))


class _WithoutOffset(LinearOperator):
    """A penalty of the kernel alone, for unknowns of which the last is an offset."""

    def __init__(self, penalty: Any) -> None:
        self._penalty = penalty
        super().__init__(dtype=penalty.dtype, shape=(penalty.shape[0], penalty.shape[1] + 1))

    def _matvec(self, x: NDArray) -> NDArray:
        return product(self._penalty, np.ravel(x)[:-1])

    def _rmatvec(self, y: NDArray) -> NDArray:
        return np.append(adjoint_product(self._penalty, np.ravel(y)), 0.0)
