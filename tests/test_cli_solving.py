"""The shell's ways to solve: constraints, damping, masks; compare; deconvolve; Ctrl-C."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
import tifffile
from scipy import ndimage
from shell import CODE, environment, fail, run, succeed

import convmat
from convmat import Comparison, Solution, Status
from convmat.solvers import SOLVERS

KERNEL = np.array([[1.0, 2, 1], [2, 5, 2], [1, 0, 2]]) / 16
RNG = np.random.default_rng(11)
SHARP = ndimage.gaussian_filter(RNG.random((30, 34)), 0.6) * 200
BLURRED = ndimage.convolve(SHARP, KERNEL, mode="nearest")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the kernel and two pictures as numbers."""
    monkeypatch.chdir(tmp_path)
    np.savetxt("kernel.csv", KERNEL, delimiter=",", fmt="%.17g")
    np.save("before.npy", SHARP)
    np.save("after.npy", BLURRED)
    return tmp_path


ESTIMATE = ("estimate", "before.npy", "after.npy", "--size", "3x3", "--boundary", "replicate")


def estimated(*options):
    return json.loads(succeed(*ESTIMATE, *options, "--json").stdout)


# estimate


@pytest.mark.parametrize("solver", [name for name, row in SOLVERS.items() if row.bounds])
def test_constraints(folder, solver):
    sharpened = ndimage.convolve(SHARP, KERNEL - 0.2, mode="nearest")
    np.save("after.npy", sharpened)
    found = estimated("--nonnegative", "--normalized", "--offset", "--solver", solver)
    kernel = np.array(found["kernel"])
    assert kernel.min() == 0
    assert abs(kernel.sum() - 1) < 1e-12
    expected = convmat.estimate_kernel(
        SHARP,
        sharpened,
        (3, 3),
        boundary="replicate",
        offset=True,
        nonnegative=True,
        normalized=True,
    )
    np.testing.assert_allclose(kernel, expected.kernel, rtol=0, atol=1e-6)
    alone = np.array(estimated("--solver", "nonnegative", "--offset")["kernel"])
    both = estimated("--solver", "nonnegative", "--nonnegative", "--offset")
    assert both["kernel"] == alone.tolist()
    assert alone.min() == 0
    assert both["offset"] != 0  # which may be negative


def test_a_solver_without_constraints_says_so(folder):
    assert "takes no constraints" in fail(*ESTIMATE, "--normalized", "--solver", "qr")
    assert "auto, cholesky" in fail(*ESTIMATE, "--normalized", "--solver", "magic")


@pytest.mark.parametrize("method", ["gcv", "RGCV", "lcurve", "discrepancy"])
def test_damp_by_name(folder, method):
    np.save("after.npy", BLURRED + RNG.standard_normal(BLURRED.shape))
    options = ("--damp", method, "--penalty", "second", "--noise-std", "1")
    found = estimated(*options)
    assert found["damp_choice"]["method"] == method.lower()
    assert found["solution"]["damp"] == found["damp_choice"]["damp"]
    assert f"chosen by {method.lower()}" in succeed(*ESTIMATE, *options).stdout


def test_penalties(folder):
    def by_hand(penalty):
        found = convmat.estimate_kernel(
            SHARP, BLURRED, (3, 3), boundary="replicate", damp=100.0, penalty=penalty
        )
        return found.kernel

    first, second = (convmat.difference_matrix((3, 3), n, boundary="zero") for n in (1, 2))
    for name, penalty in (("identity", None), ("First", first), ("second", second)):
        found = estimated("--damp", "100", "--penalty", name)
        np.testing.assert_allclose(found["kernel"], by_hand(penalty), rtol=1e-12, atol=1e-14)
    assert "give --damp" in fail(*ESTIMATE, "--penalty", "first")
    assert "'identity', 'first', 'second'" in fail(*ESTIMATE, "--penalty", "third")
    assert "discrepancy" in fail(*ESTIMATE, "--damp", "much")
    assert "needs noise_std" in fail(*ESTIMATE, "--damp", "discrepancy")


