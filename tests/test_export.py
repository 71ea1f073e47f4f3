"""Matrices survive a file exactly, other tools read them, damaged files are refused."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy import io, sparse

import convmat
from convmat import Geometry, convolution_matrix, data_matrix
from convmat.errors import ConvmatError
from convmat.files.export import load_matrix, save_matrix

# SciPy announces that its readers will return sparse arrays; here either will do.
pytestmark = pytest.mark.filterwarnings("ignore:The default value for `spmatrix`")

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
        ({"kernel": [[1], [1, 2]]}, "kernel must be a rectangular array"),
        ({"kernel": [None]}, "kernel must hold numbers"),
        ({"kernel": np.full((3, 2), np.nan)}, "kernel has entries that are NaN"),
        ({"matrix": np.zeros(5)}, "must have 2 axes"),
        ({"matrix": None}, "matrix must hold numbers"),
        ({"matrix": [[1], [1, 2]]}, "matrix must be a rectangular array"),
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


@pytest.mark.parametrize("name", ["", "H", "H.txt", ".npz"])
def test_names_that_do_not_say_what_is_read(name):
    words = rf"the name of a file must end in \.npz, \.mtx, \.mat, got '{re.escape(name)}'$"
    with pytest.raises(ConvmatError, match=words):
        load_matrix(name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_files(tmp_path, suffix):
    path = tmp_path / f"H{suffix}"
    path.touch()
    with pytest.raises(ConvmatError, match="cannot read .*: the file is empty"):
        load_matrix(path)


@pytest.mark.parametrize("path", [None, 3, b"H.npz", "H\0.npz"])
def test_names_that_are_no_names(path):
    with pytest.raises(ConvmatError, match="the name of a file must be text or a path"):
        save_matrix(path, *example()[:1], GEOMETRY)
    with pytest.raises(ConvmatError, match="the name of a file must be text or a path"):
        load_matrix(path)


def test_too_large_for_mat(tmp_path, monkeypatch):
    monkeypatch.setattr("convmat.files.matrix_formats._LARGEST_VARIABLE", 1000)
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
        (1, lines[1].replace(b'"dtype": "float64"', b'"dtype": "f8, ("')),
        (1, lines[1].replace(b'"kernel": null', b'"kernel": {"dtype": "f8", "real": [null]}')),
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


def uncompressed(path, matrix, **options):
    """A .mat file as `save -v6` writes it, with the record of a file of ours."""
    save_matrix(path, matrix, GEOMETRY)
    io.savemat(path, {"H": matrix, "convmat": io.loadmat(path)["convmat"][0]} | options)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_mat_files_written_again_by_others(tmp_path, dtype):
    matrix, _ = example(dtype)
    others = {"text": "abc", "cells": np.array([1, "a"], object), "fields": {"a": 1}, "z": [[]]}
    uncompressed(tmp_path / "H.mat", matrix, **others)
    found, geometry = load_matrix(tmp_path / "H.mat")
    assert geometry == GEOMETRY
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())


def test_mat_files_of_another_byte_order_and_small_integers(tmp_path):
    """MATLAB stores numbers in fewer bytes where these hold them."""

    def element(kind, values):
        content = np.asarray(values).tobytes()
        if len(content) <= 4:
            tag = np.array([len(content) << 16 | kind], ">u4").tobytes()
            return tag + content.ljust(4, b"\0")
        tag = np.array([kind, len(content)], ">u4").tobytes()
        return tag + content + bytes(-len(content) % 8)

    def variable(name, kind, shape, *numbers):
        flags, sizes = np.array([kind, 9], ">u4"), np.array(shape, ">i4")
        parts = [element(6, flags), element(5, sizes), element(1, np.frombuffer(name, "u1"))]
        return element(14, np.frombuffer(b"".join([*parts, *numbers]), "u1"))

    record = {"input_shape": [2], "kernel_shape": [2], "mode": "same", "boundary": ["zero"]}
    record |= {"anchor": [0], "order": "C", "dtype": "float64", "kernel": None}
    text = np.frombuffer(json.dumps(record).encode(), "u1").astype(">u2")
    H = [
        element(5, np.array([0, 1, 1], ">i4")),
        element(5, np.array([0, 2, 3], ">i4")),
        element(2, np.array([1, 20, 3], "u1")),
    ]
    content = variable(b"H", 5, (2, 2), *H) + variable(b"convmat", 4, (1, 99), element(4, text))
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI"
    (tmp_path / "H.mat").write_bytes(header + content)
    assert io.loadmat(tmp_path / "H.mat")["H"].toarray().tolist() == [[1, 0], [20, 3]]
    matrix, _ = load_matrix(tmp_path / "H.mat")
    assert matrix.toarray().tolist() == [[1, 0], [20, 3]]
    for damaged, message in (
        (b"x" * 10, "no .mat file of version 5"),
        (header[:124] + b"\2\0MI" + content, "another version"),
        (header + content[:-3], "truncated"),
        (header + content[:300], "truncated"),
        (header + b"\0\0\0\7" + content[4:], "damaged"),
    ):
        (tmp_path / "H.mat").write_bytes(damaged)
        with pytest.raises(ConvmatError, match=message):
            load_matrix(tmp_path / "H.mat")


FLIPS = """
import random, sys
import numpy as np
from convmat import ConvmatError, load_matrix

