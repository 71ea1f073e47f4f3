"""Spectral decompositions against the dense SVD and eigenvalues of the explicit matrix."""

from itertools import product

import numpy as np
import pytest

from convmat.boundary import Boundary
from convmat.errors import ConvmatError
from convmat.geometry import Geometry
from convmat.matrices.explicit import convolution_matrix
from convmat.operators.matrix_free import ConvolutionOperator
from convmat.spectral.diagonalization import Diagonalization
from convmat.spectral.structure import diagonalize, eigenvalues
from convmat.spectral.transforms import DIAGONAL, ORTHOGONAL, Transform

FACTOR = 60
SIGNALS = [(1,), (2,), (3,), (4,), (7,), (3, 4), (5, 2), (1, 6), (2, 3, 4)]


def symmetric_kernel(rng, sizes, dtype="float64"):
    kernel = rng.normal(size=sizes)
    if np.dtype(dtype).kind == "c":
        kernel = kernel + 1j * rng.normal(size=sizes)
    for axis in range(kernel.ndim):
        kernel = kernel + np.flip(kernel, axis)
    return kernel.astype(dtype)


def dense(kernel, g):
    return convolution_matrix(
        kernel, g.input_shape, g.mode, g.boundary, anchor=g.anchor, format="dense"
    )


def bound(matrix, dtype="float64"):
    return FACTOR * np.finfo(dtype).eps * max(np.linalg.norm(matrix), 1e-300)


def rebuilt(found, factors, size):
    """The matrix ``inverse o diag(factors) o forward``, column by column."""
    return np.stack([found.inverse(factors * found.forward(e)) for e in np.eye(size)], axis=1)


def check_decomposition(matrix, found):
    size = matrix.shape[0]
    if isinstance(found.forward, Transform):
        growth = 1 if found.orthogonal else size
        error = np.linalg.norm(rebuilt(found, found.eigenvalues, size) - matrix)
        assert error <= growth * bound(matrix)
    if found.orthogonal:
        adjoint = rebuilt(found, found.eigenvalues.conj(), size)
        assert np.linalg.norm(adjoint - matrix.conj().T) <= bound(matrix)
        expected = np.linalg.svd(matrix, compute_uv=False)
        assert np.abs(found.singular_values() - expected).max() <= bound(matrix)


