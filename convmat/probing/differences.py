"""How one convolution differs from another, in words: orientation, scale, anchor, mode, boundary.

A kernel is compared by where its entries act: entry a of a kernel with anchor c moves samples by
a - c, entry a of a correlation's by c - a.
"""

from collections.abc import Iterator
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convmat.conventions.convention import Convention
from convmat.geometry import Mode
from convmat.probing.norms import best_factor
from convmat.probing.operator_report import OperatorReport

__all__ = ["differences_in_words"]

_MOST_AXES = 3  # whose orders are tried
_NEARLY_ONE = 1e-5


class _Placed(NamedTuple):
    """A kernel without the zeros around it, and by how much its first entry moves samples."""

    kernel: NDArray
    first: NDArray


class _Turn(NamedTuple):
    """A kernel with its axes in another order, some of them reversed after that."""

    axes: tuple[int, ...]
    reverses: tuple[bool, ...]

    def apply(self, kernel: NDArray) -> NDArray:
        """The turned kernel."""
        return np.flip(kernel.transpose(self.axes), tuple(np.flatnonzero(self.reverses)))

    def in_words(self) -> list[str]:
        """What was done to the kernel."""
        words = []
        if self.axes != tuple(range(len(self.axes))):
            order = "" if len(self.axes) == 2 else f", its axes in the order {self.axes}"
            words.append(f"the kernel is transposed{order}")
        if all(self.reverses):
            words.append("the kernel is reversed: it is a correlation")
        elif any(self.reverses):
            which = ", ".join(map(str, np.flatnonzero(self.reverses)))
            words.append(f"the kernel is reversed along axis {which}")
        return words


def differences_in_words(
    asked: Convention, report: OperatorReport, accuracy: float, asking: str = "you asked for"
) -> list[str]:
    """Sentences on what a probed function does otherwise than asked for.

    Parameters
    ----------
    asked : Convention
    report : OperatorReport
        With a kernel.
    accuracy : float
        By how much entries of its kernel may be off, relative to the largest.
    asking : str
        How what should be is announced.

    Examples
    --------
    >>> from convmat.probing.probe import probe_operator
    >>> report = probe_operator(lambda x: np.correlate(x, [1, 2, 4], "same"), 12)
    >>> differences_in_words(Convention([1, 2, 4], "same", "mirror"), report, 1e-12)
    ['the kernel is reversed: it is a correlation', 'looks like `zero`, you asked for `mirror`']
    """
    sentences = []
    if report.mode is not asked.mode:
        sentences.append(f"its mode is `{report.mode}`, {asking} `{asked.mode}`")
    sentences += _kernel_differences(asked, report, accuracy, asking)
    misfits = [
        f"looks like {' or '.join(f'`{name}`' for name in fitting)}, {asking} `{name}`"
        if name not in fitting
        else ""
        for name, fitting in zip(asked.boundary, report.boundaries, strict=False)
    ]
    if len(set(misfits)) == 1:
        return sentences + [text for text in misfits[:1] if text]
    return sentences + [f"along axis {axis} it {text}" for axis, text in enumerate(misfits) if text]


def _kernel_differences(
    asked: Convention, report: OperatorReport, accuracy: float, asking: str
) -> list[str]:
    """The fewest words that make the one kernel of the other."""
    found, anchor = report.kernel, report.anchor
    if found is None or anchor is None:
        return []
    where = np.zeros(found.ndim, dtype=int)
    if report.mode is Mode.SAME:
        where -= anchor
    placed = _trim(found, where, accuracy)
    attempts = []
    for turn in _turns(found.ndim):
        turned = _trim(turn.apply(asked.kernel), np.zeros(found.ndim, dtype=int), accuracy)
        words = _rescaled(turned.kernel, placed.kernel, accuracy)
        if words is None:
            continue
        if report.mode is asked.mode:
            words += _moved(turn, asked, turned.first - placed.first, asking)
        attempts.append([*turn.in_words(), *words])
    if attempts:
        return min(attempts, key=len)
    return [f"its kernel is another one, {np.array2string(found, precision=6)}"]


def _rescaled(kernel: NDArray, found: NDArray, accuracy: float) -> list[str] | None:
    """By what a kernel is multiplied, if not by 1; None where the other is no multiple of it."""
    if kernel.shape != found.shape:
        return None
    error = accuracy * np.abs(found).max()
    if np.abs(kernel - found).max() <= error:
        return []
    scale = best_factor(kernel, found)
    if np.abs(scale * kernel - found).max() <= error:
        return [f"the kernel is multiplied by {_factor_in_words(scale)}"]
    return None


def _factor_in_words(factor: complex) -> str:
    """Six digits, or by how much it is not 1 where those are all zeros."""
    excess = factor - 1
    if abs(excess) >= _NEARLY_ONE:
        return f"{factor:.6g}"
    if isinstance(excess, complex):
        return f"1 + ({excess:.2g})"
    return f"1 {'+' if excess > 0 else '-'} {abs(excess):.2g}"


def _moved(turn: _Turn, asked: Convention, origin: NDArray, asking: str) -> list[str]:
    """Another anchor, or in `full` and `valid`, where there is none, another place.

    `origin` is the index of the turned kernel's entry that sits at the origin.
    """
    if asked.mode is not Mode.SAME:
        moved = tuple(int(-step) for step in origin)
        return [f"the kernel is moved by {moved}"] if any(moved) else []
    anchor = [0] * origin.size
    for axis, source in enumerate(turn.axes):
        last = asked.kernel.shape[source] - 1
        anchor[source] = int(last - origin[axis] if turn.reverses[axis] else origin[axis])
    if tuple(anchor) == asked.anchor:
        return []
    return [f"its anchor is {tuple(anchor)}, {asking} {asked.anchor}"]


def _turns(count: int) -> Iterator[_Turn]:
    """All of so many axes; the identity first."""
    axes = tuple(range(count))
    orders = permutations(axes) if count <= _MOST_AXES else [axes]
    for order, reverses in product(orders, product((False, True), repeat=count)):
        yield _Turn(order, reverses)


def _trim(kernel: NDArray, where: NDArray, accuracy: float) -> _Placed:
    """Without the zeros around; `where` is how far its very first entry moves samples."""
    nonzero = np.nonzero(np.abs(kernel) > accuracy * np.abs(kernel).max())
    if not nonzero[0].size:
        return _Placed(np.zeros((1,) * kernel.ndim), np.zeros(kernel.ndim, dtype=int))
    starts = np.array([index.min() for index in nonzero])
    box = tuple(slice(index.min(), index.max() + 1) for index in nonzero)
    return _Placed(kernel[box], where + starts)
