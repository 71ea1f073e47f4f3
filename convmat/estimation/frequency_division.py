"""A kernel by division in the frequency domain: what is often done, for comparison.

The spectrum of the picture after over that of the picture before is the kernel of a circular
convolution as large as the picture. It fits every pixel and has no error bars; the edges of a
picture that was not continued circularly, and the rounding of its pixels at frequencies that
the picture before hardly has, go into it undiminished.

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006, chapter 1,
doi:10.1137/1.9780898718874.
"""

from collections.abc import Sequence
from math import nan, prod
from typing import Any

import numpy as np

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.geometry import Geometry, Mode
from convmat.least_squares import LeastSquares
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.solvers import solve

__all__ = ["divide_spectra"]


def divide_spectra(
    before: Any,
    after: Any,
    kernel_shape: tuple[int, ...],
    *,
    mode: str | None = None,
    boundary: str | Sequence[str] | None = None,
    anchor: int | Sequence[int] | None = None,
    damp: float | str = 0.0,
    penalty: Any = None,
    **options: Any,
) -> KernelEstimate:
    """Divide the spectra of one pair of pictures, and crop the quotient to `kernel_shape`.

    Parameters
    ----------
    before, after : array_like
        Of one shape, no smaller than the kernel.
    kernel_shape : tuple of int
    mode, boundary
        None, or ``"same"`` and ``"circular"``.
    anchor, damp, penalty
        As for `convmat.estimate_kernel`; `damp` is a number, `penalty` an operator with a
        `frequency_response` as large as the picture.
    **options
        Of the solver ``fft``.

    Returns
    -------
    KernelEstimate
        Its `solution` holds the whole quotient, in the order of the pixels.

    Examples
    --------
    >>> from convmat import convolve
    >>> before = np.random.default_rng(0).random((8, 9))
    >>> after = convolve(before, [[1, 2], [3, 4]], "same", "circular")
    >>> divide_spectra(before, after, (2, 2)).kernel.round(9)
    array([[1., 2.],
           [3., 4.]])
    """
    samples = as_samples(before, "before", ndim=len(kernel_shape))
    values = as_samples(after, "after")
    if values.shape != samples.shape or mode not in (None, "same"):
        raise ConvmatError(
            f"solver 'fft' needs pictures of one shape and mode 'same', got {samples.shape}, "
            f"{values.shape} and mode {mode!r}"
        )
    if any(k > n for k, n in zip(kernel_shape, samples.shape, strict=True)):
        raise ConvmatError(
            f"solver 'fft' finds no kernel larger than the picture: {kernel_shape}, {samples.shape}"
        )
    geometry = Geometry(
        samples.shape, kernel_shape, Mode.SAME, "circular" if boundary is None else boundary, anchor
    )
    if isinstance(damp, str):
        raise ConvmatError(f"solver 'fft' takes damp as a number, got {damp!r}")
    # Convolution commutes: the picture before is the kernel here, and the unknown is as large.
    operator = ConvolutionOperator(
        samples, samples.shape, Mode.SAME, geometry.boundary, anchor=geometry.anchor
    )
    problem = LeastSquares(operator, values.ravel(), damp=damp, penalty=penalty)
    solution = solve(problem, "fft", **options)
    quotient = solution.x.reshape(samples.shape)
    size = prod(kernel_shape)
    return KernelEstimate(
        kernel=quotient[tuple(slice(k) for k in kernel_shape)].copy(),
        offset=0.0,
        std_error=np.full(kernel_shape, nan),
        offset_std_error=0.0,
        covariance=np.full((size, size), nan),
        residual_std=nan,
        geometry=geometry,
        solution=solution,
        note="no error bars: the quotient has as many unknowns as there are pixels",
    )