def reaches(n):
    """Kernel sizes: 1, smaller than the signal, larger, and several times around."""
    return sorted({1, 3, 2 * (n // 2) + 1, 2 * n + 3, 6 * n + 1})


@pytest.mark.parametrize("boundary", DIAGONAL)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8])
def test_one_axis(boundary, n):
    rng = np.random.default_rng(1)
    for k in reaches(n):
        kernel = symmetric_kernel(rng, k)
        g = Geometry(n, k, "same", boundary)
        found = diagonalize(kernel, g)
        matrix, values = dense(kernel, g), eigenvalues(kernel, g)
        check_decomposition(matrix, found)
        # Eigenvalues of what is not normal may be off by a root of eps; traces of powers are not.
        scale = n * bound(matrix) * max(np.linalg.norm(matrix), 1)
        assert abs(values.sum() - np.trace(matrix)) <= scale
        assert abs((values**2).sum() - np.trace(matrix @ matrix)) <= scale * max(
            np.linalg.norm(matrix), 1
        )


@pytest.mark.parametrize("boundary", DIAGONAL)
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_transforms_diagonalise(boundary, signal, dtype):
    rng = np.random.default_rng(2)
    for sizes in (tuple(3 for _ in signal), tuple(2 * n + 1 for n in signal)):
        kernel = symmetric_kernel(rng, sizes, dtype)
        g = Geometry(signal, sizes, "same", boundary)
        found = diagonalize(kernel, g)
        check_decomposition(dense(kernel, g), found)


@pytest.mark.parametrize("boundaries", list(product(DIAGONAL, repeat=2)))
def test_axes_mix_transforms(boundaries):
    rng = np.random.default_rng(3)
    kernel = symmetric_kernel(rng, (3, 9))
    g = Geometry((5, 4), kernel.shape, "same", boundaries)
    found = diagonalize(kernel, g)
    assert found.orthogonal == all(b in ORTHOGONAL for b in boundaries)
    check_decomposition(dense(kernel, g), found)


@pytest.mark.parametrize("anchor", [None, (0, 0), (3, 1), (-4, 17)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_circular_takes_any_kernel_and_anchor(anchor, dtype):
    rng = np.random.default_rng(4)
    kernel = rng.normal(size=(4, 7)) + (1j if dtype == "complex128" else 0) * rng.normal(
        size=(4, 7)
    )
    g = Geometry((5, 3), (4, 7), "same", "circular", anchor)
    check_decomposition(dense(kernel, g), diagonalize(kernel, g))


def test_symmetric_about_an_anchor_off_the_middle():
    kernel = np.array([[0.0, 0, 1, 3, 1]])
    g = Geometry((3, 6), kernel.shape, "same", "symmetric", (0, 3))
    check_decomposition(dense(kernel, g), diagonalize(kernel, g))


@pytest.mark.parametrize("boundary", list(Boundary))
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(
    ("signal", "sizes"), [((5, 4), (2, 3)), ((6,), (4,)), ((4, 3, 2), (3, 2, 1))]
)
def test_separable_kernels_are_kronecker_products(boundary, mode, signal, sizes):
    rng = np.random.default_rng(5)
    kernel = np.ones(())
    for size in sizes:
        kernel = np.multiply.outer(kernel, rng.normal(size=size))
    g = Geometry(signal, sizes, mode, boundary)
    found, matrix = diagonalize(kernel, g), dense(kernel, g)
    check_decomposition(matrix, found)
    singular = np.linalg.svd(matrix, compute_uv=False)
    b = rng.normal(size=matrix.shape[0])
    smallest = singular[singular > 1e-8 * singular[0]][-1]
    x = found.pseudo_solve(b, rcond=1e-8)
    expected = np.linalg.pinv(matrix, rcond=1e-8) @ b
    growth = singular[0] / smallest
    assert np.linalg.norm(x - expected) <= bound(matrix) / smallest * growth * np.linalg.norm(b)
    damp = 0.3
    normal = matrix.T @ matrix + damp**2 * np.eye(matrix.shape[1])
    damped = found.damped_solve(b, damp)
    assert np.linalg.norm(normal @ damped - matrix.T @ b) <= bound(matrix) * np.linalg.norm(
        damped
    ) * np.linalg.norm(matrix) + bound(matrix) * np.linalg.norm(b)


@pytest.mark.parametrize("boundary", list(Boundary))
def test_eigenvalues_of_separable_kernels(boundary):
    rng = np.random.default_rng(6)
    kernel = np.outer(rng.normal(size=3), rng.normal(size=2))
    g = Geometry((4, 5), kernel.shape, "same", boundary)
    values, matrix = eigenvalues(kernel, g), dense(kernel, g)
    assert values.size == 20
    power, trace = matrix, []
    for degree in (1, 2, 3):
        trace = np.trace(power)
        scale = bound(matrix) * np.linalg.norm(matrix) ** (degree - 1) * 20
        assert abs((values**degree).sum() - trace) <= scale
        power = power @ matrix


@pytest.mark.parametrize("boundary", ORTHOGONAL)
def test_solves(boundary):
    rng = np.random.default_rng(7)
    kernel = symmetric_kernel(rng, (3, 5))
    g = Geometry((6, 7), kernel.shape, "same", boundary)
    found, matrix = diagonalize(kernel, g), dense(kernel, g)
    b = rng.normal(size=42)
    x = found.damped_solve(b, 0.5)
    assert x.dtype == np.float64
    gradient = matrix.T @ (matrix @ x - b) + 0.25 * x
    assert np.linalg.norm(gradient) <= bound(matrix) * (
        np.linalg.norm(matrix) * np.linalg.norm(x) + np.linalg.norm(b)
    )
    mixed = b + 1j * rng.normal(size=42)
    x = found.damped_solve(mixed, 0.5)
    gradient = matrix.T @ (matrix @ x - mixed) + 0.25 * x
    assert np.linalg.norm(gradient) <= bound(matrix) * (
        np.linalg.norm(matrix) * np.linalg.norm(x) + np.linalg.norm(mixed)
    )
    values = np.linalg.svd(matrix, compute_uv=False)
    assert found.condition_number() == pytest.approx(values[0] / values[-1], rel=1e-9)
    assert found.rank() == np.linalg.matrix_rank(matrix)


def test_singular_matrices_have_a_pseudo_inverse():
    kernel = np.array([[1.0, 1], [1, 1]])
    kernel[0, 0] += 0.0
    g = Geometry((4, 6), (2, 2), "same", "circular")
    found, matrix = diagonalize(kernel, g), dense(kernel, g)
    assert found.rank() == np.linalg.matrix_rank(matrix) < 24
    assert found.condition_number() > 1e15
    b = np.random.default_rng(8).normal(size=24)
    expected = np.linalg.pinv(matrix) @ b
    assert np.linalg.norm(found.pseudo_solve(b) - expected) <= 10 * bound(matrix)
    zero = diagonalize(np.zeros((3, 3)), Geometry((2, 2), (3, 3), "same", "symmetric"))
    assert zero.rank() == 0
    assert not zero.pseudo_solve(np.ones(4)).any()


@pytest.mark.parametrize("boundary", ["mirror", "antireflect"])
def test_what_is_not_normal_is_refused(boundary):
    kernel = symmetric_kernel(np.random.default_rng(9), (3, 3))
    kernel[1, 1] += 20  # regular
    g = Geometry((5, 6), (3, 3), "same", boundary)
    found, matrix = diagonalize(kernel, g), dense(kernel, g)
    assert not found.orthogonal
    b = np.arange(30.0)
    solved = found.pseudo_solve(b)
    assert np.linalg.norm(matrix @ solved - b) <= bound(matrix) * np.linalg.norm(solved)
    for attempt in (
        found.singular_values,
        found.condition_number,
        found.rank,
        lambda: found.damped_solve(b, 1.0),
    ):
        with pytest.raises(ConvmatError, match=r"not normal.*iterative"):
            attempt()
    singular = kernel - np.array([[0, 0, 0], [0, kernel.sum(), 0], [0, 0, 0]])
    with pytest.raises(ConvmatError, match="not normal"):
        diagonalize(singular, g).pseudo_solve(b)


def test_other_matrices_are_refused():
    random = np.random.default_rng(10).random((3, 3))
    for mode, boundary in (("same", "symmetric"), ("full", "circular"), ("same", "replicate")):
        with pytest.raises(ConvmatError, match="no fast transform"):
            diagonalize(random, Geometry((5, 5), (3, 3), mode, boundary))
        with pytest.raises(ConvmatError, match="eigenvalues|no fast transform"):
            eigenvalues(random, Geometry((5, 5), (3, 3), mode, boundary))
    found = diagonalize(np.ones((1, 1)), Geometry((2, 2), (1, 1), "same", "replicate"))
    with pytest.raises(ConvmatError, match="damp must be positive"):
        found.damped_solve(np.ones(4), 0.0)


def test_operators_in_one_basis_compare_equal():
    laplacian = np.array([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    blur = np.ones((5, 5))
    blur[2, 2] = 3
    first, second = (
        ConvolutionOperator(h, (6, 7), "same", "symmetric").diagonalization()
        for h in (laplacian, blur)
    )
    other = ConvolutionOperator(laplacian, (6, 7), "same", "antisymmetric").diagonalization()
    assert first.forward == second.forward != other.forward
    assert first.forward != first.inverse
    forward, inverse, values, orthogonal = first
    x = np.random.default_rng(11).normal(size=42)
    applied = ConvolutionOperator(laplacian, (6, 7), "same", "symmetric") @ x
    assert np.linalg.norm(inverse(values * forward(x)) - applied) <= bound(laplacian) * 42
    assert orthogonal


@pytest.mark.parametrize("boundary", DIAGONAL)
@pytest.mark.parametrize("size", [3, 4, 70, 300])
def test_transforms_invert(boundary, size):
    shape = (size, 300)
    x = np.random.default_rng(12).normal(size=size * 300)
    forward = Transform((boundary, Boundary.SYMMETRIC), shape)
    inverse = Transform((boundary, Boundary.SYMMETRIC), shape, inverse=True)
    error = np.linalg.norm(inverse(forward(x)) - x)
    assert error <= FACTOR * np.finfo(float).eps * np.linalg.norm(x) * np.sqrt(size)


@pytest.mark.parametrize("boundaries", list(product(ORTHOGONAL, repeat=3))[::2])
@pytest.mark.parametrize("shape", [(4, 5, 6), (2, 1, 3), (5, 2, 2)])
def test_real_samples_take_half_of_the_coefficients(boundaries, shape):
    rng = np.random.default_rng(14)
    kernel = symmetric_kernel(rng, (3, 3, 5))
    g = Geometry(shape, kernel.shape, "same", boundaries)
    found, matrix = diagonalize(kernel, g), dense(kernel, g)
    forward = found.forward
    circular = [n for b, n in zip(boundaries, shape, strict=True) if b is Boundary.CIRCULAR]
    if any(n > 2 for n in circular):
        assert found.values.size < matrix.shape[0]
    # What is left out is told by what is kept: with the same layout as all coefficients.
    b = rng.normal(size=matrix.shape[0])
    whole = forward.whole(forward.kept(forward(b)))
    assert np.linalg.norm(whole - forward(b)) <= bound(np.eye(b.size)) * np.linalg.norm(b)
    again = Diagonalization(forward, found.inverse, found.eigenvalues, True)
    np.testing.assert_array_equal(again.values, found.values)
    for right in (b, b + 1j * rng.normal(size=b.size)):
        x = found.damped_solve(right, 0.4)
        assert x.dtype == right.dtype
        gradient = matrix.T @ (matrix @ x - right) + 0.16 * x
        size = np.linalg.norm(matrix) * np.linalg.norm(x) + np.linalg.norm(right)
        assert np.linalg.norm(gradient) <= bound(matrix) * size
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert found.extremes() == pytest.approx((singular[-1], singular[0]), abs=bound(matrix))
    cutoff = np.median(singular)
    above = singular[singular > cutoff + bound(matrix)]
    assert found.extremes(cutoff + bound(matrix)) == pytest.approx(
        (above[-1], above[0]), abs=bound(matrix)
    )


@pytest.mark.parametrize("boundary", DIAGONAL)
@pytest.mark.parametrize("terms", [49, 121])
def test_kernels_of_many_terms(boundary, terms):
    """Their values come by FFT; those of few terms, by a product of matrices."""
    rng = np.random.default_rng(15)
    kernel = symmetric_kernel(rng, (terms, 3))
    g = Geometry((50, 6), kernel.shape, "same", boundary)
    check_decomposition(dense(kernel, g), diagonalize(kernel, g))


@pytest.mark.parametrize(
    "boundaries", [("circular",) * 2, ("symmetric", "circular"), ("circular", "antisymmetric")]
)
def test_large_images_are_solved_by_blocks(boundaries):
    """Against the operator, whose products know nothing of the transforms."""
    rng = np.random.default_rng(16)
    H = ConvolutionOperator(symmetric_kernel(rng, (5, 7)), (520, 390), "same", boundaries)
    b = rng.normal(size=H.shape[0])
    found = H.diagonalization()
    x = found.damped_solve(b, 0.3)
    size = found.extremes()[1]
    gradient = H.rmatvec(H @ x - b) + 0.09 * x
    allowed = FACTOR * np.finfo(float).eps * size * (size * np.linalg.norm(x) + np.linalg.norm(b))
    assert np.linalg.norm(gradient) <= allowed
    assert found.extremes() == pytest.approx(
        (np.abs(found.eigenvalues).min(), size), rel=4 * np.finfo(float).eps
    )


@pytest.mark.parametrize("damp", [1e-160, 1e-300])
def test_a_damping_whose_square_is_nothing(damp):
    kernel = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    found = diagonalize(kernel, Geometry((4, 4), (3, 3), "same", "symmetric"))
    x = found.damped_solve(np.arange(16.0), damp)
    assert np.isfinite(x).all()


def test_float32_is_kept():
    kernel = symmetric_kernel(np.random.default_rng(13), (3, 3), "float32")
    found = diagonalize(kernel, Geometry((5, 6), (3, 3), "same", "symmetric"))
    assert found.eigenvalues.dtype == np.float32
    assert found.damped_solve(np.ones(30, "float32"), 1.0).dtype == np.float32
