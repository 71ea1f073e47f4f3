"""H and X: their outputs against the definition, their form, and what is refused."""

from itertools import product

import numpy as np
import oracles
import pytest
from oracles import BOUNDARIES, MODES, has_outputs, integers
from scipy import sparse

import convmat.matrices.blocks
import convmat.memory
import convmat.threads
from convmat import ConvmatError, TooLargeError, convolution_matrix, data_matrix

SHAPES = [
    ((1,), (1,)),
    ((1,), (3,)),
    ((1,), (4,)),
    ((5,), (1,)),
    ((5,), (3,)),
    ((6,), (4,)),
    ((7,), (2,)),
    ((4,), (4,)),
    ((3,), (11,)),
    ((2,), (14,)),
    ((1, 1), (2, 3)),
    ((4, 5), (3, 3)),
    ((5, 3), (2, 4)),
    ((1, 4), (3, 2)),
    ((2, 3), (5, 7)),
    ((6, 5), (1, 3)),
    ((3, 4, 2), (2, 3, 3)),
    ((2, 1, 3), (3, 2, 5)),
    ((2, 3, 2, 3), (2, 1, 3, 2)),
]
ANCHORS = {
    "default": lambda k: (k - 1) // 2,
    "first": lambda k: 0,
    "last": lambda k: k - 1,
    "negative": lambda k: -2,
    "beyond": lambda k: k + 3,
}


CASES = [
    pytest.param(n, k, mode, id=f"{n}-{k}-{mode}")
    for (n, k), mode in product(SHAPES, MODES)
    if has_outputs(n, k, mode)
]


def assert_canonical(matrix):
    """Sorted columns without duplicates, whatever the flags say: they are worked out afresh."""
    fresh = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    fresh.check_format(full_check=True)
    assert fresh.has_sorted_indices
    assert fresh.has_canonical_format
    assert matrix.has_canonical_format


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("n", "k", "mode"), CASES)
def test_both_matrices_carry_out_the_definition(n, k, mode, boundary):
    data, kernel = integers(n, 1), integers(k, 2)
    for rule in ANCHORS.values():
        anchor = tuple(rule(size) for size in k)
        outputs = oracles.convolve(data, kernel, mode, boundary, anchor).ravel()
        H = convolution_matrix(kernel, n, mode, boundary, anchor=anchor)
        X = data_matrix(data, k, mode, boundary, anchor=anchor)
        assert_canonical(H)
        assert_canonical(X)
        np.testing.assert_array_equal(H @ data.ravel(), outputs)
        np.testing.assert_array_equal(X @ kernel.ravel(), outputs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pair", list(product(BOUNDARIES, BOUNDARIES)), ids="-".join)
def test_a_boundary_of_its_own_for_each_axis(mode, pair):
    data, kernel = integers((4, 5), 3), integers((3, 4), 4)
    outputs = oracles.convolve(data, kernel, mode, pair, (0, 2)).ravel()
    H = convolution_matrix(kernel, (4, 5), mode, pair, anchor=(0, 2))
    X = data_matrix(data, (3, 4), mode, pair, anchor=(0, 2))
    np.testing.assert_array_equal(H @ data.ravel(), outputs)
    np.testing.assert_array_equal(X @ kernel.ravel(), outputs)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("n", "k"), [((6,), (3,)), ((4, 6), (3, 2)), ((3, 2, 4), (1, 2, 3))])
