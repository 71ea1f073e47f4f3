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

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.spectral.filters import divide, shrink, shrink_rough
from convmat.spectral.kronecker import KroneckerMap
from convmat.spectral.shared_basis import diagonal_in
from convmat.spectral.sweep import Change, sweep
from convmat.spectral.tables import rows_of
from convmat.spectral.transforms import Transform
from convmat.threads import by_blocks

__all__ = ["ITERATE", "Diagonalization"]

ITERATE = "use an iterative solver, such as lsmr, on the operator"


@dataclass(frozen=True, eq=False)
class Diagonalization:
    """A fast decomposition of a matrix, ``pinv(H) = inverse o diag(1 / eigenvalues) o forward``.

    It unpacks into ``forward, inverse, eigenvalues, orthogonal``.

    Attributes
    ----------
    forward : callable
        From the right-hand side b, shape (m,), to coefficients, shape (r,).
    inverse : callable
        From coefficients to unknowns, shape (n,); complex where the FFT takes part, with an
        imaginary part of rounding errors where the right-hand side and the matrix are real
        (``inverse.real``).
    values : ndarray
        The eigenvalues, or of a real matrix those that its transform keeps, of `kept_shape`: all
        that are given are cut to that. For a Kronecker product these are singular values,
        `forward` is U' and `inverse` is V: solving reads the same, only a product does not.
    orthogonal : bool
        Whether ``forward`` and ``inverse`` have orthonormal bases, so that singular values are
        |eigenvalues|, and damped and least-squares solutions can be had.

    Notes
    -----
    `forward` of two operators compare equal where both are diagonal in the same basis.
    """

    forward: Transform | KroneckerMap
    inverse: Transform | KroneckerMap
    values: NDArray
    orthogonal: bool

    def __post_init__(self) -> None:
        if self.values.shape != self.forward.kept_shape:
            object.__setattr__(self, "values", self.forward.kept(self.values))

    def __iter__(self) -> Iterator[Any]:
        return iter((self.forward, self.inverse, self.eigenvalues, self.orthogonal))

    @cached_property
    def eigenvalues(self) -> NDArray:
        """All of them, shape (r,), not sorted."""
        return self.forward.whole(self.values)

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
        return np.sort(self.forward.whole(np.abs(self.values)))[::-1]

    def condition_number(self) -> float:
        """Largest over smallest singular value; infinite for a singular matrix."""
        self._require_orthogonal("singular values")
        smallest, largest = self.extremes()
        return largest / smallest if smallest > 0 else float("inf")

    def rank(self, rcond: float | None = None) -> int:
        """Number of singular values above `rcond` times the largest (see `pseudo_solve`)."""
        self._require_orthogonal("singular values")
        used = np.abs(self.values) > self.cutoff(rcond)
        return int(np.count_nonzero(self.forward.whole(used)))

    def extremes(self, above: float | None = None) -> tuple[float, float]:
        """The smallest of the |eigenvalues|, of those larger than `above`, and the largest.

        Both are NaN where there are none.
        """
        return self._extremes if above is None else self._search(above)

    @cached_property
    def _extremes(self) -> tuple[float, float]:
        return self._search(-1.0)

    def _search(self, above: float) -> tuple[float, float]:
        rows = rows_of(self.values)

        def search(part: slice) -> tuple[float, float]:
            sizes = np.abs(rows[part])
            sizes = sizes[sizes > above] if above >= 0 else sizes
            if not sizes.size:
                return math.inf, -math.inf
            return float(sizes.min()), float(sizes.max())

        smallest, largest = _hull(by_blocks(search, *rows.shape))
        return (smallest, largest) if largest >= 0 else (math.nan, math.nan)

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
            Of L, in the same basis; None is the identity. Where neither H nor L sees more of a
            coefficient than rounding (see `cutoff`), it is 0.

        Raises
        ------
        ConvmatError
            Where the bases are not orthogonal, or not the same.
        """
        self._require_orthogonal("damped solutions")
        if not damp > 0:
            raise ConvmatError(f"damp must be positive, got {damp}; use pseudo_solve without it")
        if penalty is None:
            squares: list[tuple[float, float]] = []
            x = self._synthesize(partial(shrink, self.values, damp, squares), b)
            smallest, largest = _hull(squares)
            if smallest >= float(np.finfo(self.values.dtype).tiny):  # these are all, so keep them
                self.__dict__["_extremes"] = math.sqrt(smallest), math.sqrt(largest)
            return x
        if not penalty.orthogonal or penalty.forward != self.forward:
            raise ConvmatError(
                "the penalty is not diagonal in the basis that the matrix is: give both the same "
                f"boundary, one with an orthogonal transform, or {ITERATE}"
            )
        if penalty.values.shape != self.values.shape:  # one of them is complex
            return self._complex().damped_solve(b, damp, penalty._complex())
        cutoff = math.hypot(self.cutoff(), damp * penalty.cutoff())
        rough = partial(shrink_rough, self.values, damp, penalty.values, cutoff)
        return self._synthesize(rough, b)

    def penalty(self, gram: Callable[[NDArray], NDArray]) -> "Diagonalization | None":
        """A penalty L in this basis, from ``gram(v)``, which is ``L'L v``; None where it is not.

        Examples
        --------
        >>> from convmat.geometry import Geometry
        >>> from convmat.spectral.structure import diagonalize
        >>> found = diagonalize(np.array([1.0, 2.0, 1.0]), Geometry(3, 3, "same", "symmetric"))
        >>> steps = np.diff(np.eye(3), axis=0)
        >>> (found.penalty(lambda v: steps.T @ (steps @ v)).eigenvalues ** 2).round(12)
        array([0., 1., 3.])
        """
        if not isinstance(self.forward, Transform) or not isinstance(self.inverse, Transform):
            return None
        squares = diagonal_in(self.forward, self.inverse, gram)
        if squares is None:
            return None
        basis = self._complex() if np.iscomplexobj(squares) else self
        return replace(basis, values=np.sqrt(np.maximum(squares.real, 0)))

    def pseudo_solve(self, b: NDArray, rcond: float | None = None) -> NDArray:
        """The least-squares solution of minimum norm, ``pinv(H) b``, shape (n,).

        Parameters
        ----------
        b : ndarray, shape (m,)
        rcond : float, optional
            Singular values up to `rcond` times the largest count as zero. Default:
            ``min(m, n) * eps``.
        """
        cutoff = self.cutoff(rcond)
        if self.extremes()[0] <= cutoff:
            self._require_orthogonal("the pseudo-inverse of a singular matrix")
        return self._synthesize(partial(divide, self.values, cutoff), b)

    def cutoff(self, rcond: float | None = None) -> float:
        """What counts as zero: `rcond` times the largest |eigenvalue|."""
        if rcond is None:
            rcond = self.forward.size * float(np.finfo(self.values.dtype).eps)
        return rcond * self.extremes()[1]

    def _synthesize(self, change: Change, b: NDArray) -> NDArray:
        """``inverse(diagonal * forward(b))``, where `change` multiplies by the diagonal."""
        halved = isinstance(self.forward, Transform) and self.forward.halved is not None
        if halved and np.iscomplexobj(b):
            return self._synthesize(change, b.real) + 1j * self._synthesize(change, b.imag)
        dtype = np.result_type(b, self.values.dtype)
        if halved:
            dtype = np.empty(0, dtype).real.dtype
        if isinstance(self.forward, Transform):
            if not halved and Boundary.CIRCULAR in self.forward.kinds.values():
                dtype = np.result_type(dtype, np.complex64)
            return sweep(self.forward, b, change, dtype)
        coefficients = self.forward(b)  # complex where the singular vectors are
        dtype = np.result_type(dtype, coefficients.dtype)
        coefficients = coefficients.astype(dtype, copy=False).reshape(self.values.shape)
        change(rows_of(coefficients), slice(None))
        return self.inverse(coefficients)

    def _complex(self) -> "Diagonalization":
        """The same, all eigenvalues kept."""
        if not isinstance(self.forward, Transform) or not isinstance(self.inverse, Transform):
            return self
        forward, inverse = (replace(map, real=False) for map in (self.forward, self.inverse))
        return Diagonalization(forward, inverse, self.eigenvalues, self.orthogonal)

    def _require_orthogonal(self, what: str) -> None:
        if not self.orthogonal:
            raise ConvmatError(
                f"{what} cannot be had from these eigenvalues: with `mirror` or `antireflect` the "
                f"matrix is not normal, its eigenvectors are not orthogonal; {ITERATE}"
            )


def _hull(ranges: list[tuple[float, float]]) -> tuple[float, float]:
    return min(low for low, _ in ranges), max(high for _, high in ranges)
