"""What `identify_filter` is judged on: pictures, what was done to them, and what is true.

Pictures are crops of photographs and textures, and one synthetic scene; tools of the test
environment are called, programs were recorded (see identify_corpus/programs.py). What is true of a
convolution is said as a convolution kernel, however the tool takes its own.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import PIL
import scipy
import skimage
from identify_corpus import programs, recordings
from oracles import convolve
from PIL import Image, ImageFilter
from scipy import ndimage
from skimage import exposure

# Where levels came out whole by themselves, or were rounded several times, no word is wrong.
ANY = ("rounded", "truncated", "raised", "none", "unknown")
EVERY = "every one"
# Pictures from under a microscope, with more pixels than detail: their highest frequencies are
# little but their own rounding, of which the rounding of the picture after is not independent.
SMOOTH = ("cell", "haze")
LIBRARIES = {
    "OpenCV": cv2.__version__,
    "Pillow": PIL.__version__,
    "SciPy": scipy.__version__,
    "scikit-image": skimage.__version__,
    "NumPy": np.__version__,
}


@dataclass(frozen=True, eq=False)
class Case:
    """One pair and the truth about it.

    `make` gives the picture after. For a convolution: `kernel` of shape (k1, k2), of (channels, k1,
    k2) or (channels after, channels before, k1, k2); `boundary` is one name or one per axis, None
    where the continuation has no name, EVERY where it is not asked for; `offset` is what was added
    before levels became whole, and `rounding` the words that are right. For what is no convolution
    `reason` says what it is, and `light` names the tone curves between which it is one. Of a
    `doubtful` pair it is as right to say that it tells too little; `nearly` is a boundary that
    differs from the true one by hardly more than the noise. `roundings` is how many a tool that
    rounds inside may leave: three or so, times what it multiplies them by afterwards.
    """

    name: str
    tool: str
    picture: str
    make: Callable[[np.ndarray], np.ndarray]
    kernel: Any = None
    anchor: tuple = ()
    boundary: Any = None
    offset: float | None = 0.0
    rounding: tuple = ("rounded",)
    reason: str = ""
    light: tuple = ()
    doubtful: bool = False
    nearly: str = ""
    roundings: float = 2.5

    @property
    def linear(self):
        return not self.reason

    def __str__(self):
        return f"{self.tool}: {self.name} ({self.picture})"


@cache
def recorded(name):
    return recordings.read(name)


@cache
def picture(name):
    if name == "scene":
        return scene()
    if name == "drawing":  # in black and white
        return np.where(scene() > 128, 255, 0).astype(np.uint8)
    if name == "poster":
        return recorded("pictures")["camera"] // 32 * 32
    return recorded("pictures")[name]


def scene():
    """Discs and bars of one level each on a ramp, drawn four times as large."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[: 4 * 192, : 4 * 207] / 4
    levels = 60 + 0.5 * x + 0.2 * y
    for cy, cx, radius, level in rng.uniform((0, 0, 2, 10), (192, 207, 22, 245), (70, 4)):
        levels[np.hypot(y - cy, x - cx) < radius] = level
    for cy, cx, angle, level in rng.uniform((0, 0, 0, 10), (192, 207, np.pi, 245), (25, 4)):
        across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        levels[(abs(across) < 1.5) & (np.hypot(y - cy, x - cx) < 30)] = level
    return levels8(levels.reshape(192, 4, 207, 4).mean(axis=(1, 3)))


