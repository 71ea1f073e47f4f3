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

__all__ = ["CentredEquations", "Moments"]


class CentredEquations(NamedTuple):
    """S (K, K), c (K,) and y'Wy about the means; r' (K,), t and w beside them."""

    gram: NDArray
    rhs: NDArray
    constant: float
    mean: NDArray
    level: complex
    weight: float


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
    >>> moments.centred().mean, moments.centred().gram / 3
    (array([2.33333333, 4.        ]), array([[1.55555556, 0.33333333],
           [0.33333333, 0.66666667]]))
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
        """The normal equations that are left when an offset column is eliminated, and the means.

        The matrix has the covariances of the columns, times the sum of the weights, so its
        condition number is not the mean's doing.
        """
        s, w = self.column_sums, self.weight_sum
        gram = np.outer(s, s.conj() / -w)
        gram += self.gram
        return CentredEquations(
            gram,
            self.cross - s * (self.observed_sum / w),
            float(self.power - abs(self.observed_sum) ** 2 / w),
            np.conj(self.shift) + s / w,
            self.observed_shift + self.observed_sum / w,
            w,
        )

    def plain(self) -> tuple[NDArray, NDArray, float]:
        """``(X'WX, X'Wb, b'Wb)`` of the data as they were given, without an offset.

        A mean many times the standard deviation costs twice the digits of their ratio.
        """
        raw = self.shifted(0.0, 0.0)
        return raw.gram, raw.cross, raw.power
