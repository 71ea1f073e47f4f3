"""What `identify_filter` gives back, and how it is told to people."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.identify.quantization import Rounding
from convmat.identify.rational import Rational
from convmat.identify.verdict import Evidence, Verdict

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
        A convolution kernel on the smallest box found. Shape (k1, k2); (channels, k1, k2) where
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
    boundary_candidates : tuple of str
        Every one that the border does not rule out.
    offset, offset_std_error : float
        Added after the convolution: about -0.5 where the levels were truncated.
    rounding : Rounding
    clipped_fraction : float
        Of the pixels that were looked at.
    support : ndarray of bool, shape (k1, k2)
        Which entries of the box the data tell from 0.
    separable, symmetric : bool
        Whether the error bars leave that possible; `symmetric` is the same under half a turn, so
        that convolution and correlation are one. False where there are no error bars.
    symmetries : tuple of str
        Of ``point``, ``left-right``, ``up-down``, ``diagonal``, ``antisymmetric``.
    rational : Rational or None
        The only fractions with a small divisor that the error bars allow.
    residual_std : float
        In levels of the picture after.
    covariance : ndarray, shape (K, K)
        Of the raveled kernel; K is its size. Of the first channel where they are separate.
    pixels : int
        That were fitted.
    channels : str
        ``common``, ``separate`` or ``mixed``.
    tone : str
        The curve that both pictures were taken to light by; empty for none.
    undetermined_frequencies : str
        What the picture before hardly contains, in words; empty where it has all.
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
    boundary_candidates: tuple[str, ...]
    offset: float
    offset_std_error: float
    rounding: Rounding
    clipped_fraction: float
    support: NDArray[np.bool_]
    separable: bool
    symmetric: bool
    symmetries: tuple[str, ...]
    rational: Rational | None
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
            and abs(self.offset) <= 1e-6
        )

    def __str__(self) -> str:
        shape = "x".join(map(str, self.kernel.shape[-2:]))
        anchor = ", ".join(map(str, self.anchor))
        lines = [f"verdict: {self.verdict}"]
        lines += [f"  {piece.text}" for piece in self.evidence if piece.against]
        if self.tone:
            lines.append(f"both pictures taken to light by {self.tone}")
        if self.is_identity:
            lines.append("the pictures are identical: nothing was done")
        kind = {"separate": ", one a channel", "mixed": ", mixing channels"}.get(self.channels, "")
        lines.append(f"convolution kernel {shape}, anchor ({anchor}){kind}")
        lines.append(_numbers(self.kernel, self.std_error))
        if not self.symmetric and self.kernel.size > 1:
            turned = ", ".join(map(str, self.correlation_anchor))
            lines.append(f"as a correlation kernel, anchor ({turned})")
            lines.append(_numbers(self.correlation_kernel, self.std_error, errors=False))
        lines += [f"{name}: {text}" for name, text in self.facts()]
        lines += [f"  {piece.text}" for piece in self.evidence if not piece.against]
        lines += [f"note: {text}" for text in self.warnings]
        return "\n".join(lines)

    def facts(self) -> list[tuple[str, str]]:
        """What there is to say beside the verdict and the kernel: names and texts."""
        rows = []
        if self.rational is not None:
            exactly = self.rational.reproduced
            told = f", which makes {exactly:.2%} of the pixels exactly" if exactly > 0 else ""
            rows.append(("fractions", f"{self.rational}{told}"))
        if self.separable and min(self.kernel.shape[-2:]) > 1:
            rows.append(("separable", "yes, within the error bars"))
        if self.symmetries:
            rows.append(("symmetric", ", ".join(self.symmetries)))
        rows += [
            ("boundary", _boundary(self)),
            ("offset", f"{self.offset:.4g} +- {self.offset_std_error:.2g}"),
            ("levels", f"{self.rounding}, {self.clipped_fraction:.2%} clipped"),
            ("residual", f"standard deviation {self.residual_std:.4g}, {self.pixels} pixels"),
        ]
        return rows


def _boundary(report: FilterReport) -> str:
    name = report.boundary
    text = "not one of those known" if name is None else name
    if isinstance(text, tuple):
        text = " by ".join(text)
    others = [other for other in report.boundary_candidates if other != name]
    if others:
        text += f" (or {', '.join(others)}: the border does not tell)"
    return text


def _numbers(kernel: NDArray, std_error: NDArray, *, errors: bool = True) -> str:
    """The entries, to the digit after the first uncertain one."""
    known = std_error[np.isfinite(std_error)]
    spread = known.min() if known.size else np.nan
    digits = int(np.clip(1 - np.floor(np.log10(spread)), 0, 12)) if spread > 0 else 5
    text = np.array2string(
        kernel, precision=digits, suppress_small=True, floatmode="fixed", max_line_width=120
    )
    if errors and known.size:
        least, most = f"{known.min():.2g}", f"{known.max():.2g}"
        text += f"\nstandard errors {least}" + (f" to {most}" if most != least else "")
    return text
