"""Functions that continue a signal, each followed by a `valid` convolution of the same library.

They have every mode and anchor, and the boundaries that the library's convolutions lack.
"""

from convmat.conventions.tools.boundary_argument import BoundaryArgument
from convmat.conventions.tools.boundary_names import (
    MATLAB,
    NUMPY_PAD,
    OPENCV_CODES,
    OPENCV_PAD,
    PYWAVELETS,
    TENSORFLOW_PAD,
    TORCH_PAD,
)
from convmat.conventions.tools.call import Language
from convmat.conventions.tools.dialect import MANY, Dialect, Setting
from convmat.conventions.tools.kernel_form import KernelForm
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.padding_argument import PaddingArgument

__all__ = ["PADDING_DIALECTS"]

CONVOLUTION = KernelForm(Orientation.CONVOLUTION)
LAYER_KERNEL = KernelForm(Orientation.CORRELATION)

PADDING_DIALECTS = (
    Dialect(
        tool="numpy.pad",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=PaddingArgument(("pad_width",)),
        boundary=BoundaryArgument(
            "mode",
            NUMPY_PAD,
            default="constant",
            fill="constant_values",
            filled=("constant",),
            variant="reflect_type",
        ),
        call="y = scipy.signal.convolve(numpy.pad(x, {arguments}), {kernel}, 'valid')",
    ),
    Dialect(
        tool="jax.numpy.pad",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=PaddingArgument(("pad_width",)),
        boundary=BoundaryArgument(
            "mode",
            NUMPY_PAD,
            default="constant",
            fill="constant_values",
            filled=("constant",),
            variant="reflect_type",
        ),
        call="y = jax.scipy.signal.convolve("
        "jax.numpy.pad(x, {arguments}), jax.numpy.asarray({kernel}), 'valid')",
    ),
    Dialect(
        tool="pywt.pad",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=PaddingArgument(("pad_widths",)),
        boundary=BoundaryArgument("mode", PYWAVELETS, default=None),
        call="y = scipy.signal.convolve(pywt.pad(x, {arguments}), {kernel}, 'valid')",
        note="`constant` repeats the edge sample here. `antisymmetric` fails where nothing is "
        "added at an end.",
    ),
    Dialect(
        tool="cv2.copyMakeBorder",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CONVOLUTION, takes_complex=False),
        outputs=PaddingArgument(("top", "bottom", "left", "right")),
        boundary=BoundaryArgument(
            "borderType",
            OPENCV_PAD,
            default=None,
            fill="value",
            filled=("BORDER_CONSTANT",),
            codes=OPENCV_CODES,
        ),
        call="y = scipy.signal.convolve(cv2.copyMakeBorder(x, {top}, {bottom}, {left}, {right}, "
        "cv2.{borderType_word}), {kernel}, 'valid')",
    ),
    Dialect(
        tool="torch.nn.functional.pad",
        axes=(1, 3),
        kernel=LAYER_KERNEL,
        outputs=PaddingArgument(("pad",), backwards=True),
        boundary=BoundaryArgument(
            "mode", TORCH_PAD, default="constant", fill="value", filled=("constant",)
        ),
        call="y = torch.nn.functional.conv{ndim}d(torch.nn.functional.pad(x[None, None], "
        "{arguments}), torch.tensor({kernel}, dtype=x.dtype)[None, None])[0, 0]",
        note="`reflect` adds fewer samples than the signal has, `circular` no more.",
    ),
    Dialect(
        tool="tensorflow.pad",
        axes=(1, 3),
        kernel=KernelForm(Orientation.CORRELATION, takes_complex=False),
        outputs=PaddingArgument(("paddings",)),
        boundary=BoundaryArgument(
            "mode",
            TENSORFLOW_PAD,
            default="CONSTANT",
            fill="constant_values",
            filled=("CONSTANT",),
        ),
        call="y = tensorflow.nn.convolution(tensorflow.pad(x, {arguments})[None, ..., None], "
        "tensorflow.constant({kernel}, x.dtype)[..., None, None], padding='VALID')[0, ..., 0]",
        note="`REFLECT` adds fewer samples than the signal has, `SYMMETRIC` no more.",
    ),
    Dialect(
        tool="matlab.padarray",
        axes=(2, MANY),
        kernel=CONVOLUTION,
        outputs=PaddingArgument(("padsize",), equal=True),
        boundary=BoundaryArgument("padval", MATLAB, default="0", number=True),
        call="y = convn(padarray(x, {padsize}, {padval}, 'both'), {kernel}, 'valid');",
        settings={"direction": Setting("both", "samples are added on both sides here")},
        language=Language.MATLAB,
        tested="Octave 7.3.0, image 2.14.0",
    ),
)
