"""What inverses are tried on: a real picture, and how much noise there is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.errors import ConvmatError
from convmat.inverse.sample_picture import sample_picture
from convmat.linear_maps import solution_dtype
from convmat.powers_of_two import exponent_of, times_power

__all__ = ["Trial", "restoration_trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """What is to be restored.

    Attributes
    ----------
    picture : ndarray, shape (samples,)
        Raveled, at scale one.
    noise_std : float
        Standard deviation of the noise on its blurred form, at the same scale.
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
        if pixels.shape != shape:
            raise ConvmatError(f"picture must have the signal's shape {shape}, got {pixels.shape}")
        if not pixels.any():
            raise ConvmatError(
                "picture is zero everywhere, of which no share can be restored; give another"
            )
    pixels = pixels.astype(solution_dtype(pixels)).ravel()
    exponent = exponent_of(pixels)
    pixels = times_power(pixels, -exponent)
    if noise_std is None:
        return Trial(pixels, float(np.ptp(np.abs(pixels))) / 255), ""
    return Trial(pixels, times_power(float(noise_std), -exponent)), ""
