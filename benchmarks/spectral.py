"""How fast a matrix too large to factor is decomposed and solved with, beside FFTs of its image.

Run with `python benchmarks/spectral.py [--size 1024] [--kernel 31] [--repeat 7]`. All times are
taken in one process, in turns, and the smallest of each is compared. The FFT is one real
two-dimensional transform of the image by scipy.fft, on as many threads as ours.

    values    the eigenvalues alone
    solve     from kernel and blurred image to the exact Tikhonov answer
    whole     `convmat.deconvolve`, which adds checks and the certificate: products with H and H'
    gradient  |H'(Hx - b) + damp^2 x| over |H'b|, with H from `operators`, not from the transform
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


def smallest(actions: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Seconds of each action, in turns, after one round that is not counted."""
    best = dict.fromkeys(actions, np.inf)
    for turn in range(repeat + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def gaussian(size: int) -> np.ndarray:
    i = np.arange(size) - size // 2
    kernel = np.exp(-np.add.outer(i**2, i**2) / (2 * (size / 8) ** 2))
    return kernel / kernel.sum()


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Time the spectral decompositions.")
    parser.add_argument("--size", type=int, default=1024, help="image side (1024)")
    parser.add_argument("--kernel", type=int, default=31, help="kernel side (31)")
    parser.add_argument("--repeat", type=int, default=7, help="turns (7)")
    args = parser.parse_args()
    shape = (args.size, args.size)
    image = np.random.default_rng(0).random(shape)
    kernel = gaussian(args.kernel)
    print(
        f"image {args.size}x{args.size}, kernel {args.kernel}x{args.kernel}, damp {DAMP}; in FFTs"
    )
    print("boundary             FFT  values   solve   whole  condition   gradient")
    boundaries = ("symmetric", "antisymmetric", "circular", ("symmetric", "circular"))
    for boundary in boundaries:
        H = ConvolutionOperator(kernel, shape, "same", boundary)
        b = H @ image.ravel()

        def solve(H: ConvolutionOperator = H, b: np.ndarray = b) -> np.ndarray:
            return H.diagonalization().damped_solve(b, DAMP)

        best = smallest(
            {
                "fft": lambda: fft.rfft2(image, workers=cores()),
                "values": lambda H=H: H.diagonalization(),
                "solve": solve,
                "deconvolve": lambda b=b, boundary=boundary: deconvolve(
                    b.reshape(shape), kernel, boundary=boundary, damp=DAMP
                ),
            },
            args.repeat,
        )
        x = solve()
        gradient = H.rmatvec(H @ x - b) + DAMP**2 * x
        small = np.linalg.norm(gradient) / np.linalg.norm(H.rmatvec(b))
        condition = H.diagonalization().condition_number()
        name = boundary if isinstance(boundary, str) else "+".join(boundary)
        print(
            f"{name:18}{best['fft'] * 1e3:4.1f} ms{best['values'] / best['fft']:7.2f}"
            f"{best['solve'] / best['fft']:8.2f}{best['deconvolve'] / best['fft']:8.2f}"
            f"{condition:11.1e}{small:11.1e}",
            flush=True,
        )
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
