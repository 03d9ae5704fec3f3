"""Delivery after delays that differ between synapses: what is known when an event is sent is not left to its
arrival."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from brainsim.ir.expressions import Cast, Const, Expr, Load, Op, Param, Scalar, Size, Tick, dtype
from brainsim.ir.program import (
    Append,
    Array,
    Clear,
    Each,
    Events,
    FanOut,
    Flight,
    Host,
    If,
    Kernel,
    Once,
    Program,
    Queue,
    Statement,
    Store,
    Sum,
)
from brainsim.ir.trees import own_element, walk
from brainsim.naming import owner_of, supplied


@dataclass(frozen=True)
class ScatteredPathway:
    """The kernels of a pathway with a delay for each synapse, by their numbers, and what they share."""

    push: int
    arrive: int
    fan: FanOut
    due: Queue
    now: Expr        #: slot of the present step
    later: Expr      #: slot of the arrival
    steps: str
    body: tuple[Statement, ...]


def ring_of_sums(program: Program) -> Program:
    """Where events only add a weight that stays as it is, and many meet at each target: add them up, by step and
    target, when they are sent.

    Legal for statements ``+=`` and ``-=`` whose value is a parameter or an array that no kernel writes. Not in a
    network with Python functions of its own (operations), which may look at queues and set weights. It pays for crowded
    queues only.
    """
    if any(isinstance(k.domain, Host) for k in program.kernels):
        return program
    found = [_delivery(program, queue) for queue in program.queues if queue.crowded]
    rings = [r for d in found if d is not None and (r := _ring(program, d)) is not None]
    if not rings:
        return program
    made = {n: kernels for r in rings for n, kernels in r.kernels.items()}
    return replace(
        program, kernels=tuple(k for n, old in enumerate(program.kernels) for k in made.get(n, (old,))),
        queues=(*program.queues, *(r.recent for r in rings)),
        arrays=(*program.arrays, *(a for r in rings for a in r.sums)),
        spaces=tuple(dict.fromkeys([*program.spaces, *(s for r in rings for s in r.spaces)])),
        flights=(*program.flights, *(r.flight for r in rings)))


@dataclass(frozen=True)
class _Ring:
    """What takes the place of a delivery: kernels by the numbers of those they replace, and new declarations."""

    kernels: Mapping[int, tuple[Kernel, ...]]
    recent: Queue
    sums: tuple[Array, ...]
    spaces: tuple[str, ...]
    flight: Flight


def _delivery(program: Program, queue: Queue) -> ScatteredPathway | None:
    """The pathway that uses this queue, when it has the shape that `lowering.tasks.pathway` gives it."""
    mine = program.users.get(queue.name, ())
    if len(mine) != 3:
        return None
    push, arrive, retire = (program.kernels[n] for n in mine)
    match push.domain, push.body, arrive.domain, retire.body:
        case FanOut() as fan, (Append(_, later, value),), Events(_, now), (Clear(
            _, cleared),) if own_element(value) and cleared == now:
            loads = [n for n in walk(later) if isinstance(n, Load)]
            plain = not (push.prologue or arrive.prologue or arrive.facts.draws or arrive.calls_python())
            if len({n.array for n in loads}) != 1 or not plain:
                return None
            return ScatteredPathway(mine[0], mine[1], fan, queue, now, later, loads[0].array, arrive.body)
    return None


def _remember(d: ScatteredPathway, clock: str) -> tuple[str, tuple[Kernel, ...]]:
    """The queue of the rows that fired in the last steps, and the kernels that fill it."""
    recent = supplied(owner_of(d.due.name), "recent")
    sent = (Append(recent, d.now, _i(d)),)
    return recent, (Kernel(f"{recent}.clear", clock, Once(), (Clear(recent, d.now),), role="send"),
                    Kernel(recent, clock, Events(d.fan.queue, d.fan.slot), sent, role="send"))


def _i(d: ScatteredPathway) -> Expr:
    return next(n for n in walk(d.later) if isinstance(n, Load)).index


def _ring(program: Program, d: ScatteredPathway) -> _Ring | None:
    parts = [p for s in d.body if (p := _part(s, program.written)) is not None]
    if len(parts) < len(d.body) or len({p.store.array for p in parts}) < len(parts):
        return None
    push, arrive = program.kernels[d.push], program.kernels[d.arrive]
    names = [supplied(owner_of(d.due.name), f"sums{n}") for n in range(len(parts))]
    spaces = [program.declared[p.index].into for p in parts]
    recent, remember = _remember(d, push.clock)
    adding = replace(push, body=tuple(_added(d, p, name, space) for p, name, space in zip(parts, names, spaces)))
    taking = [
        replace(arrive, name=f"{arrive.name}.{n}" if n else arrive.name, domain=Each(space),
                body=_taken(d, p, name, space)) for n, (p, name, space) in enumerate(zip(parts, names, spaces))
    ]
    flight = Flight(
        d.due.name, recent, push.clock, d.fan.starts, d.fan.ids, d.steps,
        tuple(Sum(name, p.index, p.store.value, 1 if p.store.op == "+=" else -1) for p, name in zip(parts, names)))
    return _Ring({d.push: (*remember, adding), d.arrive: tuple(taking)}, Queue(recent, "i4", role="sent"),
                 tuple(Array(n, p.store.dtype, n) for p, n in zip(parts, names)), (*spaces, *names), flight)


def _added(d: ScatteredPathway, p: "_Part", name: str, space: str) -> Statement:
    """What an event does when it is sent."""
    return Store(name, Op("+", (_row(d.later, space), Load(p.index, _i(d), "i4"))), p.store.op, p.store.value,
                 p.store.dtype)


def _taken(d: ScatteredPathway, p: "_Part", name: str, space: str) -> tuple[Statement, ...]:
    """What happens at each target in each step."""
    i, t = _i(d), p.store.dtype
    here, old = Op("+", (_row(d.now, space), i)), Load(p.store.array, i, t)
    new: Expr = Op("+", (old, Load(name, here, t)))
    if p.guard:
        new = Op("select", (Load(p.guard, i, "b1"), new, old))
    return Store(p.store.array, i, "=", new, t), Store(name, here, "=", Const(0.0), t)


def _row(slot: Expr, space: str) -> Expr:
    return Op("*", (slot, Size(space)))


@dataclass(frozen=True)
class _Part:
    """One statement that adds to a target: through which index array, and for which targets."""

    store: Store
    index: str
    guard: str = ""


def _part(s: Statement, written: frozenset[str]) -> _Part | None:
    match s:
        case Store(_, Load(index, i, _), "+=" | "-=", value,
                   t) if own_element(i) and t in ("f8", "f4") and _plain(value, written, t):
            return _Part(s, index) if index not in written else None
        case If(Load(guard, Load(index, i, _), "b1"),
                (Store(_, Load(same, _, _)) as store,)) if own_element(i) and same == index:
            inner = _part(store, written)
            return replace(inner, guard=guard) if inner is not None else None
    return None


def _plain(value: Expr, written: frozenset[str], t: str) -> bool:
    """A value that is the same now as when the event arrives, without arithmetic."""
    match value:
        case Op("neg", (inner,)):
            return _plain(inner, written, t)
        case Load(array, index, kind):
            return own_element(index) and array not in written and kind == t
        case Cast(kind, Scalar() | Const() as inner):
            return kind == t and _plain(inner, written, "f8")
        case Param() | Tick(_, "dt"):
            return dtype(value) == t
        case Const(number):
            return isinstance(number, float) and t == "f8"
    return False
