"""The README: its Python runs as it stands and prints what is there; its links lead somewhere."""

import re
from pathlib import Path

import pytest

from convmat import Boundary

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", README, re.M | re.S)


def test_every_python_block_has_its_output():
    assert len(EXAMPLES) == README.count("```python\n") > 0


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_example(code, printed, capsys):
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_the_table_names_every_boundary():
    rows = re.findall(r"^\| `(\w+)` \|", README, re.M)
    assert rows == [str(boundary) for boundary in Boundary]


def test_links():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_picture_is_light():
    assert (ROOT / "docs/figures/readme.png").stat().st_size < 300_000
