"""The command lines that were recorded, and how to run them again.

A command reads a picture from its standard input and writes one to its output. What it is a
convolution with is either written down (`kernel`, `anchor`) or was measured when it was recorded,
by impulses of many heights in a 16-bit picture.
"""

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from identify_corpus.pnm import from_bytes, to_bytes

HERE = Path(__file__).parent
PROGRAMS = {
    "ImageMagick": ("convert", "convert -version"),
    "GraphicsMagick": ("gm", "gm version"),
    "netpbm": ("pnmconvol", "pnmconvol --version"),
}
GENTLE = [[1, 2, 0], [3, 4, 1], [0, 1, 5]]
EVEN = [[1, 2, 3, 1], [2, 6, 4, 1], [0, 2, 1, 3]]
SMALL_EVEN = [[5, 1], [2, 3]]
LONG = [[1, 0, 2, 3, 5, 2, 1]]
RELIEF = [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]


@dataclass(frozen=True)
class Command:
    """One command line.

    `boundary` is None for what is no convolution (then `reason` says why) and for continuations
    that have no name here; `kernel` is "measured" where the program was asked for it by impulses.
    """

    name: str
    program: str
    line: str
    picture: str
    kernel: object = None
    anchor: tuple = (1, 1)
    boundary: str | None = None
    offset: float | None = 0.0
    reason: str = ""
    doubtful: bool = False


def version(program):
    """Its first line about itself, or None where it is not installed."""
    executable, line = PROGRAMS[program]
    if shutil.which(executable) is None:
        return None
    done = subprocess.run(shlex.split(line), capture_output=True, check=True)
    return " ".join((done.stdout + done.stderr).decode().split("\n")[0].split()[:12])


def run(command, picture):
    """What the command makes of a picture; lines with bars are pipes."""
    content = to_bytes(picture)
    for part in command.line.split(" | "):
        words = shlex.split(part)
        content = subprocess.run(words, input=content, capture_output=True, check=True).stdout
    return from_bytes(content)


def magick(line):
    return f"convert pnm:- {line} -depth 8 pnm:-"


def graphics(line):
    return f"gm convert pnm:- {line} -depth 8 pnm:-"


def joined(kernel, between=" "):
    return between.join(",".join(map(str, row)) for row in kernel)


def user_kernel(kernel, origin=""):
    return f"'{len(kernel[0])}x{len(kernel)}{origin}: {joined(kernel)}'"


def matrix(kernel):
    return "-matrix=" + ";".join(",".join(map(str, row)) for row in kernel)


def over_sum(kernel, turned=False):
    """Divided by its sum; turned where the tool correlates."""
    values = np.array(kernel, dtype=float)
    values /= values.sum()
    return values[::-1, ::-1] if turned else values


