"""inverse_matrix: NumPy's pseudo-inverse, Penrose's conditions, and projections by brute force."""

from itertools import product

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from oracles import BOUNDARIES, MODES, has_outputs, outputs, pad, per_axis

import convmat.inverse.inverse_matrix
import convmat.memory
from convmat import ConvmatError, ConvolutionOperator, TooLargeError, convolution_matrix
from convmat.boundary import Boundary
from convmat.inverse.inverse_matrix import inverse_matrix
from convmat.inverse.shift_matrices import Shifts, all_shifts

EPS = np.finfo(float).eps
FACTOR = 100
RNG = np.random.default_rng(3)

PLUS = np.array([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
KERNELS = {
    "plus": PLUS,
    "dominant": np.array([[0.1, -0.2, 0.1], [0.3, 2.0, -0.1], [0.0, 0.2, 0.1]]),
    "binomial": np.outer([1.0, 2, 1], [1, 2, 1]) / 16,
    "motion": np.ones((1, 4)) / 4,
    "even": np.array([[1.0, -3], [2, 5]]),
    "complex": np.array([[1.0, 2j, 1], [0, 4 - 1j, 1]]),
}
CASES = [
    (name, shape, mode, boundary)
    for (name, kernel), shape, mode, boundary in product(
        KERNELS.items(),
        [(4, 5), (1, 4)],
        MODES,
        [*BOUNDARIES, ("circular", "symmetric"), ("antireflect", "zero")],
    )
    if has_outputs(shape, kernel.shape, mode)
]


def dense(kernel, shape, mode, boundary, anchor=None):
    return convolution_matrix(kernel, shape, mode, boundary, anchor=anchor, format="dense")


def scale(found):
    """To what precision P is known: |P| times the condition of what counts of H."""
    counted = found.singular_values[: found.rank]
    if not found.rank:
        return 0.0
    return FACTOR * EPS * (counted[0] / counted[-1]) ** 2 / counted[0] * len(counted) ** 0.5


def by_structure(monkeypatch, *arguments, **options):
    """The way of large matrices, taken for a small one."""
    with monkeypatch.context() as patch:
        patch.setattr(convmat.inverse.inverse_matrix, "_SMALL", 0)
        return inverse_matrix(*arguments, **options)


def as_array(operator):
    return operator @ np.eye(operator.shape[1])


@pytest.mark.parametrize(("name", "shape", "mode", "boundary"), CASES)
def test_it_is_the_pseudo_inverse(name, shape, mode, boundary, monkeypatch):
    kernel = KERNELS[name]
    matrix = dense(kernel, shape, mode, boundary)
    found = inverse_matrix(kernel, shape, mode, boundary)
    expected = np.linalg.pinv(matrix, rtol=max(matrix.shape) * EPS)
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert found.rank == np.linalg.matrix_rank(matrix)
    np.testing.assert_allclose(
        found.singular_values, singular, rtol=0, atol=FACTOR * EPS * singular[0]
    )
    np.testing.assert_allclose(found.matrix, expected, rtol=0, atol=scale(found))
    np.testing.assert_array_equal(as_array(found.operator), found.matrix)

    large = by_structure(monkeypatch, kernel, shape, mode, boundary)
    assert large.rank == found.rank
    np.testing.assert_allclose(as_array(large.operator), expected, rtol=0, atol=scale(found))
    np.testing.assert_allclose(
        large.singular_values, singular, rtol=0, atol=FACTOR * EPS * singular[0]
    )
    backwards = large.operator.H @ np.eye(large.operator.shape[0])
    np.testing.assert_allclose(backwards, expected.conj().T, rtol=0, atol=scale(found))
    if large.method != "svd":
        assert large.matrix is None
        for one, other in (
            (large.toeplitz, found.toeplitz),
            (large.convolution, found.convolution),
        ):
            assert one.anchor == other.anchor
            np.testing.assert_allclose(one.kernel, other.kernel, rtol=0, atol=scale(found))
            # Squares are what the two ways have in common: a distance of nearly 0 is their root.
            assert abs(one.distance**2 - other.distance**2) <= FACTOR * EPS * found.matrix.size


def test_every_way_was_tried(monkeypatch):
    ways = [
        by_structure(monkeypatch, KERNELS[name], shape, mode, boundary).method
        for name, shape, mode, boundary in CASES
        if shape == (4, 5)
    ]
    assert min(ways.count(way) for way in ("svd", "transforms", "kronecker")) > 10


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", ["plus", "binomial", "complex"])
def test_penrose(name, mode, boundary, monkeypatch):
    kernel, shape = KERNELS[name], (6, 4)
    H = dense(kernel, shape, mode, boundary)
    found = inverse_matrix(kernel, shape, mode, boundary)
    condition = found.singular_values[0] / found.singular_values[found.rank - 1]
    large = by_structure(monkeypatch, kernel, shape, mode, boundary)
    for P in (found.matrix, as_array(large.operator)):
        error = FACTOR * EPS * condition
        HP, PH = H @ P, P @ H
        assert np.linalg.norm(HP @ H - H) <= error * np.linalg.norm(H)
        assert np.linalg.norm(PH @ P - P) <= error * np.linalg.norm(P)
        assert np.linalg.norm(HP - HP.conj().T) <= error * np.linalg.norm(HP)
        assert np.linalg.norm(PH - PH.conj().T) <= error * np.linalg.norm(PH)


LARGE = [
    (PLUS, (64, 60), "same", "circular"),
    (PLUS, (64, 60), "same", ("symmetric", "antisymmetric")),
    (np.outer([1.0, 4, 1], [1, -2.5, 1]), (48, 40), "full", "replicate"),
    (np.outer([1.0, 4, 1], [1, -2.5, 1]), (48, 40), "valid", "zero"),
]


@pytest.mark.parametrize(("kernel", "shape", "mode", "boundary"), LARGE)
def test_penrose_of_large_operators(kernel, shape, mode, boundary):
    H = ConvolutionOperator(kernel, shape, mode, boundary)
    found = inverse_matrix(kernel, shape, mode, boundary)
    P = found.operator
    assert found.matrix is None
    assert P.shape == H.shape[::-1]
    condition = found.singular_values[0] / found.singular_values[found.rank - 1]
    x, v = RNG.normal(size=(2, H.shape[1]))
    y, w = RNG.normal(size=(2, H.shape[0]))

    def error(*vectors):
        return FACTOR * EPS * condition * np.prod([np.linalg.norm(vector) for vector in vectors])

    assert np.linalg.norm(H @ (P @ (H @ x)) - H @ x) <= error(H @ x)
    assert np.linalg.norm(P @ (H @ (P @ y)) - P @ y) <= error(P @ y)
    assert abs(np.dot(w, H @ (P @ y)) - np.dot(H @ (P @ w), y)) <= error(w, y)
    assert abs(np.dot(v, P @ (H @ x)) - np.dot(P @ (H @ v), x)) <= error(v, x)
    assert abs(np.dot(v, P @ y) - np.dot(P.H @ v, y)) <= error(P.H @ v, y)


def test_singular_values_of_a_large_matrix_are_the_spectrum():
    found = inverse_matrix(PLUS, (300, 256), boundary="circular")
    angles = [2 * np.pi * np.arange(n) / n for n in (300, 256)]
    spectrum = 1 + 2 * np.cos(angles[0])[:, None] + 2 * np.cos(angles[1])
    np.testing.assert_allclose(
        found.singular_values, np.sort(abs(spectrum.ravel()))[::-1], rtol=0, atol=FACTOR * EPS
    )
    # The plus is blind on a curve, cos a + cos b = -1/2, that meets six of these frequencies.
    assert found.rank == np.count_nonzero(abs(spectrum) > FACTOR * EPS) == spectrum.size - 6
    assert found.condition == np.inf


@pytest.mark.parametrize("n", [8, 1100])
def test_a_zero_at_the_nyquist_frequency(n):
    found = inverse_matrix([0.25, 0.5, 0.25], n, boundary="circular")
    assert found.rank == n - 1
    assert found.condition == np.inf
    assert found.convolution_distance <= FACTOR * EPS * (
        found.singular_values[0] / found.singular_values[n - 2]
    )
    alternating = np.resize([1.0, -1.0], n)
    assert np.linalg.norm(found.operator @ alternating) <= FACTOR * EPS * n**2 * n**0.5


def test_rcond_cuts():
    kernel = [1.0, 2, 1.5]
    H = dense(np.array(kernel), (12,), "same", "zero")
    found = inverse_matrix(kernel, 12, rcond=0.2)
    assert 0 < found.rank < 12
    np.testing.assert_allclose(
        found.matrix, scipy.linalg.pinv(H, rtol=0.2), rtol=0, atol=scale(found)
    )


# The nearest convolutions ---------------------------------------------------------------


def shift(boundary, rows, columns, start, displacement):
    """(S y)[i] = ext(y)[i - displacement], y[0] being at `start`, by a library's padding."""
    first = -displacement - start
    last = first + rows - 1
    before, after = max(0, -first), max(0, last - columns + 1)
    extended = pad(np.eye(columns), before, after, 0, boundary)
    return extended[first + before : last + before + 1]


def every_shift(kernel, shape, mode, boundary, anchor=None):
    """All shift matrices from H's outputs to its signal that could ever matter, flattened."""
    anchor = tuple((k - 1) // 2 for k in kernel.shape) if anchor is None else anchor
    factors = []
    axes = zip(shape, kernel.shape, per_axis(boundary, len(shape)), anchor, strict=True)
    for n, k, b, c in axes:
        i = outputs(mode, n, k, c)
        reach = range(-3 * len(i) - n - i[0], 3 * len(i) + n - i[0])
        factors.append([shift(b, n, len(i), i[0], d) for d in reach])
    every = factors[0]
    for more in factors[1:]:
        every = [np.kron(one, other) for one in every for other in more]
    return np.stack([matrix.ravel() for matrix in every], axis=1)


def projection(matrix, vectors):
    """Onto the span of the columns of `vectors`, of any rank."""
    left, singular, _ = np.linalg.svd(vectors, full_matrices=False)
    left = left[:, singular > 1e-9 * singular[0]]
    return (left @ (left.T @ matrix.ravel())).reshape(matrix.shape)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("boundary", [*BOUNDARIES, ("mirror", "circular")])
@pytest.mark.parametrize(("name", "anchor"), [("dominant", None), ("complex", (2, -1))])
def test_the_nearest_convolution_is_the_projection(name, anchor, mode, boundary):
    kernel, shape = KERNELS[name], (4, 3)
    found = inverse_matrix(kernel, shape, mode, boundary, anchor=anchor)
    size = np.linalg.norm(found.matrix)
    for nearest, edges in ((found.convolution, boundary), (found.toeplitz, "zero")):
        expected = projection(found.matrix, every_shift(kernel, shape, mode, edges, anchor))
        G = nearest.to_matrix()
        # 1e-9 divides the shifts' singular values, so it is not an error of the projection.
        np.testing.assert_allclose(G, expected, rtol=0, atol=FACTOR**2 * EPS * size)
        distance = np.linalg.norm(found.matrix - expected) / size
        assert abs(nearest.distance - distance) <= FACTOR**2 * EPS


@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 2, 4)])
def test_toeplitz_is_the_mean_of_every_diagonal(shape):
    kernel = RNG.normal(size=(2,) * len(shape)) + 3
    found = inverse_matrix(kernel, shape, "full")
    grids = found.geometry.input_shape, found.geometry.output_shape
    sums, counts = {}, {}
    for n, i in enumerate(np.ndindex(grids[0])):
        for m, j in enumerate(np.ndindex(grids[1])):
            key = tuple(a - b + size - 1 for a, b, size in zip(i, j, grids[1], strict=True))
            sums[key] = sums.get(key, 0) + found.matrix[n, m]
            counts[key] = counts.get(key, 0) + 1
    assert len(sums) == found.toeplitz.kernel.size
    bound = FACTOR * EPS * np.linalg.norm(found.matrix)
    for key, total in sums.items():
        assert abs(found.toeplitz.kernel[key] - total / counts[key]) <= bound


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_kernels_can_be_applied(boundary):
    found = inverse_matrix(KERNELS["dominant"], (4, 5), "same", boundary)
    for nearest, edges in ((found.convolution, boundary), (found.toeplitz, "zero")):
        H = dense(nearest.kernel, (4, 5), "same", edges, nearest.anchor)
        bound = FACTOR * EPS * np.linalg.norm(H)
        np.testing.assert_allclose(nearest.to_matrix(), H, rtol=0, atol=bound)
        if edges != "zero":
            assert nearest.boundary == (Boundary(edges),) * 2


