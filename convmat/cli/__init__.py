"""The shell, ``convmat COMMAND``: one command for each question; `app` has them all."""

import sys

__all__ = ["main"]


def main() -> int:
    """Run the shell on the arguments of this process; the entry point of ``convmat``.

    Returns
    -------
    int
        0, 1 where a check or the demo fails or the output's reader stops early, 2 after an error of
        the user's, 130 after Ctrl-C.
    """
    try:
        from convmat.errors import MissingPackageError
        from convmat.optional import require

        try:
            require("typer", "typer", "cli")
            require("rich", "rich", "cli")
        except MissingPackageError as error:
            print(f"convmat: {error}", file=sys.stderr)
            return 2
        from convmat.cli.app import app

        app(prog_name="convmat")
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    return 0