def test_masks(folder):
    mask = np.zeros(BLURRED.shape, np.uint8)
    mask[5:9, 4:20] = 200
    np.save("after.npy", np.where(mask, np.nan, BLURRED))
    cv2.imwrite("mask.png", mask)
    cv2.imwrite("colour.png", np.stack([mask] * 3, axis=-1))
    np.save("mask.npy", mask > 0)
    np.savetxt("mask.csv", mask, delimiter=",")
    for name in ("mask.png", "colour.png", "mask.npy", "mask.csv"):
        found = estimated("--mask", name)
        np.testing.assert_allclose(found["kernel"], KERNEL, rtol=0, atol=1e-12)
    assert "NaN" in fail(*ESTIMATE)
    np.save("after.npy", BLURRED)
    cv2.imwrite("small.png", mask[1:])
    assert "must have the shape of after" in fail(*ESTIMATE, "--mask", "small.png")
    cv2.imwrite("all.png", mask | 1)
    assert "no pixel" in fail(*ESTIMATE, "--mask", "all.png")
    assert "cannot read none.png" in fail(*ESTIMATE, "--mask", "none.png")
    cv2.imwrite("bright.png", RNG.integers(0, 9, (30, 34, 3), dtype=np.uint8))
    assert "a mask has one" in fail(*ESTIMATE, "--mask", "bright.png")
    assert "would overwrite" in fail(*ESTIMATE, "--mask", "mask.npy", "-o", "mask.npy")


def test_tolerance_and_max_iterations(folder):
    few = estimated("--solver", "lsqr", "--max-iterations", "2")["solution"]
    assert (few["status"], few["iterations"]) == ("max_iterations", 2)
    rough = estimated("--solver", "lsqr", "--tolerance", "0.01")["solution"]
    assert rough["status"] == "converged"
    assert rough["iterations"] < estimated("--solver", "lsqr")["solution"]["iterations"]
    assert "no option tolerance" in fail(*ESTIMATE, "--solver", "qr", "--tolerance", "0.1")
    assert "tolerance must be" in fail(*ESTIMATE, "--solver", "lsqr", "--tolerance", "-1")


# compare


COMPARE = ("compare", *ESTIMATE[1:])


def test_compare_has_a_row_for_every_solver(folder):
    result = succeed(*COMPARE, "--offset", "--output", "table.csv", "--json")
    rows = json.loads(result.stdout)
    assert [row["solver"] for row in rows] == [n for n, row in SOLVERS.items() if not row.imposes]
    assert result.stderr == ""
    with open("table.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["status"] for row in written] == [row["status"] for row in rows]
    assert list(written[0]) == list(rows[0])
    text = succeed(*COMPARE, "--offset", "--max-iterations", "1").stdout
    assert all(f"\n{row['solver']} " in text for row in rows)
    assert "1020 equations, 10 unknowns" in text
    assert "raise max_iterations" in text
    assert "\x1b" not in text


def test_compare_takes_the_options_of_an_estimate(folder):
    options = ("--damp", "30", "--penalty", "first", "--solvers", "qr, LSQR", "-o", "t.json")
    result = succeed(*COMPARE, *options, "--tolerance", "1e-12")
    assert "damp 30" in result.stdout
    assert "wrote t.json" in result.stdout
    with open("t.json") as file:
        rows = json.load(file)
    assert [row["solver"] for row in rows] == ["qr", "lsqr"]
    expected = estimated("--damp", "30", "--penalty", "first")["solution"]
    for row in rows:
        assert abs(row["residual_norm"] / expected["residual_norm"] - 1) < 1e-9
    chosen = succeed(*COMPARE, "--damp", "rgcv", "--solvers", "qr").stdout
    assert ", damp " in chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--solvers", "magic"), "must be names of cholesky"),
        (("--solvers", ""), "must be names of cholesky"),
        (("--solvers", "qr", "--tolerance", "0.1"), "none of qr has an option tolerance"),
        (("-o", "t.txt"), "must end in .csv, .json"),
        (("-o", "no/t.csv"), "there is no folder"),
        (("--boundary", "reflect"), "two different things"),
    ],
)
def test_mistakes_in_comparing(folder, options, message):
    assert message in fail(*COMPARE, *options)


# deconvolve


