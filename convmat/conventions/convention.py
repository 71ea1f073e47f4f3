"""A convolution, whoever computes it: kernel, mode, boundary and anchor of the one definition.

    y[i] = sum over a of  h[a] * ext(x)[i + c - a]

Every convolution at stride 1 is a signal continued by some samples on either side, and a `valid`
convolution of that. Along an axis with a kernel of k entries and anchor c these are

    full    k - 1 before, k - 1 after      same    k - 1 - c before, c after      valid    none

which is how tools that pad, instead of naming a mode, are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convmat.arrays import as_samples
from convmat.boundary import Boundary
from convmat.geometry import Geometry, Mode
from convmat.matrices.explicit import convolution_matrix
from convmat.operators.convolution import convolve

__all__ = ["Convention"]


@dataclass(frozen=True, eq=False)
class Convention:
    """A convolution in convmat's terms, for signals of any shape.

    Parameters
    ----------
    kernel : array_like
        h; integers become float64.
    mode : {"full", "same", "valid"}
    boundary : str or tuple of str
        A name of `Boundary`, or one for each axis.
    anchor : int or tuple of int, optional
        Index of the kernel entry at the origin, default ``(k - 1) // 2``. In `full` and `valid` it
        changes nothing but how outputs are numbered.

    Raises
    ------
    ConvmatError
        As `Geometry`.

    Examples
    --------
    >>> one = Convention([1, 10, 100], "same", "replicate")
    >>> one.apply([1, 2, 3, 4])
    array([112., 123., 234., 344.])
    >>> print(one)
    kernel of shape (3,), same, replicate, anchor (1,)
    """

    kernel: NDArray
    mode: Mode = Mode.FULL
    boundary: tuple[Boundary, ...] = (Boundary.ZERO,)
    anchor: tuple[int, ...] = ()

    def __init__(
        self,
        kernel: Any,
        mode: str = "full",
        boundary: str | Sequence[str] = "zero",
        anchor: int | Sequence[int] | None = None,
    ) -> None:
        values = as_samples(kernel, "kernel").copy()
        values.flags.writeable = False
        parsed = Geometry(values.shape, values.shape, mode, boundary, anchor)
        fields = {
            "kernel": values,
            "mode": parsed.mode,
            "boundary": parsed.boundary,
            "anchor": parsed.anchor,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        names = list(dict.fromkeys(self.boundary))
        boundary = names[0] if len(names) == 1 else ", ".join(self.boundary)
        return f"kernel of shape {self.kernel.shape}, {self.mode}, {boundary}, anchor {self.anchor}"

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """How many samples before and after the signal are read, per axis.

        A negative number is that many of the signal's own that are not read: the anchor is then
        outside the kernel.
        """
        sizes = self.kernel.shape
        if self.mode is Mode.VALID:
            return ((0, 0),) * len(sizes)
        if self.mode is Mode.FULL:
            return tuple((k - 1, k - 1) for k in sizes)
        return tuple((k - 1 - c, c) for k, c in zip(sizes, self.anchor, strict=True))

    @property
    def boundaries_read(self) -> tuple[Boundary | None, ...]:
        """The boundary of each axis; None where no sample beyond the edge is read."""
        return tuple(
            name if max(widths) > 0 else None
            for name, widths in zip(self.boundary, self.padding, strict=True)
        )

    def apply(self, data: Any) -> NDArray:
        """Convolve `data`, as `convmat.convolve` does."""
        return convolve(data, self.kernel, self.mode, self.boundary, anchor=self.anchor)

    def matrix(self, input_shape: int | Sequence[int], **options: Any) -> sparse.csr_array:
        """The matrix H, as `convmat.convolution_matrix` builds it; `options` are its own."""
        return convolution_matrix(
            self.kernel, input_shape, self.mode, self.boundary, anchor=self.anchor, **options
        )

    def widened(self, widths: Sequence[tuple[int, int]]) -> "Convention":
        """The same with so many zeros before and after the kernel, per axis, where mode is `same`.

        Examples
        --------
        >>> moved = Convention([1, 2], "same", "zero", 0).widened([(1, 0)])
        >>> moved.kernel, moved.anchor
        (array([0., 1., 2.]), (1,))
        """
        anchor = tuple(c + before for c, (before, _) in zip(self.anchor, widths, strict=True))
        return Convention(np.pad(self.kernel, widths), self.mode, self.boundary, anchor)

    def agrees_with(self, other: "Convention") -> bool:
        """Whether both are the same map of every signal, up to rounding of the kernel's entries.

        The boundary does not count along axes where nothing beyond the edges is read, the anchor
        not in `full` and `valid`, and zeros around the kernel not in `same`.

        Examples
        --------
        >>> one = Convention([1, 2], "same", "mirror", 0)
        >>> one.agrees_with(Convention([0, 0, 1, 2], "same", "mirror", 2))
        True
        """
        one, two = self._trimmed(), other._trimmed()
        if one.mode is not two.mode or one.kernel.ndim != two.kernel.ndim:
            return False
        if one.mode is Mode.SAME and not (one.kernel.any() or two.kernel.any()):
            return True
        if one.kernel.shape != two.kernel.shape:
            return False
        rounding = one.kernel.size * np.finfo(np.result_type(one.kernel, two.kernel)).eps
        if abs(one.kernel - two.kernel).max() > rounding * abs(one.kernel).max():
            return False
        if one.mode is Mode.SAME and one.anchor != two.anchor:
            return False
        return one.boundaries_read == two.boundaries_read

    def _trimmed(self) -> "Convention":
        """Without the zeros around the kernel, where they change nothing.

        One entry makes as many outputs in every mode, as `same` does with it at the origin.
        """
        if self.mode is not Mode.SAME and self.kernel.size == 1:
            return Convention(self.kernel, "same", self.boundary, (0,) * self.kernel.ndim)
        if self.mode is not Mode.SAME or not self.kernel.any():
            return self
        nonzero = np.nonzero(self.kernel)
        starts = [int(index.min()) for index in nonzero]
        box = tuple(
            slice(start, int(index.max()) + 1) for start, index in zip(starts, nonzero, strict=True)
        )
        anchor = tuple(c - start for c, start in zip(self.anchor, starts, strict=True))
        return Convention(self.kernel[box], self.mode, self.boundary, anchor)
