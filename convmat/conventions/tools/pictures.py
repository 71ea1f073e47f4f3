"""Image libraries and image editors: scikit-image, OpenCV, Pillow, libvips and commands.

Most of what they call a convolution is a correlation. Pictures of integers are rounded, and
clipped to what their pixels can hold, which is told nowhere else.
"""

from convmat.conventions.tools.anchor_rules import AnchorArgument, FixedAnchor
from convmat.conventions.tools.boundary_argument import BoundaryArgument, replicate_only, zero_only
from convmat.conventions.tools.boundary_names import (
    GRAPHICSMAGICK,
    IMAGEMAGICK,
    NDIMAGE,
    OPENCV_CODES,
    OPENCV_FILTER,
    SKIMAGE,
)
from convmat.conventions.tools.call import Language
from convmat.conventions.tools.dialect import MANY, Dialect, Setting
from convmat.conventions.tools.kernel_form import BY_SUM, KernelForm
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.origin_argument import OriginArgument
from convmat.conventions.tools.output_names import OutputNames
from convmat.geometry import Mode

__all__ = ["PICTURE_DIALECTS"]

CONVOLUTION = KernelForm(Orientation.CONVOLUTION, takes_complex=False)
CORRELATION = KernelForm(Orientation.CORRELATION, takes_complex=False)
OFFSET = Setting(0, "it adds an offset, which no matrix of the picture has")
OPENCV_ANCHOR = OriginArgument(
    "anchor", AnchorArgument.INDEX_FROM_END, default=None, negative_is_missing=True, backwards=True
)
OPENCV_BORDER = BoundaryArgument(
    "borderType", OPENCV_FILTER, default="BORDER_DEFAULT", codes=OPENCV_CODES
)
MAGICK_PIXELS = BoundaryArgument(
    "virtual_pixel",
    IMAGEMAGICK,
    default="edge",
    fill="background",
    filled=("background", "horizontal-tile", "vertical-tile"),
    fill_default="white",
    zeros=("black",),
)
MAGICK = "convert x.png -background black -virtual-pixel {virtual_pixel} "
MAGICK_VERSION = "ImageMagick 6.9.11-60"
UNTOUCHED = (
    "The border keeps the picture's own pixels; what is inside is `valid`, and is cut out here."
)
OWN = OutputNames(None, {"same": FixedAnchor.LOWER}, default="same", odd=True)

