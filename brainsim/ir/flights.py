"""Events on their way between two runs: always a queue of synapses, whatever a program keeps instead while it runs
(`Flight`)."""
from __future__ import annotations

import numpy as np

from brainsim.ir.expressions import Cast, Const, Expr, Load, Op, Param
from brainsim.ir.program import Flight, Program
from brainsim.ir.state import DTYPES, QueueState, State, zeros


def room_for_flights(program: Program, queues: dict[str, QueueState], sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Arrays of sums, all zero; queues that only the program has are added to ``queues``, the lengths of the arrays to
    ``sizes``."""
    arrays = {a.name: a for a in program.arrays}
    found: dict[str, np.ndarray] = {}
    for f in program.flights:
        slots = len(queues[f.due].count)
        queues[f.recent] = QueueState.empty("i4", slots)
        for s in f.sums:
            sizes[arrays[s.array].space] = slots * sizes[arrays[s.index].into]
            found[s.array] = zeros(sizes[arrays[s.array].space], arrays[s.array].dtype)
    return found


def take_off(state: State) -> None:
    """Add up what is on its way, in the order in which it was sent."""
    for f in state.program.flights:
        due = state.queues[f.due]
        for s in f.sums:
            rows = state.arrays[s.array].reshape(len(due.count), -1)
            for slot in np.flatnonzero(due.count).tolist():
                synapses = due.values(slot)
                value = np.broadcast_to(_value(s.value, state, synapses), len(synapses))
                (np.add if s.sign > 0 else np.subtract).at(rows[slot], state.arrays[s.index][synapses], value)


def land(state: State) -> bool:
    """Put what the rows that fired have still to deliver into the queue of synapses, in the order in which it was sent.

    Whether a queue had to grow for it.
    """
    grown = False
    for f in state.program.flights:
        grown |= _append(state.queues[f.due], *_under_way(f, state,
                                                          int(state.step[state.program.clocks.index(f.clock)])))
        for s in f.sums:
            state.arrays[s.array][:] = 0
        state.queues[f.recent].count[:] = 0
    return grown


def _under_way(f: Flight, state: State, now: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots and synapses of the events that were sent before step ``now`` and arrive then or later."""
    recent, starts = state.queues[f.recent], state.arrays[f.starts]
    slots = len(recent.count)
    sent = [(step, recent.values(step % slots)) for step in range(max(0, now - slots + 1), now)]
    rows = np.concatenate([np.zeros(0, np.int32), *(rows for _, rows in sent)])
    count = starts[rows + 1] - starts[rows]
    synapses = np.repeat(starts[rows] - (np.cumsum(count) - count), count) + np.arange(count.sum(), dtype=np.int32)
    if f.ids:
        synapses = state.arrays[f.ids][synapses]
    when = np.repeat(np.array([step for step, rows in sent
                               for _ in rows], np.int64), count) + state.arrays[f.steps][synapses]
    coming = when >= now
    return when[coming] % slots, synapses[coming]


def _append(queue: QueueState, slots: np.ndarray, values: np.ndarray) -> bool:
    """Each value to the end of its slot, in order; whether that took more room."""
    before, order = queue.data, np.argsort(slots, kind="stable")
    added = np.bincount(slots, minlength=len(queue.count))
    queue.make_room(int((queue.count + added).max(initial=0)))
    first = 0
    for slot in np.flatnonzero(added):
        used, more = int(queue.count[slot]), int(added[slot])
        queue.data[slot, used:used + more] = values[order[first:first + more]]
        queue.count[slot] += more
        first += more
    return queue.data is not before


def _value(e: Expr, state: State, synapses: np.ndarray) -> np.ndarray | float | int | bool:
    """What an event adds; exact, for there is no arithmetic in it but a sign."""
    match e:
        case Cast(kind, inner):
            return DTYPES[kind].type(_value(inner, state, synapses))
        case Const(value):
            return value
        case Param(name, _):
            return state.params[name]
        case Load(array, _, _):
            return state.arrays[array][synapses]
        case Op("neg", (inner,)):
            return -_value(inner, state, synapses)
    raise TypeError(f"not a value of a sum: {e!r}")
