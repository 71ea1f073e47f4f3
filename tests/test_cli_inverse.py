"""``convmat inverse``: the same filters as the library's, and one line for every mistake."""

import csv
import json
from dataclasses import fields

import numpy as np
import pytest
from shell import fail, run, succeed

from convmat import InverseFilter, Solution, inverse_filter, smallest_inverse

DOMINANT = np.array([[0.0, 1, 0], [1, 6, 1], [0, 2, 0]])
EPS = np.finfo(float).eps


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("kernel.csv", DOMINANT, delimiter=",", fmt="%.17g")
    np.save("line.npy", [1, -2.5, 1])
    return tmp_path


def found_by(*options):
    return json.loads(succeed("inverse", "kernel.csv", *options, "--json").stdout)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ((), {}),
        (("--delay", "3,2"), {"delay": (3, 2)}),
        (("--anchor", "0,-1"), {"anchor": (0, -1)}),
        (("--damp", "0.1"), {"damp": 0.1}),
        (("--damp", "GCV"), {"damp": "gcv"}),
        (("--nonnegative",), {"nonnegative": True}),
        (("--solver", "lsmr", "--tolerance", "1e-12"), {"solver": "lsmr", "tolerance": 1e-12}),
    ],
)
def test_the_filter_is_the_librarys(options, arguments):
    found = found_by("--size", "5x4", *options)
    expected = inverse_filter(DOMINANT, (5, 4), **arguments)
    assert set(found) == {field.name for field in fields(InverseFilter)}
    assert set(found["solution"]) == {field.name for field in fields(Solution)}
    np.testing.assert_array_equal(found["filter"], expected.filter)
    assert tuple(found["delay"]) == expected.delay and tuple(found["anchor"]) == expected.anchor
    assert found["residual_norm"] == expected.residual_norm
    assert found["verdict"] == expected.verdict
    np.testing.assert_array_equal(found["residual"], expected.residual)


def test_a_penalty_goes_with_damping():
    smooth = found_by("--size", "5x5", "--damp", "0.5", "--penalty", "first")
    plain = found_by("--size", "5x5", "--damp", "0.5")
    assert not np.allclose(smooth["filter"], plain["filter"])
    assert "--damp" in fail("inverse", "kernel.csv", "--size", "5x5", "--penalty", "first")


def test_what_people_see():
    text = succeed("inverse", "kernel.csv", "--size", "3x3", "--damp", "gcv").stdout
    assert text.startswith("Inverse filter, 3x3, delay (2, 2), anchor (1, 1)\n")
    for words in (
        "residual norm",
        "noise gain",
        "the best of all 25 delays",
        "smallest |F|     0.0909 of the largest, at (0.5, 0.5) cycles per sample",
        "invertible with delay: the delta has to stand at index (1, 1) or later",
        "chosen by gcv",
        "cholesky, converged",
    ):
        assert words in text


@pytest.mark.parametrize("name", ["g.npy", "g.csv", "g.png"])
def test_the_filter_is_written(name):
    text = succeed("inverse", "kernel.csv", "--size", "5x5", "--output", name).stdout
    assert f"wrote            {name} (5x5" in text
    expected = inverse_filter(DOMINANT, (5, 5)).filter
    if name == "g.npy":
        np.testing.assert_array_equal(np.load(name), expected)
    elif name == "g.csv":
        np.testing.assert_array_equal(np.loadtxt(name, delimiter=","), expected)


def test_one_axis_and_three():
    text = succeed("inverse", "line.npy", "--size", "9").stdout
    assert "Inverse filter, 9, delay (5,), anchor (4,)" in text
    np.save("volume.npy", np.pad([[[5.0]]], 1, constant_values=0.1))
    found = json.loads(succeed("inverse", "volume.npy", "--size", "3x3x3", "--json").stdout)
    assert np.shape(found["filter"]) == (3, 3, 3)


@pytest.mark.parametrize(("name", "kernel"), [("kernel.csv", DOMINANT), ("line.npy", [1, -2.5, 1])])
def test_the_smallest_filter_for_a_residual(name, kernel):
    found = json.loads(succeed("inverse", name, "--residual", "0.05", "--json").stdout)
    expected = smallest_inverse(kernel, 0.05)
    np.testing.assert_array_equal(found["filter"], expected.filter)
    assert "not met by any" in fail("inverse", name, "--residual", "1e-200")


