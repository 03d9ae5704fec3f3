"""What the analysis knows of a set of synapses: its two sides, its states, its tasks, and what else happens in the
network."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from brainsim.language.functions import RANDOM
from brainsim.language.trees import Assign, Call, Name, Op, Tree, names, substitute, walk
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Bounds, Elementwise, HostCall, Summed, Task, Transmission


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
class TimeStep:
    """All that happens in a time step, in order, and where things are found in it: one for all projections of a
    network."""

    tasks: tuple[Task, ...]

    @cached_property
    def changing(self) -> frozenset[str]:
        """Arrays that may change while the network runs."""
        return written_arrays(self.tasks)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Place of each task, by its name."""
        return {t.name: n for n, t in enumerate(self.tasks)}

    @cached_property
    def host(self) -> HostCall | None:
        """The first Python function that takes part; None without any."""
        return next((t for t in self.tasks if isinstance(t, HostCall)), None)

    @cached_property
    def at(self) -> Mapping[str, Sequence[int]]:
        """Places of the tasks of a space, or of the pathways along an index to its neurons."""
        places: dict[str, list[int]] = {}
        for n, task in enumerate(self.tasks):
            match task:
                case Elementwise() | Summed():
                    places.setdefault(task.space, []).append(n)
                case Transmission():
                    places.setdefault(task.end, []).append(n)
        return places

    @cached_property
    def users(self) -> Mapping[str, Sequence[int]]:
        """Places of the tasks that mention an array or assign to it."""
        places: dict[str, list[int]] = {}
        for n, task in enumerate(self.tasks):
            for program in task.mentions | task.assigns:
                places.setdefault(program, []).append(n)
        return places


@dataclass(frozen=True)
class Parts:
    """The tasks of a projection, and those ``near`` it, which use its states."""

    projection: Projection
    step: TimeStep
    update: Elementwise | None
    pathways: tuple[Transmission, ...]
    summed: tuple[Summed, ...]
    near: tuple[Task, ...]
    mine: frozenset[int]       #: places of its tasks

    @property
    def changing(self) -> frozenset[str]:
        """Arrays that may change while the network runs."""
        return self.step.changing

    @property
    def order(self) -> Mapping[str, int]:
        """Place of each task in a time step."""
        return self.step.order

    @property
    def others(self) -> tuple[Task, ...]:
        """All other tasks of the network, near or not."""
        return tuple(t for n, t in enumerate(self.step.tasks) if n not in self.mine)

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


def parts_of(projection: Projection, step: TimeStep) -> Parts:
    """What a step does with a projection."""
    p, update, summed, pathways, mine = projection, None, [], [], set[int]()
    here = {n for place in (p.space, p.pre.index, p.post.index) for n in step.at.get(place, ())}
    for n in sorted(here):
        match task := step.tasks[n]:
            case Elementwise() if task.block.title == "state update":
                update = task
            case Transmission():
                pathways.append(task)
            case Summed():
                summed.append(task)
            case _:
                continue
        mine.add(n)
    near = {n for v in (*p.states, p.last_update) for n in step.users.get(v, ())} - mine
    return Parts(p, step, update, tuple(pathways), tuple(summed), tuple(step.tasks[n] for n in sorted(near)),
                 frozenset(mine))


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
