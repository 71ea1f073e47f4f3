"""Calling a function that nothing is known of, and noticing what it does.

It is given a copy of every input, and its output is copied at once, so that a function that
works in place, or returns the same buffer each time, does no harm.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.errors import ConvmatError
from convmat.geometry import parse_shape
from convmat.memory import require_memory
from convmat.probing.operator_report import Verdict

__all__ = ["BlackBox", "MisbehaviourError"]

_KEPT = 8  # answers, to be asked for again
_SIGNALS = 32  # that are there at once, those answers among them


class MisbehaviourError(Exception):
    """The function did what keeps it from being a linear map; caught, and reported."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict

    def in_words(self) -> str:
        """Such as "it raises ZeroDivisionError: division by zero"."""
        return f"it raises {self}" if self.verdict is Verdict.RAISES else f"it {self}"


class BlackBox:
    """A function of arrays, as it shows when it is called.

    Parameters
    ----------
    function : callable
        Takes an ndarray of `input_shape`, returns an array of any shape.
    input_shape : int or tuple of int
    dtype : dtype
        Of the inputs: integer, real or complex.

    Attributes
    ----------
    calls : int
    changes_input : bool
    output_shape : tuple of int or None
        None before the first call that returned an array.
    output_dtype : dtype or None
        The widest there was.
    first_answers : list of pairs of ndarrays
        The first inputs that were answered, and the outputs.

    Raises
    ------
    ConvmatError
        For what is no function, shape or dtype, and for signals that would not fit in memory.

    Examples
    --------
    >>> box = BlackBox(np.cumsum, 3, "int64")
    >>> box(np.array([1, 2, 3])), box.output_dtype
    (array([1., 3., 6.]), dtype('int64'))
    """

    def __init__(
        self,
        function: Callable[[NDArray], Any],
        input_shape: int | Sequence[int],
        dtype: DTypeLike = "float64",
    ) -> None:
        if not callable(function):
            raise ConvmatError(f"function must be callable, got {type(function).__name__}")
        self.function = function
        self.input_shape = parse_shape(input_shape, "input_shape")
        self.dtype = _parse_dtype(dtype)
        require_memory(
            _SIGNALS * max(8, self.dtype.itemsize) * prod(self.input_shape),
            f"signals of {self.input_shape} samples",
            "use a smaller input_shape",
        )
        self.calls = 0
        self.changes_input = False
        self.output_shape: tuple[int, ...] | None = None
        self.output_dtype: np.dtype | None = None
        self.first_answers: list[tuple[NDArray, NDArray]] = []

    def __call__(self, signal: NDArray) -> NDArray:
        """The output, in double precision.

        Raises
        ------
        MisbehaviourError
            Where there is none, or not one of finite numbers in the shape of those before.
        """
        given = np.array(signal, dtype=self.dtype)
        kept = given.copy()
        self.calls += 1
        try:
            returned = self.function(given)
        except (Exception, SystemExit) as error:  # it is the function's, and to be reported
            raise MisbehaviourError(Verdict.RAISES, _in_words(error)) from error
        self.changes_input |= not np.array_equal(given, kept)
        output = self._checked(returned)
        output = output.astype(np.complex128 if output.dtype.kind == "c" else np.float64)
        if len(self.first_answers) < _KEPT:
            self.first_answers.append((kept, output.copy()))
        return output

    @property
    def precision(self) -> float:
        """The machine epsilon of the coarser of inputs and outputs; 0 where both are integers."""
        kinds = [kind for kind in (self.dtype, self.output_dtype) if kind is not None]
        return max(float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0 for kind in kinds)

    def _checked(self, returned: Any) -> NDArray:
        if np.ma.is_masked(returned):
            raise MisbehaviourError(Verdict.NO_ARRAY, "returns an array with masked entries")
        try:
            output = np.asarray(returned)
        except Exception as error:  # a ragged list, or an object that has its own idea of arrays
            raise MisbehaviourError(
                Verdict.NO_ARRAY, f"returns no array: {_in_words(error)}"
            ) from error
        if output.dtype.kind not in "buifc":
            kind = type(returned).__name__
            raise MisbehaviourError(Verdict.NO_ARRAY, f"returns {kind}, no array of numbers")
        if output.size == 0:
            raise MisbehaviourError(Verdict.NO_ARRAY, f"returns an empty array {output.shape}")
        if self.output_shape is None:
            self.output_shape = output.shape
        elif output.shape != self.output_shape:
            raise MisbehaviourError(
                Verdict.CHANGES_SHAPE,
                f"returns the shape {output.shape}, after {self.output_shape} for another input "
                "of the same shape",
            )
        finite = np.isfinite(output)
        if not finite.all():
            index = tuple(int(i) for i in np.argwhere(~finite)[0])
            raise MisbehaviourError(
                Verdict.NOT_FINITE, f"returns {output[index]} at index {index} for a finite input"
            )
        known = self.output_dtype
        self.output_dtype = output.dtype if known is None else np.result_type(known, output.dtype)
        return output


def _parse_dtype(dtype: DTypeLike) -> np.dtype:
    try:
        parsed = np.dtype(dtype)
    except TypeError:
        raise ConvmatError(f"dtype must be integer, real or complex, got {dtype!r}") from None
    if parsed.kind not in "uifc":
        raise ConvmatError(f"dtype must be integer, real or complex, got {parsed}")
    return parsed


def _in_words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text}" if text else name
