"""Values per synapse of states that were kept as sums: the runs since these values were last known, once more.

The start of those runs is kept: copies of what a run changes, and the scalars, seed and steps of every run since. When
somebody asks, the runs happen again beside the present ones, with the values per synapse kept next to their sums
(`reduction/beside.py`). All else is what it was to the bit, which is checked; what cannot be repeated says why.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakMethod

import numpy as np

from brainsim.errors import WrongState
from brainsim.ir.program import Array
from brainsim.ir.state import QueueState, State, zeros
from brainsim.lowering.schedule import ordered
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, HostCall, RecordEvents, RecordRate, RecordState, Summed, Task
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import scalar_value
from brainsim.pipeline import Prepared, Values, functions_of, prepare, symbols_of
from brainsim.reduction.beside import beside, is_repeatable
from brainsim.reduction.merge import Merged, merge
from brainsim.reduction.reduce import Party
from brainsim.reduction.rewrite import Moves, apart_name
from brainsim.runtime.scheduler import Stop, advance
from brainsim.targets.contract import Target

MOST_ASSIGNED = 2**28
"""Bytes of values that were assigned or made anew between runs: with more, the runs are not kept any longer."""
MOST_CHANGES = 100
"""So many different programs are built again when somebody asks: with more, the runs are not kept any longer."""
NEAR = 1e-6
"""How far, relative to the largest value, a run once more may be from what it was: compilers round differently where
there is more to compute."""


@dataclass(frozen=True)
class Course:
    """What happens in the steps of a run: the tasks before reduction, how synapses were reduced and whose sums lie
    together, and the values of all objects."""

    tasks: tuple[Task, ...]
    plans: tuple[tuple[Moves, ...], ...]                 #: of each set of synapses, in their order
    together: tuple[tuple[Party, Party], ...]
    delays: Mapping[str, int]                           #: of pathways, in steps
    values: Values
    slots: tuple[str, ...]
    target: Target
    literals: frozenset[str]
    changed: frozenset[str]                             #: arrays that a run changes, without those of records
    queues: frozenset[str]
    kept: frozenset[str]                                #: states that are sums, those of resting synapses too
    made: frozenset[str]                                #: arrays that reduction made; they may be others before a run

    @property
    def sums(self) -> dict[str, Array]:
        """The arrays of states per synapse that are kept as sums."""
        found = {}
        for plan in (p for each in self.plans for p in each):
            p = plan.parts.projection
            found |= {v: Array(v, p.dtypes.get(v, "f8"), p.space) for v in plan.sums.states}
        return found

    @property
    def totals(self) -> dict[str, tuple[Array, np.ndarray]]:
        """Arrays for summed variables that hold the sum of several projections, by themselves, and what they are
        now."""
        names = {n for pair in self.together for party in pair for n in party.totals}
        targets = [t.target for t in self.tasks if isinstance(t, Summed) and t.name in names]
        found = {apart_name(s.program): self.values.arrays[s.program] for s in targets}
        return {name: (replace(array, name=name), now) for name, (array, now) in found.items()}

    def unrepeatable(self) -> str:
        """Why a run of this kind cannot be repeated, in words; empty when it can."""
        host = next((t for t in self.tasks if isinstance(t, HostCall)), None)
        if host is not None:
            return f"the Python function '{host.name}' took part in a run, and may do something else the next time"
        stateful = next((f for f in functions_of(self.tasks) if f.kind == "python" and not f.stateless), None)
        if stateful is not None:
            return f"the function '{stateful.name}' took part in a run, and gives another value at each call"
        if not all(is_repeatable(p) for each in self.plans for p in each):
            return "with reduce_noise=True the noise of a sum is not that of its synapses"
        return ""

    def beside(self) -> list[Task]:
        """The tasks of such a run, and what changes the states of each synapse."""
        made = [t for t in self.tasks if not isinstance(t, (RecordState, RecordEvents, RecordRate))]
        for each in self.plans:
            made = list(ordered(made, self.slots))
            for plan in each:
                made = beside(plan, made, bool(self.together))
        aside = [t for t in made if self._is_own(t)] if self.together else []
        made = list(ordered([t for t in made if t not in aside], self.slots))
        for host, guest in self.together:
            found = merge(host, guest, made, self.delays, _as_before)
            assert isinstance(found, Merged), found
            made = list(found.tasks)
        return [*made, *aside]

    def _is_own(self, task: Task) -> bool:
        """Whether a task is the synapses' own and touches no sum, so that it stands in nobody's way."""
        spaces = {p.parts.projection.space for each in self.plans for p in each}
        return isinstance(task, Elementwise | Summed) and task.space in spaces


def _as_before(x: Symbol, y: Symbol) -> bool:
    return True       # the values were compared when the sums were put together


def course_of(tasks: Sequence[Task], plans: Sequence[tuple[Moves, ...]], together: Sequence[tuple[Party, Party]],
              delays: Mapping[str, int], values: Values, slots: Sequence[str], prepared: Prepared,
              records: Iterable[str], kept: frozenset[str], made: Iterable[str]) -> Course:
    """What happens in the runs of a prepared network, some of whose states are ``kept`` as sums. ``records``: names of
    what records need, which is left out."""
    assert prepared.whole is not None
    left = frozenset(records)
    mine = replace(values, arrays={n: x for n, x in values.arrays.items() if n not in left},
                   queues={n: x for n, x in values.queues.items() if n not in left},
                   sizes=prepared.state.sizes | values.sizes,
                   params=values.params | {s.program: scalar_value(s.holder, s.dtype) for s in symbols_of(tasks)
                                           if s.kind == "param" and s.origin == "namespace"})
    changed = prepared.whole.written
    return Course(tuple(tasks), tuple(plans), tuple(together), delays, mine, tuple(slots), prepared.target,
                  frozenset(prepared.literals), changed & mine.arrays.keys(), changed & mine.queues.keys(),
                  kept, frozenset(made))


@dataclass(frozen=True)
class StepSpan:
    """The steps of a clock in a run: from where to where, the time step, and from where random numbers count."""

    step: int
    end: int
    dt: float
    origin: int


@dataclass(frozen=True)
class Leg:
    """One run, or several in a row: what it did, what had been assigned before it, and its scalars."""

    course: Course
    arrays: Mapping[str, np.ndarray]
    queues: Mapping[str, QueueState]
    params: Mapping[str, float | int]
    seed: int
    spans: Mapping[str, StepSpan]
    held: int = 0                       #: bytes of arrays that other arrays have taken the place of since

    def as_far_as(self, reached: Mapping[str, int]) -> "Leg":
        """The same up to these steps of clocks."""
        return replace(self, spans={n: replace(s, end=reached.get(n, s.end)) for n, s in self.spans.items()})

    @property
    def bytes(self) -> int:
        """What it takes to keep it."""
        mine = sum(a.nbytes for a in self.arrays.values()) + sum(q.data.nbytes for q in self.queues.values())
        return mine + self.held


@dataclass(frozen=True)
class Base:
    """Where the runs began: values of everything that they change, states per synapse included.

    An array that is missing has not changed since; a state per synapse that is missing was zero.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    queues: dict[str, QueueState] = field(default_factory=dict)

    def copied(self) -> "Base":
        """The same in arrays of its own."""
        return Base({n: a.copy() for n, a in self.arrays.items()}, {n: _copy(q) for n, q in self.queues.items()})

    @property
    def bytes(self) -> int:
        """What it takes to keep it."""
        return sum(a.nbytes for a in self.arrays.values()) + sum(q.data.nbytes for q in self.queues.values())


