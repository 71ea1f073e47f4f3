"""Octave reads matrices of ours, and multiplies: live, and recorded by `record_matrix_files`."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
from oracles import integers

from convmat import Geometry, convolution_matrix, save_matrix

FOLDER = Path(__file__).parent / "recorded" / "matrix_files"
PAGE = Path(__file__).parents[1] / "docs" / "travel.md"
PROGRAM = shutil.which("octave-cli") or shutil.which("octave")
GEOMETRY = Geometry((4, 5), (2, 3), "full", ("mirror", "antireflect"), (1, -1))
MATRICES = {"real": "float64", "single": "float32", "complex": "complex128"}


def matrix(name):
    kernel = integers(GEOMETRY.kernel_shape, 2, dtype=MATRICES[name])
    if name == "complex":
        kernel = kernel * (1 - 2j)
    g = GEOMETRY
    options = {"anchor": g.anchor, "order": "F"}
    return convolution_matrix(kernel, g.input_shape, g.mode, g.boundary, **options), kernel


def write(name, folder):
    H, kernel = matrix(name)
    for suffix in (".mat", ".mtx"):
        save_matrix(folder / f"{name}{suffix}", H, GEOMETRY, order="F", kernel=kernel)


def octave(code):
    """What it prints."""
    arguments = [PROGRAM, "--no-gui", "--quiet", "--no-init-file", "--eval", code]
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def reading(suffix):
    """The lines of the documentation that read a file: what its readers are told works."""
    blocks = re.findall(r"^```octave\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    return next(block for block in blocks if f"H{suffix}" in block)


COMPLEX_MTX = """
file = fopen("H.mtx");
T = cell2mat(textscan(file, "%f %f %f %f", "CommentStyle", "%", "HeaderLines", {lines}));
fclose(file);
H = sparse(T(:,1), T(:,2), T(:,3) + 1i * T(:,4), {rows}, {columns});
"""


def products(name, folder):
    """``H @ [1, 2, ...]`` from each file, as pairs of real and imaginary parts."""
    H, _ = matrix(name)
    result = {}
    for suffix in (".mat", ".mtx"):
        code = reading(suffix)
        if name == "complex" and suffix == ".mtx":
            lines = (folder / f"{name}{suffix}").read_text("ascii").splitlines()
            head = sum(line.startswith("%") for line in lines) + 1
            code = COMPLEX_MTX.format(lines=head, rows=H.shape[0], columns=H.shape[1])
        code = code.replace(f'"H{suffix}"', f'"{folder / name}{suffix}"')
        code += f"y = H * (1:{H.shape[1]})'; printf(\"%.17g %.17g\\n\", [real(y) imag(y)]');"
        numbers = np.array(octave(code).split(), dtype=float)
        result[suffix] = numbers.reshape(-1, 2).tolist()
    return result


def expected(name):
    H, _ = matrix(name)
    y = H @ np.arange(1.0, H.shape[1] + 1)
    return np.stack([y.real, y.imag], axis=1)
