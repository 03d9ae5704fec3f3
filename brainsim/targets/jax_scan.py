"""The JAX target: the whole step as one traced function, the loop over steps inside JAX.

Values that no kernel changes are arguments, so that other values compile nothing. What a step records comes out of JAX
as an array with a row per step, and goes into the records of the objects from there.
"""
from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.ir import evaluate, random_rows
from brainsim.ir.expressions import Keyed, Load, Param
from brainsim.ir.program import Clear, FanOut, Kernel, Once, Program, RandomRows, Range
from brainsim.ir.state import Pause, QueueState, State, begin_tick
from brainsim.ir.text import program as program_text
from brainsim.naming import is_bound
from brainsim.targets.cache import digest
from brainsim.targets.contract import Available, Missing, Settings, Traits, Written, refuse_operations
from brainsim.targets.jax_writer import module

BYTES_AT_A_TIME = 1 << 22      #: of records of one call of the compiled loop, which first sets so many to zero
MOST_TICKS = 1 << 14


class JaxTarget:
    """Equations → functions of JAX. Loops that were compiled for a layout serve all runs of one target."""

    name = "jax"
    traits = Traits(calls_functions=True, network_operations=False, frees_lock=True,
                    does=frozenset({"blocks", "choices", "invariants", "repeats", "unread", "sums"}))
    settings = Settings()

    def __init__(self) -> None:
        self._loops: dict[str, list[Loop]] = {}      #: by digest of the source

    def alone(self) -> "JaxTarget":
        """Itself."""
        return self

    def available(self) -> Available | Missing:
        """Where the package ``jax`` is installed."""
        if importlib.util.find_spec("jax") is None:
            return Missing("The package jax is not installed", "pip install jax")
        return Available("jax")

    def write(self, program: Program) -> Written:
        """One Python function per kernel, which JAX traces."""
        refuse_operations(program, self)
        text = module(program)
        return Written(text, "python", digest(text))

    def plan(self, program: Program) -> str:
        """Kernels run as the program says, each over all of its elements at once."""
        return program_text(program)

    def build(self, program: Program, source: Written) -> "JaxExecutable":
        """The functions, ready to be traced."""
        return JaxExecutable(program, functions(program, source), self._loops.setdefault(source.digest, []))


def jax_step() -> Any:
    """The module that imports JAX."""
    return importlib.import_module("brainsim.targets.jax_step")


@dataclass(frozen=True)
class Functions:
    """The generated functions of a program: ``setup``, and one per kernel."""

    setup: Callable[[Any], None]
    kernels: tuple[Callable[[Any], None], ...]


def functions(program: Program, source: Written) -> Functions:
    """The functions of a source text."""
    scope = dict(jax_step().SCOPE)
    exec(compile(source.text, "<brainsim jax target>", "exec"), scope)
    return Functions(scope["setup"], tuple(scope[f"kernel_{n}"] for n in range(len(program.kernels))))


# -- what is known before tracing
# ------------------------------------------------------------------------------------------
def rows_of(starts: np.ndarray, ids: np.ndarray | None) -> Any:
    """The rows of a fan-out from its row starts and the synapses in the order of rows."""
    count, lengths = len(starts) - 1, np.diff(starts)
    in_order = np.repeat(np.arange(count, dtype=np.int32), lengths)
    if ids is None or (np.diff(ids) == 1).all() and len(ids) and ids[0] == 0:
        return jax_step().FanOutRows(count, in_order, None)
    row = np.zeros(len(ids), np.int32)
    row[ids] = in_order
    return jax_step().FanOutRows(count, row, np.array(ids, np.int32))


