"""Matrices as the objects of other tools: PyTorch, JAX, CuPy and PyLops.

Each tool is imported when its function is called. SciPy's own LinearOperator needs none of this:
``scipy.sparse.linalg.aslinearoperator(H)``, and `ConvolutionOperator` is one. CVXPY takes H as it
is.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.files.export import as_rows
from convmat.geometry import parse_shape
from convmat.linear_maps import is_operator
from convmat.optional import require

__all__ = ["to_cupy", "to_jax", "to_pylops", "to_torch"]

_LARGEST_INT32 = 2**31 - 1


def to_torch(matrix: Any, *, device: Any = None) -> Any:
    """The matrix as a PyTorch tensor in CSR layout.

    Parameters
    ----------
    matrix : sparse array, ndarray, or operator with to_matrix
        float32, float64, complex64 or complex128, kept as it is.
    device : torch.device or str, optional
        Default: the CPU, where the tensor shares the matrix's memory if it can be written to.

    Returns
    -------
    torch.Tensor, layout sparse_csr
        ``tensor @ x`` carries gradients to x.

    Raises
    ------
    ConvmatError
        For what is not a matrix of finite numbers; without PyTorch, a `MissingPackageError`.

    Examples
    --------
    >>> H = convmat.convolution_matrix([1, 2, 3], 4, "same")  # doctest: +SKIP
    >>> convmat.to_torch(H) @ torch.ones(4, dtype=torch.float64)  # doctest: +SKIP
    tensor([3., 6., 6., 5.], dtype=torch.float64)
    """
    torch = require("torch", "torch", "travel")
    rows = _canonical(_explicit(matrix))
    arrays = [torch.from_numpy(_writable(a)) for a in (rows.indptr, rows.indices, rows.data)]
    with warnings.catch_warnings():
        # That its CSR layout is young, it says whenever one is made.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support", category=UserWarning)
        return torch.sparse_csr_tensor(
            *arrays, size=rows.shape, device=device, check_invariants=True
        )


def to_jax(matrix: Any) -> Any:
    """The matrix as a JAX sparse array: sorted BCOO, which has a transpose and gradients.

    Parameters
    ----------
    matrix : sparse array, ndarray, or operator with to_matrix

    Returns
    -------
    jax.experimental.sparse.BCOO

    Raises
    ------
    ConvmatError
        For double precision where JAX is set to single, as it is unless told otherwise; without
        JAX, a `MissingPackageError`.

    Examples
    --------
    >>> H = convmat.convolution_matrix([1, 2, 3], 4, "same", dtype="float32")  # doctest: +SKIP
    >>> convmat.to_jax(H) @ jax.numpy.ones(4)  # doctest: +SKIP
    Array([3., 6., 6., 5.], dtype=float32)
    """
    jax_numpy = require("jax.numpy", "jax", "travel")
    sparse = require("jax.experimental.sparse", "jax", "travel")
    rows = _explicit(matrix)
    _require_int32(rows, "JAX")
    data = jax_numpy.asarray(rows.data)
    if data.dtype != rows.dtype:
        single = "complex64" if rows.dtype.kind == "c" else "float32"
        raise ConvmatError(
            f"JAX would hold this {rows.dtype} matrix as {data.dtype}: call "
            'jax.config.update("jax_enable_x64", True) before, or build it with '
            f'dtype="{single}"'
        )
    numbers = np.repeat(np.arange(rows.shape[0], dtype=np.int32), np.diff(rows.indptr))
    places = np.stack([numbers, rows.indices.astype(np.int32, copy=False)], axis=1)
    canonical = bool(rows.has_canonical_format)
    return sparse.BCOO(
        (data, jax_numpy.asarray(places)),
        shape=rows.shape,
        indices_sorted=canonical,
        unique_indices=canonical,
    )


def to_cupy(matrix: Any) -> Any:
    """The matrix on the GPU, as CuPy's csr_matrix.

    Parameters
    ----------
    matrix : sparse array, ndarray, or operator with to_matrix

    Returns
    -------
    cupyx.scipy.sparse.csr_matrix

    Raises
    ------
    ConvmatError
        For a matrix that needs 64-bit indices; without CuPy, a `MissingPackageError`.

    Examples
    --------
    >>> H = convmat.convolution_matrix([1, 2, 3], 4, "same")  # doctest: +SKIP
    >>> convmat.to_cupy(H) @ cupy.ones(4)  # doctest: +SKIP
    array([3., 6., 6., 5.])
    """
    sparse = require("cupyx.scipy.sparse", "cupy", "cupy")
    rows = _explicit(matrix)
    _require_int32(rows, "CuPy")  # it would cut longer ones off
    return sparse.csr_matrix(rows)


def to_pylops(
    matrix: Any,
    *,
    dims: int | Sequence[int] | None = None,
    dimsd: int | Sequence[int] | None = None,
) -> Any:
    """The matrix or operator as a PyLops operator, which takes images as they are.

    Parameters
    ----------
    matrix : sparse array, ndarray or operator
        A `ConvolutionOperator` or `DataOperator` stays matrix-free.
    dims, dimsd : int or tuple of int, optional
        Shapes of what it takes and gives, by PyLops' names. Default: those of an operator's
        geometry; for a matrix, flat vectors.

    Returns
    -------
    pylops.LinearOperator

    Raises
    ------
    ConvmatError
        For shapes that do not fit; without PyLops, a `MissingPackageError`.

    Examples
    --------
    >>> H = convmat.ConvolutionOperator([[1, 2]], (3, 4), "same")  # doctest: +SKIP
    >>> (convmat.to_pylops(H) @ np.ones((3, 4))).shape  # doctest: +SKIP
    (3, 4)
    """
    pylops = require("pylops", "pylops", "travel")
    if is_operator(matrix):
        shape, geometry = tuple(matrix.shape), getattr(matrix, "geometry", None)
        operator = pylops.aslinearoperator(matrix)
        if geometry is not None:
            is_data = hasattr(matrix, "data")
            inside = geometry.kernel_shape if is_data else geometry.input_shape
            dims = inside if dims is None else dims
            dimsd = geometry.output_shape if dimsd is None else dimsd
    else:
        rows = as_rows(matrix)
        shape = rows.shape
        operator = pylops.MatrixMult(rows, dtype=rows.dtype)
    for name, size, given in (("dims", shape[1], dims), ("dimsd", shape[0], dimsd)):
        if given is None:
            continue
        sizes = parse_shape(given, name)
        if np.prod(sizes) != size:
            raise ConvmatError(f"{name} must have {size} entries, as the matrix has, got {sizes}")
        setattr(operator, name, sizes)
    return operator


def _explicit(matrix: Any) -> Any:
    return as_rows(matrix.to_matrix() if hasattr(matrix, "to_matrix") else matrix)


def _canonical(rows: Any) -> Any:
    """Sorted and without duplicates: the matrix itself, or a copy."""
    if rows.has_canonical_format:
        return rows
    rows = rows.copy()
    rows.sum_duplicates()
    return rows


def _writable(array: NDArray) -> NDArray:
    """PyTorch has no tensors that are not to be written to."""
    return array if array.flags.writeable else array.copy()


def _require_int32(rows: Any, tool: str) -> None:
    if max(*rows.shape, rows.nnz) > _LARGEST_INT32:
        raise ConvmatError(
            f"{tool}'s sparse arrays have 32-bit indices, too few for {rows.shape[0]} x "
            f"{rows.shape[1]} and {rows.nnz} entries"
        )