DECONVOLVE = ("deconvolve", "after.npy", "kernel.csv", "--boundary", "replicate")


def test_deconvolve_numbers(folder):
    expected = convmat.deconvolve(BLURRED, KERNEL, boundary="replicate", damp=0.01)
    for name in ("x.npy", "x.csv", "x.tif"):
        result = succeed(*DECONVOLVE, "--damp", "0.01", "-o", name)
        assert name in result.stdout
        assert result.stderr == ""
    np.testing.assert_array_equal(np.load("x.npy").ravel(), expected.x)
    np.testing.assert_array_equal(np.loadtxt("x.csv", delimiter=",").ravel(), expected.x)
    np.testing.assert_array_equal(tifffile.imread("x.tif").ravel(), expected.x)
    content = json.loads(succeed(*DECONVOLVE, "--damp", "0.01", "--json").stdout)
    assert set(content) == {field.name for field in fields(Solution)}
    assert content["x"] == expected.x.tolist()


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_deconvolve_modes_and_penalties(folder, mode):
    np.save("y.npy", convmat.convolve(SHARP, KERNEL, mode, "mirror", anchor=(0, 2)))
    succeed(
        "deconvolve", "y.npy", "kernel.csv", "--boundary", "Mirror,mirror", "--mode", mode,
        "--anchor", "0,2", "--damp", "0.1", "--penalty", "second", "--tolerance", "1e-9",
        "--solver", "lsmr", "-o", "x.npy",
    )  # fmt: skip
    restored = np.load("x.npy")
    assert restored.shape == SHARP.shape
    expected = convmat.deconvolve(
        np.load("y.npy"),
        KERNEL,
        boundary="mirror",
        mode=mode,
        anchor=(0, 2),
        damp=0.1,
        penalty=convmat.difference_matrix(SHARP.shape, 2, boundary="mirror"),
        solver="cholesky",
    )
    np.testing.assert_allclose(restored.ravel(), expected.x, rtol=0, atol=1e-6 * SHARP.max())


def test_deconvolve_a_signal(folder):
    np.save("s.npy", np.convolve([3.0, 1, 4, 1, 5], [1.0, 2]))
    np.save("k.npy", [1.0, 2])
    arguments = ("deconvolve", "s.npy", "k.npy", "--boundary", "zero", "--mode", "full")
    succeed(*arguments, "--axes", "1", "-o", "x.csv")
    np.testing.assert_allclose(np.loadtxt("x.csv", delimiter=","), [3, 1, 4, 1, 5])
    assert "2 axes are wanted" in fail(*arguments)
    assert "2 axes, not 1" in fail(*arguments, "--axes", "1", "-o", "x.tif")
    arguments = ("deconvolve", "k.npy", "s.npy", *arguments[3:], "--axes", "1")
    assert "smaller than any of mode 'full'" in fail(*arguments)


PHOTOMETRIC = {1: "minisblack", 3: "rgb"}


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_keep_their_depth(folder, suffix, dtype, channels):
    if channels == 3 and dtype == np.uint16 and suffix == ".png":
        pytest.importorskip("imagecodecs")
    most = np.iinfo(dtype).max
    sharp = RNG.uniform(0.2 * most, 0.8 * most, (16, 18, channels))
    blurred = ndimage.convolve(sharp, KERNEL[..., np.newaxis], mode="nearest")
    blurred = np.rint(blurred).astype(dtype)
    if suffix == ".tif":
        tifffile.imwrite("blurred.tif", blurred.squeeze(), photometric=PHOTOMETRIC[channels])
    else:
        cv2.imwrite("blurred.png", blurred[..., ::-1])
    options = ("kernel.csv", "--boundary", "replicate", "-o", f"restored{suffix}")
    result = succeed("deconvolve", f"blurred{suffix}", *options, "--damp", "1e-2")
    restored = cv2.imread(f"restored{suffix}", cv2.IMREAD_UNCHANGED).reshape(sharp.shape)
    assert restored.dtype == dtype
    expected = np.stack(
        [
            convmat.deconvolve(blurred[..., i], KERNEL, boundary="replicate", damp=1e-2).x
            for i in range(channels)
        ],
        axis=-1,
    ).reshape(sharp.shape)
    np.testing.assert_array_equal(restored[..., ::-1], np.rint(expected).clip(0, most))
    clipped = np.count_nonzero((np.rint(expected) < 0) | (np.rint(expected) > most))
    note = f"note: {clipped} of {sharp.size} samples were outside 0 ... {most}"
    assert result.stderr.startswith(note) if clipped else not result.stderr
    assert ("solver, green" in result.stdout) == (channels == 3)


