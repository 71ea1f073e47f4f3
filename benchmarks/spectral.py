"""How fast a matrix too large to factor is decomposed and solved with, beside FFTs of its image.

Run with `python benchmarks/spectral.py [--size 1024] [--kernel 15] [--repeat 15]`. All times are
taken in one process, in turns, and the smallest of each is compared; for the last, the medians,
too. The FFT is one real two-dimensional transform of the image by scipy.fft, on as many threads
as ours.

    values    the eigenvalues alone
    solve     from kernel and blurred image to the exact Tikhonov answer
    whole     `convmat.deconvolve`, which adds checks and the certificate: products with H and H'
    median    of the whole, over the median of the FFT
    gradient  |H'(Hx - b) + damp^2 x| over |H'b|, with H from `operators`, not from the transform

Kernels are a Gaussian, which is separable, and a disk, which is not: its products are FFTs.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy import fft

from convmat import deconvolve
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.threads import cores

DAMP = 1e-2


def seconds(actions: dict[str, Callable[[], object]], repeat: int) -> dict[str, list[float]]:
    """Of each action, in turns, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(repeat + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if turn:
                times[name].append(time.perf_counter() - start)
    return times


def gaussian(size: int) -> np.ndarray:
    i = np.arange(size) - size // 2
    kernel = np.exp(-np.add.outer(i**2, i**2) / (2 * (size / 8) ** 2))
    return kernel / kernel.sum()


def disk(size: int) -> np.ndarray:
    i = np.arange(size) - size // 2
    kernel = np.clip(size / 2 - np.hypot(*np.meshgrid(i, i)), 0, 1)
    return kernel / kernel.sum()


def compare(image: np.ndarray, kernel: np.ndarray, boundary: str | tuple, repeat: int) -> str:
    H = ConvolutionOperator(kernel, image.shape, "same", boundary)
    b = H @ image.ravel()
    blurred = b.reshape(image.shape)

    def solve() -> np.ndarray:
        return H.diagonalization().damped_solve(b, DAMP)

    times = seconds(
        {
            "fft": lambda: fft.rfft2(image, workers=cores()),
            "values": lambda: H.diagonalization(),
            "solve": solve,
            "whole": lambda: deconvolve(blurred, kernel, boundary=boundary, damp=DAMP),
        },
        repeat,
    )
    best = {name: min(each) for name, each in times.items()}
    median = np.median(times["whole"]) / np.median(times["fft"])
    x = solve()
    gradient = H.rmatvec(H @ x - b) + DAMP**2 * x
    small = np.linalg.norm(gradient) / np.linalg.norm(H.rmatvec(b))
    condition = H.diagonalization().condition_number()
    ratios = "".join(f"{best[name] / best['fft']:8.2f}" for name in ("values", "solve", "whole"))
    return f"{best['fft'] * 1e3:4.1f} ms{ratios}{median:8.2f}{condition:11.1e}{small:11.1e}"


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Time the spectral decompositions.")
    parser.add_argument("--size", type=int, default=1024, help="image side (1024)")
    parser.add_argument("--kernel", type=int, default=15, help="kernel side (15)")
    parser.add_argument("--repeat", type=int, default=15, help="turns (15)")
    args = parser.parse_args()
    shape = (args.size, args.size)
    image = np.random.default_rng(0).random(shape)
    boundaries = (
        "symmetric",
        "antisymmetric",
        "circular",
        ("symmetric", "circular"),
        ("circular", "symmetric"),
    )
    for name, kernel in (("Gaussian", gaussian(args.kernel)), ("disk", disk(args.kernel))):
        print(
            f"\nimage {args.size}x{args.size}, {name} {args.kernel}x{args.kernel}, damp {DAMP}; "
            "in FFTs"
        )
        print("boundary              FFT  values   solve   whole  median  condition   gradient")
        for boundary in boundaries:
            words = boundary if isinstance(boundary, str) else "+".join(boundary)
            print(f"{words:20}{compare(image, kernel, boundary, args.repeat)}", flush=True)
    kernel = gaussian(args.kernel)
    H = ConvolutionOperator(kernel, shape, "same", "replicate")
    b = H @ image.ravel()
    start = time.perf_counter()
    found = H.diagonalization()
    middle = time.perf_counter()
    x = found.damped_solve(b, DAMP)
    end = time.perf_counter()
    small = np.linalg.norm(H.rmatvec(H @ x - b) + DAMP**2 * x) / np.linalg.norm(H.rmatvec(b))
    print(
        f"replicate (separable: SVD of each axis): {middle - start:.2f} s once, "
        f"{end - middle:.2f} s a solve, condition {found.condition_number():.1e}, "
        f"gradient {small:.1e}"
    )


if __name__ == "__main__":
    main()
