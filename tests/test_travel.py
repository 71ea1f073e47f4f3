"""Matrices arrive: Octave, PyTorch, JAX, CuPy, CVXPY and PyLops compute with them what we do.

What is installed is asked; what is not (or not everywhere) was recorded.
"""

import json
import subprocess
import sys
import tracemalloc
import types
import zlib

import numpy as np
import octave
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from octave import FOLDER, GEOMETRY, MATRICES
from oracles import integers, random_sparse
from scipy import io, sparse
from scipy.sparse.linalg import aslinearoperator, lsqr

from convmat import (
    ConvmatError,
    ConvolutionOperator,
    DataOperator,
    Geometry,
    LeastSquares,
    MissingPackageError,
    convolution_matrix,
    difference_matrix,
    load_matrix,
    save_matrix,
    solve,
)
from convmat.files import matlab_writing, matrix_formats
from convmat.files.travel import to_cupy, to_jax, to_pylops, to_torch

EPS = np.finfo(float).eps
DTYPES = ("float32", "float64", "complex64", "complex128")
# SciPy announces that its readers will return sparse arrays; here either will do.
pytestmark = pytest.mark.filterwarnings("ignore:The default value for `spmatrix`")


def example(dtype="float64", shape=(6, 5)):
    kernel = integers((3, 2), dtype=dtype)
    if kernel.dtype.kind == "c":
        kernel = kernel * (2 - 1j)
    return convolution_matrix(kernel.astype(dtype), shape, "same", "mirror")


# --- Octave


@pytest.fixture(scope="module")
def recorded():
    return json.loads((FOLDER / "products.json").read_text("utf-8"))


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("suffix", [".mat", ".mtx"])
def test_octave_has_multiplied_files_as_we_write_them(name, suffix, recorded, tmp_path):
    assert_array_equal(recorded[name][suffix], octave.expected(name))
    octave.write(name, tmp_path)
    ours, theirs = (folder / f"{name}{suffix}" for folder in (tmp_path, FOLDER))
    if suffix == ".mat":
        assert inflated(ours) == inflated(theirs)
    else:
        assert meaning(ours) == meaning(theirs)
    found = load_matrix(theirs)
    assert (found.matrix != octave.matrix(name)[0]).nnz == 0
    assert (found.geometry, found.order) == (GEOMETRY, "F")
    assert_array_equal(found.kernel, octave.matrix(name)[1])


def inflated(path):
    """The header and the variables of a file of ours: zlib may compress in more ways than one."""
    content = path.read_bytes()
    parts, position = [content[:128]], 128
    while position < len(content):
        kind, length = np.frombuffer(content, "<u4", 2, position)
        assert kind == 15
        parts.append(zlib.decompress(content[position + 8 : position + 8 + length]))
        position += 8 + int(length)
    return parts


def meaning(path):
    """Comments and numbers; SciPy's releases may write a number in more ways than one."""
    lines = path.read_text("ascii").splitlines()
    lines = [line for line in lines if not line.startswith("%crc32 ")]
    return [line if line.startswith("%") else [*map(float, line.split())] for line in lines]


@pytest.mark.parametrize("name", ["octave-v6.mat", "octave-v7.mat"])
def test_files_that_octave_has_saved_again_are_read(name):
    found = load_matrix(FOLDER / name)
    assert (found.matrix != octave.matrix("real")[0]).nnz == 0
    assert found.geometry == GEOMETRY


@pytest.mark.skipif(octave.PROGRAM is None, reason="needs Octave")
@pytest.mark.parametrize("name", MATRICES)
def test_octave_multiplies(name, tmp_path):
    octave.write(name, tmp_path)
    for found in octave.products(name, tmp_path).values():
        assert_array_equal(found, octave.expected(name))


@pytest.mark.skipif(octave.PROGRAM is None, reason="needs Octave")
def test_octave_reads_the_record_and_saves_what_we_read(tmp_path):
    octave.write("real", tmp_path)
    code = octave.reading(".mat").replace("H.mat", str(tmp_path / "real.mat"))
    code += "disp(record.anchor'), disp(record.boundary{2}), disp(record.order)\n"
    # A picture, raveled as Octave does.
    x = integers(GEOMETRY.input_shape, 7)
    rows = "; ".join(" ".join(map(str, row)) for row in x)
    code += f"x = [{rows}]; y = reshape(H * x(:), record.output_shape'); disp(y(2, 3))\n"
    code += f'save("-v7", "{tmp_path / "again.mat"}", "-struct", "S")'
    printed = octave.octave(code).split()
    H, _ = octave.matrix("real")
    y = (H @ x.ravel(order="F")).reshape(GEOMETRY.output_shape, order="F")
    assert printed == ["1", "-1", "antireflect", "F", f"{y[1, 2]:.0f}"]
    assert (load_matrix(tmp_path / "again.mat").matrix != H).nnz == 0


