"""What convmat is compared with: the definition, carried out by NumPy, PyWavelets and SciPy."""

import numpy as np
import pywt
from scipy import signal, sparse

BOUNDARIES = (
    "zero",
    "circular",
    "replicate",
    "symmetric",
    "mirror",
    "antisymmetric",
    "antireflect",
)
MODES = ("full", "same", "valid")

NUMPY_PAD = {
    "zero": "constant",
    "circular": "wrap",
    "replicate": "edge",
    "symmetric": "symmetric",
    "mirror": "reflect",
}
PYWT_PAD = ("antisymmetric", "antireflect")


def pad(data, before, after, axis, boundary):
    """Continue `data` along one axis, by a library's own padding."""
    if boundary in PYWT_PAD:  # one sample more, since its antisymmetric cannot pad by none
        return np.apply_along_axis(
            lambda line: pywt.pad(line, (before, after + 1), boundary)[:-1], axis, data
        )
    widths = [(0, 0)] * data.ndim
    widths[axis] = (before, after)
    return np.pad(data, widths, mode=NUMPY_PAD[boundary])


def outputs(mode, n, k, c):
    """The outputs i of the one definition, along one axis."""
    return {
        "full": range(-c, n + k - 1 - c),
        "same": range(n),
        "valid": range(k - 1 - c, n - c),
    }[mode]


def per_axis(value, ndim):
    return value if isinstance(value, tuple) else (value,) * ndim


def has_outputs(n, k, mode):
    return mode != "valid" or all(size >= taps for size, taps in zip(n, k, strict=True))


def extended(data, kernel_shape, mode, boundary, anchor=None):
    """The samples that the outputs read, from ext(x)[i + c - a] for all i and a."""
    anchor = tuple((k - 1) // 2 for k in kernel_shape) if anchor is None else anchor
    boundary = per_axis(boundary, data.ndim)
    for axis, (k, c) in enumerate(zip(kernel_shape, per_axis(anchor, data.ndim), strict=True)):
        n = data.shape[axis]
        i = outputs(mode, n, k, c)
        first, last = i[0] + c - (k - 1), i[-1] + c
        before, after = max(0, -first), max(0, last - (n - 1))
        data = pad(data, before, after, axis, boundary[axis])
        data = data[(slice(None),) * axis + (slice(first + before, last + before + 1),)]
    return data


def convolve(data, kernel, mode, boundary, anchor=None):
    """The definition: extend, then SciPy's direct convolution."""
    samples = extended(data, kernel.shape, mode, boundary, anchor)
    return signal.convolve(samples, kernel, mode="valid", method="direct")


def integers(shape, seed=0, dtype=np.float64):
    """Small integers, none of them 0: their sums and products are exact in every dtype."""
    values = np.random.default_rng(seed).integers(1, 5, shape)
    signs = np.random.default_rng(seed + 1).choice([-1, 1], shape)
    return (values * signs).astype(dtype)


def random_sparse(shape, density, rng):
    """A CSR array of about this share of entries; scipy.sparse has had several names for it."""
    kept = rng.random(shape) < density
    return sparse.csr_array(np.where(kept, rng.standard_normal(shape), 0.0))