def levels8(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def levels16(values):
    return np.clip(np.rint(values), 0, 65535).astype(np.uint16)


def truncated8(values):
    return np.clip(np.floor(values), 0, 255).astype(np.uint8)


def middle(kernel):
    return tuple((k - 1) // 2 for k in np.shape(kernel)[-2:])


def over(kernel):
    return np.array(kernel, dtype=float) / np.sum(kernel)


# Kernels, none of them its own mirror image.
ASYMMETRIC = over([[1, 2, 0], [3, 4, 1], [0, 1, 5]])
WIDE = over(np.random.default_rng(3).integers(1, 10, (5, 7)))
EVEN = over([[1, 4, 2, 1], [3, 6, 5, 0]])
SQUARE4 = over(np.random.default_rng(4).integers(0, 9, (4, 4)))
BINOMIAL = over(np.outer([1, 2, 1], [1, 2, 1]))
RELIEF = np.array([[-2.0, -1, 0], [-1, 0, 1], [0, 1, 2]])
CRISP = np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
DIAGONAL = np.eye(35) / 35
ROW = np.full((1, 35), 1 / 35)


# ------------------------------------------------------------------ Pillow


def pillow(how):
    return lambda before: np.array(Image.fromarray(before).filter(how))


def pillow_kernel(how):
    """Pillow turns a kernel upside down and correlates."""
    size, scale, _, values = how.filterargs
    return np.reshape(values, size)[:, ::-1] / scale


def box(radius):
    """Ends of a box of a radius that is not whole weigh less; Pillow documents it."""
    whole = int(radius)
    line = np.ones(2 * whole + 3)
    line[[0, -1]] = radius - whole
    line = line[1:-1] if radius == whole else line
    return line / line.sum()


def three_boxes(radius):
    """P. Getreuer, IPOL 3 (2013), doi:10.5201/ipol.2013.87: Pillow's Gaussian."""
    variance = radius**2 / 3
    whole = int((np.sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    part /= 6 * (variance - (whole + 1) ** 2)
    line = box(whole + part)
    return np.convolve(np.convolve(line, line), line)


def pillow_cases():
    for name, seen in [
        ("BLUR", "camera"),
        ("SMOOTH", "coins"),
        ("SMOOTH_MORE", "gravel"),
        ("SHARPEN", "moon"),
        ("DETAIL", "brick"),
        ("EDGE_ENHANCE", "grass"),
        ("EDGE_ENHANCE_MORE", "coffee"),
        ("EMBOSS", "chelsea"),
        ("CONTOUR", "cell"),
        ("FIND_EDGES", "gravel"),
    ]:
        how = getattr(ImageFilter, name)
        kernel = pillow_kernel(how)
        # Half of the halves of EDGE_ENHANCE are rounded up.
        offset = None if name == "EDGE_ENHANCE" else float(how.filterargs[2])
        whole = np.all(kernel == np.rint(kernel))
        yield Case(
            name,
            "Pillow",
            seen,
            pillow(how),
            kernel,
            middle(kernel),
            "untouched",
            offset,
            ANY if whole else ("rounded",),
        )
    uneven = ImageFilter.Kernel((5, 5), list(range(25)), scale=300)
    kernel = pillow_kernel(uneven)
    yield Case("Kernel", "Pillow", "astronaut", pillow(uneven), kernel, (2, 2), "untouched")
    for radius, seen in [(1, "grass"), (2.5, "astronaut"), ((3, 1), "scene")]:
        across, down = radius if isinstance(radius, tuple) else (radius, radius)
        kernel = np.outer(box(down), box(across))
        how = pillow(ImageFilter.BoxBlur(radius))
        yield Case(f"BoxBlur({radius})", "Pillow", seen, how, kernel, middle(kernel), "replicate")
    for radius, seen in [
        (0.5, "camera"),
        (0.7, "coins"),
        (1, "brick"),
        (1.2, "astronaut"),
        (2, "camera"),
        (3, "gravel"),
    ]:
        line = three_boxes(radius)
        how = pillow(ImageFilter.GaussianBlur(radius))
        name = f"GaussianBlur({radius})"
        kernel = np.outer(line, line)
        # Every pass rounds, and repeats the edge of what the one before it made. Of three taps that
        # is `symmetric` in all; of more it is close to that, and has no name.
        boundary = "symmetric" if radius == 1 else None
        if radius < 1:
            # A pass leaves what it would change by less than half a level, and of two boundaries
            # that differ by hardly more either may come nearer.
            boundary = EVERY
        yield Case(
            name,
            "Pillow",
            seen,
            how,
            kernel,
            middle(kernel),
            boundary,
            None,
            ANY,
            nearly="symmetric",
        )
    for radius, percent, seen in [
        (2, 120, "chelsea"),
        (2, 50, "coffee"),
        (1.5, 200, "astronaut"),
        (3, 80, "gravel"),
        (1, 150, "camera"),
    ]:
        line = three_boxes(radius)
        kernel = -percent / 100 * np.outer(line, line)
        kernel[middle(kernel)] += 1 + percent / 100
        # The difference is cut off towards 0, and the blurred picture was rounded before.
        yield Case(
            f"UnsharpMask({radius}, {percent}, 0)",
            "Pillow",
            seen,
            pillow(ImageFilter.UnsharpMask(radius, percent, 0)),
            kernel,
            middle(kernel),
            None,
            None,
            ANY,
            nearly="symmetric",
            roundings=2.5 * max(1, percent / 100),
        )


# ------------------------------------------------------------------ OpenCV


def fixed_point(size, sigma):
    """8 bits behind the point, as one pixel shows; the middle is what the others leave of 1."""
    line = np.zeros((1, 8 * size), np.uint8)
    line[0, 4 * size] = 255
    seen = cv2.GaussianBlur(line, (size, 1), sigma)[0]
    first = 4 * size - size // 2
    line = np.rint(seen[first : first + size] * (256 / 255)) / 256
    line[size // 2] += 1 - line.sum()
    return line


def filter2d(
    name, seen, kernel, boundary="mirror", *, border=cv2.BORDER_DEFAULT, at=(-1, -1), **more
):
    """OpenCV correlates; of its anchor, which by itself is the middle, the column comes first."""
    rows, columns = kernel.shape
    column, row = (columns // 2, rows // 2) if at == (-1, -1) else at
    return Case(
        name,
        "OpenCV",
        seen,
        lambda x: cv2.filter2D(x, -1, kernel, anchor=at, borderType=border),
        kernel[::-1, ::-1],
        (rows - 1 - row, columns - 1 - column),
        boundary,
        **more,
    )


def gaussian_blur(name, seen, size, sigma, line, **more):
    kernel = np.outer(line, line)
    return Case(
        name,
        "OpenCV",
        seen,
        lambda x: cv2.GaussianBlur(x, (size, size), sigma),
        kernel,
        middle(kernel),
        "mirror",
        **more,
    )


def opencv_cases():
    for name, border, boundary, seen in [
        ("default border", cv2.BORDER_DEFAULT, "mirror", "camera"),
        ("REFLECT", cv2.BORDER_REFLECT, "symmetric", "coins"),
        ("REPLICATE", cv2.BORDER_REPLICATE, "replicate", "astronaut"),
        ("CONSTANT", cv2.BORDER_CONSTANT, "zero", "grass"),
    ]:
        yield filter2d(f"filter2D, {name}", seen, WIDE, boundary, border=border)
    for name, seen, kernel, at in [
        ("4x2 kernel", "gravel", EVEN, (-1, -1)),
        ("anchor in a corner", "brick", ASYMMETRIC, (0, 2)),
        ("one-sided motion of 35", "grass", ROW, (34, 0)),
        ("one-sided diagonal of 35x35", "gravel", DIAGONAL, (34, 34)),
    ]:
        yield filter2d(f"filter2D, {name}", seen, kernel, at=at)
    yield filter2d("filter2D, sharpening", "chelsea", CRISP, rounding=ANY)
    for size, sigma, seen in [(5, 1.0, "coffee"), (9, 1.7, "camera"), (3, 0, "cell")]:
        line = fixed_point(size, sigma)
        yield gaussian_blur(f"GaussianBlur {size}x{size}", seen, size, sigma, line)
    line = fixed_point(3, 0)
    yield gaussian_blur("GaussianBlur 3x3 of haze", "haze", 3, 0, line, doubtful=True)
    yield filter2d("filter2D 4x2 of haze", "haze", EVEN, doubtful=True)
    line = cv2.getGaussianKernel(7, 1.4).ravel()
    yield gaussian_blur("GaussianBlur 7x7, 16 bits", "chelsea, 16 bits", 7, 1.4, line)
    yield filter2d(
        "filter2D, 16 bits",
        "chelsea, 16 bits",
        ASYMMETRIC,
        "replicate",
        border=cv2.BORDER_REPLICATE,
    )
    for name, seen, make, shape, boundary in [
        ("blur 4x6", "scene", lambda x: cv2.blur(x, (6, 4)), (4, 6), "mirror"),
        (
            "boxFilter 5x5, REPLICATE",
            "coins",
            lambda x: cv2.boxFilter(x, -1, (5, 5), borderType=cv2.BORDER_REPLICATE),
            (5, 5),
            "replicate",
        ),
    ]:
        kernel = over(np.ones(shape))
        yield Case(name, "OpenCV", seen, make, kernel, middle(kernel), boundary)
    sobel = np.outer([1.0, 2, 1], [1.0, 0, -1])
    yield Case(
        "Sobel, half, plus 128",
        "OpenCV",
        "brick",
        lambda x: cv2.Sobel(x, -1, 1, 0, scale=0.5, delta=128),
        sobel / 2,
        (1, 1),
        "mirror",
        128.0,
    )
    yield Case(
        "Sobel to int16",
        "OpenCV",
        "camera",
        lambda x: cv2.Sobel(x, cv2.CV_16S, 1, 0),
        sobel,
        (1, 1),
        "mirror",
        rounding=ANY,
    )
    cross = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    yield Case(
        "Laplacian, plus 100",
        "OpenCV",
        "coffee",
        lambda x: cv2.Laplacian(x, -1, delta=100),
        cross,
        (1, 1),
        "mirror",
        100.0,
        ANY,
    )


# ------------------------------------------------------------------ SciPy

NDIMAGE = [
    ("reflect", "symmetric", "camera"),
    ("mirror", "mirror", "moon"),
    ("nearest", "replicate", "gravel"),
    ("wrap", "circular", "coffee"),
    ("constant", "zero", "brick"),
]


def scipy_cases():
    for mode, boundary, seen in NDIMAGE:
        yield Case(
            f"convolve, {mode}, cut off",
            "SciPy",
            seen,
            lambda x, m=mode: ndimage.convolve(x, WIDE, mode=m),
            WIDE,
            (2, 3),
            boundary,
            rounding=("truncated",),
        )
    for mode, boundary, seen in [*NDIMAGE[:2], NDIMAGE[3]]:
        yield Case(
            f"correlate 4x4, {mode}, rounded",
            "SciPy",
            "astronaut" if seen == "moon" else seen,
            lambda x, m=mode: levels8(ndimage.correlate(x.astype(float), SQUARE4, mode=m)),
            SQUARE4[::-1, ::-1],
            (1, 1),
            boundary,
        )
    for name, seen, kernel, origin, anchor in [
        ("convolve with an origin", "grass", WIDE, (1, -2), (3, 1)),
        ("convolve 2x4 with an origin", "cell", EVEN, (-1, 1), (0, 3)),
    ]:
        yield Case(
            name,
            "SciPy",
            seen,
            lambda x, h=kernel, o=origin: levels8(ndimage.convolve(x.astype(float), h, origin=o)),
            kernel,
            anchor,
            "symmetric",
        )
    yield Case(
        "correlate, a constant of 128 outside",
        "SciPy",
        "chelsea",
        lambda x: levels8(ndimage.correlate(x.astype(float), WIDE, mode="constant", cval=128)),
        WIDE[::-1, ::-1],
        (2, 3),
        None,
    )
    yield Case(
        "a mode for each axis",
        "SciPy",
        "gravel",
        lambda x: levels8(
            ndimage.correlate1d(
                ndimage.correlate1d(x.astype(float), [0.2, 0.1, 0.1, 0.1, 0.5], 0, mode="wrap"),
                [0.1, 0.2, 0.3, 0.1, 0.3],
                1,
                mode="reflect",
            )
        ),
        np.outer([0.5, 0.1, 0.1, 0.1, 0.2], [0.3, 0.1, 0.3, 0.2, 0.1]),
        (2, 2),
        ("circular", "symmetric"),
    )
    yield Case(
        "uniform_filter 5, cut off twice",
        "SciPy",
        "coins",
        lambda x: ndimage.uniform_filter(x, 5),
        np.full((5, 5), 1 / 25),
        (2, 2),
        "symmetric",
        None,
        ("unknown", "truncated"),
    )
    yield Case(
        "uniform_filter 4, rounded",
        "SciPy",
        "scene",
        lambda x: levels8(ndimage.uniform_filter(x.astype(float), 4)),
        np.full((4, 4), 1 / 16),
        (1, 1),
        "symmetric",
    )
    impulse = np.zeros(41)
    impulse[20] = 1
    for sigma, seen in [(0.8, "astronaut"), (1.6, "coffee")]:
        line = np.trim_zeros(ndimage.gaussian_filter1d(impulse, sigma))
        kernel = np.outer(line, line)
        yield Case(
            f"gaussian_filter {sigma}, rounded",
            "SciPy",
            seen,
            lambda x, s=sigma: levels8(ndimage.gaussian_filter(x.astype(float), s)),
            kernel,
            middle(kernel),
            "symmetric",
        )
    line = np.trim_zeros(ndimage.gaussian_filter1d(impulse, 1.0))
    kernel = np.outer(line, line)
    for name, seen, dtype in [
        ("gaussian_filter 1, not rounded", "camera", np.float64),
        ("gaussian_filter 1 in single precision", "gravel", np.float32),
    ]:
        yield Case(
            name,
            "SciPy",
            seen,
            lambda x, d=dtype: ndimage.gaussian_filter(x.astype(d), 1.0),
            kernel,
            middle(kernel),
            "symmetric",
            rounding=("none",),
        )


# ------------------------------------------------------------------ NumPy: the definition itself


def defined(kernel, anchor, boundary, offset=0.0, mode="same"):
    return lambda x: convolve(x.astype(float), kernel, mode, boundary, anchor) + offset


def by_definition(
    name, seen, kernel, anchor, boundary, offset=0.0, *, levels=levels8, rounding=("rounded",)
):
    """The definition, and levels made of it."""
    made = defined(kernel, anchor, boundary, offset)
    return Case(
        name,
        "NumPy",
        seen,
        lambda x: levels(made(x)),
        kernel,
        anchor,
        boundary,
        offset,
        rounding,
    )


def noisy(values, deviation, seed):
    return values + np.random.default_rng(seed).normal(0, deviation, values.shape)


def blank_frame(values, width):
    values[:width], values[-width:] = 0, 0
    values[:, :width], values[:, -width:] = 0, 0
    return values


def left_as_it_was(before, after, width):
    kept = before.copy()
    inside = (slice(width, -width),) * 2
    kept[inside] = after[inside]
    return kept


def numpy_cases():
    made = defined(WIDE, (2, 3), "mirror")
    for deviation, seen, kernel in [(1.0, "camera", WIDE), (4.0, "grass", ASYMMETRIC)]:
        plain = defined(kernel, middle(kernel), "mirror")
        yield Case(
            f"noise of {deviation}",
            "NumPy",
            seen,
            lambda x, p=plain, d=deviation: levels8(noisy(p(x), d, 1)),
            kernel,
            middle(kernel),
            "mirror",
            rounding=("rounded", "unknown"),
        )
    yield Case(
        "noise of 2, not rounded",
        "NumPy",
        "coffee",
        lambda x: noisy(made(x), 2.0, 2),
        WIDE,
        (2, 3),
        "mirror",
        rounding=("none",),
    )
    for name, seen, kernel, boundary in [
        ("cut off", "gravel", ASYMMETRIC, "replicate"),
        ("cut off, on a smooth picture", "moon", BINOMIAL, "mirror"),
    ]:
        yield by_definition(
            name, seen, kernel, (1, 1), boundary, levels=truncated8, rounding=("truncated",)
        )
    for name, seen, kernel, boundary, offset in [
        ("twice as bright, clipped", "coffee", 2 * ASYMMETRIC, "replicate", 0.0),
        ("contrast of 2 about the middle, clipped", "astronaut", 2 * ASYMMETRIC, "mirror", -128.0),
        ("contrast of 3 about the middle, clipped", "camera", 3 * BINOMIAL, "symmetric", -256.0),
    ]:
        yield by_definition(name, seen, kernel, (1, 1), boundary, offset)
    blur = defined(BINOMIAL, (1, 1), "mirror")
    crisp = defined(CRISP, (1, 1), "mirror")
    yield Case(
        "blurred, rounded, then sharpened",
        "NumPy",
        "coins",
        lambda x: levels8(crisp(levels8(blur(x)))),
        convolve(BINOMIAL, CRISP, "full", "zero"),
        (2, 2),
        EVERY,
        None,
        ANY,
        roundings=float(np.hypot(1, np.linalg.norm(CRISP))),
    )
    yield by_definition("darker, plus 20", "astronaut", 0.6 * WIDE, (2, 3), "circular", 20.0)
    yield Case(
        "border left as it was",
        "NumPy",
        "scene",
        lambda x: left_as_it_was(x, levels8(made(x)), 3),
        WIDE,
        (2, 3),
        "untouched",
    )
    # Of a kernel of 5x7, a frame of 3 is a row wider than it need be.
    for name, seen, kernel, anchor, width in [
        ("border blank", "brick", WIDE, (2, 3), 3),
        ("border blank, 4x4", "gravel", SQUARE4, (2, 2), 2),
    ]:
        plain = defined(kernel, anchor, "mirror")
        yield Case(
            name,
            "NumPy",
            seen,
            lambda x, p=plain, w=width: blank_frame(levels8(p(x)), w),
            kernel,
            anchor,
            "cropped",
        )
    yield Case(
        "valid",
        "NumPy",
        "coins",
        lambda x: levels8(defined(WIDE, (2, 3), "zero", mode="valid")(x)),
        WIDE,
        (2, 3),
        "cropped",
    )
    yield Case(
        "full",
        "NumPy",
        "grass",
        lambda x: levels8(defined(ASYMMETRIC, (1, 1), "zero", mode="full")(x)),
        ASYMMETRIC,
        (1, 1),
        "zero",
    )
    for boundary, seen in [("antireflect", "astronaut"), ("antisymmetric", "gravel")]:
        yield by_definition(f"{boundary}, plus 30", seen, 0.7 * WIDE, (2, 3), boundary, 30.0)
    yield by_definition("a shift and a blur", "chelsea", ASYMMETRIC, (10, -6), "replicate")
    yield Case(
        "a far shift",
        "NumPy",
        "coffee",
        lambda x: np.roll(x, (40, -31), (0, 1)),
        np.ones((1, 1)),
        (-40, 31),
        "circular",
        rounding=ANY,
    )
    yield Case(
        "nothing",
        "NumPy",
        "coins",
        lambda x: x.copy(),
        np.ones((1, 1)),
        (0, 0),
        EVERY,
        rounding=ANY,
    )
    yield by_definition("16 bits", "chelsea, 16 bits", WIDE, (2, 3), "mirror", levels=levels16)
    yield Case(
        "16 bits, cut off to 8 of them",
        "NumPy",
        "chelsea, 16 bits",
        lambda x: (levels16(made(x)) >> 8 << 8).astype(np.uint16),
        WIDE,
        (2, 3),
        "mirror",
        rounding=("truncated",),
    )
    kernels = np.stack([ASYMMETRIC, BINOMIAL, ASYMMETRIC.T])
    yield Case(
        "a kernel for each channel",
        "NumPy",
        "astronaut in colour",
        lambda x: np.stack(
            [levels8(defined(k, (1, 1), "mirror")(x[..., c])) for c, k in enumerate(kernels)],
            axis=-1,
        ),
        kernels,
        (1, 1),
        "mirror",
    )
    colours = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])
    mixing = colours[:, :, None, None] * ASYMMETRIC
    yield Case(
        "a colour matrix and a blur",
        "NumPy",
        "coffee in colour",
        lambda x: np.stack(
            [
                levels8(sum(defined(mixing[i, j], (1, 1), "mirror")(x[..., j]) for j in range(3)))
                for i in range(3)
            ],
            axis=-1,
        ),
        mixing,
        (1, 1),
        "mirror",
    )
    yield filter2d("one kernel for all channels", "coffee in colour", WIDE)


# ------------------------------------------------------------------ what is no convolution


def jpeg(values, quality, kind="jpeg"):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, kind, quality=quality)
    back = np.array(Image.open(stream))
    return back if back.ndim == values.ndim else back[..., 1]


def blurred(x, sigma=1.2):
    return ndimage.gaussian_filter(x.astype(float), sigma)


def in_light(x, decode, encode, sigma=1.5):
    return levels8(255 * encode(blurred(decode(x / 255), sigma)))


def srgb_decode(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb_encode(v):
    return np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


def bent(x):
    """Moved by a few pixels, differently from place to place."""
    i, j = np.indices(x.shape)
    moved = [i + 2 * np.sin(j / 25), j + 2 * np.cos(i / 20)]
    return levels8(ndimage.map_coordinates(x.astype(float), moved, order=3, mode="nearest"))


def halves(x, left, right):
    cut = x.shape[1] // 2
    return np.hstack([left(x)[:, :cut], right(x)[:, cut:]])


def growing_blur(x):
    share = np.linspace(0, 1, x.shape[1])
    return levels8((1 - share) * blurred(x, 0.7) + share * blurred(x, 2.5))


def dithered(x, levels=4):
    """R. W. Floyd and L. Steinberg, Proc. SID 17 (1976)."""
    values, step = x.astype(float), 255 / (levels - 1)
    values = np.pad(values, ((0, 1), (1, 1)))
    for i in range(x.shape[0]):
        for j in range(1, x.shape[1] + 1):
            level = np.clip(np.rint(values[i, j] / step) * step, 0, 255)
            left, values[i, j] = values[i, j] - level, level
            values[i, j + 1] += left * 7 / 16
            values[i + 1, j - 1 : j + 2] += left * np.array([3, 5, 1]) / 16
    return levels8(values[:-1, 1:-1])


def local_variance(x):
    mean = ndimage.uniform_filter(x, 3)
    return abs(ndimage.uniform_filter((x - mean) ** 2, 3))


def saturated_between(x):
    crisp = levels8(x + 3 * (x - blurred(x, 1.0)))
    return levels8(blurred(crisp, 1.0))


def negative(name, tool, seen, make, reason, light=(), **more):
    return Case(name, tool, seen, make, reason=reason, light=light, **more)


def nonlinear_cases():
    for size, seen in [(3, "camera"), (5, "chelsea"), (3, "moon"), (3, "coins"), (3, "text")]:
        yield negative(
            f"medianBlur {size}", "OpenCV", seen, lambda x, n=size: cv2.medianBlur(x, n), "median"
        )
    yield negative(
        "median after a blur",
        "OpenCV",
        "astronaut",
        lambda x: cv2.medianBlur(cv2.GaussianBlur(x, (5, 5), 1.0), 3),
        "median",
    )
    yield negative(
        "bilateralFilter",
        "OpenCV",
        "coffee",
        lambda x: cv2.bilateralFilter(x, 7, 40, 3),
        "bilateral",
    )
    yield negative(
        "bilateralFilter, gentle",
        "OpenCV",
        "scene",
        lambda x: cv2.bilateralFilter(x, 5, 60, 1.5),
        "bilateral",
    )
    yield negative(
        "fastNlMeansDenoising",
        "OpenCV",
        "camera",
        lambda x: cv2.fastNlMeansDenoising(x, None, 8),
        "non-local means",
    )
    yield negative("erode", "OpenCV", "gravel", lambda x: cv2.erode(x, np.ones((3, 3))), "minimum")
    yield negative(
        "dilate 5", "OpenCV", "brick", lambda x: cv2.dilate(x, np.ones((5, 5))), "maximum"
    )
    yield negative("equalizeHist", "OpenCV", "coins", cv2.equalizeHist, "tone curve")
    yield negative(
        "CLAHE",
        "OpenCV",
        "chelsea",
        lambda x: cv2.createCLAHE(2.0, (4, 4)).apply(x),
        "local contrast",
    )
    yield negative(
        "equalize_adapthist",
        "scikit-image",
        "cell",
        lambda x: levels8(255 * exposure.equalize_adapthist(x)),
        "local contrast",
    )
    yield negative(
        "resize to half, back",
        "OpenCV",
        "astronaut",
        lambda x: cv2.resize(
            cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            x.shape[::-1],
            interpolation=cv2.INTER_CUBIC,
        ),
        "resampling",
    )
    yield negative(
        "resize to 0.9, back",
        "OpenCV",
        "grass",
        lambda x: cv2.resize(cv2.resize(x, None, fx=0.9, fy=0.9), x.shape[::-1]),
        "resampling",
    )
    yield negative(
        "LANCZOS to 0.7, back",
        "Pillow",
        "coffee",
        lambda x: np.array(
            Image.fromarray(x)
            .resize((127, 141), Image.LANCZOS)
            .resize(x.shape[::-1], Image.LANCZOS)
        ),
        "resampling",
    )
    yield negative(
        "ModeFilter", "Pillow", "camera", pillow(ImageFilter.ModeFilter(5)), "mode filter"
    )
    yield negative("RankFilter", "Pillow", "gravel", pillow(ImageFilter.RankFilter(3, 2)), "rank")
    yield negative(
        "UnsharpMask with a threshold",
        "Pillow",
        "chelsea",
        pillow(ImageFilter.UnsharpMask(2, 150, 6)),
        "threshold",
    )
    for threshold, seen in [(3, "grass"), (2, "brick")]:
        yield negative(
            f"UnsharpMask with a threshold of {threshold}",
            "Pillow",
            seen,
            pillow(ImageFilter.UnsharpMask(2, 150, threshold)),
            "threshold",
        )
    for quality, seen in [
        (30, "camera"),
        (60, "coins"),
        (75, "astronaut"),
        (75, "moon"),
        (90, "gravel"),
        (95, "coffee"),
        (75, "scene"),
    ]:
        yield negative(f"JPEG {quality}", "Pillow", seen, lambda x, q=quality: jpeg(x, q), "JPEG")
    for quality, seen in [(60, "grass"), (75, "camera"), (90, "chelsea"), (95, "brick")]:
        yield negative(
            f"blur, then JPEG {quality}",
            "Pillow",
            seen,
            lambda x, q=quality: jpeg(levels8(blurred(x)), q),
            "JPEG",
        )
    yield negative(
        "blur of a JPEG 50",
        "Pillow",
        "coffee",
        lambda x: levels8(blurred(jpeg(x, 50), 0.8)),
        "JPEG",
    )
    for quality, seen in [(50, "chelsea"), (85, "gravel"), (90, "grass"), (90, "camera")]:
        yield negative(
            f"WebP {quality}",
            "Pillow",
            seen,
            lambda x, q=quality: jpeg(np.stack([x] * 3, -1), q, "webp")[..., 1],
            "WebP",
        )
    yield negative(
        "blur in light, sRGB",
        "SciPy",
        "camera",
        lambda x: in_light(x, srgb_decode, srgb_encode),
        "tone curve",
        ("sRGB", "gamma 2.2"),
    )
    yield negative(
        "blur in light, gamma 2.2",
        "SciPy",
        "gravel",
        lambda x: in_light(x, lambda v: v**2.2, lambda v: v ** (1 / 2.2)),
        "tone curve",
        ("gamma 2.2", "sRGB"),
    )
    yield negative(
        "blur in light, gamma 1.8",
        "SciPy",
        "coffee",
        lambda x: in_light(x, lambda v: v**1.8, lambda v: v ** (1 / 1.8)),
        "tone curve",
        ("gamma 1.8",),
    )
    yield negative(
        "gamma 1.3 after a blur",
        "SciPy",
        "astronaut",
        lambda x: levels8(255 * (blurred(x) / 255) ** 1.3),
        "tone curve",
    )
    yield negative(
        "gamma 0.9 after a blur",
        "SciPy",
        "brick",
        lambda x: levels8(255 * (blurred(x) / 255) ** 0.9),
        "tone curve",
    )
    yield negative(
        "gamma 1.5 alone", "NumPy", "coins", lambda x: levels8(255 * (x / 255) ** 1.5), "tone curve"
    )
    yield negative(
        "posterize to 8 levels",
        "NumPy",
        "camera",
        lambda x: (x // 32 * 36).astype(np.uint8),
        "posterized",
    )
    yield negative("Floyd and Steinberg", "NumPy", "grass", dithered, "dither")
    yield negative(
        "threshold",
        "NumPy",
        "coins",
        lambda x: np.where(x > x.mean(), 255, 0).astype(np.uint8),
        "threshold",
    )
    yield negative(
        "absolute value of a gradient",
        "SciPy",
        "gravel",
        lambda x: levels8(abs(ndimage.sobel(x.astype(float))) / 4),
        "absolute value",
    )
    yield negative(
        "gradient magnitude",
        "SciPy",
        "camera",
        lambda x: levels8(ndimage.generic_gradient_magnitude(x.astype(float), ndimage.sobel) / 4),
        "magnitude",
    )
    yield negative(
        "local standard deviation",
        "SciPy",
        "brick",
        lambda x: levels8(2 * np.sqrt(local_variance(x.astype(float)))),
        "local contrast",
    )
    yield negative(
        "saturated between two filters", "SciPy", "coins", saturated_between, "clipped between"
    )
    yield negative(
        "two kernels, left and right",
        "SciPy",
        "gravel",
        lambda x: halves(x, lambda v: levels8(blurred(v, 1.0)), lambda v: levels8(blurred(v, 1.4))),
        "kernel varies",
    )
    yield negative(
        "two sharpenings, left and right",
        "SciPy",
        "moon",
        lambda x: halves(
            x, lambda v: levels8(ndimage.convolve(v.astype(float), CRISP)), lambda v: v
        ),
        "kernel varies",
    )
    yield negative("a blur that grows", "SciPy", "coffee", growing_blur, "kernel varies")
    yield negative(
        "blur in the middle only",
        "SciPy",
        "camera",
        lambda x: np.where(
            (np.indices(x.shape) - np.reshape(x.shape, (2, 1, 1)) / 2).__pow__(2).sum(0) < 60**2,
            levels8(blurred(x)),
            x,
        ),
        "kernel varies",
    )
    yield negative("bent", "SciPy", "astronaut", bent, "geometry")
    yield negative(
        "turned by half a degree",
        "SciPy",
        "coins",
        lambda x: levels8(ndimage.rotate(x.astype(float), 0.5, reshape=False, mode="nearest")),
        "geometry",
    )
    yield negative(
        "turned by a quarter",
        "NumPy",
        "cell",
        lambda x: np.ascontiguousarray(np.rot90(x)),
        "unrelated",
    )
    yield negative(
        "left and right swapped",
        "NumPy",
        "brick",
        lambda x: np.ascontiguousarray(x[:, ::-1]),
        "unrelated",
    )
    yield negative(
        "another picture",
        "NumPy",
        "camera",
        lambda x: picture("coins")[: x.shape[0], : x.shape[1]],
        "unrelated",
    )
    yield negative(
        "noise",
        "NumPy",
        "chelsea",
        lambda x: np.random.default_rng(3).integers(0, 256, x.shape, dtype=np.uint8),
        "unrelated",
        doubtful=True,
    )
    yield negative("text written over", "NumPy", "coffee", written_over, "painted")


def written_over(x):
    values = levels8(blurred(x))
    ink = picture("text")[:60, :150] < 110
    values[40:100, 20:170][ink] = 0
    return values


# ------------------------------------------------------------------ few levels, and cut off ones


def few_level_cases():
    for seen in ("drawing", "poster"):
        for name, make, kernel in [
            ("blur 3x3", lambda x: cv2.blur(x, (3, 3)), np.ones((3, 3)) / 9),
            ("blur 5x5", lambda x: cv2.blur(x, (5, 5)), np.ones((5, 5)) / 25),
            ("GaussianBlur 3x3", lambda x: cv2.GaussianBlur(x, (3, 3), 0), BINOMIAL),
        ]:
            yield Case(name, "OpenCV", seen, make, kernel, middle(kernel), "mirror", None, ANY)
        yield filter2d("filter2D", seen, ASYMMETRIC, offset=None, rounding=ANY)
        yield Case(
            "convolve, reflect, cut off",
            "SciPy",
            seen,
            lambda x: truncated8(ndimage.convolve(x.astype(float), WIDE, mode="reflect") + 1e-9),
            WIDE,
            (2, 3),
            "symmetric",
            None,
            ANY,
        )
        for name, make, reason in [
            ("medianBlur 3", lambda x: cv2.medianBlur(x, 3), "median"),
            ("erode", lambda x: cv2.erode(x, np.ones((3, 3), np.uint8)), "smallest"),
        ]:
            yield negative(name, "OpenCV", seen, make, reason)
        yield negative("JPEG 80", "Pillow", seen, lambda x: jpeg(x, 80), "compression")
        yield negative(
            "ModeFilter", "Pillow", seen, pillow(ImageFilter.ModeFilter(3)), "most frequent"
        )
    for seen in ("camera", "coins", "brick", "astronaut", "coffee", "gravel"):
        yield filter2d("sharpening, cut off at 0 and 255", seen, CRISP, rounding=ANY)
    for seen in ("camera", "brick", "chelsea"):
        yield Case(
            "Laplacian, cut off at 0",
            "OpenCV",
            seen,
            lambda x: cv2.Laplacian(x, cv2.CV_8U),
            np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
            (1, 1),
            "mirror",
            0.0,
            ANY,
        )
    for seen, share in (("grass", 0.001), ("coffee", 0.01), ("moon", 0.02)):
        yield negative(
            f"dots on {share:.1%} of a blur",
            "NumPy",
            seen,
            lambda x, p=share: dotted(levels8(blurred(x, 0.8)), p),
            "painted",
        )
    for seen in ("astronaut in colour", "coffee in colour"):
        yield Case(
            "red and blue swapped",
            "OpenCV",
            seen,
            lambda x: cv2.cvtColor(x, cv2.COLOR_RGB2BGR),
            np.eye(3)[::-1][..., None, None],
            (0, 0),
            EVERY,
            None,
            ANY,
        )


# ------------------------------------------------------------------ soft pictures


def soft_cases():
    """Neighbours a few levels apart: what is done to them is hardly more than its rounding."""
    yield from soft_convolutions()
    yield from soft_others()


def soft_convolutions():
    for width, seen in [(5, "clock"), (3, "retina"), (7, "moon")]:
        kernel = over(np.ones((width, width)))
        yield Case(
            f"blur {width}x{width}",
            "OpenCV",
            seen,
            lambda x, n=width: cv2.blur(x, (n, n)),
            kernel,
            middle(kernel),
            "mirror",
        )
    yield gaussian_blur("GaussianBlur 7x7", "retina", 7, 1.2, fixed_point(7, 1.2))
    for name, seen, kernel, at in [
        ("5x7 kernel", "clock", WIDE, (-1, -1)),
        ("3x3 kernel", "retina", ASYMMETRIC, (-1, -1)),
        ("4x2 kernel", "moon", EVEN, (-1, -1)),
        ("one-sided motion of 9", "clock", np.full((1, 9), 1 / 9), (8, 0)),
    ]:
        yield filter2d(f"filter2D, {name}", seen, kernel, at=at)
    yield filter2d("filter2D, sharpening", "retina", CRISP, rounding=ANY)
    yield filter2d("filter2D, sharpening", "clock", CRISP, rounding=ANY)
    for sigma, seen in [(1.0, "moon"), (2.0, "retina")]:
        impulse = np.zeros(41)
        impulse[20] = 1
        line = np.trim_zeros(ndimage.gaussian_filter1d(impulse, sigma))
        kernel = np.outer(line, line)
        yield Case(
            f"gaussian_filter {sigma}, rounded",
            "SciPy",
            seen,
            lambda x, s=sigma: levels8(ndimage.gaussian_filter(x.astype(float), s)),
            kernel,
            middle(kernel),
            "symmetric",
        )
    for seen in ("clock", "retina"):
        yield by_definition(
            "cut off",
            seen,
            ASYMMETRIC,
            (1, 1),
            "mirror",
            levels=truncated8,
            rounding=("truncated",),
        )
    plain = defined(ASYMMETRIC, (1, 1), "mirror")
    yield Case(
        "two passes, each rounded",
        "NumPy",
        "retina",
        lambda x: levels8(plain(levels8(plain(x)))),
        convolve(ASYMMETRIC, ASYMMETRIC, "full", "zero"),
        (2, 2),
        EVERY,
        None,
        ANY,
    )
    how = ImageFilter.SHARPEN
    kernel = pillow_kernel(how)
    yield Case("SHARPEN", "Pillow", "clock", pillow(how), kernel, middle(kernel), "untouched")
    kernel = np.outer(box(2), box(2))
    how = pillow(ImageFilter.BoxBlur(2))
    yield Case("BoxBlur(2)", "Pillow", "retina", how, kernel, middle(kernel), "replicate")
    line = three_boxes(2)
    kernel = -0.8 * np.outer(line, line)
    kernel[middle(kernel)] += 1.8
    # Small changes are rounded away, which is no kernel's doing: its border is not asked for.
    yield Case(
        "UnsharpMask(2, 80, 0)",
        "Pillow",
        "clock",
        pillow(ImageFilter.UnsharpMask(2, 80, 0)),
        kernel,
        middle(kernel),
        EVERY,
        None,
        ANY,
        nearly="symmetric",
        doubtful=True,
    )
    # Nearly all of what these change is by one level.
    for name, share in [("a fifth of a blur", 0.2), ("half of a blur", 0.5)]:
        kernel = share * ASYMMETRIC
        kernel[1, 1] += 1 - share
        yield Case(
            name,
            "NumPy",
            "retina",
            lambda x, h=kernel: levels8(defined(h, (1, 1), "mirror")(x)),
            kernel,
            (1, 1),
            EVERY,
            None,
            ANY,
            doubtful=True,
        )


def soft_others():
    for width, seen in [(5, "clock"), (5, "moon"), (5, "retina")]:
        yield negative(
            f"blur {width}x{width} in light, gamma 2.2",
            "SciPy",
            seen,
            lambda x, n=width: levels8(
                255 * ndimage.uniform_filter((x / 255) ** 2.2, n) ** (1 / 2.2)
            ),
            "tone curve",
            ("gamma 2.2", "sRGB"),
        )
    for size, seen in [(3, "clock"), (3, "retina"), (5, "clock"), (5, "retina"), (5, "moon")]:
        yield negative(
            f"medianBlur {size}", "OpenCV", seen, lambda x, n=size: cv2.medianBlur(x, n), "median"
        )
    for name, factor, how, seen in [
        ("BILINEAR", 0.9, Image.BILINEAR, "clock"),
        ("BILINEAR", 1.3, Image.BILINEAR, "retina"),
        ("LANCZOS", 0.7, Image.LANCZOS, "moon"),
        ("LANCZOS", 0.7, Image.LANCZOS, "clock"),
        ("BICUBIC", 0.5, Image.BICUBIC, "retina"),
    ]:
        yield negative(
            f"{name} to {factor}, back",
            "Pillow",
            seen,
            lambda x, f=factor, h=how: there_and_back(x, f, h),
            "resampling",
            doubtful=seen == "retina",  # its changes may all be to one of two levels
        )
    for every, seen in [(2, "clock"), (2, "retina"), (3, "moon")]:
        yield negative(
            f"one row in {every} blurred",
            "SciPy",
            seen,
            lambda x, n=every: interlaced(x, n),
            "kernel varies",
            doubtful=seen == "retina",
        )
    for name, tool, seen, make, reason in [
        ("RankFilter", "Pillow", "clock", pillow(ImageFilter.RankFilter(3, 2)), "rank"),
        ("MaxFilter", "Pillow", "retina", pillow(ImageFilter.MaxFilter(3)), "maximum"),
        ("ModeFilter", "Pillow", "moon", pillow(ImageFilter.ModeFilter(3)), "mode filter"),
        (
            "bilateralFilter",
            "OpenCV",
            "clock",
            lambda x: cv2.bilateralFilter(x, 5, 30, 30),
            "bilateral",
        ),
        (
            "fastNlMeansDenoising",
            "OpenCV",
            "moon",
            lambda x: cv2.fastNlMeansDenoising(x, None, 5, 5, 11),
            "non-local means",
        ),
        ("JPEG 95", "Pillow", "clock", lambda x: jpeg(x, 95), "JPEG"),
        ("JPEG 95", "Pillow", "retina", lambda x: jpeg(x, 95), "JPEG"),
        ("a blur that grows", "SciPy", "clock", growing_blur, "kernel varies"),
        (
            "gamma 1.2 alone",
            "NumPy",
            "retina",
            lambda x: levels8(255 * (x / 255) ** 1.2),
            "tone curve",
        ),
    ]:
        yield negative(name, tool, seen, make, reason)


def there_and_back(x, factor, how):
    size = [round(n * factor) for n in x.shape[::-1]]
    return np.array(Image.fromarray(x).resize(size, how).resize(x.shape[::-1], how))


def interlaced(x, fields=2):
    """As where one field of so many was filtered."""
    made = x.copy()
    made[1::fields] = levels8(ndimage.uniform_filter1d(x.astype(float), 3, axis=0))[1::fields]
    return made


def dotted(values, share):
    rng = np.random.default_rng(8)
    values[rng.random(values.shape) < share] = 255
    return values


# ------------------------------------------------------------------ programs


def program_cases():
    for command in programs.COMMANDS:
        arrays = recorded(command.program.lower())
        kernel, anchor = command.kernel, command.anchor
        if isinstance(kernel, str):
            kernel = arrays[f"{command.name}: kernel"]
            anchor = tuple(int(c) for c in arrays[f"{command.name}: anchor"])
        rounding = ("rounded",) if command.program == "netpbm" else ("truncated",)
        if np.all(kernel is not None and kernel == np.rint(kernel)):
            rounding = ANY
        yield Case(
            command.name,
            command.program,
            command.picture,
            lambda _, a=arrays[f"{command.name}: after"]: a,
            kernel,
            anchor,
            command.boundary,
            command.offset,
            rounding,
            command.reason,
            doubtful=command.doubtful,
        )


CASES = [
    *pillow_cases(),
    *opencv_cases(),
    *scipy_cases(),
    *numpy_cases(),
    *nonlinear_cases(),
    *few_level_cases(),
    *soft_cases(),
    *program_cases(),
]
