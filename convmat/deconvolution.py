"""A picture and the kernel that blurred it: the picture before, as least squares.

    min over x of  |H x - y|^2 + damp^2 |L x|^2

with H the convolution with the known kernel. Dividing by the kernel's spectrum is the same
only where H is circular and nothing is damped.

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006,
doi:10.1137/1.9780898718874.
"""

from collections.abc import Sequence
from typing import Any

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.geometry import input_shape_of
from convmat.least_squares import LeastSquares
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.solution import Solution
from convmat.solvers import solve

__all__ = ["deconvolve"]


def deconvolve(
    image: Any,
    kernel: Any,
    *,
    boundary: str | Sequence[str],
    mode: str = "same",
    anchor: int | Sequence[int] | None = None,
    damp: float = 0.0,
    penalty: Any = None,
    weights: Any = None,
    solver: str = "auto",
    **options: Any,
) -> Solution:
    """Find the picture x for which ``x * kernel`` is closest to `image`.

    Parameters
    ----------
    image : array_like
        The blurred picture y.
    kernel : array_like
        Of as many axes.
    boundary : str or tuple of str
        How x continues past its edges; there is no default, because the answer depends on it.
    mode : {"same", "full", "valid"}
        Which outputs of the convolution `image` holds. With `valid`, x is larger than `image`.
    anchor : int or tuple of int, optional
        Index of the kernel entry at the origin. Default ``(k - 1) // 2``.
    damp : float
        Adds ``damp^2 |L x|^2`` to what is minimised; for noise of standard deviation s and a
        picture whose samples deviate by d, s / d is a first guess.
    penalty : array_like, sparse array or operator, shape (q, samples), optional
        L, such as `difference_matrix`, which costs no iterations where it has the boundary of H
        and a fast transform diagonalises both; None is the identity.
    weights : array_like, shape of `image`, optional
        Inverse variances of its pixels, 0 for those to leave out.
    solver : str
        ``"auto"`` or a name in `SOLVERS`. The automatic choice takes `spectral` wherever a fast
        transform diagonalises H and what is minimised.
    **options
        The solver's own.

    Returns
    -------
    Solution
        ``x`` is raveled: reshape it to the shape of `image`, or in mode `full` (`valid`) to one
        smaller (larger) by the kernel's shape minus 1.

    Raises
    ------
    ConvmatError
        For input that does not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from convmat import convolve
    >>> sharp = np.array([[0.0, 0, 0, 0], [0, 9, 3, 0], [0, 0, 0, 6]])
    >>> blurred = convolve(sharp, [[1, 4, 1]], "same", "circular") / 6
    >>> found = deconvolve(blurred, np.array([[1, 4, 1]]) / 6, boundary="circular")
    >>> bool(np.allclose(found.x.reshape(sharp.shape), sharp))
    True
    """
    observed = as_samples(image, "image")
    values = as_samples(kernel, "kernel", ndim=observed.ndim)
    input_shape = input_shape_of(observed.shape, values.shape, mode)
    if weights is not None:
        weights = as_samples(weights, "weights")
        if weights.shape != observed.shape:
            raise ConvmatError(
                f"weights must have the shape of image, {observed.shape}, got {weights.shape}"
            )
        weights = weights.ravel()
    operator = ConvolutionOperator(values, input_shape, mode, boundary, anchor=anchor)
    problem = LeastSquares(operator, observed.ravel(), damp=damp, penalty=penalty, weights=weights)
    return solve(problem, solver, **options)
