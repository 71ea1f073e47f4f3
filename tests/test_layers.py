"""Layers are PyTorch's, exactly; their norms are those of their matrices, and certified."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_cases import CASES, MODES, arguments, data, layer, name, recorded, torch_layer
from oracles import integers

from convmat import ConvmatError, TooLargeError, convolution_matrix
from convmat.layers import norm_bounds, spectral_norm
from convmat.layers.frequency_blocks import circulant_norm
from convmat.layers.layer_geometry import parse_layer
from convmat.layers.layer_matrix import build, layer_matrix
from convmat.layers.layer_product import layer_operator
from convmat.layers.singular_values import layer_singular_values
from convmat.layers.spectral_norm import layer_spectral_norm
from convmat.matrices import blocks

EPS = np.finfo(float).eps


def is_canonical(matrix):
    copy = matrix.copy()
    copy.has_canonical_format = copy.has_sorted_indices = False
    copy.sum_duplicates()
    return copy.nnz == matrix.nnz and np.array_equal(copy.indices, matrix.indices)


@pytest.fixture(scope="module")
def outputs():
    return recorded()["outputs"]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_recorded_outputs_of_pytorch(case, outputs):
    weight, signal = data(case)
    matrix = layer_matrix(weight, **arguments(case))
    expected = outputs[name(case)]
    assert matrix.shape == (np.prod(expected["shape"]), signal.size)
    np.testing.assert_array_equal(matrix @ signal.ravel(), expected["output"])
    assert matrix.has_canonical_format
    assert is_canonical(matrix)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("case", CASES, ids=name)
def test_every_column_is_what_pytorch_makes_of_an_impulse(case):
    torch = pytest.importorskip("torch")
    module = torch_layer(case)
    matrix = layer_matrix(module.weight, **arguments(case))  # a parameter that carries gradients
    impulses = torch.eye(matrix.shape[1], dtype=torch.float64)
    columns = module(impulses.reshape(-1, *case["input_shape"])).detach().numpy()
    np.testing.assert_array_equal(matrix.toarray().T, columns.reshape(len(columns), -1))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_dtypes_are_kept(dtype):
    weight = integers((2, 2, 3), dtype=dtype)
    assert layer_matrix(weight, (2, 5)).dtype == dtype


def test_tensors_numpy_cannot_hold_are_refused_and_others_taken():
    torch = pytest.importorskip("torch")
    with pytest.raises(ConvmatError, match="NumPy cannot hold"):
        layer_matrix(torch.zeros(1, 1, 2, dtype=torch.bfloat16), (1, 4))
    weight = torch.tensor([[[1 + 2j, 3]]]).conj()
    np.testing.assert_array_equal(layer_matrix(weight, (1, 2)).toarray(), [[1 - 2j, 3]])
    assert layer_matrix(torch.ones(1, 1, 2, dtype=torch.float16), (1, 4)).dtype == np.float32


@given(
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(0, 12),
    st.integers(1, 3),
    st.sampled_from(MODES),
)
def test_one_channel_is_a_strided_convolution(n, k, stride, padding, dilation, mode):
    """Also with padding that reflects or wraps more than once, which PyTorch refuses."""
    geometry = (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    weight = integers((1, 1, k))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "padding_mode": mode}
    if geometry < 1:
        with pytest.raises(ConvmatError, match="no outputs"):
            layer_matrix(weight, (1, n), **options)
        return
    spread = np.zeros(dilation * (k - 1) + 1)
    spread[::dilation] = weight.ravel()[::-1]  # networks correlate
    pad = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    columns = [
        np.convolve(np.pad(unit, padding, mode=pad), spread, "valid")[::stride]
        for unit in np.eye(n)
    ]
    np.testing.assert_array_equal(layer_matrix(weight, (1, n), **options).toarray().T, columns)


@pytest.mark.parametrize("case", [case for case in CASES if case.get("transposed")], ids=name)
def test_a_transposed_layer_is_the_transpose(case):
    """Of the layer of the same weights that takes what it gives to what it takes."""
    weight, _ = data(case)
    geometry = parse_layer(weight.shape, **arguments(case))
    options = {key: case[key] for key in ("stride", "padding", "dilation", "groups") if key in case}
    down = layer_matrix(weight, geometry.input_shape, **options)
    up = layer_matrix(weight, **arguments(case))
    # An output_padding that is no less than the stride gives the layer more outputs.
    rows = np.arange(down.shape[0]).reshape(geometry.out_channels, -1)
    kept = rows[:, : up.shape[1] // geometry.out_channels].ravel()
    np.testing.assert_array_equal(up.toarray(), down.toarray()[kept].T)


def test_a_layer_of_one_channel_is_a_convolution_matrix():
    kernel = integers((3, 3))
    matrix = layer_matrix(kernel[None, None, ::-1, ::-1], (1, 6, 7), 1, 1, "reflect")
    H = convolution_matrix(kernel, (6, 7), "same", "mirror")
    assert matrix.nnz == H.nnz
    np.testing.assert_array_equal(matrix.toarray(), H.toarray())


def test_zero_weights_are_not_stored():
    weight = np.zeros((2, 2, 3))
    weight[0, 1, 2] = 5
    assert layer_matrix(weight, (2, 4), padding=1).nnz == 3
    assert layer_matrix(weight * 0, (2, 4), padding=1).nnz == 0
    assert layer_matrix(weight[:, :1], (2, 4), groups=2, transposed=True).nnz == 0


GOOD = {"weight": np.ones((4, 2, 3, 3)), "input_shape": (4, 8, 8), "groups": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.ones((4, 2))}, r"weight must have the axes .* got shape \(4, 2\)"),
        ({"weight": np.full((4, 2, 3, 3), np.nan)}, "weight has entries that are NaN"),
        ({"weight": [["a"]]}, "weight must hold numbers"),
        ({"input_shape": (4, 8)}, "input_shape must be the channels and 2 sizes"),
        ({"input_shape": (1, 4, 8, 8)}, "without a batch"),
        ({"input_shape": (3, 8, 8)}, "input_shape has 3 channels; .* takes 4"),
        ({"groups": 3}, "4 channels, which 3 groups do not divide"),
        ({"groups": 0}, "groups must be from 1"),
        ({"groups": True}, "groups must be an int"),
        ({"stride": 0}, "stride must be from 1"),
        ({"stride": (1, 2, 3)}, "stride must be one int, or one for each of 2 axes"),
        ({"stride": 1.5}, "stride must be an int"),
        ({"dilation": -1}, "dilation must be from 1"),
        ({"padding": -1}, "padding must be from 0"),
        ({"padding": "full"}, "padding must be an int, one per axis, 'same' or 'valid'"),
        ({"padding": "same", "stride": 2}, "padding 'same' is for a stride of 1 only"),
        ({"padding_mode": "symmetric"}, "padding_mode must be one of zeros, reflect, replicate"),
        ({"dilation": 5}, "has no outputs"),
        ({"output_padding": 1}, "output_padding is for transposed layers only"),
        ({"transposed": 1}, "transposed must be True or False"),
        ({"transposed": True, "padding": "same"}, "padding must be an int, one per axis, got"),
        ({"transposed": True, "padding_mode": "reflect"}, "must be zeros"),
        ({"transposed": True, "output_padding": 1}, "less than the stride or the dilation"),
        ({"transposed": True, "padding": 9}, "has no outputs"),
    ],
)
@pytest.mark.parametrize("function", [layer_matrix, layer_singular_values, layer_spectral_norm])
def test_what_is_no_layer(function, change, message):
    with pytest.raises(ConvmatError, match=message):
        function(**(GOOD | change))


@pytest.mark.parametrize("padding", [2**30, 2**31])
def test_what_does_not_fit_is_refused_before_it_is_built(padding, monkeypatch):
    monkeypatch.setattr("convmat.memory.available_bytes", lambda: 2**30)
    with pytest.raises(TooLargeError):
        layer_matrix(np.ones((1, 1, 3)), (1, 8), padding=padding)
    with pytest.raises(TooLargeError):
        layer_matrix(np.ones((64, 64, 3, 3)), (64, 256, 256), padding=1, transposed=True)


def test_large_layers_are_built_in_parallel(monkeypatch):
    weight, case = integers((3, 2, 3, 3)), layer((3, 2, 3, 3), (2, 12, 11), padding=1, stride=2)
    expected = layer_matrix(weight, **arguments(case)).toarray()
    monkeypatch.setattr(blocks, "_ENTRIES_PER_STRIP", 50)
    np.testing.assert_array_equal(layer_matrix(weight, **arguments(case)).toarray(), expected)


@pytest.mark.parametrize("case", CASES, ids=name)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_operator_of_one_group_is_its_matrix(case, dtype):
    weight, _ = data(case)
    geometry = parse_layer(weight.shape, **arguments(case)).one_group
    part = weight[: len(weight) // case.get("groups", 1)].astype(dtype)
    if dtype == "complex128":
        part = part + 1j * integers(part.shape, 6)
    matrix, operator = build(part, geometry), layer_operator(part, geometry)
    assert operator.shape == matrix.shape and operator.dtype == matrix.dtype
    x, y = integers((matrix.shape[1],), 1), integers((matrix.shape[0],), 2)
    np.testing.assert_array_equal(operator @ x, matrix @ x)
    np.testing.assert_array_equal(operator.H @ y, matrix.conj().T @ y)


# --- singular values


def normal(case, seed=0):
    return np.random.default_rng(seed).standard_normal(case["weight"])


@pytest.mark.parametrize("case", CASES, ids=name)
def test_singular_values_are_those_of_the_matrix(case):
    weight = normal(case)
    dense = np.linalg.svd(layer_matrix(weight, **arguments(case)).toarray(), compute_uv=False)
    found = layer_singular_values(weight, **arguments(case))
    tolerance = 10 * max(weight.size, dense.size) * EPS * dense[0]
    assert found.singular_values.shape == dense.shape
    np.testing.assert_allclose(found.singular_values, dense, rtol=0, atol=tolerance)
    for method in ("auto", "lanczos"):
        norm = layer_spectral_norm(weight, **arguments(case), method=method)
        assert norm.lower - tolerance <= dense[0] <= norm.upper + tolerance
        assert norm.lower <= norm.norm <= norm.upper
        assert norm.certified
        assert norm.upper <= norm.lower * (1 + 1e-6)


CIRCULAR = [
    layer((3, 2, 3), (2, 8), padding=1, stride=2),
    layer((2, 3, 4), (3, 5), padding="same"),  # an even kernel
    layer((2, 2, 3), (2, 4), padding=6, dilation=6),  # wraps onto itself
    layer((4, 2, 3, 3), (4, 4, 6), padding=1, groups=2, stride=(2, 3)),
    layer((2, 3, 5, 3), (3, 4, 3), padding=(4, 1), dilation=(2, 1)),
    layer((2, 1, 1, 3, 2), (1, 2, 4, 3), padding="same"),
]


@pytest.mark.parametrize("case", CIRCULAR, ids=name)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_circular_layers_go_by_frequencies(case, dtype):
    weight = normal(case).astype(dtype)
    if dtype == "complex128":
        weight = weight + 1j * normal(case, 1)
    options = {**arguments(case), "padding_mode": "circular"}
    found = layer_singular_values(weight, **options)
    dense = layer_singular_values(weight, **options, method="dense")
    assert (found.method, dense.method) == ("fft", "dense")
    tolerance = 10 * weight.size * EPS * dense.norm
    np.testing.assert_allclose(found.singular_values, dense.singular_values, rtol=0, atol=tolerance)
    norm = layer_spectral_norm(weight, **options)
    assert norm.method == "fft"
    assert norm.lower - tolerance <= dense.norm <= norm.upper + tolerance


def test_numpys_own_fft_of_one_channel():
    """Sedghi, Gupta and Long's NumPy listing, in one channel: the FFT of the kernel."""
    kernel = normal(layer((3, 3), ()))
    expected = np.sort(np.abs(np.fft.fft2(kernel, (8, 6))).ravel())[::-1]
    found = layer_singular_values(kernel[None, None], (1, 8, 6), 1, "same", "circular")
    np.testing.assert_allclose(
        found.singular_values, expected, rtol=0, atol=100 * EPS * expected[0]
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_bound_of_a_circular_layer_holds(mode):
    case = layer((3, 2, 3, 4), (2, 7, 6), padding=(2, 4), stride=(2, 1), padding_mode=mode)
    weight = normal(case)
    norm = np.linalg.norm(layer_matrix(weight, **arguments(case)).toarray(), 2)
    bound = circulant_norm(weight, parse_layer(weight.shape, **arguments(case)))
    assert norm <= bound * (1 + 100 * EPS)
    assert bound <= norm * (1.5 if mode == "zeros" else 6)


def test_a_large_layer_is_certified_by_a_factorization():
    case = layer((4, 4, 3, 3), (4, 24, 20), padding=1, padding_mode="reflect")
    weight = normal(case)
    found = layer_spectral_norm(weight, **arguments(case))
    assert found.method == "lanczos"
    assert found.certified
    assert found.residual <= 1e-6
    expected = np.linalg.norm(layer_matrix(weight, **arguments(case)).toarray(), 2)
    assert found.lower <= expected <= found.upper
    tight = layer_spectral_norm(weight, **arguments(case), tolerance=1e-9)
    assert tight.certified
    assert tight.lower <= expected <= tight.upper <= tight.lower * (1 + 1e-9)


@pytest.mark.parametrize("size", [12, 300])
def test_complex_layers_are_certified(size):
    weight = normal(layer((2, 3, 3), ())) + 1j * normal(layer((2, 3, 3), ()), 1)
    options = {"padding": 1, "padding_mode": "replicate"}
    found = layer_spectral_norm(weight, (3, size), **options, method="lanczos")
    expected = np.linalg.norm(layer_matrix(weight, (3, size), **options).toarray(), 2)
    assert found.certified
    assert found.lower <= expected * (1 + 1000 * EPS)
    assert expected <= found.upper


def test_what_lanczos_misses_the_factorization_finds(monkeypatch):
    """A vector of the wrong singular value is no proof, and is not taken for one."""
    case = layer((2, 2, 3), (2, 30), padding=1, padding_mode="reflect")
    weight = normal(case)
    _, values, V = np.linalg.svd(layer_matrix(weight, **arguments(case)).toarray())
    monkeypatch.setattr(spectral_norm, "leading_vector", lambda *arguments: V[2])
    found = layer_spectral_norm(weight, **arguments(case), method="lanczos")
    assert not found.certified
    assert "did not converge" in found.note
    assert found.lower <= values[2] * (1 + 100 * EPS)
    assert values[0] <= found.upper


def test_a_layer_too_large_to_factor_keeps_its_bounds(monkeypatch):
    monkeypatch.setattr(norm_bounds, "_FACTOR_FLOPS", 10.0)
    case = layer((2, 2, 3), (2, 40), padding=1)
    weight = normal(case)
    found = layer_spectral_norm(weight, **arguments(case), method="lanczos")
    assert not found.certified
    assert "too large to be factored" in str(found)
    expected = np.linalg.norm(layer_matrix(weight, **arguments(case)).toarray(), 2)
    assert found.lower <= expected * (1 + 1000 * EPS)
    assert expected <= found.upper <= 1.1 * found.lower


def test_the_matrix_of_a_large_layer_is_not_built(monkeypatch):
    """A layer of 64 channels to 64 took 20 s by it; its bounds, and what they are, need none."""
    case = layer((6, 5, 3, 3), (5, 12, 11), padding=1)
    weight = normal(case)
    values = np.linalg.svd(layer_matrix(weight, **arguments(case)).toarray(), compute_uv=False)
    monkeypatch.setattr(norm_bounds, "_GRAM_PRODUCTS", 10.0)
    monkeypatch.setattr(spectral_norm, "build", None)
    found = layer_spectral_norm(weight, **arguments(case), method="lanczos")
    assert not found.certified
    assert found.lower <= values[0] <= found.upper <= 1.1 * found.lower
    assert found.norm == found.lower == pytest.approx(values[0], rel=1e-6)
    assert abs(values - found.norm).min() <= (found.residual + 1000 * EPS) * found.norm
    assert "some singular value is within" in str(found)


def test_iterations_that_do_not_converge_still_bound(monkeypatch):
    from scipy.sparse import linalg

    def fail(*arguments, **options):
        raise linalg.ArpackNoConvergence("no", np.zeros(0), np.zeros((3, 0)))

    monkeypatch.setattr(linalg, "eigsh", fail)
    case = layer((2, 2, 3), (2, 40), padding=1, padding_mode="replicate")
    weight = normal(case)
    found = layer_spectral_norm(weight, **arguments(case), method="lanczos")
    expected = np.linalg.norm(layer_matrix(weight, **arguments(case)).toarray(), 2)
    assert found.lower <= expected * (1 + 1000 * EPS)
    assert expected <= found.upper
    assert found.lower > 0.9 * expected


@pytest.mark.parametrize("method", ["dense", "lanczos"])
@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_norms_of_any_size(size, method):
    weight = size * normal(layer((2, 2, 3), ()))
    expected = size * np.linalg.norm(layer_matrix(weight / size, (2, 9), padding=1).toarray(), 2)
    found = layer_spectral_norm(weight, (2, 9), padding=1, method=method)
    assert found.norm == pytest.approx(expected, rel=1e-6)
    assert layer_singular_values(weight, (2, 9), padding=1).norm == pytest.approx(
        expected, rel=1000 * EPS
    )
    assert found.certified


def test_the_zero_layer():
    found = layer_spectral_norm(np.zeros((2, 2, 3)), (2, 9))
    assert (found.norm, found.upper, found.certified) == (0.0, 0.0, True)
    assert layer_singular_values(np.zeros((2, 2, 3)), (2, 9)).norm == 0


def test_one_group_is_the_largest(monkeypatch):
    """The others are passed over, once their bound is below."""
    weight = normal(layer((6, 1, 3), ()))
    weight[3] *= 100
    asked = []
    inner = spectral_norm._norm
    monkeypatch.setattr(
        spectral_norm, "_norm", lambda *arguments: asked.append(1) or inner(*arguments)
    )
    found = layer_spectral_norm(weight, (6, 20), padding=1, groups=6)
    expected = np.linalg.norm(layer_matrix(weight, (6, 20), padding=1, groups=6).toarray(), 2)
    assert found.norm == pytest.approx(expected, rel=1000 * EPS)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (layer_spectral_norm, {"method": "svd"}, "method must be one of auto, dense, fft, lanczos"),
        (layer_singular_values, {"method": "lanczos"}, "method must be one of auto, fft, dense"),
        (layer_spectral_norm, {"method": "fft"}, "method 'fft' needs circular padding"),
        (layer_spectral_norm, {"tolerance": 0}, "tolerance must be from 1e-9"),
        (layer_spectral_norm, {"tolerance": "small"}, "tolerance must be from 1e-9"),
    ],
)
def test_options_that_are_none(function, options, message):
    with pytest.raises(ConvmatError, match=message):
        function(np.ones((1, 1, 3)), (1, 9), padding=1, **options)


def test_too_many_singular_values():
    with pytest.raises(TooLargeError, match="layer_spectral_norm finds the largest"):
        layer_singular_values(np.ones((8, 8, 3, 3)), (8, 32, 32), padding=1)


def test_results_for_people():
    found = layer_singular_values([[[1, -1, 0]]], (1, 6), 1, 1, "circular")
    assert str(found) == "6 singular values, 2 to 0, fft"
    norm = layer_spectral_norm([[[1, -1, 0]]], (1, 6), 1, 1, "circular")
    assert str(norm) == "norm 2, from 2 to 2, fft"
