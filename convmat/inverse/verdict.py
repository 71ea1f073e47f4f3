"""Whether a kernel can be undone at all, in words, from its spectrum F.

    F is zero nowhere                an inverse exists, and filters of finite support tend to it
    F winds around zero D_j times    along axis j: so many samples the inverse has to look ahead

In one dimension D is the number of zeros of the polynomial f outside the unit circle; where it is
0 the kernel is minimum phase and its inverse causal. So it is for more axes: without zeros on the
torus, and none inside the unit circle along each axis, there are none inside the polydisc.

Sources: A. V. Oppenheim and R. W. Schafer, Discrete-Time Signal Processing, 3rd ed., Pearson
2010, chapter 5; R. DeCarlo, J. Murray and R. Saeks, Multivariable Nyquist theory, Int. J. Control
25 (1977), 657-675.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from convmat.inverse.spectrum_minimum import SHOWN, SpectrumMinimum, spectrum_minimum

__all__ = ["Invertibility", "Verdict", "frequency_text", "judge"]

WEAK = 0.01
"""The share of the largest |F| below which noise of one grey level would grow to a hundred."""

_LONGEST_LINE = 2**22
_NAMED = 4


class Invertibility(StrEnum):
    """How well a kernel can be undone."""

    INVERTIBLE = "invertible"
    WITH_DELAY = "invertible with delay"
    NEEDS_DAMPING = "needs damping"
    NOT_INVERTIBLE = "not invertible"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What there is to say about undoing a kernel.

    Attributes
    ----------
    invertibility : Invertibility
        ``not invertible`` where F vanishes, to rounding; ``needs damping`` where the smallest
        ``|F|`` is below 1/100 of the largest; ``invertible`` where the inverse is causal, that is,
        with the delta at index 0, and otherwise ``invertible with delay``.
    minimum : SpectrumMinimum
    least_delay : tuple of int or None
        D, for kernels that are invertible.
    words : str
    """

    invertibility: Invertibility
    minimum: SpectrumMinimum
    least_delay: tuple[int, ...] | None
    words: str


def judge(kernel: NDArray) -> Verdict:
    """Judge a kernel that is not all zero.

    Examples
    --------
    >>> for kernel in [[2.0, 1.0], [1.0, -2.5, 1.0], [1.0, 2.0, 1.0]]:
    ...     print(judge(np.array(kernel)).words)
    invertible: its inverse is causal
    invertible with delay: the delta has to stand at index 1 or later
    not invertible because F vanishes at 0.5 cycles per sample: needs damping where there is noise
    """
    minimum = spectrum_minimum(kernel)
    if len(minimum.zeros):
        kind, delay = Invertibility.NOT_INVERTIBLE, None
        words = f"{kind} because F vanishes {_where(minimum)}: needs damping where there is noise"
    elif minimum.ratio < WEAK:
        kind, delay = Invertibility.NEEDS_DAMPING, None
        words = (
            f"{kind}: |F| falls to {minimum.ratio:.2g} of its largest at "
            f"{frequency_text(minimum.frequency)} cycles per sample, where noise grows "
            f"{1 / minimum.ratio:.3g}-fold"
        )
    else:
        delay = _windings(kernel, minimum)
        kind = Invertibility.WITH_DELAY if any(delay) else Invertibility.INVERTIBLE
        words = f"{kind}: its inverse is causal"
        if any(delay):
            place = delay[0] if len(delay) == 1 else delay
            words = f"{kind}: the delta has to stand at index {place} or later"
    return Verdict(kind, minimum, delay, words)


def _windings(kernel: NDArray, minimum: SpectrumMinimum) -> tuple[int, ...]:
    """How often F runs around zero along each axis, clockwise.

    Where there are no zeros that is the same on all lines along an axis, so the one through
    zero frequency serves. Its samples are so close that F turns by less than a third of a
    circle from one to the next.
    """
    delays = []
    for axis, size in enumerate(kernel.shape):
        others = tuple(a for a in range(kernel.ndim) if a != axis)
        line = kernel.sum(axis=others)
        slope = 2 * pi * float(np.arange(size) @ np.abs(kernel).sum(axis=others))
        least = minimum.ratio * minimum.largest
        count = fft.next_fast_len(int(min(max(2 * slope / least, 4 * size), _LONGEST_LINE)) + 1)
        values = fft.fft(line, count)
        turns = np.angle(np.roll(values, -1) / values).sum() / (2 * pi)
        delays.append(-round(float(turns)))
    return tuple(delays)


def _where(minimum: SpectrumMinimum) -> str:
    zeros = minimum.zeros
    if minimum.continuous:
        kind = "curves" if zeros.shape[1] == 2 else "curves or surfaces"
        return f"on {kind}, such as at {frequency_text(zeros[0])} cycles per sample"
    names = [frequency_text(u) for u in zeros[:_NAMED]]
    more = len(zeros) - len(names)
    if more:
        count = f"{more} more" if len(zeros) < SHOWN else "more"
        return f"at {', '.join(names)} and {count} frequencies (cycles per sample)"
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"at {listed} cycles per sample"


def frequency_text(frequency: NDArray | tuple[float, ...]) -> str:
    """A frequency to four digits.

    Examples
    --------
    >>> frequency_text((0.5,)), frequency_text((1 / 3, -0.5 + 1e-9))
    ('0.5', '(0.3333, 0.5)')
    """
    numbers = [f"{u:.4g}".replace("-0.5", "0.5") if u < -0.49995 else f"{u:.4g}" for u in frequency]
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"
