"""Every `>>>` and `$ convmat` block of the site's pages runs, and prints what the page says."""

import doctest
import re
import shlex
import shutil
from pathlib import Path

import pytest

import convmat

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts]
PYTHON = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECK = doctest.OutputChecker().check_output
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


EXAMPLES = [page for page in PAGES if re.search("```(pycon|console)\n", page.read_text("utf-8"))]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A current folder that holds the package's pictures."""
    for file in (ROOT / "convmat" / "data").iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.relative_to(DOCS).as_posix())
@pytest.mark.usefixtures("pictures")
def test_page(page, monkeypatch, capsys):
    text = page.read_text(encoding="utf-8")
    for block in SHELL.findall(text):  # first, as Python may read what the shell has written
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            printed = shell(command, monkeypatch, capsys)
            assert CHECK(expected, printed, OPTIONS), f"$ {command}\n{printed}"
    if "import imageio" in text:
        pytest.importorskip("imageio")
    lines = [""] * (text.count("\n") + 1)  # a page is one session; keep its line numbers
    for block in PYTHON.finditer(text):
        first = text.count("\n", 0, block.start(1))
        lines[first : first + block[1].count("\n")] = block[1].splitlines()
    session = doctest.DocTestParser().get_doctest("\n".join(lines), {}, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(session, out=report.append)
    assert not report, "".join(report)


def shell(command, monkeypatch, capsys):
    """Run `convmat ...` in this process; what it prints."""
    for package in ("typer", "imageio", "matplotlib"):
        pytest.importorskip(package)
    from convmat.cli import main

    monkeypatch.setattr("sys.argv", shlex.split(command))
    main()
    return "".join(capsys.readouterr())


def test_every_public_name_is_in_the_api_pages():
    text = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md"))
    described = re.findall(r"^\.\. (?:auto\w+|py:data):: (?:convmat\.)?(\w+)$", text, re.MULTILINE)
    assert sorted(set(convmat.__all__) - set(described)) == []