def test_fortran_order(n, k, mode, boundary):
    data, kernel = integers(n, 5), integers(k, 6)
    outputs = oracles.convolve(data, kernel, mode, boundary).ravel(order="F")
    H = convolution_matrix(kernel, n, mode, boundary, order="F")
    X = data_matrix(data, k, mode, boundary, order="F")
    assert_canonical(H)
    assert_canonical(X)
    np.testing.assert_array_equal(H @ data.ravel(order="F"), outputs)
    np.testing.assert_array_equal(X @ kernel.ravel(order="F"), outputs)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_memory_layout_of_the_argument_does_not_matter(boundary):
    kernel, data = integers((3, 4)), integers((5, 6))
    H = convolution_matrix(kernel, (5, 6), "same", boundary)
    X = data_matrix(data, (3, 4), "same", boundary)
    for same in (np.asfortranarray, lambda a: np.flip(np.flip(a).copy()), lambda a: a.tolist()):
        assert (convolution_matrix(same(kernel), (5, 6), "same", boundary) != H).nnz == 0
        assert (data_matrix(same(data), (3, 4), "same", boundary) != X).nnz == 0


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("anchor", [10**6, -(10**6), 10**12, 2**62, -(2**62)])
def test_anchors_as_far_away_as_can_be(boundary, n, anchor):
    """`full` and `valid` follow the anchor; `same` reads the extension far away."""
    data, kernel = integers(n), integers(2)
    for mode in ("full", "valid") if n > 1 else ("full",):
        far = convolution_matrix(kernel, n, mode, "zero", anchor=anchor)
        assert (far != convolution_matrix(kernel, n, mode, "zero")).nnz == 0
    H = convolution_matrix(kernel, n, "same", boundary, anchor=anchor)
    X = data_matrix(data, 2, "same", boundary, anchor=anchor)
    assert_canonical(H)
    assert_canonical(X)
    if boundary in ("circular", "symmetric", "mirror", "antisymmetric", "replicate", "zero"):
        period = 4 * n * max(n - 1, 1)
        near = anchor % period if boundary not in ("replicate", "zero") else np.sign(anchor) * 50
        outputs = oracles.convolve(data, kernel, "same", boundary, int(near))
        np.testing.assert_array_equal(H @ data, outputs)
        np.testing.assert_array_equal(X @ kernel, outputs)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_dtypes_are_kept(dtype, boundary):
    data, kernel = integers((4, 5), dtype=dtype), integers((3, 2), dtype=dtype)
    if np.dtype(dtype).kind == "c":
        data, kernel = data * (1 + 2j), kernel * (2 - 1j)
        data, kernel = data.astype(dtype), kernel.astype(dtype)
    outputs = oracles.convolve(data.astype(complex), kernel.astype(complex), "same", boundary)
    for format in ("csr", "dense"):
        H = convolution_matrix(kernel, (4, 5), "same", boundary, format=format)
        X = data_matrix(data, (3, 2), "same", boundary, format=format)
        assert H.dtype == X.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(H @ data.ravel(), outputs.ravel())
        np.testing.assert_array_equal(X @ kernel.ravel(), outputs.ravel())


@pytest.mark.parametrize(
    ("given", "kept"), [("bool", "float64"), ("uint8", "float64"), ("float16", "float32")]
)
def test_others_are_promoted(given, kept):
    kernel = np.array([1, 0, 1], dtype=given)
    assert convolution_matrix(kernel, 5).dtype == kept
    assert data_matrix(kernel, 2).dtype == kept


def test_dtype_is_converted_before_building():
    assert convolution_matrix([1, 2], 3, dtype="float32").dtype == np.float32
    assert data_matrix([1, 2], 3, dtype=complex).dtype == np.complex128


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("build", [convolution_matrix, data_matrix])
@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dense"])
def test_formats_hold_the_same_matrix(build, format, boundary):
    sizes = (3, 2) if build is convolution_matrix else (4, 5)
    other = (4, 5) if build is convolution_matrix else (3, 2)
    csr = build(integers(sizes), other, "full", boundary)
    matrix = build(integers(sizes), other, "full", boundary, format=format)
    if format == "dense":
        assert type(matrix) is np.ndarray
        assert matrix.flags.c_contiguous
        assert matrix.flags.writeable
        np.testing.assert_array_equal(matrix, csr.toarray())
        return
    assert isinstance(matrix, getattr(sparse, f"{format}_array"))
    assert matrix.has_canonical_format
    assert matrix.nnz == csr.nnz
    assert (matrix.tocsr() != csr).nnz == 0
    indices = matrix.coords if format == "coo" else (matrix.indices, matrix.indptr)
    assert {part.dtype for part in indices} == {np.dtype(np.int32)}


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_dense_data_is_an_array_of_its_own(k, mode):
    data = np.arange(3.0)
    X = data_matrix(data, k, mode, format="dense")
    assert X.flags.writeable
    assert X.flags.c_contiguous
    X[...] = 7
    assert data.tolist() == [0, 1, 2]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
