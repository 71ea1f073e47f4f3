"""Whether a function is a convolution, and what it is instead.

Function and convolution are given the same signals: whole numbers first, for differences that can
be worked out by hand, then random ones in several ranges. Where they differ, the function is
probed, and what is found is compared with what was asked for.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.conventions.convention import Convention
from convmat.geometry import Geometry
from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.differences import differences_in_words
from convmat.probing.linearity import refusals_in_words
from convmat.probing.operator_report import OperatorReport, Verdict
from convmat.probing.options import check_number
from convmat.probing.probe import probe_operator
from convmat.probing.regimes import Regime, random_signal, regimes

__all__ = ["Difference", "Verification", "verify_operator"]

_MARGIN = 100  # multiples of eps, relative to the largest output
_SEED = 20130626
_SPREAD = 4  # by which rounding that was measured may be exceeded elsewhere
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Difference:
    """An output that is not what it should be.

    Attributes
    ----------
    index : tuple of int
        Of the output.
    got, expected : float or complex
    signal : ndarray
        The input.
    largest : float
        The largest difference of an output.
    count : int
        How many outputs differ for this input.
    outputs : int
        How many there are.
    """

    index: tuple[int, ...]
    got: Any
    expected: Any
    signal: NDArray
    largest: float
    count: int
    outputs: int

    def __str__(self) -> str:
        return (
            f"output {self.index} is {self.got:.10g}, expected {self.expected:.10g}; "
            f"{self.count} of {self.outputs} outputs differ"
        )


@dataclass(frozen=True, eq=False)
class Verification:
    """Whether a function is the convolution that it should be.

    Attributes
    ----------
    ok : bool
        Whether no output differed, for any signal that was tried, and all of them were answered.
    difference : Difference or None
        The first output, in C order, that differs.
    reasons : tuple of str
        Why: what the function does otherwise; or what else to mind where it is right.
    convention : Convention
        What it should be.
    report : OperatorReport or None
        What was found where it is not that.
    """

    ok: bool
    difference: Difference | None
    reasons: tuple[str, ...]
    convention: Convention
    report: OperatorReport | None = None

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        lines = [f"{'ok' if self.ok else 'not ok'}: {self.convention}"]
        if self.difference is not None:
            lines.append(str(self.difference))
        return "\n".join([*lines, *self.reasons])


def verify_operator(
    function: Callable[[NDArray], Any],
    kernel: Any,
    input_shape: int | Sequence[int],
    mode: str = "same",
    boundary: str | Sequence[str] = "zero",
    *,
    anchor: int | Sequence[int] | None = None,
    dtype: DTypeLike = "float64",
    step: float = 0.0,
    tolerance: float | None = None,
    max_calls: int = 1024,
) -> Verification:
    """Check that a function is a convolution, and say what it is where it is another one.

    Parameters
    ----------
    function : callable
        Takes an ndarray of `input_shape` and `dtype`, returns an array.
    kernel : array_like
        The convolution kernel that it should have.
    input_shape : int or tuple of int
        Three times the kernel's size or more along each axis tells boundaries apart.
    mode : {"same", "full", "valid"}
        Default: `same`, unlike `convolution_matrix`, whose default is `full`: most functions return
        as many outputs as there are samples.
    boundary, anchor
        As for `convolution_matrix`: `zero` and ``(k - 1) // 2`` where they are not given.
    dtype : dtype
        Of what it is given.
    step : float
        By how much an output may be off since outputs are rounded: 1 for whole numbers.
    tolerance : float, optional
        By how much besides, relative to the largest output. Default: 100 eps of the coarser of
        inputs and outputs.
    max_calls : int
        As for `probe_operator`, which is asked where outputs differ.

    Returns
    -------
    Verification
        True or false by itself; ``print`` it for the reasons.

    Raises
    ------
    ConvmatError
        Where kernel, shape, mode, boundary and anchor do not fit together, or `function` is none.

    Examples
    --------
    >>> from scipy import ndimage
    >>> def blur(x):
    ...     return ndimage.correlate1d(x, [1, 2, 4, 2, 3], mode="mirror")
    >>> print(verify_operator(blur, [1, 2, 4, 2, 3], 16, "same", "symmetric"))
    not ok: kernel of shape (5,), same, symmetric, anchor (2,)
    output (0,) is ..., expected ...; ... of 16 outputs differ
    the kernel is reversed: it is a correlation
    looks like `mirror`, you asked for `symmetric`
    """
    box = BlackBox(function, input_shape, dtype)
    asked = Convention(kernel, mode, boundary, anchor)
    shape = Geometry(box.input_shape, asked.kernel.shape, mode, boundary, asked.anchor).output_shape
    check_number(step, "step")
    if tolerance is not None:
        check_number(tolerance, "tolerance")
    agreed, difference, allowed = 0, None, 0.0
    refusals: list[tuple[Regime, MisbehaviourError]] = []
    notes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for regime, signal in _signals(box):
            try:
                got = box(signal)
            except MisbehaviourError as error:
                refusals.append((regime, error))
                continue
            if got.shape != shape:
                notes.append(f"its outputs have the shape {got.shape}; they should have {shape}")
                break
            allowed = max(box.precision, _EPS) * _MARGIN if tolerance is None else tolerance
            difference = _first_difference(asked, signal, got, allowed, step)
            if difference is not None:
                break
            agreed += 1
    if difference is None and agreed and not refusals:
        if box.changes_input:
            notes.append("it writes into its input")
        return Verification(True, None, tuple(notes), asked)
    report = probe_operator(
        function, input_shape, dtype=dtype, max_calls=max_calls, tolerance=tolerance
    )
    reasons = dict.fromkeys([*notes, *_reasons(asked, report, step)])
    if refusals and not any(refusals[0][1].in_words() in reason for reason in reasons):
        reasons[refusals_in_words(refusals)] = None
    if report.verdict is Verdict.LIMITED and report.valid_range is not None:
        low, high = report.valid_range
        if _is_right_within(asked, box, Regime((low + high) / 2, (high - low) / 2), allowed, step):
            reasons[f"for values from {low:.7g} to {high:.7g} it is what it should be"] = None
    if not reasons and difference is not None:
        rounded = f", and step is {step:g}" if step else ""
        reasons = {f"outputs are off by up to {difference.largest:.3g}{rounded}": None}
    return Verification(False, difference, tuple(reasons), asked, report)


def _signals(box: BlackBox) -> Iterator[tuple[Regime, NDArray]]:
    """A range of values, and a signal of them."""
    rng = np.random.default_rng(_SEED)
    digits = rng.integers(1, 10, box.input_shape)
    yield Regime(5, 4), digits + 1j * digits[::-1] if box.dtype.kind == "c" else digits
    for regime in regimes(box.dtype):
        signal = regime.base + random_signal(rng, box.input_shape, box.dtype, regime.reach)
        yield regime, signal.astype(box.dtype)


def _is_right_within(
    asked: Convention, box: BlackBox, regime: Regime, tolerance: float, step: float
) -> bool:
    signal = regime.base + random_signal(
        np.random.default_rng(_SEED), box.input_shape, box.dtype, regime.reach
    )
    signal = signal.astype(box.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            got = box(signal)
    except MisbehaviourError:
        return False
    expected = asked.apply(signal)
    return got.shape == expected.shape and (
        _first_difference(asked, signal, got, tolerance, step) is None
    )


def _first_difference(
    asked: Convention, signal: NDArray, got: NDArray, tolerance: float, step: float
) -> Difference | None:
    expected = asked.apply(signal)
    allowed = step + tolerance * np.abs(expected).max()
    differs = np.abs(got - expected) > allowed
    if not differs.any():
        return None
    index = np.unravel_index(np.argmax(differs), differs.shape)
    return Difference(
        tuple(int(i) for i in index),
        got[index].item(),
        expected[index].item(),
        signal,
        float(np.abs(got - expected).max()),
        int(np.count_nonzero(differs)),
        differs.size,
    )


def _reasons(asked: Convention, report: OperatorReport, step: float) -> list[str]:
    """What the function is, as far as that is not what was asked for."""
    reasons = []
    if report.verdict is not Verdict.LINEAR and not (step and report.verdict is Verdict.QUANTISED):
        reasons.append(report.verdict_in_words())
    reasons += report.notes
    if report.kernel is not None:
        accuracy = _MARGIN * _EPS
        if report.verdict in (Verdict.LINEAR, Verdict.AFFINE):
            accuracy = max(accuracy, _SPREAD * report.nonlinearity)
        accuracy = max(accuracy, report.kernel_error / (np.abs(report.kernel).max() or 1.0))
        reasons += differences_in_words(asked, report, accuracy)
    return reasons
