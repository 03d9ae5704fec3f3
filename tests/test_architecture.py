"""The import rule of the house, read from the source: two towers, one bridge, one door, no cycles, no imports inside
functions."""
from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from brainsim.naming import MARK

ROOT = Path(__file__).resolve().parent.parent / "brainsim"
EVERYWHERE = {"errors", "kept", "naming", "options", "preferences", "stages"}
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
    "kept": {"options"},
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


# -- names of the program ----------------------------------------------------------------------------------------------
TAKING_APART = {"endswith", "startswith", "partition", "rpartition", "removesuffix", "removeprefix", "split", "rsplit"}
#: what the names of the update program are put together with
GRAMMAR = (".", "@", "_resetter", "_thresholder", "_stateupdater", "_summed_variable_", "spikes", "_index", "pre ",
           "_kept", "_wide")
#: strings that are not names of the program: room or file → what they are
OTHER_STRINGS = {
    "compat": "import paths", "preferences": "names of preferences", "options": "names of preferences",
    "log": "names of loggers", "__main__": "names of files", "objects/looks/optional.py": "packages",
    "targets/compiler.py": "versions", "targets/native.py": "names of files"}


def literals(node: ast.AST, constants: Mapping[str, list[str]] = {}) -> list[str]:
    """The pieces of text in an argument: a string, one with values in it, several, or what a constant stands for."""
    return [text for n in ast.walk(node)
            for text in ([n.value] if isinstance(n, ast.Constant) and isinstance(n.value, str)
                         else constants.get(n.id, []) if isinstance(n, ast.Name) else [])]


def text_constants(tree: ast.AST) -> dict[str, list[str]]:
    """The pieces of text in each constant of a module, and in the mark."""
    return {"MARK": [MARK]} | {t.id: literals(n.value) for n in ast.iter_child_nodes(tree) if isinstance(n, ast.Assign)
                               for t in n.targets if isinstance(t, ast.Name)}


def names_taken_apart(tree: ast.AST) -> list[str]:
    """Calls that look into a name of the program as text."""
    constants = text_constants(tree)
    return [ast.unparse(n) for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in TAKING_APART
            and any(word in text for a in n.args for text in literals(a, constants) for word in GRAMMAR)]


def test_names_of_the_program_are_taken_apart_in_one_file():
    for path in modules():
        mine = path.relative_to(ROOT).as_posix()
        if mine != "naming.py" and mine not in OTHER_STRINGS and room(path) not in OTHER_STRINGS:
            found = names_taken_apart(parsed(path))
            assert not found, f"{mine} takes a name apart: {found[0]}; brainsim/naming.py does"


@pytest.mark.parametrize("wrong", [
    "name.rpartition('.')[2]", "k.name.endswith('_resetter')", "[q for q in x if q.endswith(('.first', '.last'))]",
    "n.startswith(f'{o}.')", "name.split('.')[0]", "n.removesuffix('@cells')",
    "ENDS = ('_kept', '_wide')\nname.endswith(ENDS)", "n.partition(MARK)[0]", "n.endswith(f'{MARK}x')"])
def test_a_name_that_is_taken_apart_is_seen(wrong):
    assert len(names_taken_apart(ast.parse(wrong))) == 1


def test_what_other_strings_are_is_said_of_files_that_have_some():
    assert len(names_taken_apart(parsed(ROOT / "naming.py"))) > 4
    for place in OTHER_STRINGS:
        mine = [p for p in modules() if room(p) == place or p.relative_to(ROOT).as_posix() == place]
        assert any(names_taken_apart(parsed(p)) for p in mine), place


# -- classes -----------------------------------------------------------------------------------------------------------
#: what both towers have: a piece of a tree of the user's, and the same of an expression of the program
IN_BOTH_TOWERS = {"Op", "Call", "While"}


def classes(path: Path) -> list[str]:
    """Names of the classes that a module defines."""
    return [n.name for n in ast.walk(parsed(path)) if isinstance(n, ast.ClassDef)]


def test_a_class_has_a_name_of_its_own():
    where: dict[str, Path] = {}
    for path in modules():
        for name in classes(path):
            if name not in IN_BOTH_TOWERS:
                assert where.setdefault(name, path) == path, f"{name} is defined in {where[name]} and in {path}"


def test_a_class_of_both_towers_is_defined_once_in_each():
    for name in IN_BOTH_TOWERS:
        assert [room(p) for p in modules() for n in classes(p) if n == name] == ["ir", "language"], name


# -- questions ---------------------------------------------------------------------------------------------------------
#: of the towers and the bridge, files that ask by a name what no class of another room could answer: what they ask
BY_NAME = {
    "language/refusals.py": "Python's own errors, where they are",
    "model/algebra.py": "SymPy for its functions",
    "model/equations.py": "values of the user's, with and without a unit",
    "model/single_equation.py": "an equation for all of its fields",
    "integrators/adaptive.py": "options of a method for their fields",
    "integrators/choose.py": "functions of the user's for their names",
    "ir/library.py": "a library in C for its functions",
    "ir/trees.py": "nodes for their fields",
    "targets/jax_scan.py": "a layout for its fields",
    "targets/jax_step.py": "JAX for its functions",
}
ASKING = {"getattr", "hasattr", "vars"}


