"""``convmat dialects``: the dictionary on the terminal."""

import json

import pytest

pytest.importorskip("typer")
from shell import fail, succeed

from convmat.conventions.dialects import DIALECTS


def test_all_tools():
    lines = succeed("dialects").stdout.splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(DIALECTS)]] == list(DIALECTS)


def test_the_tools_of_a_library():
    printed = " ".join(succeed("dialects", "scipy.ndimage").stdout.split())
    assert "scipy.ndimage.correlate1d correlation, conjugate" in printed
    assert "scipy.signal" not in printed


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ("octave", "matlab."),
        ("np", "numpy."),
        ("sk", "skimage."),
        ("CV2", "cv2."),
        ("tf", "tensorflow."),
        ("im", "imagemagick."),
        ("PyTorch", "torch."),
        ("signal", "scipy.signal."),
        ("scipy.ndimage.corr", "scipy.ndimage.correlate"),
        ("graph", "graphicsmagick.convolve"),
    ],
)
def test_what_people_type(said, begin):
    rows = json.loads(succeed("dialects", said, "--json").stdout)
    assert [row["tool"] for row in rows] == [tool for tool in DIALECTS if tool.startswith(begin)]


def test_one_tool():
    printed = succeed("dialects", "octave.imfilter").stdout
    assert printed.startswith("matlab.imfilter\n")
    assert "correlation or convolution (filtering)" in printed
    assert "padding, 0 where it is left away" in printed
    assert "Octave 7.3.0" in printed


def test_names_that_are_refused():
    assert "it is random" in succeed("dialects", "imagemagick.convolve").stdout


def test_json():
    rows = json.loads(succeed("dialects", "--json").stdout)
    assert [row["tool"] for row in rows] == list(DIALECTS)
    (row,) = json.loads(succeed("dialects", "cv2.filter2D", "--json").stdout)
    assert row["names"]["symmetric"] == ["BORDER_REFLECT"]
    assert row["kernel"] == "correlation"


def test_mistakes():
    assert "must be one of scipy.signal.convolve2d" in fail("dialects", "convolve2d")
    assert "there are functions of numpy, scipy" in fail("dialects", "photoshop")
    assert "it must be one of numpy" in fail("dialects", "numpi")
    assert "it must be one of opencv" in fail("dialects", "opencvv")
