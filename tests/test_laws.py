"""Laws of convolution, for any geometry that Hypothesis thinks of.

Integers make exact what only reorders sums; where a transform rounds, the bound is eps times the
norms that enter it.
"""

import numpy as np
import oracles
from hypothesis import given
from hypothesis import strategies as st
from oracles import BOUNDARIES, MODES, has_outputs, integers
from scipy import fft, sparse

from convmat import Geometry, convolution_matrix, convolve, data_matrix

seeds = st.integers(0, 2**16)


@st.composite
def geometries(draw, modes=MODES, boundaries=BOUNDARIES, ndims=(1, 3), largest=7):
    ndim = draw(st.integers(*ndims))
    sizes = st.tuples(*[st.integers(1, max(2, largest - ndim))] * ndim)
    n, k = draw(sizes), draw(sizes)
    mode = draw(st.sampled_from([mode for mode in modes if has_outputs(n, k, mode)]))
    boundary = draw(st.tuples(*[st.sampled_from(boundaries)] * ndim))
    anchor = draw(st.none() | st.tuples(*[st.integers(-9, 12)] * ndim))
    return Geometry(n, k, mode, boundary, anchor)


def h_of(kernel, g, **options):
    return convolution_matrix(kernel, g.input_shape, g.mode, g.boundary, anchor=g.anchor, **options)


def x_of(data, g, **options):
    return data_matrix(data, g.kernel_shape, g.mode, g.boundary, anchor=g.anchor, **options)


@given(geometries(), seeds)
def test_both_matrices_and_the_definition_agree(g, seed):
    data, kernel = integers(g.input_shape, seed), integers(g.kernel_shape, seed + 7)
    outputs = oracles.convolve(data, kernel, g.mode, g.boundary, g.anchor)
    assert outputs.shape == g.output_shape
    np.testing.assert_array_equal(h_of(kernel, g) @ data.ravel(), outputs.ravel())
    np.testing.assert_array_equal(x_of(data, g) @ kernel.ravel(), outputs.ravel())
    np.testing.assert_array_equal(
        convolve(data, kernel, g.mode, g.boundary, anchor=g.anchor), outputs
    )


@given(geometries(), seeds, st.integers(-5, 5), st.integers(-5, 5))
def test_linear_in_the_kernel_and_in_the_data(g, seed, s, t):
    one, other = integers(g.kernel_shape, seed), integers(g.kernel_shape, seed + 1)
    combined = h_of(s * one + t * other, g)
    np.testing.assert_array_equal(
        combined.toarray(), (s * h_of(one, g) + t * h_of(other, g)).toarray()
    )
    one, other = integers(g.input_shape, seed), integers(g.input_shape, seed + 1)
    combined = x_of(s * one + t * other, g)
    np.testing.assert_array_equal(
        combined.toarray(), (s * x_of(one, g) + t * x_of(other, g)).toarray()
    )


@given(geometries(modes=["same"]))
def test_a_delta_at_the_anchor_is_the_identity(g):
    inside = tuple(c % k for c, k in zip(g.anchor, g.kernel_shape, strict=True))
    delta = np.zeros(g.kernel_shape)
    delta[inside] = 1
    H = convolution_matrix(delta, g.input_shape, "same", g.boundary, anchor=inside)
    np.testing.assert_array_equal(H.toarray(), np.eye(H.shape[1]))
    assert H.nnz == H.shape[1]


@given(geometries(modes=["same"], boundaries=["circular"]), seeds, st.data())
def test_moving_the_anchor_moves_the_outputs(g, seed, data):
    kernel = integers(g.kernel_shape, seed)
    x = integers(g.input_shape, seed + 1)
    move = data.draw(st.tuples(*[st.integers(-20, 20)] * g.ndim))
    anchor = tuple(c + s for c, s in zip(g.anchor, move, strict=True))
    outputs = convolve(x, kernel, "same", "circular", anchor=g.anchor)
    moved = convolution_matrix(kernel, g.input_shape, "same", "circular", anchor=anchor)
    expected = np.roll(outputs, [-s for s in move], axis=tuple(range(g.ndim)))
    np.testing.assert_array_equal(moved @ x.ravel(), expected.ravel())


@given(geometries(modes=["same"]), seeds, st.integers(1, 4))
def test_zeros_in_front_of_a_kernel_move_its_anchor(g, seed, zeros):
    kernel = integers(g.kernel_shape, seed)
    padded = np.pad(kernel, [(zeros, 0)] + [(0, 0)] * (g.ndim - 1))
    anchor = (g.anchor[0] + zeros, *g.anchor[1:])
    H = convolution_matrix(padded, g.input_shape, "same", g.boundary, anchor=anchor)
    expected = h_of(kernel, g)
    np.testing.assert_array_equal(H.indptr, expected.indptr)
    np.testing.assert_array_equal(H.indices, expected.indices)
    np.testing.assert_array_equal(H.data, expected.data)


