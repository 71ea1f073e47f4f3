"""All that least squares with a data matrix needs to know of the pictures: their moments.

They are sums over the outputs of products of centred columns, x = X - shift and
y = observed - observed_shift, and they add up over several pictures. The shifts are kept
beside them. Put back into the Gram matrix, a mean of 40,000 would push a standard deviation of
50 out of its last digits; the mean of each column, r, enters the solution as one vector:

    with an offset      S h = c,     o = t - r h
    without             (S + w r'r) h = c + w r't

where S and c are the moments about the means of the columns, t is the mean of the observed
picture and w the sum of the weights. The second is the first under the constraint o = 0, and
is solved from the first by the Sherman-Morrison formula, S + w r'r never being formed.

Source: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, sections 2.2 and
3.3, doi:10.1137/1.9781611971484.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.triangles import inverse_of_product

__all__ = ["CentredEquations", "Moments", "MomentFit"]


class CentredEquations(NamedTuple):
    """``gram`` S (K, K), ``rhs`` c (K,) and ``constant``, all about the means of the columns."""

    gram: NDArray
    rhs: NDArray
    constant: float


class MomentFit(NamedTuple):
    """A kernel (K,) and offset, with the inverse that their covariance is s^2 times.

    ``inverse`` (K, K) and ``offset_variance`` are those of noise of variance 1 over the
    weights; ``inverse`` is None where it was not asked for.
    """

    kernel: NDArray
    offset: complex
    inverse: NDArray | None
    offset_variance: float


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted sums over the outputs, of the data matrix x and the observed y, both centred.

    Attributes
    ----------
    gram : ndarray, shape (K, K)
        x'Wx, Hermitian; ' is the conjugate transpose.
    cross : ndarray, shape (K,)
        x'Wy.
    power : float
        y'Wy.
    column_sums : ndarray, shape (K,)
        x'W1.
    observed_sum : float or complex
        1'Wy.
    weight_sum : float
        1'W1.
    shift, observed_shift : float or complex
        What was subtracted from every entry of X, and from the observed picture.
    observations : int
        Outputs of positive weight.

    Examples
    --------
    >>> X, b = np.array([[1.0, 3.0], [2.0, 5.0], [4.0, 4.0]]), np.array([1.0, 2.0, 3.0])
    >>> moments = Moments(X.T @ X, X.T @ b, b @ b, X.sum(0), b.sum(), 3.0, 0.0, 0.0, 3)
    >>> moments.fit(offset=False).kernel.round(6), np.linalg.lstsq(X, b)[0].round(6)
    (array([0.598086, 0.15311 ]), array([0.598086, 0.15311 ]))
    """

    gram: NDArray
    cross: NDArray
    power: float
    column_sums: NDArray
    observed_sum: complex
    weight_sum: float
    shift: complex
    observed_shift: complex
    observations: int

    @property
    def column_means(self) -> NDArray:
        """``1'WX / 1'W1``, shape (K,): r, of the data as it was given."""
        return self.shift + self.column_sums.conj() / self.weight_sum

    @property
    def observed_mean(self) -> complex:
        """Weighted mean t of the observed picture as it was given."""
        return self.observed_shift + self.observed_sum / self.weight_sum

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of both pictures together, about their common mean."""
        if not isinstance(other, Moments):
            return NotImplemented
        w, v = self.weight_sum, other.weight_sum
        shifts = (
            (w * self.shift + v * other.shift) / (w + v),
            (w * self.observed_shift + v * other.observed_shift) / (w + v),
        )
        a, b = self.shifted(*shifts), other.shifted(*shifts)
        return Moments(
            a.gram + b.gram,
            a.cross + b.cross,
            a.power + b.power,
            a.column_sums + b.column_sums,
            a.observed_sum + b.observed_sum,
            w + v,
            *shifts,
            a.observations + b.observations,
        )

    def shifted(self, shift: complex, observed_shift: complex) -> "Moments":
        """The same moments about other shifts; digits are lost where those are far off."""
        d, e = self.shift - shift, self.observed_shift - observed_shift
        s, t, w = self.column_sums, self.observed_sum, self.weight_sum
        if d == 0 and e == 0:
            return self
        gram = self.gram
        if d != 0:
            # Each row has the same term in every column, and so has each column in every row.
            row = d * s + 0.5 * abs(d) ** 2 * w
            gram = gram + row[:, None]
            gram += row.conj()
        return Moments(
            gram,
            self.cross + e * s + np.conj(d) * (t + w * e),
            float(self.power + 2 * (np.conj(e) * t).real + w * abs(e) ** 2),
            s + np.conj(d) * w,
            t + w * e,
            w,
            shift,
            observed_shift,
            self.observations,
        )

    def centred(self) -> CentredEquations:
        """The normal equations that are left when an offset column is eliminated.

        The matrix has the covariances of the columns, times the sum of the weights, so its
        condition number is not the mean's doing. For the offset itself, ``o = t - r h``.
        """
        s, w = self.column_sums, self.weight_sum
        gram = np.outer(s, s.conj() / -w)
        gram += self.gram
        return CentredEquations(
            gram,
            self.cross - s * (self.observed_sum / w),
            self.power - abs(self.observed_sum) ** 2 / w,
        )

    def plain(self) -> tuple[NDArray, NDArray, float]:
        """``(X'WX, X'Wb, b'Wb)`` of the data as they were given, without an offset.

        A mean many times the standard deviation costs twice the digits of their ratio.
        """
        raw = self.shifted(0.0, 0.0)
        return raw.gram, raw.cross, raw.power

    def fit(
        self, *, offset: bool, penalty: NDArray | None = None, inverse: bool = False
    ) -> MomentFit:
        """The kernel (and offset) that minimise the weighted residual, by Cholesky.

        Parameters
        ----------
        offset : bool
            Whether the model is ``X h + o`` or ``X h``.
        penalty : ndarray, shape (K, K), optional
            ``damp^2 L'L``, added to the Gram matrix.
        inverse : bool
            Whether to compute ``(X'WX + penalty)^-1``, which takes longer than the kernel. With
            an offset it is the kernel's block of the inverse of both.

        Raises
        ------
        numpy.linalg.LinAlgError
            Where the centred matrix is singular to working precision. (Without an offset a
            constant picture is such a case although its mean determines a 1x1 kernel.)
        """
        from scipy import linalg  # a tenth of a second of import

        S, c, _ = self.centred()
        if penalty is not None:
            S += penalty
        factor = linalg.cho_factor(S, lower=True, overwrite_a=True, check_finite=False)
        r, t = self.column_means, self.observed_mean
        kernel, z = linalg.cho_solve(factor, np.stack([c, r.conj()], axis=1)).T
        missing = t - r @ kernel
        variance = 1 / self.weight_sum + float((r @ z).real)
        result = inverse_of_product(factor[0]) if inverse else None
        if offset:
            return MomentFit(kernel, missing.item(), result, variance)
        if result is not None:
            result -= np.outer(z, z.conj() / variance)
        return MomentFit(kernel + z * (missing / variance), 0.0, result, 0.0)

    def gradient(self, kernel: NDArray, offset: complex = 0.0) -> NDArray:
        """``[X 1]'W (X h + o - b)``, shape (K + 1,): the last is the offset's."""
        S, c, _ = self.centred()
        r = self.column_means
        excess = self.weight_sum * (r @ kernel + offset - self.observed_mean)
        return np.append(S @ kernel - c + r.conj() * excess, excess)

    def residual_square(self, kernel: NDArray, offset: complex = 0.0) -> float:
        """``sum of w |b - X h - o|^2``, to within eps times `power`; never negative.

        Residuals smaller than about 1e-7 of the observed picture's deviation from its mean
        need ``b - X h`` itself.
        """
        S, c, constant = self.centred()
        excess = self.column_means @ kernel + offset - self.observed_mean
        square = constant + np.vdot(kernel, S @ kernel - 2 * c).real
        return max(float(square + self.weight_sum * abs(excess) ** 2), 0.0)
