"""One face for the matrices of a least-squares problem: dense, sparse, or only an operator.

A linear map here is an ndarray, a `csr_array`, or anything with `shape`, `matvec` and
`rmatvec` (SciPy's LinearOperator, PyLops, convmat's own). Products, adjoint products, Gram
matrices and dense blocks of rows are all that solvers ask of it.

A tall matrix whose rows are (nearly) full, as data matrices are, is dense whatever its
format says: its Gram matrix goes by blocks of rows through BLAS, about a hundred times
faster than a sparse product with the same entries.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.arrays import all_finite, as_samples
from convmat.errors import ConvmatError
from convmat.memory import require_memory
from convmat.threads import by_blocks

__all__ = [
    "adjoint_product",
    "all_finite",
    "as_dense",
    "as_linear_map",
    "difference",
    "gram",
    "inner",
    "is_operator",
    "norm",
    "product",
    "row_blocks",
    "solution_dtype",
    "to_explicit",
]

FULL_ENOUGH = 0.1
"""Share of stored entries from which dense BLAS beats sparse products for a Gram matrix."""

_BLOCK_ENTRIES = 2**20
_UNSHARED = 2**13


def as_linear_map(value: Any, name: str) -> Any:
    """Validate a matrix or operator, in double precision.

    Returns
    -------
    ndarray, csr_array or the operator itself
        A sparse matrix that stores every entry comes back as the ndarray over the same memory.

    Raises
    ------
    ConvmatError
        For what is not a finite, non-empty matrix of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> as_linear_map([[1, 2], [3, 4]], "A")
    array([[1., 2.],
           [3., 4.]])
    """
    if sparse.issparse(value):
        return _as_sparse(value, name)
    if is_operator(value):
        shape = tuple(value.shape)
        if len(shape) != 2 or min(shape) < 1:
            raise ConvmatError(f"{name} must have 2 non-empty axes, got an operator of {shape}")
        return value
    return _double(as_samples(value, name, ndim=2))


def _as_sparse(value: Any, name: str) -> Any:
    if value.ndim != 2 or min(value.shape) < 1:
        raise ConvmatError(f"{name} must have 2 non-empty axes, got a sparse {value.shape}")
    if value.dtype.kind not in "buifc":
        raise ConvmatError(f"{name} must hold numbers, got a sparse array of {value.dtype}")
    if value.format not in ("csr", "csc"):
        value = value.tocsr()
    if not all_finite(value.data):
        raise ConvmatError(f"{name} has entries that are NaN or infinite")
    m, n = value.shape
    if value.nnz == m * n and value.has_canonical_format:
        if value.format == "csr":
            return _double(value.data.reshape(m, n))
        return _double(value.data.reshape(n, m).T)
    array = sparse.csr_array(value)
    return array.astype(solution_dtype(array), copy=False)


def inner(one: NDArray, other: NDArray) -> Any:
    """``np.vdot`` of two vectors, on this thread alone.

    BLAS spreads a long one over threads, which go on spinning for some 20 ms afterwards: products
    and FFTs that follow run at half of their speed.

    Examples
    --------
    >>> float(inner(np.arange(3.0), np.ones(3)))
    3.0
    """
    if len(one) < _UNSHARED:
        return np.vdot(one, other)
    whole = len(one) // _UNSHARED * _UNSHARED
    rows = (vector[:whole].reshape(-1, _UNSHARED) for vector in (one, other))
    return np.vecdot(*rows).sum() + np.vdot(one[whole:], other[whole:])


def difference(one: NDArray, other: NDArray, scale: float = 1.0) -> tuple[NDArray, float]:
    """``scale * one - other`` of two vectors, and the square of its norm, in one go.

    Examples
    --------
    >>> difference(np.array([2.0, 3.0]), np.array([3.0, 4.0]), 2.0)
    (array([1., 2.]), 5.0)
    """
    result = np.empty(len(one), np.result_type(one, other))

    def subtract(part: slice) -> float:
        piece = np.multiply(one[part], scale, out=result[part])
        piece -= other[part]
        return float(inner(piece, piece).real)

    return result, sum(by_blocks(subtract, len(one)))


def norm(vector: NDArray) -> float:
    """``np.linalg.norm`` of a vector, on this thread alone (see `inner`)."""
    return float(np.sqrt(inner(vector, vector).real))


def _double(array: NDArray) -> NDArray:
    return array.astype(solution_dtype(array), copy=False)


def as_dense(value: Any) -> NDArray:
    """The ndarray of a sparse array; an ndarray as it is."""
    return value.toarray() if sparse.issparse(value) else value


def is_operator(value: Any) -> bool:
    """Whether only products with `value` are to be had."""
    return hasattr(value, "matvec") and hasattr(value, "rmatvec") and hasattr(value, "shape")


def solution_dtype(*values: Any) -> np.dtype:
    """float64, or complex128 where any of the values is complex; None counts as real."""
    kinds = [getattr(value, "dtype", None) for value in values]
    is_complex = any(kind is not None and np.dtype(kind).kind == "c" for kind in kinds)
    return np.dtype(np.complex128 if is_complex else np.float64)


def product(A: Any, x: NDArray) -> NDArray:
    """``A @ x`` in double precision, x of shape (n,) or (n, k)."""
    if not is_operator(A):
        return A @ x
    if np.iscomplexobj(x) and solution_dtype(A).kind == "f":
        return product(A, np.ascontiguousarray(x.real)) + 1j * product(
            A, np.ascontiguousarray(x.imag)
        )
    return _double(np.asarray(A.matvec(x) if x.ndim == 1 else _columnwise(A, x)))


def _columnwise(A: Any, x: NDArray) -> NDArray:
    if hasattr(A, "matmat"):
        return A.matmat(x)
    return np.stack([A.matvec(column) for column in x.T], axis=1)


def adjoint_product(A: Any, y: NDArray) -> NDArray:
    """``A.conj().T @ y`` in double precision, y of shape (m,) or (m, k)."""
    if not is_operator(A):
        return (A.T @ y.conj()).conj() if A.dtype.kind == "c" else A.T @ y
    if np.iscomplexobj(y) and solution_dtype(A).kind == "f":
        return adjoint_product(A, np.ascontiguousarray(y.real)) + 1j * adjoint_product(
            A, np.ascontiguousarray(y.imag)
        )
    try:
        if y.ndim == 1:
            return _double(np.asarray(A.rmatvec(y)))
        columns = [adjoint_product(A, np.ascontiguousarray(column)) for column in y.T]
        return np.stack(columns, axis=1)
    except NotImplementedError as error:
        raise ConvmatError(
            "an operator in the problem has no adjoint (rmatvec); least squares needs one"
        ) from error


def to_explicit(A: Any, name: str = "A") -> Any:
    """The ndarray or `csr_array` of a map; an operator is asked for it, or applied to units."""
    if not is_operator(A):
        return A
    if hasattr(A, "to_matrix"):
        return as_linear_map(A.to_matrix(), name)
    m, n = A.shape
    require_memory(16 * m * n, f"the matrix of {name}", "use an iterative solver, such as lsmr")
    width = max(1, min(n, _BLOCK_ENTRIES // n))
    blocks = []
    for start in range(0, n, width):
        units = np.eye(n, min(width, n - start), k=-start)
        blocks.append(product(A, units))
    return np.concatenate(blocks, axis=1)


def row_blocks(A: Any, rows: int | None = None) -> Iterator[tuple[slice, NDArray]]:
    """Dense blocks of consecutive rows of an explicit matrix.

    Yields
    ------
    slice, ndarray
        Which rows, and the block; it is a view where A is dense.
    """
    m, n = A.shape
    rows = rows or max(n, _BLOCK_ENTRIES // n, 1)
    for start in range(0, m, rows):
        which = slice(start, min(start + rows, m))
        yield which, A[which].toarray() if sparse.issparse(A) else A[which]


def gram(A: Any, weights: NDArray | None = None) -> Any:
    """``A.conj().T @ diag(weights) @ A`` of an explicit matrix.

    Returns
    -------
    ndarray, or csr_array for a truly sparse A
        Shape (n, n), Hermitian.

    Examples
    --------
    >>> import numpy as np
    >>> gram(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[10., 14.],
           [14., 20.]])
    """
    n = A.shape[1]
    roots = None if weights is None else np.sqrt(weights)
    if sparse.issparse(A) and A.nnz < FULL_ENOUGH * A.shape[0] * n:
        scaled = A if roots is None else sparse.csr_array(sparse.diags_array(roots) @ A)
        return sparse.csr_array(scaled.conj().T @ scaled)
    require_memory(A.dtype.itemsize * n * n, "the Gram matrix", "use an iterative solver")
    total = np.zeros((n, n), dtype=A.dtype)
    for which, block in row_blocks(A):
        if roots is not None:
            block = block * roots[which, None]
        total += block.conj().T @ block if A.dtype.kind == "c" else block.T @ block
    return total
