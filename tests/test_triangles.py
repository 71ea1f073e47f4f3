"""Inverses by triangles."""

import numpy as np
import pytest

from convmat.triangles import inverse_of_product


@pytest.mark.parametrize("n", [1, 5, 64, 65, 200])
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_inverse_of_product(n, is_complex, order):
    rng = np.random.default_rng(n)
    tall = rng.standard_normal((3 * n, n))
    if is_complex:
        tall = tall + 1j * rng.standard_normal((3 * n, n))
    gram = tall.conj().T @ tall
    lower = np.linalg.cholesky(gram) + np.triu(np.full((n, n), 1e9), 1)
    kept = np.array(lower, order=order)
    inverse = inverse_of_product(kept)
    np.testing.assert_array_equal(kept, lower)
    np.testing.assert_array_equal(inverse, inverse.conj().T)
    tolerance = 10 * n * np.finfo(float).eps * np.linalg.cond(gram)
    assert np.abs(inverse @ gram - np.eye(n)).max() <= tolerance
