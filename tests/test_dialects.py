"""Every row of the dictionary against the tool itself, both ways: live, or as recorded.

What a call computes in the tool must be what `from_dialect` says of it, and the text that
`to_dialect` writes, run in the tool, must compute the convolution that it was asked for.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from dialect_calls import evaluated, installed, outputs
from dialect_cases import LARGER, PICTURES, SHAPES, SQUARE, cases, few_entries, library, shapes
from hypothesis import given
from hypothesis import strategies as st
from oracles import BOUNDARIES, MODES, integers

from convmat.conventions.convention import Convention
from convmat.conventions.dialects import (
    DIALECTS,
    from_dialect,
    other_names,
    to_dialect,
)
from convmat.conventions.tool_search import find_dialect
from convmat.conventions.tools.kernel_form import BY_SUM
from convmat.errors import ConvmatError

RECORDED = {
    path.stem: json.loads(path.read_text())["cases"]
    for path in sorted((Path(__file__).parent / "recorded" / "dialects").glob("*.json"))
}
EYE = np.eye(3)
WRITABLE = [tool for tool, row in DIALECTS.items() if row.call]
# Those that transform, or divide by a sum, round; all others are exact for small integers.
ROUNDING = {
    "scipy.signal.convolve": 64 * np.finfo(np.float64).eps,  # may choose an FFT
    "scipy.signal.correlate": 64 * np.finfo(np.float64).eps,
    "numpy.pad": 64 * np.finfo(np.float64).eps,  # scipy.signal.convolve again
    "pywt.pad": 64 * np.finfo(np.float64).eps,
    "cv2.copyMakeBorder": 64 * np.finfo(np.float64).eps,
    "scipy.signal.fftconvolve": 64 * np.finfo(np.float64).eps,
    "scipy.signal.oaconvolve": 64 * np.finfo(np.float64).eps,
    "jax.scipy.signal.fftconvolve": 64 * np.finfo(np.float32).eps,
    "PIL.ImageFilter.Kernel": 64 * np.finfo(np.float32).eps,
    "cv2.sepFilter2D": 64 * np.finfo(np.float64).eps,
}
# How many calls are tried where the tool is installed: some compile each, or are programs to start.
MOST = {"jax": 12, "keras": 12, "tensorflow": 12, "torch": 60, "imagemagick": 60}


def needs(tool):
    if not installed(tool):
        pytest.skip(f"{library(tool)} is not installed")


def thinned(tool, tried):
    """As many as there is time for, from all over the list."""
    return tried[:: 1 + len(tried) // MOST.get(library(tool), 600)]


def check(tool, found, expected, kernel, x):
    assert found.shape == expected.shape
    rounding = ROUNDING.get(tool, 0.0)
    if DIALECTS[tool].kernel.divisor == BY_SUM:
        rounding = 64 * np.finfo(np.float64).eps
    tolerance = rounding * abs(kernel).sum() * abs(x).max()
    assert abs(found - expected).max() <= tolerance


# Reading


@pytest.mark.parametrize("tool", WRITABLE)
def test_reads_what_the_tool_computes(tool):
    needs(tool)
    chosen = thinned(tool, list(cases(tool)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of even kernels with padding="same"
        returned = outputs(tool, chosen)
    for (x, kernel, arguments), y in zip(chosen, returned, strict=True):
        read = from_dialect(tool, kernel, **arguments)
        check(tool, read.apply(x), y, read.kernel, x)


@pytest.mark.parametrize("name", RECORDED)
def test_reads_what_the_tool_has_computed(name):
    for case in RECORDED[name]:
        x, y = np.array(case["signal"], float), np.array(case["output"], float)
        read = from_dialect(case["tool"], case["kernel"], **case["arguments"])
        check(case["tool"], read.apply(x), y, read.kernel, x)


def test_every_row_is_tested_wherever_the_tests_run():
    live = {"numpy", "scipy", "pywt", "cv2", "skimage", "PIL"}  # the extra `test`
    recorded = {case["tool"] for cases in RECORDED.values() for case in cases}
    assert {tool for tool in DIALECTS if library(tool) not in live} == recorded


@pytest.mark.parametrize("tool", sorted({c["tool"] for r in RECORDED.values() for c in r}))
def test_every_name_is_recorded(tool):
    recorded = [
        case["arguments"] for cases in RECORDED.values() for case in cases if case["tool"] == tool
    ]
    for _, _, arguments in cases(tool):
        for argument, value in arguments.items():
            assert any(json.loads(json.dumps(value)) == one.get(argument) for one in recorded)


@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
def test_scikit_images_own_kernels(mode):
    filters = pytest.importorskip("skimage.filters")
    x = np.random.default_rng(0).random((9, 8))
    line = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    line /= line.sum()
    blur = from_dialect("skimage.filters.gaussian", np.outer(line, line), mode=mode)
    tolerance = 81 * np.finfo(float).eps
    assert abs(blur.apply(x) - filters.gaussian(x, 1.0, mode=mode)).max() <= tolerance
    slope = np.outer([1, 0, -1], [1, 2, 1]) / 4
    edges = from_dialect("skimage.filters.sobel", slope, mode=mode, axis=0)
    assert abs(edges.apply(x) - filters.sobel(x, axis=0, mode=mode)).max() <= tolerance
    with pytest.raises(ConvmatError, match="kernel of its own"):
        to_dialect("skimage.filters.sobel", edges)


COMPLEX = [
    "numpy.convolve",
    "numpy.correlate",
    "scipy.signal.convolve",
    "scipy.signal.correlate",
    "scipy.signal.correlate2d",
    "scipy.ndimage.convolve",
    "scipy.ndimage.correlate",
    "scipy.ndimage.correlate1d",
    "jax.numpy.correlate",
    "jax.scipy.signal.correlate",
    "jax.scipy.signal.correlate2d",
    "torch.nn.functional.conv1d",
    "jax.lax.conv_general_dilated",
]


@pytest.mark.parametrize("tool", COMPLEX)
def test_complex_kernels(tool):
    """Some correlations take the conjugate, and some do not."""
    needs(tool)
    n, k = shapes(DIALECTS[tool])[0]
    x, kernel = integers(n) + 1j * integers(n, 4), integers(k, 3) + 1j * integers(k, 8)
    arguments = {"padding": "VALID"} if "lax" in tool else {}
    (y,) = outputs(tool, [(x, kernel, arguments)])
    np.testing.assert_array_equal(from_dialect(tool, kernel, **arguments).apply(x), y)


REAL = [tool for tool, row in DIALECTS.items() if not row.kernel.takes_complex]


@pytest.mark.parametrize("tool", REAL)
def test_complex_kernels_are_refused(tool):
    _, k = shapes(DIALECTS[tool])[0]
    kernel = np.full(k, 1j)
    pair = (kernel[0], kernel[:, 0]) if DIALECTS[tool].kernel.separable else kernel
    with pytest.raises(ConvmatError, match="real kernels only"):
        from_dialect(tool, pair)
    if DIALECTS[tool].call:
        assert "real kernels only" in other_names(Convention(kernel, "valid")).reasons[tool] or (
            "no mode valid" in other_names(Convention(kernel, "valid")).reasons[tool]
        )


# Writing


def conventions(tool):
    """Convolutions of every mode, boundary and anchor, for signals of such a shape."""
    row = DIALECTS[tool]
    pairs = SQUARE if row.kernel.shapes else SHAPES + SQUARE
    for n, k in pairs:
        if not row.axes[0] <= len(n) <= row.axes[1]:
            continue
        x, kernel = integers(n), integers(k, 3)
        if row.kernel.separable:
            kernel = np.multiply.outer(integers(k[0], 3), integers(k[1], 5))
        if library(tool) in PICTURES:
            x, kernel = abs(x), abs(kernel)
        if library(tool) == "PIL":
            kernel = few_entries(k)
        if row.kernel.divisor == BY_SUM:
            kernel[(0,) * len(k)] += 128 - kernel.sum()
            x, kernel = 128 * x, kernel / 128
        yield x, Convention(kernel, "valid")
        middle = tuple(size // 2 for size in k)
        anchors = [middle, (0,) * len(k), (-1,) * len(k), k, (k[0] - 1, *middle[1:])]
        mixed = ("replicate", "circular", "zero")[: len(n)]
        for boundary in [*BOUNDARIES, mixed, mixed[::-1]]:
            yield x, Convention(kernel, "full", boundary)
            for anchor in anchors:
                yield x, Convention(kernel, "same", boundary, anchor)


def written(tool):
    """Those of them that the tool has, with its calls."""
    found = []
    for x, convention in conventions(tool):
        try:
            call = to_dialect(tool, convention)
        except ConvmatError:
            continue
        kernels = call.kernel if isinstance(call.kernel, tuple) else (call.kernel,)
        if all(
            k <= n for one in kernels for k, n in zip(one.shape[::-1], x.shape[::-1], strict=False)
        ):
            found.append((x, convention, call))
    return found


@pytest.mark.parametrize("tool", WRITABLE)
def test_what_is_written_computes_what_was_asked(tool):
    needs(tool)
    chosen = thinned(tool, written(tool))
    assert chosen
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        returned = evaluated(tool, [(x, call) for x, _, call in chosen])
    for (x, convention, _), y in zip(chosen, returned, strict=True):
        check(tool, y, convention.apply(x), convention.kernel, x)


@pytest.mark.parametrize("tool", WRITABLE)
def test_what_is_written_reads_as_what_was_asked(tool):
    chosen = written(tool)
    assert chosen
    for _, convention, call in chosen:
        assert from_dialect(call.tool, call.kernel, **call.arguments).agrees_with(convention)


@st.composite
def any_convention(draw):
    ndim = draw(st.integers(1, 3))
    k = draw(st.tuples(*[st.integers(1, 5)] * ndim))
    seed, parts = draw(st.integers(0, 999)), draw(st.sampled_from([1, 1j]))
    kernel = integers(k, seed) * draw(st.sampled_from([1, 0.1])) * (1 if parts == 1 else 1 + 1j)
    kernel = kernel * (np.random.default_rng(seed).random(k) < 0.8)
    boundary = draw(st.sampled_from(BOUNDARIES) | st.tuples(*[st.sampled_from(BOUNDARIES)] * ndim))
    anchor = draw(st.none() | st.tuples(*[st.integers(-4, 7)] * ndim))
    return Convention(kernel, draw(st.sampled_from(MODES)), boundary, anchor)


@given(any_convention())
def test_there_and_back_in_every_tool(convention):
    names = other_names(convention)
    assert names.calls.keys() | names.reasons.keys() == DIALECTS.keys()
    for tool, call in names.calls.items():
        back = from_dialect(tool, call.kernel, **call.arguments)
        assert back.agrees_with(convention), f"{tool}: {call.arguments}"


@given(any_convention(), any_convention())
def test_conventions_that_agree_have_the_same_matrix(one, two):
    if one.kernel.ndim != two.kernel.ndim:
        assert not one.agrees_with(two)
        return
    n = tuple(max(sizes) for sizes in zip(one.kernel.shape, two.kernel.shape, strict=True))
    if one.agrees_with(two):
        difference = abs(one.matrix(n).toarray() - two.matrix(n).toarray()).max()
        assert difference <= 64 * np.finfo(float).eps * abs(one.kernel).sum()


@given(any_convention(), st.integers(0, 2), st.integers(0, 2))
def test_zeros_around_a_kernel_change_nothing_in_same(one, before, after):
    same = Convention(one.kernel, "same", one.boundary, one.anchor)
    wide = same.widened([(before, after)] * one.kernel.ndim)
    assert wide.agrees_with(same) and same.agrees_with(wide)
    moved = Convention(wide.kernel, "same", one.boundary, tuple(c + 1 for c in wide.anchor))
    assert moved.agrees_with(same) == (not one.kernel.any())


# Traps


TRAPS = [
    ("numpy.pad", {"mode": "reflect", "pad_width": (1, 2)}, "mirror", 2),
    ("scipy.ndimage.convolve", {"mode": "reflect"}, "symmetric", 2),
    ("scipy.ndimage.correlate", {"mode": "reflect"}, "symmetric", 1),
    ("pywt.pad", {"mode": "constant", "pad_widths": (1, 2)}, "replicate", 2),
    ("scipy.ndimage.convolve", {"mode": "constant"}, "zero", 2),
    ("scipy.signal.convolve", {"mode": "same"}, "zero", 1),
    ("matlab.conv", {"shape": "same"}, "zero", 2),
    ("torch.nn.functional.conv1d", {"padding": "same"}, "zero", 2),
    ("jax.lax.conv_general_dilated", {"padding": "SAME_LOWER"}, "zero", 1),
    ("keras.layers.Conv1D", {"padding": "causal"}, "zero", 0),
    ("scipy.signal.lfilter", {}, "zero", 0),
    ("torch.nn.Conv1d", {"padding": "same", "padding_mode": "reflect"}, "mirror", 2),
]


@pytest.mark.parametrize(("tool", "arguments", "boundary", "anchor"), TRAPS)
def test_the_same_word_means_different_things(tool, arguments, boundary, anchor):
    """All for a kernel of four."""
    found = from_dialect(tool, [1, 2, 3, 4], **arguments)
    assert (found.mode, found.boundary, found.anchor) == ("same", (boundary,), (anchor,))


def test_correlate_and_correlate2d_place_an_even_kernel_differently():
    kernel = np.ones((2, 4))
    assert from_dialect("scipy.signal.correlate", kernel, mode="same").anchor == (0, 1)
    assert from_dialect("scipy.signal.correlate2d", kernel, mode="same").anchor == (1, 2)


@pytest.mark.parametrize(
    "tool", ["graphicsmagick.convolve", "imagemagick.convolve", "pyvips.Image.conv"]
)
def test_a_convolution_by_name_may_be_a_correlation(tool):
    kernel = np.arange(9.0).reshape(3, 3)
    found = from_dialect(tool, kernel).kernel
    np.testing.assert_allclose(found / found.sum(), np.flip(kernel) / 36, rtol=4e-16)


def test_pillows_kernel_is_turned_over_once():
    kernel = np.arange(9.0).reshape(3, 3)
    found = from_dialect("PIL.ImageFilter.Kernel", kernel, scale=1)
    np.testing.assert_array_equal(found.kernel, kernel[:, ::-1])


@pytest.mark.parametrize(
    ("tool", "argument"),
    [
        ("torch.nn.functional.conv2d", "dilation"),
        ("tensorflow.nn.convolution", "dilations"),
        ("jax.lax.conv_general_dilated", "rhs_dilation"),
    ],
)
def test_dilation_puts_zeros_between(tool, argument):
    kernel, padding = [[1, 2], [3, 4]], "VALID" if library(tool) != "torch" else "valid"
    found = from_dialect(tool, kernel, padding=padding, **{argument: (1, 2)})
    np.testing.assert_array_equal(found.kernel, [[4, 0, 3], [2, 0, 1]])
    if installed(tool):
        x = integers((4, 6))
        case = (x, np.array(kernel, float), {"padding": padding, argument: (1, 2)})
        np.testing.assert_array_equal(outputs(tool, [case])[0], found.apply(x))


def test_options_of_matlab_are_known_by_their_values():
    named = from_dialect("matlab.imfilter", np.eye(2), padding="symmetric", filtering="conv")
    assert from_dialect("octave.imfilter", np.eye(2), "conv", "Symmetric").agrees_with(named)
    assert from_dialect("matlab.imfilter", np.eye(2), 0).boundary == ("zero", "zero")
    assert from_dialect("matlab.conv2", np.eye(2), "valid").mode == "valid"


def test_numbers_of_opencv_are_its_names():
    cv2 = pytest.importorskip("cv2")
    for name in ("CONSTANT", "REPLICATE", "REFLECT", "REFLECT_101", "DEFAULT"):
        by_name = from_dialect("cv2.filter2D", np.eye(3), borderType=f"BORDER_{name}")
        number = getattr(cv2, f"BORDER_{name}")
        assert from_dialect("cv2.filter2D", np.eye(3), borderType=number).agrees_with(by_name)


def test_zeros_move_an_anchor_where_the_tool_has_another():
    call = to_dialect("scipy.signal.convolve", Convention([1, 2], "same", "zero", 1))
    np.testing.assert_array_equal(call.kernel, [1, 2, 0])
    call = to_dialect("matlab.conv", Convention([1, 2, 3, 4], "same", "zero", 1))
    np.testing.assert_array_equal(call.kernel, [0, 1, 2, 3, 4])


def test_a_large_kernel_has_a_name_in_the_text():
    """And a comment says which array that is."""
    call = to_dialect("scipy.ndimage.convolve", Convention(np.ones((9, 9)), "same", "mirror"))
    where, text = str(call).splitlines()
    assert where.startswith("# kernel: to_dialect('scipy.ndimage.convolve', ...).kernel")
    assert "shape (9, 9)" in where
    assert text == "y = scipy.ndimage.convolve(x, kernel, origin=(0, 0), mode='mirror')"
    assert call.kernel.shape == (9, 9)
    blur = Convention(np.ones((9, 9, 3)), "full")
    assert str(to_dialect("matlab.convn", blur)).startswith("% kernel: to_dialect('matlab.convn'")
    pair = to_dialect("cv2.sepFilter2D", Convention(np.ones((99, 3)), "same", "mirror"))
    assert str(pair).startswith("# kernel_x, kernel_y: ")
    assert "#" not in str(to_dialect("scipy.signal.convolve", Convention(np.ones((4, 4, 4)))))


@pytest.mark.parametrize(
    "tool",
    ["scipy.ndimage.correlate", "torch.nn.functional.conv3d", "torch.nn.Conv3d", "matlab.convn"],
)
def test_calls_with_large_kernels_run(tool):
    needs(tool)
    x, blur = integers((6, 5, 7)), Convention(integers((5, 5, 5), 3), "same")
    call = to_dialect(tool, blur)
    assert "to_dialect" in str(call)
    (y,) = evaluated(tool, [(x, call)])
    np.testing.assert_array_equal(y, (blur.matrix(x.shape) @ x.ravel()).reshape(x.shape))


LONGER = ["numpy.convolve", "numpy.correlate", "jax.numpy.convolve", "jax.numpy.correlate"]


@given(
    st.sampled_from(LONGER[:2]),
    st.integers(1, 9),
    st.integers(1, 7),
    st.integers(-3, 9),
    st.integers(0, 99),
)
def test_same_is_right_for_signals_of_any_length(tool, n, k, anchor, seed):
    """NumPy's own `same` is as long as the kernel, where that is the longer one."""
    x, one = integers((n,), seed), Convention(integers((k,), seed + 1), "same", "zero", anchor)
    (y,) = evaluated(tool, [(x, to_dialect(tool, one))])
    check(tool, y, one.apply(x), one.kernel, x)


