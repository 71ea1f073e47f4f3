"""The kernel as a tool takes it: which way round, divided by what, and of which sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.arrays import as_samples
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.padding_widths import integers_of
from convmat.conventions.tools.tool_names import look_up
from convmat.errors import ConvmatError
from convmat.memory import require_memory

__all__ = ["BY_SUM", "KernelForm"]

BY_SUM = "its sum"


@dataclass(frozen=True)
class KernelForm:
    """How a tool's kernel becomes ours, and ours a tool's.

    Parameters
    ----------
    orientation : Orientation
        The one of a tool that has no choice, or its default.
    choice : (str, mapping), optional
        The argument by which the tool chooses, and what its names mean.
    divisor : str, optional
        `BY_SUM`, or the name of the argument that the kernel is divided by.
    dilation : str, optional
        The name of the argument that says how far apart the kernel's entries are.
    shapes : tuple of tuple of int, optional
        The only ones that the tool takes.
    odd : bool
        Whether it takes odd sizes only.
    separable : bool
        Whether it takes a pair of 1-D kernels, the last axis first, in place of their product.
    takes_complex : bool
    """

    orientation: Orientation
    choice: tuple[str, Mapping[str, Orientation]] | None = None
    divisor: str | None = None
    dilation: str | None = None
    shapes: tuple[tuple[int, ...], ...] | None = None
    odd: bool = False
    separable: bool = False
    takes_complex: bool = True

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that are read here."""
        divisor = None if self.divisor == BY_SUM else self.divisor
        names = (self.choice[0] if self.choice else None, divisor, self.dilation)
        return tuple(name for name in names if name)

    def read(self, kernel: Any, given: Mapping[str, Any]) -> NDArray:
        """Our kernel, for the tool's and its arguments."""
        values = _product(kernel) if self.separable else as_samples(kernel, "kernel")
        self._check(values)
        orientation = self.orientation
        if self.choice and self.choice[0] in given:
            orientation = look_up(self.choice[0], given[self.choice[0]], self.choice[1])
        values = orientation.turn(values)
        if self.dilation:
            factors = integers_of(self.dilation, given.get(self.dilation, 1), values.ndim)
            values = _dilated(values, factors, self.dilation)
        return values / self._divisor(values, given) if self.divisor else values

    def write(self, kernel: NDArray) -> tuple[Any, dict[str, Any]]:
        """The tool's kernel for ours, and the arguments that go with it."""
        self._check(kernel)
        if self.divisor == BY_SUM:
            total = kernel.sum()
            if min(abs(total), abs(total - 1)) > _rounding(kernel):
                raise ConvmatError(
                    f"divides the kernel by its sum, here {total:.6g}; it must be 1 or 0"
                )
        arguments: dict[str, Any] = {}
        orientation = self.orientation
        if self.choice:
            name, choices = self.choice
            wanted = next(key for key, ours in choices.items() if ours is Orientation.CONVOLUTION)
            arguments[name], orientation = wanted, Orientation.CONVOLUTION
        if self.divisor and self.divisor != BY_SUM:
            arguments[self.divisor] = 1
        turned = orientation.turn(kernel).copy()  # PyTorch takes no array that runs backwards
        return (_factors(turned) if self.separable else turned), arguments

    def _check(self, kernel: NDArray) -> None:
        shape = kernel.shape
        if kernel.dtype.kind == "c" and not self.takes_complex:
            raise ConvmatError("takes real kernels only")
        if self.shapes and shape not in self.shapes:
            allowed = " or ".join("x".join(map(str, one)) for one in self.shapes)
            raise ConvmatError(f"takes kernels of {allowed} only, got {shape}")
        if self.odd and any(k % 2 == 0 for k in shape):
            raise ConvmatError(f"takes kernels of odd sizes only, got {shape}")

    def _divisor(self, kernel: NDArray, given: Mapping[str, Any]) -> Any:
        if self.divisor == BY_SUM:
            total = kernel.sum()
            return 1.0 if abs(total) <= _rounding(kernel) else total
        value = given.get(self.divisor or "")
        divisor = kernel.sum() if value is None else value
        number = isinstance(divisor, Real) and not isinstance(divisor, bool)
        if not number or not np.isfinite(float(divisor)) or divisor == 0:
            raise ConvmatError(f"{self.divisor} must be a number other than 0, got {divisor!r}")
        return divisor


def _rounding(kernel: NDArray) -> float:
    """How far a kernel's sum may be off."""
    return float(kernel.size * np.finfo(kernel.dtype).eps * abs(kernel).sum())


def _dilated(kernel: NDArray, factors: list[int], argument: str) -> NDArray:
    """With zeros between the entries."""
    if min(factors) < 1:
        raise ConvmatError(f"{argument} must be at least 1, got {tuple(factors)}")
    shape = [(k - 1) * factor + 1 for k, factor in zip(kernel.shape, factors, strict=True)]
    require_memory(
        kernel.itemsize * prod(shape), f"the kernel for {argument}={tuple(factors)}", "dilate less"
    )
    spread = np.zeros(shape, dtype=kernel.dtype)
    spread[tuple(slice(None, None, factor) for factor in factors)] = kernel
    return spread


def _product(kernels: Any) -> NDArray:
    if not isinstance(kernels, tuple | list) or len(kernels) != 2:
        raise ConvmatError("takes two kernels, as a pair (kernelX, kernelY)")
    along_x, along_y = (
        as_samples(one, name, ndim=1)
        for one, name in zip(kernels, ("kernelX", "kernelY"), strict=True)
    )
    return np.outer(along_y, along_x)


def _factors(kernel: NDArray) -> tuple[NDArray, NDArray]:
    """The pair whose product the kernel is: its row and its column through the largest entry."""
    row, column = np.unravel_index(int(np.argmax(abs(kernel))), kernel.shape)
    pivot = kernel[row, column]
    along_x = kernel[row] / (pivot if pivot else 1)
    along_y = kernel[:, column]
    error = abs(np.outer(along_y, along_x) - kernel).max()
    if error > 4 * np.finfo(kernel.dtype).eps * abs(pivot):
        raise ConvmatError(
            f"takes kernels that are the product of a column and a row; this one deviates by "
            f"{error:.3g} from that through its largest entry"
        )
    return along_x, along_y
