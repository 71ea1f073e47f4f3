"""Two pictures, before and after: the kernel that took one to the other, with error bars.

Every pixel of the picture after is one equation in the kernel's entries,

    min over h and o of  sum over pixels i of  w_i (X h + o - y)_i^2

with X the data matrix of the picture before and o an offset (a tool that truncates to 8 bits
leaves one of -1/2). The error bars are those of `uncertainty`.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from convmat.errors import ConvmatError
from convmat.estimation.frequency_division import divide_spectra
from convmat.estimation.kernel_estimate import KernelEstimate
from convmat.estimation.kernel_fit import check_flags, posed
from convmat.estimation.observations import observe
from convmat.estimation.uncertainty import uncertainty
from convmat.geometry import parse_shape
from convmat.memory import require_memory
from convmat.regularization import checked_noise
from convmat.solvers import SOLVERS, solve
from convmat.solvers.dispatch import option_names

__all__ = ["estimate_kernel"]


def estimate_kernel(
    before: Any,
    after: Any,
    kernel_shape: int | Sequence[int],
    *,
    mode: str | None = None,
    boundary: str | Sequence[str] | None = None,
    anchor: int | Sequence[int] | None = None,
    offset: bool = False,
    mask: Any = None,
    weights: Any = None,
    noise_std: float | None = None,
    damp: float | str = 0.0,
    penalty: Any = None,
    nonnegative: bool = False,
    normalized: bool = False,
    solver: str = "auto",
    progress: Callable[[int, float], Any] | None = None,
    **options: Any,
) -> KernelEstimate:
    """Estimate the kernel h for which ``after = before * h + offset``.

    Parameters
    ----------
    before, after : ndarray, or equal-length lists or tuples of ndarrays
        One picture, or several (or the channels of one) with one common kernel. Each has as
        many axes as `kernel_shape` has numbers. Computed in float64 or complex128.
    kernel_shape : int or tuple of int
    mode : {"full", "same", "valid"}, optional
        Default: what the shapes say; `same` where they are equal.
    boundary : str or tuple of str, optional
        How the picture was continued past its edges. None means unknown: only the pixels that
        no continuation touches are fitted. Naming it uses every pixel.
    anchor : int or tuple of int, optional
        Index of the kernel entry at the origin. Default ``(k - 1) // 2``.
    offset : bool
        Whether to fit a constant added to `after`. It is not penalised by `damp`.
    mask : ndarray of bool, optional
        True where a pixel of `after` is left out; it may be NaN there. One for all pictures,
        or a list.
    weights : ndarray, optional
        Inverse variances of the pixels of `after`. One for all pictures, or a list.
    noise_std : float, optional
        Standard deviation of a pixel of weight 1, where it is known: 1/sqrt(12) for a picture
        rounded to whole numbers. Default: estimated from the residual.
    damp : float or {"gcv", "rgcv", "lcurve", "discrepancy"}
        Adds ``damp^2 |L h|^2`` to what is minimised; a name chooses it from the data, see
        `convmat.choose_damp` (``discrepancy`` needs `noise_std`), as if there were no
        constraints.
    penalty : array_like or sparse array, shape (q, kernel entries), optional
        L; None is the identity.
    nonnegative : bool
        Whether the kernel's entries must not be negative.
    normalized : bool
        Whether they must sum to one.
    solver : str
        ``"auto"`` or a name in `convmat.SOLVERS`. With ``"fft"`` the spectra of both pictures
        are divided, for comparison; see ``convmat.estimation.frequency_division``.
    progress : callable, optional
        ``progress(iteration, fraction)``, for solvers that iterate.
    **options
        The solver's own, such as `tolerance`, `max_iterations` and `callback`.

    Returns
    -------
    KernelEstimate

    Raises
    ------
    ConvmatError
        For pictures, shapes, masks and weights that do not fit together. That the pictures do
        not determine the kernel is no error but a status, and error bars of NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from convmat import convolve
    >>> before = np.random.default_rng(0).random((20, 30))
    >>> after = convolve(before, [[1, 2], [3, 4]], "valid") + 5
    >>> found = estimate_kernel(before, after, (2, 2), offset=True)
    >>> found.kernel.round(9), round(found.offset, 9)
    (array([[1., 2.],
           [3., 4.]]), 5.0)
    """
    shape = parse_shape(kernel_shape, "kernel_shape")
    size = prod(shape)
    _require_room(size)
    check_flags(offset=offset, nonnegative=nonnegative, normalized=normalized)
    if progress is not None and not callable(progress):
        raise ConvmatError(f"progress must be callable, got {progress!r}")
    constraints = sorted({"lower", "upper", "total", "total_entries"} & set(options))
    if constraints:
        raise ConvmatError(
            f"estimate_kernel takes nonnegative and normalized, not {', '.join(constraints)}; for "
            "other constraints solve the `kernel_problem`"
        )
    noise_std = None if noise_std is None else checked_noise(noise_std)
    if solver == "fft":
        _refuse_for_fft(
            offset=offset,
            mask=mask,
            weights=weights,
            nonnegative=nonnegative,
            normalized=normalized,
        )
        return divide_spectra(
            before,
            after,
            shape,
            mode=mode,
            boundary=boundary,
            anchor=anchor,
            damp=damp,
            penalty=penalty,
            **options,
        )
    if solver == "nonnegative":  # of the kernel, not of the offset
        nonnegative, solver = True, "auto"
    pairs = observe(
        before,
        after,
        shape,
        mode=mode,
        boundary=boundary,
        anchor=anchor,
        mask=mask,
        weights=weights,
    )
    problem, shift, level, choice = posed(pairs, shape, offset, damp, penalty, noise_std)
    entries = np.arange(problem.shape[1]) < size
    if nonnegative or normalized:
        solver = _constrained(solver)
        options["lower"] = np.where(entries & bool(nonnegative), 0.0, -np.inf)
        if normalized:
            options |= {"total": 1.0, "total_entries": entries}
    if progress is not None and "progress" in option_names(solver):
        options["progress"] = progress
    solution = solve(problem, solver, **options)
    covariance, residual_std, note = uncertainty(
        problem,
        solution,
        noise_std=noise_std,
        fixed_sum=entries.astype(float) if normalized else None,
        at_bound=bool(nonnegative and np.any(solution.x[entries] <= 0)),
    )
    unknowns = solution.x
    if offset:
        # The fit is y - level = X h - shift sum(h) + o: take both means back into the offset.
        unknowns = unknowns.copy()
        unknowns[-1] += level - shift * unknowns[:-1].sum()
        covariance[-1] -= shift * covariance[:-1].sum(axis=0)
        covariance[:, -1] -= np.conj(shift) * covariance[:, :-1].sum(axis=1)
    std_error = np.sqrt(np.maximum(np.diagonal(covariance).real, 0.0))
    return KernelEstimate(
        kernel=unknowns[:size].reshape(shape),
        offset=unknowns[size].item() if offset else 0.0,
        std_error=std_error[:size].reshape(shape),
        offset_std_error=float(std_error[size]) if offset else 0.0,
        covariance=covariance,
        residual_std=residual_std,
        geometry=pairs[0].geometry,
        solution=solution,
        note="; ".join(text for text in (choice.message if choice else "", note) if text),
        damp_choice=choice,
    )


def _require_room(size: int) -> None:
    require_memory(
        4 * 8 * size**2,
        f"the covariance of {size} kernel entries, and what it is found from,",
        "ask for a smaller kernel, or give `kernel_problem` to an iterative solver",
    )


def _refuse_for_fft(**arguments: Any) -> None:
    given = [name for name, value in arguments.items() if value is not None and value is not False]
    if given:
        raise ConvmatError(
            f"solver 'fft' divides whole pictures and takes no {', '.join(given)}; use auto"
        )


def _constrained(solver: str) -> str:
    """The solver for a kernel under constraints."""
    able = [name for name, row in SOLVERS.items() if row.bounds]
    if solver == "auto":
        return "bounded"
    if solver not in able:
        raise ConvmatError(
            f"solver {solver!r} takes no constraints, which nonnegative and normalized are; "
            f"use auto, {', '.join(able)}"
        )
    return solver
