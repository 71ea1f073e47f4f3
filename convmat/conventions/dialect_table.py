"""The dictionary's rows as plain words, for tables to read."""

from typing import Any

from convmat.boundary import Boundary
from convmat.conventions.tools.dialect import Dialect
from convmat.conventions.tools.kernel_form import BY_SUM
from convmat.conventions.tools.output_names import OutputNames
from convmat.geometry import Mode

__all__ = ["dialect_facts"]


def dialect_facts(dialect: Dialect) -> dict[str, Any]:
    """What a row says, in words.

    Returns
    -------
    dict
        ``tool``; ``axes``, fewest and most; ``kernel``, which way round it is taken; ``modes``;
        ``anchor``, formulas for that of our kernel in `same`, the default first; ``boundary``, the
        argument for it and ``boundary_default``; ``names``, from our names to the tool's;
        ``refused``, from names that are not accepted to reasons; ``arguments``; ``note``;
        ``tested`` with.

    Examples
    --------
    >>> from convmat.conventions.dialects import DIALECTS
    >>> facts = dialect_facts(DIALECTS["scipy.ndimage.correlate"])
    >>> facts["kernel"], facts["anchor"], facts["names"]["symmetric"]
    ('correlation, conjugate', ['(k-1)//2 - origin'], ['reflect', 'grid-mirror'])
    """
    outputs, boundary = dialect.outputs, dialect.boundary
    names: dict[str, list[str]] = {str(ours): [] for ours in Boundary}
    for theirs, ours in boundary.usable.items():
        if isinstance(outputs, OutputNames) and outputs.names.get(theirs) is Mode.VALID:
            continue  # one argument is for both, and this name is no boundary's
        key = ", ".join(ours) if isinstance(ours, tuple) else str(ours)
        names.setdefault(key, []).append(theirs if boundary.argument else "")
    return {
        "tool": dialect.tool,
        "axes": list(dialect.axes),
        "kernel": _kernel_in_words(dialect),
        "modes": [str(mode) for mode in outputs.modes],
        "anchor": list(dict.fromkeys(outputs.anchors)) if "same" in outputs.modes else [],
        "boundary": boundary.argument,
        "boundary_default": boundary.default if boundary.argument else None,
        "names": {ours: theirs for ours, theirs in names.items() if theirs},
        "refused": {name: str(why) for name, why in boundary.refused.items()},
        "arguments": list(dialect.arguments),
        "note": dialect.note,
        "tested": dialect.tested,
    }


def _kernel_in_words(dialect: Dialect) -> str:
    form = dialect.kernel
    words = [str(form.orientation)]
    if form.choice:
        argument, names = form.choice
        words = [" or ".join(names.values()) + f" ({argument})"]
    if form.divisor:
        words.append(f"divided by {'its sum' if form.divisor == BY_SUM else form.divisor}")
    return ", ".join(words)
