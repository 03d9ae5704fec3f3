"""A pathway of synapses: events of one side, a delay, and the statements that run when they arrive."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from brainsim.errors import DimensionMismatchError, WrongSyntax, WrongType, WrongValue
from brainsim.ir.program import Array, Queue
from brainsim.ir.state import QueueState
from brainsim.language.trees import Assign, Name, Op
from brainsim.model.aliases import settle_aliases
from brainsim.model.resolve import Block, Resolver
from brainsim.model.tasks import Task, Transmission
from brainsim.naming import end_index, supplied
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.equation_group import statements_of
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.pieces import pieces
from brainsim.objects.groups.variables import Holder, Variable, VariableView
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.pairs import Joining, Pairs, in_rows
from brainsim.objects.synapses.rows import Rows
from brainsim.units import get_dimensions
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")

CROWDED = 400
"""Synapses per target from which on events that differ in delay are worth adding up by step: below, most sums would be
of nothing."""


class Carrying(Joining, Holder, Protocol):
    """Synapses, as far as their pathways need to know them."""

    connect_calls: int

    @property
    def pairs_now(self) -> Pairs:
        """Which neurons they join."""
        ...

    @property
    def own_space(self) -> str:
        """Name of their space in the program."""
        ...

    @property
    def reads_source(self) -> bool:
        """Whether a program needs the source of every synapse."""
        ...

    def event_driven_statements(self, resolver: Resolver) -> list[Assign]:
        """The update of the event-driven variables over ``_elapsed``."""
        ...


class Pathway(BrianObject):
    """``S.pre``, ``S.post`` or a named pathway: its ``delay``, ``order``, ``when``, ``active``."""

    invalidates_magic_network = False
    _slot = "synapses"

    def __init__(self, synapses: Carrying, label: str, code: str, side: str, event: str, delay: object, order: int):
        if not isinstance(code, str):
            raise WrongType(f"The code of pathway '{label}' is a string", found=repr(code))
        source = synapses.source if side == "pre" else synapses.target
        events = source.events if isinstance(source, EventSource) else {}
        if event not in events:
            raise WrongValue(
                f"'{source.name}' has no {'threshold' if event == 'spike' else f'event {event!r}'} for the pathway "
                f"'{label}'",
                found=", ".join(events) or "no events",
                help="give the group a threshold" if event == "spike" else "")
        super().__init__(clock=source.clock, order=order, name=f"{synapses.name}_{label}")
        self.synapses, self.source = synapses, source
        self.label, self.code, self.side, self.event = label, code, side, event
        self._delay = Variable("delay", supplied(self.name, "delay"), SECOND)
        self._scalar = delay is not None
        if delay is not None:
            self._delay.shared = True
            self._delay.values = np.array([_checked_delay(delay, label)])
        self._steps = np.zeros(0, np.int32)
        self._rows: Rows | None = None         #: None where synapses are not stored
        self._rows_of = -1
        self._scattered = False
        self._delay_steps = 0
        self._fired = QueueState.empty("i4")
        self._due = QueueState.empty("i4")
        self._due_dt = 0.0
        self._aliases: dict[str, str] = {}

    # -- delays --------------------------------------------------------------------------------------------------------
    @property
    def delay(self) -> VariableView:
        """Delays in seconds: one for all, or one per synapse."""
        return VariableView(self.synapses, self.delay_variable(), True)

    @delay.setter
    def delay(self, value: object) -> None:
        if isinstance(value, VariableView):
            if value.variable is self._delay:
                return
            value = value[:]
        self.synapses.write_values(self.delay_variable(), slice(None), value, True)

    @property
    def own_delay(self) -> Variable:
        """The variable as it is: without values where no delay was ever given."""
        return self._delay

    @property
    def has_delay_per_synapse(self) -> bool:
        """Whether synapses have delays of their own, equal ones too."""
        return not self._scalar and self._delay.values is not None

    @property
    def events_under_way(self) -> int:
        """How many events have been sent and have not arrived."""
        return int(self._due.count.sum())

    @property
    def steps(self) -> np.ndarray:
        """Delays in whole steps, int32, shape (synapses,), while they differ."""
        return self._steps

    @property
    def is_scattered(self) -> bool:
        """Whether events wait by synapse, because delays differ or did when they were sent."""
        return self._scattered

    def delay_variable(self) -> Variable:
        """The variable; per-synapse delays take memory from the first look on."""
        if self._delay.values is None:
            self._delay.values = self.synapses.pairs_now.new_delays(self.synapses)
        return self._delay

    def grow(self, count: int) -> None:
        """New synapses have no delay."""
        if self._delay.values is not None and not self._scalar:
            self._delay.values = np.concatenate([self._delay.values, np.zeros(count - len(self._delay.values))])

    def check_one_delay(self) -> None:
        """Refuse a delay for every synapse."""
        if self._delay.values is not None and not self._scalar:
            raise WrongType(f"Procedural synapses have one delay ({self.synapses.name})",
                            help="Synapses(..., delay=1*ms)")

    def check_delays(self) -> None:
        """Refuse negative delays (R63)."""
        if self._delay.values is not None and len(self._delay.values) and self._delay.values.min() < 0:
            raise WrongValue(f"A delay of {self.synapses.name} is negative", found=f"{self._delay.values.min()} s")

    # -- before a run --------------------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Sort synapses into rows, turn delays into whole steps, and make the queue fit (R22, R25)."""
        self._make_rows()
        self.check_delays()
        dt, values = self.clock.dt_, self._delay.values
        steps = np.zeros(1, np.int32) if values is None or not len(values) else _whole_steps(values, dt)
        same = self._scalar or not len(steps) or (steps == steps[0]).all()
        in_flight = bool(self._due.count.sum())
        scattered = not same or self._scattered and in_flight
        if scattered and not np.array_equal(steps, self._steps):
            self._steps = steps if len(steps) == len(self.synapses) else np.resize(steps, len(self.synapses))
        self._delay_steps = int(steps[0]) if len(steps) else 0
        self._refit(int(steps.max(initial=0)), scattered, dt)

    def _make_rows(self) -> None:
        s = self.synapses
        if self._rows_of != s.connect_calls:
            group = s.source if self.side == "pre" else s.target
            self._rows = s.pairs_now.rows(self.side, group.first_element, len(group))
            self._rows_of = s.connect_calls

    def _refit(self, longest: int, scattered: bool, dt: float) -> None:
        """Events under way keep their time of arrival, whatever became of delays, dt and the kind of queue."""
        old, now = self._due, self.clock.step
        slots = old.data.shape[0]
        waiting = [((k - self._due_step(now, dt)) % slots, old.values(k).copy()) for k in range(slots) if old.count[k]]
        if self._due_dt and self._due_dt != dt:
            waiting = [(int(round(ahead * self._due_dt / dt)), v) for ahead, v in waiting]
        needed = max([longest, *(ahead for ahead, _ in waiting)], default=0) + 1
        if needed == slots and scattered == self._scattered and self._due_dt == dt:
            return
        if scattered and not self._scattered:
            assert self._rows is not None
            waiting = [(ahead, self._rows.of(v)) for ahead, v in waiting]
        queue = QueueState.empty("i4", needed, max([16, *(2 * len(v) for _, v in waiting)]))
        for ahead, values in sorted(waiting, key=lambda pair: pair[0]):
            slot = (now + ahead) % needed
            used = int(queue.count[slot])
            queue.make_room(used + len(values))
            queue.data[slot, used:used + len(values)] = values
            queue.count[slot] += len(values)
        self._due, self._scattered, self._due_dt = queue, scattered, dt

    def _due_step(self, now: int, dt: float) -> int:
        """The present step in the old queue's dt."""
        return now if not self._due_dt or self._due_dt == dt else int(round(now * dt / self._due_dt))

    # -- what a network asks for ---------------------------------------------------------------------------------------
    def refers_to(self) -> list[BrianObject]:
        """Where its events come from: a group, or a part of one."""
        return [self.source]

    def declared(self) -> Declared:
        """Rows, delays (in seconds, and in whole steps) and events under way."""
        rows = self._row_arrays()
        arrays, delay = dict(rows), self._delay
        if delay.values is not None:
            space = f"{self.name}.once" if delay.shared else self.synapses.own_space
            arrays[delay.program] = (Array(delay.program, "f8", space), delay.values)
        sizes = {} if self._rows is None else {f"{self.name}.rows": len(self._rows.starts)}
        return Declared(arrays, self._event_queues(), sizes, {supplied(self.name, "delay"): self._delay_steps},
                        clock=self.clock, derived=frozenset(rows))

    def _row_arrays(self) -> dict[str, tuple[Array, np.ndarray]]:
        """Rows, and delays in whole steps: they follow from pairs and delays."""
        if self._rows is None:
            return {}
        n, space = self.name, self.synapses.own_space
        starts = Array(supplied(n, "starts"), "i4", f"{n}.rows", space, "starts")
        found = {starts.name: (starts, self._rows.starts)}
        if self._rows.ids is not None:
            found[supplied(n, "ids")] = (Array(supplied(n, "ids"), "i4", space, space, "ids"), self._rows.ids)
        if self._scattered:
            found[supplied(n, "steps")] = (Array(supplied(n, "steps"), "i4", space, role="delays"), self._steps)
        return found

    @property
    def scattered(self) -> bool:
        """Whether delays differ between synapses, as far as is known now."""
        values = self._delay.values
        return values is not None and not self._scalar and not (len(values) and (values == values[0]).all())

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """Rows, delays, and room for events under way."""
        waiting = sum(q.data.size for q in (self._fired, self._due))
        return [*self._memory_of(len(self.synapses)), Line(self.name, "events under way", waiting, 4)]

    def _memory_of(self, count: int) -> list[Line]:
        if not self.synapses.pairs_now.is_stored:
            return []
        found = [Line(self.name, "rows", len(self.source) + 1, 4)]
        if self.side == "post" or not in_rows(self.synapses.pairs_now.index("pre")):
            found.append(Line(self.name, "order of the synapses", count, 4))
            if self.synapses.reads_source:
                found.append(Line(self.name, "index of the source in that order", count, 4))
        if self._delay.values is not None and not self._scalar:
            found.append(Line(self.name, "delay", count, 8))
        if self.scattered:
            found.append(Line(self.name, "delay in steps", count, 4))
        return found

    def _event_queues(self) -> dict[str, tuple[Queue, QueueState]]:
        """Events of this step, and events under way."""
        into = self.synapses.own_space if self._scattered else self.source.own_space
        targets = self.synapses.target if self.side == "pre" else self.synapses.source
        crowded = self._scattered and len(self.synapses) >= CROWDED * len(targets)
        fired = Queue(supplied(self.name, "fired"), "i4", self.source.own_space, role="sent")
        due = Queue(supplied(self.name, "due"), "i4", into, crowded, "due")
        return {fired.name: (fired, self._fired), due.name: (due, self._due)}

    def kept_besides(self) -> dict[str, Any]:
        """Delays, and what the queue of events under way depends on."""
        values = self._delay.values
        return {"extra": {"delay": None if values is None else values.copy(), "scattered": self._scattered,
                          "due_dt": self._due_dt}}

    def resized_by(self, kept: Mapping[str, Any]) -> bool:
        """There may be more delays or fewer."""
        return True

    def take_back(self, kept: Mapping[str, Any]) -> None:
        """The delays of that time; queues have another length where they differ from those of now."""
        then, now = kept["extra"]["delay"], self._delay.values
        if (then is None) != (now is None) or then is not None and now is not None and not np.array_equal(then, now):
            self._delay.values = None if then is None else then.copy()
            structure_changed()
        queue = kept["extra"]["scattered"], kept["extra"]["due_dt"]
        if (self._scattered, self._due_dt) != queue:
            self._scattered, self._due_dt = queue
            structure_changed()

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """Delivery of events."""
        delay = supplied(self.name, "steps") if self._scattered else supplied(self.name, "delay")
        block, driven = self.code_block(run)
        ids = "" if self._rows is None or self._rows.ids is None else supplied(self.name, "ids")
        return [
            Transmission(name=self.name, clock=self.clock.name, when=self.when, order=self.order,
                         queue=self.source.event_queue(self.event), source=self.source.own_bounds(),
                         fired=supplied(self.name, "fired"), due=supplied(self.name, "due"),
                         starts=supplied(self.name, "starts"), ids=ids, delay=delay,
                         scattered=self._scattered, end=end_index(self.synapses.name, self.side), block=block,
                         driven=driven, drawn=self.synapses.pairs_now.drawn(block, self.synapses))
        ]

    def code_block(self, run: RunNamespace) -> tuple[Block, int]:
        """What runs at a synapse, and how many statements come first to bring event-driven variables up to date."""
        s = self.synapses
        resolver = s.resolver(run)
        title = f"on_{self.side}" if self.label in ("pre", "post") else f"pathway '{self.label}'"
        before = s.event_driven_statements(resolver)
        written, aliases = settle_aliases(statements_of(self.code, title, s.name), resolver.scope)
        self._say_aliases(aliases)
        mine = [resolver.statement(a) for a in written]
        s.pairs_now.check_code(mine, resolver.symbols, s)
        for a in mine:
            symbol = resolver.symbols[a.target]
            if symbol.shared and symbol.kind != "local":
                raise WrongSyntax(f"The shared variable '{a.target}' cannot be written for single synapses",
                                  at=a.target_span or a.span)
        if not before:
            return Block(tuple(mine), resolver.symbols, resolver.functions, title), 0
        elapsed = Assign("_elapsed", "=", Op("-", (Name("t"), Name("lastupdate"))))
        after = Assign("lastupdate", "=", Name("t"))
        made = resolver.block([elapsed, *before], title, free=False).statements
        last = resolver.block([after], title, free=False).statements
        return Block((*made, *mine, *last), resolver.symbols, resolver.functions, title), len(made)

    def _say_aliases(self, aliases: dict[str, str]) -> None:
        if aliases and self._aliases != aliases:
            said = ", ".join(f"'{read}' is the variable that is written as '{written}'"
                             for read, written in aliases.items())
            logger.warning("%s: %s; '%s' gives its value from before this code", self.name, said, next(iter(aliases)),
                           extra={"topic": "alias"})
        self._aliases = aliases

    def __repr__(self) -> str:
        return f"<pathway '{self.label}' of {self.synapses.name}>"

    def __getattr__(self, name: str) -> Any:
        if name == "delay_":
            return VariableView(self.synapses, self.delay_variable(), False)
        raise AttributeError(name)


def _whole_steps(delays: np.ndarray, dt: float) -> np.ndarray:
    """Delays in steps, rounded, int32."""
    steps = np.empty(len(delays), np.int32)
    for p in pieces(len(delays)):
        steps[p] = delays[p] / dt + 0.5
    return steps


def _checked_delay(delay: Any, label: str) -> float:
    if not hasattr(delay, "dim"):
        raise WrongType(f"The delay of pathway '{label}' is a time", found=repr(delay), help="delay=1*ms for example")
    if get_dimensions(delay) is not SECOND:
        raise DimensionMismatchError(f"The delay of pathway '{label}' must be a time", SECOND, get_dimensions(delay))
    if np.size(delay) != 1:
        raise WrongValue("delay= takes one time for all synapses", found=f"{np.size(delay)} values",
                         help="set S.delay after connect to give each synapse its own")
    if float(delay) < 0:
        raise WrongValue(f"The delay of pathway '{label}' is negative", found=str(delay))
    structure_changed()
    return float(delay)
