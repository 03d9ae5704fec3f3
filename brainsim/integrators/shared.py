"""Calls that an update would evaluate twice get a temporary."""
from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import replace

from brainsim.integrators.system import Update
from brainsim.language.trees import Assign, Call, Name, Op, Tree, While, calls, walk


def share(update: Update, stateful: frozenset[str]) -> Update:
    """The update with each repeated call, and each repeated expression that contains one, evaluated once.

    Safe over the whole block because variables are assigned only at its end. Calls of stateful functions, ``randn`` of
    the noise included, are never shared.
    """
    return replace(update, statements=_shared(update.statements, stateful | {"randn", "rand"}))


def _shared(statements: tuple[Assign | While, ...], random: frozenset[str]) -> tuple[Assign | While, ...]:
    if any(isinstance(s, While) for s in statements):   # what a loop assigns means another value after it
        return tuple(replace(s, body=_plain(s.body, random)) if isinstance(s, While) else s for s in statements)
    return _plain(tuple(s for s in statements if isinstance(s, Assign)), random)


def _plain(statements: tuple[Assign, ...], random: frozenset[str]) -> tuple[Assign, ...]:
    counts = Counter(node for s in statements for node in set(walk(s.value)) | _twice(s.value))
    counts.update(node for s in statements for node in _twice(s.value))
    worth = {
        n for n, count in counts.items()
        if isinstance(n, (Op, Call)) and count > 1 and calls(n) and not calls(n) & random
    }
    return _rewritten(statements, worth) if worth else statements


def _twice(tree: Tree) -> set[Tree]:
    return {node for node, count in Counter(walk(tree)).items() if count > 1}


def _rewritten(statements: tuple[Assign, ...], worth: Set[Op | Call]) -> tuple[Assign, ...]:
    result: list[Assign] = []
    names: dict[Tree, Name] = {}

    def change(tree: Tree) -> Tree:
        if tree in names:
            return names[tree]
        if not isinstance(tree, (Op, Call)):
            return tree
        changed = replace(tree, args=tuple(change(a) for a in tree.args))
        if tree not in worth:
            return changed
        names[tree] = Name(f"_shared_{len(names) + 1}")
        result.append(Assign(names[tree].id, "=", changed))
        return names[tree]

    for statement in statements:
        value = statement.value
        own = value in worth and value not in names and statement.target.startswith("_")
        if own and isinstance(value, (Op, Call)):
            names[value], value = Name(statement.target), replace(value, args=tuple(change(a) for a in value.args))
        else:
            value = change(value)
        result.append(replace(statement, value=value))
    return tuple(result)