def test_zeros_of_the_kernel_are_not_stored(boundary, mode):
    """H has the pattern of the matrix of |kernel|, which has no entries that cancel."""
    kernel = np.array([[0, 2, 0, 1], [0, 0, 0, 0], [3, 0, 0, 0]], dtype=float)
    data = integers((4, 5))
    H = convolution_matrix(kernel, (4, 5), mode, boundary)
    assert_canonical(H)
    outputs = oracles.convolve(data, kernel, mode, boundary).ravel()
    np.testing.assert_array_equal(H @ data.ravel(), outputs)
    samples = np.eye(20).reshape(20, 4, 5)
    reads = [oracles.convolve(sample, kernel, mode, boundary).ravel() for sample in samples]
    assert H.nnz >= np.count_nonzero(reads)
    if boundary not in ("antisymmetric", "antireflect"):
        assert H.nnz == np.count_nonzero(reads)


def test_terms_that_cancel_are_stored():
    """The pattern of H depends on where the kernel is 0, not on its values."""
    H = convolution_matrix([1, 1, 1], 3, "same", "antisymmetric")
    assert H.toarray().tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert H.nnz == 7


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", [(3,), (3, 2), (1, 1)])
def test_a_kernel_of_zeros(boundary, shape):
    H = convolution_matrix(np.zeros(shape), (4,) * len(shape), "full", boundary)
    assert H.nnz == 0
    assert H.shape[1] == 4 ** len(shape)
    assert_canonical(H)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
def test_the_pattern_of_x_does_not_depend_on_the_data(boundary, mode):
    X = data_matrix(integers((4, 5)), (3, 4), mode, boundary)
    zeros = data_matrix(np.zeros((4, 5)), (3, 4), mode, boundary)
    np.testing.assert_array_equal(zeros.indices, X.indices)
    np.testing.assert_array_equal(zeros.indptr, X.indptr)
    assert not zeros.data.any()
    # Integers without a 0 make an entry 0 only where `zero` reads nothing (or terms cancel).
    assert np.all(X.data != 0) or boundary == "antireflect"
    if boundary != "zero":
        assert X.nnz == np.prod(X.shape)


@pytest.mark.parametrize(("n", "k", "mode"), CASES)
def test_zero_stores_only_what_reads_the_signal(n, k, mode):
    for rule in ANCHORS.values():
        anchor = tuple(rule(size) for size in k)
        X = data_matrix(np.ones(n), k, mode, "zero", anchor=anchor)
        assert np.all(X.data == 1)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("k", [1, 2, 5, 40])
