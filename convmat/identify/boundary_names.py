"""Which boundary conditions the border does not rule out, of all axes at once where it can be.

Every axis is judged by itself. Names that serve for all axes are listed once; where there is none,
as for a picture that was continued along its rows and not along its columns, each axis has its own.
"""

from collections.abc import Sequence

__all__ = ["Candidates", "by_axis", "in_all", "in_common"]

Candidates = tuple[str, ...] | tuple[tuple[str, ...], ...]


def in_common(
    per_axis: Sequence[tuple[str, ...]],
) -> tuple[str | tuple[str, ...] | None, Candidates]:
    """The boundary, and its candidates, from those of every axis, best first.

    Examples
    --------
    >>> in_common([("mirror", "zero"), ("zero", "mirror")])
    ('mirror', ('mirror', 'zero'))
    >>> in_common([("replicate", "symmetric"), ("zero",)])
    (('replicate', 'zero'), (('replicate', 'symmetric'), ('zero',)))
    >>> in_common([("replicate", "symmetric"), ()])
    (None, (('replicate', 'symmetric'), ()))
    """
    common = tuple(name for name in per_axis[0] if all(name in names for names in per_axis))
    if common:
        return common[0], common
    if all(per_axis):
        return tuple(names[0] for names in per_axis), tuple(per_axis)
    return None, tuple(per_axis) if any(per_axis) else ()


def in_all(
    several: Sequence[Candidates], axes: int = 2
) -> tuple[str | tuple[str, ...] | None, Candidates]:
    """The same, from the candidates of several channels.

    Examples
    --------
    >>> in_all([("mirror", "zero"), (("mirror",), ("zero",))])
    (('mirror', 'zero'), (('mirror',), ('zero',)))
    """
    each = [by_axis(candidates, axes) for candidates in several]
    return in_common(
        [
            tuple(name for name in names[0] if all(name in other for other in names))
            for names in zip(*each, strict=True)
        ]
    )


def by_axis(candidates: Candidates, axes: int = 2) -> tuple[tuple[str, ...], ...]:
    """Every axis' own candidates, whether they were listed once or not.

    Examples
    --------
    >>> by_axis(("mirror",))
    (('mirror',), ('mirror',))
    """
    own = tuple(names for names in candidates if isinstance(names, tuple))
    names = tuple(name for name in candidates if isinstance(name, str))
    return own or (names,) * axes