@given(geometries(modes=["full"]), seeds)
def test_same_and_valid_are_cut_from_full(g, seed):
    """All modes read one extended signal, so `same` is part of `full` for anchors inside."""
    inside = tuple(c % k for c, k in zip(g.anchor, g.kernel_shape, strict=True))
    kernel = integers(g.kernel_shape, seed)
    full = convolution_matrix(kernel, g.input_shape, "full", g.boundary, anchor=inside)
    rows = np.arange(full.shape[0]).reshape(g.output_shape)
    part = rows[tuple(slice(c, c + n) for c, n in zip(inside, g.input_shape, strict=True))]
    same = convolution_matrix(kernel, g.input_shape, "same", g.boundary, anchor=inside)
    assert (same != full[part.ravel()]).nnz == 0
    if has_outputs(g.input_shape, g.kernel_shape, "valid"):
        part = rows[g.interior]
        valid = convolution_matrix(kernel, g.input_shape, "valid", g.boundary, anchor=inside)
        assert (valid != full[part.ravel()]).nnz == 0


@given(geometries(), seeds)
def test_fortran_order_is_the_reversed_axes(g, seed):
    kernel, data = integers(g.kernel_shape, seed), integers(g.input_shape, seed)
    turned = g.reversed()
    assert (h_of(kernel, g, order="F") != h_of(kernel.T, turned)).nnz == 0
    assert (x_of(data, g, order="F") != x_of(data.T, turned)).nnz == 0


@given(geometries(ndims=(2, 3)), seeds)
def test_a_separable_kernel_is_a_kronecker_product(g, seed):
    factors = [integers(k, seed + axis) for axis, k in enumerate(g.kernel_shape)]
    kernel, matrix = np.ones(()), np.ones((1, 1))
    for axis, factor in enumerate(factors):
        kernel = np.multiply.outer(kernel, factor)
        along = convolution_matrix(
            factor, g.input_shape[axis], g.mode, g.boundary[axis], anchor=g.anchor[axis]
        )
        matrix = sparse.kron(matrix, along, format="csr")
    np.testing.assert_array_equal(h_of(kernel, g).toarray(), matrix.toarray())


@given(geometries(modes=["full"], boundaries=["zero"]), seeds)
def test_full_convolution_commutes(g, seed):
    data, kernel = integers(g.input_shape, seed), integers(g.kernel_shape, seed + 1)
    one = convolve(data, kernel)
    np.testing.assert_array_equal(one, convolve(kernel, data))
    H = convolution_matrix(kernel, data.shape)
    X = data_matrix(kernel, data.shape)
    assert (H != X).nnz == 0


@given(geometries(modes=["full"], boundaries=["zero"]), seeds)
def test_the_transpose_correlates(g, seed):
    """H' of `full` is `valid` convolution with the kernel turned round."""
    kernel, y = integers(g.kernel_shape, seed), integers(g.output_shape, seed + 1)
    H = h_of(kernel, g)
    expected = convolve(y, np.flip(kernel), "valid")
    np.testing.assert_array_equal(H.T @ y.ravel(), expected.ravel())


@given(
    geometries(boundaries=["circular", "replicate", "symmetric", "mirror", "antireflect"]), seeds
)
def test_a_constant_is_multiplied_by_the_sum_of_the_kernel(g, seed):
    kernel = integers(g.kernel_shape, seed)
    rows = h_of(kernel, g).sum(axis=1)
    np.testing.assert_array_equal(rows, np.full(rows.shape, kernel.sum()))


def even_kernel(shape, seed):
    """A kernel that is mirror-symmetric along each axis."""
    kernel = integers(shape, seed)
    for axis in range(kernel.ndim):
        kernel = kernel + np.flip(kernel, axis)
    return kernel


def off_diagonal(transform, inverse, H, shape):
    """The largest entry beside the diagonal of H in the transformed basis, and a bound for it."""
    axes = tuple(range(1, len(shape) + 1))
    columns = inverse(np.eye(H.shape[1]).reshape(-1, *shape), axes=axes).reshape(H.shape[1], -1)
    spectrum = transform((H @ columns.T).T.reshape(-1, *shape), axes=axes).reshape(columns.shape)
    beside = np.abs(spectrum - np.diag(np.diag(spectrum))).max(initial=0)
    return beside, 16 * np.finfo(float).eps * sparse.linalg.norm(H)


@given(geometries(modes=["same"], boundaries=["circular"]), seeds)
def test_the_fft_diagonalises_circular(g, seed):
    H = h_of(integers(g.kernel_shape, seed), g)
    beside, bound = off_diagonal(fft.fftn, fft.ifftn, H, g.input_shape)
    assert beside <= bound


@st.composite
def centred(draw):
    ndim = draw(st.integers(1, 3))
    n = draw(st.tuples(*[st.integers(1, 5)] * ndim))
    k = tuple(2 * half + 1 for half in draw(st.tuples(*[st.integers(0, 4)] * ndim)))
    return n, k


@given(centred(), seeds)
def test_the_dct_diagonalises_symmetric(shapes, seed):
    n, k = shapes
    H = convolution_matrix(even_kernel(k, seed), n, "same", "symmetric")
    transform, inverse = (
        lambda x, axes, f=f: f(x, type=2, axes=axes, norm="ortho") for f in (fft.dctn, fft.idctn)
    )
    beside, bound = off_diagonal(transform, inverse, H, n)
    assert beside <= bound


@given(centred(), seeds)
def test_the_dst_diagonalises_antisymmetric(shapes, seed):
    n, k = shapes
    H = convolution_matrix(even_kernel(k, seed), n, "same", "antisymmetric")
    transform, inverse = (
        lambda x, axes, f=f: f(x, type=2, axes=axes, norm="ortho") for f in (fft.dstn, fft.idstn)
    )
    beside, bound = off_diagonal(transform, inverse, H, n)
    assert beside <= bound
