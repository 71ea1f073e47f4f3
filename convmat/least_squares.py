"""The one problem that everything is solved as: linear least squares.

    min over x of  sum_i w_i |(A x - b)_i|^2 + damp^2 |L x|^2

Equivalently ``[W^1/2 A; damp L] x = [W^1/2 b; 0]`` in the least-squares sense (the augmented
system), or ``(A'WA + damp^2 L'L) x = A'Wb`` (the normal equations, whose condition number is
the square of the augmented one's). A' is the conjugate transpose.

Source: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996,
doi:10.1137/1.9781611971484.
"""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.arrays import as_samples
from convmat.augmented import AugmentedSystem, checked_adjoint, checked_product
from convmat.certificate import Certificate, certify
from convmat.errors import ConvmatError
from convmat.linear_maps import (
    as_dense,
    as_linear_map,
    gram,
    is_operator,
    solution_dtype,
    to_explicit,
)
from convmat.normal_equations import (
    CentredEquations,
    NormalEquations,
    checked_centred,
    checked_equations,
)

__all__ = ["LeastSquares"]


LARGEST_DAMP = 1e150


@dataclass(frozen=True, eq=False, repr=False)
class LeastSquares:
    """A linear least-squares problem ``min sum_i w_i |(Ax - b)_i|^2 + damp^2 |Lx|^2``.

    Everything is held and solved in float64, or complex128 where A, b or the penalty is
    complex. The matrix A is not copied where it has that precision already: do not change it
    while the problem is in use.

    Parameters
    ----------
    A : array_like, sparse array or operator, shape (m, n)
        An operator has `shape`, `matvec` and `rmatvec`. It may offer
        ``normal_equations(b, weights=None) -> (A'WA, A'Wb, b'Wb)``, the same with the means of
        its columns apart, ``centred_equations`` (see ``convmat.normal_equations``), and
        ``to_matrix()``, which solvers then use.
    b : array_like, shape (m,)
    damp : float
        Not negative.
    penalty : array_like, sparse array or operator, shape (p, n), optional
        L; None is the identity.
    weights : array_like, shape (m,), optional
        Inverse variances, not negative, not all zero. None is all ones.

    Raises
    ------
    ConvmatError
        Naming the argument, what was given and what is allowed.

    Examples
    --------
    A line through three points:

    >>> problem = LeastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5])
    >>> problem
    LeastSquares(3 equations, 2 unknowns, dense, float64)
    >>> problem.residual([1, 2])
    array([0., 0., 0.])
    """

    A: Any
    b: NDArray
    _: KW_ONLY
    damp: float = 0.0
    penalty: Any = None
    weights: NDArray | None = None

    def __post_init__(self) -> None:
        A = as_linear_map(self.A, "A")
        m, n = A.shape
        b = _frozen(as_samples(self.b, "b", ndim=1))
        if b.size != m:
            raise ConvmatError(f"b must have one entry for each row of A ({m}), got {b.size}")
        penalty = None if self.penalty is None else as_linear_map(self.penalty, "penalty")
        if penalty is not None and penalty.shape[1] != n:
            raise ConvmatError(
                f"penalty must have as many columns as A ({n}), got shape {penalty.shape}"
            )
        set_field = object.__setattr__
        set_field(self, "A", A)
        set_field(self, "b", b)
        set_field(self, "damp", _checked_damp(self.damp))
        set_field(self, "penalty", penalty)
        set_field(self, "weights", _checked_weights(self.weights, m))

    def __repr__(self) -> str:
        m, n = self.shape
        kind = "operator" if is_operator(self.A) else "dense"
        words = [f"{m} equations, {n} unknowns", "sparse" if sparse.issparse(self.A) else kind]
        words.append(str(self.dtype))
        if self.weights is not None:
            words.append("weighted")
        if self.damp:
            words.append(f"damp={self.damp:g}")
        if self.penalty is not None:
            words.append(f"penalty of {self.penalty.shape[0]} rows")
        return f"LeastSquares({', '.join(words)})"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of equations and of unknowns."""
        m, n = self.A.shape
        return int(m), int(n)

    @property
    def dtype(self) -> np.dtype:
        """Of the solution: float64 or complex128."""
        return solution_dtype(self.A, self.b, self.penalty)

    def with_damp(self, damp: float) -> Self:
        """The same problem with another `damp`; what has been computed for A is kept."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        object.__setattr__(other, "damp", _checked_damp(damp))
        return other

    def residual(self, x: Any) -> NDArray:
        """``b - A x``, without the weights; x of shape (n,)."""
        return self.b - checked_product(self.A, self._unknowns(x))

    def gradient(self, x: Any) -> NDArray:
        """``A'W(Ax - b) + damp^2 L'L x``: half the objective's gradient, zero at a solution."""
        return self.certificate(self._unknowns(x)).gradient

    def certificate(self, x: NDArray) -> Certificate:
        """Residual and gradient at x, by two products with A and its adjoint."""
        return certify(self, x)

    @cached_property
    def rhs(self) -> NDArray:
        """``A'Wb``, shape (n,); minus the gradient at zero."""
        weighted = self.b if self.weights is None else self.weights * self.b
        rhs = checked_adjoint(self.A, weighted)
        if not np.all(np.isfinite(rhs)):
            raise ConvmatError(
                "A gave an adjoint product A'Wb that is not a finite vector of "
                f"{self.shape[1]} entries"
            )
        return rhs

    def normal_equations(self) -> NormalEquations:
        """``(A'WA, A'Wb, b'Wb)``, computed once; the damping term is not in it.

        An operator that offers its own is asked for it. Otherwise dense matrices, and sparse
        ones with nearly full rows, go through BLAS by blocks of rows, sparse ones by a sparse
        product. Add `penalty_gram` times ``damp**2``, or call `damped_gram`.

        Examples
        --------
        >>> LeastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5]).normal_equations().gram
        array([[3., 3.],
               [3., 5.]])
        """
        return self._normal_equations

    @cached_property
    def _normal_equations(self) -> NormalEquations:
        centred = self.centred_equations
        if centred is not None:
            return centred.plain()
        if hasattr(self.A, "normal_equations"):
            given = self.A.normal_equations(self.b, weights=self.weights)
            return checked_equations(given, self.shape[1])
        weighted = self.b if self.weights is None else self.weights * self.b
        constant = float(np.vdot(self.b, weighted).real)
        return NormalEquations(gram(to_explicit(self.A), self.weights), self.rhs, constant)

    @cached_property
    def centred_equations(self) -> CentredEquations | None:
        """The normal equations with the means of the columns apart, where the operator has them."""
        if not hasattr(self.A, "centred_equations"):
            return None
        given = self.A.centred_equations(self.b, weights=self.weights)
        return None if given is None else checked_centred(given, self.shape[1])

    @cached_property
    def penalty_gram(self) -> Any:
        """``L'L``, ndarray or sparse array of shape (n, n); the identity where L is None."""
        if self.penalty is None:
            return sparse.eye_array(self.shape[1], format="csr")
        return gram(to_explicit(self.penalty, "penalty"))

    def damped_gram(self) -> Any:
        """``A'WA + damp^2 L'L``, ndarray or csr_array of shape (n, n)."""
        return self.damped(self.normal_equations().gram)

    def damped(self, gram_matrix: Any) -> Any:
        """`gram_matrix` with ``damp^2 L'L`` added, which is itself where there is no damping."""
        if not self.damp:
            return gram_matrix
        term = self.damp**2 * self.penalty_gram
        if sparse.issparse(gram_matrix) and sparse.issparse(term):
            return sparse.csr_array(gram_matrix + term)
        return as_dense(gram_matrix) + as_dense(term)

    @property
    def system(self) -> AugmentedSystem:
        """The augmented system, as products."""
        return AugmentedSystem(self.A, self.b, self._root_weights, self.damp, self.penalty)

    def augmented(self) -> tuple[Any, NDArray]:
        """``[W^1/2 A; damp L]`` and ``[W^1/2 b; 0]``: the plain least-squares problem.

        Returns
        -------
        ndarray, csr_array or LinearOperator, shape (m + p, n)
            Dense where A is, sparse where A is, an operator where A or the penalty is one.
            Without damping there are only m rows.
        ndarray, shape (m + p,)

        Examples
        --------
        >>> LeastSquares([[3.0], [4.0]], [1.0, 2.0], damp=0.5).augmented()[0]
        array([[3. ],
               [4. ],
               [0.5]])
        """
        system = self.system
        return system.matrix(), system.rhs

    @cached_property
    def _root_weights(self) -> NDArray | None:
        return None if self.weights is None else np.sqrt(self.weights)

    def _unknowns(self, x: Any) -> NDArray:
        x = np.asarray(x)
        if x.shape != (self.shape[1],):
            raise ConvmatError(f"x must have shape ({self.shape[1]},), got {x.shape}")
        return x