@pytest.mark.parametrize("taps", [(0,), (-1,), (0, -1), (1, 2)])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_kernels_that_are_mostly_zeros(n, k, taps, boundary):
    kernel = np.zeros(k)
    kernel[[tap % k for tap in taps]] = [3.0, -2.0][: len(taps)]
    data = integers(n)
    for mode, anchor in product(("full", "same"), (0, k // 2, -9)):
        H = convolution_matrix(kernel, n, mode, boundary, anchor=anchor)
        assert_canonical(H)
        outputs = oracles.convolve(data, kernel, mode, boundary, anchor)
        np.testing.assert_array_equal(H @ data, outputs)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_strips_and_threads_do_not_change_the_matrix(monkeypatch, threads, boundary):
    kernel, data = integers((3, 4)), integers((9, 8))
    kernel[1, 1] = 0
    whole = [
        convolution_matrix(kernel, (9, 8), "full", boundary),
        data_matrix(data, (3, 4), "full", boundary),
    ]
    monkeypatch.setattr(convmat.matrices.blocks, "_ENTRIES_PER_STRIP", 50)
    monkeypatch.setattr(convmat.threads, "cores", lambda: threads)
    parts = [
        convolution_matrix(kernel, (9, 8), "full", boundary),
        data_matrix(data, (3, 4), "full", boundary),
    ]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.indptr, other.indptr)
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize("boundary", ["zero", "antireflect"])
def test_a_matrix_large_enough_for_threads(boundary):
    data, kernel = integers((300, 320)), integers((7, 7))
    outputs = oracles.convolve(data, kernel, "same", boundary).ravel()
    H = convolution_matrix(kernel, data.shape, "same", boundary)
    X = data_matrix(data, kernel.shape, "same", boundary)
    assert min(H.nnz, X.nnz) > 2 * convmat.matrices.blocks._ENTRIES_PER_STRIP
    np.testing.assert_array_equal(H @ data.ravel(), outputs)
    np.testing.assert_array_equal(X @ kernel.ravel(), outputs)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_with_long_indices(monkeypatch, boundary):
    short = convolution_matrix(integers((3, 4)), (5, 6), "full", boundary)
    monkeypatch.setattr(
        convmat.matrices.blocks, "index_dtype", lambda entries, shape: np.dtype(np.int64)
    )
    long = convolution_matrix(integers((3, 4)), (5, 6), "full", boundary)
    X = data_matrix(integers((5, 6)), (3, 4), "full", boundary)
    assert {m.indices.dtype for m in (long, X)} == {np.dtype(np.int64)}
    assert {m.indptr.dtype for m in (long, X)} == {np.dtype(np.int64)}
    assert short.indices.dtype == np.int32
    assert (short != long).nnz == 0


# What is refused.

BUILDERS = [
    pytest.param(convolution_matrix, "kernel", "input_shape", id="H"),
    pytest.param(data_matrix, "data", "kernel_shape", id="X"),
]
BAD_SAMPLES = [
    (None, "None"),
    ("abc", "abc"),
    ([], "empty"),
    (3.0, "2 axes"),
    ([1.0, 2.0], "2 axes"),
    ([[[1.0]]], "2 axes"),
    ([[1.0, np.nan]], "nan at index (0, 1)"),
    ([[1.0], [np.inf]], "inf at index (1, 0)"),
    ([[1, 2], [3]], "rectangular"),
    ([[2**53 + 1]], "2**53"),
    (np.ma.array([[1, 2]], mask=[[0, 1]]), "masked"),
    (sparse.csr_array(np.eye(2)), "toarray"),
    (np.array([["a"]]), "<U1"),
]


@pytest.mark.parametrize(("build", "samples", "shape"), BUILDERS)
@pytest.mark.parametrize(("bad", "said"), BAD_SAMPLES, ids=[said for _, said in BAD_SAMPLES])
def test_bad_samples(build, samples, shape, bad, said):
    with pytest.raises(ConvmatError, match=f"^{samples} ") as caught:
        build(bad, (4, 4))
    assert said in str(caught.value)


@pytest.mark.parametrize(("build", "samples", "shape"), BUILDERS)
@pytest.mark.parametrize(
    "bad", [0, -1, 2.0, "33", None, (), (3, 0), (3, 2.5), True, ((3, 3),)], ids=repr
)
def test_bad_shapes(build, samples, shape, bad):
    with pytest.raises(ConvmatError, match=f"^{shape} ") as caught:
        build(np.ones((2, 2)), bad)
    assert repr(bad) in str(caught.value)


@pytest.mark.parametrize(("build", "samples", "shape"), BUILDERS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "Same"}, "mode 'Same'"),
        ({"mode": None}, "mode None"),
        ({"boundary": "edge"}, "boundary 'edge'"),
        ({"boundary": "reflect"}, "boundary 'reflect' means two"),
        ({"boundary": ("zero",)}, "boundary ('zero',)"),
        ({"boundary": None}, "boundary must"),
        ({"anchor": 1}, "anchor 1"),
        ({"anchor": (1, 1.5)}, "anchor must"),
        ({"order": "c"}, "order must be 'C' or 'F', got 'c'"),
        ({"order": None}, "order must be 'C' or 'F', got None"),
        ({"format": "bsr"}, "format must be one of csr, csc, coo, dense, got 'bsr'"),
        ({"format": None}, "format must be one of csr, csc, coo, dense, got None"),
        ({"dtype": "int32"}, "dtype must be one of"),
        ({"dtype": "nonsense"}, "dtype 'nonsense'"),
    ],
    ids=str,
)
def test_bad_options(build, samples, shape, options, said):
    with pytest.raises(ConvmatError) as caught:
        build(np.ones((2, 2)), (3, 3), **options)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("build", [convolution_matrix, data_matrix])
