"""Matrices survive a file exactly, other tools read them, damaged files are refused."""

import json
import zipfile

import numpy as np
import pytest
from scipy import io, sparse

from convmat import Geometry, convolution_matrix, data_matrix
from convmat.errors import ConvmatError
from convmat.export import load_matrix, save_matrix

SUFFIXES = (".npz", ".mtx", ".mat")
RNG = np.random.default_rng(3)
GEOMETRY = Geometry((8, 7), (3, 2), "full", ("mirror", "antireflect"), (2, -1))


def example(dtype="float64", order="C"):
    kernel = RNG.standard_normal(GEOMETRY.kernel_shape).astype(dtype)
    if kernel.dtype.kind == "c":
        kernel = kernel * kernel.dtype.type(1 - 0.3j)
    matrix = convolution_matrix(
        kernel,
        GEOMETRY.input_shape,
        GEOMETRY.mode,
        GEOMETRY.boundary,
        anchor=GEOMETRY.anchor,
        order=order,
    )
    return matrix, kernel


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_everything_comes_back(tmp_path, suffix, order, dtype):
    matrix, kernel = example(dtype, order)
    path = tmp_path / f"H{suffix}"
    save_matrix(path, matrix, GEOMETRY, order=order, kernel=kernel)
    stored = load_matrix(path)
    assert stored.geometry == GEOMETRY
    assert stored.order == order
    assert stored.matrix.format == "csr"
    for name in ("data", "indices", "indptr"):
        expected, found = getattr(matrix, name), getattr(stored.matrix, name)
        np.testing.assert_array_equal(found, expected)
    assert stored.matrix.dtype == matrix.dtype
    assert stored.kernel.dtype == kernel.dtype
    np.testing.assert_array_equal(stored.kernel, kernel)
    found, geometry = stored
    assert found is stored.matrix
    assert geometry is stored.geometry


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_data_matrices_and_long_kernels(tmp_path, suffix):
    X = data_matrix(RNG.random((8, 7)), (3, 2), "full", "zero")
    save_matrix(tmp_path / f"X{suffix}", X, Geometry((8, 7), (3, 2)))
    matrix, _ = load_matrix(tmp_path / f"X{suffix}")
    assert (matrix != X).nnz == 0
    kernel = RNG.random(700)  # its record is longer than a line of Matrix Market may be
    H = convolution_matrix(kernel, 3)
    save_matrix(tmp_path / f"H{suffix}", H, Geometry(3, 700), kernel=kernel)
    np.testing.assert_array_equal(load_matrix(tmp_path / f"H{suffix}").kernel, kernel)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_zero_kernel_has_a_matrix_without_entries(tmp_path, suffix):
    H = convolution_matrix([0.0, 0.0], 4)
    save_matrix(tmp_path / f"H{suffix}", H, Geometry(4, 2))
    matrix, _ = load_matrix(tmp_path / f"H{suffix}")
    assert matrix.nnz == 0
    assert matrix.shape == (5, 4)


def test_scipy_reads_all_three(tmp_path):
    matrix, kernel = example()
    for suffix in SUFFIXES:
        save_matrix(tmp_path / f"H{suffix}", matrix, GEOMETRY, kernel=kernel)
    readers = {
        ".npz": sparse.load_npz,
        ".mtx": io.mmread,
        ".mat": lambda path: io.loadmat(path)["H"],
    }
    for suffix, reader in readers.items():
        read = reader(str(tmp_path / f"H{suffix}"))
        np.testing.assert_array_equal(read.toarray(), matrix.toarray())
    lines = (tmp_path / "H.mtx").read_text().splitlines()
    assert max(map(len, lines)) <= 1024
    with np.load(tmp_path / "H.npz", allow_pickle=False) as content:
        assert json.loads(content["convmat"].item())["boundary"] == ["mirror", "antireflect"]


def test_dense_and_other_formats_are_taken(tmp_path):
    matrix, _ = example()
    for given in (matrix.toarray(), matrix.tocsc(), matrix.tocoo(), sparse.csr_matrix(matrix)):
        save_matrix(tmp_path / "H.npz", given, GEOMETRY)
        found, _ = load_matrix(tmp_path / "H.npz")
        assert (found != matrix).nnz == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "H.txt"}, r"must end in \.npz, \.mtx, \.mat"),
        ({"geometry": "same"}, "geometry must be a Geometry"),
        ({"geometry": Geometry((8, 7), (3, 3))}, "its geometry says"),
        ({"order": "K"}, "order must be 'C' or 'F'"),
        ({"kernel": [1.0]}, "kernel has shape"),
        ({"matrix": np.zeros(5)}, "must have 2 axes"),
        ({"matrix": sparse.eye_array(90, 56, dtype=int)}, "matrix must be float32"),
        ({"matrix": sparse.eye_array(90, 56) * np.inf}, "NaN or infinite"),
        ({"path": "no/H.npz"}, "there is no folder"),
    ],
)
def test_bad_arguments_write_nothing(tmp_path, change, message):
    matrix, kernel = example()
    arguments = {"path": "H.npz", "matrix": matrix, "geometry": GEOMETRY} | change
    options = {"order": "C", "kernel": kernel}
    options |= {name: arguments.pop(name) for name in ("order", "kernel") if name in arguments}
    path = tmp_path / arguments.pop("path")
    with pytest.raises(ConvmatError, match=message):
        save_matrix(path, arguments["matrix"], arguments["geometry"], **options)
    assert list(tmp_path.iterdir()) == []


