"""The dictionary: the same convolution as each tool would have it, and what each tool's call is.

A row of `DIALECTS` says of one function which way round it takes a kernel, which outputs it
computes, where it puts the anchor, and what it calls the boundaries. `from_dialect` reads a call in
those terms and `to_dialect` writes one. What is not a full, same or valid convolution at stride 1
is refused; `convmat.layer_matrix` builds the matrix of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from convmat.conventions.convention import Convention
from convmat.conventions.tools.arrays import ARRAY_DIALECTS
from convmat.conventions.tools.call import Call, Language
from convmat.conventions.tools.dialect import Dialect
from convmat.conventions.tools.layers import LAYER_DIALECTS
from convmat.conventions.tools.matlab import MATLAB_DIALECTS
from convmat.conventions.tools.paddings import PADDING_DIALECTS
from convmat.conventions.tools.pictures import PICTURE_DIALECTS
from convmat.errors import ConvmatError

__all__ = [
    "DIALECTS",
    "OtherNames",
    "find_dialect",
    "find_dialects",
    "from_dialect",
    "other_names",
    "to_dialect",
]

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        row.tool: row
        for rows in (
            ARRAY_DIALECTS,
            PADDING_DIALECTS,
            PICTURE_DIALECTS,
            LAYER_DIALECTS,
            MATLAB_DIALECTS,
        )
        for row in rows
    }
)

_ALIASES = {
    "np.": "numpy.",
    "jnp.": "jax.numpy.",
    "tf.": "tensorflow.",
    "F.": "torch.nn.functional.",
    "octave.": "matlab.",
}


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
        A name in `DIALECTS`, such as ``"scipy.ndimage.correlate"``.
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
    if not isinstance(convention, Convention):
        raise ConvmatError(f"convention must be a Convention, got {type(convention).__name__}")
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
    calls, reasons = {}, {}
    for tool, dialect in DIALECTS.items():
        try:
            calls[tool] = dialect.write(convention)
        except ConvmatError as error:
            reasons[tool] = str(error)
    return OtherNames(calls, reasons)


def find_dialect(tool: str) -> Dialect:
    """The row of a tool.

    Raises
    ------
    ConvmatError
        With the names that are most alike.

    Examples
    --------
    >>> find_dialect("octave.conv2").tool
    'matlab.conv2'
    """
    if not isinstance(tool, str):
        raise ConvmatError(f"tool must be a name, got {tool!r}")
    name = tool
    for short, full in _ALIASES.items():
        if tool.startswith(short):
            name = full + tool.removeprefix(short)
    if name in DIALECTS:
        return DIALECTS[name]
    last = name.rpartition(".")[2].lower()
    alike = [known for known in DIALECTS if known.rpartition(".")[2].lower() == last]
    alike = alike or get_close_matches(name, DIALECTS, 4, 0.75)
    if alike:
        raise ConvmatError(f"tool {tool!r} is unknown; it must be one of {', '.join(alike)}")
    libraries = ", ".join(dict.fromkeys(known.partition(".")[0] for known in DIALECTS))
    raise ConvmatError(
        f"tool {tool!r} is unknown; it must be a name in DIALECTS, such as scipy.ndimage.convolve; "
        f"there are functions of {libraries}"
    )


def find_dialects(name: str = "") -> list[Dialect]:
    """The row of a tool, or the rows of all that a name begins: a library's, or all.

    Raises
    ------
    ConvmatError
        Where there is none.

    Examples
    --------
    >>> [row.tool for row in find_dialects("tensorflow")]
    ['tensorflow.pad', 'tensorflow.nn.convolution']
    """
    begun = [row for tool, row in DIALECTS.items() if f"{tool}.".startswith(name.rstrip(".") + ".")]
    return (begun if name else list(DIALECTS.values())) or [find_dialect(name)]


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
