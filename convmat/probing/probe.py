"""What does this function compute? Found out by calling it.

It is called on random signals (is it linear?), on impulses (its matrix) and on random signals
again (is that its matrix?). Then the matrix is compared with those of all convolutions.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.boundary import Boundary
from convmat.conventions.convention import Convention
from convmat.conventions.dialects import other_names
from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.linear_part import LinearPart, find_linear_part
from convmat.probing.linearity import Linearity, measure_linearity
from convmat.probing.operator_report import Border, OperatorReport, Verdict
from convmat.probing.options import check_count, check_number
from convmat.probing.recognize import Recognition, recognize_convolution
from convmat.probing.repeats import check_earlier_answers
from convmat.probing.rounded import recognize_rounded
from convmat.probing.trials import rounding_of

__all__ = ["probe_operator"]

_SAME = 1e-9  # of the largest: for words only
_SEED = 20130626


def probe_operator(
    function: Callable[[NDArray], Any],
    input_shape: int | Sequence[int],
    *,
    dtype: DTypeLike = "float64",
    max_calls: int = 1024,
    tolerance: float | None = None,
) -> OperatorReport:
    """Find out what a function of arrays computes, by calling it.

    Parameters
    ----------
    function : callable
        Takes an ndarray of `input_shape` and `dtype`, returns an array. Whatever it does
        (raise, write into its input, return something else each time, remember earlier calls)
        is reported.
    input_shape : int or tuple of int
        Three times the kernel's size or more along each axis tells the boundaries apart.
    dtype : dtype
        Of what it is given. Unsigned integers are given values of 1 to 255 and more, signed and
        real ones negative values too.
    max_calls : int
        For a matrix. With no more samples than that, each has an impulse of its own; with more,
        impulses share calls, farther apart than the kernel is wide. About 60 further calls
        measure linearity.
    tolerance : float, optional
        Relative deviation that counts as rounding. Default: 100 eps of the coarser of inputs and
        outputs.

    Returns
    -------
    OperatorReport
        ``print`` it for the findings in words.

    Raises
    ------
    ConvmatError
        Where `function` is not callable, or an argument is no shape, dtype or number. What
        `function` itself raises is in the report.

    See Also
    --------
    verify_operator : compare with what it should be.
    identify_filter : the same question, with only a picture before and one after.

    Examples
    --------
    >>> from scipy import ndimage
    >>> report = probe_operator(
    ...     lambda x: ndimage.correlate1d(x, [1, 2, 4, 8, 16], mode="mirror"), 16
    ... )
    >>> report.linear, report.kernel, report.anchor, report.boundaries
    (True, array([16.,  8.,  4.,  2.,  1.]), (2,), ((<Boundary.MIRROR: 'mirror'>,),))
    """
    box = BlackBox(function, input_shape, dtype)
    check_count(max_calls, "max_calls")
    if tolerance is not None:
        check_number(tolerance, "tolerance")
    rng = np.random.default_rng(_SEED)
    with warnings.catch_warnings():
        # Overflows and casts of values that the function was not made for are no news.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            linearity = measure_linearity(box, rng, tolerance)
            part = find_linear_part(box, linearity, rng, max_calls)
            found = _recognize(box, linearity, part, rng)
            check_earlier_answers(box, rounding_of(box, tolerance))
        except MisbehaviourError as error:
            return _report(box, error.verdict, notes=(error.in_words(),))
    return _describe(box, linearity, part, found)


def _recognize(
    box: BlackBox, linearity: Linearity, part: LinearPart, rng: np.random.Generator
) -> Recognition | None:
    if part.matrix is None or linearity.regime is None:
        return None
    if linearity.step:
        return recognize_rounded(box, part.matrix, linearity.regime, linearity.rounding, rng)
    return recognize_convolution(
        part.matrix, box.input_shape, box.output_shape or (), part.entry_error
    )


def _describe(
    box: BlackBox, linearity: Linearity, part: LinearPart, found: Recognition | None
) -> OperatorReport:
    known: dict[str, Any] = {}
    notes = [*linearity.notes, *part.notes]
    if found is not None and found.geometry is not None and found.kernel is not None:
        kernel, geometry = found.kernel, found.geometry
        if found.border is Border.EXTENDED:
            convention = Convention(kernel, geometry.mode, geometry.boundary, geometry.anchor)
            known["convention"] = convention
            if part.verdict in (Verdict.LINEAR, Verdict.QUANTISED):
                known["names"] = _names(convention, found.boundaries)
        known |= {
            "kernel": kernel,
            "kernel_error": found.kernel_error,
            "correlation": np.flip(kernel),
            "anchor": geometry.anchor,
            "mode": geometry.mode,
            "boundaries": found.boundaries,
            "border": found.border,
            "deviation": found.deviation,
        }
    if found is not None:
        notes += found.notes
        known["shift_invariant"] = found.shift_invariant
    notes += _offset_in_words(part, found)
    return _report(
        box,
        part.verdict,
        matrix=part.matrix,
        offset=part.offset,
        nonlinearity=linearity.deviation,
        step=linearity.step,
        valid_range=linearity.valid_range,
        notes=tuple(notes),
        **known,
    )


def _report(box: BlackBox, verdict: Verdict, **known: Any) -> OperatorReport:
    return OperatorReport(
        verdict,
        verdict is Verdict.LINEAR,
        input_shape=box.input_shape,
        output_shape=box.output_shape,
        dtype=None if box.output_dtype is None else str(box.output_dtype),
        changes_input=box.changes_input,
        calls=box.calls,
        **known,
    )


def _names(convention: Convention, boundaries: Sequence[Sequence[Boundary]]) -> dict[str, str]:
    """What tools call a convolution, by any boundary that fits along all axes."""
    common = [name for name in boundaries[0] if all(name in names for names in boundaries)]
    one = convention
    names: dict[str, str] = {}
    for boundary in [one.boundary, *((name,) * len(boundaries) for name in common)]:
        same = Convention(one.kernel, one.mode, boundary, one.anchor)
        for tool, call in other_names(same).calls.items():
            names.setdefault(tool, str(call))
    return names


def _offset_in_words(part: LinearPart, found: Recognition | None) -> list[str]:
    """A constant for all outputs, or one that the signal is continued by past its edges."""
    offset = part.offset.ravel()
    if part.verdict is not Verdict.AFFINE:
        return []
    allowed = _SAME * np.abs(offset).max()
    if np.abs(offset - offset[0]).max() <= allowed:
        return [f"it adds {offset[0]:.6g} to every output"]
    if found is not None and found.kernel is not None and part.matrix is not None:
        outside = found.kernel.sum() - part.matrix.sum(
            axis=1
        )  # of entries that read past the edges
        farthest = np.argmax(np.abs(outside))
        value = offset[farthest] / (outside[farthest] or 1.0)
        if np.abs(offset - value * outside).max() <= allowed:
            return [f"past the edges every sample is {value:.6g}"]
    return ["it adds what differs from output to output: see offset"]