def test_clipping_is_never_silent(folder):
    blurred = np.zeros((12, 12), np.uint8)
    blurred[:, 6:] = 255  # no picture of 8 bits is blurred to so sharp an edge
    cv2.imwrite("edge.png", blurred)
    arguments = ("deconvolve", "edge.png", "kernel.csv", "--boundary", "replicate")
    result = succeed(*arguments, "-o", "out.png")
    exact = convmat.deconvolve(blurred, KERNEL, boundary="replicate").x
    clipped = np.count_nonzero((np.rint(exact) < 0) | (np.rint(exact) > 255))
    assert clipped > 20
    assert result.stderr.startswith(f"note: {clipped} of 144 samples were outside 0 ... 255")
    assert succeed(*arguments, "-o", "out.npy").stderr == ""
    nonnegative = json.loads(succeed(*arguments, "--solver", "nonnegative", "--json").stdout)
    assert min(nonnegative["x"]) == 0


def test_colours_one_by_one_and_together(folder):
    cv2.imwrite("c.png", RNG.integers(90, 160, (12, 14, 3), dtype=np.uint8))
    arguments = ("deconvolve", "c.png", "kernel.csv", "--boundary", "symmetric", "--damp", "0.1")
    together = json.loads(succeed(*arguments, "--json", "-o", "all.npy").stdout)
    assert list(together) == ["red", "green", "blue"]
    green = json.loads(succeed(*arguments, "--json", "--channel", "green").stdout)
    assert green["x"] == together["green"]["x"]
    assert np.load("all.npy").shape == (12, 14, 3)
    assert "cannot hold 3 axes" in fail(*arguments, "-o", "all.csv")
    assert "has no channel" in fail(*arguments, "--channel", "alpha")


def test_a_picture_of_a_kernel_is_divided_by_its_sum(folder):
    levels = np.array([[0, 10, 0], [10, 40, 10], [0, 10, 0]], np.uint8)
    cv2.imwrite("k.png", levels)
    np.save("k.npy", levels / 80)
    arguments = ("--boundary", "zero", "--json")
    result = succeed("deconvolve", "after.npy", "k.png", *arguments)
    assert "divided by their sum, 80" in result.stderr
    expected = succeed("deconvolve", "after.npy", "k.npy", *arguments)
    assert json.loads(result.stdout)["x"] == json.loads(expected.stdout)["x"]
    assert "divided" in succeed("matrix", "k.png", "--shape", "4x4", "-o", "H.npz").stderr
    np.testing.assert_array_equal(convmat.files.export.load_matrix("H.npz").kernel, levels / 80)
    cv2.imwrite("black.png", 0 * levels)
    assert "black everywhere" in fail("deconvolve", "after.npy", "black.png", *arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--boundary'"),
        (("--boundary", "reflect"), "two different things"),
        (("--boundary", "zero", "--solver", "magic"), "--solver must be auto"),
        (("--boundary", "zero", "--damp", "gcv"), "--damp"),
        (("--boundary", "zero", "--damp", "-1"), "damp must be"),
        (("--boundary", "zero", "--penalty", "first"), "give --damp"),
        (("--boundary", "zero", "--anchor", "1"), "anchor"),
        (("--boundary", "zero", "--axes", "0"), "--axes must be at least 1, got 0"),
        (("--boundary", "zero", "--axes=-3"), "--axes must be at least 1, got -3"),
        (("--boundary", "zero", "-o", "x.png"), "uint8, uint16, not float64"),
        (("--boundary", "zero", "-o", "x.jpg"), "must end in .png, .tif"),
        (("--boundary", "zero", "-o", "after.npy"), "would overwrite"),
        (("--boundary", "zero", "-o", "kernel.csv"), "would overwrite"),
        (("--boundary", "zero", "--channel", "red"), "has no channel"),
    ],
)
def test_mistakes_in_deconvolving(folder, options, message):
    there = sorted(os.listdir())
    assert message in fail("deconvolve", "after.npy", "kernel.csv", *options)
    assert sorted(os.listdir()) == there


