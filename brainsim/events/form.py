"""A network as a hybrid system: what neurons do between events, at their own events and at those that arrive.

Names in these trees are those of the update program (``neurongroup.v``), so one name means one thing in all of them.
``pre `` before a name: the value at the source of a synapse. ``t`` is the time.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from brainsim.language.trees import Assign, Name, Tree, rebuild
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.naming import at_sender, end_index, owner_of

TIME = "t"


@dataclass(frozen=True)
class Piece:
    """Resolved code with names of the program; ``symbols`` are its constants and states by those names."""

    statements: tuple[Assign, ...]
    symbols: Mapping[str, Symbol]


@dataclass(frozen=True)
class Neurons:
    """One group. Between events ``dx/dt = rates(x, params)``; at its own event, ``event > 0``, the ``reset``.

    ``closed``: the exact solution over a span ``dt``, where there is one. ``pace``: rates whose greatest size says how
    finely crossings are looked for along it; empty when there is at most one extremum.
    """

    name: str
    states: tuple[str, ...]
    rates: tuple[Tree, ...]
    event: Tree | None
    reset: tuple[Assign, ...]
    params: tuple[str, ...]
    closed: tuple[Assign, ...] | None
    pace: tuple[Tree, ...] = ()
    symbols: Mapping[str, Symbol] = field(default_factory=dict, compare=False)
    starts: Mapping[str, "StartSum"] = field(default_factory=dict,
                                             compare=False)  #: initial values that are sums over synapses


@dataclass(frozen=True)
class Arrival:
    """What a spike does at the target of a synapse; ``columns`` are the constants of the synapse and its source that it
    uses."""

    name: str
    synapses: str
    source: str
    target: str
    statements: tuple[Assign, ...]
    columns: tuple[str, ...]
    symbols: Mapping[str, Symbol] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class StartSum:
    """A sum over the synapses of a target neuron, of a product of their constants and a state's initial value."""

    synapses: str
    value: Tree
    symbols: Mapping[str, Symbol] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Summation:
    """Linear states of synapses, kept as sums at their targets.

    ``inputs``: what summed variables are in terms of the sums; ``rates``: how sums change; ``starts``: their initial
    values; ``copies``: for each state of a synapse, the factors under which it is summed, and the sum's name.
    """

    inputs: Mapping[str, Tree]
    rates: Mapping[str, Tree]
    starts: Mapping[str, StartSum]
    copies: Mapping[str, Mapping[Tree, str]]
    symbols: Mapping[str, Symbol]       #: of the target, and what is the same for all
    synaptic: Mapping[str, Symbol]      #: of single synapses


def piece(block: Block) -> Piece:
    """A block with names of the program in place of those of the code."""
    known = {key: program_name(s) for key, s in block.symbols.items() if s.kind != "local"}
    statements = tuple(
        Assign(known.get(s.target, s.target), s.op, renamed(s.value, known), s.span, s.target_span)
        for s in block.assignments)
    return Piece(statements, {known[key]: s for key, s in block.symbols.items() if key in known})


def program_name(symbol: Symbol) -> str:
    """The name under which a symbol is known here; of an index or a size, one of its own."""
    if symbol.kind == "clock":
        return TIME if symbol.part == "t" else f"{symbol.program}.{symbol.part}"
    name = f"{' '.join((*symbol.path, symbol.name))} index" if symbol.kind == "index" else symbol.program
    seen_from_sender = symbol.path and symbol.path[0] == end_index(owner_of(symbol.path[0]), "pre")
    return at_sender(name) if seen_from_sender else name


def renamed(tree: Tree, names: Mapping[str, str]) -> Tree:
    """The tree with names replaced; places in the user's string stay."""
    return rebuild(tree, lambda node: Name(names.get(node.id, node.id), node.span) if isinstance(node, Name) else node)
