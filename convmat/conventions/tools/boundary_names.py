"""What tools call the boundary conditions.

"reflect" is `mirror` to NumPy, PyTorch, TensorFlow and PyWavelets and `symmetric` to SciPy's
ndimage, scikit-image and OpenCV; "constant" is `zero` to most, and `replicate` to PyWavelets.
"""

from collections.abc import Mapping

from convmat.boundary import Boundary
from convmat.conventions.tools.tool_names import Refused

__all__ = [
    "CONVOLVE2D",
    "GRAPHICSMAGICK",
    "IMAGEMAGICK",
    "MATLAB",
    "NDIMAGE",
    "NUMPY_PAD",
    "OPENCV_CODES",
    "OPENCV_FILTER",
    "OPENCV_PAD",
    "PYWAVELETS",
    "SKIMAGE",
    "TENSORFLOW_PAD",
    "TORCH_LAYER",
    "TORCH_PAD",
    "BoundaryNames",
]

ZERO, CIRCULAR, REPLICATE = Boundary.ZERO, Boundary.CIRCULAR, Boundary.REPLICATE
SYMMETRIC, MIRROR = Boundary.SYMMETRIC, Boundary.MIRROR
ANTISYMMETRIC, ANTIREFLECT = Boundary.ANTISYMMETRIC, Boundary.ANTIREFLECT

_NO_BOUNDARY = Refused("is none of convmat's seven boundaries")
_NOT_LINEAR = Refused("is no linear function of the signal, so no matrix is")
_RANDOM = Refused("is random")
_COLOUR = Refused("adds a constant, which no matrix of the picture does")

# A pair is the boundary of the rows' axis (up and down) and of the columns' (left and right).
BoundaryNames = Mapping[str, Boundary | tuple[Boundary, ...] | Refused]

NUMPY_PAD: BoundaryNames = {
    "constant": ZERO,
    "wrap": CIRCULAR,
    "edge": REPLICATE,
    "symmetric": SYMMETRIC,
    "reflect": MIRROR,
    "reflect odd": ANTIREFLECT,  # reflect_type="odd"
    "symmetric odd": Refused("reflects about the edge sample's value, as none of convmat's does"),
    "linear_ramp": _NO_BOUNDARY,
    "mean": _NO_BOUNDARY,
    "maximum": _NOT_LINEAR,
    "minimum": _NOT_LINEAR,
    "median": _NOT_LINEAR,
    "empty": Refused("leaves what it adds undefined"),
}
NDIMAGE: BoundaryNames = {
    "constant": ZERO,
    "grid-constant": ZERO,
    "wrap": CIRCULAR,
    "grid-wrap": CIRCULAR,
    "nearest": REPLICATE,
    "reflect": SYMMETRIC,
    "grid-mirror": SYMMETRIC,
    "mirror": MIRROR,
}
SKIMAGE: dict[str, Boundary | tuple[Boundary, ...] | Refused] = {
    name: ours for name, ours in NDIMAGE.items() if not name.startswith("grid-")
}
CONVOLVE2D: BoundaryNames = {"fill": ZERO, "wrap": CIRCULAR, "symm": SYMMETRIC}
OPENCV_PAD: BoundaryNames = {
    "BORDER_CONSTANT": ZERO,
    "BORDER_WRAP": CIRCULAR,
    "BORDER_REPLICATE": REPLICATE,
    "BORDER_REFLECT": SYMMETRIC,
    "BORDER_REFLECT_101": MIRROR,
    "BORDER_REFLECT101": MIRROR,
    "BORDER_DEFAULT": MIRROR,
    "BORDER_TRANSPARENT": Refused("leaves the border as it was in the output's memory"),
}
OPENCV_FILTER: BoundaryNames = {
    **OPENCV_PAD,
    "BORDER_WRAP": Refused("is refused by OpenCV's filters: pad with cv2.copyMakeBorder"),
}
OPENCV_CODES = {
    0: "BORDER_CONSTANT",
    1: "BORDER_REPLICATE",
    2: "BORDER_REFLECT",
    3: "BORDER_WRAP",
    4: "BORDER_REFLECT_101",
    5: "BORDER_TRANSPARENT",
}
TORCH_PAD: BoundaryNames = {
    "constant": ZERO,
    "circular": CIRCULAR,
    "replicate": REPLICATE,
    "reflect": MIRROR,
}
TORCH_LAYER: BoundaryNames = {
    "zeros": ZERO,
    "circular": CIRCULAR,
    "replicate": REPLICATE,
    "reflect": MIRROR,
}
TENSORFLOW_PAD: BoundaryNames = {"CONSTANT": ZERO, "SYMMETRIC": SYMMETRIC, "REFLECT": MIRROR}
PYWAVELETS: BoundaryNames = {
    "zero": ZERO,
    "periodic": CIRCULAR,
    "constant": REPLICATE,
    "symmetric": SYMMETRIC,
    "reflect": MIRROR,
    "antisymmetric": ANTISYMMETRIC,
    "antireflect": ANTIREFLECT,
    "smooth": Refused("continues the slope of the last two samples, as none of convmat's does"),
    "periodization": Refused("makes odd lengths even first; take periodic"),
}
MATLAB: BoundaryNames = {
    "0": ZERO,
    "circular": CIRCULAR,
    "replicate": REPLICATE,
    "symmetric": SYMMETRIC,
}
IMAGEMAGICK: BoundaryNames = {
    "black": ZERO,
    "background": ZERO,  # -background black
    "tile": CIRCULAR,
    "edge": REPLICATE,
    "mirror": SYMMETRIC,
    "horizontal-tile": (ZERO, CIRCULAR),  # -background black
    "vertical-tile": (CIRCULAR, ZERO),
    "horizontal-tile-edge": (REPLICATE, CIRCULAR),
    "vertical-tile-edge": (CIRCULAR, REPLICATE),
    "white": _COLOUR,
    "gray": _COLOUR,
    "none": Refused("makes what is beyond the edges transparent, and so changes the weights"),
    "transparent": Refused(
        "makes what is beyond the edges transparent, and so changes the weights"
    ),
    "checker-tile": _NO_BOUNDARY,
    "dither": _RANDOM,
    "random": _RANDOM,
}
GRAPHICSMAGICK: BoundaryNames = {
    "Edge": REPLICATE,
    "Mirror": SYMMETRIC,
    "Tile": CIRCULAR,
    "Constant": _COLOUR,
}
