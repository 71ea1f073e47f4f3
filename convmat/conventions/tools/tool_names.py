"""Tables from a tool's names to ours, some of which are names of what convmat has not."""

from collections.abc import Mapping
from typing import Any

from convmat.errors import ConvmatError

__all__ = ["Refused", "look_up"]


class Refused(str):
    """Why a name that the tool has is not accepted here; it stands in place of a meaning."""


def look_up(argument: str, name: Any, names: Mapping[str, Any]) -> Any:
    """What a tool's name means; neither case nor hyphens count.

    Raises
    ------
    ConvmatError
        For a name that the tool has not, with those that it has; and for one that is refused.

    Examples
    --------
    >>> look_up("mode", "VALID", {"same": 1, "valid": 2})
    2
    """
    spelled = {_folded(key): key for key in names}
    key = spelled.get(_folded(name)) if isinstance(name, str) else None
    if key is None:
        allowed = [known for known, meaning in names.items() if not isinstance(meaning, Refused)]
        raise ConvmatError(
            f"{argument} {name!r} is unknown; it must be one of {', '.join(allowed)}"
        )
    meaning = names[key]
    if isinstance(meaning, Refused):
        raise ConvmatError(f"{argument} {name!r} {meaning}")
    return meaning


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