def asked_by_name(tree: ast.AST) -> list[str]:
    """Questions to others whether they have something; `getattr` of oneself is none."""
    return [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            and n.func.id in ASKING and ast.unparse(n.args[0]) not in ("self", "type(self)")]


def test_rooms_of_the_towers_ask_nobody_whether_they_have_something():
    towers = {*LEFT, *RIGHT, "lowering", "pipeline"} - {"units"}     # units ask whatever NumPy is given
    asking = {p.relative_to(ROOT).as_posix(): asked_by_name(parsed(p)) for p in modules() if room(p) in towers}
    assert {mine: found for mine, found in asking.items() if found and mine not in BY_NAME} == {}
    assert all(asking[mine] for mine in BY_NAME)


# -- the wing of objects -----------------------------------------------------------------------------------------------
#: each room imports from those before it
WING = ["looks", "names", "groups", "neurons", "synapses", "recorders", "runs", "gradients", "network"]
#: the longest file that is still one idea
LONGEST = 450
#: questions to things that are not ours, where no class of the house could answer: file → its first words, and why
QUESTIONS = {
    "names/functions.py": "marks that decorators leave on the user's Python functions",
    "names/implementations.py": "marks that decorators leave on the user's Python functions",
    "groups/equation_group.py": "groups of the user's own, as `Equations.check_units` takes them",
    "groups/variables.py": "a view hands on whatever is asked of an array",
    "recorders/state_monitor.py": "a view hands on whatever is asked of its monitor",
    "synapses/connect.py": "probabilities with and without a unit",
    "synapses/pathway.py": "delays without a unit",
    "runs/sweep.py": "what the user gives a sweep: a cluster, a function, names of outputs",
    "network/describe.py": "the name of the user's Python function",
    "network/devices.py": "a device hands on whatever is asked of it",
}
#: names of Python and of notebooks that begin with an underscore
PUBLIC = {"_getframe", "_repr_latex_", "_repr_html_"}
#: marks on the user's functions, as Brian 2 has them
MARKS = {"_arg_types", "_return_type", "_annotation_attributes"}


@cache
def wing() -> list[Path]:
    return [p for p in modules() if room(p) == "objects" and p.parent.name != "objects"]


def wing_room(path: Path) -> str:
    """The room of a module within ``objects/``."""
    return path.relative_to(ROOT / "objects").parts[0]


def test_arrows_between_the_rooms_of_objects_point_down():
    """Also those that are for type checkers only."""
    assert {wing_room(p) for p in wing()} == set(WING)
    for path in wing():
        for name in all_imports(path):
            parts = name.split(".")
            if parts[:2] == ["brainsim", "objects"] and len(parts) > 2:
                assert WING.index(parts[2]) <= WING.index(wing_room(path)), f"{name_of(path)} must not import {name}"


@pytest.mark.parametrize("inside", WING)
def test_a_room_of_objects_has_no_circle_even_for_types(inside):
    edges = {name_of(p): set(all_imports(p)) for p in wing() if wing_room(p) == inside}

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module):], module))
        for other in edges[module] & edges.keys():
            visit(other, (*path, module))

    for module in edges:
        visit(module, ())


def test_files_of_objects_hold_one_idea():
    assert not {name_of(p): n for p in wing() if (n := len(p.read_text("utf-8").splitlines())) > LONGEST}


def test_objects_are_not_asked_whether_they_have_something():
    """A class says what can be asked of it; `getattr` of oneself, by a name that the user gave, is no question."""
    for path in wing():
        if path.relative_to(ROOT / "objects").as_posix() in QUESTIONS:
            continue
        for n in ast.walk(parsed(path)):
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in ("getattr", "hasattr", "vars"):
                assert ast.unparse(n.args[0]) in ("self", "type(self)", "self._clock"), \
                    f"{path.name}:{n.lineno}: {ast.unparse(n)}"


@cache
def names_of_room(inside: str) -> frozenset[str]:
    """Attributes, functions and methods that a room defines."""
    made = set()
    for n in (n for p in wing() if wing_room(p) == inside for n in ast.walk(parsed(p))):
        if isinstance(n, ast.FunctionDef):
            made.add(n.name)
        targets = n.targets if isinstance(n, ast.Assign) else [n.target] if isinstance(n, ast.AnnAssign) else []
        for x in (x for t in targets for x in ast.walk(t)):
            if isinstance(x, ast.Name):
                made.add(x.id)
            elif isinstance(x, ast.Attribute) and ast.unparse(x.value) == "self":
                made.add(x.attr)
    return frozenset(made)


def test_private_names_stay_in_their_room():
    for path in wing():
        for n in ast.walk(parsed(path)):
            if isinstance(n, ast.Attribute) and n.attr.startswith("_") and not n.attr.startswith("__"):
                mine = ast.unparse(n.value) in ("self", "cls", "super()") or n.attr in names_of_room(wing_room(path))
                assert mine or n.attr in PUBLIC | MARKS, f"{path.name}:{n.lineno}: {ast.unparse(n)}"
