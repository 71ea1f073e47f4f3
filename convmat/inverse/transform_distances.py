"""The convolution and the Toeplitz matrix nearest to one that a transform diagonalises.

Where an orthogonal transform (see `convmat.spectral.transforms`) takes P to a diagonal of
values, P is a convolution, whose kernel comes from the values by the inverse of the transform
that makes eigenvalues of kernels; going back shows to what precision. Along a reflecting axis
of n samples, with s = 1 (symmetric) or -1 (antisymmetric) and an even kernel g of period 2n,

    P[i, j] = g[i - j] + s g[i + j + 1]

a Toeplitz and a Hankel matrix. The nearest Toeplitz matrix adds to each diagonal the mean of the
Hankel matrix along it, which costs a running sum. Everything here is O(N log N).

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006, chapter 4,
doi:10.1137/1.9780898718874.
"""

import numpy as np
import scipy  # loads scipy.fft when it is first used
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.geometry import Geometry
from convmat.inverse.distances import NearestConvolution, found_convolution
from convmat.inverse.shift_matrices import inverse_shifts, toeplitz_shifts
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.symbol import symbol
from convmat.spectral.transforms import Transform

__all__ = ["nearest_by_transform"]


def nearest_by_transform(
    values: NDArray, found: Diagonalization, geometry: Geometry
) -> tuple[NearestConvolution, NearestConvolution]:
    """The nearest Toeplitz matrix, and the nearest convolution with the geometry's boundary.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The eigenvalues of P, in the order of the transform's coefficients.
    found : Diagonalization
        Of the convolution that P undoes, by an orthogonal transform.
    geometry : Geometry
        Of that convolution, which has as many outputs as samples.
    """
    transform = found.forward
    assert isinstance(transform, Transform)
    shape = geometry.input_shape
    scale = float(np.abs(values).max()) or 1.0  # no square under- or overflows
    spectrum = values.reshape(shape) / scale
    norm = float(np.linalg.norm(spectrum)) or 1.0
    kinds = _kinds(transform, geometry)
    kernel = _nearest_kernel(spectrum, kinds, geometry)
    diagonals, lost = _nearest_diagonals(spectrum, kinds)
    if transform.real:
        kernel, diagonals = kernel.real, diagonals.real
    shifts = inverse_shifts(geometry)
    back = symbol(kernel, [-axis.first for axis in shifts], transform.boundaries, shape)
    assert back is not None, "the kernel is even where the transform asks for it"
    error = float(np.linalg.norm(back - spectrum))
    return (
        found_convolution(
            scale * diagonals, toeplitz_shifts(geometry), float(np.sqrt(lost)) / norm
        ),
        found_convolution(scale * kernel, shifts, error / norm),
    )


def _kinds(transform: Transform, geometry: Geometry) -> list[Boundary | None]:
    """The transform of each axis; None where the kernel has one entry, so that P is the identity.

    There, the transform need not be that of the boundary.
    """
    ones = [k == 1 and c == 0 for k, c in zip(geometry.kernel_shape, geometry.anchor, strict=True)]
    return [None if one else b for b, one in zip(transform.boundaries, ones, strict=True)]


def _nearest_kernel(spectrum: NDArray, kinds: list[Boundary | None], geometry: Geometry) -> NDArray:
    kernel = spectrum
    for a, (kind, axis) in enumerate(zip(kinds, inverse_shifts(geometry), strict=True)):
        period = _period(np.moveaxis(kernel, a, 0), kind)
        displacement = np.arange(axis.first, axis.first + axis.count)
        kernel = np.moveaxis(period[displacement % len(period)], 0, a)
    return kernel


def _period(spectrum: NDArray, kind: Boundary | None) -> NDArray:
    """One period of the kernel along the first axis, from displacement 0 on."""
    n = len(spectrum)
    if kind is None:
        return np.concatenate([spectrum[:1], np.zeros_like(spectrum[1:])])
    if kind is Boundary.CIRCULAR:
        return scipy.fft.ifft(spectrum, axis=0)
    # Of 2n frequencies the reflected signal lacks one, where any value will do: the one that
    # leaves no entry at displacement n is taken, as `all_shifts` has none.
    lacking = np.zeros_like(spectrum[:1])
    if kind is Boundary.SYMMETRIC:
        half = scipy.fft.idct(np.concatenate([spectrum, lacking]), 1, axis=0)
        same = (-1.0) ** (n - np.arange(n + 1))
    else:
        half = scipy.fft.idct(np.concatenate([lacking, spectrum]), 1, axis=0)
        same = np.ones(n + 1)
    half = half - np.multiply.outer(same, half[-1])
    return np.concatenate([half, half[-2:0:-1]])


def _nearest_diagonals(spectrum: NDArray, kinds: list[Boundary | None]) -> tuple[NDArray, float]:
    """The means of the diagonals, and the sum of squares of all that deviates from them.

    Axis by axis: deviations along one are orthogonal to what varies along the others, which is
    measured as means along the axes before it, and as values, not yet a kernel, behind it.
    """
    means, lost = spectrum, 0.0
    for a, kind in enumerate(kinds):
        n = spectrum.shape[a]
        period = _period(np.moveaxis(means, a, 0), kind)
        distance = np.arange(n)
        diagonals = period[np.arange(1 - n, n) % len(period)]
        if kind in (Boundary.SYMMETRIC, Boundary.ANTISYMMETRIC):
            sign = 1.0 if kind is Boundary.SYMMETRIC else -1.0
            counts = (n - distance).reshape(-1, *[1] * (period.ndim - 1))
            mean = _antidiagonal_sums(period) / counts
            squares = _antidiagonal_sums(np.square(np.abs(period)))
            deviations = np.maximum(squares - counts * np.square(np.abs(mean)), 0.0)
            deviations[1:] *= 2  # on both sides
            for size in spectrum.shape[:a]:
                deviations = np.tensordot(
                    deviations, size - np.abs(np.arange(1 - size, size)), (1, 0)
                )
            lost += float(deviations.sum())
            diagonals = diagonals + sign * mean[np.abs(np.arange(1 - n, n))]
        means = np.moveaxis(diagonals, 0, a)
    return means, lost


def _antidiagonal_sums(period: NDArray) -> NDArray:
    """Sums of ``period[i + j + 1]`` over all i - j = 0 ... n - 1, the period being 2n long.

    i + j + 1 runs from i - j + 1 in steps of two to 2n - 1 - (i - j).
    """
    n = len(period) // 2
    pairs = period.reshape(n, 2, *period.shape[1:]).copy()
    pairs[0, 0] = 0
    running = np.cumsum(pairs, axis=0).reshape(period.shape)
    last = running[: n - 1 : -1]
    before = np.concatenate([np.zeros_like(running[:1]), running[: n - 1]])
    return last - before