def test_a_complex_kernel_needs_npy(folder):
    np.save("k.npy", KERNEL + 1j)
    arguments = ("deconvolve", "after.npy", "k.npy", "--boundary", "zero", "--solver", "lsqr")
    assert "complex numbers" in fail(*arguments, "-o", "x.csv")
    assert "not complex128" in fail(*arguments, "-o", "x.tif")
    succeed(*arguments, "-o", "x.npy")
    assert np.load("x.npy").dtype == np.complex128


def test_flags_have_no_type_in_the_help():
    for command in ("estimate", "compare", "deconvolve", "matrix", "demo"):
        assert "<bool>" not in succeed(command, "--help").stdout
    assert "<bool>" not in succeed("--help").stdout


# A terminal: the bar, and Ctrl-C.


ENDLESS = ("--solver", "gradient", "--tolerance", "0", "--max-iterations", "1000000000")


@pytest.mark.skipif(os.name == "nt", reason="terminals and signals are different there")
def test_interrupting_an_estimate(folder):
    np.save("before.npy", ndimage.gaussian_filter(SHARP, 3))  # which makes it slow to converge
    stdout, stderr, code = interrupted(*ESTIMATE, "--size", "7x7", *ENDLESS, "-o", "out.npy")
    assert code == 130
    assert "gradient, interrupted after" in stdout
    assert "x is the best answer so far" in stdout
    assert "note: interrupted: this is the best answer so far" in stderr
    assert "Traceback" not in stderr
    assert np.any(np.load("out.npy"))


@pytest.mark.skipif(os.name == "nt", reason="terminals and signals are different there")
def test_interrupting_a_restoration(folder):
    stdout, stderr, code = interrupted(*DECONVOLVE, *ENDLESS, "--json", "-o", "out.npy")
    assert code == 130
    assert "note: interrupted: this is the best answer so far" in stderr
    solution = json.loads(stdout)
    assert solution["status"] == "interrupted"
    assert solution["iterations"] > 10
    assert np.load("out.npy").ravel().tolist() == solution["x"]


def interrupted(*arguments):
    """Ctrl-C as soon as there is a bar on the terminal that stderr is."""
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        env=environment() | {"TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = os.read(ours, 1000)
    while b"iteration" not in shown:
        shown += os.read(ours, 1000)
    child.send_signal(signal.SIGINT)
    stdout = child.stdout.read()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            more = os.read(ours, 1000)
        except OSError:  # how Linux ends a terminal that nobody writes to any more
            break
        if not more:
            break
        shown += more
    os.close(ours)
    child.stdout.close()
    return stdout.decode(), shown.decode(), child.wait(timeout=60)


def test_interrupting_between_channels_writes_no_picture(folder, monkeypatch):
    cv2.imwrite("c.png", RNG.integers(90, 160, (5, 6, 3), dtype=np.uint8))
    begun = convmat.deconvolve(np.ones((5, 6)), KERNEL, boundary="zero", solver="lsqr")
    stopped = replace(begun, status=Status.INTERRUPTED)
    monkeypatch.setattr("convmat.cli.deconvolve._solve", lambda *_: stopped)
    result = run("deconvolve", "c.png", "kernel.csv", "--boundary", "zero", "-o", "x.png")
    assert result.exit_code == 130
    assert "x.png was not written" in result.stderr
    assert not os.path.exists("x.png")


def test_interrupting_a_comparison(folder, monkeypatch):
    table = Comparison(
        ("solver", "status", "note"), ({"solver": "lsqr", "status": "interrupted", "note": ""},)
    )
    monkeypatch.setattr("convmat.cli.compare.compare_solvers", lambda *_: table)
    result = run(*COMPARE)
    assert result.exit_code == 130
    assert "interrupted" in result.stdout
