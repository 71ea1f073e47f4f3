"""Write docs/identify_results.md: `PYTHONPATH=tests python -m identify_corpus.results`."""

from pathlib import Path

import numpy as np
from identify_cases import CASES, LIBRARIES, recorded

from identify_corpus.judge import is_false_alarm, is_miss, outcome
from identify_corpus.programs import PROGRAMS

HERE = Path(__file__).parent

OPENING = """# Results on real tools

What `identify_filter` says of pairs of pictures of which the truth is known. The pictures are crops
of photographs and textures and a drawn scene, of 160 to 256 pixels a side; the tools were run as
they come. A *false alarm* is a convolution that is said to be none, a *miss* is something else that
is said to be one. *Right* asks more: of a convolution every kernel entry within its error bars, a
box no larger than the kernel, the anchor, the boundary, and how levels became whole numbers; of
anything else that no error bars are given, and that a tone curve is named where there is one.

This page is written by `tests/identify_corpus/results.py`, and the tests check its numbers.
"""


def summary(outcomes):
    """The table of counts."""
    outcomes = list(outcomes)
    lines = [
        "| tool | convolutions | right | undetermined | false alarms | others | right | misses |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for tool in [*sorted({o.case.tool for o in outcomes}), None]:
        of_tool = [o for o in outcomes if tool in (None, o.case.tool)]
        yes = [o for o in of_tool if o.case.linear]
        no = [o for o in of_tool if not o.case.linear]
        counts = [
            len(yes),
            sum(not o.wrong for o in yes),
            sum(o.verdict == "undetermined" for o in yes),
            sum(map(is_false_alarm, yes)),
            len(no),
            sum(not o.wrong for o in no),
            sum(map(is_miss, no)),
        ]
        lines.append(f"| {tool or '**all**'} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def calibration(outcomes):
    scores = [o.z for o in outcomes if o.z.size and o.case.rounding[0] in ("rounded", "truncated")]
    rms = np.sqrt([np.mean(z**2) for z in scores])
    low, high = np.quantile(rms, [0.05, 0.95])
    return (
        f"Kernel entries less the truth, over their error bars, have a root mean square of "
        f"{np.sqrt(np.mean(np.concatenate(scores) ** 2)):.2f} over all entries "
        f"({sum(z.size for z in scores)} of {len(scores)} kernels); for nine kernels in ten it is "
        f"between {low:.2f} and {high:.2f}."
    )


def of_convolutions(outcomes):
    lines = [
        "| tool | what | picture | verdict | box | anchor | boundary | levels | rms z |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for o in outcomes:
        r = o.report
        box = "x".join(map(str, r.kernel.shape[-2:]))
        anchor = ", ".join(map(str, r.anchor))
        boundary = " by ".join(r.boundary) if isinstance(r.boundary, tuple) else r.boundary or "-"
        z = f"{np.sqrt(np.mean(o.z**2)):.2f}" if o.z.size else "-"
        lines.append(
            f"| {o.case.tool} | {o.case.name}{' *' if o.wrong else ''} | {o.case.picture} | "
            f"{r.verdict} | {box} | {anchor} | {boundary} | {r.rounding} | {z} |"
        )
    return "\n".join(lines)


def of_others(outcomes):
    lines = [
        "| tool | what | picture | verdict | residual | loudest against it |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for o in outcomes:
        against = [piece.name for piece in o.report.evidence if piece.against]
        lines.append(
            f"| {o.case.tool} | {o.case.name}{' *' if o.wrong else ''} | {o.case.picture} | "
            f"{o.verdict} | {o.report.residual_std:.2g} | {against[0] if against else '-'} |"
        )
    return "\n".join(lines)


def page(outcomes):
    versions = [f"{name} {version}" for name, version in LIBRARIES.items()]
    versions += [str(recorded(program.lower())["version"]) for program in PROGRAMS]
    parts = [
        OPENING,
        summary(outcomes),
        calibration(outcomes),
        "Tools: " + "; ".join(versions) + ".",
    ]
    wrong = [f"- {o.case}: {'; '.join(o.wrong)}" for o in outcomes if o.wrong]
    if wrong:
        parts += ["## Where it fails", "\n".join(wrong)]
    parts += [
        "## Convolutions",
        "A star marks what is not right. *rms z* is the root mean square of the errors over their "
        "error bars; a dash stands where the entries are exact.",
        of_convolutions([o for o in outcomes if o.case.linear]),
        "## What is no convolution",
        "The residual is in levels of the picture after.",
        of_others([o for o in outcomes if not o.case.linear]),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def main():
    target = HERE.parent.parent / "docs" / "identify_results.md"
    target.write_text(page([outcome(case) for case in CASES]), encoding="utf-8")


if __name__ == "__main__":
    main()
