"""Writing files whole or not at all.

What is written goes to a temporary file in the folder of its target, which takes the target's
name in one step when it is complete. Whatever stops the writing, a full disk or Ctrl-C, leaves
what was there before.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from convmat.errors import ConvmatError

__all__ = ["atomic_write", "check_suffix", "check_targets", "check_writable"]


def check_suffix(path: str | os.PathLike[str], allowed: tuple[str, ...]) -> str:
    """The suffix of `path` in lower case, where it is one of `allowed`.

    Examples
    --------
    >>> check_suffix("H.NPZ", (".npz", ".mtx"))
    '.npz'
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or "\0" in name:
        raise ConvmatError(f"the name of a file must be text or a path, got {path!r}")
    suffix = Path(path).suffix.lower()
    if suffix not in allowed:
        raise ConvmatError(f"the name of a file must end in {', '.join(allowed)}, got {name!r}")
    return suffix


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a target that cannot be written, before the work that would be lost.

    Raises
    ------
    ConvmatError
        Where the folder is missing or read-only, or the target is a folder, a device or a
        read-only file.
    """
    target = Path(os.path.realpath(path))
    try:
        if not target.parent.is_dir():
            raise ConvmatError(f"cannot write {path}: there is no folder {target.parent}")
        if target.is_dir():
            raise ConvmatError(f"cannot write {path}: it is a folder")
        if target.exists() and not target.is_file():
            raise ConvmatError(f"cannot write {path}: it is not an ordinary file")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise ConvmatError(f"cannot write {path}: the folder {target.parent} is read-only")
        if target.exists() and not os.access(target, os.W_OK):
            raise ConvmatError(f"cannot write {path}: the file is read-only")
    except OSError as error:
        raise _unwritable(path, error) from error


def check_targets(inputs: Iterable[str], outputs: Iterable[str | None]) -> None:
    """Refuse outputs that cannot be written, or would overwrite an input or each other."""
    taken = {os.path.realpath(path): path for path in inputs}
    for path in filter(None, outputs):
        check_writable(path)
        real = os.path.realpath(path)
        if real in taken:
            raise ConvmatError(f"{path} would overwrite {taken[real]}; choose another name")
        taken[real] = path


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that becomes `path` when the block ends without an error.

    Parameters
    ----------
    path : str or path
        An existing file is replaced and keeps its permissions; a link keeps pointing to it.

    Raises
    ------
    ConvmatError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with atomic_write(Path(folder.name, "a.txt")) as file:
    ...     _ = file.write(b"whole")
    >>> Path(folder.name, "a.txt").read_text()
    'whole'
    >>> folder.cleanup()
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".convmat-{secrets.token_hex(6)}.tmp"
    try:
        with open(temporary, "x+b") as file:
            yield file
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: str | os.PathLike[str], error: OSError) -> ConvmatError:
    return ConvmatError(f"cannot write {path}: {error.strerror or error}")
