"""The augmented system ``[W^1/2 A; damp L] x = [W^1/2 b; 0]``: weights and damping absorbed.

Its least-squares solution is that of the weighted, damped problem, so that a method for plain
least squares serves all of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError
from convmat.linear_maps import (
    adjoint_product,
    all_finite,
    is_operator,
    product,
    solution_dtype,
)

__all__ = ["AugmentedSystem", "checked_adjoint", "checked_product"]


def checked_product(A: Any, x: NDArray, name: str = "A", *, finite: bool = True) -> NDArray:
    """``A @ x`` for x of shape (n,).

    Who looks at the numbers anyway may leave out, by `finite`, to check that they are finite.

    Raises
    ------
    ConvmatError
        Where an operator's product has another length or type than its shape and dtype promise,
        or is not finite for a finite x.
    """
    image = product(A, x)
    if not is_operator(A):
        return image
    return _checked(A, x, image, A.shape[0], f"{name} gave a product", finite)


def checked_adjoint(A: Any, y: NDArray, name: str = "A", *, finite: bool = True) -> NDArray:
    """``A.conj().T @ y`` for y of shape (m,); it raises as `checked_product` does."""
    image = adjoint_product(A, y)
    if not is_operator(A):
        return image
    return _checked(A, y, image, A.shape[1], f"{name} gave an adjoint product", finite)


def _checked(
    A: Any, vector: NDArray, image: NDArray, size: int, what: str, finite: bool
) -> NDArray:
    if image.shape != (size,):
        raise ConvmatError(f"{what} of shape {image.shape}; its own shape asks for ({size},)")
    if image.dtype.kind == "c" and vector.dtype.kind != "c" and solution_dtype(A).kind == "f":
        raise ConvmatError(f"{what} that is complex; its dtype says that it is real")
    if finite and not all_finite(image) and all_finite(vector):
        raise ConvmatError(f"{what} with entries that are NaN or infinite")
    return image


@dataclass(frozen=True, eq=False)
class AugmentedSystem:
    """Products with ``B = [W^1/2 A; damp L]``, which has only the rows of A without damping.

    Attributes
    ----------
    A : ndarray, csr_array or operator, shape (m, n)
    b : ndarray, shape (m,)
    root_weights : ndarray of float64, shape (m,), or None
    damp : float
    penalty : ndarray, csr_array or operator, shape (p, n), or None for the identity
    """

    A: Any
    b: NDArray
    root_weights: NDArray | None
    damp: float
    penalty: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Of B."""
        m, n = self.A.shape
        extra = 0
        if self.damp:
            extra = n if self.penalty is None else self.penalty.shape[0]
        return m + extra, n

    @property
    def dtype(self) -> np.dtype:
        """float64 or complex128."""
        return solution_dtype(self.A, self.b, self.penalty)

    @property
    def rhs(self) -> NDArray:
        """``[W^1/2 b; 0]``, shape (m + p,)."""
        return self._stacked(self.b, None)

    def product(self, x: NDArray) -> NDArray:
        """``B x``; x of shape (n,)."""
        lower = None
        if self.damp:
            rough = x if self.penalty is None else checked_product(self.penalty, x, "penalty")
            lower = self.damp * rough
        return self._stacked(checked_product(self.A, x), lower)

    def adjoint(self, u: NDArray) -> NDArray:
        """``B' u``; u of shape (m + p,)."""
        m = self.A.shape[0]
        upper = u[:m] if self.root_weights is None else self.root_weights * u[:m]
        x = checked_adjoint(self.A, upper)
        if self.damp:
            lower = u[m:]
            x = x + self.damp * (
                lower if self.penalty is None else checked_adjoint(self.penalty, lower, "penalty")
            )
        return x

    def matrix(self) -> Any:
        """B: dense where A is, sparse where A is, a LinearOperator where A or L is one."""
        if is_operator(self.A) or (self.damp and is_operator(self.penalty)):
            from scipy.sparse.linalg import LinearOperator

            return LinearOperator(
                self.shape,
                matvec=lambda x: self.product(np.ravel(x)),
                rmatvec=lambda u: self.adjoint(np.ravel(u)),
                dtype=self.dtype,
            )
        top = self.A
        if self.root_weights is not None:
            top = sparse.diags_array(self.root_weights) @ top
        if not self.damp:
            return top
        below = sparse.eye_array(top.shape[1]) if self.penalty is None else self.penalty
        below = self.damp * below
        if sparse.issparse(top):
            return sparse.csr_array(sparse.vstack([top, below]))
        return np.concatenate([top, below.toarray() if sparse.issparse(below) else below])

    def _stacked(self, upper: NDArray, lower: NDArray | None) -> NDArray:
        if self.root_weights is not None:
            upper = self.root_weights * upper
        upper = upper.astype(self.dtype, copy=False)
        if not self.damp:
            return upper
        out = np.zeros(self.shape[0], dtype=upper.dtype)
        out[: len(upper)] = upper
        if lower is not None:
            out[len(upper) :] = lower
        return out
