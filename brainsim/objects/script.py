"""What the user's own files look at: found by reading them, so that values they ask for after a run are still there."""
from __future__ import annotations

import ast
import linecache
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType

from brainsim.objects.namespace import PACKAGE

#: calls that take the name of a variable as a string
BY_NAME = frozenset({"getattr", "state", "StateMonitor", "get_states"})
EVERYTHING = "*"


def looks_at(thing: object, names: frozenset[str]) -> frozenset[str]:
    """Which of the attributes ``names`` of an object the user's files read, by ``thing.name`` or by a string.

    The files are those on the stack, the main program, and modules beside them. An attribute of a name that stands for another object
    does not count; one of a name whose object is not known does.
    """
    found: set[str] = set()
    for frame, source in _files():
        for base, attribute in _attributes(*source):
            if attribute == EVERYTHING or attribute in names:
                other = _value(frame, base) if base else None
                if other is None or other is thing:
                    found |= names if attribute == EVERYTHING else {attribute}
    return frozenset(found)


def _value(frame: FrameType | None, name: str) -> object:
    if frame is None:
        return None
    return frame.f_locals.get(name, frame.f_globals.get(name))


def _files() -> Iterator[tuple[FrameType | None, tuple[str, float]]]:
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
    installed = {sysconfig.get_path(p) for p in ("stdlib", "platstdlib", "purelib", "platlib")} | {*site.getsitepackages(), site.getusersitepackages()}
    return PACKAGE, *(p + os.sep for p in installed)


def _age(name: str) -> float:
    try:
        return os.stat(name).st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=256)
def _attributes(name: str, age: float) -> frozenset[tuple[str, str]]:
    """Pairs (name of the object or empty, attribute read) in a file; nothing for a file that cannot be read."""
    try:
        tree = ast.parse("".join(linecache.getlines(name)))
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            if isinstance(node.ctx, ast.Load):
                found.add((base, EVERYTHING if node.attr == "get_states" else node.attr.removesuffix("_")))
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            base = node.target.value.id if isinstance(node.target.value, ast.Name) else ""
            found.add((base, node.target.attr.removesuffix("_")))
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if called in BY_NAME:
                found |= {("", c.value) for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return frozenset(found)