def _checked_damp(damp: Any) -> float:
    try:
        value = float(damp)
    except (TypeError, ValueError):
        raise ConvmatError(f"damp must be a number, got {damp!r}") from None
    if not 0 <= value <= LARGEST_DAMP:  # its square must be finite
        raise ConvmatError(f"damp must be from 0 to {LARGEST_DAMP:g}, got {value}")
    return value


def _checked_weights(weights: Any, m: int) -> NDArray | None:
    if weights is None:
        return None
    weights = as_samples(weights, "weights", ndim=1)
    if weights.size != m:
        raise ConvmatError(f"weights must be one for each row of A ({m}), got {weights.size}")
    if weights.dtype.kind == "c":
        raise ConvmatError(f"weights must be real, got {weights.dtype}")
    smallest = weights.min()
    if smallest < 0:
        raise ConvmatError(f"weights must not be negative, got {smallest}")
    if not weights.any():
        raise ConvmatError("weights are all zero: no equation is left")
    return _frozen(weights)


def _frozen(array: NDArray) -> NDArray:
    """In double precision, and such that nobody changes it: a copy, unless that is so already."""
    if array.dtype == solution_dtype(array) and array.base is None and not array.flags.writeable:
        return array
    copy = array.astype(solution_dtype(array), copy=True)
    copy.setflags(write=False)
    return copy
