"""The norm of a convolutional layer, its largest singular value, with a certificate.

Small layers go by dense eigenvalues, circular ones by frequencies, others by a vector that
iterations find and a factorization that proves that nothing is much larger (see `norm_bounds`).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError, TooLargeError
from convmat.layers.frequency_blocks import circulant_norm, frequency_singular_values
from convmat.layers.layer_geometry import LayerGeometry, parse_layer
from convmat.layers.layer_matrix import as_weight, build
from convmat.layers.layer_product import layer_operator
from convmat.layers.norm_bounds import is_below, is_too_large, leading_vector, signal_first
from convmat.layers.singular_values import SpectrumMethod, parse_method
from convmat.linear_maps import solution_dtype
from convmat.memory import require_memory

__all__ = ["SpectralNorm", "layer_spectral_norm"]

EPS = float(np.finfo(np.float64).eps)

DENSE = 1500
"""Unknowns up to which the eigenvalues of a dense Gram matrix take a second or so."""

_ATTEMPTS = 3


@dataclass(frozen=True, eq=False)
class SpectralNorm:
    """The norm of a layer between two bounds.

    Attributes
    ----------
    norm : float
        Where it was found by iterations, the `lower` bound.
    lower, upper : float
        The norm is between them for certain, rounding included. `lower` is ``|M v|`` of a unit
        vector; `upper` comes from a factorization, or is the norm of a circular layer.
    certified : bool
        Whether they are as close as was asked for.
    method : SpectrumMethod
    residual : float
        ``|M'M v - norm^2 v| / norm^2`` of the unit vector v that the lower bound comes from: some
        singular value is within ``residual * norm`` of `norm`. 0 where no vector was needed.
    note : str
        Why it is not certified; empty where it is.
    """

    norm: float
    lower: float
    upper: float
    certified: bool
    method: SpectrumMethod
    residual: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        lines = [f"norm {self.norm:.9g}, from {self.lower:.9g} to {self.upper:.9g}, {self.method}"]
        return "\n".join([*lines, self.note] if self.note else lines)


def layer_spectral_norm(
    weight: Any,
    input_shape: Any,
    stride: Any = 1,
    padding: Any = 0,
    padding_mode: str = "zeros",
    dilation: Any = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: Any = 0,
    *,
    tolerance: float = 1e-6,
    method: str = "auto",
) -> SpectralNorm:
    """The largest singular value of a convolutional layer: its Lipschitz constant.

    Parameters
    ----------
    weight, input_shape, stride, padding, padding_mode, dilation, groups, transposed, output_padding
        As for `convmat.layer_matrix`.
    tolerance : float
        How close the bounds are to be, relative to the norm; from 1e-9 to below 1. Matters to
        ``lanczos`` only: the others are exact to rounding.
    method : {"auto", "fft", "dense", "lanczos"}
        ``fft`` for circular padding (see `layer_singular_values`); ``dense`` for small layers;
        ``lanczos`` iterates, and certifies what it finds by a sparse Cholesky factorization where
        that takes no more than some seconds.

    Returns
    -------
    SpectralNorm
        Not certified where the layer is too large to be factored: then the upper bound is that
        of a circular layer.

    Raises
    ------
    ConvmatError
        For what is no layer.

    Examples
    --------
    >>> print(layer_spectral_norm([[[1, -1, 0]]], (1, 6), 1, 1, "circular"))
    norm 2, from 2 to 2, fft
    >>> found = layer_spectral_norm([[[1, -1, 0]]], (1, 100), 1, 1, method="lanczos")
    >>> found.certified, round(found.norm, 5)
    (True, 1.99976)
    """
    values = as_weight(weight)
    geometry = parse_layer(
        values.shape,
        input_shape,
        stride,
        padding,
        padding_mode,
        dilation,
        groups,
        transposed,
        output_padding,
    )
    if not (isinstance(tolerance, int | float | np.number) and 1e-9 <= tolerance < 1):
        raise ConvmatError(f"tolerance must be from 1e-9 to below 1, got {tolerance!r}")
    chosen = parse_method(method, geometry, tuple(SpectrumMethod))
    group = geometry.one_group
    if method == "auto" and chosen is SpectrumMethod.DENSE and min(group.matrix_shape) > DENSE:
        chosen = SpectrumMethod.LANCZOS
    values = values.astype(solution_dtype(values))
    largest = float(np.abs(values).max())
    if not largest:
        return SpectralNorm(0.0, 0.0, 0.0, True, chosen)
    parts = np.split(values / largest, geometry.groups)
    if chosen is SpectrumMethod.FFT:
        found = _by_frequencies(parts, geometry)
    else:
        found = _by_groups(parts, group, chosen, float(tolerance))
    return SpectralNorm(
        found.norm * largest,
        found.lower * largest,
        found.upper * largest,
        found.upper <= found.lower * (1 + tolerance),
        found.method,
        found.residual,
        found.note,
    )


def _by_frequencies(parts: list[NDArray], geometry: LayerGeometry) -> SpectralNorm:
    sizes = geometry.input_size, geometry.stride, geometry.dilation
    norm = max(float(frequency_singular_values(part, *sizes).max()) for part in parts)
    return _exact(norm, _frequency_terms(parts[0], geometry), SpectrumMethod.FFT)


def _frequency_terms(part: NDArray, geometry: LayerGeometry) -> float:
    """What an entry of a frequency's matrix sums, and its singular values."""
    unknowns = part.shape[0] + part.shape[1] * math.prod(geometry.stride)
    positions = math.prod(geometry.extended_size) * math.prod(geometry.stride)
    return unknowns + math.prod(geometry.kernel_shape) + math.log2(positions)


