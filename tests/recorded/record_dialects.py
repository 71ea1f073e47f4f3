"""Record what tools compute that not every machine with the tests has.

    python tests/recorded/record_dialects.py octave imagemagick ...

calls the tools of each name (see `FILES`) on the cases of `dialect_cases`, and writes them with
what the tools returned into the folder `dialects`. Signals, kernels and outputs are integers.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
# A script: what is imported below is found by this, hence E402.
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from dialect_calls import outputs, version  # noqa: E402
from dialect_cases import cases, library, telling  # noqa: E402

from convmat.conventions.dialects import DIALECTS  # noqa: E402

# The file's name, and the libraries that are recorded in it.
FILES = {
    "octave": ("matlab",),
    "imagemagick": ("imagemagick",),
    "graphicsmagick": ("graphicsmagick",),
    "netpbm": ("netpbm",),
    "pyvips": ("pyvips",),
    "torch": ("torch",),
    "jax": ("jax",),
    "tensorflow": ("tensorflow", "keras"),
}


def record(name):
    lines = []
    for tool in DIALECTS:
        if library(tool) in FILES[name]:
            chosen = telling(cases(tool))
            for (x, kernel, given), y in zip(chosen, outputs(tool, chosen), strict=True):
                case = {
                    "tool": tool,
                    "signal": integers(x),
                    "kernel": integers(kernel),
                    "arguments": given,
                    "output": integers(y),
                }
                lines.append(json.dumps(case, separators=(",", ":")))
    made = json.dumps({library: version(library) for library in FILES[name]})
    text = f'{{"versions": {made},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    (HERE / "dialects" / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}: {len(lines)} cases, {len(text)} bytes, {made}")


def integers(values):
    """Nested lists; what a tool rounds in single precision is the nearest integer."""
    array = np.asarray(values)
    rounded = np.rint(array)
    assert abs(array - rounded).max() <= 2**-20 * abs(array).max()
    return rounded.astype(int).tolist()


if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        record(name)
