"""What inverses are tried on: a real picture, and how much noise there is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.inverse.sample_picture import sample_picture

__all__ = ["Trial", "restoration_trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """What is to be restored.

    Attributes
    ----------
    picture : ndarray, shape (samples,)
        Raveled.
    noise_std : float
        Standard deviation of the noise on its blurred form.
    """

    picture: NDArray
    noise_std: float


def restoration_trial(
    picture: Any, noise_std: float | None, shape: tuple[int, ...]
) -> tuple[Trial | None, str]:
    """What is to be restored, or why there is nothing.

    Parameters
    ----------
    picture : array_like or None
        None is the packaged photograph.
    noise_std : float or None
        None is 1/255 of the picture's range.
    shape : tuple of int

    Raises
    ------
    ConvmatError
        For a picture of another shape or of zeros, and a noise_std that is none.
    """
    if noise_std is not None and not (
        isinstance(noise_std, int | float | np.number) and 0 <= noise_std < float("inf")
    ):
        raise ConvmatError(f"noise_std must be a finite number of at least 0, got {noise_std!r}")
    if picture is None:
        try:
            pixels = sample_picture(shape)
        except ConvmatError as error:
            return None, str(error)
    else:
        pixels = as_samples(picture, "picture", ndim=len(shape))
        if pixels.shape != shape or not pixels.any():
            raise ConvmatError(
                f"picture must have shape {shape} and not be zero everywhere, got {pixels.shape}"
            )
    if noise_std is None:
        noise_std = float(np.ptp(np.abs(pixels))) / 255
    return Trial(pixels.ravel(), float(noise_std)), ""
