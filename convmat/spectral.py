"""Eigenvalues, singular values and exact solves of convolution matrices too large to factor.

In `same` mode H is diagonal under a fast transform (see `transforms`) where every axis is
`circular`, or reflects and the kernel is mirror-symmetric about its anchor along it. Separable
kernels are Kronecker products, for every mode and boundary (see `kronecker`). Both give fast
maps F and S with

    pinv(H) = S diag(1 / values) F

F and S are a transform and its inverse, and the values are eigenvalues; or U' and V of the
singular value decomposition U diag(values) V'. Where they are orthogonal, moreover,

    H' = S diag(conj(values)) F
    x  = S diag(conj(values) / (|values|^2 + damp^2)) F b    minimises |Hx - b|^2 + damp^2 |x|^2

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, chapters 4 to 6,
doi:10.1137/1.9780898718874.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.geometry import Geometry, Mode
from convmat.kronecker import KroneckerMap, kronecker_factors, outer
from convmat.symmetry import separable_factors
from convmat.transforms import DIAGONAL, ORTHOGONAL, Transform, symbol

__all__ = ["Diagonalization", "diagonalize", "eigenvalues", "frequency_response"]

# The SVD of one axis takes a minute or so there.
_LARGEST_AXIS = 4096
_ITERATE = "use an iterative solver, such as lsmr, on the operator"


class Diagonalization(NamedTuple):
    """A fast decomposition of a matrix, ``pinv(H) = inverse o diag(1 / eigenvalues) o forward``.

    Attributes
    ----------
    forward : callable
        From the right-hand side b, shape (m,), to coefficients, shape (r,).
    inverse : callable
        From coefficients to unknowns, shape (n,); complex where the FFT takes part, with an
        imaginary part of rounding errors where the right-hand side and the matrix are real
        (``inverse.real``).
    eigenvalues : ndarray, shape (r,)
        All of them, not sorted. For a Kronecker product these are singular values, `forward`
        is U' and `inverse` is V: solving reads the same, only a product with H does not.
    orthogonal : bool
        Whether ``forward`` and ``inverse`` have orthonormal bases, so that singular values are
        |eigenvalues|, and damped and least-squares solutions can be had.

    Notes
    -----
    `forward` of two operators compare equal where both are diagonal in the same basis.
    """

    forward: Transform | KroneckerMap
    inverse: Transform | KroneckerMap
    eigenvalues: NDArray
    orthogonal: bool

    def singular_values(self) -> NDArray:
        """All ``min(m, n)`` singular values, largest first.

        Examples
        --------
        >>> from convmat.spectral import diagonalize
        >>> g = Geometry(3, 3, "same", "symmetric")
        >>> diagonalize(np.array([1.0, 2.0, 1.0]), g).singular_values().round(12)
        array([4., 3., 1.])
        """
        self._require_orthogonal("singular values")
        return np.sort(np.abs(self.eigenvalues))[::-1]

    def condition_number(self) -> float:
        """Largest over smallest singular value; infinite for a singular matrix."""
        singular = self.singular_values()
        return float(singular[0] / singular[-1]) if singular[-1] > 0 else float("inf")

    def rank(self, rcond: float | None = None) -> int:
        """Number of singular values above `rcond` times the largest (see `pseudo_solve`)."""
        singular = self.singular_values()
        return int(np.count_nonzero(singular > self._cutoff(rcond)))

    def damped_solve(
        self, b: NDArray, damp: float, penalty: "Diagonalization | None" = None
    ) -> NDArray:
        """The minimum of ``|Hx - b|^2 + damp^2 |Lx|^2``, shape (n,).

        Parameters
        ----------
        b : ndarray, shape (m,)
        damp : float
            Positive.
        penalty : Diagonalization, optional
            Of L, in the same basis; None is the identity. Where neither H nor L sees a
            coefficient, it is 0.

        Raises
        ------
        ConvmatError
            Where the bases are not orthogonal, or not the same.
        """
        self._require_orthogonal("damped solutions")
        if not damp > 0:
            raise ConvmatError(f"damp must be positive, got {damp}; use pseudo_solve without it")
        values = self.eigenvalues
        power = _power(values)
        if penalty is None:
            power += damp**2
        elif penalty.orthogonal and penalty.forward == self.forward:
            power += damp**2 * _power(penalty.eigenvalues)
            power[power == 0] = 1  # and the value above it is 0 too
        else:
            raise ConvmatError(
                "the penalty is not diagonal in the basis that the matrix is: give both the same "
                f"boundary, one with an orthogonal transform, or {_ITERATE}"
            )
        if np.iscomplexobj(values):
            return self._synthesize(np.conj(values) / power, b)
        return self._synthesize(np.divide(values, power, out=power), b)

    def pseudo_solve(self, b: NDArray, rcond: float | None = None) -> NDArray:
        """The least-squares solution of minimum norm, ``pinv(H) b``, shape (n,).

        Parameters
        ----------
        b : ndarray, shape (m,)
        rcond : float, optional
            Singular values up to `rcond` times the largest count as zero. Default:
            ``min(m, n) * eps``.
        """
        values = self.eigenvalues
        used = np.abs(values) > self._cutoff(rcond)
        if not used.all():
            self._require_orthogonal("the pseudo-inverse of a singular matrix")
        factors = np.zeros_like(values)
        np.divide(1, values, out=factors, where=used)
        return self._synthesize(factors, b)

    def _synthesize(self, factors: NDArray, b: NDArray) -> NDArray:
        coefficients = self.forward(b)
        if np.result_type(coefficients, factors) == coefficients.dtype:
            coefficients *= factors
        else:
            coefficients = coefficients * factors
        x = self.inverse(coefficients)
        # Real in, real out: only the FFT makes eigenvalues of a real matrix complex.
        return x.real if self.inverse.real and np.isrealobj(b) else x

    def _cutoff(self, rcond: float | None) -> float:
        values = np.abs(self.eigenvalues)
        if rcond is None:
            rcond = values.size * float(np.finfo(values.dtype).eps)
        return rcond * float(values.max())

    def _require_orthogonal(self, what: str) -> None:
        if not self.orthogonal:
            raise ConvmatError(
                f"{what} cannot be had from these eigenvalues: with `mirror` or `antireflect` the "
                f"matrix is not normal, its eigenvectors are not orthogonal; {_ITERATE}"
            )


def _power(values: NDArray) -> NDArray:
    """The squares of the absolute values."""
    power = np.square(values.real)
    if np.iscomplexobj(values):
        power += np.square(values.imag)
    return power


def diagonalize(kernel: NDArray, geometry: Geometry) -> Diagonalization:
    """Decompose the matrix of a kernel by fast transforms, or axis by axis.

    Parameters
    ----------
    kernel : ndarray
        Of the geometry's kernel shape.
    geometry : Geometry

    Returns
    -------
    Diagonalization
        By transforms where that is possible with orthogonal ones, in O(N log N); as a Kronecker
        product of one SVD per axis where the kernel is separable, in O(n^3) per axis; and by
        transforms that are not orthogonal (`mirror`, `antireflect`) where nothing else is left.

    Raises
    ------
    ConvmatError
        Where there is no such structure.

    Examples
    --------
    >>> g = Geometry((2, 2), (1, 3), "same", "symmetric")
    >>> forward, inverse, values, orthogonal = diagonalize(np.array([[1.0, 2.0, 1.0]]), g)
    >>> values.round(12), orthogonal
    (array([4., 2., 4., 2.]), True)
    """
    found = _by_transforms(kernel, geometry)
    if found is not None and found.orthogonal:
        return found
    factors = _factors(kernel, geometry)
    if factors is not None:
        return _by_factors(factors, geometry)
    if found is not None:
        return found
    raise ConvmatError(_refusal(geometry))


def frequency_response(kernel: NDArray, geometry: Geometry) -> Diagonalization:
    """Decompose a circular convolution by the FFT: the values are the kernel's spectrum.

    Raises
    ------
    ConvmatError
        For any other mode than `same`, and any other boundary than `circular`.

    Examples
    --------
    >>> g = Geometry(4, 2, "same", "circular", anchor=0)
    >>> np.abs(frequency_response(np.array([1.0, 1.0]), g).eigenvalues).round(6)
    array([2.      , 1.414214, 0.      , 1.414214])
    """
    circular = all(boundary is Boundary.CIRCULAR for boundary in geometry.boundary)
    if geometry.mode is not Mode.SAME or not circular:
        raise ConvmatError(
            "division in the frequency domain holds for mode 'same' and boundary 'circular' only, "
            f"not for mode {geometry.mode}, boundary {', '.join(geometry.boundary)}"
        )
    found = _by_symbol(kernel, geometry, geometry.boundary)
    assert found is not None, "the FFT asks for no symmetry"
    return found


def eigenvalues(kernel: NDArray, geometry: Geometry) -> NDArray:
    """All eigenvalues of a square matrix, shape (n,), in no particular order.

    Raises
    ------
    ConvmatError
        Where the matrix is not square, or there is neither a transform nor a factor per axis.

    Examples
    --------
    >>> g = Geometry(3, 3, "same", "antireflect")
    >>> np.sort(eigenvalues(np.array([1.0, 2.0, 1.0]), g)).round(12)
    array([2., 4., 4.])
    """
    found = _by_transforms(kernel, geometry)
    if found is not None:
        return found.eigenvalues
    if geometry.output_shape != geometry.input_shape:
        raise ConvmatError(
            f"a {geometry.matrix_shape[0]} x {geometry.matrix_shape[1]} matrix has no eigenvalues; "
            "use mode 'same', or singular values"
        )
    factors = _factors(kernel, geometry)
    if factors is None:
        raise ConvmatError(_refusal(geometry))
    return outer([np.linalg.eigvals(axis) for axis in kronecker_factors(factors, geometry)])


def _factors(kernel: NDArray, geometry: Geometry) -> list[NDArray] | None:
    if max(*geometry.output_shape, *geometry.input_shape) > _LARGEST_AXIS:
        return None
    return separable_factors(kernel)


def _by_transforms(kernel: NDArray, geometry: Geometry) -> Diagonalization | None:
    if geometry.output_shape != geometry.input_shape:
        return None
    if geometry.mode is not Mode.SAME and any(geometry.anchor):
        return None
    axes = zip(
        geometry.boundary, geometry.input_shape, geometry.kernel_shape, geometry.anchor, strict=True
    )
    boundaries = tuple(_equivalent(*axis) for axis in axes)
    if not all(boundary in DIAGONAL for boundary in boundaries):
        return None
    return _by_symbol(kernel, geometry, boundaries)


def _by_symbol(
    kernel: NDArray, geometry: Geometry, boundaries: tuple[Boundary, ...]
) -> Diagonalization | None:
    values = symbol(kernel, geometry.anchor, boundaries, geometry.input_shape)
    if values is None:
        return None
    real = kernel.dtype.kind == "f"
    forward = Transform(boundaries, geometry.input_shape, real=real)
    inverse = Transform(boundaries, geometry.input_shape, inverse=True, real=real)
    orthogonal = all(boundary in ORTHOGONAL for boundary in boundaries)
    return Diagonalization(forward, inverse, values.ravel(), orthogonal)


def _equivalent(boundary: Boundary, size: int, kernel_size: int, anchor: int) -> Boundary:
    """The boundary that gives the same matrix by a better transform, or the same boundary."""
    if kernel_size == 1 and anchor == 0:  # reads nothing beyond the edge
        return Boundary.SYMMETRIC
    if boundary is Boundary.MIRROR and size <= 2:  # two samples alternate, one is constant
        return Boundary.CIRCULAR
    if size == 1 and boundary in (Boundary.ANTIREFLECT, Boundary.REPLICATE, Boundary.SYMMETRIC):
        return Boundary.CIRCULAR
    return boundary


def _by_factors(factors: list[NDArray], geometry: Geometry) -> Diagonalization:
    parts = [
        np.linalg.svd(axis, full_matrices=False) for axis in kronecker_factors(factors, geometry)
    ]
    forward = KroneckerMap(tuple(left.conj().T for left, _, _ in parts))
    inverse = KroneckerMap(tuple(right.conj().T for _, _, right in parts))
    return Diagonalization(forward, inverse, outer([values for _, values, _ in parts]), True)


def _refusal(geometry: Geometry) -> str:
    names = ", ".join(geometry.boundary)
    return (
        f"no fast transform diagonalises this matrix (mode {geometry.mode}, boundary {names}): it "
        "takes mode 'same' and, per axis, boundary 'circular', or one of 'symmetric', "
        "'antisymmetric', 'mirror', 'antireflect' and a kernel mirror-symmetric about its anchor; "
        "or a kernel that is an outer product, for any mode and boundary, with axes of up to "
        f"{_LARGEST_AXIS} samples; {_ITERATE}"
    )
