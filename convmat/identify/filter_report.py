"""What `identify_filter` gives back, and how it is told to people."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.boundary_names import Candidates
from convmat.identify.evidence import Evidence, Verdict
from convmat.identify.quantization import Rounding
from convmat.identify.rational import Rational

__all__ = ["FilterReport"]


@dataclass(frozen=True, eq=False)
class FilterReport:
    """What was done to a picture, as far as it can be told.

    Attributes
    ----------
    verdict : Verdict
        ``linear``, ``not_linear`` or ``undetermined``.
    evidence : tuple of Evidence
        Each with its number, its limit, and a sentence; what speaks against one kernel is first.
    warnings : tuple of str
    kernel : ndarray of float64
        A convolution kernel on the smallest box found; without meaning, and not printed, unless
        the verdict is ``linear``. Shape (k1, k2); (channels, k1, k2) where
        `channels` is "separate"; (channels after, channels before, k1, k2) where it is "mixed".
    std_error : ndarray, shape of `kernel`
        Of each entry, given this box; NaN unless the verdict is linear, or where the picture
        does not determine it.
    anchor : tuple of int
        Index of the entry at the origin; a shift between the pictures is an anchor outside.
    mode : str
        ``same``, ``valid`` (the picture after was cropped) or ``full``.
    boundary : str, tuple of str or None
        One of the seven names, ``untouched`` or ``cropped``; one per axis where they differ; None
        where the border is none of them (a warning says what it is instead).
    boundary_candidates : tuple of str, or tuple of tuple of str
        Every one that the border does not rule out; one tuple per axis where no name serves for
        all of them. Empty where none was looked for, as with the verdict ``not_linear``.
    offset, offset_std_error : float, or ndarray, shape (channels,), unless `channels` is "common"
        Added after the convolution: about -0.5 where the levels were truncated.
    rounding : Rounding
        Of all channels; ``unknown`` where they differ, and a warning says which has which.
    clipped_fraction : float
        Of the pixels that were looked at.
    support : ndarray of bool, shape (k1, k2)
        Which entries of the box the data tell from 0.
    separable, symmetric : bool
        Whether the error bars leave that possible; `symmetric` is the same under half a turn, so
        that convolution and correlation are one. False where there are no error bars.
    symmetries : tuple of str
        Of ``point``, ``left-right``, ``up-down``, ``diagonal``, ``antisymmetric``; of the kernel
        with zeros around it, about a centre that need not be the box's.
    rational : Rational, tuple of Rational or None (one a channel), or None
        The only fractions with a small divisor that the error bars allow; a tuple, with None for
        channels that have none, unless `channels` is "common".
    residual_std : float
        In levels of the picture after.
    covariance : ndarray, shape (K, K), (channels, K, K) or (channels after, channels before K, ...)
        Here for who asks for it: neither printed, nor in the shell's JSON without ``--covariance``.
        Of the raveled kernel of k1 k2 = K entries; of each channel's where they are separate; of
        all that make one channel after where they are mixed.
    pixels : int
        That were fitted.
    channels : str
        ``common``, ``separate`` or ``mixed``.
    tone : str
        The curve that both pictures were taken to light by; empty for none.
    undetermined_frequencies : str
        What the picture before hardly contains, in words; empty where it has all, and where no
        kernel explains the picture after, so that it cannot be told. A warning says what to add.
    linearized : FilterReport or None
        Where no kernel fits the levels but one fits light: the report for light.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...]
    kernel: NDArray[np.float64]
    std_error: NDArray[np.float64]
    anchor: tuple[int, ...]
    mode: str
    boundary: str | tuple[str, ...] | None
    boundary_candidates: Candidates
    offset: float | NDArray[np.float64]
    offset_std_error: float | NDArray[np.float64]
    rounding: Rounding
    clipped_fraction: float
    support: NDArray[np.bool_]
    separable: bool
    symmetric: bool
    symmetries: tuple[str, ...]
    rational: Rational | tuple[Rational | None, ...] | None
    residual_std: float
    covariance: NDArray[np.float64]
    pixels: int
    channels: str = "common"
    tone: str = ""
    undetermined_frequencies: str = ""
    linearized: Any = None

    @property
    def correlation_kernel(self) -> NDArray[np.float64]:
        """The kernel turned by half a turn: what a tool that correlates was given."""
        return np.flip(self.kernel, axis=(-2, -1))

    @property
    def correlation_anchor(self) -> tuple[int, ...]:
        """Index of the entry of `correlation_kernel` at the origin."""
        sizes = zip(self.kernel.shape[-2:], self.anchor, strict=True)
        return tuple(k - 1 - c for k, c in sizes)

    @property
    def is_identity(self) -> bool:
        """Whether the pictures are the same, within rounding."""
        alone = self.kernel.size == 1 and self.anchor == (0,) * len(self.anchor)
        return bool(
            alone
            and self.verdict is Verdict.LINEAR
            and abs(self.kernel.item() - 1) <= 1e-9
            and np.all(np.abs(self.offset) <= 1e-6)
        )

    def __str__(self) -> str:
        from convmat.identify.report_text import report_text

        return report_text(self)