def _exact(norm: float, terms: float, method: SpectrumMethod) -> SpectralNorm:
    """Within a rounding of some eps for each of `terms`."""
    rounding = 4 * terms * EPS
    return SpectralNorm(norm, norm * (1 - rounding), norm * (1 + rounding), True, method)


def _by_groups(
    parts: list[NDArray], group: LayerGeometry, method: SpectrumMethod, tolerance: float
) -> SpectralNorm:
    """The largest of the groups' norms; groups that cannot be it are passed over."""
    bounds = [_cheap_bound(part, group) for part in parts]
    best = SpectralNorm(0.0, 0.0, 0.0, True, method)
    for index in np.argsort(bounds)[::-1]:
        if bounds[index] <= best.lower:
            break
        found = _norm(parts[index], group, bounds[index], method, tolerance)
        lead, other = (found, best) if found.lower > best.lower else (best, found)
        note = lead.note or (other.note if other.upper > lead.upper else "")
        upper = max(lead.upper, other.upper)
        best = SpectralNorm(lead.norm, lead.lower, upper, True, method, lead.residual, note)
    return best


def _cheap_bound(weight: NDArray, group: LayerGeometry) -> float:
    try:
        norm = circulant_norm(weight, group)
    except TooLargeError:
        return math.inf
    return _exact(norm, _frequency_terms(weight, group), SpectrumMethod.FFT).upper


def _norm(
    weight: NDArray, group: LayerGeometry, bound: float, method: SpectrumMethod, tolerance: float
) -> SpectralNorm:
    from scipy.sparse.linalg import aslinearoperator

    wide = group.matrix_shape[0] < group.matrix_shape[1]
    outputs, n = max(group.matrix_shape), min(group.matrix_shape)
    if method is SpectrumMethod.DENSE or n < 3:
        return _exact(_dense(_upright(weight, group)), 2 * n, method)
    matrix = None if is_too_large(weight, group) else _upright(weight, group)
    sizes = layer_operator(abs(weight), group)
    sizes = sizes.H if wide else sizes
    if matrix is None:
        layer = layer_operator(weight, group)
        layer = layer.H if wide else layer
    else:
        layer = aslinearoperator(matrix)  # of few channels: faster than a product for each tap
    column_sums, row_sums = (
        float((side @ np.ones(side.shape[1])).max()) for side in (sizes.H, sizes)
    )
    of_sizes = math.sqrt(column_sums * row_sums)  # no less than the norm, nor than that of |M|
    bound = min(bound, of_sizes * (1 + n * EPS))
    lower, residual, note = 0.0, math.inf, ""
    order = signal_first(group)
    for attempt in range(_ATTEMPTS):
        vector = leading_vector(layer, attempt, tolerance / 4)
        product = layer @ vector
        value = float(np.linalg.norm(product))
        if value > lower:
            lower = value
            residual = float(np.linalg.norm(layer.H @ product - value**2 * vector))
            residual /= value**2
        target = lower * (1 + tolerance * 0.9)
        if bound <= target:
            break
        below = None if matrix is None else is_below(matrix, order, target, of_sizes**2)
        if below is None:
            note = (
                "not certified: too large to be factored; the upper bound is a circular layer's, "
                f"and some singular value is within {residual:.1e} of the lower one"
            )
            break
        if below:
            bound = target
            break
        note = "not certified: Lanczos iterations did not converge to the largest singular value"
    # Of the sums of an output's terms, and of the norms.
    terms = max(weight.shape[:2]) * math.prod(group.kernel_shape)
    lower *= 1 - (outputs + (terms + 8) * of_sizes / lower) * EPS
    note = "" if bound <= lower * (1 + tolerance) else note
    return SpectralNorm(lower, lower, max(bound, lower), True, method, residual, note)


def _upright(weight: NDArray, group: LayerGeometry) -> Any:
    """The matrix, or its adjoint where that has fewer columns."""
    matrix = build(weight, group)
    return sparse.csr_array(matrix.conj().T) if matrix.shape[0] < matrix.shape[1] else matrix


def _dense(matrix: Any) -> float:
    from scipy.linalg import eigvalsh

    n = matrix.shape[1]
    require_memory(
        4 * matrix.dtype.itemsize * n * n, f"a dense {n} x {n} Gram matrix", "use method 'lanczos'"
    )
    gram = (matrix.conj().T @ matrix).toarray()
    largest = eigvalsh(gram, subset_by_index=[n - 1, n - 1])[0]
    return math.sqrt(max(float(largest), 0.0))
