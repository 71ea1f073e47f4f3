"""What the rows of the dictionary say, as cases to try: a signal, a kernel and arguments.

Data are small integers, so that what the tools compute is exact, in single precision too.
"""

from itertools import product

import numpy as np
from oracles import integers

from convmat.conventions.dialects import DIALECTS
from convmat.conventions.tools.kernel_form import BY_SUM
from convmat.conventions.tools.origin_argument import OriginArgument
from convmat.conventions.tools.output_names import OutputNames
from convmat.conventions.tools.padding_argument import PaddingArgument
from convmat.conventions.tools.tool_names import Refused

# Shapes of the signal and the kernel: odd and even, and along one axis only.
SHAPES = [
    ((7,), (3,)),
    ((7,), (4,)),
    ((6,), (1,)),
    ((6, 7), (3, 3)),
    ((6, 7), (2, 4)),
    ((7, 6), (4, 3)),
    ((7, 6), (1, 5)),
    ((4, 5, 6), (2, 3, 2)),
    ((5, 4, 5), (3, 3, 3)),
]
SQUARE = [((7, 8), (3, 3)), ((7, 8), (5, 5))]
LARGER = [((2,), (5,)), ((1,), (4,)), ((3, 2), (5, 4)), ((1, 3), (4, 7))]
# Tools that take kernels which reach past a signal's other end.
UNLIMITED = {
    "cv2.filter2D",
    "matlab.imfilter",
    "matlab.padarray",
    "numpy.pad",
    "pywt.pad",
    "scipy.ndimage.convolve",
    "scipy.ndimage.correlate",
}
# Their pixels are integers that are not negative.
PICTURES = {"PIL", "graphicsmagick", "imagemagick", "netpbm", "pyvips"}


def library(tool):
    return tool.partition(".")[0]


def cases(tool):
    """All that the row of a tool says, in the tool's own terms."""
    row = DIALECTS[tool]
    shared = set(row.outputs.arguments) & set(row.boundary.arguments)
    for n, k in shapes(row):
        boundaries = [{}] if shared else boundary_arguments(row.boundary)
        choices = [{}]
        if row.kernel.choice:
            name, names = row.kernel.choice
            choices += [{name: value} for value in names]
        if row.kernel.divisor not in (None, BY_SUM):
            choices += [{row.kernel.divisor: 1}]
        signal, kernel = data(row, n, k)
        for parts in product(output_arguments(row.outputs, k), boundaries, choices):
            arguments = {key: value for part in parts for key, value in part.items()}
            if accepted(n, k, arguments):
                yield signal, kernel, arguments


def accepted(n, k, arguments):
    """Not what PyWavelets refuses, nor an output of nothing."""
    widths = next((v for key, v in arguments.items() if key.startswith("pad")), None)
    if "antisymmetric" in arguments.values():
        return all(after for _, after in widths)
    return not ((n, k) in LARGER and np.ndim(widths) and not np.any(widths))


def shapes(row):
    if row.kernel.shapes or getattr(row.outputs, "square", False):
        return SQUARE
    fewest, most = row.axes
    pairs = SHAPES + (LARGER if row.tool in UNLIMITED else [])
    return [
        (n, k)
        for n, k in pairs
        if fewest <= len(n) <= most and not (row.kernel.odd and any(size % 2 == 0 for size in k))
    ]


def data(row, n, k):
    """The signal, and the tool's kernel."""
    if row.kernel.separable:
        return integers(n), (integers(k[1], 3), integers(k[0], 5))
    if library(row.tool) not in PICTURES:
        return integers(n), integers(k, 3)
    if library(row.tool) == "PIL":
        return abs(integers(n)) % 3 * 10, few_entries(k)
    kernel = abs(integers(k, 3))
    # What is divided by the kernel's sum comes out in integers.
    return abs(integers(n)) * (kernel.sum() if row.kernel.divisor else 1), kernel


def few_entries(k):
    """A kernel with a sum of 10, so that pixels of 8 bits are enough."""
    kernel = np.zeros(k)
    kernel[0, 1], kernel[1, 0], kernel[1, 2], kernel[-1, -1] = 1, 2, 3, 4
    return kernel


def output_arguments(outputs, k):
    """What can be said of outputs for a kernel of shape k."""
    name = outputs.arguments[0] if outputs.arguments else None
    last, odd = tuple(size - 1 for size in k), all(size % 2 for size in k)
    if isinstance(outputs, OutputNames):
        said = [key for key, ours in outputs.names.items() if not isinstance(ours, Refused)]
        if outputs.odd and not odd:
            return [{name: value} for value in said if value == "valid"]
        if outputs.numbers:
            said += [0, last, *([tuple(size // 2 for size in k)] if odd else [])]
        if outputs.pairs:
            said += [[(m, m) for m in last], [(0, m) for m in last], [(m, 0) for m in last]]
        default = [] if outputs.default is None else [{}]
        return default + [{name: value} for value in said if name]
    if isinstance(outputs, OriginArgument):
        ends = [{outputs.rule.theirs(size, c) for c in (0, size - 1)} for size in k]
        corners = [corner[::-1] if outputs.backwards else corner for corner in product(*ends)]
        return [{}, *({name: c[0] if outputs.scalar else c} for c in corners)]
    assert isinstance(outputs, PaddingArgument)
    anchors = {(0,) * len(k), tuple(size // 2 for size in k), last}
    if outputs.equal:
        anchors = {tuple(size // 2 for size in k)} if odd else set()
    widths = [[(m - c, c) for m, c in zip(last, anchor, strict=True)] for anchor in sorted(anchors)]
    return [
        width_arguments(outputs, pairs)
        for pairs in [*widths, [(m, m) for m in last], [(0, 0)] * len(k)]
    ]


def width_arguments(outputs, pairs):
    """So many samples before and after, per axis, as the tool has it."""
    if len(outputs.arguments) > 1:
        return dict(zip(outputs.arguments, [n for pair in pairs for n in pair], strict=True))
    value = pairs
    if outputs.backwards:
        value = [n for pair in pairs[::-1] for n in pair]
    elif outputs.equal:
        value = [before for before, _ in pairs]
    return {outputs.arguments[0]: value}


def boundary_arguments(boundary):
    """All boundaries by name, and none where there is a default."""
    said = [] if boundary.default is None else [{}]
    for name in boundary.usable if boundary.argument else ():
        word, _, variant = name.partition(" ")
        said.append(
            {boundary.argument: 0 if boundary.number and name == "0" else word}
            | ({boundary.variant: variant} if variant else {})
            | ({boundary.fill: boundary.zeros[0]} if boundary.zeros else {})
        )
    return said


def telling(all_cases):
    """Those cases that show a value, for an odd or even kernel, that none before has shown."""
    seen, chosen = set(), []
    for case in all_cases:
        x, kernel, arguments = case
        even = [size % 2 for size in np.shape(kernel)]
        said = {(key, str(value)) for key, value in arguments.items()}
        shown = {(*one, x.ndim, str(even)) for one in said or {("", "")}}
        if not arguments or not shown <= seen:
            seen |= shown
            chosen.append(case)
    return chosen
