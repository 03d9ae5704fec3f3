"""Calls that an update would evaluate twice get a temporary."""
from __future__ import annotations

from collections import Counter
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
        return tuple(replace(s, body=_shared(s.body, random)) if isinstance(s, While) else s for s in statements)
    counts = Counter(node for s in statements for node in set(walk(s.value)) | _twice(s.value))
    counts.update(node for s in statements for node in _twice(s.value))
    worth = {
        n for n, count in counts.items()
        if count > 1 and calls(n) and not calls(n) & random and isinstance(n, (Op, Call))
    }
    return _rewritten(statements, worth) if worth else statements


def _twice(tree: Tree) -> set[Tree]:
    return {node for node, count in Counter(walk(tree)).items() if count > 1}


def _rewritten(statements: tuple[Assign, ...], worth: set[Tree]) -> tuple[Assign, ...]:
    result: list[Assign] = []
    names: dict[Tree, Name] = {}

    def change(tree: Tree) -> Tree:
        if tree in names:
            return names[tree]
        changed = replace(tree, args=tuple(change(a) for a in tree.args)) if isinstance(tree, (Op, Call)) else tree
        if tree not in worth:
            return changed
        names[tree] = Name(f"_shared_{len(names) + 1}")
        result.append(Assign(names[tree].id, "=", changed))
        return names[tree]

    for statement in statements:
        if statement.value in worth and statement.value not in names and statement.target.startswith("_"):
            value = replace(statement.value, args=tuple(change(a) for a in statement.value.args))
            names[statement.value] = Name(statement.target)
        else:
            value = change(statement.value)
        result.append(replace(statement, value=value))
    return tuple(result)
