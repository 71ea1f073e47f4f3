"""What `probe_operator` finds out about a function."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import Boundary
from convmat.conventions.convention import Convention
from convmat.geometry import Mode

__all__ = ["Border", "OperatorReport", "Verdict"]


class Verdict(StrEnum):
    """What kind of a function it is; the first that holds, from the bottom up.

    ================= =====================================================================
    ``linear``        f(ax + by) = a f(x) + b f(y), to rounding
    ``affine``        that, after the value at zero is subtracted
    ``quantised``     affine, but for outputs rounded or truncated to multiples of a step
    ``limited``       one of these for values in a range only: it clips, overflows, raises
    ``not_linear``    none of them
    ``negligible``    outputs are no larger than the inputs' rounding
    ``stateful``      the output depends on earlier calls too: a counter, a running average
    ``random``        the same input gives different outputs, in no order that calls show
    ``not_finite``    outputs are NaN or infinite
    ``no_array``      what comes back is no array of numbers
    ``changes_shape`` the output's shape depends on the input's values
    ``raises``        it raises an exception for every input that was tried
    ================= =====================================================================

    Examples
    --------
    >>> Verdict("affine")
    <Verdict.AFFINE: 'affine'>
    """

    LINEAR = "linear"
    AFFINE = "affine"
    QUANTISED = "quantised"
    LIMITED = "limited"
    NOT_LINEAR = "not_linear"
    NEGLIGIBLE = "negligible"
    STATEFUL = "stateful"
    RANDOM = "random"
    NOT_FINITE = "not_finite"
    NO_ARRAY = "no_array"
    CHANGES_SHAPE = "changes_shape"
    RAISES = "raises"


class Border(StrEnum):
    """How the outputs near the edges come about, where the interior is a convolution.

    ============== ==========================================================================
    ``extended``   the signal is continued by one of the seven boundary conditions
    ``sides``      the same, but with another one at each end of an axis
    ``untouched``  the outputs are the samples that were there
    ``zeroed``     the outputs are 0
    ``repeated``   the outputs are copies of the nearest output of the interior
    ``normalised`` zeros are read, and the outputs divided by the kernel's sum that was not cut
    ``other``      none of these
    ============== ==========================================================================
    """

    EXTENDED = "extended"
    SIDES = "sides"
    UNTOUCHED = "untouched"
    ZEROED = "zeroed"
    REPEATED = "repeated"
    NORMALISED = "normalised"
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class OperatorReport:
    """A function of arrays, as it was found by calling it.

    Attributes
    ----------
    verdict : Verdict
    linear : bool
        Whether the verdict is ``linear``.
    shift_invariant : bool or None
        Whether all outputs that touch no edge have one kernel in common; None where that is
        not known: there is no matrix, or there are fewer than two such outputs.
    deviation : float
        ``|M - H| / |M|`` in the Frobenius norm, with M the `matrix` and H the one of `kernel`,
        `mode`, `anchor` and the first of `boundaries` (`zero` where there is none). NaN without
        a kernel.
    matrix : csr_array, shape (outputs, samples), or None
        Of what is linear in the function, vectors raveled in C order. None where there is no
        such thing, or it takes too many calls.
    convention : Convention or None
        The convolution that the function is, where it is one, edges included.
    correlation : ndarray or None
        `kernel` reversed along every axis: what a tool that correlates is given.
    names : dict from str to str
        Tools that do the same, and how they are called, for a boundary that fits; empty where there
        is no convention, or the function is not linear but for rounding.
    kernel : ndarray or None
        The convolution kernel of the interior: the smallest that holds every entry that is not
        0, and in mode `same` the origin too.
    kernel_error : float
        By how much an entry may be off: three standard errors, steps being taken for noise; 0 for
        no more than floating-point rounding.
    anchor : tuple of int or None
        Index of the kernel entry at the origin, as far as it can be told: in the modes `full` and
        `valid` it makes no difference, and is the default.
    mode : Mode or None
    boundaries : tuple of tuples of Boundary
        For each axis, all that the outputs do not rule out; empty where none fits.
    border : Border or None
    input_shape, output_shape : tuple of int
    dtype : str
        Of the outputs.
    offset : ndarray, shape `output_shape`, or None
        The output for an input of zeros.
    nonlinearity : float
        The largest deviation from superposition and scaling that was measured, in any range of
        values, relative to the outputs.
    step : float
        What outputs are rounded to multiples of; 0 where they are not.
    valid_range : tuple of two floats or None
        The widest range tried in which the verdict, or what it is limited to, holds.
    changes_input : bool
        Whether the function wrote into the array it was given.
    calls : int
        How often the function was called.
    notes : tuple of str
        What else there is to say, in words.
    """

    verdict: Verdict
    linear: bool
    shift_invariant: bool | None = None
    deviation: float = float("nan")
    matrix: Any = None
    convention: Convention | None = None
    correlation: NDArray | None = None
    names: dict[str, str] = field(default_factory=dict)
    kernel: NDArray | None = None
    kernel_error: float = 0.0
    anchor: tuple[int, ...] | None = None
    mode: Mode | None = None
    boundaries: tuple[tuple[Boundary, ...], ...] = ()
    border: Border | None = None
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] | None = None
    dtype: str | None = None
    offset: NDArray | None = None
    nonlinearity: float = float("nan")
    step: float = 0.0
    valid_range: tuple[float, float] | None = None
    changes_input: bool = False
    calls: int = 0
    notes: tuple[str, ...] = ()

    def verdict_in_words(self) -> str:
        """Such as "linear but for rounding to steps of 1"."""
        if self.verdict not in _VERDICTS:
            return "; ".join(self.notes)
        steps = f"rounding to steps of {self.step:.6g}" if self.step else ""
        deviation = f"(deviation {self.nonlinearity:.1e})"
        if self.verdict is Verdict.LIMITED and self.valid_range is not None:
            low, high = self.valid_range
            but = f", but for {steps}" if steps else ""
            where = f"for values from {low:.7g} to {high:.7g}"
            return f"{where} it is linear{but}; not for all others {deviation}"
        return " ".join(filter(None, [_VERDICTS[self.verdict], steps, deviation]))

    def __str__(self) -> str:
        lines = [self.verdict_in_words(), *self._convolution()]
        lines += self.notes if self.verdict in _VERDICTS else []
        if self.changes_input:
            lines.append("it writes into its input")
        shapes = f"{_size(self.input_shape)} to {_size(self.output_shape)}"
        lines.append(f"{shapes}, {self.dtype or 'no numbers'}; {self.calls} calls")
        if self.names:
            lines.append(f"the same as {', '.join(self.names)}")
        return "\n".join(lines)

    def _convolution(self) -> list[str]:
        """The lines on the kernel and what surrounds it."""
        if self.kernel is None or self.anchor is None:
            return []
        shape = self.kernel.shape
        lines = [f"convolution kernel {_size(shape)}, mode {self.mode}, anchor {self.anchor}"]
        lines.append(_table(self.kernel, self.kernel_error))
        if self.kernel_error:
            lines.append(f"each entry to within {self.kernel_error:.1g}")
        if is_symmetric(self.kernel, self.kernel_error):
            lines.append("reversed it is the same: as a correlation too")
        if self.boundaries:
            lines.append(f"boundary {boundaries_in_words(self.boundaries)}")
        lines.append(f"|M - H| / |M| = {self.deviation:.1e}")
        return lines


def is_symmetric(kernel: NDArray, error: float = 0.0) -> bool:
    """Whether reversing every axis changes nothing, entries being known to `error` and rounding."""
    rounding = 100 * np.finfo(np.float64).eps * np.abs(kernel).max()
    return bool(np.abs(kernel - np.flip(kernel)).max() <= 2 * error + rounding)


def boundaries_in_words(boundaries: tuple[tuple[Boundary, ...], ...]) -> str:
    """For each axis those that fit, or once where they are the same.

    Examples
    --------
    >>> boundaries_in_words(((Boundary.REPLICATE, Boundary.SYMMETRIC),) * 2)
    'replicate or symmetric'
    """
    words = [
        "any: the kernel reaches past no edge"
        if len(names) == len(Boundary)
        else " or ".join(names)
        for names in boundaries
    ]
    if len(set(words)) == 1:
        return words[0]
    return "; ".join(f"{text} along axis {axis}" for axis, text in enumerate(words))


_VERDICTS = {  # the others are told by their notes
    Verdict.LINEAR: "linear",
    Verdict.AFFINE: "affine: linear, and something is added",
    Verdict.QUANTISED: "linear but for",
    Verdict.LIMITED: "not linear",
    Verdict.NOT_LINEAR: "not linear",
}


def _table(kernel: NDArray, error: float) -> str:
    """The kernel, to the digits that are known, and to six at the most."""
    size = np.abs(kernel).max() or 1.0
    if not 1e-3 <= size < 1e6:
        return np.array2string(kernel, precision=6)
    digits = int(np.clip(np.ceil(-np.log10(error)), 0, 6)) if error else 6
    return np.array2string(np.round(kernel, digits) + 0.0, precision=digits, suppress_small=True)


def _size(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else "x".join(map(str, shape)) or "a number"
