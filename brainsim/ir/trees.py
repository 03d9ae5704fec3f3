"""Walking and rebuilding trees of expressions and statements."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import Field, fields, replace
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from brainsim.ir.expressions import Draw, Expr, Foreign, Load, Local, Op
from brainsim.ir.statements import If, Statement, While

Change = Callable[[Any], Any]
"""A node → the node that stands in its place: an expression for an expression, a statement for a statement."""


class Node(Protocol):
    """An expression, a statement or a domain: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


AnyNode = TypeVar("AnyNode", bound=Node)


@cache
def _parts(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node that hold nodes."""
    return tuple(f.name for f in fields(kind) if any(x in str(f.type) for x in ("Expr", "Statement", "Let")))


def children(node: Node) -> list[Expr | Statement]:
    """Direct sub-expressions and sub-statements of these, and of a domain."""
    found: list[Expr | Statement] = []
    for name in _parts(type(node)):
        value = getattr(node, name)
        if type(value) is tuple:
            found += value
        else:
            found.append(value)
    return found


def walk(node: Expr | Statement) -> Iterator[Expr | Statement]:
    """The node and everything below it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)[::-1]


def with_children(node: AnyNode, change: Change) -> AnyNode:
    """The node with ``change`` applied to its direct sub-expressions and sub-statements; where none changes, the same
    object."""
    new: dict[str, Any] = {}
    for name in _parts(type(node)):
        value = getattr(node, name)
        if type(value) is tuple:
            items = tuple([change(item) for item in value])
            made: object = value if all(a is b for a, b in zip(items, value)) else items
        else:
            made = change(value)
        if made is not value:
            new[name] = made
    whole: Any = node         # a frozen dataclass, as all nodes are
    return replace(whole, **new) if new else node


def rebuild(node: AnyNode, change: Change) -> AnyNode:
    """Apply ``change`` bottom-up to expressions and statements; what does not change stays the same object."""
    made: Any = with_children(node, lambda inner: rebuild(inner, change))
    whole: Any = change(made) if isinstance(made, (Expr, Statement)) else made
    return whole


def own_element(expr: Expr) -> bool:
    """Whether an index is the running element itself."""
    return isinstance(expr, Local) and expr.name == "i"


def own_place(index: Expr) -> bool:
    """Whether an index is the running element, or so many places further on for all elements alike."""
    match index:
        case Op("+", (far, near)):
            return own_element(near) and not any(
                isinstance(n, (Load, Draw, Foreign)) or isinstance(n, Expr) and own_element(n) for n in walk(far))
    return own_element(index)


def statements(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """All statements, those inside `If` and `While` included."""
    for statement in body:
        yield statement
        if isinstance(statement, (If, While)):
            yield from statements(statement.body)


def free_locals(node: Expr | Statement) -> frozenset[str]:
    """Names of the locals used in a tree."""
    return frozenset([n.name for n in walk(node) if isinstance(n, Local)])
