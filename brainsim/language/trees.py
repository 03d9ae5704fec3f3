"""The trees that user text becomes: expressions, assignments, equations. All immutable; a span never takes part in
equality."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from brainsim.errors import Span


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; its Python type (bool, int, float) is its type in the language."""

    value: float | int | bool
    span: Span | None = field(default=None, compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written; what it means is settled by the model."""

    id: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Op:
    """An operator: ``+ - * / // % ** neg not and or < <= > >= == != select``; ``select`` is (condition, if true, if
    false)."""

    op: str
    args: tuple[Tree, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to arguments."""

    function: str
    args: tuple[Tree, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


Tree = Number | Name | Op | Call
"""An expression."""


@dataclass(frozen=True, slots=True)
class Assign:
    """One statement: ``target op value`` with op one of ``= += -= *= /= //= %= **=``."""

    target: str
    op: str
    value: Tree
    span: Span | None = field(default=None, compare=False, repr=False)
    target_span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class While:
    """Statements repeated while a condition holds; made by integrators, never written by users."""

    condition: Tree
    body: tuple[Assign, ...]
    span: None = None


def children(tree: Tree) -> tuple[Tree, ...]:
    """The direct sub-expressions."""
    return tree.args if isinstance(tree, (Op, Call)) else ()


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and all its sub-expressions, outermost first."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def names(tree: Tree) -> frozenset[str]:
    """All names that occur in an expression (functions are not names)."""
    return frozenset(node.id for node in walk(tree) if isinstance(node, Name))


def calls(tree: Tree) -> frozenset[str]:
    """All functions called in an expression."""
    return frozenset(node.function for node in walk(tree) if isinstance(node, Call))


def rebuild(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """Apply ``change`` bottom-up; what does not change stays the same object."""
    if isinstance(tree, (Op, Call)):
        args = tuple(rebuild(a, change) for a in tree.args)
        if any(a is not b for a, b in zip(args, tree.args)):
            tree = replace(tree, args=args)
    return change(tree)


def with_values(statement: "Assign | While", change: Callable[[Tree], Tree]) -> "Assign | While":
    """A statement with ``change`` applied to every expression in it."""
    if isinstance(statement, While):
        return While(change(statement.condition), tuple(replace(s, value=change(s.value)) for s in statement.body))
    return replace(statement, value=change(statement.value))


def substitute(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """Replace names by trees."""
    return rebuild(tree, lambda node: values.get(node.id, node) if isinstance(node, Name) else node)
