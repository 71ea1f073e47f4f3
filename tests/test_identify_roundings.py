"""What speaks against a kernel, and what roundings inside a tool may do, made one at a time."""

import numpy as np
import pytest
from scipy import fft, ndimage
from skimage import data

from convmat.identify.block_tests import grid_phase
from convmat.identify.box import Region
from convmat.identify.dispersion import colour
from convmat.identify.fit import Residual
from convmat.identify.given import planes_of
from convmat.identify.identify import identify_filter

GRAVEL = data.gravel()[200:330, 300:450]
COINS = data.coins()[120:260, 150:300]
BINOMIAL = np.outer([1, 2, 1], [1, 2, 1]) / 16


def levels(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def blur(picture):
    return ndimage.convolve(picture.astype(float), BINOMIAL, mode="mirror")


def against(report):
    return {piece.name for piece in report.evidence if piece.against}


def in_blocks(values, n, step, start=0):
    """The coefficients of blocks rounded: what a transform code loses."""
    part = values[start : start + values.shape[0] // n * n - n, : values.shape[1] // n * n]
    shape = part.shape[0] // n, n, part.shape[1] // n, n
    blocks = fft.dctn(part.reshape(shape), axes=(1, 3), norm="ortho")
    back = fft.idctn(step * np.rint(blocks / step), axes=(1, 3), norm="ortho")
    coded = values.copy()
    coded[start : start + part.shape[0], : part.shape[1]] = back.reshape(part.shape)
    return coded


@pytest.mark.parametrize("n", [4, 8])
@pytest.mark.parametrize("start", [0, 3])
def test_blocks_of_any_place_are_seen(n, start):
    values = np.random.default_rng(0).normal(128, 30, (176, 180))
    assert grid_phase(in_blocks(values, n, 7.0, start) - values) > 6


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_blocks(seed):
    noise = np.random.default_rng(seed).standard_normal((150, 170))
    assert grid_phase(noise) < 6
    assert grid_phase(ndimage.uniform_filter(noise, 3)) < 6
    assert grid_phase(np.rint(4 * noise) - 4 * noise) < 6


def test_a_transform_code_on_a_fine_texture_is_seen():
    """Its errors are white, and alike everywhere."""
    report = identify_filter(GRAVEL, levels(in_blocks(0.9 * GRAVEL, 4, 8.0)))
    assert report.verdict == "not_linear"
    assert "grid" in against(report)


def test_colour_of_noise():
    noise = np.random.default_rng(1).standard_normal((200, 200))
    (plane,), _ = planes_of(noise, noise)

    def of(left):
        return colour([Residual(plane, Region((0, 0), left.shape), left, None)])

    assert 1 <= of(noise) < 1.15
    # Means of 3x3 have all of their power at low frequencies: 9 times the mean, less the triangle.
    assert of(ndimage.uniform_filter(noise, 3)) > 3


def test_small_changes_left_out_are_no_kernel():
    change = 1.5 * (COINS - blur(COINS))
    report = identify_filter(COINS, levels(COINS + np.where(abs(change) > 4, change, 0)))
    assert report.verdict == "not_linear"
    assert "change" in against(report)


@pytest.mark.parametrize(("tenths", "mean"), [(7, 0.45), (12, 0.4), (25, 0.25)])
def test_changes_cut_off_towards_zero(tenths, mean):
    """An integer division after a blur that was rounded; the mean is that of the remainders."""
    difference = COINS.astype(int) - levels(blur(COINS)).astype(int)
    change = np.sign(difference) * (abs(difference) * tenths // 10)
    report = identify_filter(COINS, levels(COINS + change))
    kernel = -tenths / 10 * BINOMIAL
    kernel[1, 1] += 1 + tenths / 10
    assert (report.verdict, report.kernel.shape) == ("linear", (3, 3))
    assert any("cut off towards 0" in text for text in report.warnings)
    z = (report.kernel - kernel) / report.std_error
    assert np.abs(z).max() < 5
    assert report.std_error.max() < 0.02
    cut = next(text for text in report.warnings if "cut off towards 0" in text)
    assert abs(float(cut.split(" by ")[1].split()[0]) - mean) < 0.1


def test_a_blur_rounded_inside_a_sharpening():
    """Noise of several levels, coloured, the same everywhere: the kernel and its bars stand."""
    crisp = np.array([[0.0, -2, 0], [-2, 9, -2], [0, -2, 0]])
    after = levels(ndimage.convolve(levels(blur(COINS)).astype(float), crisp, mode="mirror"))
    report = identify_filter(COINS, after)
    whole = ndimage.convolve(np.pad(BINOMIAL, 1), crisp, mode="constant")
    assert (report.verdict, report.kernel.shape) == ("linear", (5, 5))
    assert report.residual_std > 5 / np.sqrt(12)
    z = (report.kernel - whole) / report.std_error
    assert 0.5 < np.sqrt(np.mean(z**2)) < 1.6
