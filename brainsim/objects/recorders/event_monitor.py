"""Index and time of every event, and of every spike: `EventMonitor` and `SpikeMonitor`."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    Source,
    UnknownAttribute,
    WrongType,
    WrongValue,
    near,
)
from brainsim.ir.program import Array
from brainsim.ir.state import QueueState
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign
from brainsim.model.resolve import Block
from brainsim.model.tasks import RecordEvents, Task
from brainsim.naming import supplied
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.variables import Variable, VariableView
from brainsim.objects.looks import plotting
from brainsim.objects.looks.exports import Column, Frame
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.recorders.record import Recorder, names_to_record, steps_in_bin
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")


def _sends_events(thing: object) -> bool:
    return isinstance(thing, EventSource)


class EventMonitor(Recorder):
    """Index ``i`` and time ``t`` of every event, and ``variables`` at that moment (before the reset)."""

    def __init__(self, source: Any, event: str, variables: object = None, record: bool = True, when: str | None = None,
                 order: int | None = None, name: str = "eventmonitor*", codeobj_class: object = None):
        if not _sends_events(source):
            raise WrongType(f"{type(self).__name__} records a source of spikes", found=type(source).__name__)
        if event not in source.events:
            what = "threshold, so no spikes" if event == "spike" else f"event '{event}'"
            raise WrongValue(f"{source.name} has no {what} to record",
                             help="give the group a threshold" if event == "spike" else near(event, source.events))
        if order is not None and when is None:
            raise WrongValue("order needs when", help="give the slot with when=")
        if np.ndim(record) == 1 and not isinstance(record,
                                                   str):  # scripts for Brian 2 give indices here, and all is recorded
            logger.warning(
                "%s records every element: record is True or False; a part of the group is recorded by G[2:5]",
                type(self).__name__, extra={"topic": "record_all"})
            record = bool(np.size(record))
        if not isinstance(record, (bool, np.bool_)):
            raise WrongType("record of a spike monitor is True or False", found=repr(record),
                            help="record a part of a group by G[2:5]")
        part = source.looked_for_by(event)
        after = part.order + (2 if isinstance(source, Subgroup) else 1)
        super().__init__(source, clock=source.clock, when=when or part.when, order=after if order is None else order,
                         name=name)
        self.event, self.record = event, bool(record)
        self.record_variables = [] if variables is None else names_to_record(source, variables)
        self._refuse_taken(self.record_variables)
        self._counts = np.zeros(len(source), np.int32)
        if record:
            self._keep("i", "i4")
        else:
            del self._records["t"], self.variables["t"]
        for v in self.record_variables:
            if v not in ("i", "t"):
                self._keep(v, source.variables[v].dtype, source.variables[v].dimension)
        self.variables["count"] = Variable("count", supplied(self.name, "count"), dtype="i4", read_only=True,
                                           values=self._counts)

    def declared(self) -> Declared:
        """Events per element besides."""
        count = Array(supplied(self.name, "count"), "i4", f"{self.name}.source", role="count")
        return super().declared() | Declared({count.name: (count, self._counts)})

    def with_records(self, step: int, queues: Mapping[str, QueueState], arrays: Mapping[str, np.ndarray]) -> Recorder:
        """The monitor with these records and counts."""
        return super().with_records(step, queues, arrays)._with(_counts=arrays[supplied(self.name, "count")])

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """One entry per event."""
        if not self.active:
            return []
        resolver = self.source.resolver(run)
        chosen = [v for v in self._records if v not in ("i", "t")]
        statements = tuple(Assign(v, "=", resolver.tree(parse_expression(Source(v)))) for v in chosen)
        block = Block(statements, resolver.symbols, resolver.functions, "record")
        return [
            RecordEvents(name=self.name, clock=self.clock.name, when=self.when, order=self.order,
                         queue=self.source.event_queue(self.event), source=self.source.own_bounds(),
                         index=self._queue("i") if self.record else "", time=self._queue("t") if self.record else "",
                         count=supplied(self.name, "count"), block=block,
                         variables=tuple((self._queue(v), v) for v in chosen))
        ]

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """Counts, and what an event takes."""
        found = super().memory_lines(0)
        return found if not steps else [
            replace(line, count=None) if line.what in self._records else line for line in found
        ]

    @property
    def it(self) -> tuple[VariableView, VariableView]:
        """Index and time of each event, in order of occurrence."""
        return self.i, self.t

    @property
    def it_(self) -> tuple[VariableView, VariableView]:
        """Indices and times in seconds, as plain numbers."""
        return self.i, self.t_

    def _recorded(self, variable: str) -> np.ndarray:
        if not self.record:
            raise UnknownAttribute(f"{self.name} keeps no times and indices", help="make it with record=True")
        return self._raw(variable)

    @property
    def count(self) -> np.ndarray:
        """Events per element of the source."""
        return self._counts.copy()

    @property
    def num_events(self) -> int:
        """Events in all."""
        return int(self._counts.sum())

    @property
    def _count(self) -> int:
        return self.num_events

    def event_trains(self) -> dict[int, Quantity]:
        """Times by index, for every element of the source."""
        return self.values("t")

    def values(self, variable: str) -> dict[int, Any]:
        """A recorded variable by index, in order of occurrence; every element of the source has an entry."""
        values = getattr(self, variable)[:]
        order = np.argsort(self._recorded("i"), kind="stable")
        ends = np.cumsum(self._counts)
        return {k: values[order[end - n:end]] for k, (n, end) in enumerate(zip(self._counts, ends))}

    def all_values(self) -> dict[str, dict[int, Any]]:
        """`values` of every recorded variable."""
        return {v: self.values(v) for v in self._records if v != "i"}

    _further = ("N", "count")

    def __getattr__(self, name: str) -> Any:
        if name.removesuffix("_") in ("i", "t") and not self.__dict__.get("record", True):
            self._recorded(name)
        return super().__getattr__(name)

    _rows = "event"

    def _table(self) -> Frame:
        element, rows = self.source.element_word, self._rows if self.record else self.source.element_word
        names = ("i", "t", *(v for v in self._records if v not in ("i", "t"))) if self.record else ()
        events = tuple(
            Column(v, ("event",),
                   self._raw(v).copy(), unit_text(self.variables[v].dimension)) for v in names)
        count = Column("count", (element,), self.count)
        return Frame(self.name,
                     type(self).__name__, rows, (*events, count),
                     (Column(element, (element,), np.arange(len(self.source))),))

    def plot(self, ax: Any = None) -> Any:
        """A raster, time in milliseconds; returns the Matplotlib axes."""
        return plotting.raster(self, ax)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source.name}, {self.num_events} events)"


class SpikeMonitor(EventMonitor):
    """Index ``i`` and time ``t`` of every spike; ``count`` per neuron; ``variables`` at the spike, before the reset."""

    def __init__(self, source: Any, variables: object = None, record: bool = True, when: str | None = None,
                 order: int | None = None, name: str = "spikemonitor*", codeobj_class: object = None):
        super().__init__(source, "spike", variables, record, when, order, name)

    @property
    def num_spikes(self) -> int:
        """Spikes in all."""
        return self.num_events

    def binned_rate(self, bin_size: object) -> tuple[Quantity, Quantity]:
        """Starts of bins of this length from time 0 on, whole ones only; and the rate of each neuron, shape (neurons,
        bins)."""
        dt = self.clock.dt_
        steps = steps_in_bin(bin_size, dt)
        bins = self.clock.step // steps
        at = np.round(self._recorded("t") / dt).astype(np.int64) // steps
        counts = np.zeros((len(self.source), bins))
        whole = at < bins
        np.add.at(counts, (self._recorded("i")[whole], at[whole]), 1)
        return Quantity(np.arange(bins) * (steps * dt), SECOND), Quantity(counts / (steps * dt), SECOND ** -1)

    def spike_trains(self) -> dict[int, Quantity]:
        """Spike times by neuron, for every neuron of the source."""
        return self.event_trains()
