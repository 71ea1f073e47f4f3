"""How long it takes to find out what was done to a picture of 12 megapixels, and in what memory.

Run with `python benchmarks/identify.py [--size 3000x4000] [--cases a,b]`. Every case is a process
of its own, so that its peak memory is its own; the time is that of `identify_filter` alone, or of
the whole command in the shell, reading two PNG files included.

    31x31      a random kernel, edge pixels repeated, rounded       asked: at most 60 s and 2 GB
    3x3        a binomial one
    sharpen    a Laplacian sharpening, clipped at 0 and 255
    median     of 3x3: no convolution
    shell      `convmat estimate a.png b.png`, the 31x31 in grey
    colour     the same of three channels of random noise about one picture, 3x3
    photo      the same of three channels that were sharpened and clipped

The picture is synthetic: a power spectrum that falls as photographs' do, and some noise.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

SEED = 0
SPECTRUM = 1.2
BINOMIAL = np.outer([1, 2, 1], [1, 2, 1]) / 16
SHARPEN = np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
CASES = ("31x31", "3x3", "sharpen", "median", "shell", "colour", "photo")


def picture(shape: tuple[int, int], seed: int = SEED) -> NDArray[np.uint8]:
    """Amplitudes that fall with the frequency, a standard deviation of 55 levels, 8 bits."""
    rng = np.random.default_rng(seed)
    spectrum = fft.rfft2(rng.standard_normal(shape, dtype=np.float32), workers=2)
    rows = np.fft.fftfreq(shape[0])[:, None].astype(np.float32)
    columns = np.fft.rfftfreq(shape[1])[None].astype(np.float32)
    spectrum /= np.maximum(np.hypot(rows, columns), 1 / max(shape)) ** SPECTRUM
    values = fft.irfft2(spectrum, s=shape, workers=2)
    values = 128 + 55 * (values - values.mean()) / values.std()
    return levels(values + rng.normal(0, 2, shape))


def levels(values: NDArray) -> NDArray[np.uint8]:
    """Rounded and clipped to 8 bits."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def filtered(before: NDArray, case: str) -> NDArray[np.uint8]:
    """One channel after."""
    if case == "median":
        return ndimage.median_filter(before, 3)
    if case in ("31x31", "shell"):
        kernel = np.random.default_rng(SEED).random((31, 31))
        padded = np.pad(before.astype(np.float64), 15, mode="edge")
        return levels(signal.oaconvolve(padded, kernel / kernel.sum(), mode="valid"))
    kernel = SHARPEN if case in ("sharpen", "photo") else BINOMIAL
    return levels(ndimage.convolve(before.astype(np.float32), kernel))


def run_here(case: str, shape: tuple[int, int]) -> None:
    """One case of the library, in this process; prints what came of it."""
    from convmat import identify_filter

    before = picture(shape)
    after = filtered(before, case)
    start, work = time.perf_counter(), time.process_time()
    report = identify_filter(before, after)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = "x".join(map(str, report.kernel.shape))
    tell(case, seconds, work, peak, f"{report.verdict}, {found}, {report.boundary}")


def tell(case: str, seconds: float, work: float, peak: float, what: str) -> None:
    """One line; on a machine that is busy with other things the processor's time is the surer."""
    print(f"{case:8} {seconds:6.1f} s, {work:6.1f} s of processors, {peak:6.2f} GB  {what}")


def run_shell(case: str, shape: tuple[int, int]) -> None:
    """The whole command, in a process of its own."""
    from PIL import Image

    channels = 1 if case == "shell" else 3
    planes = [picture(shape, SEED + channel) for channel in range(channels)]
    if channels == 3:
        # Channels of a photograph are much alike.
        planes = [levels(0.8 * planes[0] + 0.2 * plane) for plane in planes]
    made = [filtered(plane, case) for plane in planes]
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("before.png", "after.png")]
        for name, several in zip(files, (planes, made), strict=True):
            values = several[0] if channels == 1 else np.stack(several, axis=-1)
            Image.fromarray(values).save(name, compress_level=1)
        del planes, made, several, values
        command = [sys.executable, "-c", "from convmat.cli import main; main()", "estimate", *files]
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / 2**20
    tell(case, seconds, used.ru_utime + used.ru_stime, peak, done.stdout.splitlines()[0])


def main() -> None:
    """Every case in a process of its own."""
    parser = argparse.ArgumentParser(description="Time identify_filter on large pictures.")
    parser.add_argument("--size", default="3000x4000", help="rows x columns (3000x4000)")
    parser.add_argument("--cases", default=",".join(CASES), help="some of: " + ", ".join(CASES))
    parser.add_argument("--here", action="store_true", help="one case, in this process")
    args = parser.parse_args()
    rows, columns = map(int, args.size.split("x"))
    cases = args.cases.split(",")
    if args.here:
        own = cases[0] in ("31x31", "3x3", "sharpen", "median")
        (run_here if own else run_shell)(cases[0], (rows, columns))
        return
    print(f"{rows}x{columns}, 8 bits; asked of 31x31: at most 60 s and 2 GB")
    for case in cases:
        again = [sys.executable, __file__, "--size", args.size, "--cases", case, "--here"]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