# --- files


@pytest.mark.parametrize("dtype", DTYPES)
def test_scipy_reads_what_we_write(dtype, tmp_path):
    """In a process of its own: SciPy's reader of .mtx ends it on some that its writer writes."""
    matrix = random_sparse((40, 30), 0.2, np.random.default_rng(0)).astype(dtype)
    matrix.data *= matrix.dtype.type(1 - 0.5j if dtype.startswith("c") else 0.1)
    geometry = Geometry(30, 11)
    for suffix in (".npz", ".mtx", ".mat"):
        save_matrix(tmp_path / f"H{suffix}", matrix, geometry)
    sparse.save_npz(tmp_path / "expected.npz", matrix)
    code = (
        "from scipy import io, sparse\n"
        "expected = sparse.load_npz('expected.npz')\n"
        "for found in (sparse.load_npz('H.npz'), io.mmread('H.mtx'), io.loadmat('H.mat')['H']):\n"
        "    assert abs(found.astype(expected.dtype) - expected).max() == 0\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_stretches_make_the_same_files(dtype, tmp_path, monkeypatch):
    """Also with empty rows and columns, and stretches of none."""
    matrix = random_sparse((60, 50), 0.1, np.random.default_rng(0)).astype(dtype)
    empty = np.ones((60, 50))
    empty[:20] = empty[41:43] = empty[:, 3:9] = empty[:, -1] = 0
    matrix = sparse.csr_array(matrix * empty.astype(dtype))
    matrix.eliminate_zeros()
    geometry = Geometry(50, 11)
    for suffix in (".mtx", ".mat"):
        save_matrix(tmp_path / f"whole{suffix}", matrix, geometry)
    monkeypatch.setattr(matlab_writing, "_ENTRIES", 7)
    monkeypatch.setattr(matrix_formats, "_ENTRIES_AT_A_TIME", 7)
    for suffix in (".mtx", ".mat"):
        save_matrix(tmp_path / f"parts{suffix}", matrix, geometry)
        found = load_matrix(tmp_path / f"parts{suffix}").matrix
        for name in ("data", "indices", "indptr"):
            assert_array_equal(getattr(found, name), getattr(matrix, name))
            assert getattr(found, name).dtype == getattr(matrix, name).dtype
    read = [(tmp_path / f"{name}.mtx").read_text("ascii") for name in ("whole", "parts")]
    assert read[0] == read[1]
    assert inflated(tmp_path / "whole.mat") == inflated(tmp_path / "parts.mat")


def test_unsorted_rows_are_written_as_they_mean(tmp_path):
    matrix = sparse.csr_array(
        (np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1]), np.array([0, 2, 3, 3])), shape=(3, 2)
    )
    for suffix in (".npz", ".mtx", ".mat"):
        save_matrix(tmp_path / f"H{suffix}", matrix, Geometry(2, 2))
        found, _ = load_matrix(tmp_path / f"H{suffix}")
        assert_array_equal(found.toarray(), [[2, 1], [0, 3], [0, 0]])


