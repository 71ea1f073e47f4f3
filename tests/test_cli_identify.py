"""`convmat estimate` with no size: one screen that says what was done to a picture."""

import json
import subprocess
import sys
from dataclasses import fields

import cv2
import numpy as np
import pytest
from scipy import ndimage
from shell import environment, fail, run, succeed

import convmat
from convmat.identify.filter_report import FilterReport
from convmat.identify.identify import identify_filter
from convmat.identify.unexplained import unexplained

RNG = np.random.default_rng(4)
KERNEL = np.array([[1.0, 2, 1], [2, 5, 2], [1, 2, 4]]) / 20
BEFORE = np.rint(ndimage.gaussian_filter(RNG.random((90, 110)), 0.7) * 255).astype(np.uint8)


def filtered(picture, boundary="nearest"):
    return np.rint(ndimage.convolve(picture.astype(float), KERNEL, mode=boundary)).astype(np.uint8)


@pytest.fixture
def pair(tmp_path):
    cv2.imwrite(str(tmp_path / "before.png"), BEFORE)
    cv2.imwrite(str(tmp_path / "after.png"), filtered(BEFORE))
    return tmp_path / "before.png", tmp_path / "after.png"


def test_one_screen(pair):
    text = succeed("estimate", *pair).stdout
    assert text.startswith("verdict: linear\n")
    assert "Convolution kernel, 3x3, anchor (1, 1), ± standard error" in text
    assert "The same as a correlation kernel, anchor (1, 1)" in text
    assert "1/20 [1 2 1; 2 5 2; 1 2 4]" in text
    for fact in ("boundary", "offset", "levels", "residual"):
        assert f"\n{fact} " in text
    assert max(map(len, text.splitlines())) <= 140 and text.count("\n") < 40


def test_json_has_every_field(pair):
    found = json.loads(succeed("estimate", *pair, "--json").stdout)
    everything = {field.name for field in fields(FilterReport)}
    assert set(found) == everything - {"covariance"}
    assert found["verdict"] == "linear" and found["rounding"] == "rounded"
    np.testing.assert_allclose(found["kernel"], KERNEL, atol=5 * np.max(found["std_error"]))
    asked = json.loads(succeed("estimate", *pair, "--json", "--covariance").stdout)
    assert set(asked) == everything
    bars = np.sqrt(np.diagonal(asked["covariance"])).reshape(3, 3)
    np.testing.assert_allclose(bars, asked["std_error"], rtol=8 * np.finfo(float).eps)


def test_kernel_and_figure_are_written(pair, tmp_path):
    output, figure = tmp_path / "kernel.csv", tmp_path / "figure.png"
    succeed("estimate", *pair, "--output", output, "--plot", figure)
    report = identify_filter(BEFORE, filtered(BEFORE))
    np.testing.assert_allclose(np.loadtxt(output, delimiter=","), report.kernel)
    assert cv2.imread(str(figure)).shape[0] > 500


def test_what_is_no_convolution_is_told(tmp_path):
    cv2.imwrite(str(tmp_path / "before.png"), BEFORE)
    cv2.imwrite(str(tmp_path / "after.png"), cv2.medianBlur(BEFORE, 3))
    text = succeed("estimate", tmp_path / "before.png", tmp_path / "after.png").stdout
    assert text.startswith("verdict: not_linear\n")
    assert "±" not in text
    assert "boundary    not looked for" in text
    assert "correlation kernel" not in text


def test_a_kernel_that_is_none_is_not_written(tmp_path):
    """After the report, which says why: an error, so that a script does not go on."""
    cv2.imwrite(str(tmp_path / "before.png"), BEFORE)
    cv2.imwrite(str(tmp_path / "after.png"), cv2.medianBlur(BEFORE, 3))
    output = tmp_path / "kernel.csv"
    paths = tmp_path / "before.png", tmp_path / "after.png"
    for options, begins in (((), "verdict: not_linear"), (("--json",), "{")):
        result = run("estimate", *paths, "--output", output, *options)
        assert result.exit_code == 2
        assert result.stdout.startswith(begins)
        assert result.stderr.count("\n") == 1
        assert "was not written: the verdict is not_linear" in result.stderr
        assert not output.exists()


