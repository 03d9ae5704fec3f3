"""One variable under two names in a block of synaptic code: ``v`` and ``v_post``.

A block takes the value of each *name* before its first statement and gives back what was assigned to that name: after
``v += 1*mV``, ``v_post`` is still the value from before. Written under two names, one of the results would be lost;
that is refused.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from brainsim.errors import WrongSyntax
from brainsim.language.trees import Assign, Name, Tree, names, rebuild
from brainsim.model.symbols import Scope


def settle_aliases(statements: Iterable[Assign], scope: Scope) -> tuple[tuple[Assign, ...], dict[str, str]]:
    """The statements, after those that keep a value under the name it is read by; and which name is written, for each
    such name.

    Raises `WrongSyntax` where a variable is written under two names.
    """
    statements = tuple(statements)
    written: dict[object, str] = {}
    for s in statements:
        place = _place(s.target, scope)
        if place is not None and written.setdefault(place, s.target) != s.target:
            raise WrongSyntax(f"'{s.target}' and '{written[place]}' are one variable", at=s.target_span or s.span,
                              help=f"write it by one name: {written[place]}")
    read = set().union(*(names(s.value) for s in statements)) - {s.target for s in statements}
    aliases = {n: written[_place(n, scope)] for n in sorted(read) if _place(n, scope) in written}
    kept = {n: f"_{n}_before" for n in aliases}
    first = tuple(Assign(local, "=", Name(n)) for n, local in kept.items())
    return first + tuple(_renamed(s, kept) for s in statements), aliases


def _place(name: str, scope: Scope) -> object:
    """Which value a name stands for; None unless it is one in memory."""
    symbol = scope.own.get(name)
    return (symbol.program, symbol.via(scope.path).path) if symbol is not None and symbol.kind == "array" else None


def _renamed(s: Assign, kept: Mapping[str, str]) -> Assign:
    def change(node: Tree) -> Tree:
        return Name(kept[node.id], node.span) if isinstance(node, Name) and node.id in kept else node

    return Assign(s.target, s.op, rebuild(s.value, change), s.span, s.target_span) if names(s.value) & set(kept) else s