@pytest.mark.parametrize("tool", LONGER)
@pytest.mark.parametrize(("n", "k", "anchor"), [(2, 5, 0), (1, 4, 2), (3, 3, 4), (8, 3, 0)])
def test_same_of_a_few_samples(tool, n, k, anchor):
    needs(tool)
    x, one = integers((n,)), Convention(integers((k,), 3), "same", "zero", anchor)
    call = to_dialect(tool, one)
    assert "cuts it out of `full`" in call.note
    (y,) = evaluated(tool, [(x, call)])
    check(tool, y, one.apply(x), one.kernel, x)


@pytest.mark.parametrize("tool", [tool for tool in WRITABLE if library(tool) == "scipy"])
def test_scipys_same_is_as_long_as_the_signal(tool):
    for n, k in LARGER:
        for anchor in ((0,) * len(k), tuple(size // 2 for size in k), k):
            x, one = integers(n), Convention(integers(k, 3), "same", "zero", anchor)
            try:
                call = to_dialect(tool, one)
            except ConvmatError:
                continue
            (y,) = evaluated(tool, [(x, call)])
            check(tool, y, one.apply(x), one.kernel, x)


@pytest.mark.parametrize(
    ("tool", "argument"),
    [("torch.nn.Conv2d", "bias"), ("keras.layers.Conv2D", "use_bias")],
)
def test_a_layers_bias_is_told(tool, argument):
    call = to_dialect(tool, Convention(EYE, "same"))
    assert f"{argument}=False" in str(call)
    assert f"`{argument}` is taken as False" in call.note
    with pytest.raises(
        ConvmatError, match=f"{argument} must be False, got True: it adds an offset"
    ):
        from_dialect(tool, EYE, **{argument: True})


# A name for each axis


def test_a_boundary_for_each_axis():
    from scipy import ndimage

    x = np.random.default_rng(0).random((9, 8))
    line = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    kernel = np.outer(line, line) / line.sum() ** 2
    for modes in [("wrap", "nearest"), ["mirror", "reflect"], ("constant", "grid-wrap")]:
        read = from_dialect("scipy.ndimage.gaussian_filter", kernel, mode=modes)
        found = ndimage.gaussian_filter(x, 1.0, mode=modes)
        assert abs(read.apply(x) - found).max() <= 81 * np.finfo(float).eps
    with pytest.raises(RuntimeError, match="sequence of modes"):  # as SciPy has it
        ndimage.convolve(x, kernel, mode=("wrap", "nearest"))
    with pytest.raises(ConvmatError, match="mode must be one name, for all axes"):
        from_dialect("scipy.ndimage.convolve", kernel, mode=("wrap", "nearest"))


@pytest.mark.parametrize("axes", [(0, 1), (-2, -1), [0, -1], None])
def test_all_axes_of_ndimage(axes):
    from scipy import ndimage

    x, kernel = integers((5, 6)), integers((2, 3))
    found = ndimage.correlate(x, kernel, mode="mirror", origin=(-1, 0), axes=axes)
    read = from_dialect("scipy.ndimage.correlate", kernel, mode="mirror", origin=(-1, 0), axes=axes)
    np.testing.assert_array_equal(read.apply(x), found)


# Bad input

BAD_CALLS = [
    (
        "numpy.convolv",
        EYE[0],
        {},
        "tool 'numpy.convolv' is unknown; it must be one of numpy.convolve",
    ),
    ("convolve2d", EYE, {}, "scipy.signal.convolve2d, jax.scipy.signal.convolve2d"),
    (3, EYE, {}, "tool must be a name, got 3"),
    (
        "numpy.convolve",
        EYE[0],
        {"boundary": "wrap"},
        "no argument 'boundary' here; it may have mode",
    ),
    ("numpy.convolve", EYE[0], {"mode": "periodic"}, "must be one of full, same, valid"),
    ("numpy.convolve", EYE[0], {"mode": ["full"]}, r"mode \['full'\] is unknown"),
    ("numpy.convolve", EYE, {}, "is for 1-D signals, the kernel has 2 axes"),
    ("numpy.convolve", [np.nan], {}, "NaN"),
    ("numpy.convolve", [], {}, "empty"),
    ("scipy.signal.convolve2d", EYE, {"fillvalue": 1}, "adds an offset .* must be 0"),
    ("scipy.ndimage.convolve", EYE, {"mode": "constant", "cval": 0.5}, "cval 0.5: a constant"),
    ("scipy.ndimage.convolve", EYE, {"origin": 2}, "origin 2 is outside the kernel .* -1 to 1"),
    ("scipy.ndimage.convolve", EYE, {"origin": (1, 0, 0)}, "an integer, or 2 of them"),
    ("scipy.ndimage.convolve", EYE, {"origin": 0.5}, "origin must be an integer"),
    ("scipy.ndimage.convolve1d", EYE[0], {"axis": 1}, "axis must be -1, got 1"),
    ("scipy.ndimage.convolve", EYE, {"axes": (1,)}, r"name all axes .* \(0, 1\) .* length 1"),
    ("scipy.ndimage.convolve", EYE, {"axes": (1, 0)}, r"name all axes .* got \(1, 0\)"),
    ("scipy.ndimage.gaussian_filter", EYE, {"mode": ["wrap"]}, "one for each of the 2 axes"),
    ("scipy.ndimage.gaussian_filter", EYE, {"mode": ["wrap", 1]}, "one for each of the 2 axes"),
    ("scipy.ndimage.gaussian_filter", EYE, {"mode": ["wrap", "x"]}, "mode 'x' is unknown"),
    ("numpy", EYE, {}, "is not one function; it must be one of numpy.convolve, numpy.correlate"),
    ("scipy.signal.lfilter", EYE[0], {"a": [1, 0.5]}, "its own past outputs"),
    ("numpy.pad", EYE, {}, "needs pad_width"),
    ("numpy.pad", EYE, {"pad_width": 1, "mode": "median"}, "median.*no linear function"),
    ("numpy.pad", EYE, {"pad_width": ((1, 1), (0, 1))}, "neither full .* convmat.layer_matrix"),
    ("numpy.pad", EYE, {"pad_width": 1, "mode": "symmetric", "reflect_type": "odd"}, "edge sample"),
    ("numpy.pad", EYE, {"pad_width": "all"}, "must be a pair of integers for each of the 2 axes"),
    ("pywt.pad", EYE[0], {"pad_widths": 1}, "needs mode: one of zero, periodic"),
    ("pywt.pad", EYE[0], {"pad_widths": 1, "mode": "smooth"}, "slope of the last two samples"),
    ("cv2.filter2D", EYE, {"borderType": "BORDER_WRAP"}, "pad with cv2.copyMakeBorder"),
    ("cv2.filter2D", EYE, {"borderType": 3}, "pad with cv2.copyMakeBorder"),
    ("cv2.filter2D", EYE, {"borderType": 99}, "borderType 99 is unknown"),
    ("cv2.filter2D", EYE, {"delta": 1}, "delta must be 0, got 1"),
    ("cv2.filter2D", EYE, {"anchor": (3, 0)}, "outside the kernel"),
    ("cv2.sepFilter2D", EYE, {}, "takes two kernels"),
    ("skimage.filters.correlate_sparse", np.eye(2), {}, "odd sizes only"),
    ("PIL.ImageFilter.Kernel", np.eye(4), {}, "3x3 or 5x5 only"),
    ("PIL.ImageFilter.Kernel", EYE, {"scale": 0}, "scale must be a number other than 0"),
    ("PIL.ImageFilter.Kernel", EYE - EYE[::-1], {}, "scale must be a number other than 0"),
    ("graphicsmagick.convolve", np.ones((3, 5)), {}, "square kernels only"),
    ("graphicsmagick.convolve", EYE, {"virtual_pixel": "Constant"}, "adds a constant"),
    ("imagemagick.convolve", EYE, {"virtual_pixel": "background"}, "background 'white'.*'black'"),
    ("imagemagick.convolve", EYE, {"virtual_pixel": "dither"}, "random"),
    ("netpbm.pnmconvol", np.eye(2), {}, "odd sizes only"),
    ("torch.nn.functional.conv2d", EYE, {"stride": 2}, "stride must be 1.*convmat.layer_matrix"),
    ("torch.nn.functional.conv2d", np.eye(2), {"padding": 1}, None),
    ("torch.nn.functional.conv2d", np.eye(4), {"padding": 2}, "same .* convmat.layer_matrix"),
    ("torch.nn.functional.conv2d", EYE, {"padding": "full"}, "must be one of same, valid"),
    ("torch.nn.functional.conv2d", EYE, {"dilation": 0}, "dilation must be at least 1"),
    ("torch.nn.functional.conv2d", EYE, {"bias": [1.0]}, "offset"),
    ("torch.nn.Conv2d", EYE, {"padding": 1, "padding_mode": "symmetric"}, "zeros, circular"),
    ("keras.layers.Conv2D", EYE, {"padding": "causal"}, "must be one of valid, same"),
    ("jax.lax.conv_general_dilated", EYE, {}, "padding must be a pair of integers"),
    ("jax.scipy.signal.convolve2d", EYE, {"boundary": "wrap"}, "JAX has no other"),
    ("matlab.imfilter", EYE, {"size": "full"}, "loses the first row"),
    ("matlab.imfilter", EYE, {"padding": 7}, "padding 7: a constant other than 0"),
]


@pytest.mark.parametrize(("tool", "kernel", "arguments", "words"), BAD_CALLS)
def test_bad_calls(tool, kernel, arguments, words):
    if words is None:  # the neighbour that is right
        assert from_dialect(tool, kernel, **arguments).mode == "full"
        return
    with pytest.raises(ConvmatError, match=words) as caught:
        from_dialect(tool, kernel, **arguments)
    if tool in DIALECTS:
        assert str(caught.value).startswith(f"{tool}: ")


@pytest.mark.parametrize(
    ("tool", "options", "words"),
    [
        ("numpy.convolve", ("same",), "takes its arguments by name"),
        ("matlab.conv2", ("middle",), "no option 'middle'; it has full, same, valid"),
        ("matlab.conv2", ("same", "full"), "shape is given twice: 'same' and 'full'"),
        ("matlab.imfilter", (3,), "a constant other than 0"),
        ("matlab.padarray", ([1, 1], "post"), r"no option \[1, 1\]"),
    ],
)
def test_bad_options(tool, options, words):
    with pytest.raises(ConvmatError, match=words):
        from_dialect(tool, EYE[0] if tool == "numpy.convolve" else EYE, *options)


CANNOT = [
    ("scipy.signal.convolve", (EYE, "same", "mirror"), "no boundary mirror; it has zero; .* can"),
    ("cv2.filter2D", (EYE, "same", "circular"), "no boundary circular.*; cv2.copyMakeBorder can"),
    ("cv2.filter2D", (EYE, "full"), "no mode full; it has same; cv2.copyMakeBorder can"),
    ("numpy.pad", (EYE, "same", "antisymmetric"), "; pywt.pad can"),
    ("numpy.pad", (EYE, "same", ("mirror", "zero")), "one boundary for all axes, not mirror, zero"),
    ("torch.nn.functional.conv2d", (EYE, "same", "mirror"), "; torch.nn.Conv2d can"),
    ("matlab.conv2", (EYE, "same", "symmetric"), "; matlab.imfilter can"),
    (
        "scipy.signal.lfilter",
        (EYE[0], "same", "zero", 1),
        "must be 0, and no zeros .* can",
    ),
    ("cv2.sepFilter2D", (EYE, "same", "mirror"), "product of a column and a row"),
    ("imagemagick.convolve", (EYE, "same", "mirror"), "no boundary mirror"),
    ("imagemagick.convolve", (EYE, "same", "symmetric"), "by its sum, here 3; it must be 1 or 0"),
    ("pywt.pad", (np.ones((1, 3)), "full", "antisymmetric"), "no sample at the end"),
]


@pytest.mark.parametrize(("tool", "parts", "words"), CANNOT)
def test_what_a_tool_cannot(tool, parts, words):
    with pytest.raises(ConvmatError, match=f"^{tool}: .*{words}"):
        to_dialect(tool, Convention(*parts))


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("np.convolve", "numpy.convolve"),
        ("NDI.Correlate", "scipy.ndimage.correlate"),
        ("F.conv2d", "torch.nn.functional.conv2d"),
        ("nn.conv2d", "torch.nn.Conv2d"),
        ("tf.keras.layers.conv2d", "keras.layers.Conv2D"),
        ("opencv.filter2d", "cv2.filter2D"),
        ("scikit-image.filters.sobel", "skimage.filters.sobel"),
        ("Octave.imfilter", "matlab.imfilter"),
    ],
)
def test_tools_go_by_several_names(said, tool):
    assert find_dialect(said) is DIALECTS[tool]


