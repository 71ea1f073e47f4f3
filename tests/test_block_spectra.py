"""The spectra of blocks, against the sums themselves."""

import numpy as np
import pytest

import convmat.operators.block_spectra
from convmat import data_matrix
from convmat.operators.block_spectra import BlockSpectra

SIZES = [((40,), (7,)), ((5,), (5,)), ((23, 14), (5, 4)), ((9, 8, 7), (3, 2, 4)), ((30, 3), (1, 1))]


def noise(rng, shape, dtype):
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


@pytest.mark.parametrize("block", [1, 64, 2**16])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_all_products(n, k, dtype, block, monkeypatch):
    monkeypatch.setattr(convmat.operators.block_spectra, "_BLOCK_SAMPLES", block)
    monkeypatch.setattr(convmat.operators.block_spectra, "_BLOCK_OVERLAPS", 1)
    rng = np.random.default_rng(0)
    image, kernel = noise(rng, n, dtype), noise(rng, k, dtype)
    X = data_matrix(image, k, "valid", format="dense")
    spectra = BlockSpectra(image, k)
    outputs = noise(rng, spectra.output_shape, dtype)
    tolerance = 100 * np.finfo(dtype).eps * np.linalg.norm(X)
    forward, adjoint = spectra.forward(kernel), spectra.adjoint(outputs)
    assert forward.dtype == adjoint.dtype == dtype
    assert forward.shape == outputs.shape
    assert adjoint.shape == k
    error = forward.ravel() - X @ kernel.ravel()
    assert np.linalg.norm(error) <= tolerance * np.linalg.norm(kernel)
    error = adjoint.ravel() - X.conj().T @ outputs.ravel()
    assert np.linalg.norm(error) <= tolerance * np.linalg.norm(outputs)
    # Lag sums, before and after the spectra are there.
    padded = np.pad(image, [(size - 1, size - 1) for size in k])
    lags = tuple(2 * size - 1 for size in k)
    windows = np.lib.stride_tricks.sliding_window_view(padded, lags)
    axes = tuple(range(image.ndim))
    expected = np.tensordot(image.conj(), windows, (axes, axes))
    for sums in (spectra.lag_sums(), BlockSpectra(image, k).lag_sums()):
        assert sums.shape == lags
        assert np.abs(sums - expected).max() <= tolerance * np.linalg.norm(image)


def test_real_data_take_complex_outputs():
    rng = np.random.default_rng(1)
    image, outputs = noise(rng, (9, 8), "float64"), noise(rng, (7, 5), "complex128")
    X = data_matrix(image, (3, 4), "valid", format="dense")
    found = BlockSpectra(image, (3, 4)).adjoint(outputs).ravel()
    np.testing.assert_allclose(found, X.T @ outputs.ravel(), atol=1e-13)


def test_the_same_data_give_the_same_digits():
    """Whichever thread comes first."""
    rng = np.random.default_rng(2)
    image, outputs = rng.random((700, 500)), rng.random((690, 490))
    first, *others = (BlockSpectra(image, (11, 11)).adjoint(outputs) for _ in range(5))
    for other in others:
        np.testing.assert_array_equal(first, other)
