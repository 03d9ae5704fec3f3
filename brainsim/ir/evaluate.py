"""The definition of the language: slow, plain, one element at a time. Every target is tested against it."""
from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from brainsim.ir import library, random_rows
from brainsim.ir.expressions import (
    Call,
    Cast,
    Const,
    Draw,
    Expr,
    Foreign,
    Keyed,
    Load,
    Local,
    Op,
    Param,
    Scalar,
    Size,
    Slots,
    Tick,
)
from brainsim.ir.functions import FUNCTIONS
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
    Let,
    Levels,
    Once,
    RandomRows,
    Range,
    Statement,
    Store,
    While,
)
from brainsim.ir.random import draw
from brainsim.ir.state import DTYPES, Pause, State, begin_tick


def power(a: Any, b: Any) -> Any:
    """a ** b; whole numbers stay whole for exponents that are not negative."""
    if isinstance(a, (int, np.integer)) and isinstance(b, (int, np.integer)):
        return int(a) ** int(b) if b >= 0 else np.float64(a) ** int(b)
    return library.power(a if _is_single(a) else np.float64(a), b)


def _is_single(x: Any) -> bool:
    return isinstance(x, np.floating) and x.itemsize == 4


OPS: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: np.divide(a if _is_single(a) else np.float64(a), b),
    "//": np.floor_divide,
    "%": np.mod,
    "**": power,
    "neg": operator.neg,
    "not": operator.not_,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def value(e: Expr, state: State, local: dict[str, Any]) -> Any:
    """The value of an expression for one element."""
    match e:
        case Const(v):
            return np.float64(v) if isinstance(v, float) else v
        case Local(name, _):
            return local[name]
        case Scalar():
            return scalar(e, state)
        case Load(array, index, _):
            return _plain(state.arrays[array][value(index, state, local)])
        case Op("select", (condition, a, b)):
            return value(a if value(condition, state, local) else b, state, local)
        case Op("and", args):
            return all(value(a, state, local) for a in args)
        case Op("or", args):
            return any(value(a, state, local) for a in args)
        case Op(op, args):
            return OPS[op](*(_number(value(a, state, local)) for a in args))
        case Call(function, args):
            return _plain((library.functions().get(function)
                           or FUNCTIONS[function])(*(_number(value(a, state, local)) for a in args)))
        case Foreign(function, args, _):
            return _plain(
                np.asarray(state.functions[function](*(value(a, state, local) for a in args))).reshape(-1)[-1])
        case Draw(law, stream, index):
            clock = local["@clock"]
            step = int(state.step[clock] - state.origin[clock])
            return np.float64(draw(law, state.seed, stream, step, int(value(index, state, local))))
        case Keyed(law, stream, key, row, index):
            number, k, r = (int(value(x, state, local)) for x in (index, key, row))
            return np.float64(draw(law, k, stream, r, number))
        case Cast(dtype, v):
            return _plain(DTYPES[dtype].type(value(v, state, local)))
    raise TypeError(f"not an expression of the program: {e!r}")


def scalar(e: Scalar, state: State) -> Any:
    """A value that is the same for all elements."""
    match e:
        case Tick(clock, part):
            k = state.program.clocks.index(clock)
            return {"t": state.reached()[k], "dt": state.dt[k], "step": int(state.step[k])}[part]
        case Slots(queue):
            return state.queue_slots(queue)
        case Size(space):
            return state.sizes[space]
        case Param(name, _):
            found = state.params[name]
            return np.float64(found) if isinstance(found, float) else found
    raise TypeError(f"not a scalar of the program: {e!r}")


def _plain(x: Any) -> Any:
    if isinstance(x, np.bool_):
        return bool(x)
    return int(x) if isinstance(x, np.integer) else x


def _number(x: Any) -> Any:
    return int(x) if isinstance(x, bool) else x


def execute(s: Statement, state: State, local: dict[str, Any]) -> None:
    """One statement for one element."""
    match s:
        case Let(name, v):
            local[name] = value(v, state, local)
        case Store(array, index, op, v, _):
            at, x = value(index, state, local), value(v, state, local)
            new = x if op == "=" else OPS[op[:-1]](_number(_plain(state.arrays[array][at])), _number(x))
            state.arrays[array][at] = new
        case Append(queue, slot, v):
            q, k = state.queues[queue], value(slot, state, local)
            q.data[k, q.count[k]] = value(v, state, local)
            q.count[k] += 1
        case Clear(queue, slot):
            state.queues[queue].count[value(slot, state, local)] = 0
        case If(condition, body):
            if value(condition, state, local):
                for inner in body:
                    execute(inner, state, local)
        case While(condition, body):
            while value(condition, state, local):
                for inner in body:
                    execute(inner, state, local)


