"""Is a matrix diagonal in a basis? Its products tell, and nothing else need be known of it.

Of the sum of all basis vectors, ``G = S diag(g) F`` makes the sum of g's: ``g = F G S 1``. That
is so for no other matrix: what is beside the diagonal adds to this g, too, but would have to do
the same for every vector. One that has nothing to do with the basis shows whether it does.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convmat.spectral.transforms import Transform

__all__ = ["diagonal_in"]

# Of two products and two transforms, each some eps of the largest value.
_ROUNDING = 64


def diagonal_in(
    forward: Transform, inverse: Transform, product: Callable[[NDArray], NDArray]
) -> NDArray | None:
    """The diagonal g of a symmetric G, or None where there is more than that, beyond rounding.

    Parameters
    ----------
    forward, inverse : Transform
        Orthogonal ones.
    product : callable
        ``G v`` for v of shape (n,).

    Returns
    -------
    ndarray, shape (n,)
        0 where it is rounding; complex, with an imaginary part of rounding, where products are.

    Examples
    --------
    >>> from convmat.boundary import Boundary
    >>> basis = [Transform((Boundary.SYMMETRIC,), (3,), inverse=back) for back in (False, True)]
    >>> laplacian = np.array([[1.0, -1, 0], [-1, 2, -1], [0, -1, 1]])
    >>> diagonal_in(*basis, lambda v: laplacian @ v).round(12)
    array([0., 1., 3.])
    >>> diagonal_in(*basis, lambda v: np.array([1.0, 0.0, 0.0]) * v) is None
    True
    """
    together = inverse(np.ones(forward.size))  # real: that is one sample where the FFT takes part
    made = product(together.real)
    values = forward(made)
    other = np.random.default_rng(0).standard_normal(forward.size)
    error = np.linalg.norm(product(other) - inverse(values * forward(other)))
    allowed = _ROUNDING * np.finfo(np.float64).eps * np.abs(values).max()
    if not error <= allowed * np.linalg.norm(other):
        return None
    values[np.abs(values) <= allowed] = 0
    return values if np.iscomplexobj(made) else values.real
