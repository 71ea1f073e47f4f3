"""Facts that hold for all channels, of what is known of each."""

from collections.abc import Sequence

from convmat.identify.evidence import Verdict
from convmat.identify.quantization import Rounding

__all__ = ["one_rounding", "worst"]

_BADNESS = (Verdict.LINEAR, Verdict.UNDETERMINED, Verdict.NOT_LINEAR)


def one_rounding(each: Sequence[Rounding]) -> tuple[Rounding, list[str]]:
    """The rounding of all channels, or ``unknown`` and a note of which channel has which.

    Examples
    --------
    >>> one_rounding([Rounding.ROUNDED, Rounding.TRUNCATED])[1]
    ['levels of channel 0 are rounded, of channel 1 truncated']
    """
    if len(set(each)) == 1:
        return each[0], []
    first, *others = (f"channel {index}" for index in range(len(each)))
    told = [f"levels of {first} are {each[0]}"]
    told += [f"of {name} {rounding}" for name, rounding in zip(others, each[1:], strict=True)]
    return Rounding.UNKNOWN, [", ".join(told)]


def worst(each: Sequence[Verdict]) -> Verdict:
    """What is to be said of all channels: linear only where each of them is."""
    return max(each, key=_BADNESS.index)