def layout_of(program: Program, state: State, **more: Any) -> Any:
    """The facts that the traced functions depend on; ``more`` are those about gradients."""
    sizes = dict(state.sizes)
    fans = [k.domain for k in program.kernels if isinstance(k.domain, FanOut)]
    rows = {d.starts: rows_of(state.arrays[d.starts], state.arrays[d.ids] if d.ids else None) for d in fans}
    fixed = program.constant
    posts = {a.name: state.arrays[a.name] for a in program.arrays if a.into and a.name in fixed and a.dtype == "i4"}
    keys = {
        n.key.name for k in program.kernels for n in k.facts.nodes if isinstance(n, Keyed) and isinstance(n.key, Param)
    }
    bounds = {
        n: int(state.params[n]) for n, t in program.params
        if t != "f8" and (n in keys or is_bound(n))
    }
    drawn = {k.name: drawn_rows(k.domain, state) for k in program.kernels if isinstance(k.domain, RandomRows)}
    into = {q.name: sizes[q.into] for q in program.queues if q.into in sizes}
    longest = {k.domain.first.array: int(np.diff(state.arrays[k.domain.first.array]).max(initial=0))
               for k in program.kernels if isinstance(k.domain, Range) and isinstance(k.domain.first, Load)}
    slots = {q.name: state.queue_slots(q.name) for q in program.queues}
    lengths = {n: len(x) for n, x in state.arrays.items()}
    return jax_step().StepLayout(sizes, slots, into, bounds, rows, posts, lengths, longest=longest, drawn=drawn,
                                 functions=state.functions, **more)


def drawn_rows(domain: RandomRows, state: State) -> tuple[np.ndarray, ...]:
    """(row, column, number in the row) of all members of a random matrix, int32 each."""
    key, columns = (int(evaluate.value(x, state, {}))
                    for x in (domain.key, domain.columns))
    into = next(q.into for q in state.program.queues if q.name == domain.queue)
    count, column = random_rows.rows(key, np.arange(state.sizes[into]), columns, state.arrays[domain.gaps],
                                     domain.hollow)
    return tuple(
        x.astype(np.int32) for x in (np.repeat(np.arange(len(count)), count), column, random_rows.numbered(count)))


def same_layout(a: Any, b: Any) -> bool:
    """Whether what was traced for one layout holds for another."""
    plain = all(
        getattr(a, n) == getattr(b, n)
        for n in ("sizes", "slots", "into", "bounds", "lengths", "longest", "soft", "resets", "spikes"))
    return plain and all(same(getattr(a, n), getattr(b, n)) for n in ("rows", "posts", "drawn"))


