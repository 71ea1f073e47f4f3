"""How fast the operators are, beside the tools that convolve without a matrix.

Run with `python benchmarks/operators.py [--size 1024] [--kernels 7 15 31] [--repeat 7]`.
All times are taken in one process, in turns, and the smallest of each is compared. The operator
is built before; its first call, which prepares the kernel, is not counted.

    cv2     cv2.filter2D in float64, on the borders it has
    scipy   the faster of scipy.ndimage.convolve, on the borders it has, and
            scipy.signal.oaconvolve, of the extended image where the border is not zero
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
from scipy import ndimage, signal

from convmat.boundary import Boundary
from convmat.matrices.extending import extend_axes
from convmat.operators.matrix_free import ConvolutionOperator, DataOperator

BORDERS = {
    "zero": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "symmetric": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
}
MODES = {
    "zero": "constant",
    "circular": "wrap",
    "replicate": "nearest",
    "symmetric": "reflect",
    "mirror": "mirror",
}
SLOW = 500  # kernel entries from which ndimage is not worth waiting for


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


def compare(image: np.ndarray, kernel: np.ndarray, boundary: str, repeat: int) -> str:
    H = ConvolutionOperator(kernel, image.shape, "same", boundary)
    X = DataOperator(image, kernel.shape, "same", boundary)
    x, h = image.ravel(), kernel.ravel()

    def overlap_add() -> np.ndarray:
        if boundary == "zero":
            return signal.oaconvolve(image, kernel, "same")
        return signal.oaconvolve(extend_axes(image, H.geometry.extensions), kernel, "valid")

    actions: dict[str, Callable[[], object]] = {
        "forward": lambda: H @ x,
        "adjoint": lambda: H.rmatvec(x),
        "X": lambda: X @ h,
        "X'": lambda: X.rmatvec(x),
        "overlap-add": overlap_add,
    }
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])
    if boundary in BORDERS:
        actions["cv2"] = lambda: cv2.filter2D(image, -1, flipped, borderType=BORDERS[boundary])
    if boundary in MODES and kernel.size < SLOW:
        actions["ndimage"] = lambda: ndimage.convolve(image, kernel, mode=MODES[boundary])
    for name in ("forward", "cv2", "overlap-add", "ndimage"):
        if name in actions:
            difference = np.abs(np.ravel(actions[name]()) - H @ x).max()
            assert difference < 1e-10 * np.abs(kernel).sum(), (name, difference)
    best = smallest(actions, repeat)
    forward = best["forward"]
    scipy = min(best["overlap-add"], best.get("ndimage", np.inf))
    theirs = f"{forward / best['cv2']:8.2f}" if "cv2" in best else "       -"
    return (
        f"{boundary:14}{H._plan(H.dtype).method:>10}{forward * 1e3:9.1f}{theirs}"
        f"{forward / scipy:9.2f}{best['adjoint'] / forward:10.2f}"
        f"{best['X'] / forward:8.2f}{best[chr(88) + chr(39)] / forward:8.2f}"
    )


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="Time the operators.")
    parser.add_argument("--size", type=int, default=1024, help="image side (1024)")
    parser.add_argument("--kernels", type=int, nargs="+", default=[7, 15, 31])
    parser.add_argument("--repeat", type=int, default=7, help="turns (7)")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    image = rng.random((args.size, args.size))
    for k in args.kernels:
        kernels = {"": rng.random((k, k)), "separable ": np.outer(rng.random(k), rng.random(k))}
        for kind, kernel in kernels.items():
            print(
                f"\n{kind}{k}x{k}, image {args.size}x{args.size}, float64; H @ x in ms, then ratios"
            )
            print("boundary          method      H x   / cv2  / scipy  H' y / Hx  X h/Hx X' y/Hx")
            for boundary in Boundary:
                print(compare(image, kernel, boundary, args.repeat), flush=True)


if __name__ == "__main__":
    main()
