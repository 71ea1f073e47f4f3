"""MATLAB's functions, whose `same` begins at k//2 of `full`; measured with Octave.

An even kernel's `same` is where SciPy's is not: SciPy's begins at (k-1)//2.
"""

from convmat.conventions.tools.anchor_rules import FixedAnchor
from convmat.conventions.tools.boundary_argument import BoundaryArgument, zero_only
from convmat.conventions.tools.boundary_names import MATLAB
from convmat.conventions.tools.call import Language
from convmat.conventions.tools.dialect import MANY, Dialect, Setting
from convmat.conventions.tools.kernel_form import KernelForm
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.output_names import ModeNames, OutputNames
from convmat.conventions.tools.tool_names import Refused
from convmat.geometry import Mode

__all__ = ["MATLAB_DIALECTS"]

CONVOLUTION = KernelForm(Orientation.CONVOLUTION)
SHAPES: ModeNames = {"full": Mode.FULL, "same": FixedAnchor.UPPER, "valid": Mode.VALID}
TESTED = "Octave 7.3.0"

MATLAB_DIALECTS = (
    Dialect(
        tool="matlab.conv",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OutputNames(
            "shape", {"full": Mode.FULL, "same": FixedAnchor.UPPER}, default="full"
        ),
        boundary=zero_only(),
        call="y = conv(x, {kernel}, {shape});",
        language=Language.MATLAB,
        note="Its 'valid', which Octave has not, is not told here.",
        tested=TESTED,
    ),
    Dialect(
        tool="matlab.conv2",
        axes=(2, 2),
        kernel=CONVOLUTION,
        outputs=OutputNames("shape", SHAPES, default="full"),
        boundary=zero_only(),
        call="y = conv2(x, {kernel}, {shape});",
        language=Language.MATLAB,
        tested=TESTED,
    ),
    Dialect(
        tool="matlab.convn",
        axes=(2, MANY),
        kernel=CONVOLUTION,
        outputs=OutputNames("shape", SHAPES, default="full"),
        boundary=zero_only(),
        call="y = convn(x, {kernel}, {shape});",
        language=Language.MATLAB,
        tested=TESTED,
    ),
    Dialect(
        tool="matlab.filter2",
        axes=(2, 2),
        kernel=KernelForm(Orientation.CORRELATION),
        outputs=OutputNames("shape", SHAPES, default="same"),
        boundary=zero_only(),
        call="y = filter2({kernel}, x, {shape});",
        language=Language.MATLAB,
        note="Takes no conjugate of complex kernels.",
        tested=TESTED,
    ),
    Dialect(
        tool="matlab.filter",
        axes=(1, 1),
        kernel=CONVOLUTION,
        outputs=OutputNames(None, {"same": FixedAnchor.FIRST}, default="same"),
        boundary=zero_only(),
        call="y = filter({kernel}, 1, x);",
        settings={"a": Setting(1, "its own past outputs are no convolution's")},
        language=Language.MATLAB,
        tested=TESTED,
    ),
    Dialect(
        tool="matlab.imfilter",
        axes=(2, 2),
        kernel=KernelForm(
            Orientation.CORRELATION,
            choice=(
                "filtering",
                {"corr": Orientation.CORRELATION, "conv": Orientation.CONVOLUTION},
            ),
        ),
        outputs=OutputNames(
            "size",
            {
                "same": FixedAnchor.UPPER,
                "full": Refused(
                    "is not one of convmat's: Octave's pads by the boundary, takes zeros beyond, "
                    "and loses the first row and column for even kernels; use conv2, or padarray"
                ),
            },
            default="same",
        ),
        boundary=BoundaryArgument("padding", MATLAB, default="0", number=True),
        call="y = imfilter(x, {kernel}, {padding}, {size}, {filtering});",
        language=Language.MATLAB,
        note="A correlation unless told 'conv'.",
        tested="Octave 7.3.0, image 2.14.0",
    ),
)
