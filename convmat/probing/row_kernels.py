"""The kernel that a matrix shows in the row of one output.

With o the index of an output and p that of a sample, counted from 0 in every mode,

    M[o, p] = h[a]    where  o - p = a - shift    and output o touches no edge,

and shift is 0 in `full`, k - 1 in `valid` and the anchor in `same`. The shapes tell the mode.
"""

from collections.abc import Iterator
from itertools import islice, product
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.geometry import Geometry, Mode

__all__ = ["interior_size", "is_small", "kernel_of_middle", "kernels_elsewhere"]

_ATTEMPTS = 4  # to find an output that is far from the edges
_OTHERS = 400  # outputs to look at elsewhere
_TINY = 8  # reflected at both ends, a large kernel may look like a small one in so few samples
_ROOM = 3  # signals of so many kernels along each axis have outputs that touch no edge

Placed = tuple[NDArray, Geometry]


def _mode(n: tuple[int, ...], m: tuple[int, ...]) -> Mode | None:
    if n == m:
        return Mode.SAME
    pairs = list(zip(n, m, strict=True))
    if all(outputs >= samples for samples, outputs in pairs):
        return Mode.FULL
    return Mode.VALID if all(outputs <= samples for samples, outputs in pairs) else None


def kernel_of_middle(
    matrix: sparse.csr_array, n: tuple[int, ...], m: tuple[int, ...]
) -> Placed | None:
    """The kernel as an output far from the edges has it; None where the shapes do not allow it.

    Parameters
    ----------
    n, m : tuple of int
        Shapes of inputs and outputs, with the same number of axes.

    Examples
    --------
    >>> from convmat.matrices.explicit import convolution_matrix
    >>> kernel_of_middle(convolution_matrix([3, 1], 9), (9,), (10,))[0]
    array([3., 1.])
    """
    mode = _mode(n, m)
    if mode is None:
        return None
    output = tuple(size // 2 for size in m)
    for _ in range(_ATTEMPTS):
        found = _kernel_of_output(matrix, n, m, mode, output)
        if found is None:
            return None
        # Where kernel and anchor leave another middle, look there: this row may be cut off.
        middle = tuple((part.start + part.stop) // 2 for part in found[1].interior)
        if middle == output or interior_size(found[1]) < 1:
            break
        output = middle
    return found


def is_small(n: tuple[int, ...], m: tuple[int, ...], found: Placed | None) -> bool:
    """Whether a signal may have too few outputs that touch no edge, or none in the middle.

    Parameters
    ----------
    n, m : tuple of int
        Shapes of inputs and outputs.
    found : kernel and geometry, or None
        What `kernel_of_middle` said.
    """
    if found is not None and found[1].mode is not Mode.VALID:
        sizes = found[1].kernel_shape
    elif found is None and _mode(n, m) is Mode.FULL:
        sizes = tuple(outputs - samples + 1 for samples, outputs in zip(n, m, strict=True))
    else:
        return False
    return any(_ROOM * k > size or size < _TINY for k, size in zip(sizes, n, strict=True))


def kernels_elsewhere(
    matrix: sparse.csr_array, n: tuple[int, ...], m: tuple[int, ...], tolerance: float
) -> Iterator[Placed]:
    """Kernels of other outputs which touch no edge, and share them with the others that do not.

    Then that of all outputs together, which is right where zeros are read past the edges.
    """
    mode = _mode(n, m)
    if mode is None:
        return
    seen = set()
    for output in islice(product(*map(_places, m)), _OTHERS):
        found = _kernel_of_output(matrix, n, m, mode, output)
        if found is None:
            continue
        kernel, geometry = found
        inside = all(
            part.start <= o < part.stop for o, part in zip(output, geometry.interior, strict=True)
        )
        key = (kernel.tobytes(), geometry)
        if inside and key not in seen and _is_shared(matrix, kernel, geometry, tolerance):
            seen.add(key)
            yield found
    entries = matrix.tocoo()
    outputs = np.stack(np.unravel_index(entries.row, m), axis=1)
    samples = np.stack(np.unravel_index(entries.col, n), axis=1)
    everything = _arrange(outputs - samples, entries.data, n, m, mode)
    if everything is not None:
        yield everything


def _places(size: int) -> list[int]:
    """Outputs to look at along an axis: all of a few, or some here and there."""
    if size <= _TINY:
        return list(range(size))
    middle = size // 2
    places = [middle, middle - 1, middle + 1, size // 4, 3 * size // 4, 0, size - 1]
    return list(dict.fromkeys(places))


def _is_shared(
    matrix: sparse.csr_array, kernel: NDArray, geometry: Geometry, tolerance: float
) -> bool:
    """Whether the outputs in the corners of the interior have the same kernel.

    In a signal that is not tiny, there are several: one alone shares its kernel with nobody.
    """
    g = geometry
    if any(
        part.stop - part.start < 2 and n > _TINY
        for part, n in zip(g.interior, g.input_shape, strict=True)
    ):
        return False
    corners = product(*({part.start, part.stop - 1} for part in g.interior))
    others = [_kernel_of_output(matrix, g.input_shape, g.output_shape, g.mode, o) for o in corners]
    return all(
        other is not None
        and other[1] == geometry
        and bool(np.abs(other[0] - kernel).max() <= tolerance)
        for other in others
    )


def _kernel_of_output(
    matrix: sparse.csr_array,
    n: tuple[int, ...],
    m: tuple[int, ...],
    mode: Mode,
    output: tuple[int, ...],
) -> Placed | None:
    row = matrix[[np.ravel_multi_index(output, m)]].tocoo()
    samples = np.stack(np.unravel_index(row.col, n), axis=1)
    return _arrange(np.array(output) - samples, row.data, n, m, mode)


def _arrange(
    displacements: NDArray,
    entries: NDArray,
    n: tuple[int, ...],
    m: tuple[int, ...],
    mode: Mode,
) -> Placed | None:
    """Entries at displacements o - p as a kernel, with its place in the mode."""
    if mode is Mode.SAME:  # the origin belongs to the kernel, so that every tool can be told it
        first = displacements.min(axis=0, initial=0)
        shape = displacements.max(axis=0, initial=0) - first + 1
    else:
        shape = np.abs(np.subtract(m, n)) + 1
        first = np.zeros_like(shape) if mode is Mode.FULL else 1 - shape
    places = displacements - first
    if (places < 0).any() or (places >= shape).any():
        return None
    kernel = np.zeros(tuple(shape), dtype=entries.dtype)
    kernel[tuple(places.T)] = entries
    anchor = tuple(int(-start) for start in first) if mode is Mode.SAME else None
    return kernel, Geometry(n, kernel.shape, mode, "zero", anchor)


def interior_size(geometry: Geometry) -> int:
    """The number of outputs that touch no edge."""
    return prod(part.stop - part.start for part in geometry.interior)
