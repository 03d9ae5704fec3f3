"""``docs/compatibility.rst``, written from the tests: ``python -m tests.features.page``. Reads the tests, runs none."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.features.table import FEATURES, SECTIONS, Feature

TESTS = Path(__file__).resolve().parent.parent
PAGE = TESTS.parent / "docs" / "compatibility.rst"
HEAD = """Compatibility with Brian 2
==========================

.. This page is written by ``python -m tests.features.page`` and compared with the tests by
   ``tests/features/test_page.py``.

What scripts for Brian 2 use, how many need it (A nearly all, B many, C some, D few), whether it works here, and the
tests that say so. *Targets* names those that the tests ran on; *any* means that no target has a part in it. Notes say
where brainsim differs.

{count}

To run the tests of one feature, give their names to pytest: ``pytest tests -k NAME_OF_A_TEST``.
"""


@dataclass(frozen=True)
class Claim:
    """A test that stands for features."""

    file: str
    name: str
    features: tuple[str, ...]
    on_targets: bool


def claims() -> list[Claim]:
    """All tests with the mark ``feature``, in order of files and lines; `KeyError` for a feature that is in no
    table."""
    found = []
    for path in sorted(TESTS.rglob("test_*.py")):
        on_targets = _takes_target(path.parent / "conftest.py")
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                marks = dict(_marks(node))
                arguments = {a.arg for a in node.args.args}
                if "feature" in marks:
                    unknown = [f for f in marks["feature"] if f not in FEATURES]
                    if unknown:
                        raise KeyError(f"{path.name}: {node.name} stands for '{unknown[0]}', which is not in "
                                       f"tests/features/table.py")
                    found.append(Claim(path.relative_to(TESTS).as_posix(), node.name, marks["feature"],
                                       "target" in arguments or on_targets and "one_target" not in marks))
    return found


def _marks(node: ast.FunctionDef) -> Iterator[tuple[str, tuple[str, ...]]]:
    """``@pytest.mark.NAME("text", ...)`` as name and texts."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        target = call.func if call else decorator
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "pytest.mark":
            texts = [a.value for a in call.args if isinstance(a, ast.Constant)
                     and isinstance(a.value, str)] if call else []
            yield target.attr, tuple(texts)


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [n for n in ast.parse(path.read_text("utf-8")).body
            if isinstance(n, ast.FunctionDef)] if path.is_file() else []


def _takes_target(conftest: Path) -> bool:
    """Whether every test of a folder runs on each target."""
    return any("autouse=True" in ast.unparse(d) for f in _functions(conftest) for d in f.decorator_list
               if "target" in {a.arg for a in f.args.args})


def targets() -> str:
    """What the fixture ``target`` goes through where nothing else is asked for."""
    given = next(n for n in ast.parse((TESTS / "conftest.py").read_text("utf-8")).body if isinstance(n, ast.Assign)
                 and ast.unparse(n.targets[0]) == "TARGETS")
    call = next(n for n in ast.walk(given) if isinstance(n, ast.Call) and len(n.args) == 2)
    return ast.literal_eval(call.args[1]).replace(",", ", ")


def page(found: list[Claim]) -> str:
    """The text of the page."""
    by_feature: dict[str, list[Claim]] = {name: [] for name in FEATURES}
    for claim in found:
        for name in claim.features:
            by_feature[name].append(claim)
    every = targets()
    text = [HEAD.format(count=_count(by_feature))]
    for title, rows in SECTIONS.items():
        text.append(f"{title}\n{'-' * len(title)}\n")
        text.append(".. list-table::\n   :header-rows: 1\n   :widths: 28 6 16 12 38\n")
        text += _row("Feature", "Prio", "State", "Targets", ["Tests"])
        for feature in rows:
            mine = by_feature[feature.name]
            where = every if any(c.on_targets for c in mine) else "any" if mine else ""
            text += _row(feature.name, feature.priority, _state(feature, mine), where,
                         [f"``{c.name}`` ({c.file})" for c in mine])
        text.append("")
    return "\n".join(text)


def _row(name: str, priority: str, state: str, where: str, tests: list[str]) -> list[str]:
    cells = [name, priority, state, where]
    lines = [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(cells)]
    return lines + [f"     {'-' if k == 0 else ' '} {'| ' if len(tests) > 1 else ''}{test}".rstrip()
                    for k, test in enumerate(tests or [""])]


def _state(feature: Feature, found: list[Claim]) -> str:
    state = "not yet" if not feature.built else "works" if found else "untested"
    return f"{state}; {feature.note}" if feature.note else state


def _count(by_feature: dict[str, list[Claim]]) -> str:
    lines = []
    for priority in "ABCD":
        mine = [f for f in FEATURES.values() if f.priority == priority]
        lines.append(f"* {priority}: {sum(f.built and bool(by_feature[f.name]) for f in mine)} of {len(mine)} work")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(claims()), "utf-8")
