"""`identify_filter` on what real tools do to pictures: no false alarms and no misses.

The cases are in identify_cases.py, what is asked of a report in identify_corpus/judge.py. Programs
were recorded, and are run again where they are installed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from identify_cases import CASES, EVERY, SMOOTH, picture, recorded
from identify_corpus import programs, results
from identify_corpus.judge import is_false_alarm, is_miss, outcome
from oracles import convolve

PAGE = Path(__file__).parent.parent / "docs" / "identify_results.md"
CONVOLUTIONS = [case for case in CASES if case.linear]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reports_are_right(case):
    assert not outcome(case).wrong


def test_there_are_no_false_alarms_and_no_misses():
    assert not [str(o.case) for o in map(outcome, CASES) if is_false_alarm(o) or is_miss(o)]


def test_there_are_enough_cases():
    assert len(CONVOLUTIONS) >= 60
    assert len(CASES) - len(CONVOLUTIONS) >= 30
    assert len({case.picture for case in CASES}) >= 6
    assert len(set(map(str, CASES))) == len(CASES)


def test_error_bars_are_calibrated_on_rounded_pictures():
    """The bounds are those of the promise: a rms z-score of 0.7 to 1.3."""
    scores = [
        o.z
        for o in map(outcome, CONVOLUTIONS)
        if o.case.rounding in (("rounded",), ("truncated",))
        and o.case.picture not in SMOOTH
        and o.z.size
    ]
    # Every case counts alike, however large its kernel.
    means = [np.mean(z**2) for z in scores]
    assert len(means) >= 40
    assert 0.7 < np.sqrt(np.mean(means)) < 1.3
    assert 0.7 < np.sqrt(np.mean(np.concatenate(scores) ** 2)) < 1.3


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_what_is_held_to_be_true_is(case):
    """The definition, carried out by SciPy with the table's kernel, makes the picture after."""
    before = picture(case.picture)
    after = case.make(before)
    error = after - predicted(case, before)
    if case.boundary in (None, EVERY, "untouched", "cropped"):
        width = max(max(case.kernel.shape[-2:]), *map(abs, case.anchor))
        error = error[width:-width, width:-width]
    if after.dtype.kind == "f" or case.name.startswith("noise"):
        noise = float(case.name.split()[2].strip(",")) if "noise" in case.name else 0.0
        eps = np.finfo(after.dtype).eps if after.dtype.kind == "f" else 0.0
        assert error.std() <= 1.1 * noise + 10 * eps * 255 + (after.dtype.kind != "f")
        return
    step = np.gcd.reduce(np.unique(after).astype(int))
    assert np.sqrt(np.mean((error - error.mean()) ** 2)) <= case.roundings * step / np.sqrt(12)
    assert abs(error.mean()) <= step


def predicted(case, before):
    kernel, boundary = np.asarray(case.kernel), case.boundary
    named = boundary not in (None, EVERY, "untouched", "cropped")
    mode = case.name if case.name in ("valid", "full") else "same"
    full = 65535 if before.dtype == np.uint16 else 255

    def one(plane, h):
        side = boundary if named else "zero"
        return convolve(plane.astype(float), h, mode, side, case.anchor)

    if before.ndim == 2:
        made = one(before, kernel)
    else:
        planes = np.moveaxis(before, -1, 0)
        blocks = np.broadcast_to(kernel, (3, *kernel.shape)) if kernel.ndim == 2 else kernel
        if blocks.ndim == 3:
            made = [one(plane, h) for plane, h in zip(planes, blocks, strict=True)]
        else:
            made = [sum(map(one, planes, row)) for row in blocks]
        made = np.stack(made, axis=-1)
    made = made + (case.offset or 0.0)
    whole = case.make(before).dtype.kind == "u"
    return np.clip(made, 0, full) if whole else made


@pytest.mark.parametrize("program", list(programs.PROGRAMS))
def test_programs_run_again(program):
    """As recorded to the bit, or else judged as what the installed version makes."""
    if programs.version(program) is None:
        pytest.skip(f"{program} is not installed")
    for command in programs.COMMANDS:
        if command.program != program:
            continue
        after = programs.run(command, picture(command.picture))
        if np.array_equal(after, recorded(program.lower())[f"{command.name}: after"]):
            continue
        case = next(c for c in CASES if (c.tool, c.name) == (program, command.name))
        assert not outcome(replace(case, make=lambda _, again=after: again)).wrong


def test_the_page_has_these_results():
    """docs/identify_results.md is written by tests/identify_corpus/results.py."""
    assert results.summary(map(outcome, CASES)) in PAGE.read_text(encoding="utf-8")
