"""One kernel for all planes on one box of displacements, and what is left over.

The moments of the planes, and of their quarters, add up; the normal equations about the means of
the columns leave the offset out. Where the residual is so small that moments cannot show it, it is
had from the pictures, and the solution refined by it:

    h <- h + C X'(y - X h - o)

Source: A. Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, section 6.6 (the
corrected semi-normal equations), doi:10.1137/1.9781611971484.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from convmat.gram.moments import Moments
from convmat.identify.box import Box, Region
from convmat.identify.given import Plane
from convmat.triangles import inverse_of_product

__all__ = [
    "BoxFit",
    "Residual",
    "fit_box",
    "fit_moments",
    "residuals_of",
]

_EPS = float(np.finfo(np.float64).eps)
# Share of the power below which a residual is computed from the pictures, not from the moments.
_SMALL = 1e-9
# Share of the trace added where the Gram matrix is singular: what is not excited gets wide bars.
_RIDGE = 1e-13
# Multiplications for pixels of weights of their own, for which there is no fast way.
_MOST_PRODUCTS = 3e11


@dataclass(frozen=True, eq=False)
class BoxFit:
    """Least squares on one box.

    Attributes
    ----------
    box : Box
    kernel : ndarray of float64, the box's shape
    offset : float
    gram, inverse : ndarray, shape (K, K)
        About the means of the columns.
    square : float
        Sum of the squares of the residual.
    observations : int
    singular : bool
        Whether the Gram matrix is singular to working precision.
    moments : tuple of Moments
        Of the parts that add up to the whole.
    frame : Box
        The box that the fitted pixels are the interior of; it contains `box`.
    offset_variance : float
        Of the offset, for noise of variance 1.
    floor : float
        What rounding in double precision leaves of exact data; 0 where that was not looked at.
    """

    box: Box
    kernel: NDArray
    offset: float
    gram: NDArray
    inverse: NDArray
    square: float
    observations: int
    singular: bool
    moments: tuple[Moments, ...]
    frame: Box
    offset_variance: float
    floor: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether nothing is left but the last digits of double precision."""
        return self.floor > 0 and self.square <= 4 * self.floor

    @property
    def variance(self) -> float:
        """Of the residual, with one degree of freedom less for each unknown."""
        return self.square / max(self.observations - self.box.size - 1, 1)


@dataclass(frozen=True, eq=False)
class Residual:
    """Of one plane, in a region: what is left of the picture after, and which pixels count."""

    plane: Plane
    region: Region
    left: NDArray
    keep: NDArray | None

    @property
    def levels(self) -> NDArray:
        """The picture after, in the region."""
        return self.plane.after[self.region.slices]

    @property
    def fitted(self) -> NDArray:
        """What the kernel made; subtracted anew every time, for it is as large as a picture."""
        return self.levels - self.left

    @property
    def used(self) -> NDArray:
        """What is left at the pixels that count, 1-D."""
        return self.left.ravel() if self.keep is None else self.left[self.keep]

    @property
    def masked(self) -> NDArray:
        """What is left, with 0 at the pixels that do not count."""
        return self.left if self.keep is None else self.left * self.keep


def fit_moments(parts: Sequence[Moments], box: Box) -> BoxFit:
    """The kernel and offset that minimise the squares over all parts together."""
    from scipy import linalg

    total = reduce(add, parts).centred()
    gram, cross = total.gram, total.rhs
    factor, singular = _factor(gram)
    kernel = linalg.cho_solve((factor, True), cross, check_finite=False)
    inverse = inverse_of_product(factor)
    # To within eps times the constant; what is smaller is had from the pictures.
    square = total.constant + kernel @ (gram @ kernel - 2 * cross)
    with np.errstate(over="ignore", invalid="ignore"):  # of a ramp, nothing is known
        offset_variance = float(1 / total.weight + total.mean @ inverse @ total.mean)
    return BoxFit(
        box=box,
        kernel=kernel.reshape(box.shape),
        offset=float(total.level - total.mean @ kernel),
        gram=gram,
        inverse=inverse,
        square=max(float(square), 0.0),
        observations=sum(part.observations for part in parts),
        singular=singular,
        moments=tuple(parts),
        frame=box,
        offset_variance=offset_variance,
    )


