"""NumPy's and SciPy's convolutions and correlations, and JAX's of the same names."""

from convmat.conventions.tools.anchor_rules import AnchorArgument, FixedAnchor
from convmat.conventions.tools.boundary_argument import BoundaryArgument, zero_only
from convmat.conventions.tools.boundary_names import CONVOLVE2D, NDIMAGE
from convmat.conventions.tools.dialect import MANY, Dialect, Setting
from convmat.conventions.tools.kernel_form import KernelForm
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.origin_argument import OriginArgument
from convmat.conventions.tools.output_names import ModeNames, OutputNames
from convmat.geometry import Mode

__all__ = ["ARRAY_DIALECTS"]

CONVOLUTION = KernelForm(Orientation.CONVOLUTION)
CORRELATION = KernelForm(Orientation.CONJUGATE)

# The anchor is that of the kernel as a convolution has it; see the column's head in the docs.
LOWER: ModeNames = {"full": Mode.FULL, "same": FixedAnchor.LOWER, "valid": Mode.VALID}
UPPER: ModeNames = {"full": Mode.FULL, "same": FixedAnchor.UPPER, "valid": Mode.VALID}

ONE_LINE = {"axis": Setting(-1, "its kernels have one axis; reshape the kernel for others")}
LARGER = (
    "For a kernel larger than the signal, `same` has the kernel's size and `valid` swaps the two; "
    "the call that is written for `same` cuts it out of `full`, and is right for every signal."
)
ONE_MODE = "One `mode` for all axes: SciPy refuses a sequence here, unlike in `gaussian_filter`."
NEITHER = (
    "JAX refuses a kernel that is larger than the signal along some axes only, in every mode: "
    "“One input must be smaller than the other in every dimension”."
)
SWAPS = "`valid` swaps the two where the kernel is the larger one."