@pytest.mark.parametrize("suffix", [".npz", ".mtx", ".mat"])
def test_writing_takes_little_memory(suffix, tmp_path, monkeypatch):
    """A stretch of the matrix at a time; for .npz NumPy's buffer of 16 MiB, and its copy."""
    matrix = convolution_matrix(integers((7, 7)), (290, 290), "same", "replicate")
    size = matrix.data.nbytes + matrix.indices.nbytes
    monkeypatch.setattr(matlab_writing, "_ENTRIES", 2**16)
    monkeypatch.setattr(matrix_formats, "_ENTRIES_AT_A_TIME", 2**16)
    tracemalloc.start()
    try:
        save_matrix(tmp_path / f"H{suffix}", matrix, Geometry((290, 290), (7, 7), "same"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (2 * 16 * 2**20 if suffix == ".npz" else size / 4)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npz", {"kernel": np.ones(3)}, "it holds kernel, and no sparse matrix"),
        ("a.mat", {"G": np.ones(3), "text": "abc"}, "it holds G, text, no sparse matrix called H"),
        ("a.mat", {"H": np.ones((2, 2))}, "it holds H, no sparse matrix called H"),
        (
            "a.mtx",
            "%%MatrixMarket matrix array real general\n1 1\n1\n",
            "matrix array real general",
        ),
        ("a.mtx", "%%MatrixMarket matrix coordinate real general\n1 1\n", "'1 1' where its sizes"),
        ("a.mtx", "a text\n", "it says 'a text' where its kind should be"),
        ("a.npz", "a text\n", "damaged, or no .npz file"),
        ("a.mat", "a text\n", "no .mat file of version 5"),
        ("a.npz", "", "the file is empty"),
        ("a.mtx", "", "the file is empty"),
        ("a.mat", "", "the file is empty"),
    ],
)
def test_files_that_hold_something_else(name, content, message, tmp_path):
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content, "ascii")
    elif name.endswith(".npz"):
        np.savez(path, **content)
    else:
        io.savemat(path, content)
    with pytest.raises(ConvmatError, match=message) as caught:
        load_matrix(path)
    assert str(path) in str(caught.value)


def test_positions_outside_of_the_matrix(tmp_path):
    save_matrix(tmp_path / "H.mtx", example(), Geometry((6, 5), (3, 2), "same", "mirror"))
    lines = (tmp_path / "H.mtx").read_text("ascii").splitlines()
    lines = [line for line in lines if not line.startswith("%crc32 ")]
    for place in (f"{2**32 + 1} 1", "1 31", "0 1", "1 1.5"):
        (tmp_path / "H.mtx").write_text("\n".join([*lines[:-1], f"{place} 2"]), "ascii")
        with pytest.raises(ConvmatError, match="positions that are not in a 30 x 30 matrix"):
            load_matrix(tmp_path / "H.mtx")


# --- PyTorch, JAX and CuPy


@pytest.mark.parametrize("dtype", DTYPES)
def test_pytorch_multiplies_and_carries_gradients(dtype):
    torch = pytest.importorskip("torch")
    H = example(dtype)
    tensor = to_torch(H)
    assert tensor.layout == torch.sparse_csr
    assert tuple(tensor.shape) == H.shape
    x = torch.from_numpy(integers(30, 5, dtype=dtype)).requires_grad_()
    y = tensor @ x
    assert_array_equal(y.detach().resolve_conj().numpy(), H @ x.detach().numpy())  # integers
    weights = torch.from_numpy(integers(30, 6, dtype=dtype))
    (y * weights).sum().abs().backward()
    phase = (y * weights).sum().detach().numpy()
    expected = H.conj().T @ weights.numpy().conj() * (phase / np.abs(phase))
    scale = np.abs(H).sum() * np.finfo(dtype).eps
    assert_allclose(x.grad.resolve_conj().numpy(), expected, rtol=0, atol=scale)


def test_pytorch_shares_the_memory_where_it_may():
    torch = pytest.importorskip("torch")
    H = example()
    assert to_torch(H).values().data_ptr() == H.data.ctypes.data
    H.data.setflags(write=False)
    tensor = to_torch(H)
    assert tensor.values().data_ptr() != H.data.ctypes.data
    assert_array_equal(tensor.to_dense().numpy(), H.toarray())
    assert to_torch(H, device="cpu").device == torch.device("cpu")
    operator = ConvolutionOperator([1.0, 2.0], 5)
    assert_array_equal(to_torch(operator).to_dense().numpy(), operator.to_matrix().toarray())


def test_jax_multiplies_transposes_and_carries_gradients():
    jax = pytest.importorskip("jax")
    H, x = example("float32"), integers(30, 5, dtype="float32")
    array = to_jax(H)
    assert array.indices_sorted and array.unique_indices
    assert_array_equal(np.asarray(jax.jit(lambda v: array @ v)(x)), H @ x)
    assert_array_equal(np.asarray(array.T @ x), H.T @ x)
    gradient = jax.grad(lambda v: (array @ v).sum())(x)
    assert_array_equal(np.asarray(gradient), H.T @ np.ones(30, "float32"))


