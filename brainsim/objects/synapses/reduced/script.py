"""What the user's own files look at: found by reading them, so that values they ask for after a run are still there."""
from __future__ import annotations

import ast
import linecache
import os
import site
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType

from brainsim.objects.names.namespace import PACKAGE

#: calls that take the name of a variable as a string
BY_NAME = frozenset({"getattr", "state", "StateMonitor", "get_states"})
EVERYTHING = "*"


Source = tuple[str, float]
"""A file and its age."""


@dataclass(frozen=True)
class Line:
    """A line of a file of the user's."""

    number: int
    file: str

    def __str__(self) -> str:
        return f"line {self.number} of {os.path.basename(self.file)}"


def looks_at(thing: object, names: frozenset[str]) -> dict[str, Line]:
    """Which of the attributes ``names`` of an object the user's files read, by ``thing.name`` or by a string, and where
    first.

    The files are those on the stack, the main program, and modules beside them. An attribute of a name that stands for
    another object does not count; one of a name whose object is not known does.
    """
    return said_by(files(), _attributes, thing, names)


def said_by(sources: Iterable[tuple[FrameType | None,
                                    Source]], say: Callable[[str, float], Mapping[tuple[str, str], int]], thing: object,
            names: frozenset[str]) -> dict[str, Line]:
    """Of what is said in files of attributes of objects, (object as written or empty, attribute) → line, that about
    ``thing`` and ``names``."""
    found: dict[str, Line] = {}
    for frame, source in sources:
        for (base, attribute), line in sorted(say(*source).items(), key=lambda x: x[1]):
            if attribute == EVERYTHING or attribute in names:
                other = _value(frame, base) if base.isidentifier() else None
                if other is None or other is thing:
                    for name in names if attribute == EVERYTHING else [attribute]:
                        found.setdefault(name, Line(line, source[0]))
    return found


def _value(frame: FrameType | None, name: str) -> object:
    if frame is None:
        return None
    return frame.f_locals.get(name, frame.f_globals.get(name))


def files() -> Iterator[tuple[FrameType | None, Source]]:
    """The user's files, those on the stack with their frame."""
    seen: set[str] = set()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name not in seen and not _foreign(name):
            seen.add(name)
            yield frame, (name, _age(name))
        frame = frame.f_back
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None) or ""
        if name.endswith(".py") and name not in seen and not _foreign(name):
            seen.add(name)
            yield None, (name, _age(name))


@lru_cache(maxsize=None)
def _foreign(name: str) -> bool:
    """Whether a file belongs to Python, to an installed package, or to brainsim."""
    return name.startswith(_installed()) or name.startswith("<frozen")


@lru_cache(maxsize=None)
def _installed() -> tuple[str, ...]:
    """Folders of Python, of installed packages, and of brainsim."""
    installed = {sysconfig.get_path(p) for p in ("stdlib", "platstdlib", "purelib", "platlib")
                 } | {*site.getsitepackages(), site.getusersitepackages()}
    return PACKAGE, *(p + os.sep for p in installed)


def _age(name: str) -> float:
    try:
        return os.stat(name).st_mtime
    except OSError:
        return 0.0


def tree_of(name: str) -> ast.Module | None:
    """The syntax tree of a file; None for one that cannot be read."""
    try:
        return ast.parse("".join(linecache.getlines(name)))
    except (SyntaxError, ValueError):
        return None


@lru_cache(maxsize=256)
def _attributes(name: str, age: float) -> dict[tuple[str, str], int]:
    """Pairs (name of the object or empty, attribute read) in a file, with the first line; nothing for a file that
    cannot be read."""
    tree = tree_of(name)
    found: dict[tuple[str, str], int] = {}

    def add(base: str, attribute: str, line: int) -> None:
        found[base, attribute] = min(line, found.get((base, attribute), line))

    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            add(base, EVERYTHING if node.attr == "get_states" else node.attr.removesuffix("_"), node.lineno)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            base = node.target.value.id if isinstance(node.target.value, ast.Name) else ""
            add(base, node.target.attr.removesuffix("_"), node.lineno)
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(
                node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            for c in ast.walk(node) if called in BY_NAME else ():
                if isinstance(c, ast.Constant) and isinstance(c.value, str):
                    add("", c.value, c.lineno)
    return found
