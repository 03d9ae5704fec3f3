"""What is computed twice in the body of a loop is computed once."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from brainsim.ir.expressions import Call, Draw, Expr, Foreign, Load, Local, Op, dtype
from brainsim.ir.program import Append, Kernel, Let, Program, Statement, Store
from brainsim.ir.trees import walk, with_children

LEAST = 2
"""Operations that an expression must have to be worth a name of its own."""
Mark = tuple[Expr, tuple[tuple[str, int], ...]]
"""An expression together with how often each array and local in it has been assigned to so far: equal marks, equal
values."""


def share_common(program: Program) -> Program:
    """Name the common subexpressions of every kernel that is a plain list of statements."""
    return replace(program, kernels=tuple(_shared(k) for k in program.kernels))


def _shared(kernel: Kernel) -> Kernel:
    straight = _straight(kernel.body)
    counts: Counter[Mark] = Counter()
    for s, versions in _versions(straight):
        counts.update(_marks(s, versions))
    wanted = {m for m, n in counts.items() if n > 1}
    if not wanted:
        return kernel
    made: dict[Mark, Local] = {}
    body: list[Statement] = []
    for s, versions in _versions(straight):
        body.append(_named(s, versions, wanted, made, body))
    return replace(kernel, body=(*body, *kernel.body[len(straight):]))


def _straight(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements up to the first that branches."""
    for n, s in enumerate(body):
        if not isinstance(s, (Let, Store, Append)):
            return body[:n]
    return body


def _versions(body: tuple[Statement, ...]) -> Iterator[tuple[Statement, dict[str, int]]]:
    """Each statement with the number of assignments before it, by array and local."""
    seen: dict[str, int] = {}
    for s in body:
        yield s, dict(seen)
        if isinstance(s, (Let, Store)):
            name = s.name if isinstance(s, Let) else s.array
            seen[name] = seen.get(name, 0) + 1


def _mark(e: Expr, versions: dict[str, int]) -> Mark | None:
    """None for what is not worth a name or has none of its own."""
    inner = list(walk(e))
    if not isinstance(e, (Op, Call)) or any(isinstance(n, (Draw, Foreign)) for n in inner):
        return None
    if sum(isinstance(n, Op) + 12 * isinstance(n, Call) for n in inner) < LEAST:
        return None
    used = {n.array for n in inner if isinstance(n, Load)} | {n.name for n in inner if isinstance(n, Local)}
    return e, tuple(sorted((name, versions.get(name, 0)) for name in used))


def _marks(s: Statement, versions: dict[str, int]) -> Iterator[Mark]:
    for n in walk(s):
        if isinstance(n, (Op, Call)) and (m := _mark(n, versions)) is not None:
            yield m


def _named(node: Any, versions: dict[str, int], wanted: set[Mark], made: dict[Mark, Local],
           body: list[Statement]) -> Any:
    """The node with wanted expressions replaced by locals, outermost first; their statements are added to the body."""
    mark = _mark(node, versions) if isinstance(node, (Op, Call)) else None
    if mark is not None and mark in wanted:
        if mark not in made:
            value = with_children(node, lambda inner: _named(inner, versions, wanted, made, body))
            local = Local(f"@c{len(made)}", dtype(node))
            body.append(Let(local.name, value))
            made[mark] = local
        return made[mark]
    return with_children(node, lambda inner: _named(inner, versions, wanted, made, body))
