"""The matrix of a function from what it makes of impulses.

Column p of the matrix is the answer to an impulse at sample p: one call a column. Where the answers
are local, impulses that stand farther apart than an answer is wide share a call, and each output is
put down to the one impulse that can have reached it, round the ends too. For a kernel of K entries
that is about K calls (up to 3^d K where there are more outputs than samples), whatever the size of
the signal.

Source: A. R. Curtis, M. J. D. Powell and J. K. Reid, On the estimation of sparse Jacobian matrices,
IMA J. Appl. Math. 13 (1974), doi:10.1093/imamat/13.1.117, who share calls among columns that have
no row in common.
"""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.probing.black_box import BlackBox
from convmat.probing.regimes import Regime

__all__ = ["calls_of", "matrix_by_columns", "matrix_by_shared_calls", "reach_of_answers"]


class Line(NamedTuple):
    """Along one axis: `samples`, `outputs`, and offsets ``o - p`` from `low` to `high`."""

    samples: int
    outputs: int
    low: int
    high: int

    @property
    def groups(self) -> list[NDArray]:
        """Positions that may share a call: no two are closer than the offsets are wide."""
        members = max(1, self.samples // (self.high - self.low + 1))
        starts = np.arange(members + 1) * self.samples // members
        spans = np.diff(starts)
        return [starts[:-1][spans > first] + first for first in range(spans.max())]

    def owners(self, group: NDArray) -> NDArray:
        """For each output the position of the group that can reach it, or -1."""
        if len(group) == 1:
            return np.full(self.outputs, group[0])
        # Round the ends: what is reached from the last samples may be the first outputs.
        first = (np.arange(self.outputs) - self.low) % self.samples
        owner = group[np.searchsorted(group, first, side="right") - 1]  # -1 is the last one
        far = (first - owner) % self.samples
        return np.where(far <= self.high - self.low, owner, -1)


class _Answers:
    """What a function makes of unit impulses, less what it makes of none."""

    def __init__(self, box: BlackBox, regime: Regime) -> None:
        self._box, self._regime = box, regime
        self._ground = np.full(box.input_shape, regime.base, dtype=box.dtype)
        self._at_rest = box(self._ground)
        self.size_at_rest = float(np.abs(self._at_rest).max()) / regime.reach

    def is_entry(self, values: NDArray, noise: float) -> NDArray[np.bool_]:
        """Where there is more than rounding."""
        size = np.abs(values)
        return size > noise * (size.max() + self.size_at_rest)

    def __call__(self, positions: Sequence[tuple[int, ...]]) -> NDArray:
        signal = self._ground.copy()
        signal[tuple(np.transpose(positions))] += self._box.dtype.type(self._regime.reach)
        return (self._box(signal) - self._at_rest) / self._regime.reach


def matrix_by_columns(box: BlackBox, regime: Regime, noise: float) -> sparse.csr_array:
    """One call for each sample; shape (outputs, samples).

    Parameters
    ----------
    box : BlackBox
    regime : Regime
        Impulses of height `reach` on `base`.
    noise : float
        Share of the largest entry that is rounding, and taken for 0.

    Examples
    --------
    >>> matrix_by_columns(BlackBox(np.cumsum, 3), Regime(0.0, 1.0), 1e-12).toarray()
    array([[1., 0., 0.],
           [1., 1., 0.],
           [1., 1., 1.]])
    """
    answer = _Answers(box, regime)
    columns = [answer([position]).ravel() for position in np.ndindex(box.input_shape)]
    matrix = np.stack(columns, axis=1)
    return sparse.csr_array(np.where(answer.is_entry(matrix, noise), matrix, 0))


def reach_of_answers(box: BlackBox, regime: Regime, noise: float) -> list[Line]:
    """How far answers reach along each axis, from a few impulses, with what the edges may add.

    Parameters
    ----------
    noise : float
        Share of the largest entry of an answer that is rounding.
    """
    answer = _Answers(box, regime)
    samples, outputs = box.input_shape, box.output_shape or ()
    inside = [sorted({n // 4, n // 2, (3 * n) // 4}) for n in samples]
    offsets = []
    for position in product(*inside):
        entries = np.argwhere(answer.is_entry(answer([position]), noise))
        offsets.append(entries - np.array(position))
    found = np.concatenate(offsets)
    lines = []
    for axis, n in enumerate(samples):
        m = outputs[axis]
        low, high = int(found[:, axis].min(initial=0)), int(found[:, axis].max(initial=0))
        # A reflection at either end turns an offset round.
        lines.append(Line(n, m, min(low, -high), max(high, 2 * (m - n) - low)))
    return lines


def calls_of(lines: Sequence[Line]) -> int:
    """How many calls the matrix takes."""
    return prod(len(line.groups) for line in lines)


def matrix_by_shared_calls(
    box: BlackBox, regime: Regime, lines: Sequence[Line], noise: float
) -> sparse.csr_array | None:
    """The matrix of a function whose answers are local; None where one reaches too far.

    It is to be checked on other signals.
    """
    answer = _Answers(box, regime)
    parts = []
    for groups in product(*(line.groups for line in lines)):
        positions = list(product(*groups))
        values = answer(positions)
        entries = np.nonzero(answer.is_entry(values, noise))
        owners = [
            line.owners(group)[o] for line, group, o in zip(lines, groups, entries, strict=True)
        ]
        if any((owner < 0).any() for owner in owners):
            return None
        parts.append(
            (
                values[entries],
                np.ravel_multi_index(entries, values.shape),
                np.ravel_multi_index(owners, box.input_shape),
            )
        )
    values, rows, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
    shape = prod(box.output_shape or ()), prod(box.input_shape)
    return sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=shape))
