"""Tasks → kernels: what happens in a time step, said once, for every target."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from brainsim.ir.expressions import Cast, Const, Expr, Load, Local, Op, Param, Slots, Tick
from brainsim.ir.program import (
    Append,
    Clear,
    Domain,
    Each,
    Events,
    FanOut,
    Host,
    If,
    Kernel,
    KernelRole,
    Let,
    Once,
    RandomRows,
    Range,
    Statement,
    Store,
)
from brainsim.lowering.expressions import (
    COLUMN,
    ZERO,
    I,
    J,
    KeyedStreams,
    Place,
    Streams,
    array_index,
    expression,
    statements,
)
from brainsim.model.tasks import (
    Bounds,
    DrawnRows,
    Elementwise,
    GivenEvents,
    HostCall,
    OnEvents,
    RecordEvents,
    RecordRate,
    RecordState,
    Summed,
    Task,
    Threshold,
    Transmission,
)
from brainsim.naming import supplied

ONE = Const(1)


ROLES: Mapping[type[Task], KernelRole] = {
    Threshold: "threshold", Transmission: "arrive", Summed: "sum", GivenEvents: "given", RecordState: "record",
    RecordEvents: "record", RecordRate: "record"}


def kernels(task: Task, streams: Streams) -> tuple[Kernel, ...]:
    """The kernels of one task, in order, each with its role."""
    role = task.role if isinstance(task, (Elementwise, OnEvents)) else ROLES.get(type(task), "operation")
    return tuple(replace(k, role=role) if k.role == "operation" else k for k in _made(task, streams))


def _made(task: Task, streams: Streams) -> tuple[Kernel, ...]:
    match task:
        case Elementwise():
            return elementwise(task, streams)
        case Threshold():
            return threshold(task, streams)
        case OnEvents():
            place = Place(task.clock, streams)
            return (Kernel(task.name, task.clock, Events(task.queue, ZERO), statements(task.block, place)),)
        case Transmission():
            return pathway(task, streams)
        case Summed():
            return summed(task, streams)
        case GivenEvents():
            return given_events(task)
        case RecordState():
            return record_state(task, streams)
        case RecordEvents():
            return record_events(task, streams)
        case RecordRate():
            return record_rate(task)
        case HostCall():
            return (Kernel(task.name, task.clock, Host()),)
    raise TypeError(f"no lowering for {task!r}")


def whole(bounds: Bounds) -> tuple[Expr, Expr]:
    """First and last element of a part of a space."""
    return Param(bounds.first, "i4"), Param(bounds.last, "i4")


def over(space: str, bounds: Bounds | None) -> Domain:
    """A loop over a space or a part of it."""
    return Each(space) if bounds is None else Range(*whole(bounds))


def within(bounds: Bounds, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body for events in a part of the source."""
    first, last = whole(bounds)
    return (If(Op("and", (Op(">=", (I, first)), Op("<", (I, last)))), body),)


def elementwise(task: Elementwise, streams: Streams) -> tuple[Kernel, ...]:
    """What is shared, once; then a block for every element."""
    made: tuple[Kernel, ...] = ()
    if task.before is not None:
        made += (Kernel(f"{task.name}.shared", task.clock, Once(),
                        statements(task.before, Place(task.clock, streams, element=ZERO))),)
    if task.block.statements:
        place = Place(task.clock, streams, guarded=task.guarded, masked=True)
        made += (Kernel(task.name, task.clock, over(task.space, task.bounds), statements(task.block, place)),)
    return made


def threshold(task: Threshold, streams: Streams) -> tuple[Kernel, ...]:
    """Forget the last step's events, then find this step's; a refractory element has none (R10, R15)."""
    place = Place(task.clock, streams)
    *before, last = task.block.assignments
    condition = expression(last.value, task.block, place)
    body: tuple[Statement, ...] = (Append(task.queue, ZERO, I),)
    if task.not_refractory:
        condition = Op("and", (condition, Load(task.not_refractory, I, "b1")))
        body += (Store(task.not_refractory, I, "=", Const(False), "b1"),
                 Store(task.last_spike, I, "=", Tick(task.clock, "t"), "f8"))
    clear = Kernel(f"{task.name}.clear", task.clock, Once(), (Clear(task.queue, ZERO),))
    return clear, Kernel(task.name, task.clock, Each(task.space), (If(condition, body),))


