"""Which convolution a function is whose outputs are rounded.

Answers to impulses are known to a step only. But many outputs for random signals have rounding
errors that average out: the kernel is a least-squares estimate with error bars, and a boundary
fits where it explains the outputs near the edges to a step, which signals as large as the range of
values tell from all others.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.boundary import Boundary
from convmat.estimation.estimate import estimate_kernel
from convmat.geometry import Geometry, Mode
from convmat.matrices.explicit import convolution_matrix
from convmat.operators.convolution import convolve
from convmat.probing.black_box import BlackBox
from convmat.probing.borders import choose_boundary, describe_border
from convmat.probing.norms import norm, ratio
from convmat.probing.operator_report import Border
from convmat.probing.recognize import Recognition, with_boundary
from convmat.probing.regimes import Regime, random_signal
from convmat.probing.row_kernels import interior_size, kernel_of_middle
from convmat.probing.rows import describe_rows

__all__ = ["recognize_rounded"]

_EQUATIONS = 4096  # or more, from 2 signals or more
_WIDENINGS = 4  # by a sample at each end, for entries too small to show in the answer to an impulse
_DEVIATIONS = 3  # standard errors that an entry may be off by


class _Examples(NamedTuple):
    """Signals, shape (count, *input_shape), and what a function makes of them."""

    signals: NDArray
    answers: NDArray

    def missing(self, kernel: NDArray, geometry: Geometry, offset: complex) -> NDArray:
        """The largest difference from a convolution, for each output."""
        g = geometry
        parts = [
            np.abs(answer - offset - convolve(signal, kernel, g.mode, g.boundary, anchor=g.anchor))
            for signal, answer in zip(self.signals, self.answers, strict=True)
        ]
        return np.max(parts, axis=0)

    def missing_products(
        self, rows: NDArray[np.intp], matrix: sparse.csr_array, offset: complex
    ) -> NDArray:
        """The largest difference of some outputs from the products with as many rows."""
        count = len(self.signals)
        products = matrix @ self.signals.reshape(count, -1).T
        return np.abs(self.answers.reshape(count, -1).T[rows] - products - offset).max(axis=1)


class _Fit(NamedTuple):
    kernel: NDArray
    error: float
    offset: complex
    geometry: Geometry


def recognize_rounded(
    box: BlackBox,
    matrix: sparse.csr_array,
    regime: Regime,
    rounding: float,
    rng: np.random.Generator,
) -> Recognition:
    """Find kernel, mode, anchor and boundaries of a function that rounds.

    Parameters
    ----------
    box : BlackBox
    matrix : csr_array
        Of it, to a step.
    regime : Regime
        The values that it takes.
    rounding : float
        By how much an output may be off.
    rng : Generator

    Raises
    ------
    MisbehaviourError
        Where the function does not answer.

    Examples
    --------
    >>> box = BlackBox(lambda x: np.convolve(x, [2, 9, 4], "same") // 15, 20)
    >>> regime, rng = Regime(128, 127), np.random.default_rng(0)
    >>> from convmat.probing.impulses import matrix_by_columns
    >>> matrix = matrix_by_columns(box, regime, 0.0)
    >>> found = recognize_rounded(box, matrix, regime, 1.0, rng)
    >>> (found.kernel * 15).round(1), found.boundaries
    (array([2., 9., 4.]), ((<Boundary.ZERO: 'zero'>,),))
    """
    n, m = box.input_shape, box.output_shape or ()
    rough = kernel_of_middle(matrix, n, m) if len(n) == len(m) else None
    if rough is None or interior_size(rough[1]) < 2:
        note = "no kernel can be told from outputs that are rounded; try a larger input_shape"
        return Recognition(None, notes=(note,))
    count = max(2, _EQUATIONS // prod(n))
    signals = [regime.base + random_signal(rng, n, box.dtype, regime.reach) for _ in range(count)]
    examples = _Examples(np.stack(signals), np.stack([box(signal) for signal in signals]))
    fit = _fit(examples, rough[1], rounding)
    if fit is None:
        tolerance = 2 * rounding / regime.reach
        return Recognition(False, notes=describe_rows(matrix, n, m, tolerance))
    kernel, error, offset, geometry = fit
    ends = [_boundaries_of_axis(examples, fit, axis, rounding) for axis in range(len(n))]
    fitting = tuple(tuple(name for name in low if name in high) for low, high in ends)
    geometry = with_boundary(geometry, choose_boundary(fitting))
    H = convolution_matrix(kernel, n, geometry.mode, geometry.boundary, anchor=geometry.anchor)
    deviation = ratio(norm((matrix - H).data), norm(matrix.data))
    if (examples.missing(kernel, geometry, offset) <= rounding).all():
        border, note = Border.EXTENDED, ""
    else:

        def is_matrix(rows: NDArray[np.intp], expected: sparse.csr_array) -> bool:
            return any(
                (examples.missing_products(rows, expected, added) <= rounding).all()
                for added in (offset, 0.0)
            )

        fitting = ()
        border, note = describe_border(kernel, geometry, ends, is_matrix)
    notes = (note,) if note else ()
    return Recognition(True, deviation, kernel, geometry, fitting, border, notes, error)


def _fit(examples: _Examples, geometry: Geometry, rounding: float) -> _Fit | None:
    """The kernel that explains the interior, widened where there must be more of it."""
    for width in range(_WIDENINGS + 1 if geometry.mode is Mode.SAME else 1):
        wider = Geometry(
            geometry.input_shape,
            [k + 2 * width for k in geometry.kernel_shape],
            geometry.mode,
            "zero",
            [c + width for c in geometry.anchor],
        )
        if interior_size(wider) < 2:
            return None
        found = estimate_kernel(
            list(examples.signals),
            list(examples.answers),
            wider.kernel_shape,
            mode=wider.mode,
            anchor=wider.anchor,
            offset=True,
        )
        error = _DEVIATIONS * float(np.max(found.std_error))
        fit = _Fit(found.kernel, error, found.offset, wider)
        missing = examples.missing(fit.kernel, wider, fit.offset)[wider.interior]
        if missing.max() <= rounding and np.isfinite(error):
            return fit
    return None


def _boundaries_of_axis(
    examples: _Examples, fit: _Fit, axis: int, rounding: float
) -> tuple[tuple[Boundary, ...], tuple[Boundary, ...]]:
    """Those that fit at the low and at the high end, where other axes touch no edge."""
    interior = fit.geometry.interior
    inside = interior[axis]
    low, high = (
        (*interior[:axis], end, *interior[axis + 1 :])
        for end in (slice(0, inside.start), slice(inside.stop, None))
    )
    fits: tuple[list[Boundary], list[Boundary]] = ([], [])
    for name in Boundary:
        boundary = [Boundary.ZERO] * len(interior)
        boundary[axis] = name
        tried = with_boundary(fit.geometry, tuple(boundary))
        missing = examples.missing(fit.kernel, tried, fit.offset)
        for end, names in zip((low, high), fits, strict=True):
            if (missing[end] <= rounding).all():
                names.append(name)
    return tuple(fits[0]), tuple(fits[1])
