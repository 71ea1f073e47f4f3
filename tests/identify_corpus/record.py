"""Record pictures and what programs make of them.

    PYTHONPATH=tests python -m identify_corpus.record

writes pictures.npz (crops of scikit-image's free pictures) and two files for each program that is
installed, of its convolutions and of the others: what every command made, the kernels that were
measured, and the program's version.
"""

import numpy as np

from identify_corpus import programs
from identify_corpus.recordings import write

CELL = 64


def pictures():
    """Crops of 160 to 256 a side, even and odd; 8 bits, one of 16."""
    from skimage import data

    def grey(picture):
        return np.rint(picture @ [0.299, 0.587, 0.114]).astype(np.uint8)

    def sixteen_bits(picture):
        """Means of 2x2 pixels and luma weights fill the levels between."""
        light = picture[:400, :400] @ [0.299, 0.587, 0.114]
        means = light.reshape(200, 2, 200, 2).mean(axis=(1, 3))
        return np.rint(means * 257).astype(np.uint16)

    return {
        "camera": data.camera()[60:260, 120:301],
        "coins": data.coins()[100:300, 10:243],
        "moon": data.moon()[120:312, 140:316],
        "brick": data.brick()[:176, :201],
        "grass": data.grass()[100:280, 60:237],
        "gravel": data.gravel()[:200, 200:360],
        "astronaut": grey(data.astronaut())[20:221, 130:330],
        "chelsea": grey(data.chelsea())[60:240, 100:299],
        "coffee": grey(data.coffee())[150:351, 120:301],
        "cell": data.cell()[260:452, 340:540],
        "haze": data.cell()[200:377, :200],
        "clock": data.clock()[60:220, 100:276],
        "retina": data.retina()[700:860, 500:661, 1],
        "text": data.text()[:161, 40:240],
        "astronaut in colour": data.astronaut()[20:180, 150:330],
        "coffee in colour": data.coffee()[150:320, 120:297],
        "chelsea, 16 bits": sixteen_bits(
            np.pad(data.chelsea(), [(0, 100), (0, 0), (0, 0)], "reflect")
        ),
    }


def measured(command):
    """Kernel and anchor, by impulses on grey, or on black where no entry is negative."""
    kernel, anchor = _response(command, 2**15, 5000)
    if kernel.min() > -1e-4 and kernel.max() <= 1:
        kernel, anchor = _response(command, 0, 2**16 - 1)
    elif kernel.size > 1:
        kernel, anchor = _response(command, 2**15, 30000 / np.abs(kernel).max())
    return kernel, anchor


def _response(command, level, highest):
    """Least squares over 64 heights, which average the rounding out, in 16 bits.

    What is below the rounding of one impulse is left out.
    """
    heights = np.linspace(highest / 2, highest, 64).round()
    picture = np.full((8 * CELL, 8 * CELL), level, dtype=np.uint16)
    middles = np.arange(8) * CELL + CELL // 2
    picture[np.ix_(middles, middles)] += heights.reshape(8, 8).astype(np.uint16)
    line = command.line.replace("-depth 8", "-depth 16")
    found = programs.run(programs.Command(command.name, command.program, line, ""), picture)
    background = float(np.median(found))
    cells = found.reshape(8, CELL, 8, CELL).swapaxes(1, 2).reshape(64, CELL, CELL) - background
    response = np.tensordot(heights, cells, axes=(0, 0)) / (heights @ heights)
    rows, columns = np.nonzero(np.abs(response) > 0.3 / highest)
    top, left = rows.min(), columns.min()
    kernel = response[top : rows.max() + 1, left : columns.max() + 1]
    return kernel, np.array([CELL // 2 - top, CELL // 2 - left])


def recording(commands, taken):
    """What the commands make of the pictures, and the kernels that are to be measured."""
    arrays = {}
    for command in commands:
        arrays[f"{command.name}: after"] = programs.run(command, taken[command.picture])
        if isinstance(command.kernel, str):
            kernel, anchor = measured(command)
            arrays[f"{command.name}: kernel"] = kernel
            arrays[f"{command.name}: anchor"] = anchor
            print(command.name, kernel.shape, anchor, kernel.sum())
    return arrays


def main():
    taken = pictures()
    write("pictures", taken)
    for program in programs.PROGRAMS:
        version = programs.version(program)
        if version is None:
            print(f"{program} is not installed: its recordings stay as they are")
            continue
        own = [command for command in programs.COMMANDS if command.program == program]
        for part, commands in [
            ("convolutions", [command for command in own if not command.reason]),
            ("others", [command for command in own if command.reason]),
        ]:
            arrays = {"version": np.array(version)} | recording(commands, taken)
            write(f"{program.lower()}_{part}", arrays)


if __name__ == "__main__":
    main()
