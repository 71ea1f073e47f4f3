"""A call in another tool, as values and as the text to copy there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Call", "Language", "call_text"]

_MOST_ENTRIES = 64  # of a kernel that is written out


class Language(StrEnum):
    """What a call is written in."""

    PYTHON = "Python"
    MATLAB = "MATLAB"
    SHELL = "shell"


@dataclass(frozen=True, eq=False)
class Call:
    """What to call in another tool.

    Attributes
    ----------
    tool : str
        A name in `DIALECTS`.
    kernel : ndarray, or a pair of them
        As the tool takes it: flipped where it correlates, with zeros around it where the
        anchor had to be moved. A text that does not write it out calls it `kernel`, or `kernel_x`
        and `kernel_y`.
    arguments : dict
        By the tool's own names; ``from_dialect(tool, kernel, **arguments)`` reads them.
    text : str
        The call, from x to y, as `str` gives it. Kernels of up to 64 entries are written out; for
        larger ones a comment in front says which array `kernel` is.
    note : str
        What else there is to know.
    """

    tool: str
    kernel: Any
    arguments: dict[str, Any]
    text: str
    note: str

    def __str__(self) -> str:
        return self.text


def call_text(
    tool: str, language: Language, template: str, kernel: Any, arguments: dict[str, Any]
) -> str:
    """Fill in a template.

    Its fields are the arguments by their names, and followed by ``_word`` without quotes;
    ``arguments``, all of them as keywords; ``kernel``, written out, or ``kernel_x`` and
    ``kernel_y``, or ``flat``, or for the shell ``rows``, ``semicolons`` or ``commas``;
    ``kernel_shape``, ``width``, ``height``, ``ndim``, ``ones``, a 1 for each axis, and ``middle``,
    the index ``(k - 1) // 2`` of the last axis; and where
    the border is to be cut off, its sizes ``margin_x`` and ``margin_y``, and from the end
    ``last_x`` and ``last_y``, the last pixels that are kept.

    Examples
    --------
    >>> template = "y = numpy.convolve(x, {kernel}, {arguments})"
    >>> def written(kernel):
    ...     return call_text("numpy.convolve", Language.PYTHON, template, kernel, {"mode": "full"})
    >>> print(written(np.array([1.0, 2.0])))
    y = numpy.convolve(x, [1.0, 2.0], mode='full')
    >>> print(written(np.ones(99)))
    # kernel: to_dialect('numpy.convolve', ...).kernel, an array of shape (99,)
    y = numpy.convolve(x, kernel, mode='full')
    """
    fields: dict[str, Any] = {name: _literal(language, value) for name, value in arguments.items()}
    keywords = [f"{name}={text}" for name, text in fields.items()]
    fields["arguments"] = ", ".join(keywords)
    fields |= {f"{name}_word": value for name, value in arguments.items()}
    if isinstance(kernel, tuple):
        names = ("kernel_x", "kernel_y")
        fields |= {
            name: _array(language, one, name) for name, one in zip(names, kernel, strict=True)
        }
        return _where_from(tool, language, kernel) + template.format_map(fields)
    fields |= {
        "kernel": _array(language, kernel, "kernel"),
        "flat": repr(kernel.ravel().tolist()),
        "kernel_shape": kernel.shape,
        "ndim": kernel.ndim,
        "ones": (1,) * kernel.ndim,
        "width": kernel.shape[-1],
        "height": kernel.shape[0],
        "middle": (kernel.shape[-1] - 1) // 2,
        "margin_x": kernel.shape[-1] // 2,
        "margin_y": kernel.shape[0] // 2,
        "last_x": -1 - kernel.shape[-1] // 2,
        "last_y": -1 - kernel.shape[0] // 2,
    }
    if language is Language.SHELL:
        lines = [",".join(map(_number, line)) for line in kernel.tolist()]
        fields |= {
            "rows": " ".join(lines),
            "semicolons": ";".join(lines),
            "commas": ",".join(lines),
        }
        if "origin" in arguments:
            fields["x"], fields["y"] = arguments["origin"]
        return template.format_map(fields)
    return _where_from(tool, language, kernel) + template.format_map(fields)


def _where_from(tool: str, language: Language, kernel: Any) -> str:
    """A comment on the arrays that a text has names of, since they are too large for it."""
    pair = isinstance(kernel, tuple)
    large = [one.shape for one in (kernel if pair else (kernel,)) if one.size > _MOST_ENTRIES]
    if not large:
        return ""
    sign = "%" if language is Language.MATLAB else "#"
    names = "kernel_x, kernel_y" if pair else "kernel"
    what = (
        f"a pair of arrays of shapes {kernel[0].shape} and {kernel[1].shape}"
        if pair
        else (f"an array of shape {kernel.shape}")
    )
    return f"{sign} {names}: to_dialect('{tool}', ...).kernel, {what}\n"


def _literal(language: Language, value: Any) -> str:
    if language is Language.PYTHON:
        return repr(value)
    if language is Language.MATLAB:
        return f"'{value}'" if isinstance(value, str) else _matlab(np.asarray(value))
    return str(value)


def _array(language: Language, kernel: NDArray, name: str) -> str:
    if kernel.size > _MOST_ENTRIES:
        return name
    if language is Language.MATLAB:
        return _matlab(kernel)
    return repr(kernel.tolist())


def _matlab(array: NDArray) -> str:
    """A scalar, a row, or rows between semicolons; more axes column by column, and reshaped."""
    if array.ndim > 2:
        return f"reshape({_matlab(array.ravel('F'))}, {_matlab(np.array(array.shape))})"
    if array.ndim == 0:
        return _number(array.item())
    return (
        "[" + "; ".join(" ".join(map(_number, row)) for row in np.atleast_2d(array).tolist()) + "]"
    )


def _number(value: Any) -> str:
    """Every digit that counts, and no more."""
    if isinstance(value, complex):
        return f"complex({_number(value.real)},{_number(value.imag)})"
    text = repr(value)
    return text.removesuffix(".0")