@given(
    kernel=st.lists(st.integers(-5, 5), min_size=1, max_size=6).filter(any),
    n=st.integers(1, 9),
    anchor=st.integers(-2, 6),
)
def test_no_distance_where_it_is_circular(kernel, n, anchor):
    found = inverse_matrix(kernel, n, boundary="circular", anchor=anchor)
    assert found.convolution_distance <= EPS * FACTOR * condition_of(found)
    assert found.toeplitz_distance <= EPS * FACTOR * condition_of(found)


@given(
    half=st.lists(st.integers(-5, 5), min_size=1, max_size=5).filter(any),
    n=st.integers(1, 9),
    boundary=st.sampled_from(["symmetric", "antisymmetric"]),
)
def test_no_distance_where_a_cosine_or_sine_transform_is_diagonal(half, n, boundary):
    found = inverse_matrix([*half[:0:-1], *half], n, boundary=boundary)
    assert found.convolution_distance <= EPS * FACTOR * condition_of(found)


def condition_of(found):
    """Of what counts; 1 where nothing does."""
    counted = found.singular_values[: found.rank]
    return counted[0] / counted[-1] if found.rank else 1.0


@pytest.mark.parametrize("boundary", ["mirror", "antireflect"])
def test_no_distance_where_the_transform_is_not_orthogonal_but_h_has_full_rank(boundary):
    found = inverse_matrix([1.0, 5, 1], 9, boundary=boundary)
    assert found.rank == 9
    assert found.convolution_distance <= FACTOR * EPS * found.condition
    assert found.toeplitz_distance > 0.01


