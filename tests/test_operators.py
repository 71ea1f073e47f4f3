"""The operators against the explicit matrices, which are the truth."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from convmat.banded import convolve_axis
from convmat.boundary import Boundary, extension
from convmat.errors import ConvmatError
from convmat.geometry import Geometry
from convmat.matrices.explicit import convolution_matrix, data_matrix
from convmat.matrices.extending import extend_axes, fold_axes
from convmat.matrices.stretches import stretches
from convmat.operators.banded_kernel import Banded
from convmat.operators.correlation import WindowPlan
from convmat.operators.matrix_free import ConvolutionOperator, DataOperator
from convmat.operators.overlap import Overlap
from convmat.operators.planning import Method, Plan
from convmat.spectral.symmetry import centred_half, separable_factors
from convmat.threads import run

DTYPES = ("float32", "float64", "complex64", "complex128")
MODES = ("full", "same", "valid")

# input shape, kernel shape, anchor: one to three axes, odd and even, larger than the signal
SHAPES = [
    ((1,), (1,), None),
    ((7,), (3,), None),
    ((6,), (4,), None),
    ((5,), (4,), 5),
    ((3,), (8,), -2),
    ((40,), (3,), None),
    ((6, 5), (3, 3), None),
    ((5, 8), (4, 1), (3, 0)),
    ((4, 3), (5, 7), (1, 9)),
    ((9, 20), (2, 3), None),
    ((1, 6), (3, 2), (0, 1)),
    ((3, 4, 5), (3, 2, 3), None),
    ((2, 5, 3), (1, 3, 4), (0, -1, 2)),
]
# The adjoint of a sum of products errs by a few eps of the sum of their magnitudes; FFTs by
# a few more, for each level.
FACTOR = 40


def values(rng, shape, dtype):
    array = rng.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        array = array + 1j * rng.normal(size=shape)
    return array.astype(dtype)


def tolerance(matrix, vector):
    return FACTOR * np.finfo(vector.dtype).eps * np.linalg.norm(matrix) * np.linalg.norm(vector)


def geometries():
    for (n, k, anchor), mode, boundary in product(SHAPES, MODES, Boundary):
        if mode != "valid" or all(a <= b for a, b in zip(k, n, strict=True)):
            yield n, k, mode, boundary, anchor


CASES = list(geometries())


@pytest.mark.parametrize(
    ("dtype", "method"),
    [*product(DTYPES, [None]), *product(["float32", "complex128"], Method)],
)
def test_convolution_operator_is_the_matrix(dtype, method):
    rng = np.random.default_rng(1)
    for n, k, mode, boundary, anchor in CASES:
        kernel = values(rng, k, dtype)
        if method is Method.SEPARABLE:
            kernel = values(rng, k[:1], dtype)
            for size in k[1:]:
                kernel = np.multiply.outer(kernel, values(rng, (size,), dtype))
        H = ConvolutionOperator(kernel, n, mode, boundary, anchor=anchor)
        if method is not None:
            H._plans[H.dtype] = Plan(kernel, H.geometry.extended_shape, method, H._extensions)
        matrix = convolution_matrix(kernel, n, mode, boundary, anchor=anchor, format="dense")
        assert H.shape == matrix.shape
        assert H.dtype == dtype
        x, y = values(rng, H.shape[1], dtype), values(rng, H.shape[0], dtype)
        forward, backward = H @ x, H.H @ y
        assert forward.dtype == backward.dtype == dtype
        case = (n, k, mode, boundary, anchor)
        assert np.linalg.norm(forward - matrix @ x) <= tolerance(matrix, x), case
        assert np.linalg.norm(backward - matrix.conj().T @ y) <= tolerance(matrix, y), case


@pytest.mark.parametrize(
    ("dtype", "method"),
    [*product(DTYPES, [None]), *product(["float32", "complex128"], [Method.DIRECT, Method.FFT])],
)
def test_data_operator_is_the_matrix(dtype, method):
    rng = np.random.default_rng(2)
    for n, k, mode, boundary, anchor in CASES:
        data = values(rng, n, dtype)
        X = DataOperator(data, k, mode, boundary, anchor=anchor)
        if method is not None:
            extended = np.ascontiguousarray(extend_axes(data, X.geometry.extensions))
            X._plans[X.dtype] = WindowPlan(extended, k, method)
        matrix = data_matrix(data, k, mode, boundary, anchor=anchor, format="dense")
        assert X.shape == matrix.shape
        h, y = values(rng, X.shape[1], dtype), values(rng, X.shape[0], dtype)
        forward, backward = X @ h, X.H @ y
        assert forward.dtype == backward.dtype == dtype
        case = (n, k, mode, boundary, anchor)
        assert np.linalg.norm(forward - matrix @ h) <= tolerance(matrix, h), case
        assert np.linalg.norm(backward - matrix.conj().T @ y) <= tolerance(matrix, y), case


@pytest.mark.parametrize("boundary", list(Boundary))
def test_boundary_differs_by_axis(boundary):
    rng = np.random.default_rng(3)
    both = (boundary, "symmetric")
    kernel = rng.normal(size=(4, 3))
    H = ConvolutionOperator(kernel, (6, 7), "full", both)
    y = rng.normal(size=H.shape[0])
    matrix = convolution_matrix(kernel, (6, 7), "full", both, format="dense")
    np.testing.assert_allclose(H.rmatvec(y), matrix.T @ y, atol=tolerance(matrix, y))


SIZES = [((70, 90), (7, 5)), ((200, 33), (31, 31)), ((40, 300), (3, 40)), ((9, 20, 30), (3, 4, 5))]


@pytest.mark.parametrize(("n", "k"), SIZES)
@pytest.mark.parametrize("boundary", ["zero", "mirror", "antireflect"])
def test_larger_operators_are_the_sparse_matrix(n, k, boundary):
    rng = np.random.default_rng(4)
    kernel = rng.normal(size=k)
    H = ConvolutionOperator(kernel, n, "same", boundary)
    X = DataOperator(rng.normal(size=n), k, "same", boundary)
    for operator in (H, X):
        matrix = operator.to_matrix()
        x, y = rng.normal(size=operator.shape[1]), rng.normal(size=operator.shape[0])
        norm = np.sqrt((matrix.data**2).sum())
        eps = FACTOR * np.finfo(float).eps * norm
        assert np.linalg.norm(operator @ x - matrix @ x) <= eps * np.linalg.norm(x)
        assert np.linalg.norm(operator.H @ y - matrix.T @ y) <= eps * np.linalg.norm(y)


LARGE = [
    ((300, 310), (7, 9), "float64"),
    ((300, 310), (7, 4), "complex128"),
    ((2, 200, 190), (2, 7, 5), "float64"),
    ((290, 400), (1, 33), "float64"),
    ((260, 300), (40, 5), "float64"),
]


@pytest.mark.parametrize(("n", "k", "dtype"), LARGE)
@pytest.mark.parametrize("method", [Method.SEPARABLE, Method.FFT])
def test_blocks_and_strips_of_large_signals(n, k, method, dtype):
    """Against SciPy's convolution of the whole extended signal, and by the adjoint identity."""
    rng = np.random.default_rng(13)
    kernel = np.ones((), dtype)
    for size in k:
        kernel = np.multiply.outer(kernel, values(rng, (size,), dtype))
    far = tuple(2 - size for size in k)
    rows_far = tuple(2 - s if a == len(k) - 2 else (s - 1) // 2 for a, s in enumerate(k))
    cases = [
        *product(Boundary, ["same"], [None]),
        ("mirror", "same", far),
        ("symmetric", "same", rows_far),
        ("zero", "full", far),
    ]
    for boundary, mode, anchor in cases:
        H = ConvolutionOperator(kernel, n, mode, boundary, anchor=anchor)
        extensions = H.geometry.extensions
        H._plans[H.dtype] = Plan(kernel, H.geometry.extended_shape, method, extensions)
        x, y = values(rng, H.shape[1], dtype), values(rng, H.shape[0], dtype)
        extended = extend_axes(x.reshape(n), extensions)
        expected = signal.oaconvolve(extended, kernel, "valid").ravel()
        eps = FACTOR * np.finfo(dtype).eps * np.abs(kernel).sum()
        case = (mode, boundary, anchor)
        assert np.abs(H @ x - expected).max() <= eps * np.abs(extended).max(), case
        scale = eps * np.linalg.norm(x) * np.linalg.norm(y)
        growth = np.prod([np.abs(e.weights).sum(axis=0).max() for e in extensions])
        assert abs(np.vdot(y, expected) - np.vdot(H.H @ y, x)) <= scale * growth, case


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_adjoint_identity(data):
    ndim = data.draw(st.integers(1, 3))
    largest = {1: 40, 2: 12, 3: 6}[ndim]
    sizes = st.tuples(*[st.integers(1, largest)] * ndim)
    n, k = data.draw(sizes), data.draw(sizes)
    mode = data.draw(st.sampled_from(MODES))
    if mode == "valid":
        k = tuple(min(a, b) for a, b in zip(n, k, strict=True))
    boundary = data.draw(st.tuples(*[st.sampled_from(list(Boundary))] * ndim))
    anchor = data.draw(st.tuples(*[st.integers(-5, largest + 5)] * ndim))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    kernel = values(rng, k, data.draw(st.sampled_from(["float64", "complex128"])))
    H = ConvolutionOperator(kernel, n, mode, boundary, anchor=anchor)
    x, y = rng.normal(size=H.shape[1]), rng.normal(size=H.shape[0])
    left, right = np.vdot(H @ x, y), np.vdot(x, H.H @ y)
    reach = sum(np.abs(kernel).ravel()) * np.linalg.norm(x) * np.linalg.norm(y)
    # antireflect far outside multiplies by the number of periods
    growth = np.prod([np.abs(e.weights).sum() for e in H.geometry.extensions])
    assert abs(left - right) <= FACTOR * np.finfo(float).eps * reach * max(1.0, growth)


def test_products_with_matrices_and_other_dtypes():
    rng = np.random.default_rng(5)
    kernel = rng.normal(size=(3, 3)).astype("float32")
    H = ConvolutionOperator(kernel, (5, 4), "same", "replicate")
    exact = kernel.astype("float64")  # the float32 matrix has rounded where entries meet
    matrix = convolution_matrix(exact, (5, 4), "same", "replicate", format="dense")
    many = rng.normal(size=(20, 3))
    assert (H @ many).dtype == np.float64  # of the vectors: nothing is rounded to float32
    np.testing.assert_allclose(H @ many, matrix @ many, rtol=0, atol=tolerance(matrix, many))
    np.testing.assert_allclose(H.H @ many, matrix.T @ many, rtol=0, atol=tolerance(matrix, many))
    np.testing.assert_array_equal(H @ many[:, :1], (H @ many[:, 0])[:, None])
    mixed = many[:, 0] + 1j * many[:, 1]
    np.testing.assert_allclose(H @ mixed, matrix @ mixed, rtol=0, atol=tolerance(matrix, mixed))
    assert (H @ np.arange(20)).dtype == np.float64
    assert (H @ np.arange(20, dtype="float32")).dtype == np.float32
    np.testing.assert_allclose(H.T @ mixed, matrix.T @ mixed, rtol=0, atol=tolerance(matrix, mixed))


def test_integers_come_out_exactly():
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
    image = np.random.default_rng(6).integers(0, 256, (50, 60))
    H = ConvolutionOperator(kernel, image.shape, "same", "replicate")
    np.testing.assert_array_equal(H @ image.ravel(), H.to_matrix() @ image.ravel())


def test_normal_equations_and_gram():
    rng = np.random.default_rng(7)
    kernel, data = rng.normal(size=(3, 2)), rng.normal(size=(8, 9))
    for operator in (
        ConvolutionOperator(kernel, (8, 9), "full", "mirror"),
        DataOperator(data, (3, 2), "same", "antireflect"),
    ):
        A = operator.to_matrix(format="dense")
        b, w = rng.normal(size=A.shape[0]), rng.random(A.shape[0])
        for weights, diagonal in ((None, np.ones_like(w)), (w, w)):
            gram, rhs, constant = operator.normal_equations(b, weights)
            gram = gram.toarray() if hasattr(gram, "toarray") else gram
            eps = FACTOR * np.finfo(float).eps * np.linalg.norm(A)
            expected = A.T @ (diagonal[:, None] * A)
            assert np.linalg.norm(gram - expected) <= eps * np.linalg.norm(A)
            assert np.linalg.norm(rhs - A.T @ (diagonal * b)) <= eps * np.linalg.norm(b)
            assert constant == pytest.approx((diagonal * b * b).sum(), rel=1e-14)
        gram = operator.gram()
        gram = gram.toarray() if hasattr(gram, "toarray") else gram
        assert np.linalg.norm(gram - A.T @ A) <= eps * np.linalg.norm(A)


def test_bad_input():
    with pytest.raises(ConvmatError, match="axes"):
        ConvolutionOperator([1, 2], (3, 3))
    with pytest.raises(ConvmatError, match="NaN"):
        ConvolutionOperator([np.nan], 3)
    with pytest.raises(ConvmatError, match="larger than the signal"):
        DataOperator([1, 2], 3, "valid")
    with pytest.raises(ConvmatError, match="means two different things"):
        ConvolutionOperator([1, 2], 3, "same", "reflect")
    H = ConvolutionOperator([1, 2], 3, "same")
    with pytest.raises(ConvmatError, match=r"one entry for each output \(3\)"):
        H.normal_equations([1.0])
    with pytest.raises(ConvmatError, match="not negative"):
        H.normal_equations([1.0, 2, 3], [1.0, -1, 1])
    with pytest.raises(ValueError, match="mismatch"):
        H @ np.ones(4)
    with pytest.raises(ValueError, match="read-only"):
        H.kernel[0] = 3


def test_the_kernel_is_copied():
    kernel = np.array([1.0, 2.0])
    H = ConvolutionOperator(kernel, 3)
    kernel[0] = 9
    assert H.kernel[0] == 1


@pytest.mark.parametrize("boundary", list(Boundary))
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("span", [(-20, 30), (-2, 9), (0, 7), (1, 3), (-1, 0), (9, 14), (-8, -2)])
def test_extending_and_folding_are_transposes(boundary, size, span):
    e = extension(boundary, size, *span)
    matrix = np.zeros((span[1] - span[0], size))
    for indices, weights in zip(e.indices, e.weights, strict=True):
        np.add.at(matrix, (np.arange(len(matrix)), indices), weights)
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(size, 3)), rng.normal(size=(len(matrix), 3))
    other = extension(Boundary.ZERO, 3, 0, 3)
    kept = y.copy()
    extended, folded = extend_axes(x, [e, other]), fold_axes(y, [e, other])
    np.testing.assert_allclose(extended, matrix @ x, rtol=0, atol=tolerance(matrix, x))
    np.testing.assert_allclose(folded, matrix.T @ y, rtol=0, atol=tolerance(matrix, y))
    np.testing.assert_array_equal(y, kept)
    np.testing.assert_array_equal(extend_axes(x.T, [other, e]), extended.T)
    np.testing.assert_allclose(
        fold_axes(y.T, [other, e], overwrite=True), folded.T, rtol=0, atol=tolerance(matrix, y)
    )


