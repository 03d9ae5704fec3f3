"""What the analysis knows of a set of synapses: its two sides, its states, its tasks, and what else happens in the
network."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from brainsim.language.functions import RANDOM
from brainsim.language.trees import Assign, Call, Name, Op, Tree, names, substitute, walk
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Bounds, Elementwise, Summed, Task, Transmission


@dataclass(frozen=True)
class Side:
    """The neurons at one end: their space, and the array that leads from a synapse to its neuron."""

    name: str                  #: 'pre' or 'post'
    index: str
    space: str
    bounds: Bounds | None


@dataclass(frozen=True)
class Projection:
    """A set of synapses. ``states`` are the variables with a value per synapse, program name → name."""

    name: str
    space: str
    pre: Side
    post: Side
    states: Mapping[str, str]
    dtypes: Mapping[str, str] = field(default_factory=dict)
    event_driven: frozenset[str] = frozenset()
    last_update: str = ""
    in_law: bool = False       #: whether noise may be replaced by other noise of the same law
    later: Mapping[str, str] = field(
        default_factory=dict)  #: constants that will change between runs, and how that is known, in words

    def side(self, name: str) -> Side:
        """The side called 'pre' or 'post'."""
        return self.pre if name == "pre" else self.post


@dataclass(frozen=True)
class Parts:
    """The tasks of a projection, and the others."""

    projection: Projection
    update: Elementwise | None
    pathways: tuple[Transmission, ...]
    summed: tuple[Summed, ...]
    others: tuple[Task, ...]
    changing: frozenset[str]   #: arrays that may change while the network runs
    order: Mapping[str, int]   #: place of each task in a time step

    def side_of(self, pathway: Transmission) -> Side:
        """The side whose events the pathway carries."""
        p = self.projection
        return p.pre if pathway.end == p.pre.index else p.post

    # -- what a symbol depends on --------------------------------------------------------------------------------------
    def reach(self, symbol: Symbol) -> str:
        """'shared', 'state', 'syn', 'pre' or 'post': what the value belongs to, seen from a synapse."""
        p = self.projection
        if symbol.shared or symbol.kind in ("param", "number", "clock", "size", "count"):
            return "shared"
        if not symbol.path:
            return "state" if symbol.kind == "array" and symbol.program in p.states and self.varies(symbol) else "syn"
        return {p.pre.index: "pre", p.post.index: "post"}.get(symbol.path[0], "syn")

    def varies(self, symbol: Symbol) -> bool:
        """Whether the value may change while the network runs."""
        if symbol.kind == "clock":
            return symbol.part != "dt"
        return symbol.kind == "array" and symbol.program in self.changing


def parts_of(projection: Projection, tasks: Iterable[Task], changing: frozenset[str]) -> Parts:
    """Sort the tasks of a network, which come in the order of a time step."""
    tasks = tuple(tasks)
    update, pathways, summed, others = None, [], [], []
    for task in tasks:
        if isinstance(task, Elementwise) and task.space == projection.space and task.block.title == "state update":
            update = task
        elif isinstance(task, Transmission) and task.end in (projection.pre.index, projection.post.index):
            pathways.append(task)
        elif isinstance(task, Summed) and task.space == projection.space:
            summed.append(task)
        else:
            others.append(task)
    return Parts(projection, update, tuple(pathways), tuple(summed), tuple(others), changing,
                 {t.name: n for n, t in enumerate(tasks)})


def written_arrays(tasks: Iterable[Task]) -> frozenset[str]:
    """Arrays that some task assigns to."""
    return frozenset().union(*(task.assigns for task in tasks))


# -- code
# ----------------------------------------------------------------------------------------------------------------
def draws(tree: Tree, block: Block) -> bool:
    """Whether two evaluations differ."""
    return any(
        isinstance(n, Call) and (
            n.function in RANDOM or n.function in block.functions and not block.functions[n.function].stateless)
        for n in walk(tree))


def new_value(s: Assign) -> Tree:
    """What an assignment stores: ``a += b`` as ``a + b``."""
    return s.value if s.op == "=" else Op(s.op[:-1], (Name(s.target), s.value))


def traced(statements: Iterable[Assign]) -> Iterator[tuple[Assign, Tree, Mapping[str, Tree]]]:
    """Each statement with its new value, and everything so far, in terms of the values before the first statement."""
    known: dict[str, Tree] = {}
    for s in statements:
        value = substitute(new_value(s), known)
        yield s, value, known
        known[s.target] = value


def final(statements: Iterable[Assign]) -> dict[str, Tree]:
    """Every assigned name in terms of the values before."""
    return {s.target: value for s, value, _ in traced(statements)}


def needed(statements: Iterable[Assign], targets: frozenset[str], local: Iterable[str]) -> tuple[Assign, ...]:
    """The assignments to ``targets``, and those to local names that they need."""
    local, wanted, kept = set(local), set(), []
    for s in reversed(tuple(statements)):
        if s.target in targets or s.target in local and s.target in wanted:
            kept.append(s)
            if s.op == "=":
                wanted.discard(s.target)
            else:
                wanted.add(s.target)
            wanted |= names(s.value)
    return tuple(reversed(kept))


def keys(block: Block, programs: Iterable[str]) -> dict[str, str]:
    """The names by which a block knows the synapse's own variables among ``programs``: key → program name."""
    wanted = set(programs)
    return {k: s.program for k, s in block.symbols.items() if s.kind == "array" and not s.path and s.program in wanted}


def locals_of(block: Block) -> frozenset[str]:
    """Temporary names."""
    return frozenset(k for k, s in block.symbols.items() if s.kind == "local")


def seen_from(symbol: Symbol, side: Side) -> Symbol:
    """The same variable seen from the neuron instead of the synapse."""
    return replace(symbol, path=symbol.path[1:]) if symbol.path and symbol.path[0] == side.index else symbol
