"""The operator that a field of kernels is estimated with.

    y_i = sum over nodes g of  w_g(i) (X h_g)_i + o

with X the data matrix of the picture before and w_g(i) the share of node g in pixel i: 1 at the
node, falling linearly to 0 at its neighbours. The unknowns are the kernels, node by node in C
order, and the offset last where there is one. Only the nodes around a pixel (two per axis) reach
it, so the pixels between the same nodes are a cell, whose rows are a dense block: the windows of
the picture, times each node's shares.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

from convmat.estimation.observations import Observation
from convmat.matrices.blocks import index_dtype
from convmat.matrices.interpolation import interpolation
from convmat.memory import require_memory

__all__ = ["FieldDesign"]

_BLOCK_ENTRIES = 2**21


class _Strip(NamedTuple):
    """Outputs ``start ... stop - 1`` of an axis, its nodes around them, and their shares."""

    outputs: slice
    nodes: NDArray[np.intp]
    shares: NDArray[np.float64]


class _Block(NamedTuple):
    """Pixels between the same nodes."""

    outputs: tuple[slice, ...]
    windows: NDArray
    """What each kernel entry multiplies, shape (pixels, kernel entries)."""
    nodes: NDArray[np.intp]
    shares: NDArray[np.float64]
    """Shape (pixels, nodes)."""


class FieldDesign(LinearOperator):
    """``A @ [vec(kernels), offset]`` is what a field of kernels makes of the pictures before.

    Parameters
    ----------
    pairs : sequence of Observation
    starts : tuple of int
        Which output the first fitted one is, per axis.
    nodes : tuple of ndarray
        Positions of the grid's nodes per axis, in outputs.
    kernel_shape : tuple of int
    offset : bool
        Whether there is a column of ones.
    """

    def __init__(
        self,
        pairs: Sequence[Observation],
        starts: tuple[int, ...],
        nodes: tuple[NDArray[np.float64], ...],
        kernel_shape: tuple[int, ...],
        offset: bool,
    ) -> None:
        self.kernel_shape = kernel_shape
        self.grid_shape = tuple(axis.size for axis in nodes)
        self.offset = offset
        self._entries = prod(kernel_shape)
        self._pairs = list(pairs)
        sizes = self._pairs[0].values.shape
        axes = zip(nodes, starts, sizes, strict=True)
        self._strips = [list(_strips(at, start, size)) for at, start, size in axes]
        rows = [int(np.count_nonzero(pair.keep)) for pair in self._pairs]
        self._ends = np.cumsum(rows)
        columns = prod(self.grid_shape) * self._entries + offset
        dtype = np.result_type(np.float64, *(pair.samples for pair in self._pairs))
        super().__init__(dtype=dtype, shape=(int(self._ends[-1]), columns))

    def normal_equations(
        self, b: NDArray, weights: NDArray | None = None
    ) -> tuple[NDArray, NDArray, float]:
        """``(A'WA, A'Wb, b'Wb)``, cell by cell."""
        n = self.shape[1]
        require_memory(
            2 * self.dtype.itemsize * n * n,
            f"the normal equations of {n} unknowns",
            "use fewer nodes, a smaller kernel, or solver lsmr",
        )
        gram = np.zeros((n, n), dtype=self.dtype)
        rhs = np.zeros(n, dtype=np.result_type(self.dtype, b))
        roots = np.ones(b.shape) if weights is None else np.sqrt(weights)
        scaled = b * roots
        for pair, values, of_rows in self._by_picture(scaled, roots):
            for block in self._blocks(pair):
                design, unknowns = self._dense(block)
                scales = of_rows[block.outputs].ravel()
                if not np.all(scales == 1):
                    design *= scales[:, np.newaxis]
                # Of one real array with itself BLAS computes half of the entries.
                adjoint = design.conj().T if np.iscomplexobj(design) else design.T
                gram[np.ix_(unknowns, unknowns)] += adjoint @ design
                rhs[unknowns] += adjoint @ values[block.outputs].ravel()
        return gram, rhs, float(np.vdot(scaled, scaled).real)

    def to_matrix(self) -> csr_array:
        """The explicit matrix."""
        per_row = prod(min(size, 2) for size in self.grid_shape) * self._entries + self.offset
        entries = self.shape[0] * per_row
        index = index_dtype(entries, self.shape)
        require_memory(
            2 * entries * (self.dtype.itemsize + index.itemsize),
            f"a {self.shape[0]} x {self.shape[1]} matrix of {entries} entries",
            "solvers multiply without it",
        )
        parts = []
        for pair in self._pairs:
            data = np.empty((*pair.values.shape, per_row), dtype=self.dtype)
            indices = np.empty(data.shape, dtype=index)
            for block in self._blocks(pair):
                design, unknowns = self._dense(block)
                data[block.outputs] = design.reshape(data[block.outputs].shape)
                indices[block.outputs] = unknowns
            parts.append((data[pair.keep], indices[pair.keep]))
        data, indices = (np.concatenate(arrays).ravel() for arrays in zip(*parts, strict=True))
        starts = np.arange(0, entries + 1, per_row, dtype=index)
        matrix = csr_array((data, indices, starts), shape=self.shape)
        matrix.has_canonical_format = True
        return matrix

    def _matvec(self, x: NDArray) -> NDArray:
        x = np.ravel(x)
        kernels = self._kernels(x)
        products = []
        for pair in self._pairs:
            picture = np.empty(pair.values.shape, dtype=np.result_type(self.dtype, x))
            for block in self._blocks(pair):
                of_nodes = block.windows @ kernels[block.nodes].T
                values = (of_nodes * block.shares).sum(axis=1)
                picture[block.outputs] = values.reshape(picture[block.outputs].shape)
            products.append(picture[pair.keep])
        product = np.concatenate(products)
        return product + x[-1] if self.offset else product

    def _rmatvec(self, r: NDArray) -> NDArray:
        r = np.ravel(r)
        result = np.zeros(self.shape[1], dtype=np.result_type(self.dtype, r))
        kernels = self._kernels(result)
        for pair, picture in self._by_picture(r):
            for block in self._blocks(pair):
                shared = block.shares * picture[block.outputs].ravel()[:, np.newaxis]
                kernels[block.nodes] += shared.T @ block.windows.conj()
        if self.offset:
            result[-1] = r.sum()
        return result

    def _kernels(self, x: NDArray) -> NDArray:
        """A view of the unknowns, shape (nodes, kernel entries)."""
        return x[: prod(self.grid_shape) * self._entries].reshape(-1, self._entries)

    def _by_picture(self, *rows: NDArray) -> Iterator[tuple[Any, ...]]:
        """Each pair, and its part of vectors of all rows as pictures, 0 where left out."""
        for pair, *parts in zip(
            self._pairs, *(np.split(array, self._ends[:-1]) for array in rows), strict=True
        ):
            pictures = []
            for part in parts:
                picture = np.zeros(pair.values.shape, dtype=part.dtype)
                picture[pair.keep] = part
                pictures.append(picture)
            yield pair, *pictures

    def _blocks(self, pair: Observation) -> Iterator[_Block]:
        """The cells of one picture, cut up where they are large."""
        ndim = len(self.kernel_shape)
        # The kernel runs backwards over what an output reads.
        view = np.flip(
            sliding_window_view(pair.samples, self.kernel_shape), axis=tuple(range(ndim, 2 * ndim))
        )
        most = _BLOCK_ENTRIES // (2**ndim * self._entries)
        for cell in product(*self._strips):
            across = prod(strip.outputs.stop - strip.outputs.start for strip in cell[1:])
            first, step = cell[0], max(1, most // across)
            around = np.meshgrid(*(strip.nodes for strip in cell), indexing="ij")
            nodes = np.ravel_multi_index(tuple(around), self.grid_shape).ravel()
            for low in range(first.outputs.start, first.outputs.stop, step):
                part = slice(low, min(low + step, first.outputs.stop))
                here = slice(low - first.outputs.start, part.stop - first.outputs.start)
                outputs = (part, *(strip.outputs for strip in cell[1:]))
                windows = view[outputs].reshape(-1, self._entries)
                along = [first.shares[here], *(strip.shares for strip in cell[1:])]
                shares = reduce(np.multiply.outer, along)
                shares = shares.transpose(*range(0, 2 * ndim, 2), *range(1, 2 * ndim, 2))
                yield _Block(outputs, windows, nodes, shares.reshape(-1, nodes.size))

    def _dense(self, block: _Block) -> tuple[NDArray, NDArray[np.intp]]:
        """The rows of a block on the unknowns they reach, and which these are."""
        pixels = len(block.windows)
        design = block.shares[:, :, np.newaxis] * block.windows[:, np.newaxis, :]
        design = design.reshape(pixels, -1)
        unknowns = block.nodes[:, np.newaxis] * self._entries + np.arange(self._entries)
        unknowns = unknowns.ravel()
        if self.offset:
            design = np.column_stack([design, np.ones(pixels)])
            unknowns = np.append(unknowns, self.shape[1] - 1)
        return design, unknowns


def _strips(nodes: NDArray[np.float64], start: int, size: int) -> Iterator[_Strip]:
    """The outputs ``start ... start + size - 1``, cut up at the nodes."""
    table = interpolation(nodes, start + size)
    left, fraction = table.left[start:], table.fraction[start:]
    if nodes.size == 1:
        yield _Strip(slice(0, size), np.zeros(1, dtype=np.intp), np.ones((size, 1)))
        return
    # At and behind the last node: all share is the right node's of the last cell.
    last = left == nodes.size - 1
    cell, share = np.where(last, left - 1, left), np.where(last, 1.0, fraction)
    bounds = [0, *(np.flatnonzero(np.diff(cell)) + 1).tolist(), size]
    for low, high in pairwise(bounds):
        part = share[low:high]
        yield _Strip(slice(low, high), cell[low] + np.arange(2), np.stack([1 - part, part], axis=1))
