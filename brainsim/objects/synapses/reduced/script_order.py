"""What the user's own files assign to after a run: their text is followed in the order in which it would be
executed."""
from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from brainsim.objects.synapses.reduced.script import Line, files, said_by, tree_of

RUN = "run"
EVERYTHING = "*"
Assigned = tuple[str, str]
"""The object as written, and the attribute."""


def assigned_after_run(thing: object, names: frozenset[str]) -> dict[str, Line]:
    """Which of the attributes ``names`` of an object the user's files assign to after a run, and where first.

    A loop is followed twice, a function where it is called. A function that nobody calls in its own file may be called
    at any time; what it makes itself is new there.
    """
    return said_by(files(), _assigned, thing, names)


@lru_cache(maxsize=256)
def _assigned(name: str, age: float) -> dict[Assigned, int]:
    tree = tree_of(name)
    if tree is None:
        return {}
    reading = _Reading(_functions(tree))
    reading.follow(tree.body)
    reading.ran = True
    for function in dict.fromkeys(f for some in reading.functions.values() for f in some):
        if function not in reading.called:
            reading.new.clear()
            reading.follow(function.body)
    return reading.found


def _functions(tree: ast.AST) -> dict[str, list[ast.FunctionDef]]:
    """Functions and methods by name; a class stands for its ``__init__``."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ClassDef):
            found.setdefault(node.name,
                             []).extend(m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__")
    return found


@dataclass
class _Reading:
    """How far the text has been followed: whether there was a run, and which names stand for what was made after it."""

    functions: dict[str, list[ast.FunctionDef]]
    ran: bool = False
    new: set[str] = field(default_factory=set)
    called: set[ast.FunctionDef] = field(default_factory=set)
    inside: list[ast.FunctionDef] = field(default_factory=list)
    found: dict[Assigned, int] = field(default_factory=dict)
    done: set[tuple[ast.FunctionDef, bool, frozenset[str]]] = field(default_factory=set)

    def follow(self, code: Iterable[ast.AST]) -> None:
        """Follow statements or expressions, one after the other."""
        for node in code:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    pass
                case ast.For(body=body, iter=head) | ast.While(body=body, test=head):
                    self.follow([head, *body, *body, *node.orelse])
                case ast.Assign(targets=targets, value=value):
                    self.follow([value])
                    self._targets(targets, value)
                case ast.AugAssign(target=target, value=value) | ast.AnnAssign(target=target, value=value):
                    self.follow([value] if value is not None else [])
                    self._targets([target], value)
                case ast.Call():
                    self.follow(ast.iter_child_nodes(node))
                    self._call(node)
                case _:
                    self.follow(ast.iter_child_nodes(node))

    def _targets(self, targets: Iterable[ast.expr], value: ast.expr | None) -> None:
        for target in _single(targets):
            if isinstance(value, ast.Call) and _called(value)[:1].isupper():       # a class
                self.new.add(ast.unparse(target))
            while isinstance(target, ast.Subscript):
                target = target.value
            if isinstance(target, ast.Attribute):
                self._assign(ast.unparse(target.value), target.attr.removesuffix("_"), target.lineno)

    def _assign(self, base: str, attribute: str, line: int) -> None:
        if self.ran and base not in self.new:
            self.found.setdefault((base, attribute), line)

    def _call(self, node: ast.Call) -> None:
        name = _called(node)
        if name == "setattr" and len(node.args) == 3 and isinstance(node.args[1], ast.Constant):
            self._assign(ast.unparse(node.args[0]), str(node.args[1].value).removesuffix("_"), node.lineno)
        if name == "setattr" and len(node.args) == 3 and not isinstance(node.args[1], ast.Constant):
            self._assign(ast.unparse(node.args[0]), EVERYTHING, node.lineno)
        if name == "set_states" and isinstance(node.func, ast.Attribute):
            self._assign(ast.unparse(node.func.value), EVERYTHING, node.lineno)
        for function in self.functions.get(name, ()):
            self.called.add(function)
            state = function, self.ran, frozenset(self.new)
            if function not in self.inside and state not in self.done:
                self.done.add(state)
                self.inside.append(function)
                self.follow(function.body)
                self.inside.pop()
        if name == RUN:
            self.ran = True
            self.new.clear()


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func,
                                      ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _single(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from _single(target.elts)
        else:
            yield target
