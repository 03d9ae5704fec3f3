"""The import rule of the house, read from the source: two towers, one bridge, one door, no cycles, no imports inside
functions."""
from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "brainsim"
EVERYWHERE = {"errors", "options", "preferences", "stages"}
LEFT = ["language", "units", "model", "integrators", "reduction"]
RIGHT = ["ir", "passes", "targets", "runtime"]
ALLOWED = {
    **{room: set(LEFT[:k]) for k, room in enumerate(LEFT)},
    **{room: set(RIGHT[:k]) for k, room in enumerate(RIGHT)},
    "lowering": {"language", "model", "integrators", "ir"},
    "pipeline": {*LEFT, *RIGHT, "lowering"},
    # beside the towers: what the model means in continuous time, and its own way of being done
    "events": set(LEFT),
    # the door: declares, resolves, and hands arrays over (docs/architecture.rst says why it is wider than planned)
    "objects": {*LEFT, *RIGHT, "lowering", "pipeline", "objects", "events"},
    "learning": {*LEFT, *RIGHT, "lowering", "pipeline", "objects", "events", "log"},
    "compat": {*LEFT, *RIGHT, "lowering", "pipeline", "objects", "log", "log_file"},
    "star": {"units", "numpy_"},
    "numpy_": {"units", "star"},
    "errors": set(), "stages": set(), "preferences": {"errors"}, "options": {"errors", "preferences"},
    "log": {"log_file"}, "log_file": set(),
    "__init__": {"*"}, "__main__": {"*"},
}
#: packages that cost time or may be missing, imported where they are used
LATE = {"pint", "sympy", "matplotlib", "matplotlib.pyplot", "pandas", "xarray"}
FOREIGN = {"sympy": {"model"}, "pint": {"units"},
           "numpy": {"units", "ir", "passes", "targets", "runtime", "objects", "compat", "pipeline", "star", "numpy_",
                     "learning", "events"},
           "jinja2": {"targets"}, "jax": {"targets", "learning", "events"}, "optax": {"learning"}}


@cache
def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The tree of a module, read once for all tests."""
    return ast.parse(path.read_text("utf-8"))


@cache
def name_of(path: Path) -> str:
    return ".".join(("brainsim", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


@cache
def known() -> frozenset[str]:
    """Names of all modules."""
    return frozenset(map(name_of, modules()))


def room(path: Path) -> str:
    """The folder of a module, or its own name at the top."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0]


def imports(nodes: Iterable[ast.AST]) -> list[str]:
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module,
                      *(f"{node.module}.{a.name}" for a in node.names if node.module.startswith("brainsim"))]
    return names


@cache
def all_imports(path: Path) -> tuple[str, ...]:
    return tuple(imports(ast.walk(parsed(path))))


@cache
def own_modules(path: Path) -> frozenset[str]:
    """Modules of brainsim that a module imports when it is loaded."""
    nodes = [node for top in parsed(path).body
             if not (isinstance(top, ast.If) and "TYPE_CHECKING" in ast.unparse(top.test)) for node in ast.walk(top)]
    own = {name for name in imports(nodes) if name in known() and name != "brainsim"}
    rooms = {name for name in own if name.count(".") == 1 and (ROOT / name.split(".")[1]).is_dir()}
    return frozenset(own - {r for r in rooms if _only_submodules(nodes, r)})


def _only_submodules(nodes: Iterable[ast.AST], package: str) -> bool:
    """``from brainsim.units import display`` needs the module, not the room."""
    wanted = [a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == package for a in n.names]
    return all(f"{package}.{name}" in known() for name in wanted)


def test_every_room_has_a_place_in_the_house():
    assert {room(path) for path in modules()} <= set(ALLOWED)


@pytest.mark.parametrize("mine", ALLOWED)
def test_a_room_imports_only_from_the_rooms_it_may(mine):
    if "*" in ALLOWED[mine]:
        return
    allowed = {mine, *EVERYWHERE, *ALLOWED[mine]}
    for path in modules():
        if room(path) == mine:
            others = {name for name in own_modules(path) if name.split(".")[1] not in allowed}
            assert not others, f"{name_of(path)} must not import {', '.join(sorted(others))}"


@pytest.mark.parametrize("package", FOREIGN)
def test_a_package_stays_in_its_rooms(package):
    for path in modules():
        used = any(name.split(".")[0] == package for name in all_imports(path))
        assert not used or room(path) in FOREIGN[package] or room(path) == "__init__", f"{path.name} imports {package}"


def test_there_is_no_import_cycle():
    edges = {name_of(p): own_modules(p) for p in modules()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module):], module))
        if module in done:
            return
        for other in edges.get(module, ()):
            visit(other, (*path, module))
        done.add(module)

    for module in edges:
        visit(module, ())


def test_imports_stand_at_the_top():
    for path in modules():
        for function in ast.walk(parsed(path)):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                late = set(imports(ast.walk(function))) - LATE
                assert not late, f"{path.name}: {function.name} imports {', '.join(sorted(late))}"


def test_templates_decide_nothing_about_neurons():
    words = ("neuron", "refractory", "threshold", "spike", "synap")
    for template in (ROOT.parent / "templates").rglob("*.jinja"):
        text = template.read_text("utf-8").lower()
        assert not [w for w in words if w in text], template.name


def test_jax_comes_with_those_modules_only_that_need_it():
    """The door reads models without JAX, and imports it late."""
    needing = {p.stem for p in (ROOT / "events").glob("*.py") if any(n.split(".")[0] == "jax" for n in all_imports(p))}
    free = {"form", "neurons", "synapses", "refusals"}
    assert needing and not needing & free
    for name in free:
        assert not own_modules(ROOT / "events" / f"{name}.py") & {f"brainsim.events.{n}" for n in needing}
    assert not own_modules(ROOT / "objects" / "gradients" / "event_gradients.py") & {
        f"brainsim.events.{n}" for n in needing}
