"""The dictionary: the same convolution as each tool would have it, and what each tool's call is.

A row of `DIALECTS` says of one function which way round it takes a kernel, which outputs it
computes, where it puts the anchor, and what it calls the boundaries. `from_dialect` reads a call in
those terms and `to_dialect` writes one. What is not a full, same or valid convolution at stride 1
is refused; `convmat.layer_matrix` builds the matrix of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convmat.conventions.convention import Convention
from convmat.conventions.tool_search import DIALECTS, find_dialect
from convmat.conventions.tools.call import Call, Language
from convmat.conventions.tools.dialect import Dialect
from convmat.errors import ConvmatError

__all__ = [
    "DIALECTS",
    "OtherNames",
    "from_dialect",
    "other_names",
    "to_dialect",
]


@dataclass(frozen=True, eq=False)
class OtherNames:
    """One convolution in every tool.

    Attributes
    ----------
    calls : dict from tool to Call
        For those that have it.
    reasons : dict from tool to str
        Why not, for the others.
    """

    calls: dict[str, Call]
    reasons: dict[str, str]

    def __str__(self) -> str:
        return "\n".join(f"{tool}: {call}" for tool, call in self.calls.items())


def from_dialect(tool: str, kernel: Any, *options: Any, **arguments: Any) -> Convention:
    """What a call in another tool computes, in convmat's terms.

    Parameters
    ----------
    tool : str
        A name in `DIALECTS`, such as ``"scipy.ndimage.correlate"``; also with a short name of its
        library (``np.convolve``, ``F.conv2d``, ``octave.conv2``), and in any case.
    kernel : array_like
        As it is given to the tool.
    *options
        Of MATLAB's functions, which know arguments by their values: ``"symmetric", "conv"``.
    **arguments
        By the tool's own names; its own defaults hold for what is left away.

    Returns
    -------
    Convention

    Raises
    ------
    ConvmatError
        For a tool, an argument or a value that is not known, with those that are; for a constant
        other than 0 beyond the edges; and for what is not full, same or valid at stride 1.

    Examples
    --------
    >>> found = from_dialect("scipy.ndimage.correlate", [1, 2, 3, 4], mode="reflect", origin=-1)
    >>> print(found, found.kernel)
    kernel of shape (4,), same, symmetric, anchor (2,) [4. 3. 2. 1.]
    >>> from scipy import ndimage
    >>> signal = [1.0, 5, 2, 8]
    >>> found.apply(signal) - ndimage.correlate(signal, [1, 2, 3, 4], mode="reflect", origin=-1)
    array([0., 0., 0., 0.])
    """
    dialect = find_dialect(tool)
    try:
        return dialect.read(kernel, _named(dialect, options, arguments))
    except ConvmatError as error:
        raise ConvmatError(f"{dialect.tool}: {error}") from None


def to_dialect(tool: str, convention: Convention) -> Call:
    """The call in another tool that computes a convolution.

    Where the tool puts the anchor elsewhere, zeros around the kernel bring it there.

    Parameters
    ----------
    tool : str
        A name in `DIALECTS`.
    convention : Convention

    Returns
    -------
    Call
        Printed, it is the text to copy there.

    Raises
    ------
    ConvmatError
        Where the tool cannot, with what it has, and a function of the same library that can.

    Examples
    --------
    >>> blur = Convention([[1, 2], [3, 4]], "same", "mirror", (1, 1))
    >>> print(to_dialect("scipy.ndimage.correlate", blur))
    y = scipy.ndimage.correlate(x, [[4.0, 3.0], [2.0, 1.0]], origin=(-1, -1), mode='mirror')
    """
    _check(convention)
    dialect = find_dialect(tool)
    try:
        return dialect.write(convention)
    except ConvmatError as error:
        raise ConvmatError(f"{dialect.tool}: {error}{_instead(dialect, convention)}") from None


def other_names(convention: Convention) -> OtherNames:
    """What every tool calls a convolution.

    Examples
    --------
    >>> names = other_names(Convention([1, 2, 3], "same", "antisymmetric"))
    >>> names.calls.keys(), names.reasons["numpy.convolve"]
    (dict_keys(['pywt.pad']), 'has no boundary antisymmetric; it has zero')
    """
    _check(convention)
    calls, reasons = {}, {}
    for tool, dialect in DIALECTS.items():
        try:
            calls[tool] = dialect.write(convention)
        except ConvmatError as error:
            reasons[tool] = str(error)
    return OtherNames(calls, reasons)


def _check(convention: Any) -> None:
    if not isinstance(convention, Convention):
        raise ConvmatError(f"convention must be a Convention, got {type(convention).__name__}")


def _named(
    dialect: Dialect, options: tuple[Any, ...], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """All arguments by name: an option belongs to the argument that has such a value."""
    named = dict(arguments)
    if options and dialect.language is not Language.MATLAB:
        raise ConvmatError(f"takes its arguments by name here, got {options!r}")
    for option in options:
        owner = dialect.argument_of(option)
        if owner in named:
            raise ConvmatError(f"{owner} is given twice: {named[owner]!r} and {option!r}")
        named[owner] = option
    return named


def _instead(dialect: Dialect, convention: Convention) -> str:
    """A function of the same library, or NumPy's or PyWavelets' padding, which can."""
    library = dialect.tool.partition(".")[0]
    near = [row.tool for row in DIALECTS.values() if row.tool.partition(".")[0] == library]
    for tool in (*reversed(near), "numpy.pad", "pywt.pad"):
        try:
            DIALECTS[tool].write(convention)
        except ConvmatError:
            continue
        return f"; {tool} can"
    return ""
