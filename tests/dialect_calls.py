"""Other tools' convolutions, called as their users call them."""

import importlib
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from dialect_cases import library
from scipy import signal

PROGRAMS = {
    "matlab": ("octave-cli", "--version", "GNU Octave"),
    "imagemagick": ("convert", "-version", "ImageMagick 6"),
    "graphicsmagick": ("gm", "version", "GraphicsMagick"),
    "netpbm": ("pnmconvol", "--version", "Netpbm"),
}


def installed(tool):
    """Whether the tool is here."""
    if library(tool) not in PROGRAMS:
        return find_spec(library(tool)) is not None
    return bool(version(library(tool)))


def version(name):
    """The line in which a program or a package says its version; nothing where it is not here."""
    if name not in PROGRAMS:
        package = importlib.import_module(name)
        inside = f", libvips {package.version(0)}.{package.version(1)}" if name == "pyvips" else ""
        return package.__version__ + inside
    program, option, word = PROGRAMS[name]
    if shutil.which(program) is None:
        return ""
    said = subprocess.run([program, option], capture_output=True, text=True, timeout=300)
    lines = [line for line in (said.stdout + said.stderr).splitlines() if word in line]
    return lines[0] if lines else ""


def outputs(tool, cases):
    """What the tool makes of each case."""
    if library(tool) == "matlab":
        return octave([(x, matlab_call(tool, kernel, given)) for x, kernel, given in cases])
    return [np.asarray(CALLS.get(tool, plain)(tool, *case)) for case in cases]


