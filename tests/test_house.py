"""The house of DESIGN section 3: who may import whom, what the core needs, how long it takes."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import convmat

ROOT = Path(convmat.__file__).parent

GROUND = {
    *("arrays", "banded", "errors", "linear_maps", "memory", "optional", "powers_of_two"),
    *("threads", "triangles"),
}
MATRICES = {"boundary", "geometry", "gram", "matrices", "operators", "spectral"}
SOLVING = {
    "augmented",
    "certificate",
    "damped_family",
    "least_squares",
    "normal_equations",
    "regularization",
    "solution",
    "solvers",
}
FACES = {"__main__", "cli", "plot"}
# Every other module is a room above: it uses both columns, and faces use it.

INSTALLED_WITH_CORE = {"convmat", "numpy", "scipy"}
INSTALLED_WITH_CLI = INSTALLED_WITH_CORE | {"rich", "typer"}


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(nodes):
    """The modules that import statements name, absolute."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in submodules if name in MODULES]
            yield from inside or [node.module]


def imports(name):
    """Of a whole module, also inside functions."""
    return set(imported(ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8")))))


def room(name):
    """The first part of a module's name below `convmat`; "" for `convmat` itself."""
    return name.removeprefix("convmat").removeprefix(".").partition(".")[0]


def rooms_imported(name):
    return {room(other) for other in imports(name) if other.split(".")[0] == "convmat"}


INSIDE = [name for name in MODULES if name != "convmat"]


def test_the_table_names_rooms_that_exist():
    assert not (GROUND | MATRICES | SOLVING | FACES) - {room(name) for name in INSIDE}


@pytest.mark.parametrize("name", INSIDE)
def test_directions(name):
    own, others = room(name), rooms_imported(name)
    if own in GROUND:
        assert others <= GROUND
    elif own in MATRICES:
        assert others <= GROUND | MATRICES
    elif own in SOLVING:
        assert others <= GROUND | SOLVING
    if own not in FACES:
        assert not others & FACES
        assert "" not in others, "the library imports modules, not the package itself"


@pytest.mark.parametrize("name", MODULES)
def test_packages_needed(name):
    """Others than these are imported through `optional.require`, which says how to install them."""
    packages = {other.split(".")[0] for other in imports(name)} - sys.stdlib_module_names
    assert packages <= (INSTALLED_WITH_CLI if room(name) == "cli" else INSTALLED_WITH_CORE)


def test_no_cycles_when_modules_are_loaded():
    graph = {}
    for name, path in MODULES.items():
        body = ast.parse(path.read_text(encoding="utf-8")).body
        graph[name] = {other for other in imported(body) if other in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


AFTER_NUMPY_AND_SPARSE = """
import sys, time
import numpy, scipy.sparse
before, start = set(sys.modules), time.perf_counter()
import convmat
print(time.perf_counter() - start)
print(*sorted(set(sys.modules) - before))
"""


def import_convmat():
    """Seconds that the import takes after NumPy and scipy.sparse, and the modules it adds."""
    run = subprocess.run(
        [sys.executable, "-c", AFTER_NUMPY_AND_SPARSE],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT.parent,
    )
    seconds, modules = run.stdout.splitlines()
    return float(seconds), modules.split()


def test_the_import_is_light():
    modules = import_convmat()[1]
    heavy = ("scipy.signal", "scipy.optimize", "scipy.linalg", "scipy.ndimage", "scipy.stats")
    assert [name for name in modules if name.startswith(heavy)] == []
    packages = {name.split(".")[0] for name in modules} - sys.stdlib_module_names
    assert packages <= INSTALLED_WITH_CORE


def test_the_import_is_quick():
    seconds = import_convmat()[0]
    for _ in range(6):  # other work on the machine only ever makes it longer
        if seconds > 0.15:
            seconds = min(seconds, import_convmat()[0])
    assert seconds <= 0.15