def same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether arrays under the same names are equal."""
    def parts(x: Any) -> tuple[Any, ...]:
        return (x,) if isinstance(x, np.ndarray) else x if isinstance(x, tuple) else (x.row, x.order)
    return a.keys() == b.keys() and all(np.array_equal(x, y) if x is not None and y is not None else x is y
                                        for n in a for x, y in zip(parts(a[n]), parts(b[n])))


def derived(layout: Any) -> dict[str, np.ndarray]:
    """Arrays that kernels read besides those of the program."""
    drawn = {
        f"{name}@{part}": x for name, parts in layout.drawn.items() for part, x in zip(("j", "column", "number"), parts)
    }
    return {f"{starts}@row": rows.row for starts, rows in layout.rows.items()} | drawn


# -- the step
# --------------------------------------------------------------------------------------------------------------
@dataclass
class Traced:
    """The step of a program with a layout. ``fixed_values``: what it records that never changes; ``groups``: the mask
    of each record."""

    program: Program
    made: Functions
    layout: Any
    given: Mapping[int, str] = field(
        default_factory=dict)  #: kernels after which a queue is what the caller says: tick['given']
    shown: frozenset[str] = frozenset()  #: queues whose masks at the end of the step are among what is recorded
    fixed_values: dict[str, np.ndarray] = field(default_factory=dict)
    groups: dict[str, str | None] = field(default_factory=dict)

    def begin(self, constants: Mapping[str, Any]) -> dict[str, Any]:
        """Matrices that hold for the whole run. ``constants``: 'arrays', 'params', 'key', 'dt', 'origin'."""
        step = self._step(constants, {"A": {}, "Q": {}}, {"t": {}, "step": {}}, {})
        self.made.setup(step)
        return step.M

    def __call__(
        self,
        constants: Mapping[str, Any],
        matrices: Mapping[str, Any],
        carry: Mapping[str, Any],
        tick: Mapping[str, Any],
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """State and one tick → the next state, and what is recorded."""
        step = self._step(constants, carry, tick, dict(matrices))
        step.given, step.taps = tick.get("given", {}), tick.get("taps")
        for clock, numbers in self._groups():
            if len(self.program.clocks) == 1:
                self._run(step, numbers)
            else:
                self._run_if(step, clock, numbers, tick["due"][clock])
        recorded = {}
        for name, value in step.R.items():
            if isinstance(value, (np.ndarray, int, float, np.generic)):
                self.fixed_values[name] = np.asarray(value)
            else:
                recorded[name] = value
        recorded.update({q: step._whole(q) for q in self.shown})
        return {"A": {n: step.A[n] for n in carry["A"]}, "Q": {q: step._whole(q) for q in carry["Q"]}}, recorded

    def _step(self, constants: Mapping[str, Any], carry: Mapping[str, Any], tick: Mapping[str, Any],
              matrices: dict[str, Any]) -> Any:
        empty = dict.fromkeys(self.layout.into.keys() - self.program.records)
        return jax_step().Step(self.layout, {**constants["arrays"], **carry["A"]}, {**empty, **carry["Q"]},
                               constants["params"], tick["t"], constants["dt"], tick["step"], constants["origin"],
                               constants["key"], matrices)

    def _groups(self) -> list[tuple[str, list[int]]]:
        """Kernels in a row that belong to one clock."""
        found: list[tuple[str, list[int]]] = []
        for n, k in enumerate(self.program.kernels):
            if found and found[-1][0] == k.clock:
                found[-1][1].append(n)
            else:
                found.append((k.clock, [n]))
        return found

    def _run(self, step: Any, numbers: list[int]) -> None:
        for n in numbers:
            name = self.program.kernels[n].name
            wall = step.taps is not None and name in step.taps.walls
            step.run(self.made.kernels[n], "wall" if wall else self.layout.resets.get(name, ""))
            if n in self.given:
                step.Q[self.given[n]] = step.given[self.given[n]]
        self.groups.update({q: g for q, g in step.groups.items()})

    def _run_if(self, step: Any, clock: str, numbers: list[int], due: Any) -> None:
        """Run kernels if their clock is due."""
        from_jax = jax_step()
        used = [self.program.kernels[n].facts for n in numbers]
        arrays = sorted({name for facts in used for name in facts.loads | facts.stores if name in step.A})
        queues = sorted(q for q in step.Q if q in self.layout.into)

        def go(held: Any) -> Any:
            inner = from_jax.inside(step, held)
            self._run(inner, numbers)
            kept = {n: v for n, v in inner.R.items() if not isinstance(v, (np.ndarray, int, float, np.generic))}
            self.fixed_values.update({n: np.asarray(v) for n, v in inner.R.items() if n not in kept})
            return {n: inner.A[n] for n in arrays}, {q: inner._whole(q) for q in queues}, kept

        found = from_jax.if_due(due, go, ({n: step.A[n] for n in arrays}, {q: step._whole(q) for q in queues}))
        step.A.update(found[0])
        step.Q.update(found[1])
        step.R.update(found[2])


def passing(program: Program, slots: Mapping[str, int]) -> frozenset[str]:
    """Queues with one slot of which nothing is left from one step to the next: the first that a step does is empty it,
    or the last."""
    if len(program.clocks) > 1:
        return frozenset()
    found = set()
    for q in program.queues:
        touched = [program.kernels[n] for n in program.users.get(q.name, ())]
        if slots[q.name] == 1 and touched and any(_empties(k, q.name) for k in (touched[0], touched[-1])):
            found.add(q.name)
    return frozenset(found)


def _empties(kernel: Kernel, queue: str) -> bool:
    return isinstance(kernel.domain, Once) and any(isinstance(s, Clear) and s.queue == queue for s in kernel.body)


# -- between NumPy's state and JAX's
# ---------------------------------------------------------------------------------------
def masks(program: Program, state: State, layout: Any) -> dict[str, np.ndarray]:
    """The queues that are read, as masks."""
    made, grow = {}, program.records
    for q in program.queues:
        if q.name in grow:
            continue
        found = state.queues[q.name]
        mask = np.zeros((layout.slots[q.name], layout.into[q.name]), float if q.name in layout.soft else bool)
        for slot in np.flatnonzero(found.count).tolist():
            mask[slot, found.values(int(slot))] = True
        made[q.name] = mask if layout.slots[q.name] > 1 else mask[0]
    return made


def put_back(queue: QueueState, mask: np.ndarray) -> None:
    """A mask as the values of a queue."""
    rows = np.atleast_2d(mask) > 0
    count = rows.sum(axis=1)
    queue.make_room(int(count.max(initial=0)))
    queue.count[:] = count
    for slot in np.flatnonzero(queue.count):
        queue.data[slot, :queue.count[slot]] = np.flatnonzero(rows[slot])


def places(mask: np.ndarray, due: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tick, of those in which the clock was due, and element of each true entry."""
    of_due = mask if due.all() else mask[due]
    return np.divmod(np.flatnonzero(of_due),
                     max(1, int(np.prod(mask.shape[1:]))))  # (many times faster than nonzero of a matrix)


