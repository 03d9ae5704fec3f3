"""What the integrators receive and what they give back: a `System` of differential equations, and the `Update` of one
step."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, While, names, walk

DT = Name("dt")
NOT_REFRACTORY = Name("not_refractory")


@dataclass(frozen=True)
class System:
    """Right-hand sides in group order, subexpressions inlined, and what is known about the names and functions in them.

    ``constant`` are names that do not change during a step, ``locally_constant`` calls with `t` that do not either
    (a `TimedArray` on a grid that fits), ``stateful`` functions without a repeatable value, ``conditional`` the
    variables flagged ``(unless refractory)``.
    """

    equations: tuple[tuple[str, Tree], ...]
    constant: frozenset[str] = frozenset()
    locally_constant: frozenset[Tree] = frozenset()
    stateful: frozenset[str] = frozenset()
    conditional: frozenset[str] = frozenset()

    @property
    def variables(self) -> frozenset[str]:
        """The names the differential equations define."""
        return frozenset(x for x, _ in self.equations)

    @property
    def noises(self) -> tuple[str, ...]:
        """The white noises ``xi``, ``xi_...`` in the order they first occur."""
        return tuple(dict.fromkeys(n.id for _, rhs in self.equations for n in walk(rhs) if is_noise(n)))


@dataclass(frozen=True)
class Update:
    """One step as statements: temporaries, then new values (all from old ones), then the assignments of the variables.

    A `While` keeps the same order within: what it leaves to its next round is assigned at its end.
    """

    statements: tuple[Assign | While, ...]
    method: str
    reason: str = ""


def is_noise(node: Tree) -> TypeGuard[Name]:
    """Is this the name of a white noise?"""
    return isinstance(node, Name) and (node.id == "xi" or node.id.startswith("xi_"))


def changing(system: System, tree: Tree) -> frozenset[str]:
    """The names in ``tree``, outside locally constant calls, that may change during a step; differential variables
    included."""
    return names(hide(tree, system.locally_constant)) - system.constant


def draws(system: System, tree: Tree) -> bool:
    """Does evaluating this twice give two different values?"""
    return any(isinstance(node, Call) and node.function in system.stateful for node in walk(tree))


def hide(tree: Tree, atoms: frozenset[Tree]) -> Tree:
    """The tree with each of ``atoms`` replaced by a plain number, so that its inner names do not count."""
    return change_outside(tree, atoms, lambda node: node, Number(1.0)) if atoms else tree


def change_outside(tree: Tree, atoms: frozenset[Tree], change: Callable[[Tree], Tree],
                   atom: Tree | None = None) -> Tree:
    """Apply ``change`` bottom-up but leave ``atoms`` as they are (or put ``atom`` in their place)."""
    if tree in atoms:
        return tree if atom is None else atom
    match tree:
        case Op(op, args, span):
            tree = Op(op, tuple(change_outside(a, atoms, change, atom) for a in args), span)
        case Call(function, args, span):
            tree = Call(function, tuple(change_outside(a, atoms, change, atom) for a in args), span)
    return change(tree)


class Steps:
    """A list of temporaries that grows; equal trees get one name. Names begin with an underscore, which users cannot
    write."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.statements: list[Assign] = []
        self._known: dict[Tree, Name] = {}
        self._taken = set(reserved)

    def let(self, name: str, tree: Tree) -> Tree:
        """A name for the value of ``tree``; names and numbers stay themselves. Not for trees that draw random
        numbers."""
        if isinstance(tree, (Name, Number)):
            return tree
        if tree not in self._known:
            self._known[tree] = self.fresh(name, tree)
        return self._known[tree]

    def fresh(self, name: str, tree: Tree) -> Name:
        """A new name for the value of ``tree``, evaluated here and now."""
        free, number = name, 2
        while free in self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free)
        self.statements.append(Assign(free, "=", tree))
        return Name(free)


def assignments(system: System, new: Mapping[str, Tree]) -> tuple[Assign, ...]:
    """``v = _v_new`` for every variable; a flagged variable keeps its old value while refractory."""
    def value(x: str) -> Tree:
        return Op("select", (NOT_REFRACTORY, new[x], Name(x))) if x in system.conditional else new[x]

    return tuple(Assign(x, "=", value(x)) for x, _ in system.equations)