def test_stretches_are_few():
    g = Geometry(1000, 301, "same", "antireflect")
    assert sum(len(term) for term in stretches(g.extensions[0])) <= 7


@pytest.mark.parametrize("size", [1, 2, 9, 40, 3000])
@pytest.mark.parametrize("rows", [1, 3, 70])
def test_convolution_along_an_axis(size, rows):
    rng = np.random.default_rng(9)
    x, h = rng.normal(size=(rows, size + 700)), rng.normal(size=size)
    expected = np.stack([np.convolve(row, h, "valid") for row in x])
    scale = FACTOR * np.finfo(float).eps * np.abs(h).sum() * np.abs(x).max()
    np.testing.assert_allclose(convolve_axis(x, h, 1), expected, rtol=0, atol=scale)
    across = np.ascontiguousarray(x.T)
    np.testing.assert_allclose(convolve_axis(across, h, 0), expected.T, rtol=0, atol=scale)


def test_fft_strips_meet():
    """Several strips, the first of which wraps around in the adjoint."""
    rng = np.random.default_rng(10)
    kernel, x, y = (
        rng.normal(size=(20, 3)),
        rng.normal(size=(3019, 302)),
        rng.normal(size=(3000, 300)),
    )
    plan = Overlap(kernel, x.shape)
    assert plan.sizes[0] < 1000
    scale = FACTOR * np.finfo(float).eps * np.abs(kernel).sum() * np.abs(x).max()
    np.testing.assert_allclose(plan.forward(x), Banded(kernel)(x), rtol=0, atol=scale)
    np.testing.assert_allclose(
        plan.adjoint(y), Plan(kernel, x.shape, Method.DIRECT).adjoint(y), rtol=0, atol=scale
    )