def add_records(queue: QueueState, values: np.ndarray, due: np.ndarray, at: tuple[np.ndarray, np.ndarray] | None,
                size: tuple[int, ...], each_tick: bool) -> None:
    """Add what was recorded in some ticks, those in which the clock was due: everything, or what stands at some
    `places`, of so many elements. ``each_tick``: whether the values have a row per tick."""
    if not due.any():
        return
    if at is not None:
        rows = values if not each_tick or due.all() else values[due]
        found = rows[at] if each_tick and rows.ndim > 1 else rows[at[0]] if each_tick else np.broadcast_to(rows,
                                                                                                           size)[at[1]]
    else:
        found = values[due].ravel() if each_tick else np.tile(values.ravel(), int(due.sum()))
    used = int(queue.count[0])
    if used + len(found) > queue.data.shape[1]:
        queue.make_room(2 * (used + len(found)))
    queue.data[0, used:used + len(found)] = found
    queue.count[0] = used + len(found)


@dataclass(frozen=True)
class Ticks:
    """The next ticks: for each clock its step before the tick, whether it takes part, and its time; arrays (ticks,
    clocks)."""

    step: np.ndarray
    due: np.ndarray
    t: np.ndarray

    def table(self, clocks: tuple[str, ...], length: int) -> dict[str, dict[str, np.ndarray]]:
        """By clock, filled up to a length."""
        def padded(x: np.ndarray) -> np.ndarray:
            return np.concatenate([x, np.repeat(x[-1:], length - len(x), axis=0)]) if len(x) < length else x

        return {
            name: {c: padded(x)[:, k] for k, c in enumerate(clocks)}
            for name, x in (("step", self.step), ("due", self.due), ("t", self.t))
        }


def next_ticks(state: State, most: int) -> Ticks:
    """Up to ``most`` ticks from where the clocks of a state stand; the state stays as it is."""
    clocks = len(state.program.clocks)
    if clocks == 1 and not state.program.listed:
        step = np.arange(state.step[0], min(state.end[0], state.step[0] + most))[:, None]
        return Ticks(step, np.ones(step.shape, bool), step * state.dt)
    before, found = state.step.copy(), []
    try:
        while len(found) < most and begin_tick(state):
            found.append((state.step.copy(), state.due.astype(bool), state.reached()))
            state.step += state.due
    finally:
        state.step[:], state.cursor = before, -1
    empty = np.zeros((0, clocks))
    return Ticks(*(np.array([f[k] for f in found]) if found else empty for k in range(3)))


@dataclass(frozen=True)
class Loop:
    """A loop that was compiled for a layout: (constants, state, table of ticks, how many) → (state, records), at most
    ``length`` ticks."""

    traced: Traced
    run: Any
    length: int


