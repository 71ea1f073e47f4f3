"""Functions that are named in the shell, ``module:function`` or ``file.py:function``."""

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from convmat.errors import ConvmatError

__all__ = ["load_function"]


def load_function(text: str, what: str) -> Callable[..., Any]:
    """The function of a module, looked for in the current folder too, or of a file.

    What the module prints goes to stderr.

    Parameters
    ----------
    text : str
        The part after the colon may have dots, as in ``numpy:fft.fft``.
    what : str
        What it is, for errors.

    Raises
    ------
    ConvmatError
        Where the text is of another form, the module cannot be imported or raises, or it has no
        such function.

    Examples
    --------
    >>> load_function("math:sqrt", "FUNCTION")(9)
    3.0
    """
    source, colon, path = text.rpartition(":")
    if not colon or not source or not path:
        raise ConvmatError(
            f"{what} is module:function, such as scipy.ndimage:sobel, or file.py:function: {text!r}"
        )
    with redirect_stdout(sys.stderr):
        found: Any = _from_file(source) if source.endswith(".py") else _from_module(source)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            alike = get_close_matches(name, dir(found), 3)
            instead = f"; it has {', '.join(alike)}" if alike else ""
            raise ConvmatError(f"{source} has no {path}{instead}") from None
    if not callable(found):
        raise ConvmatError(f"{text} is no function, it is of type {type(found).__name__}")
    function: Callable[..., Any] = found
    return function


def _from_module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:  # as `python -m` has it, and the script `convmat` has not
        sys.path.insert(0, os.getcwd())
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:  # whatever running it raises
        raise ConvmatError(f"cannot import {name}: {_in_words(error)}") from error


def _from_file(path: str) -> ModuleType:
    if not os.path.isfile(path):
        raise ConvmatError(f"cannot read {path}: no such file")
    name = os.path.splitext(os.path.basename(path))[0]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConvmatError(f"cannot import {path}: it is no Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever running it raises
        raise ConvmatError(f"cannot import {path}: {_in_words(error)}") from error
    return module


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