generator = random.Random(5)
for path in sys.argv[1:]:
    expected = load_matrix(path)
    with open(path, "rb") as file:
        content = file.read()
    refused = 0
    for trial in range(200):
        damaged = bytearray(content)
        end = len(content) if trial % 2 else 300  # where the sizes stand
        damaged[generator.randrange(end)] ^= generator.randrange(1, 256)
        with open(path, "wb") as file:
            file.write(damaged)
        try:
            matrix, geometry = load_matrix(path)
        except ConvmatError:
            refused += 1
            continue
        if "checked" in path:
            assert geometry == expected.geometry and (matrix != expected.matrix).nnz == 0
    print(refused)
"""


def test_flipped_bytes_are_refused_and_end_no_program(tmp_path):
    """In a process of its own, as SciPy's readers of .mat and .mtx would end this one."""
    matrix, _ = example("complex64")
    names = ["checked.npz", "checked.mat", "H.mtx", "H.mat"]
    for name in names[:3]:
        save_matrix(tmp_path / name, matrix, GEOMETRY)
    uncompressed(tmp_path / "H.mat", matrix)
    run = subprocess.run(
        [sys.executable, "-c", FLIPS, *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        cwd=Path(convmat.__file__).parents[1],
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert min(map(int, run.stdout.split())) > 10


@pytest.mark.parametrize("cut", [1, 2, 5, 20])
def test_a_matrix_market_file_cut_short_is_told(tmp_path, cut):
    path = tmp_path / "H.mtx"
    geometry = Geometry(9, 3, "same", "mirror")
    save_matrix(
        path, convolution_matrix(np.random.default_rng(0).random(3), 9, "same", "mirror"), geometry
    )
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.raises(ConvmatError, match="damaged"):
        load_matrix(path)
    path.write_bytes(content.replace(b"same", b"full", 1))
    with pytest.raises(ConvmatError, match="checksum"):
        load_matrix(path)


@pytest.mark.parametrize("suffix", [".npz", ".mtx", ".mat"])
def test_a_malformed_sparse_array_is_not_written(tmp_path, suffix):
    H = convolution_matrix([1.0, 2, 3], 4, "same")
    H.indices[0] = 999
    with pytest.raises(ConvmatError, match="no valid sparse array"):
        save_matrix(tmp_path / f"H{suffix}", H, Geometry(4, 3, "same"))
    assert not list(tmp_path.iterdir())
