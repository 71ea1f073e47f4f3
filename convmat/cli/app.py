"""The commands together, and what becomes of errors: one line, and an exit code."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import convmat
from convmat.cli.compare import compare
from convmat.cli.deconvolve import deconvolve
from convmat.cli.demo import demo
from convmat.cli.dialects import dialects
from convmat.cli.estimate import estimate
from convmat.cli.inverse import inverse
from convmat.cli.matrix import matrix
from convmat.cli.probe import probe
from convmat.cli.terminal import print_error
from convmat.errors import ConvmatError

__all__ = ["app"]

_USER_ERROR = 2
_INTERRUPTED = 130


class Command(TyperCommand):
    """A command whose help leaves the column of types empty for flags."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters."""
        return _without_types_of_flags(super().get_params(ctx))


class Shell(TyperGroup):
    """A group of commands whose errors, its own included, are one line on stderr."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters."""
        return _without_types_of_flags(super().get_params(ctx))

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and end the process with its exit code."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal that has no ± gets a ?
                stream.reconfigure(errors="replace")
        try:
            code = super().main(*args, **(extra | {"standalone_mode": False}))
            sys.stdout.flush()
        except BrokenPipeError:  # as in `convmat ... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except (KeyboardInterrupt, typer.Abort):
            code = _INTERRUPTED
        except ConvmatError as error:
            code = _fail(str(error))
        except MemoryError as error:
            code = _fail(f"not enough memory: {error}" if str(error) else "not enough memory")
        except OSError as error:  # such as a full disk behind `> file`
            code = _fail(f"{error.strerror or error}")
        except Exception as error:  # Click's own, of which Typer may bring a copy; no other is kept
            if not hasattr(error, "format_message"):  # its errors of usage have one
                raise
            code = _fail(error.format_message())
        sys.exit(code if isinstance(code, int) else 0)


def _without_types_of_flags(parameters: Any) -> Any:
    """Typer writes <bool> beside each."""
    for parameter in parameters:
        if getattr(parameter, "is_bool_flag", False):
            parameter.metavar = ""
    return parameters


def _fail(message: str) -> int:
    print_error(message)
    return _USER_ERROR


app = typer.Typer(
    name="convmat",
    cls=Shell,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"convmat {convmat.__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _shell(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Convolution as explicit sparse matrices: find a filter, undo it, build H.

    Start with: convmat demo
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for command in (estimate, inverse, deconvolve, compare, matrix, probe, dialects, demo):
    app.command(cls=Command)(command)
