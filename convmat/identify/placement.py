"""How the picture after lies over the picture before: the mode, and the anchor that goes with it.

A box of displacements says where every entry is; only where both pictures have one size does it say
where the origin is.
"""

from convmat.identify.box import Box

__all__ = ["mode_and_anchor"]


def mode_and_anchor(
    box: Box, before: tuple[int, ...], after: tuple[int, ...], *, cropped: bool
) -> tuple[str, tuple[int, ...]]:
    """The mode, and the anchor, which in the modes other than `same` is a convention.

    Examples
    --------
    >>> mode_and_anchor(Box((0, 0), (2, 2)), (9, 9), (7, 7), cropped=True)
    ('valid', (1, 1))
    >>> mode_and_anchor(Box((-1, -1), (1, 2)), (9, 9), (9, 9), cropped=False)
    ('same', (1, 1))
    """
    shapes = list(zip(before, after, box.shape, strict=True))
    centre = tuple((k - 1) // 2 for k in box.shape)
    if before == after:
        return "same", box.anchor
    if cropped and all(m == n - k + 1 for n, m, k in shapes):
        return "valid", centre
    if all(m == n + k - 1 for n, m, k in shapes) and all(low == 0 for low in box.lo):
        return "full", centre
    return "same", box.anchor
