"""Two pictures, before and after, and a kernel that varies: its values on a grid, with error bars.

The twin of `convmat.varying_convolution_matrix`, with the kernels interpolated at the output. The
problem is that of `field_problem`, the error bars are those of ``convmat.estimation.uncertainty``.

Source: as for ``convmat.matrices.varying``; the penalty is Tikhonov's of a first difference,
P. H. C. Eilers and B. D. Marx, Flexible smoothing with B-splines and penalties, Statist. Sci. 11
(1996), doi:10.1214/ss/1038425655.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from convmat.estimation.kernel_fit import check_flags
from convmat.estimation.uncertainty import uncertainty
from convmat.geometry import parse_shape
from convmat.matrices.interpolation import parse_nodes
from convmat.memory import require_memory
from convmat.regularization import checked_noise
from convmat.solvers import solve
from convmat.varying.field_estimate import KernelFieldEstimate
from convmat.varying.field_problem import observed, posed

__all__ = ["estimate_kernel_field"]


def estimate_kernel_field(
    before: Any,
    after: Any,
    kernel_shape: int | Sequence[int],
    grid_shape: int | Sequence[int],
    *,
    smoothness: float | str = 0.0,
    nodes: Sequence[Any] | None = None,
    mode: str | None = None,
    boundary: str | Sequence[str] | None = None,
    anchor: int | Sequence[int] | None = None,
    offset: bool = False,
    mask: Any = None,
    weights: Any = None,
    noise_std: float | None = None,
    solver: str = "auto",
    **options: Any,
) -> KernelFieldEstimate:
    """Estimate the kernels of a grid between which ``after`` is ``before``, convolved.

    Parameters
    ----------
    before, after : ndarray, or equal-length lists or tuples of ndarrays
        One picture, or several of one shape (or the channels of one) with the same kernels.
    kernel_shape, grid_shape : int or tuple of int
        Of each kernel, and of the grid of them; as many axes as the pictures.
    smoothness : float or {"gcv", "rgcv", "lcurve", "discrepancy"}
        Weight of the differences between neighbouring kernels; 0 fits each as the data say. A
        name chooses it from the data, see `convmat.choose_damp`.
    nodes : sequence of array_like, optional
        Per axis, the ascending positions of the grid's nodes in pixels of `after`. Default:
        evenly from the first pixel to the last.
    mode, boundary, anchor, offset, mask, weights, noise_std
        As for `convmat.estimate_kernel`.
    solver, **options
        ``"auto"`` or a name in `convmat.SOLVERS`, and its own options.

    Returns
    -------
    KernelFieldEstimate
        Without error bars where the kernels are smoothed: smoothing biases them.

    Raises
    ------
    ConvmatError
        For pictures, shapes, nodes, masks and weights that do not fit together. That the
        pictures do not determine the kernels is no error but a status, and error bars of NaN.

    References
    ----------
    Denis et al. (2015), Fast approximations of shift-variant blur,
    doi:10.1007/s11263-015-0817-x.

    Examples
    --------
    >>> import numpy as np
    >>> from convmat import varying_convolution_matrix
    >>> before = np.random.default_rng(0).random((30, 40))
    >>> kernels = np.array([[[[1.0, 0.0]], [[0.5, 0.5]]]])  # from left to right
    >>> H = varying_convolution_matrix(kernels, before.shape, "same")
    >>> found = estimate_kernel_field(before, (H @ before.ravel()).reshape(30, 40), (1, 2), (1, 2))
    >>> bool(np.allclose(found.kernels, kernels))
    True
    """
    shape = parse_shape(kernel_shape, "kernel_shape")
    grid = parse_shape(grid_shape, "grid_shape")
    unknowns = prod(grid) * prod(shape)
    require_memory(
        4 * 8 * unknowns**2,
        f"the covariance of {unknowns} kernel entries, and what it is found from,",
        "ask for fewer or smaller kernels, or give `kernel_field_problem` to an iterative solver",
    )
    noise_std = None if noise_std is None else checked_noise(noise_std)
    check_flags(offset=offset)
    pairs = observed(before, after, shape, grid, mode, boundary, anchor, mask, weights)
    positions = parse_nodes(nodes, grid, pairs[0].geometry.output_shape)
    problem, choice = posed(
        pairs, shape, positions, boundary, offset, smoothness, noise_std=noise_std
    )
    solution = solve(problem, solver, **options)
    covariance, residual_std, note = uncertainty(problem, solution, noise_std=noise_std)
    std_error = np.sqrt(np.maximum(np.diagonal(covariance).real, 0.0))
    if problem.damp:
        note = note.replace("damping biases the estimate", "smoothing biases the estimate")
    return KernelFieldEstimate(
        kernels=solution.x[:unknowns].reshape(*grid, *shape),
        offset=solution.x[unknowns].item() if offset else 0.0,
        std_error=std_error[:unknowns].reshape(*grid, *shape),
        offset_std_error=float(std_error[unknowns]) if offset else 0.0,
        covariance=covariance,
        residual_std=residual_std,
        geometry=pairs[0].geometry,
        nodes=positions,
        smoothness=problem.damp,
        solution=solution,
        note="; ".join(text for text in (choice.message if choice else "", note) if text),
        smoothness_choice=choice,
    )