@pytest.mark.parametrize("boundary", ["zero", "replicate"])
def test_a_distance_where_no_transform_is_diagonal(boundary):
    found = inverse_matrix(PLUS, (6, 6), boundary=boundary)
    assert found.convolution_distance > 0.1


def test_zero_edges_and_toeplitz_are_the_same():
    for mode in MODES:
        found = inverse_matrix(KERNELS["even"], (4, 5), mode)
        np.testing.assert_array_equal(found.toeplitz.kernel, found.convolution.kernel)


def test_nothing_comes_back_of_nothing():
    found = inverse_matrix([1.0, -1.0], 1, boundary="symmetric")  # 1 x 1, and zero
    assert found.rank == 0
    assert not found.matrix.any()
    assert found.condition == np.inf
    assert found.convolution_distance == 0.0


@pytest.mark.parametrize("rows", range(1, 7))
@pytest.mark.parametrize("boundary", Boundary)
def test_shifts_are_a_basis_of_all_shifts(boundary, rows):
    for columns, start in zip(range(1, 7), (-2, 0, 3, 0, 5, -1), strict=True):
        basis = all_shifts(boundary, rows, columns, start)
        own = stacked(basis)
        wider = Shifts(boundary, rows, columns, start, basis.first - 20, basis.count + 40)
        assert np.linalg.matrix_rank(own) == basis.count
        assert np.linalg.matrix_rank(stacked(wider)) == basis.count
        gram = basis.gram()
        np.testing.assert_array_equal(np.diag(gram) if gram.ndim == 1 else gram, own @ own.T)


