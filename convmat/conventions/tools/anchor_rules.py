"""Where tools put the origin of a kernel, as the anchor c of our kernel of k entries.

A tool that correlates is read as a convolution with the flipped kernel, and so is its rule: the
entry j of a kernel of k is entry k - 1 - j of ours. Zeros before or after a kernel, which change
nothing in `same`, bring any anchor to where a fixed rule wants it.
"""

from enum import StrEnum

from convmat.conventions.convention import Convention
from convmat.errors import ConvmatError

__all__ = ["AnchorArgument", "FixedAnchor", "brought_inside", "brought_to"]


class FixedAnchor(StrEnum):
    """The anchor of a tool that has no argument for it.

    Examples
    --------
    >>> FixedAnchor.LOWER.of(4), FixedAnchor.UPPER.of(4), FixedAnchor.FIRST.of(4)
    (1, 2, 0)
    """

    LOWER = "(k-1)//2"
    UPPER = "k//2"
    FIRST = "0"

    def of(self, k: int) -> int:
        """The anchor of a kernel of `k` entries."""
        return {FixedAnchor.LOWER: (k - 1) // 2, FixedAnchor.UPPER: k // 2}.get(self, 0)


class AnchorArgument(StrEnum):
    """How a tool's argument a says which entry is at the origin: the formula of our anchor."""

    SHIFTED_UP = "k//2 + a"
    SHIFTED_DOWN = "(k-1)//2 - a"
    INDEX = "a"
    INDEX_FROM_END = "k-1 - a"

    def ours(self, k: int, value: int) -> int:
        """Our anchor for the tool's `value`."""
        match self:
            case AnchorArgument.SHIFTED_UP:
                return k // 2 + value
            case AnchorArgument.SHIFTED_DOWN:
                return (k - 1) // 2 - value
            case AnchorArgument.INDEX:
                return value
        return k - 1 - value

    def theirs(self, k: int, anchor: int) -> int:
        """The tool's value for our anchor.

        Examples
        --------
        >>> AnchorArgument.SHIFTED_DOWN.theirs(4, 2)
        -1
        """
        if self is AnchorArgument.SHIFTED_UP:
            return anchor - k // 2
        return self.ours(k, anchor)  # the other three are their own inverses


def brought_to(
    rule: FixedAnchor, convention: Convention, *, odd: bool = False, square: bool = False
) -> Convention:
    """The same convolution with as few zeros around the kernel as put its anchor where `rule` is.

    Parameters
    ----------
    rule : FixedAnchor
    convention : Convention
        Of mode `same`.
    odd, square : bool
        Whether the kernel must have odd sizes, or the same size along every axis.

    Raises
    ------
    ConvmatError
        Where no zeros do it: with the anchor at its first entry, a kernel reads nothing ahead.

    Examples
    --------
    >>> brought_to(FixedAnchor.LOWER, Convention([1, 2, 3], "same", "zero", 0)).kernel
    array([0., 1., 2., 3.])
    """
    axes = list(zip(convention.kernel.shape, convention.anchor, strict=True))
    widths: list[tuple[int, int]] = []
    for group in [axes] if square else [[axis] for axis in axes]:
        start, stop = max(k for k, _ in group), 2 * max(k + abs(c) for k, c in group) + 3
        for size in range(start, stop):
            before = [rule.of(size) - c for _, c in group]
            after = [size - k - b for (k, _), b in zip(group, before, strict=True)]
            if min(*before, *after) >= 0 and (size % 2 or not odd):
                widths += zip(before, after, strict=True)
                break
        else:
            raise ConvmatError(
                f"anchor {convention.anchor} of a kernel of shape {convention.kernel.shape}: the "
                f"anchor must be {rule}, and no zeros around the kernel bring it there"
            )
    return convention.widened(widths)


def brought_inside(convention: Convention, lowest: int = 0) -> Convention:
    """The same convolution with an anchor that is an index of the kernel, at least `lowest`."""
    axes = zip(convention.kernel.shape, convention.anchor, strict=True)
    return convention.widened([(max(0, lowest - c), max(0, c - (k - 1))) for k, c in axes])
