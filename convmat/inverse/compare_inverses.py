"""What undoes a blur, constrained and unconstrained, side by side, in the same three figures.

Every inverse is a matrix G that acts on Hx, whether the pseudo-inverse, the convolution nearest to
it, or an inverse filter:

    restoration error    |G H - I|_F / sqrt(N)    what it gets wrong without noise
    noise gain           |G|_F / sqrt(N)          by how much it amplifies white noise
    free entries                                  how many numbers could be chosen

over the N samples of the signal. Of a picture x with white noise of standard deviation s, the
expected squared error is |(G H - I) x|^2 + s^2 |G|_F^2.

Source: P. C. Hansen, J. G. Nagy and D. P. O'Leary, Deblurring Images, SIAM 2006,
doi:10.1137/1.9780898718874.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convmat.boundary import boundary_text
from convmat.compare import Comparison
from convmat.errors import ConvmatError, TooLargeError
from convmat.geometry import Geometry
from convmat.inverse.chosen_comparisons import (
    chosen_boundaries,
    chosen_modes,
    chosen_supports,
)
from convmat.inverse.distances import nearest_convolution
from convmat.inverse.inverse_filter import InverseFilter, inverse_filter
from convmat.inverse.pseudo_inverse import (
    checked_cutoff,
    condition_number,
    explicit_matrix,
    inverse_problem,
    pseudo_inverse,
    require_decomposition,
)
from convmat.inverse.restoration_trial import Trial, restoration_trial
from convmat.inverse.shift_matrices import filter_shifts, inverse_shifts, shift_sum
from convmat.powers_of_two import require_range

__all__ = ["compare_inverses"]

_LARGEST = 2048
"""Samples up to which the comparison of all boundaries and modes takes minutes."""

COLUMNS = (
    "boundary",
    "mode",
    "condition",
    "rank",
    "inverse",
    "restoration_error",
    "noise_gain",
    "free_entries",
    "picture_error",
    "note",
)


def compare_inverses(
    kernel: Any,
    input_shape: int | Sequence[int],
    *,
    boundaries: Sequence[str | Sequence[str]] | None = None,
    modes: Sequence[str] | None = None,
    supports: Sequence[int | Sequence[int]] | None = None,
    anchor: int | Sequence[int] | None = None,
    picture: Any = None,
    noise_std: float | None = None,
    rcond: float | None = None,
) -> Comparison:
    """Compare what undoes a kernel, for every boundary and mode.

    Parameters
    ----------
    kernel : array_like
    input_shape : int or tuple of int
        Of the signal, at most 2048 samples.
    boundaries : sequence of str or of tuples of str, optional
        Default: all seven.
    modes : sequence of str, optional
        Default: full, same and valid.
    supports : sequence of int or of tuples of int, optional
        Shapes of the inverse filters. Default: the kernel's k, 2k - 1 and 4k - 3 per axis.
    anchor : int or tuple of int, optional
        Of the kernel. Default ``(k - 1) // 2``.
    picture : array_like, shape `input_shape`, optional
        What is blurred and restored. Default: the packaged photograph made small; where there
        is none of that shape, or picture files cannot be read, the note says so.
    noise_std : float, optional
        Standard deviation of the noise on the blurred picture. Default: 1/255 of the picture's
        range, which is one level of a picture of 8 bits in full contrast.
    rcond : float, optional
        As for `convmat.inverse_matrix`.

    Returns
    -------
    Comparison
        For each boundary and mode a row for each inverse: ``pseudo-inverse``, ``nearest
        convolution`` to it, and one ``filter`` of each support, which `inverse_filter` finds
        without knowing of boundaries; applied with the row's. Columns: ``boundary``,
        ``mode``, ``condition`` and ``rank`` of H, ``inverse``, ``restoration_error`` ``|GH -
        I|_F / sqrt(N)``, ``noise_gain`` ``|G|_F / sqrt(N)``, ``free_entries``,
        ``picture_error`` (root of the expected squared error of the restored picture, relative to
        the picture) and ``note``, which says why a row has no figures.

    Raises
    ------
    ConvmatError
        For input that is not a kernel, a geometry, shapes or a picture.
    TooLargeError
        For more than 2048 samples, and filters of more than 262144 entries.

    Examples
    --------
    >>> table = compare_inverses(
    ...     [1, 4, 1], 8, boundaries=["circular"], modes=["same"], supports=[3]
    ... )
    >>> for row in table.rows:
    ...     print(f"{row['inverse']:19} {row['restoration_error']:.3f} {row['noise_gain']:.3f}")
    pseudo-inverse      0.000 0.310
    nearest convolution 0.000 0.310
    filter 3            0.097 0.295
    """
    values, exponent, whole = inverse_problem(kernel, input_shape, "full", "zero", anchor)
    samples = prod(whole.input_shape)
    if samples > _LARGEST:
        raise TooLargeError(
            f"input_shape {whole.input_shape} has {samples} samples, at most {_LARGEST} are "
            f"allowed: inverses are compared as matrices, here of {samples**2} entries each"
        )
    checked_cutoff(rcond, whole)
    filters = _filters(values, whole, supports)
    trial, reason = restoration_trial(picture, noise_std, whole.input_shape)
    rows: list[dict[str, Any]] = []
    for boundary in chosen_boundaries(boundaries, whole.ndim):
        for mode in chosen_modes(modes):
            row: dict[str, Any] = dict.fromkeys(COLUMNS)
            row["boundary"] = boundary_text(boundary)
            row["mode"] = str(mode)
            try:
                geometry = Geometry(whole.input_shape, values.shape, mode, boundary, whole.anchor)
                rows += _compare(row, values, geometry, filters, trial, reason, rcond, exponent)
            except ConvmatError as error:
                rows.append(row | {"note": str(error)})
    return Comparison(COLUMNS, tuple(rows))


_Filters = dict[str, InverseFilter | ConvmatError]


def _compare(
    row: dict[str, Any],
    kernel: NDArray,
    geometry: Geometry,
    filters: _Filters,
    trial: Trial | None,
    reason: str,
    rcond: float | None,
    exponent: int,
) -> Iterator[dict[str, Any]]:
    """The rows of one boundary and mode."""
    cutoff = checked_cutoff(rcond, geometry)
    require_decomposition(geometry, kernel.itemsize)
    blur = explicit_matrix(kernel, geometry)
    matrix, singular, rank = pseudo_inverse(blur.toarray(), cutoff)
    row = row | {"condition": condition_number(singular, rank), "rank": rank, "note": reason}
    judged = row | {"inverse": "pseudo-inverse", "free_entries": matrix.size}
    yield judged | _judge(matrix, blur, trial, exponent)
    found = nearest_convolution(matrix, inverse_shifts(geometry))
    judged = row | {"inverse": "nearest convolution", "free_entries": found.kernel.size}
    yield judged | _judge(found.to_matrix(), blur, trial, exponent)
    for name, constrained in filters.items():
        judged = row | {"inverse": name}
        if isinstance(constrained, ConvmatError):
            yield judged | {"note": str(constrained)}
            continue
        g = constrained.filter
        matrix = shift_sum(g, filter_shifts(geometry, g.shape, constrained.anchor))
        yield judged | {"free_entries": g.size} | _judge(matrix, blur, trial, exponent)


def _judge(matrix: NDArray, blur: Any, trial: Trial | None, exponent: int) -> dict[str, float]:
    """The figures of one inverse G of H, both at scale one, for a kernel ``2^exponent`` times."""
    rest = matrix @ blur
    rest[np.diag_indices_from(rest)] -= 1
    gain = require_range(
        float(np.linalg.norm(matrix)),
        -exponent,
        "the norm of an inverse",
        "multiply the kernel by a power of two",
    )
    root = len(rest) ** 0.5
    figures = {
        "restoration_error": float(np.linalg.norm(rest)) / root,
        "noise_gain": gain / root,
    }
    if trial is not None:
        error = np.hypot(np.linalg.norm(rest @ trial.picture), trial.noise_std * gain)
        figures["picture_error"] = float(error / np.linalg.norm(trial.picture))
    return figures


def _filters(
    kernel: NDArray, geometry: Geometry, supports: Sequence[int | Sequence[int]] | None
) -> _Filters:
    """An inverse filter of each support, or why there is none."""
    found: _Filters = {}
    for shape in chosen_supports(kernel, supports):
        name = "filter " + "x".join(map(str, shape))
        try:
            found[name] = inverse_filter(kernel, shape, anchor=geometry.anchor)
        except ConvmatError as error:
            found[name] = error
    return found