def test_too_large_for_mat(tmp_path, monkeypatch):
    monkeypatch.setattr("convmat.matrix_formats._LARGEST_VARIABLE", 1000)
    matrix, _ = example()
    with pytest.raises(ConvmatError, match=r"\.mat .*write \.npz or \.mtx"):
        save_matrix(tmp_path / "H.mat", matrix, GEOMETRY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_nothing(tmp_path, suffix, monkeypatch):
    matrix, _ = example()

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ConvmatError, match="No space left"):
        save_matrix(tmp_path / f"H{suffix}", matrix, GEOMETRY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_files(tmp_path, suffix):
    matrix, kernel = example()
    path = tmp_path / f"H{suffix}"
    save_matrix(path, matrix, GEOMETRY, kernel=kernel)
    content = path.read_bytes()
    for length in np.linspace(0, len(content) - 20, 25, dtype=int):
        path.write_bytes(content[:length])
        with pytest.raises(ConvmatError):
            load_matrix(path)


def test_damaged_matrix_market_files(tmp_path):
    """SciPy's own reader ends the process on several of these."""
    matrix, _ = example()
    path = tmp_path / "H.mtx"
    save_matrix(path, matrix, GEOMETRY)
    lines = path.read_bytes().split(b"\n")
    sizes = next(i for i, line in enumerate(lines) if not line.startswith(b"%"))
    damages = [
        (sizes, b"90 56 9999999999999"),
        (sizes, b"90 56 -5"),
        (sizes, b"99999999999 56 %d" % matrix.nnz),
        (sizes, b"90 56 1"),
        (sizes, b"90 56"),
        (0, b"%%MatrixMarket matrix array real general"),
        (0, b"%%MatrixMarket matrix coordinate real symmetric"),
        (sizes + 1, b"0 1 1.0"),
        (sizes + 1, b"999 1 1.0"),
        (sizes + 1, b"1.5 1 1.0"),
        (sizes + 1, b"1 1 1\x00.0"),
        (sizes + 1, b"1 1 nan"),
        (sizes + 1, b"1 1"),
        (sizes + 1, b""),
        (1, b'%convmat {"version": 1'),
        (1, b"%convmat []"),
        (1, b'%convmat {"input_shape": 1}'),
    ]
    for index, line in damages:
        path.write_bytes(b"\n".join([*lines[:index], line, *lines[index + 1 :]]))
        with pytest.raises(ConvmatError):
            load_matrix(path)


def test_indices_out_of_range_are_found_before_they_are_used(tmp_path):
    matrix, _ = example()
    damaged = matrix.copy()
    damaged.indices[5] = 10**6
    for suffix in (".npz", ".mat"):
        path = tmp_path / f"H{suffix}"
        save_matrix(path, matrix, GEOMETRY)
        if suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            sparse.save_npz(path, damaged)
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr("convmat.npy", members["convmat.npy"])
        else:
            column = matrix.tocsc()
            column.indices[5] = 10**6
            io.savemat(path, {"H": column, "convmat": io.loadmat(path)["convmat"][0]})
        with pytest.raises(ConvmatError, match="cannot read"):
            load_matrix(path)


def test_files_of_others(tmp_path):
    matrix, _ = example()
    sparse.save_npz(tmp_path / "a.npz", matrix)
    io.mmwrite(tmp_path / "a.mtx", matrix, symmetry="general")
    io.savemat(tmp_path / "a.mat", {"H": matrix})
    for suffix in SUFFIXES:
        with pytest.raises(ConvmatError, match="convmat did not write it"):
            load_matrix(tmp_path / f"a{suffix}")
    np.savez(tmp_path / "b.npz", a=np.zeros(3))
    io.mmwrite(tmp_path / "b.mtx", np.ones((2, 2)))
    io.savemat(tmp_path / "b.mat", {"G": np.ones((2, 2))})
    np.savez(tmp_path / "c.npz", format=np.array({}, dtype=object), allow_pickle=True)
    for name in ("b.npz", "b.mtx", "b.mat", "c.npz", "none.npz", "none.mtx", "none.mat"):
        with pytest.raises(ConvmatError, match="cannot read"):
            load_matrix(tmp_path / name)