def test_a_figure_of_no_kernel_is_drawn(tmp_path):
    cv2.imwrite(str(tmp_path / "before.png"), BEFORE)
    cv2.imwrite(str(tmp_path / "after.png"), cv2.medianBlur(BEFORE, 3))
    figure = tmp_path / "figure.png"
    succeed("estimate", tmp_path / "before.png", tmp_path / "after.png", "--plot", figure)
    assert cv2.imread(str(figure)).shape[0] > 500


def test_the_same_picture_is_told_to_be_the_same(pair):
    text = succeed("estimate", pair[0], pair[0]).stdout
    assert "The pictures are identical: nothing was done." in text
    assert "not one of those known" not in text


def test_a_large_kernel_is_one_screen_too(tmp_path):
    after = np.rint(ndimage.convolve(BEFORE.astype(float), np.eye(15) / 15)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "before.png"), BEFORE)
    cv2.imwrite(str(tmp_path / "after.png"), after)
    paths = tmp_path / "before.png", tmp_path / "after.png"
    text = succeed("estimate", *paths).stdout
    assert "15x15" in text
    assert "--output FILE" in text
    assert text.count("\n") <= 40
    assert max(map(len, text.splitlines())) <= 100
    found = succeed("estimate", *paths, "--json").stdout
    assert len(found) < 50_000, "the covariance, of 50625 numbers, only on request"


def test_the_package_runs_as_the_shell_does():
    ran = subprocess.run(
        [sys.executable, "-m", "convmat", "--version"],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert (ran.returncode, ran.stdout) == (0, f"convmat {convmat.__version__}\n")
    mistake = subprocess.run(
        [sys.executable, "-m", "convmat", "estimate", "no.png", "no.png"],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert mistake.returncode == 2
    assert mistake.stderr.startswith("convmat: ")


def test_colour(tmp_path):
    colour = np.stack([BEFORE, BEFORE[::-1], BEFORE[:, ::-1]], axis=-1)
    after = np.stack([filtered(colour[..., i]) for i in range(3)], axis=-1)
    cv2.imwrite(str(tmp_path / "before.png"), colour)
    cv2.imwrite(str(tmp_path / "after.png"), after)
    paths = tmp_path / "before.png", tmp_path / "after.png"
    assert (
        "Convolution kernel, 3x3"
        in succeed("estimate", *paths, "--plot", tmp_path / "a.png").stdout
    )
    assert "Convolution kernel, 3x3" in succeed("estimate", *paths, "--channel", "red").stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--boundary", "zero"), "--boundary goes with --size"),
        (("--offset", "--solver", "qr"), "--offset, --solver goes with --size"),
        (("--size", "3x3", "--srgb"), "go without --size"),
        (("--size", "3x3", "--max-size", "5x5"), "go without --size"),
        (("--size", "3x3", "--covariance"), "go without --size"),
        (("--covariance",), "--covariance goes with --json"),
        (("--gamma", "-1"), "gamma"),
        (("--gamma", "2.2", "--srgb"), "srgb"),
        (("--max-size", "0x3"), "--max-size must be at least 1"),
        (("--max-size", "3x3x3"), "max_kernel_shape"),
        (("--plot", "figure.gif"), "figure.gif"),
        (("--output", "kernel.txt"), "kernel.txt"),
    ],
)
def test_mistakes_are_one_line(pair, options, message):
    assert message in fail("estimate", *pair, *options)


def test_pictures_that_do_not_compare(pair, tmp_path):
    cv2.imwrite(str(tmp_path / "deep.png"), BEFORE.astype(np.uint16) * 257)
    assert "their levels do not compare" in fail("estimate", pair[0], tmp_path / "deep.png")
    cv2.imwrite(str(tmp_path / "tiny.png"), BEFORE[:4, :4])
    assert "8" in fail("estimate", tmp_path / "tiny.png", tmp_path / "tiny.png")


@pytest.mark.parametrize("crop", [(0, 0, 0, 0), (3, 4, 5, 6), (1, 1, 1, 1)])
def test_what_is_left_unexplained_is_what_the_report_says(crop):
    top, bottom, left, right = crop
    after = filtered(BEFORE)[top : 90 - bottom, left : 110 - right]
    report = identify_filter(BEFORE, after)
    residual = unexplained(BEFORE, after, report)[0]
    assert residual.shape == after.shape
    assert np.count_nonzero(np.isfinite(residual)) == report.pixels
    assert np.nanstd(residual) == pytest.approx(report.residual_std, rel=0.01)
