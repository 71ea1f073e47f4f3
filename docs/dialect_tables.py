"""The tables of the page on dialects, from the dictionary itself.

    python docs/dialect_tables.py

writes them into `dialects.md`, between the comments that name them; a test says when they are old.
"""

import re
from pathlib import Path

from convmat.boundary import Boundary
from convmat.conventions.dialect_table import dialect_facts
from convmat.conventions.dialects import DIALECTS

PAGE = Path(__file__).parent / "dialects.md"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def tools():
    """What each function does with a kernel."""
    head = ("function", "axes", "kernel is taken as", "outputs", "anchor in `same`")
    return table(head, [tool_line(dialect_facts(row)) for row in DIALECTS.values()])


def tool_line(facts):
    fewest, most = facts["axes"]
    axes = str(fewest) if fewest == most else f"{fewest} to {most}" if most < 30 else f"{fewest}, …"
    anchor = ", ".join("any" if formula == "any" else code(formula) for formula in facts["anchor"])
    return (code(facts["tool"]), axes, facts["kernel"], ", ".join(facts["modes"]), anchor or "–")


def boundaries():
    """What each argument calls the seven boundaries; the default in bold."""
    lines = {}
    for row in DIALECTS.values():
        facts = dialect_facts(row)
        if facts["boundary"]:
            cells = tuple(
                ", ".join(named(name, row.boundary) for name in facts["names"].get(ours, ())) or "–"
                for ours in Boundary
            )
            lines.setdefault((code(facts["boundary"]), *cells), []).append(code(facts["tool"]))
    head = ("functions", "argument", *map(code, Boundary))
    return table(head, [("<br>".join(tools), *cells) for cells, tools in lines.items()])


def named(name, boundary):
    return f"**{code(name)}**" if name == boundary.default else code(name)


def notes():
    """What else there is to know of each."""
    rows = [row for row in DIALECTS.values() if row.note]
    return table(("function", ""), [(code(row.tool), row.note) for row in rows])


def code(text):
    return f"`{text}`"


def table(head, lines):
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.strip() for cell in row) + " |" for row in rows)


def filled(page):
    """The page with its tables as they are to be."""
    made = {"tools": tools, "boundaries": boundaries, "notes": notes}
    return BLOCK.sub(lambda block: block[1] + made[block[2]]() + "\n" + block[3], page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), encoding="utf-8")
