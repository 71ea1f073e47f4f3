"""How fast H and X are built, beside filling the same memory and beside other ways to build them.

Run with `make bench` or `python benchmarks/build.py [--size 1024] [--kernel 7] [--repeat 5]`.
All times are taken in one process, in turns, and the smallest of each is compared.

    fill   np.full of as many bytes as the matrix takes (12 per entry), touching fresh memory
    kron   the sum of scipy.sparse.kron of shifts, one for each kernel entry
    coo    vectorised: all rows, columns and values by broadcasting, then COO to CSR
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from convmat import convolution_matrix, data_matrix


def kron_of_shifts(kernel: np.ndarray, size: int) -> sp.csr_array:
    """Build `zero`/`same` as people write it: a Kronecker product of shifts for each entry."""
    k = len(kernel)
    c = (k - 1) // 2
    shifts = [sp.eye_array(size, k=c - a, format="csr") for a in range(k)]
    matrix = sp.csr_array((size**2, size**2))
    for a in range(k):
        for b in range(k):
            matrix = matrix + kernel[a, b] * sp.kron(shifts[a], shifts[b], format="csr")
    return matrix


def coo_to_csr(kernel: np.ndarray, size: int, boundary: str) -> sp.csr_array:
    """Build `same` by listing every (row, column, value) and letting SciPy sort them."""
    k = len(kernel)
    c = (k - 1) // 2
    reads = np.arange(size)[:, None] + c - np.arange(k)
    inside = (reads >= 0) & (reads < size)
    reads = np.clip(reads, 0, size - 1)
    columns = reads[:, None, :, None] * size + reads[None, :, None, :]
    rows = np.broadcast_to(np.arange(size**2).reshape(size, size, 1, 1), columns.shape)
    values = np.broadcast_to(kernel, columns.shape)
    if boundary == "zero":
        keep = inside[:, None, :, None] & inside[None, :, None, :]
        rows, columns, values = rows[keep], columns[keep], values[keep]
    index = np.int32
    coordinates = rows.ravel().astype(index), columns.ravel().astype(index)
    return sp.coo_array((values.ravel(), coordinates), shape=(size**2, size**2)).tocsr()


def seconds(action: Callable[[], object]) -> float:
    """Time one call; what it returns is freed outside the measurement."""
    start = time.perf_counter()
    result = action()
    elapsed = time.perf_counter() - start
    del result
    return elapsed


def peak_memory(action: Callable[[], sp.csr_array]) -> float:
    """Peak memory of a build, NumPy's arrays included, relative to the bytes of the matrix."""
    tracemalloc.start()
    matrix = action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Time the building of H and X.")
    parser.add_argument("--size", type=int, default=1024, help="image side (1024)")
    parser.add_argument("--kernel", type=int, default=7, help="kernel side (7)")
    parser.add_argument("--repeat", type=int, default=5, help="turns (5)")
    args = parser.parse_args()
    size, k = args.size, args.kernel
    kernel = np.random.default_rng(0).random((k, k))
    image = np.random.default_rng(1).random((size, size))

    print(f"image {size}x{size}, kernel {k}x{k}, mode same; times relative to `fill`")
    titles = ("boundary", "entries", "fill", "H", "X", "H memory", "X memory")
    print("{:12} {:>11} {:>8} {:>6} {:>6} {:>9} {:>9}".format(*titles))
    for boundary in ("replicate", "zero", "circular", "symmetric", "antireflect"):
        entries = convolution_matrix(kernel, image.shape, "same", boundary).nnz
        actions: dict[str, Callable[[], object]] = {
            "fill": lambda n=entries: np.full(n * 12 // 8, 1.0),
            "H": lambda b=boundary: convolution_matrix(kernel, image.shape, "same", b),
            "X": lambda b=boundary: data_matrix(image, kernel.shape, "same", b),
        }
        best = dict.fromkeys(actions, np.inf)
        for _ in range(args.repeat):
            for name, action in actions.items():
                best[name] = min(best[name], seconds(action))
        memory = [peak_memory(actions[name]) for name in "HX"]
        print(
            f"{boundary:12} {entries:11d} {best['fill']:7.3f}s {best['H'] / best['fill']:6.2f} "
            f"{best['X'] / best['fill']:6.2f} {memory[0]:9.2f} {memory[1]:9.2f}"
        )

    print("\nother ways to build H, in times of ours (they run once)")
    for name, boundary, action in (
        ("kron of shifts", "zero", lambda: kron_of_shifts(kernel, size)),
        ("COO to CSR", "zero", lambda: coo_to_csr(kernel, size, "zero")),
        ("COO to CSR", "replicate", lambda: coo_to_csr(kernel, size, "replicate")),
    ):
        ours = min(
            seconds(lambda b=boundary: convolution_matrix(kernel, image.shape, "same", b))
            for _ in range(args.repeat)
        )
        theirs = seconds(action)
        print(f"{name:16} {boundary:10} {theirs:8.2f}s  {theirs / ours:7.1f} times ours")


if __name__ == "__main__":
    main()
