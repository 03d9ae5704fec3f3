"""Delivery after delays that differ between synapses: what is known when an event is sent is not left to its
arrival."""
from __future__ import annotations

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
from brainsim.ir.walk import calls_python, draws, own_element, touched_queues, walk, writes
from brainsim.naming import own, owner_of


@dataclass(frozen=True)
class Delivery:
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
    for queue in program.queues:
        found = _delivery(program, queue) if queue.crowded else None
        if found is not None:
            program = _with_sums(program, found)
    return program


def _delivery(program: Program, queue: Queue) -> Delivery | None:
    """The pathway that uses this queue, when it has the shape that `lowering.tasks.pathway` gives it."""
    mine = [n for n, k in enumerate(program.kernels) if queue.name in touched_queues(k)]
    if len(mine) != 3:
        return None
    push, arrive, retire = (program.kernels[n] for n in mine)
    match push.domain, push.body, arrive.domain, retire.body:
        case FanOut() as fan, (Append(_, later, value),), Events(_, now), (Clear(
            _, cleared),) if own_element(value) and cleared == now:
            loads = [n for n in walk(later) if isinstance(n, Load)]
            if len({n.array
                    for n in loads}) != 1 or push.prologue or arrive.prologue or draws(arrive) or calls_python(arrive):
                return None
            return Delivery(mine[0], mine[1], fan, queue, now, later, loads[0].array, arrive.body)
    return None


def _remember(d: Delivery, clock: str) -> tuple[str, tuple[Kernel, ...]]:
    """The queue of the rows that fired in the last steps, and the kernels that fill it."""
    recent = own(owner_of(d.due.name), "recent")
    return recent, (Kernel(f"{recent}.clear", clock, Once(), (Clear(recent, d.now),), role="send"),
                    Kernel(recent, clock, Events(d.fan.queue, d.fan.slot), (Append(recent, d.now, _i(d)),), role="send"))


def _i(d: Delivery) -> Expr:
    return next(n for n in walk(d.later) if isinstance(n, Load)).index


def _with_sums(program: Program, d: Delivery) -> Program:
    written = {n for k in program.kernels for n in writes(k)}
    parts = [p for s in d.body if (p := _part(s, written)) is not None]
    if len(parts) < len(d.body) or len({p.store.array for p in parts}) < len(parts):
        return program
    push, arrive = program.kernels[d.push], program.kernels[d.arrive]
    into = {a.name: a.into for a in program.arrays}
    names = [own(owner_of(d.due.name), f"sums{n}") for n in range(len(parts))]
    spaces = [into[p.index] for p in parts]
    recent, remember = _remember(d, push.clock)
    adding = replace(push, body=tuple(_added(d, p, name, space) for p, name, space in zip(parts, names, spaces)))
    taking = [
        replace(arrive, name=f"{arrive.name}.{n}" if n else arrive.name, domain=Each(space),
                body=_taken(d, p, name, space)) for n, (p, name, space) in enumerate(zip(parts, names, spaces))
    ]
    flight = Flight(
        d.due.name, recent, push.clock, d.fan.starts, d.fan.ids, d.steps,
        tuple(Sum(name, p.index, p.store.value, 1 if p.store.op == "+=" else -1) for p, name in zip(parts, names)))
    made = {d.push: (*remember, adding), d.arrive: tuple(taking)}
    return replace(
        program, kernels=tuple(k for n, old in enumerate(program.kernels) for k in made.get(n, (old,))),
        queues=tuple(sorted((*program.queues, Queue(recent, "i4", role="sent")), key=lambda q: q.name)), arrays=tuple(
            sorted((*program.arrays, *(Array(n, p.store.dtype, n) for p, n in zip(parts, names))),
                   key=lambda a: a.name)), spaces=tuple(sorted({*program.spaces, *spaces,
                                                                *names})), flights=(*program.flights, flight))


def _added(d: Delivery, p: "_Part", name: str, space: str) -> Statement:
    """What an event does when it is sent."""
    return Store(name, Op("+", (_row(d.later, space), Load(p.index, _i(d), "i4"))), p.store.op, p.store.value,
                 p.store.dtype)


def _taken(d: Delivery, p: "_Part", name: str, space: str) -> tuple[Statement, ...]:
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


def _part(s: Statement, written: set[str]) -> _Part | None:
    match s:
        case Store(_, Load(index, i, _), "+=" | "-=", value,
                   t) if own_element(i) and t in ("f8", "f4") and _plain(value, written, t):
            return _Part(s, index) if index not in written else None
        case If(Load(guard, Load(index, i, _), "b1"),
                (Store(_, Load(same, _, _)) as store,)) if own_element(i) and same == index:
            inner = _part(store, written)
            return replace(inner, guard=guard) if inner is not None else None
    return None


def _plain(value: Expr, written: set[str], t: str) -> bool:
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
