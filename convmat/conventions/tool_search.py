"""The rows of the dictionary, and finding one by what people call a tool.

A library goes by its import name, by what it is imported as (``np``, ``tf``, ``F``), or by its own
name (``OpenCV``, ``Pillow``, ``Octave``); neither case, hyphens nor underscores count.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from convmat.conventions.tools.arrays import ARRAY_DIALECTS
from convmat.conventions.tools.dialect import Dialect
from convmat.conventions.tools.layers import LAYER_DIALECTS
from convmat.conventions.tools.matlab import MATLAB_DIALECTS
from convmat.conventions.tools.paddings import PADDING_DIALECTS
from convmat.conventions.tools.pictures import PICTURE_DIALECTS
from convmat.errors import ConvmatError

__all__ = ["DIALECTS", "find_dialect", "find_dialects"]

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

_MOST_NAMES = 8  # in an error

_ALIASES = {
    "np": "numpy",
    "sp": "scipy",
    "ndimage": "scipy.ndimage",
    "ndi": "scipy.ndimage",
    "signal": "scipy.signal",
    "jnp": "jax.numpy",
    "jsp": "jax.scipy",
    "lax": "jax.lax",
    "tf.keras": "keras",
    "tensorflow.keras": "keras",
    "tf": "tensorflow",
    "F": "torch.nn.functional",
    "nn": "torch.nn",
    "pytorch": "torch",
    "octave": "matlab",
    "sk": "skimage",
    "ski": "skimage",
    "scikit-image": "skimage",
    "cv": "cv2",
    "opencv": "cv2",
    "pillow": "PIL",
    "pywavelets": "pywt",
    "vips": "pyvips",
    "libvips": "pyvips",
    "im": "imagemagick",
    "magick": "imagemagick",
    "gm": "graphicsmagick",
    "pnm": "netpbm",
}


def find_dialect(tool: str) -> Dialect:
    """The row of a tool.

    Raises
    ------
    ConvmatError
        With the names that are most alike.

    Examples
    --------
    >>> find_dialect("octave.conv2").tool, find_dialect("F.Conv2D").tool
    ('matlab.conv2', 'torch.nn.functional.conv2d')
    """
    found = _BY_NAME.get(_full_name(tool))
    if found is None:
        raise ConvmatError(_unknown(tool))
    return found


def find_dialects(name: str = "") -> list[Dialect]:
    """The row of a tool, or the rows of all that a name begins: a library's, or all.

    Raises
    ------
    ConvmatError
        Where there is none, with the names that are most alike.

    Examples
    --------
    >>> [row.tool for row in find_dialects("tf")]
    ['tensorflow.pad', 'tensorflow.nn.convolution']
    >>> [row.tool for row in find_dialects("scipy.ndimage.corr")]
    ['scipy.ndimage.correlate', 'scipy.ndimage.correlate1d']
    """
    full = _full_name(name).rstrip(".")
    if full in _BY_NAME:
        return [_BY_NAME[full]]
    begun = _begun(full)
    if not begun:
        raise ConvmatError(_unknown(name))
    return begun


def _folded(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")


_BY_NAME = {_folded(tool): row for tool, row in DIALECTS.items()}
_FOLDED_ALIASES = {_folded(short): _folded(full) for short, full in _ALIASES.items()}


def _full_name(tool: str) -> str:
    """Folded, and with the import name of its library."""
    if not isinstance(tool, str):
        raise ConvmatError(f"tool must be a name, got {tool!r}")
    name = _folded(tool)
    for short, full in _FOLDED_ALIASES.items():
        if name == short or name.startswith(f"{short}."):
            return full + name.removeprefix(short)
    return name


def _begun(name: str) -> list[Dialect]:
    """The rows of a library, or else all that begin with the same letters."""
    for begin in (f"{name}.", name):
        rows = [row for known, row in _BY_NAME.items() if known.startswith(begin)]
        if rows:
            return rows
    return []


def _unknown(tool: str) -> str:
    """That there is no such tool, and which are alike: by their last name, or by all of it."""
    name = _full_name(tool)
    begun = [row.tool for known, row in _BY_NAME.items() if known.startswith(f"{name}.")]
    if begun:
        more = ", ..." if len(begun) > _MOST_NAMES else ""
        named = ", ".join(begun[:_MOST_NAMES])
        return f"tool {tool!r} is not one function; it must be one of {named}{more}"
    last = name.rpartition(".")[2]
    alike = [row.tool for known, row in _BY_NAME.items() if known.rpartition(".")[2] == last]
    if alike:
        return f"tool {tool!r} is unknown; it must be one of {', '.join(alike)}"
    libraries = list(dict.fromkeys(known.partition(".")[0] for known in DIALECTS))
    spelled = {_folded(one): one for one in (*_ALIASES, *libraries, *DIALECTS)}
    near = [spelled[one] for one in get_close_matches(name, spelled, 4, 0.75)]
    if near:
        return f"tool {tool!r} is unknown; it must be one of {', '.join(near)}"
    return (
        f"tool {tool!r} is unknown; it must be a name in DIALECTS, such as "
        f"scipy.ndimage.convolve; there are functions of {', '.join(libraries)}"
    )