def fit_box(
    planes: Sequence[Plane],
    box: Box,
    keeps: Sequence[NDArray | None] | None = None,
    *,
    quarters: bool = False,
    frame: Box | None = None,
) -> BoxFit:
    """Fit one kernel to the interior of all planes, by quarters where they are to be compared.

    `keeps` has one array for each plane, in after's shape: booleans, or weights of the pixels.
    `frame` is a larger box, the interior of which is fitted.
    """
    frame = box if frame is None else frame
    keeps = [None] * len(planes) if keeps is None else keeps
    parts = []
    for plane, keep in zip(planes, keeps, strict=True):
        region = frame.interior(plane.before.shape, plane.after.shape)
        if keep is not None:
            region = _affordable(region, keep, box.size)
        for part in region.quarters() if quarters else [region]:
            if part.size and (keep is None or keep[part.slices].any()):
                parts.append(plane.moments(box, part, keep))
    fit = replace(fit_moments(parts, box), frame=frame)
    power = reduce(add, parts).centred().constant
    weighted = any(keep is not None and keep.dtype != np.bool_ for keep in keeps)
    if fit.square > _SMALL * power or not power or weighted:
        return fit
    return _refined(planes, keeps, fit)


def residuals_of(
    planes: Sequence[Plane], fit: BoxFit, keeps: Sequence[NDArray | None] | None = None
) -> Iterator[Residual]:
    """What the fit leaves of every plane, on the interior of its frame: one at a time."""
    keeps = [None] * len(planes) if keeps is None else keeps
    for plane, keep in zip(planes, keeps, strict=True):
        region = fit.frame.interior(plane.before.shape, plane.after.shape)
        left = fit.box.forward(plane.before, fit.kernel, region)
        left += fit.offset
        np.subtract(plane.after[region.slices], left, out=left)
        inside = None if keep is None else keep[region.slices] > 0
        yield Residual(plane, region, left, inside)


def _affordable(region: Region, keep: NDArray, columns: int) -> Region:
    """The middle of a region, where leaving single pixels out of the whole would take minutes."""
    while True:
        inside = keep[region.slices]
        odd = int(np.count_nonzero(inside != (1 if inside.dtype == np.bool_ else -1)))
        if min(odd, int(inside.size)) * columns**2 <= _MOST_PRODUCTS or region.size < 2**16:
            return region
        sizes = [max(b - a, 1) for a, b in zip(region.start, region.stop, strict=True)]
        margins = [n // 8 for n in sizes]
        region = Region(
            tuple(a + m for a, m in zip(region.start, margins, strict=True)),
            tuple(b - m for b, m in zip(region.stop, margins, strict=True)),
        )


def _factor(gram: NDArray) -> tuple[NDArray, bool]:
    """The Cholesky factor, of the matrix with a ridge where it is singular."""
    from scipy import linalg

    trace = float(np.trace(gram))
    try:
        factor = linalg.cholesky(gram, lower=True, check_finite=False)
        diagonal = np.diagonal(factor)
        if diagonal.min() ** 2 > 16 * _EPS * len(gram) * trace / len(gram):
            return factor, False
    except linalg.LinAlgError:
        pass
    ridge = max(_RIDGE * trace, float(np.finfo(np.float64).tiny))
    while True:
        try:
            return linalg.cholesky(gram + ridge * np.eye(len(gram)), lower=True), True
        except linalg.LinAlgError:
            ridge *= 10


def _refined(
    planes: Sequence[Plane], keeps: Sequence[NDArray | None], fit: BoxFit, steps: int = 2
) -> BoxFit:
    """With the residual computed from the pictures, so that it may be of their last digits."""
    means = reduce(add, fit.moments).centred().mean
    for step in range(steps + 1):
        gradient, total, square, count = np.zeros(fit.box.size), 0.0, 0.0, 0
        for residual in residuals_of(planes, fit, keeps):
            left = residual.masked
            samples = residual.plane.before[fit.box.reads(residual.region)]
            gradient += correlated(samples, left, fit.box.shape)
            total, square, count = (
                total + left.sum(),
                square + np.vdot(left, left),
                count
                + (left.size if residual.keep is None else int(np.count_nonzero(residual.keep))),
            )
        if step == steps or fit.singular:
            break
        change = fit.inverse @ (gradient - means * total)
        offset = fit.offset + total / count - means @ change
        fit = replace(fit, kernel=fit.kernel + change.reshape(fit.box.shape), offset=float(offset))
    # What double precision makes of exact data is no evidence against anything: of the products,
    # and of a kernel that is off in its last digits.
    largest = max(float(np.abs(plane.after).max()) for plane in planes)
    floor = count * (8 * _EPS * largest) ** 2
    floor += float(np.trace(fit.gram)) * (8 * _EPS) ** 2 * float(np.vdot(fit.kernel, fit.kernel))
    return replace(fit, square=max(float(square), floor), floor=floor)


def correlated(samples: NDArray, left: NDArray, shape: tuple[int, ...]) -> NDArray:
    """X'r of what is left, raveled like the kernel."""
    from convmat.operators.correlation import WindowPlan

    return WindowPlan(np.ascontiguousarray(samples), shape).adjoint(left).ravel()