def test_separable_kernels_are_found():
    rng = np.random.default_rng(11)
    factors = [rng.normal(size=k) for k in (5, 1, 4)]
    kernel = np.einsum("i,j,k", *factors)
    found = separable_factors(kernel)
    np.testing.assert_allclose(np.einsum("i,j,k", *found), kernel, rtol=1e-14)
    kernel[0, 0, 0] *= 1 + 1e-12
    assert separable_factors(kernel) is None
    tiny = np.outer([1.0, 2], [3.0, 4]) * 1e-300
    assert separable_factors(tiny) is not None
    assert [f.size for f in separable_factors(np.zeros((2, 3)))] == [2, 3]


def test_symmetry_is_about_the_anchor():
    assert centred_half(np.array([0.0, 0, 1, 2, 1]), 0, 3).tolist() == [2, 1, 0, 0]
    assert centred_half(np.array([1.0, 2, 1]), 0, 7) is None
    assert centred_half(np.array([1.0, 1 + 1e-15]), 0, 0) is None


def test_threads_hand_on_failures():
    def fail():
        raise RuntimeError("no")

    for parallel in (False, True):
        with pytest.raises(RuntimeError, match="no"):
            run([fail] * 5, parallel=parallel)


def test_method_follows_the_cost():
    rng = np.random.default_rng(12)
    shape = (1024, 1024)
    assert Plan(rng.random((3, 3)), shape).method is Method.DIRECT
    assert Plan(rng.random((31, 31)), shape).method is Method.FFT
    assert Plan(np.outer(rng.random(31), rng.random(31)), shape).method is Method.SEPARABLE
    assert Plan(rng.random((3, 3)), (5, 6)).method is Method.DIRECT
    assert WindowPlan(np.zeros(shape), (31, 31)).method is Method.FFT
