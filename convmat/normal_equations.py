"""The normal equations of a least-squares problem, and what is checked of those that are given.

    (A'WA) x = A'Wb

Where the columns of A share a large mean, r, it is kept apart: S, c and the constant are then about
the means of the columns and of b, t, weighted, and with w the sum of the weights

    A'WA = S + w r r',    A'Wb = c + w r t,    b'Wb = constant + w |t|^2

Summed up, a mean of 40,000 would push a standard deviation of 50 out of the last digits of A'WA.

Source: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, section 2.2,
doi:10.1137/1.9781611971484.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.errors import ConvmatError

__all__ = ["CentredEquations", "NormalEquations", "checked_centred", "checked_equations"]


class NormalEquations(NamedTuple):
    """``gram = A'WA`` (without damping), ``rhs = A'Wb``, ``constant = b'Wb``.

    They determine the problem: its objective at x, undamped, is
    ``x'(gram)x - 2 Re(x'rhs) + constant``.
    """

    gram: Any
    rhs: NDArray
    constant: float


class CentredEquations(NamedTuple):
    """S (n, n), c (n,), the constant, r (n,), t and w of above."""

    gram: NDArray
    rhs: NDArray
    constant: float
    mean: NDArray
    level: complex
    weight: float

    def plain(self) -> NormalEquations:
        """With the means put back."""
        scaled = self.weight * self.mean
        return NormalEquations(
            self.gram + np.outer(scaled, self.mean.conj()),
            self.rhs + scaled * self.level,
            self.constant + self.weight * abs(self.level) ** 2,
        )


def checked_equations(given: Any, n: int) -> NormalEquations:
    """What an operator's ``normal_equations`` gave for n unknowns.

    Raises
    ------
    ConvmatError
    """
    gram, rhs, constant = given
    rhs = np.asarray(rhs)
    _check("normal_equations", gram, (rhs,), (constant,), n)
    return NormalEquations(gram, rhs, float(np.real(constant)))


def checked_centred(given: Any, n: int) -> CentredEquations:
    """What an operator's ``centred_equations`` gave for n unknowns; it raises alike."""
    gram, rhs, constant, mean, level, weight = given
    rhs, mean = np.asarray(rhs), np.asarray(mean)
    _check("centred_equations", gram, (rhs, mean), (constant, level, weight), n)
    return CentredEquations(gram, rhs, float(np.real(constant)), mean, level, float(weight))


def _check(
    name: str, gram: Any, vectors: tuple[NDArray, ...], numbers: tuple[Any, ...], n: int
) -> None:
    entries = gram.data if sparse.issparse(gram) else np.asarray(gram)
    shapes = [np.shape(gram), *(vector.shape for vector in vectors)]
    if shapes != [(n, n), *[(n,)] * len(vectors)]:
        raise ConvmatError(
            f"A.{name} must give shapes ({n}, {n}) and ({n},), got "
            f"{', '.join(map(str, shapes[:-1]))} and {shapes[-1]}"
        )
    if not all(np.isfinite(values).all() for values in (entries, *vectors, *numbers)):
        raise ConvmatError(f"A.{name} gave entries that are NaN or infinite")
