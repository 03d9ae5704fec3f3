"""The import rule of the house, read from the source: two towers, one bridge, one door, no cycles, no imports inside
functions."""
from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "brainsim"
EVERYWHERE = {"errors", "naming", "options", "preferences", "stages"}
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
    "errors": set(), "naming": set(), "stages": set(), "preferences": {"errors"}, "options": {"errors", "preferences"},
    "log": {"log_file"}, "log_file": set(),
    "__init__": {"*"}, "__main__": {"*"},
}
#: packages that cost time or may be missing, imported where they are used
LATE = {"pint", "sympy", "matplotlib", "matplotlib.pyplot", "pandas", "xarray"}
FOREIGN = {"sympy": {"model"}, "pint": {"units"},
           "numpy": {"units", "ir", "passes", "targets", "runtime", "objects", "compat", "pipeline", "star", "numpy_",
                     "learning", "events"},
           "jinja2": {"targets"}, "jax": {"targets", "learning", "events"}, "optax": {"learning"}}


def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py"))


def room(path: Path) -> str:
    """The folder of a module, or its own name at the top."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0]


def imports(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module,
                      *(f"{node.module}.{a.name}" for a in node.names if node.module.startswith("brainsim"))]
    return found


def own_modules(path: Path) -> set[str]:
    """Modules of brainsim that a module imports when it is loaded."""
    tree = ast.parse(path.read_text("utf-8"))
    tree.body = [n for n in tree.body if not (isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))]
    known = {".".join(("brainsim", *p.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
             for p in modules()}
    found = {name for name in imports(tree) if name in known and name != "brainsim"}
    rooms = {name for name in found if name.count(".") == 1 and (ROOT / name.split(".")[1]).is_dir()}
    return found - {r for r in rooms if _only_submodules(tree, r, known)}


def _only_submodules(tree: ast.AST, package: str, known: set[str]) -> bool:
    """``from brainsim.units import display`` needs the module, not the room."""
    wanted = [a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == package for a in n.names]
    return all(f"{package}.{name}" in known for name in wanted)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_the_rooms_it_may(path):
    mine = room(path)
    assert mine in ALLOWED, f"the room '{mine}' has no place in the house"
    if "*" in ALLOWED[mine]:
        return
    for name in own_modules(path):
        other = name.split(".")[1]
        assert other == mine or other in EVERYWHERE or other in ALLOWED[mine], f"{mine} must not import {name}"


@pytest.mark.parametrize("package", FOREIGN)
def test_a_package_stays_in_its_rooms(package):
    for path in modules():
        used = any(name.split(".")[0] == package for name in imports(ast.parse(path.read_text("utf-8"))))
        assert not used or room(path) in FOREIGN[package] or room(path) == "__init__", f"{path.name} imports {package}"


def test_there_is_no_import_cycle():
    def name_of(path: Path) -> str:
        return ".".join(("brainsim", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")

    edges = {name_of(p): {m for m in own_modules(p)} for p in modules()}
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


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_stand_at_the_top(path):
    tree = ast.parse(path.read_text("utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for name in imports(function):
                assert name in LATE, f"{path.name}: {function.name} imports {name}"


def test_templates_decide_nothing_about_neurons():
    words = ("neuron", "refractory", "threshold", "spike", "synap")
    for template in (ROOT.parent / "templates").rglob("*.jinja"):
        text = template.read_text("utf-8").lower()
        assert not [w for w in words if w in text], template.name


def test_jax_comes_with_those_modules_only_that_need_it():
    """The door reads models without JAX, and imports it late."""
    needing = {p.stem for p in (ROOT / "events").glob("*.py")
               if any(n.split(".")[0] == "jax" for n in imports(ast.parse(p.read_text("utf-8"))))}
    free = {"form", "neurons", "synapses", "refusals"}
    assert needing and not needing & free
    for name in free:
        assert not own_modules(ROOT / "events" / f"{name}.py") & {f"brainsim.events.{n}" for n in needing}
    assert not own_modules(ROOT / "objects" / "gradients" / "event_gradients.py") & {
        f"brainsim.events.{n}" for n in needing}
