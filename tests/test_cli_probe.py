"""``convmat probe``, on functions in files of their own; a mistake is one line, exit code 2."""

import json
import sys

import numpy as np
import pytest
from scipy import sparse
from shell import fail, process, run, succeed

from convmat import convolution_matrix
from convmat.files.export import load_matrix

FILTERS = """
import numpy as np
from scipy import ndimage

print("loaded")
KERNEL = np.array([[1.0, 2, 4], [0, 3, 0], [-1, -2, 5]])

def blur(x):
    print("called")
    return ndimage.convolve(x, KERNEL, mode="mirror")

def back(y):
    return ndimage.correlate(y, KERNEL, mode="mirror")

def around(x):
    return ndimage.convolve(x, KERNEL, mode="wrap")

def around_back(y):
    return ndimage.correlate(y, KERNEL, mode="wrap")

def flat(x):
    return ndimage.uniform_filter(x, 3, mode="nearest")

def median(x):
    return ndimage.median_filter(x, 3)

def untouched(x):
    y = x.copy()
    y[1:-1, 1:-1] = blur(x)[1:-1, 1:-1]
    return y

def raises(x):
    raise ValueError("two\\nlines")

class Space:
    blur = staticmethod(blur)
"""
KERNEL = [[1.0, 2, 4], [0, 3, 0], [-1, -2, 5]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "filters_of_mine.py").write_text(FILTERS)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "silent.py").write_text("KERNEL = 3\ndef blur(x):\n    return x\n")
    np.savetxt(tmp_path / "kernel.csv", KERNEL, delimiter=",")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("filters_of_mine", None)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "function",
    ["filters_of_mine:blur", "filters_of_mine.py:blur", "filters_of_mine:Space.blur"],
)
def test_what_is_printed(function):
    result = succeed("probe", function, "--shape", "16x16")
    for text in ("linear (deviation", "kernel 3x3, mode same, anchor (1, 1)", "boundary mirror"):
        assert text in result.stdout
    assert "called" not in result.stdout and "loaded" not in result.stdout


def test_functions_of_installed_modules():
    result = succeed("probe", "scipy.ndimage:sobel", "--shape", "16x16", "--names")
    assert "boundary replicate or symmetric" in result.stdout
    assert "cv2.filter2D" in result.stdout and "y = cv2.filter2D(x, -1, " in result.stdout


@pytest.mark.usefixtures("folder")
def test_json_alone():
    result = succeed("probe", "filters_of_mine.py:blur", "--shape", "16x16", "--json")
    found = json.loads(result.stdout)
    assert found["linear"] is True and found["verdict"] == "linear"
    assert found["kernel"] == KERNEL and found["boundaries"] == [["mirror"], ["mirror"]]
    entries = convolution_matrix(KERNEL, (16, 16), "same", "mirror").count_nonzero()
    assert found["matrix"] == {"shape": [256, 256], "entries": entries}
    assert found["convention"]["boundary"] == ["mirror", "mirror"]
    assert "scipy.ndimage.convolve" in found["names"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("median", "not linear"),
        ("untouched", "the border is left as is"),
        ("raises", "it raises ValueError: two lines"),
    ],
)
def test_what_is_no_convolution_is_a_result(function, text):
    result = succeed("probe", f"filters_of_mine:{function}", "--shape", "16x16")
    assert text in result.stdout
    assert json.loads(
        succeed("probe", f"filters_of_mine:{function}", "--shape", "16x16", "--json").stdout
    )


def test_rounded_outputs(folder):
    result = succeed("probe", "filters_of_mine:flat", "--shape", "16x16", "--dtype", "uint8")
    assert "linear but for rounding to steps of 1" in result.stdout
    assert "boundary replicate or symmetric" in result.stdout
    np.savetxt(folder / "flat.csv", np.ones((3, 3)) / 9, delimiter=",")
    options = ("--shape", "16x16", "--dtype", "uint8", "--kernel", "flat.csv", "--boundary")
    # It truncates after each axis, which adds up to two steps.
    succeed("probe", "filters_of_mine:flat", *options, "replicate", "--step", "2")
    narrow = run("probe", "filters_of_mine:flat", *options, "replicate", "--step", "1")
    assert narrow.exit_code == 1 and "step is 1" in narrow.stdout
    assert run("probe", "filters_of_mine:flat", *options, "zero", "--step", "2").exit_code == 1


