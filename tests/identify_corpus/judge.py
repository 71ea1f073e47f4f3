"""Holds a report against what is true, and says in words what is wrong with it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from identify_cases import EVERY, SMOOTH, picture
from oracles import convolve
from scipy.stats import norm

from convmat.identify.identify import identify_filter

# A correct report fails on one entry of one case in a hundred thousand.
UNLIKELY = 1e-5
# Sums of levels over a small divisor leave remainders that are not spread evenly over a step.
OFFSET_STEPS = 0.1
# Log likelihoods apart: odds of e^50 to one.
DOUBTLESS = 50.0
FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


@dataclass(frozen=True, eq=False)
class Outcome:
    """`wrong` is empty where all is right; `z` are the kernel's errors over their error bars."""

    case: object
    report: object
    wrong: tuple
    z: np.ndarray

    @property
    def verdict(self):
        return str(self.report.verdict)


@cache
def outcome(case):
    before = picture(case.picture)
    after = case.make(before)
    report = identify_filter(before, after)
    wrong, z = (
        of_a_convolution(case, before, after, report)
        if case.linear
        else (of_no_convolution(case, report), np.zeros(0))
    )
    return Outcome(case, report, tuple(wrong), z)


def is_false_alarm(outcome):
    """A convolution that is said to be none."""
    return outcome.case.linear and outcome.verdict == "not_linear"


def is_miss(outcome):
    """What is no convolution, said to be one."""
    return not outcome.case.linear and outcome.verdict == "linear"


def of_no_convolution(case, report):
    if case.doubtful and str(report.verdict) == "undetermined":
        return []
    if str(report.verdict) != "not_linear":
        return [f"verdict {report.verdict}: it is no convolution ({case.reason})"]
    wrong = []
    if not np.isnan(report.std_error).all():
        wrong.append("a kernel that is none has error bars")
    found = report.linearized
    if case.light and (found is None or found.tone not in case.light):
        wrong.append(f"it is linear in light ({case.light[0]}), reported: {found and found.tone}")
    if not case.light and found is not None:
        wrong.append(f"it is not linear in light either, reported: {found.tone}")
    return wrong


def of_a_convolution(case, before, after, report):
    doubtful = case.doubtful or case.picture in SMOOTH
    if doubtful and str(report.verdict) == "undetermined":
        return [], np.zeros(0)
    if str(report.verdict) != "linear":
        return [f"verdict {report.verdict}"], np.zeros(0)
    kernel, errors = np.asarray(case.kernel, dtype=float), report.std_error
    if report.kernel.ndim != kernel.ndim:
        return [f"the kernel has shape {report.kernel.shape} instead of {kernel.shape}"], np.zeros(
            0
        )
    wrong = []
    truth, missed = on_box(kernel, case.anchor, report.kernel.shape[-2:], report.anchor)
    if case.name in ("valid", "full"):
        # The anchor of an output of another size is a convention: the middle.
        truth, missed = on_box(kernel, case.anchor, report.kernel.shape[-2:], case.anchor)
    if not np.isfinite(errors).all():
        return ["error bars are missing"], np.zeros(0)
    off = report.kernel - truth
    exact = abs(off) <= 1e-6 * abs(truth).max()
    z = np.where(exact, 0.0, off / np.maximum(errors, 1e-300))
    limit = norm.isf(UNLIKELY / 2 / z.size)
    # What was left out pulls at the rest, by no more than itself.
    if np.any(abs(off) > limit * errors + missed + 1e-6 * abs(truth).max()):
        wrong.append(f"an entry is {abs(z).max():.1f} error bars off (shape {report.kernel.shape})")
    # What is outside the box must be too small to be seen.
    if missed > limit * errors.max() + 1e-6 * abs(truth).max():
        wrong.append(f"{missed:.2g} is outside the box, error bars {errors.max():.2g}")
    extents = zip(report.kernel.shape[-2:], kernel.shape[-2:], strict=True)
    if any(found > true for found, true in extents):
        wrong.append(f"shape {report.kernel.shape} instead of {kernel.shape}")
    wrong += of_the_levels(case, after, report)
    wrong += of_the_border(case, before, after, report)
    return wrong, z[~exact]


