"""A real picture of any small shape, from the one that comes with convmat."""

from collections.abc import Sequence
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from convmat.errors import ConvmatError
from convmat.pictures.reading import read_picture

__all__ = ["sample_picture"]


def sample_picture(shape: Sequence[int]) -> NDArray:
    """The packaged photograph in grey levels of 0 ... 255, made small, and cut to a shape.

    Blocks of pixels are averaged, so that as much of the scene is seen as fits; for one axis, it
    is a row through the middle.

    Raises
    ------
    ConvmatError
        For more than two axes, or an axis longer than the photograph.
    MissingPackageError
        Where picture files cannot be read.

    Examples
    --------
    >>> sample_picture((24, 32)).shape
    (24, 32)
    """
    with as_file(files("convmat").joinpath("data", "camera.png")) as file:
        (pixels,) = read_picture(file).planes.values()
    if len(shape) > 2 or any(n > size for n, size in zip(shape, pixels.shape, strict=False)):
        raise ConvmatError(
            f"the packaged photograph has {pixels.shape[0]}x{pixels.shape[1]} pixels, from which "
            f"none of shape {tuple(shape)} can be made; give a picture of that shape"
        )
    factor = min(size // n for n, size in zip(shape, pixels.shape, strict=False))
    if len(shape) == 1:
        middle = pixels.shape[0] // 2
        pixels = pixels[middle : middle + 1]
        blocks = pixels[:, : factor * (pixels.shape[1] // factor)].reshape(-1, factor).mean(axis=1)
    else:
        rows, columns = (size // factor for size in pixels.shape)
        whole = pixels[: rows * factor, : columns * factor].astype(np.float64)
        blocks = whole.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    corner = [(size - n) // 2 for size, n in zip(blocks.shape, shape, strict=True)]
    return blocks[tuple(slice(first, first + n) for first, n in zip(corner, shape, strict=True))]