def test_the_matrix_is_written(folder):
    target = folder / "M.npz"
    result = succeed("probe", "filters_of_mine:blur", "--shape", "9x8", "--output", target)
    assert "M.npz: 72 x 72" in result.stderr.replace("\n", "")
    stored = load_matrix(target)
    x = np.random.default_rng(0).random((9, 8))
    np.testing.assert_array_equal(stored.kernel, KERNEL)
    assert stored.geometry.boundary == ("mirror", "mirror")
    from scipy import ndimage

    expected = ndimage.convolve(x, np.array(KERNEL), mode="mirror").ravel()
    size = np.abs(KERNEL).sum()
    assert np.abs(stored.matrix @ x.ravel() - expected).max() <= 10 * np.finfo(float).eps * size
    assert sparse.issparse(stored.matrix)


@pytest.mark.usefixtures("folder")
def test_verify():
    options = ("--shape", "16x16", "--kernel", "kernel.csv")
    good = succeed("probe", "filters_of_mine:blur", *options, "--boundary", "mirror")
    assert good.stdout.startswith("ok: ")
    bad = run("probe", "filters_of_mine:blur", *options, "--boundary", "symmetric")
    assert bad.exit_code == 1
    assert "looks like `mirror`, you asked for `symmetric`" in bad.stdout
    anchored = run(
        "probe", "filters_of_mine:around", *options, "--boundary", "circular", "--anchor", "0,1"
    )
    assert anchored.exit_code == 1
    assert "its anchor is (1, 1), you asked for (0, 1)" in anchored.stdout
    text = run("probe", "filters_of_mine:blur", *options, "--mode", "full", "--json")
    assert text.exit_code == 1
    found = json.loads(text.stdout)
    assert found["ok"] is False and found["report"]["mode"] == "same"
    assert "its mode is `same`, you asked for `full`" in found["reasons"]


@pytest.mark.usefixtures("folder")
def test_adjoint():
    good = succeed(
        "probe", "filters_of_mine:around", "--shape", "16x16", "--adjoint",
        "filters_of_mine:around_back",
    )  # fmt: skip
    assert "the adjoint" in good.stdout
    arguments = ("probe", "filters_of_mine:blur", "--shape", "16x16", "--adjoint")
    bad = run(*arguments, "filters_of_mine:back")
    assert bad.exit_code == 1 and "the same padding (mirror)" in bad.stdout
    found = json.loads(run(*arguments, "filters_of_mine:back", "--json").stdout)
    assert found["ok"] is False and found["error"] > 1e-3 and "mirror" in found["reason"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("blur",), "module:function"),
        (("filters_of_mine:",), "module:function"),
        (("no_such_module:f",), "cannot import no_such_module"),
        (("no_such_file.py:f",), "no such file"),
        (("broken:f",), "cannot import broken: ZeroDivisionError"),
        (("broken.py:f",), "cannot import broken.py: ZeroDivisionError"),
        (("silent.py:blurr",), "it has blur"),
        (("silent.py:KERNEL",), "is no function"),
        (("numpy:abs", "--shape", "x"), "--shape"),
        (("numpy:abs", "--dtype", "bool"), "dtype must be"),
        (("numpy:abs", "--max-calls", "0"), "max_calls"),
        (("numpy:abs", "--boundary", "zero"), "--kernel"),
        (("numpy:abs", "--kernel", "kernel.csv", "--adjoint", "numpy:abs"), "one of them"),
        (("numpy:abs", "--kernel", "kernel.csv", "--names"), "--names"),
        (("numpy:abs", "--kernel", "nothing.csv"), "cannot read"),
        (("numpy:abs", "--kernel", "kernel.csv", "--boundary", "reflect"), "two different"),
        (("numpy:abs", "--adjoint", "numpy:absent"), "has no absent"),
        (("numpy:abs", "--output", "M.txt"), "M.txt"),
        (("scipy.ndimage:maximum_filter", "--output", "M.npz"), "convolution"),
    ],
)
def test_mistakes(arguments, words):
    shape = () if "--shape" in arguments else ("--shape", "8x8")
    assert words in fail("probe", *arguments, *shape)


def test_in_a_process_of_its_own(folder):
    result = process("probe", "filters_of_mine:blur", "--shape", "12x12", cwd=folder)
    assert result.returncode == 0 and "boundary mirror" in result.stdout
    assert "called" in result.stderr and "called" not in result.stdout


def test_a_module_that_leaves_as_it_is_read(tmp_path):
    (tmp_path / "leaves.py").write_text("raise SystemExit(7)", "utf-8")
    message = fail("probe", f"{tmp_path / 'leaves.py'}:f", "--shape", "4")
    assert message.endswith("leaves.py: SystemExit: 7\n")
