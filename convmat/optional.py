"""Optional packages, imported where they are used."""

from importlib import import_module
from types import ModuleType

from convmat.errors import MissingPackageError

__all__ = ["require"]


def require(module: str, package: str, extra: str) -> ModuleType:
    """Import `module`, or say which extra brings it.

    Parameters
    ----------
    module : str
        What to import, for example ``"sksparse.cholmod"``.
    package : str
        The name of its distribution, for example ``"scikit-sparse"``.
    extra : str
        The extra of convmat that installs it.

    Raises
    ------
    MissingPackageError
        When the package is not installed.

    Examples
    --------
    >>> require("math", "math", "none").sqrt(4.0)
    2.0
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"this needs {package}: pip install 'convmat[{extra}]' ({error})"
        ) from error