NORMALIZED = "-define convolve:scale=!"
IMAGEMAGICK = [
    Command(
        f"Convolve 3x3, {method}",
        "ImageMagick",
        magick(
            f"-background black -virtual-pixel {method} {NORMALIZED} -morphology Convolve "
            + user_kernel(GENTLE)
        ),
        picture,
        over_sum(GENTLE),
        boundary=boundary,
    )
    for method, boundary, picture in [
        ("edge", "replicate", "camera"),
        ("mirror", "symmetric", "brick"),
        ("tile", "circular", "gravel"),
        ("black", "zero", "astronaut"),
        ("background", "zero", "cell"),
        ("white", None, "chelsea"),
        ("gray", None, "grass"),
    ]
] + [
    Command(
        "Convolve 5x5 blurred, mirror",
        "ImageMagick",
        magick("-virtual-pixel mirror -morphology Convolve Gaussian:0x0.8"),
        "coffee",
        "measured",
        boundary="symmetric",
    ),
    Command(
        "Correlate 4x3",
        "ImageMagick",
        magick(f"-virtual-pixel edge {NORMALIZED} -morphology Correlate " + user_kernel(EVEN)),
        "grass",
        over_sum(EVEN, turned=True),
        anchor=(1, 2),
        boundary="replicate",
    ),
    Command(
        "Convolve 4x3 about its corner",
        "ImageMagick",
        magick(
            f"-virtual-pixel tile {NORMALIZED} -morphology Convolve " + user_kernel(EVEN, "+0+2")
        ),
        "astronaut",
        "measured",
        boundary="circular",
    ),
    Command(
        "Correlate 2x2",
        "ImageMagick",
        magick(
            f"-virtual-pixel mirror {NORMALIZED} -morphology Correlate " + user_kernel(SMALL_EVEN)
        ),
        "cell",
        over_sum(SMALL_EVEN, turned=True),
        anchor=(1, 1),
        boundary="symmetric",
    ),
    Command(
        "Convolve with a bias of 50%",
        "ImageMagick",
        magick("-bias 50% -virtual-pixel edge -morphology Convolve " + user_kernel(RELIEF)),
        "chelsea",
        np.array(RELIEF, dtype=float),
        boundary="replicate",
        offset=127.0,  # and a half, cut off
    ),
    Command(
        "-convolve",
        "ImageMagick",
        magick("-convolve 1,2,1,2,4,2,1,2,1"),
        "moon",
        over_sum([[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
        boundary="replicate",
    ),
    *(
        Command(
            name,
            "ImageMagick",
            magick(line),
            picture,
            "measured",
            boundary="replicate",
            offset=offset,
        )
        for name, line, picture, offset in [
            ("-blur 0x1", "-blur 0x1", "coffee", 0.0),
            ("-blur 0x2.5", "-blur 0x2.5", "camera", 0.0),
            ("-gaussian-blur 0x1.2", "-gaussian-blur 0x1.2", "gravel", 0.0),
            ("-unsharp", "-unsharp 0x1+0.8+0", "chelsea", 0.0),
            ("-sharpen", "-sharpen 0x0.8", "brick", 0.0),
            ("-motion-blur along rows", "-motion-blur 0x6+0", "grass", 0.0),
            ("-motion-blur at 30 degrees", "-motion-blur 0x5+30", "coffee", 0.0),
            ("-level 5%,75%", "-level 5%,75%", "cell", -0.05 * 255 / 0.7),
        ]
    ),
    Command(
        "-roll",
        "ImageMagick",
        magick("-roll +6-3"),
        "grass",
        np.ones((1, 1)),
        anchor=(3, -6),
        boundary="circular",
    ),
    *(
        Command(name, "ImageMagick", magick(line), picture, reason=reason)
        for name, line, picture, reason in [
            ("-statistic Median 3x3", "-statistic Median 3x3", "camera", "median"),
            ("-statistic Median 5x5", "-statistic Median 5x5", "gravel", "median"),
            ("-despeckle", "-despeckle", "coffee", "morphology"),
            ("-resize 50%, back", "-resize 50% -resize 200%", "chelsea", "resampling"),
            ("-rotate 1.5", "-distort SRT 1.5", "brick", "geometry"),
            ("-radial-blur 6", "-radial-blur 6", "astronaut", "kernel varies"),
            ("-equalize", "-equalize", "cell", "tone curve"),
            ("-gamma after -blur", "-blur 0x1 -gamma 1.5", "coffee", "tone curve"),
            ("-sigmoidal-contrast", "-sigmoidal-contrast 4x50%", "camera", "tone curve"),
            ("-ordered-dither", "-ordered-dither o4x4,4", "chelsea", "dither"),
            ("-selective-blur", "-selective-blur 0x2+8%", "coffee", "bilateral"),
            ("-paint 2", "-paint 2", "grass", "mode filter"),
            ("-emboss", "-emboss 0x1", "camera", "equalised"),
            ("-spread 1", "-seed 7 -spread 1", "brick", "random displacement"),
        ]
    ),
]
GRAPHICSMAGICK = [
    *(
        Command(
            f"-convolve, {method}",
            "GraphicsMagick",
            graphics(f"-virtual-pixel {method} -convolve {joined(GENTLE, ',')}"),
            picture,
            over_sum(GENTLE, turned=True),
            boundary=boundary,
        )
        for method, boundary, picture in [
            ("Edge", "replicate", "chelsea"),
            ("Mirror", "symmetric", "coffee"),
            ("Tile", "circular", "camera"),
        ]
    ),
    *(
        Command(
            name,
            "GraphicsMagick",
            graphics(line),
            picture,
            "measured",
            boundary=boundary,
            doubtful=picture == "haze",
        )
        for name, line, picture, boundary in [
            # At the edges the kernel is cut short, and what is left of it brought to a sum of one.
            ("-blur 0x1.5", "-blur 0x1.5", "astronaut", None),
            ("-unsharp", "-unsharp 0x1+0.7+0", "gravel", None),
            ("-gaussian 0x1", "-gaussian 0x1", "brick", "replicate"),
            ("-sharpen", "-sharpen 0x0.7", "cell", "replicate"),
            ("-sharpen of haze", "-sharpen 0x0.7", "haze", "replicate"),
            ("-motion-blur", "-motion-blur 0x4+20", "grass", "replicate"),
        ]
    ),
    *(
        Command(name, "GraphicsMagick", graphics(line), picture, reason=reason)
        for name, line, picture, reason in [
            ("-median 1", "-median 1", "astronaut", "median"),
            ("-despeckle", "-despeckle", "brick", "morphology"),
            ("-enhance", "-enhance", "coffee", "weighted by likeness"),
            ("-implode 0.1", "-implode 0.1", "grass", "geometry"),
        ]
    ),
]
NETPBM = [
    Command(
        "pnmconvol",
        "netpbm",
        f"pnmconvol '{matrix(GENTLE)}' -normalize",
        "coffee",
        over_sum(GENTLE, turned=True),
        boundary="untouched",
    ),
    # At the sides it copies what is one row further up.
    Command(
        "pnmconvol 7x1",
        "netpbm",
        f"pnmconvol '{matrix(LONG)}' -normalize",
        "gravel",
        over_sum(LONG, turned=True),
        anchor=(0, 3),
    ),
    Command(
        "pnmconvol with a bias",
        "netpbm",
        f"pnmconvol '{matrix(RELIEF)}' -bias=128",
        "moon",
        np.array(RELIEF, dtype=float)[::-1, ::-1],
        offset=128,  # and on the border, which is left as it was but for that
    ),
    Command(
        "pnmsmooth",
        "netpbm",
        "pnmsmooth -width=3 -height=5",
        "grass",
        np.full((5, 3), 1 / 15),
        anchor=(2, 1),
    ),
    *(
        Command(name, "netpbm", line, picture, reason=reason)
        for name, line, picture, reason in [
            ("pgmmedian", "pgmmedian", "chelsea", "median"),
            ("pamscale, there and back", "pamscale 0.5 | pamscale 2", "gravel", "resampling"),
            ("pnmgamma", "pnmgamma -ungamma 1.4", "grass", "tone curve"),
            ("pnmnlfilt, trimmed mean", "pnmnlfilt 0.4 1.0", "coffee", "trimmed mean"),
        ]
    ),
]
COMMANDS = [*IMAGEMAGICK, *GRAPHICSMAGICK, *NETPBM]