class JaxExecutable:
    """A traced step, and the loop around it; ``loops`` are those that were compiled before."""

    def __init__(self, program: Program, made: Functions, loops: list[Loop]):
        self.program, self.made, self._loops = program, made, loops
        self._fixed, self._records = program.constant, program.records
        self._clock = {q: program.kernels[program.users[q][-1]].clock for q in program.records if q in program.users}
        self._traced: Any = None              #: `Traced`, once the arrays are known
        self._run: Any = None
        self._length = 0
        self._constants: dict[str, Any] = {}
        self._derived: dict[str, Any] = {}
        self._bound_anew = True

    def bind(self, state: State) -> None:
        """Values are read at the beginning of each call; rows of synapses are looked at again."""
        self._bound_anew = True

    def load_params(self, state: State) -> None:
        """Bounds of loops are looked at again."""
        self._bound_anew = True

    def advance(self, state: State, ticks: int) -> Pause:
        """Advance by up to ``ticks`` ticks."""
        ahead = next_ticks(state, min(ticks, MOST_TICKS))
        if not len(ahead.step):
            return Pause.BUDGET if (state.step < state.end).any() else Pause.DONE
        with jax_step().double_precision():
            carry = self._handed_over(state)
            done = 0
            while done < len(ahead.step):
                part = Ticks(*(x[done:done + self._length] for x in (ahead.step, ahead.due, ahead.t)))
                carry, out = self._run(self._constants, carry, part.table(self.program.clocks, self._length),
                                       len(part.step))
                self._keep(state, out, part)
                done += len(part.step)
            self._fetch(state, carry)
        self._raise_what_failed()
        state.step += ahead.due.sum(axis=0)
        return Pause.BUDGET if (state.step < state.end).any() else Pause.DONE

    def _raise_what_failed(self) -> None:
        """The error of a user's function, if one failed."""
        assert self._traced is not None
        failed = self._traced.layout.failed
        if failed:
            first = failed[0]
            failed.clear()
            raise first

    # -- what goes in --------------------------------------------------------------------------------------------------
    def _is_old(self) -> bool:
        return self._traced is None or self._bound_anew

    def _handed_over(self, state: State) -> dict[str, Any]:
        """The present values, all of them: a user may have set any between two calls."""
        if self._is_old():
            self._lay_out(state)
        assert self._traced is not None
        layout, clocks = self._traced.layout, self.program.clocks
        params = {n: state.params[n] for n, _ in self.program.params if n not in layout.bounds}
        self._constants = jax_step().as_jax({
            "arrays": {name: state.arrays[name] for name in self._fixed} | self._derived, "params": params, "key":
            (np.uint32(state.seed & 0xFFFFFFFF), np.uint32(state.seed >> 32)), "dt":
            {c: state.dt[k]
             for k, c in enumerate(clocks)}, "origin": {c: state.origin[k] for k, c in enumerate(clocks)}
        })
        carry = jax_step().as_jax({
            "A": {a.name: state.arrays[a.name] for a in self.program.arrays if a.name not in self._fixed}, "Q":
            masks(self.program, state, layout)
        })
        if self._run is None:
            self._run, self._length = jax_step().loop_of(self._traced, self._constants, carry, clocks, BYTES_AT_A_TIME,
                                                         MOST_TICKS)
            self._loops.append(Loop(self._traced, self._run, self._length))
        return carry

    def _lay_out(self, state: State) -> None:
        layout = layout_of(self.program, state)
        if self._traced is None or not same_layout(layout, self._traced.layout):
            known = next((x for x in self._loops if same_layout(layout, x.traced.layout)), None)
            self._traced, self._run = (Traced(self.program, self.made, layout),
                                       None) if known is None else (known.traced, known.run)
            self._length = self._length if known is None else known.length
            self._derived = jax_step().as_jax(derived(layout))
        self._bound_anew = False

    # -- what comes out ------------------------------------------------------------------------------------------------
    def _keep(self, state: State, out: Mapping[str, Any], part: Ticks) -> None:
        assert self._traced is not None
        count = len(part.step)
        found: dict[tuple[str, str], tuple[tuple[np.ndarray, np.ndarray], tuple[int, ...]]] = {}
        for name in self._records:
            due = part.due[:, self.program.clocks.index(self._clock[name])]
            group = self._traced.groups[name]
            # sliced by NumPy: JAX would compile a slice for each length
            if group is not None and (group, self._clock[name]) not in found:
                mask = np.asarray(out[group])[:count] if group in out else np.broadcast_to(
                    self._traced.fixed_values[group], (count, *self._traced.fixed_values[group].shape))
                found[group, self._clock[name]] = places(mask, due), mask.shape[1:]
            at, size = (None, ()) if group is None else found[group, self._clock[name]]
            each_tick = name in out
            values = np.asarray(out[name])[:count] if each_tick else self._traced.fixed_values[name]
            add_records(state.queues[name], values, due, at, size, each_tick)

    def _fetch(self, state: State, carry: Mapping[str, Any]) -> None:
        for name, values in carry["A"].items():
            state.arrays[name][:] = np.asarray(values)
        for name, mask in carry["Q"].items():
            put_back(state.queues[name], np.asarray(mask))