ARRAY_DIALECTS = (
    Dialect(
        tool="numpy.convolve",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = numpy.convolve(x, {kernel}, {arguments})",
        same_call="y = numpy.convolve(x, {kernel}, 'full')[{middle}:][:len(x)]",
        note=LARGER,
    ),
    Dialect(
        tool="numpy.correlate",
        axes=(1, 1),
        kernel=CORRELATION,
        outputs=OutputNames("mode", LOWER, default="valid"),
        boundary=zero_only(),
        call="y = numpy.correlate(x, {kernel}, {arguments})",
        same_call="y = numpy.correlate(x, {kernel}, 'full')[{middle}:][:len(x)]",
        note=LARGER,
    ),
    Dialect(
        tool="scipy.signal.convolve",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = scipy.signal.convolve(x, {kernel}, {arguments})",
        ignored=("method",),
        note=SWAPS,
    ),
    Dialect(
        tool="scipy.signal.correlate",
        axes=(1, MANY),
        kernel=CORRELATION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = scipy.signal.correlate(x, {kernel}, {arguments})",
        ignored=("method",),
        note=SWAPS,
    ),
    Dialect(
        tool="scipy.signal.fftconvolve",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = scipy.signal.fftconvolve(x, {kernel}, {arguments})",
        note=SWAPS,
    ),
    Dialect(
        tool="scipy.signal.oaconvolve",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = scipy.signal.oaconvolve(x, {kernel}, {arguments})",
        note=SWAPS,
    ),
    Dialect(
        tool="scipy.signal.convolve2d",
        axes=(2, 2),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=BoundaryArgument(
            "boundary", CONVOLVE2D, default="fill", fill="fillvalue", filled=("fill",)
        ),
        call="y = scipy.signal.convolve2d(x, {kernel}, {arguments})",
        note=SWAPS,
    ),
    Dialect(
        tool="scipy.signal.correlate2d",
        axes=(2, 2),
        kernel=CORRELATION,
        outputs=OutputNames("mode", UPPER, default="full"),
        boundary=BoundaryArgument(
            "boundary", CONVOLVE2D, default="fill", fill="fillvalue", filled=("fill",)
        ),
        call="y = scipy.signal.correlate2d(x, {kernel}, {arguments})",
        note="Places an even kernel otherwise than `scipy.signal.correlate` does. " + SWAPS,
    ),
    Dialect(
        tool="scipy.signal.lfilter",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OutputNames(None, {"same": FixedAnchor.FIRST}, default="same"),
        boundary=zero_only(),
        call="y = scipy.signal.lfilter({kernel}, 1, x)",
        settings={"a": Setting(1, "its own past outputs are no convolution's"), **ONE_LINE},
    ),
    Dialect(
        tool="scipy.ndimage.convolve",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OriginArgument("origin", AnchorArgument.SHIFTED_UP, axes="axes"),
        boundary=BoundaryArgument(
            "mode", NDIMAGE, default="reflect", fill="cval", filled=("constant", "grid-constant")
        ),
        call="y = scipy.ndimage.convolve(x, {kernel}, {arguments})",
        note="`reflect` is wrong where a kernel reaches four signal lengths past an edge. "
        + ONE_MODE,
    ),
    Dialect(
        tool="scipy.ndimage.correlate",
        axes=(1, MANY),
        kernel=CORRELATION,
        outputs=OriginArgument("origin", AnchorArgument.SHIFTED_DOWN, axes="axes"),
        boundary=BoundaryArgument(
            "mode", NDIMAGE, default="reflect", fill="cval", filled=("constant", "grid-constant")
        ),
        call="y = scipy.ndimage.correlate(x, {kernel}, {arguments})",
        note="`reflect` is wrong where a kernel reaches four signal lengths past an edge. "
        + ONE_MODE,
    ),
    Dialect(
        tool="scipy.ndimage.convolve1d",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OriginArgument("origin", AnchorArgument.SHIFTED_UP, scalar=True),
        boundary=BoundaryArgument(
            "mode", NDIMAGE, default="reflect", fill="cval", filled=("constant", "grid-constant")
        ),
        call="y = scipy.ndimage.convolve1d(x, {kernel}, {arguments})",
        settings=ONE_LINE,
    ),
    Dialect(
        tool="scipy.ndimage.correlate1d",
        axes=(1, 1),
        kernel=CORRELATION,
        outputs=OriginArgument("origin", AnchorArgument.SHIFTED_DOWN, scalar=True),
        boundary=BoundaryArgument(
            "mode", NDIMAGE, default="reflect", fill="cval", filled=("constant", "grid-constant")
        ),
        call="y = scipy.ndimage.correlate1d(x, {kernel}, {arguments})",
        settings=ONE_LINE,
    ),
    Dialect(
        tool="scipy.ndimage.gaussian_filter",
        axes=(1, MANY),
        kernel=CONVOLUTION,
        outputs=OutputNames(None, {"same": FixedAnchor.LOWER}, default="same", odd=True),
        boundary=BoundaryArgument(
            "mode",
            NDIMAGE,
            default="reflect",
            fill="cval",
            filled=("constant", "grid-constant"),
            per_axis=True,
        ),
        ignored=("sigma", "order", "truncate", "radius"),
        note="`mode` may be a name for each axis. `uniform_filter` of odd sizes, `sobel`, "
        "`prewitt` and `laplace` are alike.",
    ),
    Dialect(
        tool="jax.numpy.convolve",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OutputNames("mode", LOWER, default="full"),
        boundary=zero_only(),
        call="y = jax.numpy.convolve(x, jax.numpy.asarray({kernel}), {arguments})",
        same_call="y = jax.numpy.convolve(x, jax.numpy.asarray({kernel}), 'full')"
        "[{middle}:][:len(x)]",
        ignored=("precision", "preferred_element_type"),
        note=LARGER,
    ),
    Dialect(
        tool="jax.numpy.correlate",
        axes=(1, 1),
        kernel=CORRELATION,
        outputs=OutputNames("mode", LOWER, default="valid"),
        boundary=zero_only(),
        call="y = jax.numpy.correlate(x, jax.numpy.asarray({kernel}), {arguments})",
        same_call="y = jax.numpy.correlate(x, jax.numpy.asarray({kernel}), 'full')"
        "[{middle}:][:len(x)]",
        ignored=("precision", "preferred_element_type"),
        note=LARGER,
    ),
    *(
        Dialect(
            tool=f"jax.scipy.signal.{name}",
            axes=axes,
            kernel=kernel,
            outputs=OutputNames("mode", names, default="full"),
            boundary=zero_only(),
            call=f"y = jax.scipy.signal.{name}(x, jax.numpy.asarray({{kernel}}), {{arguments}})",
            settings={
                "boundary": Setting("fill", "JAX has no other"),
                "fillvalue": Setting(0, "JAX has no other"),
            }
            if axes == (2, 2)
            else {},
            ignored=("method", "precision"),
            note=SWAPS if name == "fftconvolve" else f"{SWAPS} {NEITHER}",
        )
        for name, axes, kernel, names in (
            ("convolve", (1, MANY), CONVOLUTION, LOWER),
            ("correlate", (1, MANY), CORRELATION, LOWER),
            ("fftconvolve", (1, MANY), CONVOLUTION, LOWER),
            ("convolve2d", (2, 2), CONVOLUTION, LOWER),
            ("correlate2d", (2, 2), CORRELATION, UPPER),
        )
    ),
)
