"""Why an operator is not the adjoint that it is said to be.

The adjoint of a convolution that extends its signal is the correlation whose outputs past the edges
are folded back onto the samples that were read there. What is often taken for it, the convolution
with the flipped kernel and the same padding, is another operator near the edges, but for `zero` and
`circular`.
"""

import numpy as np
from scipy import sparse

from convmat.conventions.convention import Convention
from convmat.geometry import Mode
from convmat.probing.black_box import BlackBox
from convmat.probing.differences import differences_in_words
from convmat.probing.norms import norm
from convmat.probing.operator_report import OperatorReport, Verdict, boundaries_in_words
from convmat.probing.probe import probe_operator

__all__ = ["why_not_adjoint"]

_MARGIN = 100  # multiples of eps, relative to the largest entry
_ADJOINT_MODE = {Mode.SAME: Mode.SAME, Mode.FULL: Mode.VALID, Mode.VALID: Mode.FULL}


def why_not_adjoint(forward: BlackBox, backward: BlackBox, max_calls: int) -> str:
    """A sentence on what `backward` is, if not the adjoint of `forward`.

    Examples
    --------
    >>> why_not_adjoint(BlackBox(np.cumsum, 9), BlackBox(lambda y: -np.cumsum(y[::-1])[::-1], 9), 9)
    'it is the adjoint multiplied by -1'
    """
    forth, back = (
        probe_operator(box.function, box.input_shape, dtype=box.dtype, max_calls=max_calls)
        for box in (forward, backward)
    )
    for report, name in ((forth, "the operator"), (back, "its adjoint")):
        if not report.linear:
            return _not_linear(name, report, forward, backward)
    if forth.matrix is None or back.matrix is None:
        return "why is not known: their matrices take more calls than max_calls"
    A, given = forth.matrix, back.matrix
    adjoint = sparse.csr_array(A.conj().T)
    eps = max(forward.precision, backward.precision, float(np.finfo(np.float64).eps))

    def same(expected: sparse.csr_array) -> bool:
        return bool(abs(given - expected).max() <= _MARGIN * eps * abs(given).max())

    size = norm(adjoint.data)
    scale = ((adjoint.conj() / size) * given).sum() / size if size else 0.0
    if scale and same(adjoint * scale):
        shown = scale.real if abs(scale.imag) <= _MARGIN * eps * abs(scale) else scale
        return f"it is the adjoint multiplied by {shown:.6g}"
    if same(adjoint.conj()):
        return "it is the transpose: nothing is conjugated"
    if A.shape == given.shape and same(A):
        return "it is the operator itself"
    if forth.convention is not None and back.kernel is not None:
        return _of_convolutions(forth.convention, forth, back, eps)
    return _first_entry(adjoint, given, eps)


def _not_linear(name: str, report: OperatorReport, forward: BlackBox, backward: BlackBox) -> str:
    if report.verdict is Verdict.NOT_LINEAR and forward.dtype.kind != backward.dtype.kind:
        return f"{name} is linear over real numbers at most, where the other takes complex ones"
    return f"{name} has the verdict {report.verdict}: {report.verdict_in_words()}"


def _of_convolutions(
    convention: Convention, forth: OperatorReport, back: OperatorReport, eps: float
) -> str:
    """What the convolution that is given lacks to be an adjoint."""
    one = convention
    boundary = tuple(names[0] for names in back.boundaries) or one.boundary
    flipped = Convention(
        np.flip(one.kernel).conj(),
        _ADJOINT_MODE[one.mode],
        boundary,
        tuple(k - 1 - c for k, c in zip(one.kernel.shape, one.anchor, strict=True)),
    )
    unflipped = Convention(one.kernel.conj(), flipped.mode, boundary, one.anchor)
    faults = differences_in_words(flipped, back, _MARGIN * eps, "the adjoint's is")
    if faults and not differences_in_words(unflipped, back, _MARGIN * eps):
        return "its kernel is not flipped"
    if faults:
        return f"away from the edges it is not the adjoint: {'; '.join(faults)}"
    name = boundaries_in_words(forth.boundaries)
    same = any(set(a) & set(b) for a, b in zip(forth.boundaries, back.boundaries, strict=False))
    if not back.boundaries:
        padding = "another border"
    elif same:
        padding = f"the same padding ({name})"
    else:
        padding = f"padding {boundaries_in_words(back.boundaries)}, where the operator has {name}"
    return (
        f"it is the convolution with the flipped kernel and {padding}, which is no adjoint near "
        "the edges: what was read past them has to be added to the samples that it was copied from"
    )


def _first_entry(adjoint: sparse.csr_array, given: sparse.csr_array, eps: float) -> str:
    difference = abs(given - adjoint).tocoo()
    wrong = difference.data > _MARGIN * eps * abs(given).max()
    rows, columns = difference.row[wrong], difference.col[wrong]
    if not rows.size:
        return "their matrices agree: it is the inner products that do not"
    row, column = min(zip(rows.tolist(), columns.tolist(), strict=True))
    return (
        f"entry ({row}, {column}) of its matrix is {given[row, column]:.6g}, and of the adjoint's "
        f"{adjoint[row, column]:.6g}; {rows.size} entries differ"
    )