def test_complex_does_not_become_real(build, dtype):
    with pytest.raises(ConvmatError, match=f"complex128.*{dtype}"):
        build([1j], 3, dtype=dtype)


def test_valid_with_too_large_a_kernel():
    with pytest.raises(ConvmatError, match="'valid'"):
        convolution_matrix([1, 2, 3, 4], 3, "valid")
    with pytest.raises(ConvmatError, match="'valid'"):
        data_matrix([1, 2, 3], 4, "valid")


def stored_bytes(matrix, format):
    if format == "dense":
        return matrix.nbytes
    parts = (*matrix.coords,) if format == "coo" else (matrix.indices, matrix.indptr)
    return matrix.data.nbytes + sum(part.nbytes for part in parts)


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dense"])
@pytest.mark.parametrize("build", [convolution_matrix, data_matrix])
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_a_matrix_is_refused_exactly_when_it_does_not_fit(monkeypatch, build, format, dtype):
    """What has to be there at the same time is the matrix, and the CSR array it is made from."""
    samples, shape = (
        (integers((7, 7), dtype=dtype), (30, 30))
        if build is convolution_matrix
        else (integers((30, 30), dtype=dtype), (7, 7))
    )
    needed = stored_bytes(build(samples, shape, format=format), format)
    if format != "csr" and not (format == "dense" and build is data_matrix):
        needed += stored_bytes(build(samples, shape), "csr")
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: needed)
    build(samples, shape, format=format)
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: needed - 1)
    monkeypatch.setattr(convmat.matrices.blocks, "RowBlocks", None)  # nothing is begun
    with pytest.raises(TooLargeError, match=r"convmat\.convolve") as caught:
        build(samples, shape, format=format)
    assert f"({needed} bytes)" in str(caught.value)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("mode", MODES)
def test_the_size_of_a_full_kernels_matrix_is_known_beforehand(monkeypatch, boundary, mode):
    needed = stored_bytes(convolution_matrix(integers((7, 7)), (20, 20), mode, boundary), "csr")
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: needed - 1)
    with pytest.raises(TooLargeError, match=rf"\({needed} bytes\)"):
        convolution_matrix(integers((7, 7)), (20, 20), mode, boundary)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_zeros_of_the_kernel_are_not_counted_either(monkeypatch, boundary):
    """Exactly, in the interior, where no entry falls into more than one column."""
    kernel = np.zeros((5, 4))
    kernel[0, 0], kernel[2, 3], kernel[4, 1] = 1, 2, 3
    needed = stored_bytes(convolution_matrix(kernel, (20, 20), "valid", boundary), "csr")
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: needed)
    convolution_matrix(kernel, (20, 20), "valid", boundary)
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: needed - 1)
    with pytest.raises(TooLargeError, match=rf"\({needed} bytes\)"):
        convolution_matrix(kernel, (20, 20), "valid", boundary)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    ("build", "sizes", "shape"),
    [
        (convolution_matrix, (2,), 2**36),
        (convolution_matrix, (2,), 2**61),
        (convolution_matrix, (2, 2), (2**30, 2**31)),
        (convolution_matrix, (9, 9), (2**17, 2**17)),
        (data_matrix, (2,), 2**36),
        (data_matrix, (2,), 2**62),
        (data_matrix, (3, 3), (2**18, 2**18)),
    ],
)
@pytest.mark.parametrize("mode", ["same", "full"])
def test_sizes_beyond_every_machine(monkeypatch, build, sizes, shape, boundary, mode):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: 2**34)
    with pytest.raises(TooLargeError, match=r"convmat\.convolve"):
        build(np.ones(sizes), shape, mode, boundary)
    if build is data_matrix:
        with pytest.raises(TooLargeError, match=r"convmat\.convolve"):
            build(np.ones(sizes), shape, mode, boundary, format="dense")