def pathway(task: Transmission, streams: Streams) -> tuple[Kernel, ...]:
    """Push this step's events into the slot of the step they are due, then run the block for what is due now (R22,
    R27)."""
    clock, step, slots = task.clock, Tick(task.clock, "step"), Slots(task.due)
    now = Op("%", (step, slots))
    mine = Op("-", (I, Param(task.source.first, "i4")))
    if task.scattered:
        later = around(Op("+", (now, Load(task.delay, I, "i4"))), slots)
        push = (
            Kernel(f"{task.name}.forget", clock, Once(), (Clear(task.fired, ZERO),)),
            Kernel(f"{task.name}.fired", clock, Events(task.queue, ZERO),
                   within(task.source, (Append(task.fired, ZERO, mine),))),
            Kernel(f"{task.name}.push", clock, FanOut(task.fired, ZERO, task.starts, task.ids),
                   (Append(task.due, later, I),)),
        )
        if task.once is not None:
            here = Place(clock, streams, element=Op("+", (I, Param(task.source.first, "i4"))))
            push = (*push, Kernel(f"{task.name}.once", clock, Events(task.fired, ZERO), statements(task.once, here)))
        place = Place(clock, streams, guarded=True)
        arrive = Kernel(task.name, clock, Events(task.due, now), statements(task.block, place))
    else:
        later = Op("%", (Op("+", (step, Param(task.delay, "i8"))), slots))
        push = (Kernel(f"{task.name}.push", clock, Events(task.queue, ZERO),
                       within(task.source, (Append(task.due, later, mine),))),)
        neuron = Op("+", (J, Param(task.source.first, "i4")))
        place = Place(clock, streams, short={(task.end,): neuron}, guarded=True)
        arrive = Kernel(task.name, clock, FanOut(task.due, now, task.starts, task.ids),
                        statements(task.block, place)) if task.drawn is None \
            else random_rows(task, task.drawn, now, streams)
        if task.once is not None:
            here = Place(clock, streams, element=Op("+", (I, Param(task.source.first, "i4"))))
            push = (*push, Kernel(f"{task.name}.once", clock, Events(task.due, now), statements(task.once, here)))
    push = tuple(replace(k, role="send") for k in push)
    retire = Kernel(f"{task.name}.retire", clock, Once(), (Clear(task.due, now),))
    return *push, *((arrive,) if arrive.body else ()), retire


def random_rows(task: Transmission, drawn: DrawnRows, now: Expr, streams: Streams) -> Kernel:
    """The block at synapses that are drawn anew at every event, and their values before it."""
    first, last = whole(drawn.columns)
    ends = {(drawn.start,): Op("+", (J, Param(task.source.first, "i4"))), (drawn.end,): Op("+", (COLUMN, first))}
    lets, given = [], {}
    for n, v in enumerate(drawn.values):
        here = Place(task.clock, KeyedStreams(key=Param(v.key, "i8")), short=ends)
        name = f"@drawn{n}"
        lets.append(Let(name, Cast(v.dtype, expression(v.block.assignments[-1].value, v.block,
                                                       here))))
        given[v.program] = Local(name, v.dtype)
    rows = RandomRows(task.due, now, Param(drawn.key, "i8"), Op("-", (last, first)), drawn.gaps, drawn.guide,
                      drawn.hollow)
    place = Place(task.clock, streams, short=ends, guarded=True, given=given)
    return Kernel(task.name, task.clock, rows, (*lets, *statements(task.block, place)))


def around(slot: Expr, slots: Expr) -> Expr:
    """A slot at most one round ahead, without a division."""
    return Op("select", (Op(">=", (slot, slots)), Op("-", (slot, slots)), slot))


