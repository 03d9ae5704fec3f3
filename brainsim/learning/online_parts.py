"""What a rule of online learning finds in a program: states of single neurons, the sums over synapses that reach them,
and walls between.

A step is taken apart as h_j' = F(h_j, y_j) for each neuron j, with y_j the sum over its synapses. Kernels that read and
write nothing but the element's own states belong to F; those of `deliveries` make y; all others are walls, through
which no influence is followed.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from brainsim.ir.expressions import Load, Local, Param
from brainsim.ir.program import Each, Events, FanOut, Kernel, Program, Store
from brainsim.ir.trees import walk
from brainsim.targets.jax_delivery import Delivery, deliveries
from brainsim.targets.jax_writer import JaxKernelWriter

ELEMENT = Local("i", "i4")


@dataclass(frozen=True)
class LearningProjection:
    """One sum over synapses: ``key`` names its matrix, ``array`` is what it is added to, in ``space``; ``source`` is
    the space of its queue."""

    kernel: str
    number: int                      #: among the sums of its kernel
    starts: str
    posts: str
    array: str
    space: str
    source: str
    queue: str
    weights: frozenset[str]          #: arrays and scalars that a synapse's factor is made of
    senders: frozenset[str]          #: those that what a row sends is made of
    targets: frozenset[str]          #: those of the target's own factor

    @property
    def key(self) -> str:
        """The name of its matrix."""
        return f"{self.kernel}.{self.number}"


@dataclass(frozen=True)
class LearningParts:
    """The taken-apart step. ``states``: arrays of single neurons and their spaces; ``local``: what their own equations
    read, by name → kernel."""

    states: Mapping[str, str]
    projections: tuple[LearningProjection, ...]
    walls: Mapping[str, str]                 #: kernel → why
    local: Mapping[str, str]
    aside: Mapping[str, str]  #: values that such kernels read at another index than the element's: name → kernel
    behind: Mapping[str, str]                #: what walls read: name → kernel
    #: reset kernel → states that it sets or lowers and that the threshold looks at
    lowered: Mapping[str, frozenset[str]]


def parts_of(program: Program) -> LearningParts:
    """Take a program apart."""
    fixed = program.constant
    spaces = {a.name: a.space for a in program.arrays}
    moving = {a.name for a in program.arrays if a.dtype in ("f8", "f4") and a.name not in fixed}
    into = {q.name: q.into for q in program.queues}
    projections: list[LearningProjection] = []
    walls: dict[str, str] = {}
    for number, kernel in enumerate(program.kernels):
        found = deliveries(kernel)
        writer = JaxKernelWriter(program, kernel, number)
        if found and all(writer.still(d) for d in found):
            projections += [_projection(kernel, n, d, spaces, into) for n, d in enumerate(found)]
        elif found:
            walls[kernel.name] = "its weights change while the network runs"
        else:
            reason = _wall(kernel, moving, spaces, into)
            if reason:
                walls[kernel.name] = reason
    plain = [k for k in program.kernels if k.name not in walls and not deliveries(k)]
    targets = {p.array for p in projections}
    changed = {name for k in plain for name in k.facts.stores} & moving
    states = {a: spaces[a] for a in sorted(changed | targets & moving)}
    local = {n: k.name for k in plain
             for n in _names(k.facts.nodes)} | {n: p.kernel for p in projections for n in p.targets}
    floats = {a.name for a in program.arrays if a.dtype in ("f8", "f4")}
    aside = {
        n.array: k.name for k in plain for n in k.facts.nodes
        if isinstance(n, Load) and n.array in floats and n.index != ELEMENT
    }
    behind = {n: k.name for k in program.kernels if k.name in walls for n in _names(k.facts.nodes)}
    return LearningParts(states, tuple(projections), walls, local, aside, behind, _lowered(program))


def _projection(kernel: Kernel, number: int, d: Delivery, spaces: Mapping[str, str],
                into: Mapping[str, str]) -> LearningProjection:
    assert isinstance(kernel.domain, FanOut)
    parts = [frozenset(_names(walk(e)) if e is not None else ()) for e in (d.synapse, d.source, d.target)]
    condition = frozenset(_names(walk(d.condition)) if d.condition is not None else ())
    return LearningProjection(kernel.name, number, kernel.domain.starts, d.index_array, d.array, spaces[d.array],
                              into[kernel.domain.queue], kernel.domain.queue, parts[0], parts[1], parts[2] | condition)


def _wall(kernel: Kernel, moving: set[str], spaces: Mapping[str, str], into: Mapping[str, str]) -> str:
    """Why a kernel is not a neuron's own; '' if it is."""
    touched = [n for n in kernel.facts.nodes if isinstance(n, (Load, Store)) and n.array in moving]
    if not touched:
        return ""
    match kernel.domain:
        case Each(space):
            own = space
        case Events(queue, _):
            own = into[queue]
        case _:
            return "it is more than a sum of one weight per synapse"
    for n in touched:
        if n.index != ELEMENT or spaces[n.array] != own:
            return f"it connects '{n.array}' of other elements"
    return ""


def _names(found: Iterable[object]) -> set[str]:
    return {n.array if isinstance(n, Load) else n.name for n in found if isinstance(n, (Load, Param))}


def _lowered(program: Program) -> dict[str, frozenset[str]]:
    """For each reset, the states that it sets or lowers and that the threshold looks at."""
    watched: dict[str, set[str]] = {}
    for k in program.kernels:
        if isinstance(k.domain, Each):
            for queue in k.facts.appends:
                watched.setdefault(queue, set()).update(k.facts.loads)
    made = {}
    for k in program.kernels:
        if k.role == "reset" and isinstance(k.domain, Events):
            stores = {n.array for n in k.facts.nodes if isinstance(n, Store) and n.op in ("=", "-=")}
            made[k.name] = frozenset(stores & watched.get(k.domain.queue, set()))
    return made