@pytest.mark.parametrize(("dtype", "single"), [("float64", "float32"), ("complex128", "complex64")])
def test_jax_does_not_round_in_silence(dtype, single):
    jax = pytest.importorskip("jax")
    H = example(dtype)
    with pytest.raises(ConvmatError, match=f'jax_enable_x64.*dtype="{single}"'):
        to_jax(H)
    jax.config.update("jax_enable_x64", True)
    try:
        array = to_jax(H)
        x = integers(30, 5, dtype=dtype)
        assert array.dtype == dtype
        assert_array_equal(np.asarray(array @ x), H @ x)
    finally:
        jax.config.update("jax_enable_x64", False)


def test_cupy_is_given_the_csr_array(monkeypatch):
    """There is no GPU here: what CuPy's own constructor, which takes SciPy's arrays, is given."""
    module = types.SimpleNamespace(csr_matrix=lambda rows: ("on the GPU", rows))
    monkeypatch.setitem(sys.modules, "cupyx.scipy.sparse", module)
    H = example()
    place, rows = to_cupy(H.tocsc())
    assert place == "on the GPU"
    assert rows.format == "csr"
    assert (rows != H).nnz == 0


@pytest.mark.parametrize(("function", "module"), [(to_jax, "jax.numpy"), (to_cupy, "cupyx.scipy")])
def test_indices_of_64_bits_are_refused_where_they_would_be_cut(function, module, monkeypatch):
    for name in ("jax.numpy", "jax.experimental.sparse", "cupyx.scipy.sparse"):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace())
    wide = sparse.csr_array((np.ones(1), np.array([2**31]), np.array([0, 1])), shape=(1, 2**31 + 1))
    with pytest.raises(ConvmatError, match="32-bit indices"):
        function(wide)


@pytest.mark.parametrize("function", [to_torch, to_jax, to_cupy, to_pylops])
def test_without_the_package(function, monkeypatch):
    for name in ("torch", "jax", "jax.numpy", "cupyx", "cupyx.scipy.sparse", "pylops"):
        monkeypatch.setitem(sys.modules, name, None)
    extra = "cupy" if function is to_cupy else "travel"
    with pytest.raises(MissingPackageError, match=rf"pip install 'convmat\[{extra}\]'"):
        function(example())


@pytest.mark.parametrize("function", [to_torch, to_jax, to_cupy, to_pylops])
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones(3), "matrix must have 2 axes"),
        ([["a"]], "matrix must hold numbers"),
        (np.array([[1.0, np.nan]]), "NaN or infinite"),
        (sparse.csr_array(np.array([[np.inf]])), "NaN or infinite"),
        (sparse.csr_array(np.eye(2, dtype=int)), "matrix must be float32"),
        (None, "matrix must hold numbers"),
    ],
)
def test_what_is_no_matrix(function, matrix, message, monkeypatch):
    for name in ("torch", "jax.numpy", "jax.experimental.sparse", "cupyx.scipy.sparse", "pylops"):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace())
    with pytest.raises(ConvmatError, match=message):
        function(matrix)


# --- SciPy, PyLops and CVXPY


def picture(shape=(12, 10)):
    x = np.zeros(shape)
    x[3:8, 2:6] = 1.0
    x[6:10, 5:9] += 0.5
    return x


KERNEL = np.outer([1, 2, 1], [1, 3, 1]) / 20


def test_scipys_own_solver_takes_the_matrix_the_operator_and_its_wrapper():
    H = convolution_matrix(KERNEL, (12, 10), "same", "mirror")
    operator = ConvolutionOperator(KERNEL, (12, 10), "same", "mirror")
    b = H @ picture().ravel()
    expected = solve(LeastSquares(H, b, damp=0.1)).x
    for A in (H, operator, aslinearoperator(H)):
        x = lsqr(A, b, damp=0.1, atol=0, btol=0, conlim=0, iter_lim=500)[0]
        assert_allclose(x, expected, rtol=0, atol=1e4 * EPS)