def summed(task: Summed, streams: Streams) -> tuple[Kernel, ...]:
    """All targets to zero, then every synapse adds (R38)."""
    zero = Store(task.target.program, I, "=", Const(0.0), task.target.dtype)
    place = Place(task.clock, streams)
    *before, last = task.block.assignments
    add = Store(task.target.program, array_index(task.target, place), "+=", expression(last.value, task.block, place),
                task.target.dtype)
    return (Kernel(f"{task.name}.zero", task.clock, over(task.target_space, task.bounds), (zero,)),
            Kernel(task.name, task.clock, Each(task.space), (add,)))


def given_events(task: GivenEvents) -> tuple[Kernel, ...]:
    """The row of the list whose step has come."""
    step, cursor = Tick(task.clock, "step"), Load(task.cursor, ZERO, "i4")
    period = Param(task.period, "i8")
    now = Op("select", (Op(">", (period, ZERO)), Op("%", (step, _at_least_one(period))), step))
    here = Op("==", (Load(task.steps, cursor, "i8"), now))
    first = Load(task.starts, cursor, "i4")
    last = Load(task.starts, Op("+", (cursor, Cast("i4", here))), "i4")
    wrap = If(Op("and", (Op(">", (period, ZERO)), Op("==", (now, Op("-", (period, ONE)))))),
              (Store(task.cursor, ZERO, "=", ZERO, "i4"),))
    return (
        Kernel(f"{task.name}.clear", task.clock, Once(), (Clear(task.queue, ZERO),)),
        Kernel(task.name, task.clock, Range(first, last), (Append(task.queue, ZERO, Load(task.indices, I, "i4")),)),
        Kernel(f"{task.name}.next", task.clock, Once(), (If(here, (Store(task.cursor, ZERO, "+=", ONE, "i4"),)), wrap)),
    )


def _at_least_one(period: Expr) -> Expr:
    """The period, or 1 where there is none (so that the remainder is defined)."""
    return Op("select", (Op(">", (period, ZERO)), period, Const(1)))


def record_state(task: RecordState, streams: Streams) -> tuple[Kernel, ...]:
    """The time once, then a value per variable and recorded element."""
    time = Kernel(supplied(task.name, "t"), task.clock, Once(), (Append(task.time, ZERO, Tick(task.clock, "t")),))
    place = Place(task.clock, streams, short={(): Load(supplied(task.space, "index"), I, "i4")})
    values = {s.target: s.value for s in task.block.assignments}
    made = []
    for queue, key in task.variables:
        value = expression(values[key], task.block, place)
        made.append(Kernel(f"{task.name}.{key}", task.clock, Each(task.space), (Append(queue, ZERO, value),)))
    return time, *made


def record_events(task: RecordEvents, streams: Streams) -> tuple[Kernel, ...]:
    """Index, time and values at each event, and a count per element."""
    mine = Op("-", (I, Param(task.source.first, "i4")))
    body: tuple[Statement, ...] = (Store(task.count, mine, "+=", ONE, "i4"),)
    if task.index:
        body += (Append(task.index, ZERO, mine), Append(task.time, ZERO, Tick(task.clock, "t")))
    place = Place(task.clock, streams)
    values = {s.target: s.value for s in task.block.assignments}
    body += tuple(Append(queue, ZERO, expression(values[key], task.block, place)) for queue, key in task.variables)
    return (Kernel(task.name, task.clock, Events(task.queue, ZERO), within(task.source, body)),)


def record_rate(task: RecordRate) -> tuple[Kernel, ...]:
    """Count the step's events, then write rate and time."""
    first, last = whole(task.source)
    count = Load(task.counter, ZERO, "i4")
    rate = Op("/", (count, Op("*", (Cast("f8", Op("-", (last, first))), Tick(task.clock, "dt")))))
    return (
        Kernel(f"{task.name}.zero", task.clock, Once(), (Store(task.counter, ZERO, "=", ZERO, "i4"),)),
        Kernel(f"{task.name}.count", task.clock, Events(task.queue, ZERO),
               within(task.source, (Store(task.counter, ZERO, "+=", ONE, "i4"),))),
        Kernel(task.name, task.clock, Once(),
               (Append(task.rate, ZERO, rate), Append(task.time, ZERO, Tick(task.clock, "t")))),
    )
