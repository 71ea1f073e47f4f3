"""Whether one operator is the adjoint of another: the dot test.

A' is the adjoint of A where <Ax, y> = <x, A'y> for all x and y; random ones tell.

Source: J. F. Claerbout, Earth Soundings Analysis, Blackwell 1992, section 5.1 (the dot-product
test).
"""

import warnings
from collections.abc import Callable, Sequence
from math import nan, prod, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convmat.powers_of_two import exponent_of, times_power
from convmat.probing.adjoint_faults import why_not_adjoint
from convmat.probing.adjoint_pair import parse_pair
from convmat.probing.black_box import BlackBox, MisbehaviourError
from convmat.probing.norms import ratio
from convmat.probing.options import check_count

__all__ = ["DotTest", "check_adjoint"]

_MARGIN = 100  # multiples of eps, relative to the norms, that an output may round by
_SEED = 20130626


class DotTest(float):
    """The relative error of a dot test: a float that knows what it means.

    Attributes
    ----------
    tolerance : float
        What rounding may make of it.
    reason : str
        Why it is larger; empty where it is not.

    Examples
    --------
    >>> error = DotTest(0.03, 1e-14, "it is twice the adjoint")
    >>> error > 0.01, error.ok
    (True, False)
    >>> print(error)
    0.03, no adjoint: it is twice the adjoint
    """

    tolerance: float
    reason: str

    def __new__(cls, error: float, tolerance: float, reason: str = "") -> "DotTest":
        """A float, and what is known of it."""
        made = super().__new__(cls, error)
        made.tolerance, made.reason = tolerance, reason
        return made

    def __getnewargs__(self) -> Any:
        return float(self), self.tolerance, self.reason

    @property
    def ok(self) -> bool:
        """Whether it is no more than rounding."""
        return self <= self.tolerance

    def __str__(self) -> str:
        verdict = "the adjoint" if self.ok else f"no adjoint: {self.reason}"
        return f"{float(self):.2g}, {verdict}"


class _Draw(NamedTuple):
    """The inner products <Ax, y> and <x, A'y>, and the larger product of the norms.

    All three over the same power of two, so that they are no too large or too small numbers.
    """

    forward: complex
    backward: complex
    size: float

    @property
    def error(self) -> float:
        return ratio(abs(self.forward - self.backward), self.size)


def check_adjoint(
    operator: Any,
    adjoint: Callable[[NDArray], Any] | None = None,
    input_shape: int | Sequence[int] | None = None,
    *,
    dtype: DTypeLike | None = None,
    draws: int = 3,
    max_calls: int = 1024,
) -> DotTest:
    """The relative error of the dot test, the largest of several draws.

    It is ``|<Ax, y> - <x, A'y>| / max(|Ax| |y|, |x| |A'y|)`` for random x and y.

    Parameters
    ----------
    operator : operator or callable
        With `matvec`, `rmatvec` and `shape` (SciPy, PyLops, convmat), or the function A.
    adjoint : callable, optional
        The function A', where `operator` is a function.
    input_shape : int or tuple of int, optional
        Of x; required for functions. An operator is given vectors anyway: the shape helps to say
        what is wrong with it, and is known of PyLops' and convmat's.
    dtype : dtype, optional
        Of x. Default: the operator's; float64 for functions. The first factor of a complex inner
        product is conjugated. Of a real x and a complex Ax, real parts are compared.
    draws : int
    max_calls : int
        For each function, as for `probe_operator`, which is asked where the test fails.

    Returns
    -------
    DotTest
        A float: a few eps for an adjoint, NaN where a function does not answer or in another
        shape. An adjoint that is wrong near the edges only may have as little as the square root
        of the share of pixels there, divided by the square root of their number. It has `ok`, and
        `reason` says why not.

    Raises
    ------
    ConvmatError
        For arguments that are no operator, function, shape, dtype or number.

    Examples
    --------
    >>> from convmat.operators.matrix_free import ConvolutionOperator
    >>> check_adjoint(ConvolutionOperator([1, 2, 3], 50, "same", "replicate")) < 1e-15
    True
    >>> from scipy import ndimage
    >>> def blur(x):
    ...     return ndimage.convolve1d(x, [1, 2, 3], mode="nearest")
    >>> def back(y):
    ...     return ndimage.correlate1d(y, [1, 2, 3], mode="nearest")
    >>> print(check_adjoint(blur, back, 50))
    0.0..., no adjoint: it is the convolution with the flipped kernel and the same padding ...
    """
    check_count(draws, "draws")
    check_count(max_calls, "max_calls")
    forward, back, output_shape = parse_pair(operator, adjoint, input_shape, dtype)
    rng = np.random.default_rng(_SEED)
    who = "the operator"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            signals = [_normal(rng, forward.input_shape, forward.dtype) for _ in range(draws)]
            products = [forward(x) for x in signals]
            who = "its adjoint"
            shape = forward.output_shape or ()
            if output_shape is not None and prod(shape) == prod(output_shape):
                shape = output_shape
            backward = BlackBox(back, shape or (1,), _dtype_of_outputs(forward))
            tests = []
            for x, Ax in zip(signals, products, strict=True):
                y = _normal(rng, backward.input_shape, backward.dtype)
                Aty = backward(y)
                if Aty.shape != x.shape:
                    return DotTest(
                        nan,
                        nan,
                        f"its adjoint returns the shape {Aty.shape} for an output of shape "
                        f"{y.shape}, and should return {x.shape}",
                    )
                tests.append(_draw(x, Ax, y, Aty))
        except MisbehaviourError as fault:
            return DotTest(nan, nan, f"{who} is no such function: {fault.in_words()}")
    error = max(test.error for test in tests)
    eps = max(forward.precision, backward.precision, float(np.finfo(np.float64).eps))
    # Rounding is as good as orthogonal to a random vector of so many entries.
    tolerance = _MARGIN * eps / sqrt(min(prod(forward.input_shape), prod(backward.input_shape)))
    reason = "" if error <= tolerance else why_not_adjoint(forward, backward, max_calls)
    return DotTest(error, tolerance, reason)


def _draw(x: NDArray, Ax: NDArray, y: NDArray, Aty: NDArray) -> _Draw:
    exponent = exponent_of(np.concatenate([Ax.ravel(), Aty.ravel()]))
    Ax, Aty = times_power(Ax, -exponent), times_power(Aty, -exponent)
    one, other = np.vdot(Ax, y).item(), np.vdot(x, Aty).item()
    if not np.iscomplexobj(x):  # then only the real parts have to agree
        one, other = one.real, other.real
    norm = np.linalg.norm
    size = max(norm(Ax.ravel()) * norm(y.ravel()), norm(x.ravel()) * norm(Aty.ravel()))
    return _Draw(one, other, float(size))


def _normal(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype) -> NDArray:
    values = rng.standard_normal(shape)
    if dtype.kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def _dtype_of_outputs(box: BlackBox) -> np.dtype:
    """Floating, since y is random: integers become float64."""
    dtype = box.output_dtype
    return dtype if dtype is not None and dtype.kind in "fc" else np.dtype(np.float64)
