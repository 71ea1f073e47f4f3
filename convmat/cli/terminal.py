"""Printing: results on stdout, notes and errors on stderr, colour on terminals only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["one_line", "output", "print_error", "print_note", "progress_bar", "stage_bar"]

_UNLIMITED = 100_000
_PATIENCE, _PAUSE = 1.0, 0.1


def output() -> Console:
    """Standard output; where it is no terminal, a table may be as wide as it needs."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _UNLIMITED
    return console


def one_line(message: Any) -> str:
    r"""Text on one line, without the control characters that a file's name may hold.

    Examples
    --------
    >>> one_line("two\n  lines")
    'two lines'
    """
    text = " ".join(str(message).split())
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def print_error(message: str) -> None:
    """One line on stderr, red on terminals."""
    _on_stderr(f"convmat: {message}", "red")


def print_note(message: str) -> None:
    """A remark on stderr, which is no error."""
    _on_stderr(f"note: {message}", "dim")


@contextmanager
def progress_bar() -> Iterator[Callable[[int, float], None] | None]:
    """What to tell of each iteration; None where stderr is no terminal.

    After a second there is a bar on it, which goes again at the end.
    """
    console = Console(stderr=True)
    if not console.is_interactive:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=1.0)
    due = monotonic() + _PATIENCE

    def show(iteration: int, fraction: float) -> None:
        nonlocal due
        if monotonic() >= due:
            due = monotonic() + _PAUSE
            bar.start()
            bar.update(task, completed=fraction, description=f"iteration {iteration}, Ctrl-C stops")

    try:
        yield show
    finally:
        bar.stop()


@contextmanager
def stage_bar() -> Iterator[Callable[[str], None] | None]:
    """What to tell of each stage of a long task; None where stderr is no terminal.

    After a second there is a bar on it that moves, which goes again at the end.
    """
    console = Console(stderr=True)
    if not console.is_interactive:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=None)
    due = monotonic() + _PATIENCE

    def show(stage: str) -> None:
        bar.update(task, description=f"{stage}, Ctrl-C stops")
        if monotonic() >= due:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()


def _on_stderr(message: str, style: str) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text(one_line(message), style=style))