def stacked(shifts):
    return np.stack([shifts.combine(unit).ravel() for unit in np.eye(shifts.count)])


# Large ones, and what is refused --------------------------------------------------------


def test_a_large_separable_matrix_with_small_values_has_no_distances():
    line = np.exp(-0.5 * (np.arange(-8, 9) / 4) ** 2)
    found = inverse_matrix(np.outer(line, line), (40, 40))
    assert found.method == "kronecker"
    assert np.isnan(found.toeplitz_distance)
    assert np.isnan(found.convolution_distance)
    assert found.rank < 1600
    assert "count as zero" in found.note
    assert found.note in str(found)


@pytest.mark.parametrize("factor", [1e-150, 1e150])
@pytest.mark.parametrize("boundary", ["zero", "circular"])
def test_scale_does_not_matter(factor, boundary, monkeypatch):
    for find in (inverse_matrix, lambda *a, **o: by_structure(monkeypatch, *a, **o)):
        usual = find(np.outer([1.0, 4, 1], [2, 5, 1]), (4, 5), boundary=boundary)
        scaled = find(factor * np.outer([1.0, 4, 1], [2, 5, 1]), (4, 5), boundary=boundary)
        assert abs(scaled.toeplitz_distance - usual.toeplitz_distance) <= FACTOR * EPS
        np.testing.assert_allclose(
            scaled.toeplitz.kernel * factor, usual.toeplitz.kernel, rtol=0, atol=FACTOR * EPS
        )