def function(path):
    """A function by its full name."""
    parts = path.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:depth])
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        for part in parts[depth:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(path)


def plain(tool, x, kernel, given):
    """NumPy, SciPy, scikit-image, JAX."""
    return function(tool)(x, kernel, **given)


def lfilter(tool, x, kernel, given):
    return function(tool)(kernel, 1, x)


def pad(tool, x, kernel, given):
    padded = np.asarray(function(tool)(x, **given))
    return signal.convolve(padded, kernel, "valid", "direct")


def opencv(tool, x, kernel, given):
    import cv2

    given = dict(given)
    if "borderType" in given:
        given["borderType"] = getattr(cv2, given["borderType"])
    if tool == "cv2.copyMakeBorder":
        return signal.convolve(cv2.copyMakeBorder(x, **given), kernel, "valid", "direct")
    kernels = kernel if isinstance(kernel, tuple) else (kernel,)
    return function(tool)(x, cv2.CV_64F, *kernels, **given)


def pillow(tool, x, kernel, given):
    from PIL import Image, ImageFilter

    made = ImageFilter.Kernel(kernel.shape, kernel.ravel().tolist(), **given)
    m = kernel.shape[0] // 2
    return np.asarray(Image.fromarray(x.astype(np.uint8)).filter(made))[m:-m, m:-m]


def vips(tool, x, kernel, given):
    import pyvips

    return pyvips.Image.new_from_array(x).conv(pyvips.Image.new_from_array(kernel)).numpy()


def torch_conv(tool, x, kernel, given):
    import torch

    weight = torch.tensor(kernel)[None, None]
    return function(tool)(torch.tensor(x)[None, None], weight, **given)[0, 0]


def torch_layer(tool, x, kernel, given):
    import torch

    layer = function(tool)(1, 1, kernel.shape, bias=False, dtype=torch.float64, **given)
    layer.weight.data = torch.tensor(kernel)[None, None]
    return layer(torch.tensor(x)[None, None])[0, 0].detach()


def torch_pad(tool, x, kernel, given):
    import torch

    padded = torch.nn.functional.pad(torch.tensor(x)[None, None], **given)[0, 0]
    return torch_conv(f"torch.nn.functional.conv{x.ndim}d", padded.numpy(), kernel, {})


def tensorflow_convolution(tool, x, kernel, given):
    import tensorflow

    filters = tensorflow.constant(kernel)[..., None, None]
    return tensorflow.nn.convolution(x[None, ..., None], filters, **given)[0, ..., 0]


def tensorflow_pad(tool, x, kernel, given):
    import tensorflow

    return tensorflow_convolution("", tensorflow.pad(x, **given).numpy(), kernel, {})


def keras_layer(tool, x, kernel, given):
    layer = function(tool)(1, kernel.shape, use_bias=False, dtype="float64", **given)
    layer.build((None, *x.shape, 1))
    layer.set_weights([kernel[..., None, None]])
    return layer(x[None, ..., None])[0, ..., 0]


def lax(tool, x, kernel, given):
    strides = (1,) * x.ndim
    return function(tool)(x[None, None], kernel[None, None], strides, **given)[0, 0]


def magick(tool, x, kernel, given):
    """ImageMagick: the kernel's text begins with its width and height, and may have an origin."""
    options = [part for key in given if key != "origin" for part in (option(key), given[key])]
    origin = "".join(f"+{n}" for n in given.get("origin", ()))
    text = f"{kernel.shape[1]}x{kernel.shape[0]}{origin}:{numbers(kernel, ' ')}"
    last = tool.rpartition(".")[2]
    what = ["-convolve"] if last == "convolve" else ["-morphology", last]
    return filtered(x, ["convert", "pgm:-", *options, *what, text, "pgm:-"])


def gm(tool, x, kernel, given):
    options = [part for key in given for part in (option(key), given[key])]
    return filtered(x, ["gm", "convert", "pgm:-", *options, "-convolve", numbers(kernel, ","), "-"])


def netpbm(tool, x, kernel, given):
    rows, columns = (size // 2 for size in kernel.shape)
    whole = filtered(x, ["pnmconvol", f"-matrix={numbers(kernel, ';')}", "-"])
    return whole[rows : len(whole) - rows, columns : whole.shape[1] - columns]


def option(key):
    return "-" + key.replace("_", "-")


def numbers(kernel, between):
    return between.join(",".join(f"{value:g}" for value in row) for row in kernel)


def filtered(x, command):
    """What a command makes of a picture of 16 bits, as PGM."""
    head = f"P5\n{x.shape[1]} {x.shape[0]}\n65535\n".encode()
    made = subprocess.run(
        command,
        input=head + x.astype(">u2").tobytes(),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return read_pgm(made.stdout)


def read_pgm(content):
    width, height, largest = (int(word) for word in re.split(rb"\s+", content, maxsplit=4)[1:4])
    assert largest == 65535
    pixels = np.frombuffer(content[-2 * width * height :], ">u2")
    return pixels.reshape(height, width).astype(np.float64)


def matlab_call(tool, kernel, given):
    """The expression for y, of x."""
    h = matlab(kernel)
    options = "".join(f", {matlab(value)}" for value in given.values())
    name = tool.partition(".")[2]
    if name == "filter":
        return f"filter({h}, 1, x)"
    if name == "filter2":
        return f"filter2({h}, x{options})"
    if name == "padarray":
        return f"convn(padarray(x{options}), {h}, 'valid')"
    return f"{name}(x, {h}{options})"


def matlab(value):
    if isinstance(value, str):
        return f"'{value}'"
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{value}"
    flat = " ".join(f"{number:.17g}" for number in array.ravel("F"))
    shape = (1, *array.shape) if array.ndim == 1 else array.shape
    return f"reshape([{flat}], {list(shape)})"


def octave(calls):
    """Each y for an x and an expression, or statements that end in one for y; one run for all."""
    lines = ["pkg load image"]
    for x, text in calls:
        statement = text if "y = " in text else f"y = {text};"
        lines += [f"x = {matlab(x)};", statement]
        lines += [r'printf("%d ", size(y)); printf("\n%.17g", y(1)); printf(" %.17g", y(2:end));']
        lines += [r'printf("\n");']
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "calls.m")
        script.write_text("\n".join(lines))
        done = subprocess.run(
            ["octave-cli", "--quiet", "--no-init-file", str(script)],
            capture_output=True,
            text=True,
            timeout=300,
        )
    printed = done.stdout.splitlines()
    assert len(printed) == 2 * len(calls), done.stderr
    found = []
    for (x, _), size, values in zip(calls, printed[::2], printed[1::2], strict=True):
        shape = [int(number) for number in size.split()]
        y = np.array(values.split(), dtype=float).reshape(shape, order="F")
        found.append(y.ravel() if x.ndim == 1 else y.reshape(shape + [1] * (x.ndim - y.ndim)))
    return found


CALLS = {
    "scipy.signal.lfilter": lfilter,
    "numpy.pad": pad,
    "jax.numpy.pad": pad,
    "pywt.pad": pad,
    "cv2.filter2D": opencv,
    "cv2.sepFilter2D": opencv,
    "cv2.copyMakeBorder": opencv,
    "PIL.ImageFilter.Kernel": pillow,
    "pyvips.Image.conv": vips,
    **{f"torch.nn.functional.conv{d}d": torch_conv for d in (1, 2, 3)},
    **{f"torch.nn.Conv{d}d": torch_layer for d in (1, 2, 3)},
    "torch.nn.functional.pad": torch_pad,
    "tensorflow.nn.convolution": tensorflow_convolution,
    "tensorflow.pad": tensorflow_pad,
    **{f"keras.layers.Conv{d}D": keras_layer for d in (1, 2, 3)},
    "jax.lax.conv_general_dilated": lax,
    "imagemagick.morphology.Convolve": magick,
    "imagemagick.morphology.Correlate": magick,
    "imagemagick.convolve": magick,
    "graphicsmagick.convolve": gm,
    "netpbm.pnmconvol": netpbm,
}


# What `to_dialect` writes, run where it belongs


def evaluated(tool, calls):
    """Each y that a call makes of x; large kernels have a name in its text."""
    if library(tool) == "matlab":
        return octave([(x, f"kernel = {matlab(call.kernel)};\n{call}") for x, call in calls])
    run = in_shell if library(tool) in PROGRAMS else in_python
    return [run(tool, x, call) for x, call in calls]


def in_python(tool, x, call):
    function(tool)  # which imports the module it is in
    needed = {"numpy", "scipy", library(tool)}
    names = {name: importlib.import_module(name) for name in needed}
    names["x"] = SIGNALS.get(library(tool), np.asarray)(x)
    names["kernel"] = call.kernel
    exec(str(call), names)
    y = names["y"]
    if library(tool) == "torch":
        return y.detach().numpy()
    return y.numpy() if library(tool) == "pyvips" else np.asarray(y)


def in_shell(tool, x, call):
    """A line of the shell, from a file x to a file y."""
    import cv2

    text = str(call)
    suffix = "pgm" if "x.pgm" in text else "png"
    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(f"{folder}/x.{suffix}", x.astype(np.uint16))
        subprocess.run(text, shell=True, cwd=folder, check=True, capture_output=True, timeout=300)
        y = cv2.imread(f"{folder}/y.{suffix}", cv2.IMREAD_UNCHANGED)
    return y * 257.0 if y.dtype == np.uint8 else y.astype(float)  # where 8 bits could hold it


def torch_signal(x):
    import torch

    return torch.tensor(x)


def jax_signal(x):
    import jax

    return jax.numpy.asarray(x)


def tensorflow_signal(x):
    import tensorflow

    return tensorflow.constant(x)


def pillow_signal(x):
    from PIL import Image

    return Image.fromarray(x.astype(np.uint8))


def vips_signal(x):
    import pyvips

    return pyvips.Image.new_from_array(x)


SIGNALS = {
    "torch": torch_signal,
    "jax": jax_signal,
    "tensorflow": tensorflow_signal,
    "keras": tensorflow_signal,
    "PIL": pillow_signal,
    "pyvips": vips_signal,
}