@dataclass(frozen=True)
class Picture:
    """What is kept at some time, for `Network.store`."""

    base: Base | None
    legs: tuple[Leg, ...]
    refusal: str
    assigned: frozenset[str]
    last: Course | None

    def in_file(self) -> "Picture":
        """What of it a file can keep: why there is nothing."""
        why = self.refusal or ("the values were read from a file, which has only the sums" if self.base else "")
        return Picture(None, (), why, frozenset(), None)


NOTHING = Picture(None, (), "", frozenset(), None)


@dataclass
class Replay:
    """The runs since values per synapse were last known. One per network; its synapses keep it alive."""

    base: Base | None = None
    legs: tuple[Leg, ...] = ()
    refusal: str = ""                 #: why the runs cannot be repeated
    assigned: set[str] = field(default_factory=set)       #: arrays that the script assigned to since the last run
    shared: bool = False              #: whether a picture has the base too, so that it must not change
    built: tuple[Course, Prepared] | None = None          #: what worked on the arrays of the base last
    under_way: bool = False
    reached: tuple[Any, ...] = ()     #: where the last run ended, to know whether the next one goes on from there
    clocks: tuple[str, ...] = ()      #: the clocks of that
    last: Course | None = None        #: what the last run did, whose arrays are kept
    watched: set[str] = field(default_factory=set)        #: arrays of variables that scripts assign to

    # -- as runs go on -------------------------------------------------------------------------------------------------
    def begin(self, course: Course, state: State, known: Mapping[str, np.ndarray]) -> None:
        """Keep where a run begins. ``known``: states per synapse that became sums since the last run, unless zero."""
        broken = "a run ended with an error" if self.under_way else ""
        self.under_way = True
        why = course.unrepeatable() or broken
        if why:
            self.refuse(why)
            return
        if course.kept <= known.keys():
            self.base, self.legs, self.refusal, self.last = self._fresh(course, known), (), "", course
            self.assigned.clear()
        if self.base is None:
            return
        self.legs = (*self._closed(), self._leg(course, state, known))
        self.assigned.clear()
        self.last = course
        self._check_size()

    def _check_size(self) -> None:
        """Keep no more than is worth it."""
        if sum(x.bytes for x in self.legs) > MOST_ASSIGNED:
            self.refuse(f"more than {MOST_ASSIGNED >> 20} MB of values were assigned or made anew between the runs")
        elif len({id(x.course) for x in self.legs}) > MOST_CHANGES:
            self.refuse(f"the model changed more than {MOST_CHANGES} times between runs")

    def _fresh(self, course: Course, known: Mapping[str, np.ndarray]) -> Base:
        values = course.values
        arrays = {n: values.arrays[n][1].copy() for n in course.changed if n in values.arrays}
        self.shared, self.built = False, None
        return Base(arrays | {n: a for n, a in known.items() if a.any()},
                    {n: _copy(values.queues[n][1]) for n in course.queues if n in values.queues})

    def _leg(self, course: Course, state: State, known: Mapping[str, np.ndarray]) -> Leg:
        assert self.base is not None and self.last is not None
        values, have, before = course.values, self.base.arrays, self.last
        new, queues, held = frozenset[str](), frozenset[str](), 0
        if before is not course:
            other = _replaced(before.values, values)
            self._keep_before(other)
            noted = frozenset(have).union(*(x.arrays for x in self.legs))
            new = (course.changed - before.changed) | (course.changed & course.made) | (
                other & (course.changed | noted))
            queues = frozenset(n for n in course.queues if n not in before.queues
                               or before.values.queues[n][1] is not values.queues[n][1])
            held = sum(before.values.arrays[n][1].nbytes for n in other)
        arrays = {n: values.arrays[n][1].copy() for n in self.assigned | new if n in values.arrays}
        arrays |= {n: a for n, a in known.items() if have.get(n) is not a and (a.any() or n in have or self.legs)}
        clocks = state.program.clocks
        spans = {c: StepSpan(int(state.step[k]), int(state.end[k]), float(state.dt[k]), int(state.origin[k]))
                 for k, c in enumerate(clocks)}
        params = {n: x for n, x in state.params.items() if n not in course.literals}
        return Leg(course, arrays, {n: _copy(values.queues[n][1]) for n in queues if n in values.queues}, params,
                   state.seed, spans, held)

    def _keep_before(self, names: frozenset[str]) -> None:
        """Arrays that others have taken the place of and that scripts assign to are, in the runs so far, what they
        were."""
        assert self.base is not None and self.last is not None
        for name in names & self.watched - self._changing():
            self.base.arrays.setdefault(name, self.last.values.arrays[name][1].copy())

    def goes_on(self, state: State) -> bool:
        """Whether a run begins where the last one ended and is like it in everything; it is then one with it."""
        on = bool(self.reached) and not self.assigned and not self.under_way and self.reached == _place(state)
        self.under_way |= on
        return on

    def end(self, state: State) -> None:
        """The run is over: it came as far as the clocks are now."""
        self.under_way, self.reached = False, _place(state) if self.legs else ()
        self.clocks = state.program.clocks

    def close(self) -> None:
        """The run that goes on is over; the next one is another."""
        self.legs, self.reached = self._closed(), ()

    def _closed(self) -> tuple[Leg, ...]:
        """The runs, the last one as far as it came."""
        if not self.legs or not self.reached:
            return self.legs
        return *self.legs[:-1], self.legs[-1].as_far_as(dict(zip(self.clocks, self.reached[0])))

    def refuse(self, why: str) -> None:
        """Nothing can be repeated any more, for this reason."""
        self.base, self.legs, self.refusal, self.built, self.reached = None, (), why, None, ()
        self.assigned.clear()

    def watch(self, variables: Iterable[Variable]) -> None:
        """From now on be told what is assigned to these."""
        for v in variables:
            v.watched = WeakMethod(self.note)
            self.watched.add(v.program)

    def note(self, v: Variable) -> None:
        """A script is about to assign to a variable: keep what a run once more begins with."""
        if self.base is None or v.values is None:
            return
        self.assigned.add(v.program)
        if v.program not in self.base.arrays and v.program not in self._changing():
            was = None if self.last is None else self.last.values.arrays.get(v.program)
            self.base.arrays[v.program] = (v.values if was is None else was[1]).copy()

    def _changing(self) -> frozenset[str]:
        return frozenset().union(*(leg.course.changed for leg in self.legs))

    # -- when somebody asks --------------------------------------------------------------------------------------------
    def ask(self) -> Mapping[str, np.ndarray]:
        """The states of synapses that are kept as sums, and sums of several projections each by itself: program name →
        values now. `WrongState` for runs that cannot be repeated."""
        if self.base is None:
            raise WrongState("The runs cannot be repeated", found=self.refusal or "they were not kept")
        self.legs = self._closed()
        if any(leg.arrays or any(s.end > s.step for s in leg.spans.values()) for leg in self.legs):
            self._again()
        return self.base.arrays

    def _again(self) -> None:
        assert self.base is not None
        base, legs = self.base.copied() if self.shared else self.base, self.legs
        self.base, self.shared, refusal = None, False, "running once more ended with an error"
        self.refusal = refusal
        for leg in legs:
            _take(base.arrays, leg.arrays)
            base.queues.update({n: _copy(q) for n, q in leg.queues.items()})
            _grow(base.arrays, leg.course)
            self._run(leg, base)
        why = self._other(legs[-1].course, base)
        if why:
            self.refuse(why)
            raise WrongState("The runs cannot be repeated", found=why)
        self.base, self.legs, self.refusal, self.reached = base, (), "", ()

    def _run(self, leg: Leg, base: Base) -> None:
        if self.built is None or self.built[0] is not leg.course:
            self.built = leg.course, _built(leg.course, base)
        prepared, state = self.built[1], self.built[1].state
        for name in state.arrays.keys() & base.arrays.keys():
            state.arrays[name] = base.arrays[name]
        for name in state.queues.keys() & base.queues.keys():
            state.queues[name] = base.queues[name]
        state.params.update({n: x for n, x in leg.params.items() if n in state.params and n not in prepared.literals})
        state.seed, state.cursor = leg.seed, -1
        for k, clock in enumerate(state.program.clocks):
            span = leg.spans.get(clock, StepSpan(0, 0, 1.0, 0))
            state.step[k], state.end[k], state.dt[k], state.origin[k] = span.step, span.end, span.dt, span.origin
        prepared.executable.bind(state)
        prepared.executable.load_params(state)
        advance(prepared.executable, state, dict(prepared.in_python), Stop())

    def _other(self, course: Course, base: Base) -> str:
        """What the runs once more came to that is not what there is."""
        for name in sorted(course.changed - course.made - self.assigned):
            now, again = course.values.arrays[name][1], base.arrays[name]
            largest = np.abs(now).max(initial=0) if now.dtype.kind == "f" else 0
            if not np.allclose(now, again, rtol=0, atol=NEAR * largest, equal_nan=True):
                return (f"the run once more came to other values of {name}: something that it depends on has changed "
                        "since")
        return ""

    # -- store and restore ---------------------------------------------------------------------------------------------
    def picture(self) -> Picture:
        """What is kept now."""
        self.shared = True
        return Picture(self.base, self._closed(), self.refusal, frozenset(self.assigned), self.last)

    def take(self, picture: Picture) -> None:
        """As it was when the picture was made."""
        self.base, self.legs, self.refusal = picture.base, picture.legs, picture.refusal
        self.assigned, self.shared, self.built, self.under_way = set(picture.assigned), True, None, False
        self.last, self.reached = picture.last, ()

    @property
    def bytes(self) -> int:
        """What it takes to keep all this."""
        return (0 if self.base is None else self.base.bytes) + sum(leg.bytes for leg in self.legs)