def on_box(kernel, anchor, shape, its_anchor):
    """The true kernel on the box that was reported, and the largest entry outside it."""
    truth = np.zeros((*kernel.shape[:-2], *shape))
    outside = kernel.copy()
    rows, columns = (
        np.arange(k) + its - own
        for k, own, its in zip(kernel.shape[-2:], anchor, its_anchor, strict=True)
    )
    rows_in = (rows >= 0) & (rows < shape[0])
    columns_in = (columns >= 0) & (columns < shape[1])
    seen = kernel[..., rows_in, :][..., columns_in]
    truth[..., rows[rows_in][:, None], columns[columns_in]] = seen
    outside[..., np.ix_(rows_in, columns_in)[0], np.ix_(rows_in, columns_in)[1]] = 0
    return truth, float(abs(outside).max())


def of_the_levels(case, after, report):
    wrong = []
    if str(report.rounding) not in case.rounding:
        wrong.append(f"levels {report.rounding} instead of {case.rounding[0]}")
    if case.offset is not None and after.dtype.kind == "u":
        step = np.gcd.reduce(np.unique(after).astype(int))
        shift = -0.5 * step if case.rounding == ("truncated",) else 0.0
        limit = norm.isf(UNLIKELY / 2) * report.offset_std_error + OFFSET_STEPS * step
        if np.any(np.abs(report.offset - case.offset - shift) > limit):
            wrong.append(f"offset {report.offset} instead of {case.offset + shift:.3f}")
    return wrong


def of_the_border(case, before, after, report):
    if case.boundary == EVERY or (report.kernel.shape[-2:] == (1, 1) and not any(report.anchor)):
        return []
    wrong = []
    found, candidates = report.boundary, report.boundary_candidates
    if case.boundary is None:
        if found not in (None, case.nearly):
            wrong.append(f"boundary {found}: it has no name here")
        return wrong
    if isinstance(case.boundary, tuple):
        return [] if found == case.boundary else [f"boundary {found} instead of {case.boundary}"]
    if any(isinstance(names, tuple) for names in candidates):
        return [f"boundary {found} instead of {case.boundary}: its axes differ"]
    if case.boundary not in candidates:
        wrong.append(f"boundary {found} ({candidates}): {case.boundary} is ruled out")
    if found not in candidates:
        wrong.append(f"boundary {found} is not among its own candidates {candidates}")
    wrong += [
        f"boundary {name} is not ruled out"
        for name in candidates
        if name != case.boundary and can_be_told(case, before, after, report, name)
    ]
    return wrong


def can_be_told(case, before, after, report, name):
    """Whether another boundary would have made a picture that is not this one, beyond any doubt.

    The log likelihoods differ by the sum of squares over twice the variance; corners are left out.
    """
    if np.ndim(case.kernel) > 2 or case.name in ("valid", "full"):
        return False
    if name in ("untouched", "cropped"):
        return True
    low, high = float(after.min()), float(after.max())
    low, high = (0.0, FULL_SCALE[after.dtype]) if after.dtype in FULL_SCALE else (low, high)
    own = "zero" if case.boundary in ("untouched", "cropped") else case.boundary
    planes = [before] if before.ndim == 2 else list(np.moveaxis(before, -1, 0))
    squares, variance = 0.0, max(report.residual_std**2, 1 / 12 if after.dtype.kind == "u" else 0)
    rows, columns = (
        max(c, k - 1 - c, 0) for k, c in zip(case.kernel.shape, case.anchor, strict=True)
    )
    for plane in planes:
        made = [
            np.clip(
                convolve(plane.astype(float), case.kernel, "same", side, case.anchor)
                + (case.offset or 0),
                low,
                high,
            )
            for side in (own, name)
        ]
        off = (made[0] - made[1]) ** 2
        per_axis = [off[:, columns : off.shape[1] - columns], off[rows : off.shape[0] - rows]]
        squares = max(squares, *(float(part.sum()) for part in per_axis))
    return squares / (2 * variance) > DOUBTLESS