Indices = Iterator[dict[str, Any]]


def _once(d: Once, state: State, local: dict[str, Any]) -> Indices:
    yield {}


def _each(d: Each, state: State, local: dict[str, Any]) -> Indices:
    yield from ({"i": i} for i in range(state.sizes[d.space]))


def _range(d: Range, state: State, local: dict[str, Any]) -> Indices:
    yield from ({"i": i} for i in range(_whole(d.first, state, local), _whole(d.last, state, local)))


def _levels(d: Levels, state: State, local: dict[str, Any]) -> Indices:
    starts = state.arrays[d.starts].tolist()
    rounds = list(zip(starts, starts[1:]))
    yield from ({"i": i} for first, last in (rounds[::-1] if d.backward else rounds) for i in range(first, last))


def _events(d: Events, state: State, local: dict[str, Any]) -> Indices:
    yield from ({"i": i} for i in state.queues[d.queue].values(_whole(d.slot, state, local)).tolist())


def _fan_out(d: FanOut, state: State, local: dict[str, Any]) -> Indices:
    starts = state.arrays[d.starts]
    for j in state.queues[d.queue].values(_whole(d.slot, state, local)).tolist():
        yield from ({"i": int(state.arrays[d.ids][k]) if d.ids else k, "j": j} for k in range(starts[j], starts[j + 1]))


def _random_rows(d: RandomRows, state: State, local: dict[str, Any]) -> Indices:
    key, columns = _whole(d.key, state, local), _whole(d.columns, state, local)
    for j in state.queues[d.queue].values(_whole(d.slot, state, local)).tolist():
        row = random_rows.row(key, j, columns, state.arrays[d.gaps], d.hollow)
        yield from ({"column": column, "number": number, "j": j} for number, column in enumerate(row))


LOOPS: Mapping[type[Domain], Callable[[Any, State, dict[str, Any]], Indices]] = {
    Once: _once,
    Each: _each,
    Range: _range,
    Levels: _levels,
    Events: _events,
    FanOut: _fan_out,
    RandomRows: _random_rows,
}


def elements(d: Domain, state: State, local: dict[str, Any]) -> Indices:
    """The indices a domain visits, in order."""
    yield from LOOPS[type(d)](d, state, local)


def _whole(e: Expr, state: State, local: dict[str, Any]) -> int:
    return int(value(e, state, local))


def run_kernel(kernel: Kernel, state: State) -> None:
    """Run one kernel for the present step."""
    common: dict[str, Any] = {"@clock": state.program.clocks.index(kernel.clock)}
    with np.errstate(all="ignore"):
        for s in kernel.prologue:
            execute(s, state, common)
        for index in list(elements(kernel.domain, state, common)):
            local = {**common, **index}
            for s in kernel.body:
                execute(s, state, local)


def extent(kernel: Kernel, state: State) -> int:
    """How many elements the kernel is about to visit."""
    return sum(1 for _ in elements(kernel.domain, state, {"@clock": state.program.clocks.index(kernel.clock)}))


def lacks_room(kernel: Kernel, state: State) -> bool:
    """Whether a queue must grow before this kernel may run; says which and how far in ``state``."""
    wanted = kernel.facts.appends
    if not wanted:
        return False
    count = extent(kernel, state)
    for number, queue in enumerate(state.program.queues):
        need = int(state.queues[queue.name].count.max(initial=0)) + count * wanted.get(queue.name, 0)
        if queue.name in wanted and need > state.queues[queue.name].data.shape[1]:
            state.queue, state.wanted = number, need
            return True
    return False


def advance(state: State, ticks: int, run: Callable[[Kernel, State], None] = run_kernel,
            room: Callable[[Kernel, State], bool] = lacks_room) -> Pause:
    """Advance by up to ``ticks`` ticks; a tick under way is always finished. See `Pause` for why it returns."""
    kernels = state.program.kernels
    owner = [state.program.clocks.index(k.clock) for k in kernels]
    while True:
        if state.cursor < 0:
            if ticks <= 0:
                return Pause.BUDGET if (state.step < state.end).any() else Pause.DONE
            if not begin_tick(state):
                return Pause.DONE
        while state.cursor < len(kernels):
            at = state.cursor
            if state.due[owner[at]]:
                if isinstance(kernels[at].domain, Host):
                    state.cursor, state.kernel = at + 1, at
                    return Pause.HOST
                if room(kernels[at], state):
                    state.kernel = at
                    return Pause.ROOM
                run(kernels[at], state)
            state.cursor += 1
        state.step += state.due
        state.cursor = -1
        ticks -= 1
