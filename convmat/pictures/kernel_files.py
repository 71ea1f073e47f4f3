"""Writing kernels to files: .npy keeps everything, .csv is text, .png is to look at."""

import os

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.files.writing import atomic_write, check_suffix
from convmat.optional import require

__all__ = ["check_kernel_path", "write_kernel", "write_numbers"]

_WHITE = 65535


def check_kernel_path(path: str | os.PathLike[str], ndim: int) -> str:
    """The suffix of `path`, where a kernel of `ndim` axes can be written to it.

    Examples
    --------
    >>> check_kernel_path("kernel.csv", 2)
    '.csv'
    """
    suffix = check_suffix(path, (".npy", ".csv", ".png"))
    if ndim > 2 and suffix != ".npy":
        raise ConvmatError(f"{path} cannot hold {ndim} axes; a .npy file can")
    return suffix


def write_kernel(path: str | os.PathLike[str], kernel: NDArray) -> str:
    """Write a kernel, and say what was written.

    Parameters
    ----------
    path : str or path
        ``.npy`` for any kernel; ``.csv`` for real ones of one or two axes, to the last digit;
        ``.png`` for the same, as a 16-bit grey picture whose black and white are the smallest
        and the largest entry, or 0 where that is beyond them.
    kernel : ndarray

    Returns
    -------
    str
        For people, such as "kernel.png (16-bit grey, black is 0, white is 0.25)".
    """
    suffix = check_kernel_path(path, kernel.ndim)
    if suffix != ".png":
        return write_numbers(path, kernel)
    if np.iscomplexobj(kernel):
        raise _no_complex(path)
    black, white = min(kernel.min(), 0.0), max(kernel.max(), 0.0)
    step = (white - black) / _WHITE or 1.0
    grey = np.rint((np.atleast_2d(kernel) - black) / step).astype(np.uint16)
    iio = require("imageio.v3", "imageio", "cli")
    content = iio.imwrite("<bytes>", grey, extension=".png", plugin="pillow")
    with atomic_write(path) as file:
        file.write(content)
    shape = "x".join(map(str, kernel.shape))
    return f"{path} ({shape}, 16-bit grey, black is {black:.6g}, white is {white:.6g})"


def write_numbers(path: str | os.PathLike[str], values: NDArray) -> str:
    """Write an array to .npy, or a real one of one or two axes to .csv, and say what it is."""
    shape = "x".join(map(str, values.shape))
    if check_suffix(path, (".npy", ".csv")) == ".npy":
        with atomic_write(path) as file:
            np.lib.format.write_array(file, values, allow_pickle=False)
        return f"{path} ({shape}, {values.dtype})"
    if np.iscomplexobj(values):
        raise _no_complex(path)
    with atomic_write(path) as file:
        np.savetxt(file, np.atleast_2d(values), delimiter=",", fmt="%.17g")
    return f"{path} ({shape})"


def _no_complex(path: str | os.PathLike[str]) -> ConvmatError:
    return ConvmatError(f"{path} cannot hold complex numbers; a .npy file can")
