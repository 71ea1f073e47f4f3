"""``convmat dialects``: how other tools convolve, and what they call the boundaries."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from convmat.cli.options import JsonOption
from convmat.cli.report import fact_table
from convmat.cli.terminal import output
from convmat.conventions.dialect_table import dialect_facts
from convmat.conventions.tool_search import find_dialects

__all__ = ["dialects"]


def dialects(
    tool: Annotated[
        str,
        typer.Argument(
            metavar="[TOOL]",
            help="A function, such as scipy.ndimage.correlate, a library, such as scipy, np, tf "
            "or octave, or what a name begins with. Default: all of them.",
            show_default=False,
        ),
    ] = "",
    as_json_text: JsonOption = False,
) -> None:
    """How other tools convolve: which way round, which outputs, and their names of boundaries."""
    rows = [dialect_facts(row) for row in find_dialects(tool)]
    if as_json_text:
        output().print(json.dumps(rows, indent=2))
    elif len(rows) == 1:
        _print_one(rows[0])
    else:
        _print_all(rows)


def _print_all(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("tool", "kernel is taken as", "outputs", "anchor in same", "boundaries"):
        table.add_column(name, overflow="fold", no_wrap=name == "tool")
    for row in rows:
        table.add_row(
            row["tool"],
            row["kernel"],
            ", ".join(row["modes"]),
            " or ".join(row["anchor"]),
            ", ".join(ours for ours in row["names"] if ", " not in ours),
        )
    console = output()
    console.print(table)
    console.print(
        "\nThe anchor is that of the kernel as a convolution has it, which is flipped where the "
        "tool correlates. convmat dialects TOOL shows a tool's names of the boundaries."
    )


def _print_one(row: dict[str, Any]) -> None:
    fewest, most = row["axes"]
    axes = f"{fewest}-D" if fewest == most else f"{fewest}-D to {most}-D"
    lines = [
        ("signals", axes if most < 30 else f"{fewest}-D and more"),
        ("kernel is taken as", row["kernel"]),
        ("outputs", ", ".join(row["modes"])),
    ]
    if row["anchor"]:
        lines.append(("anchor in same", " or ".join(row["anchor"])))
    if row["boundary"]:
        default = row["boundary_default"]
        left = f", {default} where it is left away" if default else ", which must be given"
        lines.append(("boundary", f"{row['boundary']}{left}"))
        lines += [(f"  {ours}", ", ".join(theirs)) for ours, theirs in row["names"].items()]
        lines += [(f"  not {name}", f"it {why}") for name, why in row["refused"].items()]
    else:
        lines.append(("boundary", ", ".join(row["names"])))
    lines.append(("arguments", ", ".join(row["arguments"]) or "none"))
    lines += [(name, row[key]) for name, key in (("note", "note"), ("tested with", "tested"))]
    console = output()
    console.print(f"{row['tool']}\n")
    console.print(fact_table([(name, text) for name, text in lines if text]))