def _built(course: Course, base: Base) -> Prepared:
    """A run of this kind on the arrays of the base, which gets those that it lacks."""
    values = course.values
    sums, totals = course.sums, course.totals
    for name, array in sums.items():
        base.arrays.setdefault(name, zeros(values.sizes[array.space], array.dtype))
    for name, (_, now) in totals.items():
        base.arrays.setdefault(name, now.copy())
    declared = {n: (a, base.arrays.get(n, x)) for n, (a, x) in values.arrays.items()}
    declared |= {n: (a, base.arrays[n]) for n, a in (sums | {n: a for n, (a, _) in totals.items()}).items()}
    mine = replace(values, arrays=declared,
                   queues={n: (q, base.queues.get(n, x)) for n, (q, x) in values.queues.items()})
    return prepare(course.beside(), mine, course.slots, course.target)


def _take(arrays: dict[str, np.ndarray], given: Mapping[str, np.ndarray]) -> None:
    for name, values in given.items():
        if name in arrays and arrays[name].shape == values.shape:
            arrays[name][...] = values
        else:
            arrays[name] = values.copy()


def _grow(arrays: dict[str, np.ndarray], course: Course) -> None:
    """States per synapse of synapses that were made since are zero."""
    for name, array in course.sums.items():
        if name in arrays:
            more = course.values.sizes[array.space] - len(arrays[name])
            arrays[name] = np.append(arrays[name], zeros(more, array.dtype)) if more > 0 else arrays[name]


def _replaced(before: Values, now: Values) -> frozenset[str]:
    """The arrays that are others than in the program before."""
    return frozenset(n for n, (_, a) in now.arrays.items() if n in before.arrays and before.arrays[n][1] is not a)


def _place(state: State) -> tuple[Any, ...]:
    """Where the clocks are, and everything else that a run depends on besides arrays and queues."""
    return state.step.tolist(), state.dt.tolist(), state.origin.tolist(), state.seed, dict(state.params)


def _copy(q: QueueState) -> QueueState:
    return QueueState(q.data[:, :max(16, int(q.count.max(initial=0)))].copy(), q.count.copy())