def test_the_comparison():
    options = ("--shape", "8x9", "--boundary", "circular", "--mode", "same")
    text = succeed("inverse", "kernel.csv", "--compare", *options).stdout
    assert text.startswith("What undoes a kernel of 3x3 on a signal of 8x9\n")
    for words in ("pseudo-inverse", "nearest convolution", "filter 3x3", "restoration"):
        assert words in text
    rows = json.loads(succeed("inverse", "kernel.csv", "--compare", *options, "--json").stdout)
    assert {row["boundary"] for row in rows} == {"circular"}
    one = succeed("inverse", "kernel.csv", "--compare", *options, "--size", "5x7", "--json")
    assert [row["inverse"] for row in json.loads(one.stdout)][2:] == ["filter 5x7"]


def test_the_comparison_is_written_and_drawn(folder):
    pytest.importorskip("matplotlib")
    options = ("--boundary", "zero", "--output", "table.csv", "--plot", "figure.svg")
    text = succeed("inverse", "line.npy", "--compare", "--shape", "20", *options).stdout
    assert "wrote table.csv\nwrote figure.svg\n" in text
    with open("table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["mode"] for row in rows} == {"full", "same", "valid"}
    assert (folder / "figure.svg").read_text().startswith("<?xml")


def test_the_comparison_finds_a_shape_of_its_own():
    text = succeed("inverse", "line.npy", "--compare", "--boundary", "circular").stdout
    assert "a kernel of 3 on a signal of 256" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give the size of the filter with --size, or --residual"),
        (("--size", "3x3", "--residual", "0.1"), "--size, or --residual"),
        (("--size", "3x"), "--size is rows x columns"),
        (("--size", "0x3"), "--size must be at least 1"),
        (("--size", "3x3", "--delay", "1;2"), "--delay is one integer for each axis"),
        (("--size", "3x3", "--delay", "9,9"), "delay must be an index of f * g"),
        (("--size", "5x5", "--delay", "99,99"), "got (99, 99)"),
        (("--size", "3x3", "--damp", "much"), "damp must be a number or gcv"),
        (("--size", "3x3", "--damp", "discrepancy"), "which a delta has not"),
        (("--size", "3x3", "--solver", "gauss"), "--solver must be auto"),
        (("--size", "3x3", "--solver", "qr", "--nonnegative"), "takes no constraints"),
        (("--size", "3x3", "--shape", "8x8"), "without --compare there is no --shape"),
        (("--size", "3x3", "--output", "g.txt"), "must end in .npy, .csv, .png"),
        (("--size", "3x3", "--output", "kernel.csv"), "would overwrite kernel.csv"),
        (("--residual", "0.1", "--damp", "1"), "takes no --damp"),
        (("--residual", "-1"), "tolerance must"),
        (("--compare", "--delay", "1,1"), "--compare takes no --delay"),
        (("--compare", "--output", "t.npy"), "must end in .csv, .json"),
        (("--compare", "--boundary", "reflect"), "reflect"),
        (("--compare", "--shape", "90x90"), "2048"),
        (("--size", "3"), "1 axis is wanted"),
    ],
)
def test_mistakes_get_one_line(options, message):
    assert message in fail("inverse", "kernel.csv", *options)


def test_kernels_that_cannot_be_undone_get_one_line():
    np.save("nothing.npy", np.zeros((3, 3)))
    assert "nothing undoes it" in fail("inverse", "nothing.npy", "--size", "3x3")
    assert "cannot read missing.npy" in fail("inverse", "missing.npy", "--residual", "0.1")
    assert run("inverse", "--help").exit_code == 0


def test_a_factorization_that_breaks_down_is_said_without_a_traceback():
    np.save("zeros.npy", [1.0, 2, 1])
    options = ("--size", "5000", "--delay", "2500", "--solver", "cholesky")
    text = succeed("inverse", "zeros.npy", *options).stdout
    assert "rank deficient" in text and "lsmr gives a minimum-norm solution" in text