def test_single_precision_is_computed_in_double():
    kernel = np.array([1, 4, 1], np.float32)
    found = inverse_matrix(kernel, 5)
    assert found.matrix.dtype == np.float64
    np.testing.assert_array_equal(found.matrix, inverse_matrix([1.0, 4, 1], 5).matrix)


def test_too_large_names_its_size_and_the_way_around():
    with pytest.raises(TooLargeError) as caught:
        inverse_matrix(PLUS, (100, 100))
    message = str(caught.value)
    for part in ("10000 x 10000", "100000000 entries", "800000000 bytes", "solve(", '"lsmr"'):
        assert part in message


def test_memory_is_asked_for(monkeypatch):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: 10_000)
    with pytest.raises(TooLargeError, match="lsmr"):
        inverse_matrix(PLUS, (20, 20))


def test_printed():
    lines = str(inverse_matrix([0.5, 0.5], 4, boundary="circular")).splitlines()
    assert lines[0] == "pseudo-inverse of a 4 x 4 matrix (mode same, boundary circular), by svd"
    assert lines[1] == "rank 3, condition inf"
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("arguments", "options", "part"),
    [
        (([0.0, 0.0], 4), {}, "all zero"),
        (([1.0, np.nan], 4), {}, "NaN"),
        (([1.0, np.inf], 4), {}, "infinite"),
        (([], 4), {}, "empty"),
        (([[1.0]], 4), {}, "axes"),
        (([1.0], 0), {}, "at least 1"),
        (([1.0], 4, "reflect"), {}, "mode"),
        (([1.0], 4, "same", "reflect"), {}, "means two different things"),
        (([1.0, 2.0], 1, "valid"), {}, "no outputs"),
        (([1.0, 2.0], 4), {"anchor": 0.5}, "anchor"),
        (([1.0, 2.0], 4), {"rcond": -1.0}, "rcond"),
        (([1.0, 2.0], 4), {"rcond": np.nan}, "rcond"),
        ((["a"], 4), {}, "numbers"),
    ],
)
def test_bad_input(arguments, options, part):
    with pytest.raises(ConvmatError, match=part):
        inverse_matrix(*arguments, **options)
