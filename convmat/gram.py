"""The moments of pictures, before and after: X'WX and X'Wy without the data matrix X.

Any boundary is the `valid` problem of the extended signal. With that signal reversed, e, the
output o reads ``e[o + a]`` at kernel entry a, so that

    G[a, b] = sum over outputs o of  w[o] conj(e[o + a]) e[o + b]

With equal weights this is a matter of few FFTs and strips along the edges (`displacement`).
Weights that are mostly equal, as a mask's, change it by the products of the few other rows of
X, which are formed by blocks and multiplied by BLAS. So is everything where the picture is
small or the weights are general: K^2 multiplications for every output.

Everything is summed about the mean of e, taken after extending: before, the zeros of `zero`
and the signs of `antisymmetric` would not be what they are.

Source: T. Kailath, S.-Y. Kung and M. Morf, Displacement ranks of matrices and linear
equations, J. Math. Anal. Appl. 68 (1979), doi:10.1016/0022-247X(79)90124-0.
"""

from math import isqrt, prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from convmat.displacement import window_products
from convmat.errors import ConvmatError
from convmat.lag_sums import image_lag_sums
from convmat.linear_maps import solution_dtype
from convmat.memory import require_memory
from convmat.moments import Moments, mirror_upper

__all__ = ["data_moments"]

# Measured: entries of X, formed and multiplied, that take as long as the other way does whatever
# the size, and for each sample.
_ROWS_ENTRIES = 2**17
_ROWS_ENTRIES_PER_SAMPLE = 3
# Samples per sample in a window from which subtracting loses a digit.
_LARGEST_SURPLUS = 4
# Share of the sum of squares that must be left when rows are taken away.
_LEAST_LEFT = 0.01
_BLOCK_ENTRIES = 2**19


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
    outputs = tuple(n - k + 1 for n, k in zip(extended.shape, kernel_shape, strict=True))
    if min(outputs) < 1:
        raise ConvmatError(
            f"the kernel {kernel_shape} is larger than what is read {extended.shape}"
        )
    for name, array in (("observed", observed), ("weights", weights)):
        if array is not None and array.shape != outputs:
            raise ConvmatError(f"{name} must have shape {outputs}, got {array.shape}")
    dtype = solution_dtype(extended, observed)
    needed = 3 * dtype.itemsize * prod(kernel_shape) ** 2
    require_memory(needed, "computing the Gram matrix", "use an iterative solver")
    observed = np.zeros(outputs) if observed is None else observed
    if weights is not None:
        box = _box(weights)
        reads = zip(box, kernel_shape, strict=True)
        extended = extended[tuple(slice(s.start, s.stop + k - 1) for s, k in reads)]
        observed, weights = observed[box], np.flip(weights[box]).astype(np.float64)
    extended, shift = _centred(np.flip(extended).astype(dtype, copy=False), None)
    observed, observed_shift = _centred(np.flip(observed).astype(dtype, copy=False), weights)
    if weights is None:
        weighted, count, total = observed, observed.size, float(observed.size)
        gram, (cross,) = _products(extended, kernel_shape, [observed], None)
        sums = _window_sums(extended, observed.shape).ravel().conj()
    else:
        weighted = weights * observed
        count, total = int(np.count_nonzero(weights)), float(weights.sum())
        others = [weighted, weights.astype(dtype)]
        gram, (cross, sums) = _products(extended, kernel_shape, others, weights)
    return Moments(
        gram=gram,
        cross=cross,
        power=float(np.vdot(observed, weighted).real),
        column_sums=sums,
        observed_sum=weighted.sum().item(),
        weight_sum=total,
        shift=shift,
        observed_shift=observed_shift,
        observations=count,
    )


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
        mean = array.mean()
        return array - mean, mean.item()
    used = weights != 0
    mean = np.average(array[used], weights=weights[used])
    return np.where(used, array - mean, 0), mean.item()


def _window_sums(extended: NDArray, outputs: tuple[int, ...]) -> NDArray:
    """Sums over the window of outputs, at every kernel entry."""
    sums = extended
    for axis, size in enumerate(outputs):
        sums = np.moveaxis(sums, axis, 0)
        # In two steps, as NumPy adds equal numbers one by one along any axis but the last.
        parts = np.add.reduceat(sums[:size], np.arange(0, size, isqrt(size)), axis=0)
        first = parts.sum(axis=0, keepdims=True)
        steps = sums[size:] - sums[: len(sums) - size]
        sums = np.moveaxis(np.cumsum(np.concatenate([first, steps]), axis=0), 0, axis)
    return sums


def _products(
    extended: NDArray,
    kernel_shape: tuple[int, ...],
    others: list[NDArray],
    weights: NDArray | None,
) -> tuple[NDArray, list[NDArray]]:
    """``x'Wx`` and x'(other) for each of the others, by the cheaper way."""
    common, unequal = _common_weight(extended, kernel_shape, others[0].size, weights)
    if not common:
        return _row_products(extended, kernel_shape, weights, others)
    lags, crosses = image_lag_sums(extended, others, kernel_shape)
    columns = prod(kernel_shape)
    gram = window_products(extended[np.newaxis], kernel_shape, image=lags, upper=True)
    gram = gram.reshape(columns, columns)
    mirror_upper(gram, columns // kernel_shape[0])
    if common != 1:
        gram *= common
    if unequal is not None:
        full = np.trace(gram).real
        for sign in (1, -1):
            others_weights = np.maximum(sign * unequal, 0)
            gram += sign * _row_products(extended, kernel_shape, others_weights, [])[0]
        if np.trace(gram).real < _LEAST_LEFT * full:
            return _row_products(extended, kernel_shape, weights, others)
    return gram, [cross.ravel() for cross in crosses]


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
    kernel_shape: tuple[int, ...],
    weights: NDArray | None,
    others: list[NDArray],
) -> tuple[NDArray, list[NDArray]]:
    """``x'Wx`` and x'(other) from the rows of x of positive weight, formed by blocks."""
    windows = sliding_window_view(extended, kernel_shape)
    outputs, columns = windows.shape[: extended.ndim], prod(kernel_shape)
    indices = np.arange(prod(outputs)) if weights is None else np.flatnonzero(weights)
    gram = np.zeros((columns, columns), dtype=extended.dtype)
    crosses = np.zeros((columns, len(others)), dtype=extended.dtype)
    rows = max(1, _BLOCK_ENTRIES // columns)
    for start in range(0, indices.size, rows):
        which = np.unravel_index(indices[start : start + rows], outputs)
        block = windows[which].reshape(-1, columns)
        targets = [other[which] for other in others]
        if targets:
            crosses += block.conj().T @ np.stack(targets, axis=1)
        if weights is not None:
            block *= np.sqrt(weights[which])[:, None]
        gram += block.conj().T @ block if block.dtype.kind == "c" else block.T @ block
    mirror_upper(gram)
    return gram, list(crosses.T)
