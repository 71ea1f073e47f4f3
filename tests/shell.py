"""The shell as tests call it: in their process, or in one of its own."""

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

import convmat
from convmat.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def succeed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def fail(*arguments):
    """The one line that a mistake gets."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("convmat: ")
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


CODE = "import sys; from convmat.cli import main; sys.exit(main())"


def environment(*folders):
    """Of a process that finds convmat wherever it runs, installed or not."""
    path = os.pathsep.join(map(str, (*folders, Path(convmat.__file__).parents[1])))
    return os.environ | {"PYTHONPATH": path}


def process(*arguments, folders=(), **options):
    return subprocess.run(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(*folders),
        **options,
    )
