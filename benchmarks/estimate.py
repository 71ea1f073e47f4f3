"""How fast a kernel is estimated, beside four FFTs, im2col with BLAS, and LSQR on the matrix X.

Run with `make bench` or `python benchmarks/estimate.py [--repeat 25] [--largest 4096]`.
All times are taken in one process, in turns, and the smallest of each is compared; both sides
have the same threads, of BLAS and of the FFT. On a machine that is busy with other things BLAS
loses more than half of its time waiting for its own threads: set OPENBLAS_NUM_THREADS=1.

    floor     two forward and two inverse real FFTs of the picture, padded to a fast size
    moments   X'X, X'y, y'y and the sums of both
    fit       Cholesky and two triangular solves; with covariance, the inverse as well
    estimate  the whole of `convmat.estimate_kernel`, with certificate, covariance and offset;
              without one, the picture's large mean costs a step of refinement
    im2col    blocks of rows of X, gathered, and their X'X and X'y by BLAS (its fit not counted)
    lsqr      scipy.sparse.linalg.lsqr on the CSR matrix X, to the gradient norm of our estimate
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft
from scipy.sparse.linalg import lsqr

from convmat import data_matrix, estimate_kernel
from convmat.gram.data_moments import data_moments
from convmat.gram.moments import Moments
from convmat.solvers.factorization import DenseFactor
from convmat.threads import cores

WORKERS = min(cores(), 4)
BLOCK_BYTES = 2**24


def pictures(size: int, k: int) -> tuple[NDArray, NDArray, NDArray]:
    """A smooth-ish 16-bit picture of large mean, a kernel, and the noisy `valid` result."""
    rng = np.random.default_rng(0)
    before = rng.standard_normal((size, size))
    before += np.roll(before, 1, axis=0) + np.roll(before, 1, axis=1)
    before = np.round(40000 + 50 * before)
    kernel = rng.random((k, k))
    kernel /= kernel.sum()
    shape = fft.next_fast_len(size, real=True), fft.next_fast_len(size, real=True)
    spectrum = fft.rfft2(before, shape) * fft.rfft2(kernel, shape)
    after = fft.irfft2(spectrum, shape)[k - 1 : size, k - 1 : size]
    return before, kernel, after + rng.standard_normal(after.shape)


def im2col(before: NDArray, after: NDArray, k: int) -> tuple[NDArray, NDArray]:
    """Normal equations by blocks of rows of X, gathered; for X'X NumPy calls BLAS's syrk."""
    windows = sliding_window_view(before[::-1, ::-1], (k, k))
    observed = after[::-1, ::-1]
    gram, cross = np.zeros((k * k, k * k)), np.zeros(k * k)
    rows = max(1, BLOCK_BYTES // (8 * k * k * after.shape[1]))
    for start in range(0, len(after), rows):
        block = windows[start : start + rows].reshape(-1, k * k)
        gram += block.T @ block
        cross += block.T @ observed[start : start + rows].ravel()
    return gram, cross


def factored(moments: Moments) -> DenseFactor:
    """Of the centred Gram matrix."""
    return DenseFactor(moments.centred().gram)


def fit_with_covariance(moments: Moments) -> tuple[NDArray, NDArray]:
    """The kernel, an offset eliminated, and the inverse of its Gram matrix."""
    factor = factored(moments)
    return factor.solve(moments.centred().rhs), factor.inverse()


def best_of(actions: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """The smallest time of each action, all in turns; results are freed outside the times."""
    best = dict.fromkeys(actions, np.inf)
    for _ in range(repeat):
        for name, action in actions.items():
            start = time.perf_counter()
            result = action()
            best[name] = min(best[name], time.perf_counter() - start)
            del result
    return best


def peak_images(action: Callable[[], object], image: NDArray) -> float:
    """Peak of the memory that is allocated on top of the input, in images of float64."""
    tracemalloc.start()
    result = action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak / (8 * image.size)


def floor_actions(size: int) -> dict[str, Callable[[], object]]:
    """Two forward and two inverse transforms, timed as one: the floor."""
    padded = fft.next_fast_len(size, real=True)
    image = np.random.default_rng(0).random((padded, padded))

    def floor() -> None:
        for _ in range(2):
            fft.irfft2(fft.rfft2(image, workers=WORKERS), s=image.shape, workers=WORKERS)

    return {"floor": floor}


def compare(size: int, k: int, repeat: int, limits: tuple[float, float], whole: bool) -> None:
    """Print one table of ratios; `whole` runs estimate_kernel too."""
    before, _, after = pictures(size, k)
    moments = data_moments(before, (k, k), after)
    slow: dict[str, Callable[[], object]] = {"im2col": lambda: im2col(before, after, k)}
    fast: dict[str, Callable[[], object]] = {
        **floor_actions(size),
        "moments": lambda: data_moments(before, (k, k), after),
        "fit": lambda: factored(moments).solve(moments.centred().rhs),
        "fit, covariance": lambda: fit_with_covariance(moments),
        "estimate": lambda: estimate_kernel(before, after, (k, k), mode="valid", offset=True),
        "estimate, no offset": lambda: estimate_kernel(before, after, (k, k), mode="valid"),
    }
    if not whole:
        del fast["estimate"], fast["estimate, no offset"]
    best = best_of(fast, repeat) | best_of(slow, 1 if size > 512 else 3)
    floor = best.pop("floor")
    best["moments + fit, covariance"] = best["moments"] + best["fit, covariance"]
    print(f"\n{size}x{size}, valid, {k}x{k}: four FFTs take {1e3 * floor:.1f} ms")
    print(
        f"  targets: estimate at most {limits[0]:g} floors, im2col at least {limits[1]:g} times it"
    )
    for name, seconds in best.items():
        print(
            f"  {name:26} {1e3 * seconds:9.1f} ms {seconds / floor:8.2f} floors"
            f"   im2col takes {best['im2col'] / seconds:8.1f} times as long"
        )
    for name in ("moments", "fit, covariance", "estimate")[: 3 if whole else 2]:
        print(f"  {name:26} {peak_images(fast[name], before):9.1f} images of memory")


def compare_lsqr(size: int, k: int, repeat: int, whole: bool) -> None:
    """LSQR on the explicit, sparse X, stopped at the gradient norm of our estimate."""
    before, _, after = pictures(size, k)
    before, after = before - before.mean(), after - after.mean()
    X, b = data_matrix(before, (k, k), "valid"), after.ravel()

    def gradient_norm(kernel: NDArray) -> float:
        return float(np.linalg.norm(X.T @ (X @ kernel - b)))

    target = gradient_norm(estimate_kernel(before, after, (k, k), mode="valid").kernel.ravel())
    iterations = 8
    while True:
        start = time.perf_counter()
        kernel = lsqr(X, b, atol=0, btol=0, conlim=0, iter_lim=iterations)[0]
        seconds = time.perf_counter() - start
        reached = gradient_norm(kernel)
        if reached <= target or iterations >= 1024:
            break
        iterations = int(1.5 * iterations)
    actions: dict[str, Callable[[], object]] = {
        "moments + fit": lambda: fit_with_covariance(data_moments(before, (k, k), after))
    }
    if whole:
        actions["estimate"] = lambda: estimate_kernel(before, after, (k, k), mode="valid")
    ours = best_of(actions, repeat)
    print(f"\nlsqr on the explicit X, {size}x{size}, {k}x{k} (target: at least 100 times as long)")
    print(f"  gradient norm of ours {target:.2e}, of lsqr {reached:.2e} in {iterations} iterations")
    for name, value in ours.items():
        print(f"  lsqr takes {seconds:.2f} s, {seconds / value:.0f} times as long as our {name}")


def scaling(k: int, largest: int, repeat: int) -> None:
    """Time against pixels: N log N, until G itself no longer matters."""
    print(f"\nmoments, valid, {k}x{k}, against size")
    size = 256
    while size <= largest:
        before, _, after = pictures(size, k)
        actions = floor_actions(size)
        actions["moments"] = partial(data_moments, before, (k, k), after)
        best = best_of(actions, max(3, repeat * 256 // size))
        floor = best["floor"]
        seconds = best["moments"]
        print(
            f"  {size:5d}^2 {1e3 * seconds:9.1f} ms {seconds / floor:6.2f} floors "
            f"{1e9 * seconds / (size**2 * np.log2(size**2)):6.2f} ns / (N log2 N)"
            f" {peak_images(actions['moments'], before):6.1f} images"
        )
        size *= 2


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="Time the estimation of a kernel.")
    parser.add_argument("--repeat", type=int, default=25, help="turns (25)")
    parser.add_argument("--largest", type=int, default=4096, help="largest image side (4096)")
    parser.add_argument("--pieces", action="store_true", help="leave estimate_kernel out")
    args = parser.parse_args()
    compare(512, 15, 2 * args.repeat, (4, 3), not args.pieces)
    compare(1024, 31, args.repeat, (6, 25), not args.pieces)
    compare_lsqr(512, 15, args.repeat, not args.pieces)
    scaling(15, args.largest, args.repeat)


if __name__ == "__main__":
    main()
