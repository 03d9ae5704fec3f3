"""Where runs of a compiled network begin: program, built module and values, which may be sent to another process."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from brainsim.ir.program import Program
from brainsim.ir.state import QueueState, zeros
from brainsim.objects.recorders.record import Recorder
from brainsim.pipeline import Prepared, Values, begin
from brainsim.runtime.scheduler import Stop, advance
from brainsim.targets.contract import Target, Written
from brainsim.units.dimensions import Dimension


@dataclass(frozen=True)
class Stored:
    """Where the values of a variable lie, and what they are."""

    program: str
    dimension: Dimension
    shared: bool


@dataclass(frozen=True)
class Start:
    """Everything that a run begins with. Arrays are never written: a run copies those that it changes."""

    program: Program
    target: Target
    source: Written
    values: Values                        #: of all objects, those that the program leaves alone included
    literals: Mapping[str, float]
    steps: Mapping[str, int]              #: reached by each clock
    dts: Mapping[str, float]
    recorders: tuple[Recorder, ...]       #: without their records
    stored: Mapping[str, Stored]          #: variables by the names that users say
    words: Mapping[str, str] = field(default_factory=dict)     #: names of objects in the script → their own
    moved: frozenset[str] = frozenset()                        #: variables of synapses whose values lie at the neurons
    changed: frozenset[str] = frozenset()                      #: arrays that a run writes
    room: dict[str, int] = field(
        default_factory=dict)  #: how large queues grew in earlier runs: they begin so, and grow less often

    def portable(self) -> "Start":
        """The same without ties to the objects of this process."""
        return replace(self, recorders=tuple(r.without_ties() for r in self.recorders), room=dict(self.room))


@dataclass(frozen=True)
class Point:
    """One run: the arrays, scalars and seed in which it differs from the start, and the step at which each clock
    ends."""

    arrays: Mapping[str, np.ndarray]
    params: Mapping[str, float | int]
    key: int
    ends: Mapping[str, int]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    arrays: Mapping[str, np.ndarray]
    queues: Mapping[str, QueueState]
    steps: Mapping[str, int]


def start_of(prepared: Prepared, values: Values, steps: Mapping[str, int], dts: Mapping[str, float],
             recorders: tuple[Recorder, ...], stored: Mapping[str, Stored], words: Mapping[str, str],
             moved: frozenset[str]) -> Start:
    """The start of runs from the present state of prepared objects; everything is copied."""
    target = prepared.target.alone()      # runs go side by side instead
    kept = Values({name: (a, x.copy()) for name, (a, x) in values.arrays.items()},
                  {name: (q, _copied(x)) for name, (q, x) in values.queues.items()}, dict(values.sizes),
                  dict(values.params), list(values.clocks), dict(values.times), dict(values.functions))
    kept.arrays.update(
        {a.name: (a, values.contents(a.name)) for a in prepared.program.arrays if a.name in values.on_request})
    kept.params.update({n: x for n, x in prepared.state.params.items() if n not in prepared.literals})
    assert prepared.whole is not None
    changed = prepared.whole.written
    return Start(prepared.whole, target, prepared.source, kept, prepared.literals, steps, dts, recorders, stored, words,
                 moved, changed)


def carry_out(start: Start, point: Point, stop: Stop | None = None) -> Outcome:
    """Advance a state of its own from the start to the end of the point. Compiles nothing where the module is in the
    cache."""
    program, values = start.program, start.values
    arrays = {
        name: (a, point.arrays.get(name, x if name not in start.changed else _own(x)))
        for name, (a, x) in values.arrays.items()
    }
    queues = {name: (q, _copied(x, start.room.get(name, 0))) for name, (q, x) in values.queues.items()}
    mine = replace(values, arrays=arrays, queues=queues, params={**values.params, **point.params})
    executable, state, hosts = begin(program, start.target, start.source, mine, start.literals)
    state.seed = point.key
    for k, clock in enumerate(program.clocks):
        state.step[k] = state.origin[k] = start.steps[clock]
        state.end[k], state.dt[k] = point.ends[clock], start.dts[clock]
    executable.load_params(state)
    advance(executable, state, hosts, stop or Stop())
    start.room.update({name: q.data.shape[1] for name, (_, q) in queues.items()})
    steps = {**point.ends, **{clock: int(state.step[k]) for k, clock in enumerate(program.clocks)}}
    return Outcome({name: x for name, (_, x) in arrays.items()}, {name: q for name, (_, q) in queues.items()}, steps)


def record_of(template: Recorder, outcome: Outcome) -> Recorder:
    """A monitor with the records of one run, apart from the network and from other runs."""
    return template.with_records(outcome.steps[template.clock.name], outcome.queues, outcome.arrays)


def _own(values: np.ndarray) -> np.ndarray:
    made = zeros(len(values), values.dtype)
    made[:] = values
    return made


def _copied(queue: QueueState, room: int = 0) -> QueueState:
    """A queue of its own, with room for so many values in a slot at least."""
    made = QueueState(queue.data, queue.count.copy())
    made.make_room(room)
    if made.data is queue.data:
        made.data = queue.data.copy()
    return made
