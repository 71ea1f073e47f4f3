"""The moments of pictures, before and after: X'WX and X'Wy without the data matrix X.

Any boundary is the `valid` problem of the extended signal. With that signal reversed, e, the
output o reads ``e[o + a]`` at kernel entry a, so that

    G[a, b] = sum over outputs o of  w[o] conj(e[o + a]) e[o + b]

With equal weights this is a matter of few FFTs, whose spectra also multiply by X and by its
adjoint (`block_spectra`), and of strips along the edges (`displacement`).
Weights that are mostly equal, as a mask's, change it by the products of the few other rows of
X, which are formed by blocks and multiplied by BLAS. So is everything where the picture is
small or the weights are general: K^2 multiplications for every output.

Everything is summed about the mean of e, taken after extending: before, the zeros of `zero`
and the signs of `antisymmetric` would not be what they are.

Source: T. Kailath, S.-Y. Kung and M. Morf, Displacement ranks of matrices and linear
equations, J. Math. Anal. Appl. 68 (1979), doi:10.1016/0022-247X(79)90124-0.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.gram.displacement import window_products
from convmat.gram.moments import Moments
from convmat.linear_maps import solution_dtype
from convmat.memory import require_memory
from convmat.operators.correlation import WindowPlan, digits_centre
from convmat.triangles import mirror_upper

__all__ = ["data_moments", "moments_of_each", "plan_moments"]

# Measured: entries of X, formed and multiplied, that take as long as the other way does whatever
# the size, and for each sample.
_ROWS_ENTRIES = 2**17
_ROWS_ENTRIES_PER_SAMPLE = 3
# Samples per sample in a window from which subtracting loses a digit.
_LARGEST_SURPLUS = 4
# Share of the sum of squares that must be left when rows are taken away.
_LEAST_LEFT = 0.01
_BLOCK_ENTRIES = 2**19
_SUMMED_ENTRIES = 2**14


def data_moments(
    extended: NDArray,
    kernel_shape: tuple[int, ...],
    observed: NDArray | None = None,
    weights: NDArray | None = None,
) -> Moments:
    """X'WX, X'Wy and the other sums for X = ``data_matrix(extended, kernel_shape, "valid")``.

    Parameters
    ----------
    extended : ndarray
        What the outputs read: the signal itself in mode `valid`, ``extend(signal, geometry)``
        in any other, or the part that the interior reads. Computed in double precision.
    kernel_shape : tuple of int
        No larger than `extended`.
    observed : ndarray, shape of the outputs: that of `extended` less the kernel's, plus 1
        y; not read where the weight is 0. None is 0.
    weights : ndarray, shape of the outputs, optional
        Not negative; 0 or False leaves an output out. Fast where nearly all are equal, or
        nearly all inside the box around those that are not 0.

    Returns
    -------
    Moments
        Its K entries are those of the raveled kernel. Those of several pictures add up.

    Raises
    ------
    ConvmatError
        Where shapes disagree or no weight is positive, and where there is no room for G.

    Examples
    --------
    >>> moments = data_moments(np.array([1.0, 2.0, 4.0, 8.0]), (2,))
    >>> moments.plain()[0]
    array([[84., 42.],
           [42., 21.]])
    """
    if any(n < k for n, k in zip(extended.shape, kernel_shape, strict=True)):
        raise ConvmatError(
            f"the kernel {kernel_shape} is larger than what is read {extended.shape}"
        )
    extended = np.ascontiguousarray(extended, dtype=solution_dtype(extended))
    return plan_moments(WindowPlan(extended, kernel_shape), observed, weights)


def plan_moments(
    plan: WindowPlan, observed: NDArray | None = None, weights: NDArray | None = None
) -> Moments:
    """`data_moments` of a plan in double precision, which keeps the spectra for products."""
    kernel_shape, outputs = plan.kernel_shape, plan.output_shape
    for name, array in (("observed", observed), ("weights", weights)):
        if array is not None and array.shape != outputs:
            raise ConvmatError(f"{name} must have shape {outputs}, got {array.shape}")
    dtype = solution_dtype(plan.samples, observed)
    needed = 3 * dtype.itemsize * prod(kernel_shape) ** 2
    require_memory(needed, "computing the Gram matrix", "use an iterative solver")
    observed = np.zeros(outputs) if observed is None else observed
    if weights is not None:
        box = _box(weights)
        observed, weights = observed[box], weights[box].astype(np.float64)
        if weights.shape != outputs:
            reads = zip(box, kernel_shape, strict=True)
            part = plan.samples[tuple(slice(s.start, s.stop + k - 1) for s, k in reads)]
            plan = WindowPlan(np.ascontiguousarray(part), kernel_shape, shift=plan.shift)
    observed, observed_shift = _centred(observed.astype(solution_dtype(observed)), weights)
    if weights is None:
        weighted, count, total = observed, observed.size, float(observed.size)
        gram, (cross,) = _products(plan, [observed], None)
        sums = _window_sums(plan).ravel().conj()
    else:
        weighted = weights * observed
        count, total = int(np.count_nonzero(weights)), float(weights.sum())
        gram, (cross, sums) = _products(plan, [weighted, weights], weights)
    return Moments(
        gram=gram.astype(dtype, copy=False),
        cross=cross,
        power=float(np.vdot(observed, weighted).real),
        column_sums=sums,
        observed_sum=weighted.sum().item(),
        weight_sum=total,
        shift=(plan.centre - plan.shift).item(),
        observed_shift=observed_shift,
        observations=count,
    )


def moments_of_each(
    extended: NDArray, kernel_shape: tuple[int, ...], observed: Sequence[NDArray]
) -> list[Moments]:
    """`data_moments` of several observed arrays: G, which is most of the work, is one for all.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0, 8.0])
    >>> first, second = moments_of_each(x, (2,), [x[1:], x[:-1]])
    >>> first.gram is second.gram, second.plain()[1].round(12)
    (True, array([42., 21.]))
    """
    plan = WindowPlan(np.ascontiguousarray(extended, dtype=np.float64), kernel_shape)
    first = plan_moments(plan, observed[0])
    found = [first]
    for other in observed[1:]:
        centred, shift = _centred(other.astype(np.float64), None)
        cross = plan.spectra.adjoint(centred).ravel()
        power, total = float(np.vdot(centred, centred)), centred.sum().item()
        same = replace(first, cross=cross, power=power, observed_sum=total, observed_shift=shift)
        found.append(same)
    return found


def _box(weights: NDArray) -> tuple[slice, ...]:
    """The smallest box that holds all weights that are not 0."""
    slices = []
    for axis in range(weights.ndim):
        others = tuple(j for j in range(weights.ndim) if j != axis)
        (places,) = np.nonzero(weights.any(axis=others))
        if not places.size:
            raise ConvmatError("weights are all zero (or the mask is all True): no pixel is left")
        slices.append(slice(int(places[0]), int(places[-1]) + 1))
    return tuple(slices)


def _centred(array: NDArray, weights: NDArray | None) -> tuple[NDArray, complex]:
    """Less its weighted mean, and the mean; 0 where the weight is 0."""
    if weights is None:
        mean = digits_centre(array)
        return array - mean if mean else array, mean.item()
    used = weights != 0
    mean = np.average(array[used], weights=weights[used])
    return np.where(used, array - mean, 0), mean.item()


def _window_sums(plan: WindowPlan) -> NDArray:
    """Sums over the window of outputs of what is centred, at every kernel entry."""
    sums, centre = plan.samples, plan.centre
    for axis, size in enumerate(plan.output_shape):
        sums = np.moveaxis(sums, axis, 0)
        rows = sums.reshape(len(sums), -1)
        # By blocks that stay in the cache, less what is common to all before it is summed.
        step = max(1, _SUMMED_ENTRIES // rows.shape[1])
        starts = range(0, size, step)
        first = sum((rows[i : min(i + step, size)] - centre).sum(axis=0) for i in starts)
        steps = rows[size:] - rows[: len(rows) - size]
        totals = np.cumsum(np.concatenate([np.reshape(first, (1, -1)), steps]), axis=0)
        sums = np.moveaxis(totals.reshape(-1, *sums.shape[1:]), 0, axis)
        centre = 0
    return np.flip(sums)


def _products(
    plan: WindowPlan, others: list[NDArray], weights: NDArray | None
) -> tuple[NDArray, list[NDArray]]:
    """``x'Wx`` and x'(other) for each of the others, by the cheaper way."""
    kernel_shape, extended, centre = plan.kernel_shape, np.flip(plan.samples), plan.centre
    common, unequal = _common_weight(extended, kernel_shape, others[0].size, weights)
    if not common:
        return _row_products(extended, centre, kernel_shape, weights, others)
    # The lag sums of what is reversed are those of the negative lags.
    lags = np.flip(plan.spectra.lag_sums())
    crosses = [plan.spectra.adjoint(other).ravel() for other in others]
    columns = prod(kernel_shape)
    gram = window_products(
        extended[np.newaxis], kernel_shape, image=lags, centre=centre, upper=True
    )
    gram = gram.reshape(columns, columns)
    mirror_upper(gram, columns // kernel_shape[0])
    if common != 1:
        gram *= common
    if unequal is not None:
        full = np.trace(gram).real
        for sign in (1, -1):
            others_weights = np.maximum(sign * unequal, 0)
            gram += sign * _row_products(extended, centre, kernel_shape, others_weights, [])[0]
        if np.trace(gram).real < _LEAST_LEFT * full:
            return _row_products(extended, centre, kernel_shape, weights, others)
    return gram, crosses


def _common_weight(
    extended: NDArray, kernel_shape: tuple[int, ...], count: int, weights: NDArray | None
) -> tuple[float, NDArray | None]:
    """The weight that most outputs have, 0 for rows by blocks; and what the others have more."""
    common, unequal, saved = 1.0, None, count
    if weights is not None:
        common = float(np.partition(weights, count // 2, axis=None)[count // 2])
        unequal = weights - common
        different = int(np.count_nonzero(unequal))
        saved = int(np.count_nonzero(weights)) - different
        unequal = unequal if different else None
    fewest = _ROWS_ENTRIES + _ROWS_ENTRIES_PER_SAMPLE * extended.size
    if extended.size > _LARGEST_SURPLUS * count or saved * prod(kernel_shape) < fewest:
        return 0.0, None
    return common, unequal


def _row_products(
    extended: NDArray,
    centre: Any,
    kernel_shape: tuple[int, ...],
    weights: NDArray | None,
    others: list[NDArray],
) -> tuple[NDArray, list[NDArray]]:
    """``x'Wx`` and x'(other) from the rows of x of positive weight, formed by blocks.

    The extended signal is reversed, the weights and others are not.
    """
    windows = sliding_window_view(extended, kernel_shape)
    outputs, columns = windows.shape[: extended.ndim], prod(kernel_shape)
    weights = None if weights is None else np.flip(weights)
    others = [np.flip(other) for other in others]
    indices = np.arange(prod(outputs)) if weights is None else np.flatnonzero(weights)
    gram = np.zeros((columns, columns), dtype=extended.dtype)
    crosses = np.zeros((columns, len(others)), dtype=np.result_type(extended, *others))
    rows = max(1, _BLOCK_ENTRIES // columns)
    for start in range(0, indices.size, rows):
        which = np.unravel_index(indices[start : start + rows], outputs)
        block = windows[which].reshape(-1, columns)
        if centre:
            block -= centre
        targets = [other[which] for other in others]
        if targets:
            crosses += block.conj().T @ np.stack(targets, axis=1)
        if weights is not None:
            block *= np.sqrt(weights[which])[:, None]
        gram += block.conj().T @ block if block.dtype.kind == "c" else block.T @ block
    mirror_upper(gram)
    return gram, list(crosses.T)