PICTURE_DIALECTS = (
    Dialect(
        tool="skimage.filters.correlate_sparse",
        axes=(2, MANY),
        kernel=CORRELATION,
        outputs=OutputNames(
            "mode",
            dict.fromkeys(SKIMAGE, FixedAnchor.LOWER) | {"valid": Mode.VALID},
            default="reflect",
            odd=True,
        ),
        boundary=BoundaryArgument("mode", SKIMAGE | {"valid": NDIMAGE["constant"]}, "reflect"),
        call="y = skimage.filters.correlate_sparse(x, numpy.array({kernel}), {arguments})",
    ),
    Dialect(
        tool="skimage.filters.gaussian",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OWN,
        boundary=BoundaryArgument(
            "mode", SKIMAGE, default="nearest", fill="cval", filled=("constant",)
        ),
        ignored=("sigma", "preserve_range", "truncate", "channel_axis"),
    ),
    Dialect(
        tool="skimage.filters.sobel",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OWN,
        boundary=BoundaryArgument(
            "mode", SKIMAGE, default="reflect", fill="cval", filled=("constant",)
        ),
        ignored=("axis",),
        note="One `axis`; without it there is the length of the gradient, which is not linear. "
        "`prewitt`, `scharr` and `farid` are alike.",
    ),
    Dialect(
        tool="cv2.filter2D",
        axes=(2, 2),
        kernel=CORRELATION,
        outputs=OPENCV_ANCHOR,
        boundary=OPENCV_BORDER,
        call="y = cv2.filter2D(x, -1, numpy.array({kernel}), anchor={anchor}, "
        "borderType=cv2.{borderType_word})",
        settings={"delta": OFFSET},
        ignored=("ddepth",),
        note="`anchor` is (x, y), and -1 stands for the middle.",
    ),
    Dialect(
        tool="cv2.sepFilter2D",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CORRELATION, separable=True, takes_complex=False),
        outputs=OPENCV_ANCHOR,
        boundary=OPENCV_BORDER,
        call="y = cv2.sepFilter2D(x, -1, numpy.array({kernel_x}), numpy.array({kernel_y}), "
        "anchor={anchor}, borderType=cv2.{borderType_word})",
        settings={"delta": OFFSET},
        ignored=("ddepth",),
        note="The kernel is the pair (kernelX, kernelY).",
    ),
    Dialect(
        tool="PIL.ImageFilter.Kernel",
        axes=(2, 2),
        kernel=KernelForm(
            Orientation.UPSIDE_DOWN,
            divisor="scale",
            shapes=((3, 3), (5, 5)),
            takes_complex=False,
        ),
        outputs=OutputNames(None, {"valid": Mode.VALID}, default="valid"),
        boundary=zero_only(),
        call="y = x.filter(PIL.ImageFilter.Kernel({kernel_shape}, {flat}, scale={scale}))"
        ".crop(({margin_x}, {margin_y}, x.width - {margin_x}, x.height - {margin_y}))",
        settings={"offset": OFFSET},
        ignored=("size",),
        note=UNTOUCHED + " Divides by `scale`, which is the kernel's sum where it is not given.",
    ),
    Dialect(
        tool="pyvips.Image.conv",
        axes=(2, 2),
        kernel=CORRELATION,
        outputs=OutputNames(None, {"same": FixedAnchor.LOWER}, default="same"),
        boundary=replicate_only(),
        call="y = x.conv(pyvips.Image.new_from_array({kernel}), precision='float')",
        ignored=("precision",),
        note="`vips conv` is the same.",
    ),
    Dialect(
        tool="imagemagick.morphology.Convolve",
        axes=(2, 2),
        kernel=CONVOLUTION,
        outputs=OriginArgument("origin", AnchorArgument.INDEX, default=None, backwards=True),
        boundary=MAGICK_PIXELS,
        call=MAGICK + "-morphology Convolve '{width}x{height}+{x}+{y}: {rows}' y.png",
        language=Language.SHELL,
        note="`origin` is (x, y). In ImageMagick 7 `convert` is called `magick`.",
        tested=MAGICK_VERSION,
    ),
    Dialect(
        tool="imagemagick.morphology.Correlate",
        axes=(2, 2),
        kernel=CORRELATION,
        outputs=OriginArgument(
            "origin",
            AnchorArgument.INDEX_FROM_END,
            default=None,
            missing=FixedAnchor.UPPER,
            backwards=True,
        ),
        boundary=MAGICK_PIXELS,
        call=MAGICK + "-morphology Correlate '{width}x{height}+{x}+{y}: {rows}' y.png",
        language=Language.SHELL,
        note="`origin` is (x, y).",
        tested=MAGICK_VERSION,
    ),
    Dialect(
        tool="imagemagick.convolve",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CORRELATION, divisor=BY_SUM, takes_complex=False),
        outputs=OutputNames(None, {"same": FixedAnchor.UPPER}, default="same"),
        boundary=MAGICK_PIXELS,
        call=MAGICK + "-convolve '{width}x{height}: {rows}' y.png",
        language=Language.SHELL,
        note="A correlation, unlike `-morphology Convolve`, and it divides by the kernel's sum.",
        tested=MAGICK_VERSION,
    ),
    Dialect(
        tool="graphicsmagick.convolve",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CORRELATION, divisor=BY_SUM, takes_complex=False),
        outputs=OutputNames(
            None, {"same": FixedAnchor.LOWER}, default="same", odd=True, square=True
        ),
        boundary=BoundaryArgument("virtual_pixel", GRAPHICSMAGICK, default="Edge"),
        call="gm convert x.png -virtual-pixel {virtual_pixel} -convolve '{commas}' y.png",
        language=Language.SHELL,
        note="Divides by the kernel's sum. The kernel may not be larger than the picture.",
        tested="GraphicsMagick 1.3.40",
    ),
    Dialect(
        tool="netpbm.pnmconvol",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CORRELATION, odd=True, takes_complex=False),
        outputs=OutputNames(None, {"valid": Mode.VALID}, default="valid"),
        boundary=zero_only(),
        call="pnmconvol -matrix='{semicolons}' x.pgm "
        "| pamcut -left {margin_x} -top {margin_y} -right {last_x} -bottom {last_y} > y.pgm",
        language=Language.SHELL,
        note=UNTOUCHED,
        tested="Netpbm 11.1.0",
    ),
)
