"""PyTorch's, TensorFlow's, Keras' and JAX's convolutions, which are correlations.

They are read for one channel; a stride, groups and a bias are no convolution's.
"""

from convmat.conventions.tools.anchor_rules import FixedAnchor
from convmat.conventions.tools.boundary_argument import BoundaryArgument, zero_only
from convmat.conventions.tools.boundary_names import TORCH_LAYER
from convmat.conventions.tools.dialect import LAYER, Dialect, Setting
from convmat.conventions.tools.kernel_form import KernelForm
from convmat.conventions.tools.orientation import Orientation
from convmat.conventions.tools.output_names import ModeNames, OutputNames
from convmat.geometry import Mode

__all__ = ["LAYER_DIALECTS"]

ONE = Setting(1, LAYER)
NO_BIAS = Setting(False, "it adds an offset, which no matrix of the signal has")
BIAS = "{} is taken as False here, though the layer's own default is True: a bias adds an offset."
EVEN = "An int `padding` gives an even kernel one output more than the signal has samples."

TORCH_PADDING: ModeNames = {"same": FixedAnchor.UPPER, "valid": Mode.VALID}
TENSORFLOW_PADDING: ModeNames = {"SAME": FixedAnchor.UPPER, "VALID": Mode.VALID}
JAX_PADDING: ModeNames = {**TENSORFLOW_PADDING, "SAME_LOWER": FixedAnchor.LOWER}
KERAS_PADDING: ModeNames = {"valid": Mode.VALID, "same": FixedAnchor.UPPER}
KERAS_CAUSAL: ModeNames = {**KERAS_PADDING, "causal": FixedAnchor.FIRST}

LAYER_DIALECTS = (
    *(
        Dialect(
            tool=f"torch.nn.functional.conv{d}d",
            axes=(d, d),
            kernel=KernelForm(Orientation.CORRELATION, dilation="dilation"),
            outputs=OutputNames("padding", TORCH_PADDING, default=0, numbers=True),
            boundary=zero_only(),
            call=f"y = torch.nn.functional.conv{d}d(x[None, None], "
            "torch.tensor({kernel}, dtype=x.dtype)[None, None], {arguments})[0, 0]",
            settings={"stride": ONE, "groups": ONE, "bias": NO_BIAS},
            note=EVEN,
        )
        for d in (1, 2, 3)
    ),
    *(
        Dialect(
            tool=f"torch.nn.Conv{d}d",
            axes=(d, d),
            kernel=KernelForm(Orientation.CORRELATION, dilation="dilation"),
            outputs=OutputNames("padding", TORCH_PADDING, default=0, numbers=True),
            boundary=BoundaryArgument("padding_mode", TORCH_LAYER, default="zeros"),
            call=f"layer = torch.nn.Conv{d}d(1, 1, {{kernel_shape}}, {{arguments}}, bias=False, "
            "dtype=x.dtype)\n"
            "layer.weight.data = torch.tensor({kernel}, dtype=x.dtype)[None, None]\n"
            "y = layer(x[None, None])[0, 0].detach()",
            settings={
                "in_channels": ONE,
                "out_channels": ONE,
                "stride": ONE,
                "groups": ONE,
                "bias": NO_BIAS,
            },
            ignored=("kernel_size", "device", "dtype"),
            note=EVEN
            + " `reflect` adds fewer samples than the signal has, `circular` no more. "
            + BIAS.format("`bias`"),
        )
        for d in (1, 2, 3)
    ),
    Dialect(
        tool="tensorflow.nn.convolution",
        axes=(1, 3),
        kernel=KernelForm(Orientation.CORRELATION, dilation="dilations", takes_complex=False),
        outputs=OutputNames("padding", TENSORFLOW_PADDING, default="VALID"),
        boundary=zero_only(),
        call="y = tensorflow.nn.convolution(x[None, ..., None], "
        "tensorflow.constant({kernel}, x.dtype)[..., None, None], {arguments})[0, ..., 0]",
        settings={"strides": ONE},
        ignored=("data_format", "name"),
        note="`tensorflow.nn.conv1d`, `conv2d` and `conv3d` are alike.",
    ),
    *(
        Dialect(
            tool=f"keras.layers.Conv{d}D",
            axes=(d, d),
            kernel=KernelForm(
                Orientation.CORRELATION, dilation="dilation_rate", takes_complex=False
            ),
            outputs=OutputNames(
                "padding", KERAS_CAUSAL if d == 1 else KERAS_PADDING, default="valid"
            ),
            boundary=zero_only(),
            call=f"layer = keras.layers.Conv{d}D(1, {{kernel_shape}}, {{arguments}}, "
            "use_bias=False, dtype=x.dtype)\n"
            f"layer.build({(*(None,) * (d + 1), 1)})\n"
            "layer.set_weights([numpy.array({kernel})[..., None, None]])\n"
            "y = layer(x[None, ..., None])[0, ..., 0]",
            settings={"filters": ONE, "strides": ONE, "groups": ONE, "use_bias": NO_BIAS},
            ignored=("kernel_size", "data_format", "dtype", "name"),
            note=BIAS.format("`use_bias`"),
        )
        for d in (1, 2, 3)
    ),
    Dialect(
        tool="jax.lax.conv_general_dilated",
        axes=(1, 3),
        kernel=KernelForm(Orientation.CORRELATION, dilation="rhs_dilation"),
        outputs=OutputNames("padding", JAX_PADDING, default=None, pairs=True),
        boundary=zero_only(),
        call="y = jax.lax.conv_general_dilated(x[None, None], "
        "jax.numpy.asarray({kernel}, x.dtype)[None, None], {ones}, {arguments})[0, 0]",
        settings={
            "window_strides": ONE,
            "lhs_dilation": ONE,
            "feature_group_count": ONE,
            "batch_group_count": ONE,
        },
        ignored=("dimension_numbers", "precision", "preferred_element_type"),
        note="A complex kernel needs a complex x: the call casts the kernel to the type of x.",
    ),
)
