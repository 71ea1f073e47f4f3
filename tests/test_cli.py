"""The shell, on files made by other libraries; every mistake is one line and exit code 2."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import io, ndimage, sparse
from shell import CODE, environment, fail, process, run, succeed

import convmat
from convmat import Boundary, KernelEstimate, Mode, Solution
from convmat.files.export import load_matrix
from convmat.solvers import SOLVERS

# SciPy announces that its readers will return sparse arrays; here either will do.
pytestmark = pytest.mark.filterwarnings("ignore:The default value for `spmatrix`")

DATA = Path(convmat.__file__).parent / "data"
KERNEL = np.array([[1.0, 2, 1], [2, 5, 2], [1, 0, -2]]) / 12
RNG = np.random.default_rng(5)
SMALL = ndimage.gaussian_filter(RNG.random((40, 44)), 1) * 255


def convolved(samples):
    return ndimage.convolve(samples.astype(float), KERNEL, mode="nearest")


@pytest.fixture
def pair(tmp_path):
    """Two 16-bit pictures and the folder they are in."""
    before = (SMALL / SMALL.max() * 40000).astype(np.uint16)
    after = np.rint(convolved(before)).clip(0, 65535).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "before.png"), before)
    cv2.imwrite(str(tmp_path / "after.png"), after)
    return tmp_path / "before.png", tmp_path / "after.png"


@pytest.mark.parametrize(
    ("suffix", "dtype", "options", "tolerance"),
    [
        (".png", np.uint8, (), 5e-3),
        (".png", np.uint16, (), 2e-5),
        (".tif", np.uint8, (), 5e-3),
        (".tif", np.uint16, (), 2e-5),
        (".pgm", np.uint8, (), 5e-3),
        (".pgm", np.uint16, (), 2e-5),
        (".jpg", np.uint8, (cv2.IMWRITE_JPEG_QUALITY, 100), 2e-2),
        (".npy", np.float64, (), 1e-12),
        (".csv", np.float64, (), 1e-12),
    ],
)
def test_estimate_from_every_kind_of_file(tmp_path, suffix, dtype, options, tolerance):
    full = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1.0
    before = SMALL / SMALL.max() * full
    before = np.rint(before).astype(dtype) if full > 1 else before
    after = convolved(before)
    after = np.rint(after).clip(0, full).astype(dtype) if full > 1 else after
    paths = [tmp_path / f"before{suffix}", tmp_path / f"after{suffix}"]
    for path, samples in zip(paths, (before, after), strict=True):
        if suffix == ".npy":
            np.save(path, samples)
        elif suffix == ".csv":
            np.savetxt(path, samples, delimiter=",")
        else:
            assert cv2.imwrite(str(path), samples, options)
    target = tmp_path / "kernel.npy"
    result = succeed("estimate", *paths, "--size", "3x3", "--output", target)
    np.testing.assert_allclose(np.load(target), KERNEL, rtol=0, atol=tolerance)
    for word in ("residual", "converged", "boundary", "unknown", "kernel.npy", "standard error"):
        assert word in result.stdout
    assert "offset" not in result.stdout


def test_the_table_holds_the_kernel_and_its_error_bars(pair):
    result = succeed("estimate", *pair, "--size", "3x3", "--boundary", "replicate", "--offset")
    numbers = [line.split() for line in result.stdout.splitlines()[2:8]]
    entries = np.array(numbers[::2], dtype=float)
    np.testing.assert_allclose(entries, KERNEL, rtol=0, atol=2e-5)
    assert all(error.startswith("±") for row in numbers[1::2] for error in row)
    assert "offset" in result.stdout
    assert "replicate" in result.stdout


def test_json_has_every_field_and_nothing_else_is_printed(pair):
    result = succeed(
        "estimate", *pair, "--size", "3x3", "--boundary", "replicate", "--json", "--damp", "0.5"
    )
    content = json.loads(result.stdout)
    assert set(content) == {field.name for field in fields(KernelEstimate)}
    assert set(content["solution"]) == {field.name for field in fields(Solution)}
    assert np.shape(content["kernel"]) == (3, 3)
    assert content["std_error"] == [[None] * 3] * 3  # damping leaves no error bars
    assert isinstance(content["residual_std"], float)
    assert content["geometry"]["boundary"] == ["replicate", "replicate"]
    assert content["solution"]["status"] == "converged"
    assert result.stderr == ""


def test_data_of_one_and_of_three_axes(tmp_path):
    signal_in = RNG.random(60)
    np.savetxt(tmp_path / "x.csv", signal_in, delimiter=",")
    np.save(tmp_path / "y.npy", np.convolve(signal_in, [1.0, 2.0, 3.0]))
    arguments = ("estimate", tmp_path / "x.csv", tmp_path / "y.npy", "--size", "3")
    result = succeed(*arguments, "--output", tmp_path / "k.csv", "--plot", tmp_path / "p.svg")
    assert "full" in result.stdout
    np.testing.assert_allclose(np.loadtxt(tmp_path / "k.csv", delimiter=","), [1, 2, 3])
    assert (tmp_path / "p.svg").stat().st_size > 1000
    volume = RNG.random((9, 10, 11))
    np.save(tmp_path / "v.npy", volume)
    np.save(tmp_path / "w.npy", ndimage.convolve(volume, np.ones((3, 3, 3)), mode="wrap"))
    arguments = ("estimate", tmp_path / "v.npy", tmp_path / "w.npy", "--size", "3x3x3")
    succeed(*arguments, "--boundary", "circular")
    assert ".npy file can" in fail(*arguments, "--output", tmp_path / "k.csv")
    assert "one or two axes" in fail(*arguments, "--plot", tmp_path / "p.png")


def test_boundaries_anchors_and_modes(pair):
    before, after = pair
    out = before.parent / "k.npy"
    succeed(
        "estimate", before, after, "--size", "3x5", "--anchor", "1,3", "--mode", "same",
        "--boundary", "replicate,Replicate", "--solver", "lsqr", "-o", out,
    )  # fmt: skip
    expected = np.zeros((3, 5))
    expected[:, 2:] = KERNEL
    np.testing.assert_allclose(np.load(out), expected, rtol=0, atol=5e-5)
    succeed("estimate", before, after, "--size", "3x3", "--anchor", "-1,0")


def test_colour_pictures(tmp_path):
    planes = RNG.integers(0, 256, (30, 31, 3), dtype=np.uint8)
    blurred = np.stack([convolved(planes[..., i]) for i in range(3)], axis=-1)
    blurred = np.rint(blurred).clip(0, 255).astype(np.uint8)
    paths = [tmp_path / "before.png", tmp_path / "after.png"]
    for path, samples in zip(paths, (planes, blurred), strict=True):
        Image.fromarray(samples).save(path)
    out = tmp_path / "k.npy"
    result = succeed("estimate", *paths, "--size", "3x3", "-o", out, "--plot", tmp_path / "p.png")
    assert "red, green, blue: one common kernel" in result.stdout
    together = np.load(out)
    for channel in ("green", "1", "GREEN"):
        succeed("estimate", *paths, "--size", "3x3", "--channel", channel, "-o", out)
        green = np.load(out)
        assert np.abs(green - together).max() > 0
    for path, samples in zip(paths, (planes[..., 1], blurred[..., 1]), strict=True):
        Image.fromarray(samples).save(path)
    succeed("estimate", *paths, "--size", "3x3", "-o", out)
    np.testing.assert_array_equal(np.load(out), green)
    for channel in ("red", "3", "-1", ""):
        assert "has no channel" in fail("estimate", *paths, "--size", "3x3", "--channel", channel)


def test_opaque_alpha_and_equal_channels_are_left_out_with_a_note(tmp_path):
    grey = [RNG.integers(0, 256, (20, 21), dtype=np.uint8) for _ in range(2)]
    for name, samples in zip(("a", "b"), grey, strict=True):
        Image.fromarray(samples).save(tmp_path / f"{name}.png")
        Image.fromarray(samples).convert("RGBA").save(tmp_path / f"{name}-rgba.png")
        Image.fromarray(samples).convert("P").save(tmp_path / f"{name}-palette.png")
    plain = succeed("estimate", tmp_path / "a.png", tmp_path / "b.png", "--size", "3x3", "--json")
    kernel = json.loads(plain.stdout)["kernel"]
    for names in (("a-rgba", "b-rgba"), ("a-palette", "b-palette"), ("a", "b-rgba")):
        paths = [tmp_path / f"{name}.png" for name in names]
        result = succeed("estimate", *paths, "--size", "3x3", "--json")
        assert json.loads(result.stdout)["kernel"] == kernel
        assert "all the same: one was used" in result.stderr
        assert ("the alpha channel of" in result.stderr) == ("rgba" in names[1])


def test_transparency_is_refused_and_can_be_chosen_around(tmp_path):
    samples = RNG.integers(0, 255, (20, 21, 4), dtype=np.uint8)
    Image.fromarray(samples).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extrasamples=["unassalpha"])
    paths = (tmp_path / "a.png", tmp_path / "a.tif")
    message = fail("estimate", *paths, "--size", "3x3")
    assert "alpha channel" in message
    assert "--channel (red, green, blue, alpha)" in message
    succeed("estimate", *paths, "--size", "3x3", "--channel", "red")


def test_pictures_that_do_not_go_together(tmp_path, pair):
    before, _ = pair
    folder = before.parent
    cv2.imwrite(str(folder / "8.png"), SMALL.astype(np.uint8))
    cv2.imwrite(str(folder / "small.png"), np.ones((7, 44), np.uint16))
    cv2.imwrite(str(folder / "colour.png"), RNG.integers(0, 256, (40, 44, 3), dtype=np.uint8))
    size = ("--size", "3x3")
    assert "16-bit and" in fail("estimate", before, folder / "8.png", *size)
    assert "(7, 44)" in fail("estimate", before, folder / "small.png", *size)
    message = fail("estimate", folder / "8.png", folder / "colour.png", *size)
    assert "has grey; " in message
    assert "red, green, blue" in message
    cv2.imwrite(str(folder / "one.png"), np.ones((1, 1), np.uint16))
    assert "name the boundary" in fail("estimate", *[folder / "one.png"] * 2, *size)


def test_unreadable_pictures(tmp_path, pair):
    before, _ = pair
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes(before.read_bytes()[:500])
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "nan.csv").write_text("1,2\n3,nan\n")
    tifffile.imwrite(
        tmp_path / "pages.tif", np.zeros((3, 40, 44), np.uint16), photometric="minisblack"
    )
    for name in ("empty.png", "cut.png", "ragged.csv", "text.jpg", "pages.tif", "missing.png"):
        assert f"{name}: " in fail("estimate", before, tmp_path / name, "--size", "3x3")
    assert "NaN" in fail("estimate", tmp_path / "nan.csv", tmp_path / "nan.csv", "--size", "1x1")
    assert "must end in .png" in fail("estimate", before, tmp_path, "--size", "3x3")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "3by3"), "--size is rows x columns"),
        (("--size", "0x3"), "at least 1"),
        (("--size", "3"), "2 axes, where 1 axis is wanted"),
        (("--size", "3x3", "--boundary", "reflect"), "two different things"),
        (("--size", "3x3", "--boundary", "edge"), "must be one of zero"),
        (("--size", "3x3", "--boundary", "zero,zero,zero"), "names 3 axes"),
        (("--size", "3x3", "--mode", "some"), "'full', 'same', 'valid'"),
        (("--size", "3x3", "--mode", "valid"), "mode valid"),
        (("--size", "3x3", "--anchor", "1"), "anchor"),
        (("--size", "3x3", "--anchor", "one"), "--anchor is one integer"),
        (("--size", "3x3", "--solver", "magic"), "auto, cholesky"),
        (("--size", "3x3", "--solver", "bounded", "--damp", "-1"), "damp"),
        (("--size", "3x3", "--damp", "much"), "damp"),
        (("--size", "3x3", "--damp", "nan"), "damp"),
        (("--size", "3x3", "--noise-std", "0"), "noise_std"),
        (("--size", "3x3", "--noise-std", "few"), "--noise-std"),
        (("--size", "3x3", "--output", "k.txt"), "must end in .npy, .csv, .png"),
        (("--size", "3x3", "--plot", "k.jpg"), "must end in .png, .svg, .pdf"),
        (("--size", "3x3", "--output", "no/k.npy"), "there is no folder"),
        (("--size", "3x3", "--output", "before.png"), "would overwrite"),
        (("--size", "3x3", "--output", "a.png", "--plot", "./a.png"), "would overwrite"),
        (("--size", "3x3", "--unknown"), "--unknown"),
        (("--size",), "requires an argument"),
    ],
)
def test_mistakes_in_the_options(pair, monkeypatch, options, message):
    monkeypatch.chdir(pair[0].parent)
    there = sorted(os.listdir())
    assert message in fail("estimate", *pair, *options)
    assert sorted(os.listdir()) == there


def test_a_constant_picture_is_a_status_and_no_error(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 20), 9, np.uint8))
    result = succeed("estimate", *[tmp_path / "a.png"] * 2, "--size", "3x3", "--offset")
    assert "do not determine every entry" in result.stdout


def test_missing_packages_are_named(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "convmat[plot]" in fail("estimate", *pair, "--size", "3x3", "--plot", "p.png")
    monkeypatch.setitem(sys.modules, "imageio.v3", None)
    assert "convmat[cli]" in fail("estimate", *pair, "--size", "3x3")


def test_help_documents_every_choice():
    text = " ".join(succeed("estimate", "--help").stdout.replace("│", " ").split())
    for word in (*Boundary, *Mode, *SOLVERS, ".npy", ".csv", ".png", "--json", "--channel"):
        assert word in text
    assert "convmat" in succeed("--help").stdout
    assert succeed("--version").stdout == f"convmat {convmat.__version__}\n"
    assert "estimate" in succeed().stdout
    assert "'what'" in fail("what")


@pytest.mark.parametrize("suffix", [".npz", ".mtx", ".mat"])
def test_matrix(tmp_path, suffix):
    np.savetxt(tmp_path / "k.csv", KERNEL, delimiter=",")
    target = tmp_path / f"H{suffix}"
    result = succeed(
        "matrix", tmp_path / "k.csv", "--shape", "6x7", "--mode", "same", "--boundary",
        "mirror,zero", "--anchor", "0,1", "--order", "f", "--output", target,
    )  # fmt: skip
    assert str(target) in result.stdout
    assert "42 x 42" in result.stdout
    stored = load_matrix(target)
    expected = convmat.convolution_matrix(
        KERNEL, (6, 7), "same", ("mirror", "zero"), anchor=(0, 1), order="F"
    )
    assert (stored.matrix != expected).nnz == 0
    assert stored.order == "F"
    assert stored.geometry.anchor == (0, 1)
    np.testing.assert_array_equal(stored.kernel, KERNEL)
    other = {
        ".npz": sparse.load_npz,
        ".mtx": io.mmread,
        ".mat": lambda path: io.loadmat(path)["H"],
    }
    x = RNG.random((6, 7))
    y = other[suffix](str(target)) @ x.ravel(order="F")
    direct = convmat.convolve(x, KERNEL, "same", ("mirror", "zero"), anchor=(0, 1))
    np.testing.assert_allclose(y.reshape((6, 7), order="F"), direct, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("boundary", "told"),
    [
        ("circular,zero,circular", "circular,zero,circular"),
        ("zero,zero,zero", "zero"),
        ("zero",) * 2,
    ],
)
def test_the_summary_of_a_matrix_has_the_boundary_of_each_axis(tmp_path, boundary, told):
    np.save(tmp_path / "k.npy", np.ones((2, 2, 2)))
    printed = succeed(
        "matrix", tmp_path / "k.npy", "--shape", "3x3x3", "--mode", "same", "--boundary",
        boundary, "-o", tmp_path / "H.npz",
    ).stdout  # fmt: skip
    assert f"same, {told}, anchor (0, 0, 0)" in printed


def test_matrix_of_a_signal(tmp_path):
    (tmp_path / "k.csv").write_text("1,2,3\n")
    succeed("matrix", tmp_path / "k.csv", "--shape", "4", "-o", tmp_path / "H.npz")
    matrix, geometry = load_matrix(tmp_path / "H.npz")
    assert geometry.output_shape == (6,)
    assert matrix.shape == (6, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--shape", "6x7", "-o", "H.txt"), "must end in .npz, .mtx, .mat"),
        (("--shape", "6x7"), "--output"),
        (("--shape", "6x7", "-o", "H.npz", "--order", "K"), "order"),
        (("--shape", "2x2", "-o", "H.npz", "--mode", "valid"), "larger than the signal"),
        (("--shape", "6x7x3x4", "-o", "H.npz"), "axes"),
        (("--shape", "6", "-o", "H.npz"), "has shape (3, 3), where 1 axis is wanted"),
        (("--shape", "999999x999999", "-o", "H.npz"), "would take"),
        (("--shape", "6x7", "-o", "H.npz", "--boundary", ""), "unknown"),
    ],
)
def test_mistakes_with_matrices(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    np.savetxt("k.csv", KERNEL, delimiter=",")
    assert message in fail("matrix", "k.csv", *options)
    assert os.listdir() == ["k.csv"]


def test_demo(tmp_path):
    target = tmp_path / "figure.png"
    result = succeed("demo", "--output", target)
    assert "largest deviation" in result.stdout
    assert cv2.imread(str(target)).shape[1] > 1000
    assert os.listdir(tmp_path) == ["figure.png"]


def test_demo_fails_where_the_kernel_is_not_found(tmp_path, monkeypatch):
    monkeypatch.setattr("convmat.cli.demo._TOLERANCE", 1e-9)
    result = run("demo", "--output", tmp_path / "figure.png")
    assert result.exit_code == 1
    assert "not within 1e-09" in result.stderr


def test_the_demos_files_are_complete():
    truth = np.loadtxt(DATA / "kernel.csv", delimiter=",")
    assert truth.shape == (5, 5)
    assert abs(truth.sum() - 1) < 1e-9
    assert "CC0" in (DATA / "README.md").read_text()


# What only a real process shows.


def test_a_mistake_in_a_real_process(tmp_path):
    result = process("estimate", "a\nb.png", "b.png", "--size", "3x3", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == "convmat: cannot read a b.png: No such file or directory\n"


def test_a_result_in_a_real_process(pair):
    result = process("estimate", *pair, "--size", "3x3", "--json")
    assert result.returncode == 0
    assert result.stderr == ""
    assert json.loads(result.stdout)["solution"]["status"] == "converged"


def test_without_typer(tmp_path):
    (tmp_path / "typer.py").write_text("raise ImportError('no typer here')")
    result = process("demo", cwd=tmp_path, folders=[tmp_path])
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "convmat[cli]" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are different there")
def test_interrupting_leaves_nothing_behind(tmp_path):
    """Ctrl-C: exit code 130, no traceback, no half-written file."""
    np.savetxt(tmp_path / "k.csv", RNG.random((31, 31)), delimiter=",")
    arguments = ["matrix", "k.csv", "--shape", "100x100", "-o", "H.mtx"]
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while child.poll() is None and not list(tmp_path.glob(".convmat-*")):
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130
    assert stderr == b""
    assert os.listdir(tmp_path) == ["k.csv"]


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_reader_that_stops_early_is_no_error(pair):
    command = f"'{sys.executable}' -c '{CODE}' estimate before.png after.png --size 3x3 | true"
    result = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        cwd=pair[0].parent,
        env=environment(),
        timeout=60,
    )
    assert result.stderr == ""
