"""A matrix that is diagonal between two fast maps: what can be solved with it.

With the maps F and S, of a transform and its inverse, or U' and V of the singular value
decomposition U diag(values) V',

    pinv(H) = S diag(1 / values) F

and where they are orthogonal, moreover,

    H' = S diag(conj(values)) F
    x  = S diag(conj(values) / (|values|^2 + damp^2)) F b    minimises |Hx - b|^2 + damp^2 |x|^2

Source: Hansen, Nagy and O'Leary (2006), Deblurring Images, chapters 4 to 6,
doi:10.1137/1.9780898718874.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.spectral.kronecker import KroneckerMap
from convmat.spectral.transforms import Transform

__all__ = ["ITERATE", "Diagonalization"]

ITERATE = "use an iterative solver, such as lsmr, on the operator"


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
        >>> from convmat.geometry import Geometry
        >>> from convmat.spectral.structure import diagonalize
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
                f"boundary, one with an orthogonal transform, or {ITERATE}"
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
                f"matrix is not normal, its eigenvectors are not orthogonal; {ITERATE}"
            )


def _power(values: NDArray) -> NDArray:
    """The squares of the absolute values."""
    power = np.square(values.real)
    if np.iscomplexobj(values):
        power += np.square(values.imag)
    return power
