"""The pages on dialects: their tables are the dictionary's, and their numbers Octave's."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from dialect_calls import installed, octave

from convmat.conventions.dialect_table import dialect_facts
from convmat.conventions.dialects import DIALECTS, from_dialect

DOCS = Path(__file__).parents[1] / "docs"


def test_the_tables_are_those_of_the_dictionary(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    import dialect_tables

    page = dialect_tables.PAGE.read_text("utf-8")
    assert page == dialect_tables.filled(page), "run python docs/dialect_tables.py"
    assert all(f"| `{tool}` |" in page for tool in DIALECTS)


def test_every_row_says_what_it_was_tested_with():
    packages = {"numpy", "scipy", "skimage", "cv2", "PIL", "pywt", "pyvips"}
    packages |= {"torch", "tensorflow", "keras", "jax"}
    for tool, row in DIALECTS.items():
        assert bool(dialect_facts(row)["tested"]) != (tool.partition(".")[0] in packages)


PAGE = (DOCS / "imfilter.md").read_text("utf-8")
CALL, PRINTED = re.search(r"```octave\n(.*?)ans =\n(.*?)```", PAGE, re.DOTALL).groups()
NUMBERS = np.array(PRINTED.split(), float).reshape(4, 4)


def test_the_numbers_of_the_page_on_imfilter():
    magic = np.array([[16, 2, 3, 13], [5, 11, 10, 8], [9, 7, 6, 12], [4, 14, 15, 1]])
    found = from_dialect("matlab.imfilter", [[1, 2], [3, 4]], "symmetric")
    np.testing.assert_array_equal(found.apply(magic), NUMBERS)


def test_octave_has_the_numbers_of_the_page_on_imfilter():
    if not installed("matlab.imfilter"):
        pytest.skip("Octave is not installed")
    code = CALL.replace("imfilter(", "y = imfilter(").strip() + ";"
    np.testing.assert_array_equal(octave([(np.zeros((4, 4)), code)])[0], NUMBERS)
