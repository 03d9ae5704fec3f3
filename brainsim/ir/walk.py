"""Derived facts about programs: what a kernel reads, writes and appends to. Functions, never stored."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeVar

from brainsim.ir.expressions import Draw, Expr, Foreign, Load, Local, Op, Scalar
from brainsim.ir.program import (
    Append,
    Clear,
    Domain,
    Each,
    Events,
    FanOut,
    If,
    Kernel,
    Program,
    RandomRows,
    Range,
    Statement,
    Store,
    While,
)

Node = TypeVar("Node", Expr, Statement, Domain)
_FIELDS: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in fields(kind))
    return _FIELDS[kind]


def children(node: object) -> Iterator[Expr | Statement]:
    """Direct sub-expressions and sub-statements."""
    for name in _names(type(node)):
        value = getattr(node, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, (Expr, Statement)):
                yield item


def walk(node: object) -> Iterator[object]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def rebuild(node: Node, change: Callable[[Expr | Statement], Expr | Statement]) -> Node:
    """Apply ``change`` bottom-up to expressions and statements; what does not change stays the same object."""
    new: dict[str, object] = {}
    for name in _names(type(node)):
        value = getattr(node, name)
        if isinstance(value, tuple) and value and isinstance(value[0], (Expr, Statement)):
            items = tuple(rebuild(item, change) for item in value)
            if any(a is not b for a, b in zip(items, value)):
                new[name] = items
        elif isinstance(value, (Expr, Statement)):
            item = rebuild(value, change)
            if item is not value:
                new[name] = item
    if new:
        node = replace(node, **new)  # type: ignore[type-var]
    return change(node) if isinstance(node, (Expr, Statement)) else node  # type: ignore[return-value]


def rebuild_kernel(kernel: Kernel, change: Callable[[Expr | Statement], Expr | Statement]) -> Kernel:
    """`rebuild` over a kernel's domain, prologue and body."""
    return replace(
        kernel,
        domain=rebuild(kernel.domain, change),
        prologue=tuple(rebuild(s, change) for s in kernel.prologue),
        body=tuple(rebuild(s, change) for s in kernel.body),
    )


def nodes(kernel: Kernel) -> Iterator[object]:
    """All nodes of a kernel, domain first."""
    for child in children(kernel.domain):
        yield from walk(child)
    for statement in (*kernel.prologue, *kernel.body):
        yield from walk(statement)


def reads(kernel: Kernel) -> frozenset[str]:
    """Arrays and queues whose values the kernel uses."""
    found = {n.array for n in nodes(kernel) if isinstance(n, Load)}
    found |= {n.array for n in nodes(kernel) if isinstance(n, Store) and n.op != "="}
    match kernel.domain:
        case Events(queue, _):
            found.add(queue)
        case FanOut(queue, _, starts, ids):
            found |= {queue, starts} | ({ids} if ids else set())
        case RandomRows():
            found |= {kernel.domain.queue, kernel.domain.gaps, kernel.domain.guide}
    return frozenset(found)


def writes(kernel: Kernel) -> frozenset[str]:
    """Arrays and queues the kernel changes."""
    found = {n.array for n in nodes(kernel) if isinstance(n, Store)}
    return frozenset(found | {n.queue for n in nodes(kernel) if isinstance(n, (Append, Clear))})


def appends(kernel: Kernel) -> dict[str, int]:
    """For each queue the kernel appends to, how many values one element can add."""
    found: dict[str, int] = {}
    for node in nodes(kernel):
        if isinstance(node, Append):
            found[node.queue] = found.get(node.queue, 0) + 1
    return found


def touched_queues(kernel: Kernel) -> frozenset[str]:
    """Queues the kernel reads, appends to or clears."""
    found = {n.queue for n in nodes(kernel) if isinstance(n, (Append, Clear))}
    if isinstance(kernel.domain, (Events, FanOut, RandomRows)):
        found.add(kernel.domain.queue)
    return frozenset(found)


def scalars(kernel: Kernel) -> tuple[Scalar, ...]:
    """The scalars that the kernel uses, in the order of their first use."""
    return tuple(dict.fromkeys(n for n in nodes(kernel) if isinstance(n, Scalar)))


def draws(kernel: Kernel) -> bool:
    """Whether the kernel uses random numbers."""
    return any(isinstance(n, Draw) for n in nodes(kernel))


def calls_python(kernel: Kernel, natives: frozenset[str] = frozenset()) -> bool:
    """Whether the kernel calls a function of the user's other than these, which are compiled."""
    return any(isinstance(n, Foreign) and n.function not in natives for n in nodes(kernel))


def native_functions(program: Program) -> frozenset[str]:
    """The functions of the user's that are compiled into a program."""
    return frozenset(n.function for n in program.natives)


def own_element(expr: Expr) -> bool:
    """Whether an index is the running element itself."""
    return isinstance(expr, Local) and expr.name == "i"


def own_place(index: Expr) -> bool:
    """Whether an index is the running element, or so many places further on for all elements alike."""
    match index:
        case Op("+", (far, near)):
            return own_element(near) and not any(
                isinstance(n, (Load, Draw, Foreign)) or own_element(n) for n in walk(far))  # type: ignore[arg-type]
    return own_element(index)


def touches_only_own_element(kernel: Kernel) -> bool:
    """Whether every array access is to the running element's own place (or to a place of an array that nobody in the
    kernel writes)."""
    places: dict[str, set[Expr]] = {}
    for node in nodes(kernel):
        if isinstance(node, (Load, Store)):
            places.setdefault(node.array, set()).add(node.index)
    written = {n.array for n in nodes(kernel) if isinstance(n, Store)}
    return all(len(places[array]) == 1 and own_place(next(iter(places[array]))) for array in written)


def order_free(kernel: Kernel) -> bool:
    """Whether running statement by statement over all elements gives the same as element by element (R27-R29).

    True when every array written is reached only at the running element itself (each element occurs once), or is only
    accumulated into (one and the same of ``+= -= *=``) and never read, or only overwritten and never read (the last
    wins).
    """
    stores: dict[str, set[str]] = {}
    loads: set[str] = set()
    places: dict[str, set[Expr]] = {}
    for node in nodes(kernel):
        if isinstance(node, (Load, Store)):
            places.setdefault(node.array, set()).add(node.index)
        if isinstance(node, Store):
            stores.setdefault(node.array, set()).add("+=" if node.op == "-=" else node.op)
        elif isinstance(node, Load):
            loads.add(node.array)
    for array, kinds in stores.items():
        if len(places[array]) == 1 and own_place(next(iter(places[array]))):
            continue
        if array in loads or len(kinds) > 1 or len({own_element(p) for p in places[array]}) > 1 or next(
                iter(kinds)) not in ("=", "+=", "*="):
            return False
    return True


def is_elementwise(domain: Domain) -> bool:
    """Whether the domain visits the elements of a space in order."""
    return isinstance(domain, (Each, Range))


def statements(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """All statements, those inside `If` and `While` included."""
    for statement in body:
        yield statement
        if isinstance(statement, (If, While)):
            yield from statements(statement.body)


def free_locals(node: object) -> frozenset[str]:
    """Names of the locals used in a tree."""
    return frozenset(n.name for n in walk(node) if isinstance(n, Local))