@pytest.mark.parametrize("kind", ["matrix", "operator", "data"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_pylops_adjoints(kind, dtype):
    pylops = pytest.importorskip("pylops")
    kernel = KERNEL * (1 + 2j if dtype == "complex128" else 1)
    if kind == "data":
        operator = to_pylops(DataOperator(picture() * kernel[0, 0], (3, 3), "full", "zero"))
        shapes = (3, 3), (14, 12)
    elif kind == "operator":
        operator = to_pylops(ConvolutionOperator(kernel, (12, 10), "same", "antireflect"))
        shapes = (12, 10), (12, 10)
    else:
        H = convolution_matrix(kernel, (12, 10), "valid")
        operator = to_pylops(H, dims=(12, 10), dimsd=(10, 8))
        shapes = (12, 10), (10, 8)
    assert (tuple(operator.dims), tuple(operator.dimsd)) == shapes
    assert (operator @ np.ones(shapes[0])).shape == shapes[1]
    assert operator.dtype == dtype
    complexflag = 3 if dtype == "complex128" else 0
    assert pylops.utils.dottest(operator, complexflag=complexflag, rtol=1e4 * EPS)


@pytest.mark.parametrize("kind", ["matrix", "operator"])
def test_pylops_solves_what_we_solve(kind):
    pylops = pytest.importorskip("pylops")
    H = convolution_matrix(KERNEL, (12, 10), "same", "mirror")
    operator = H if kind == "matrix" else ConvolutionOperator(KERNEL, (12, 10), "same", "mirror")
    blurred = (H @ picture().ravel()).reshape(12, 10)
    rough = difference_matrix((12, 10))
    found = pylops.optimization.leastsquares.regularized_inversion(
        to_pylops(operator),
        blurred.ravel(),
        [to_pylops(rough)],
        epsRs=[0.1],
        **{"atol": 0, "btol": 0, "conlim": 0, "iter_lim": 2000},
    )[0]
    expected = solve(LeastSquares(H, blurred.ravel(), damp=0.1, penalty=rough)).x
    assert_allclose(found.ravel(), expected, rtol=0, atol=1e6 * EPS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dims": (5, 5)}, "dims must have 30 entries, as the matrix has, got (5, 5)"),
        ({"dimsd": 31}, "dimsd must have 30 entries"),
        ({"dims": "30"}, "dims must be an int"),
    ],
)
def test_pylops_shapes_that_do_not_fit(change, message, monkeypatch):
    module = types.SimpleNamespace(MatrixMult=lambda *a, **k: types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pylops", module)
    with pytest.raises(ConvmatError) as caught:
        to_pylops(example(), **change)
    assert message in str(caught.value)


def test_cvxpy_solves_nonnegative_least_squares_as_we_do():
    cvxpy = pytest.importorskip("cvxpy")
    H = convolution_matrix(KERNEL, (12, 10), "same", "mirror")
    blurred = H @ picture().ravel() + 0.02 * np.random.default_rng(0).standard_normal(120)
    x = cvxpy.Variable(120, nonneg=True)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(H @ x - blurred)))
    problem.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    ours = solve(LeastSquares(H, blurred), "bounded", lower=0)
    assert problem.status == "optimal"
    # Both are optimal, to CVXPY's tolerance.
    assert problem.value == pytest.approx(ours.residual_norm**2, rel=1e-7)
    assert_allclose(x.value, ours.x, rtol=0, atol=1e-4)


def test_cvxpy_deblurs_with_total_variation():
    cvxpy = pytest.importorskip("cvxpy")
    H = convolution_matrix(KERNEL, (12, 10), "same", "mirror", order="F")
    truth, rng = picture(), np.random.default_rng(0)
    blurred = H @ truth.ravel(order="F") + 0.02 * rng.standard_normal(120)
    x = cvxpy.Variable((12, 10), nonneg=True)
    fit = cvxpy.sum_squares(H @ cvxpy.vec(x, order="F") - blurred)
    problem = cvxpy.Problem(cvxpy.Minimize(fit + 0.01 * cvxpy.tv(x)))
    problem.solve(solver="CLARABEL")
    assert problem.status == "optimal"
    assert x.value.min() >= -1e-8
    # Nothing that we know of is better: the truth, the blurred picture, and the plain inverse.
    plain = np.maximum(solve(LeastSquares(H, blurred)).x.reshape(12, 10, order="F"), 0)

    def objective(image):
        steps = np.diff(image, axis=0)[:, :-1], np.diff(image, axis=1)[:-1]
        misfit = H @ image.ravel(order="F") - blurred
        return misfit @ misfit + 0.01 * np.hypot(*steps).sum()

    assert objective(x.value) == pytest.approx(problem.value, rel=1e-6)
    others = [truth, plain, np.maximum(blurred.reshape(12, 10, order="F"), 0)]
    assert all(objective(x.value) < objective(other) for other in others)
    error = np.linalg.norm(x.value - truth)
    assert error < 0.5 * min(np.linalg.norm(other - truth) for other in others[1:])