def test_names_are_different_in_lower_case_too():
    assert len({tool.lower() for tool in DIALECTS}) == len(DIALECTS)


def test_what_is_no_convention():
    with pytest.raises(ConvmatError, match="must be a Convention, got int"):
        other_names(3)
    with pytest.raises(ConvmatError, match="must be a Convention, got ndarray"):
        to_dialect("numpy.convolve", EYE[0])


odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.floats(),
    st.sampled_from(["", "same", "valid", "reflect", "constant", "BORDER_WRAP", "full"]),
    st.lists(st.integers(-2, 3), max_size=3),
    st.lists(st.lists(st.integers(-1, 2), max_size=2), max_size=2),
    st.just(np.ones(2)),
    st.just({}),
    st.just(1j),
)


@given(st.data())
def test_whatever_is_given_is_read_or_refused(data):
    tool = data.draw(st.sampled_from(list(DIALECTS)))
    arguments = data.draw(
        st.dictionaries(st.sampled_from([*DIALECTS[tool].arguments, "sigma"]), odd_values)
    )
    kernel = data.draw(st.sampled_from([EYE, EYE[0], EYE[:2], 3, None, "x", (EYE[0], EYE[1])]))
    try:
        found = from_dialect(tool, kernel, **arguments)
    except ConvmatError:
        return
    assert found.mode in MODES and set(found.boundary) <= set(BOUNDARIES)
