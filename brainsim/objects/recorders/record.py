"""Monitors: what a simulation leaves behind."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    NoSpikes,
    Source,
    UnknownAttribute,
    UnknownName,
    Unsupported,
    WrongIndex,
    WrongSource,
    WrongType,
    WrongValue,
    near,
)
from brainsim.ir.program import Array, Queue
from brainsim.ir.state import DTYPES, QueueState
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import RecordEvents, RecordRate, RecordState, Task
from brainsim.naming import own
from brainsim.objects.groups.clock import BaseClock, Clock, seconds
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements, evaluate
from brainsim.objects.groups.group import TIMES, Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable, VariableView, element_indices
from brainsim.objects.looks import html, plotting
from brainsim.objects.looks.exports import Column, Table
from brainsim.objects.looks.memory import Line
from brainsim.objects.looks.tables import in_format
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.neuron_group import Subgroup
from brainsim.units import Quantity
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")


class Recorder(Group):
    """A record that grows with every run it takes part in; a group whose elements are the entries, and whose variables
    cannot be set."""

    invalidates_magic_network = False

    def __init__(self, source: Any, **place: Any):
        if not isinstance(source, Group):
            raise WrongSource(f"{type(self).__name__} records a group", found=type(source).__name__)
        super().__init__(**place)
        self.source = source
        self._records: dict[str, tuple[str, QueueState]] = {}
        self.variables.clear()   # the time is that of the entries
        self.variables["N"] = Variable("N", own(self.name, "N"), dtype="i4", shared=True, read_only=True,
                                       symbol=Symbol("N", "size", self.name, dtype="i4", shared=True))
        self._keep("t", "f8", SECOND)

    def _keep(self, variable: str, dtype: str, dimension: Dimension = DIMENSIONLESS) -> None:
        """Record a variable."""
        self._records[variable] = (dtype, QueueState.empty(dtype))
        self.variables[variable] = Variable(variable, f"{self.name}.{variable}", dimension, dtype, read_only=True)

    @property
    def _count(self) -> int:
        return len(self._raw("t"))

    @property
    def space(self) -> str:
        """The entries."""
        return own(self.name, "entries")

    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """What is recorded; the time is that of the entries."""
        scope_of = self.scope_function(run)
        return {name: self._symbol(v, scope_of) for name, v in self.variables.items()}

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except UnknownAttribute:
            raise UnknownAttribute(
                f"'{name.removesuffix('_') or name}' is not recorded by {self.__dict__.get('name', 'this monitor')}",
                help=near(name, self.__dict__.get("_records", {}))) from None

    def _read(self, v: Variable, item: object, level: int = 0,
              namespace: Mapping[str, object] | None = None) -> np.ndarray:
        if v.name == "N":
            self._refuse_index(v, item)
            return np.asarray(self._count)
        if v.name not in self._records:
            return super()._read(v, item, level, namespace)
        return self._raw(v.name)[self._absolute(item, RunNamespace.given(namespace, level))]

    def reach(self) -> Callable[[str], np.ndarray]:
        """The records by program name."""
        arrays = {self._queue(v): self._raw(v) for v in self._records}
        return lambda name: arrays[name]

    def elements(self, index: np.ndarray | None) -> Elements:
        """Entries, for strings evaluated at once."""
        return Elements(self.reach(), self.clock, index, {self.name: self._count})

    def _queue(self, variable: str) -> str:
        return f"{self.name}.{variable}"

    def declared(self) -> Declared:
        """One growing queue per recorded variable, and the bounds of a part that is the source."""
        queues = {self._queue(v): (Queue(self._queue(v), dtype, role="record"), q) for v, (dtype, q) in self._records.items()}
        return Declared(queues=queues, sizes={self.space: self._count}, params=self.source.declared().params,
                        clock=self.clock)

    @property
    def _width(self) -> int:
        """How many values of a variable are recorded at once."""
        return 1

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """The records as long as they will be."""
        found = super().memory_lines(steps)
        for variable, (dtype, queue) in self._records.items():
            more = steps * (self._width if variable != "t" else 1) if self.active else 0
            found.append(Line(self.name, variable, int(queue.count[0]) + more, DTYPES[dtype].itemsize))
        return found

    def dependencies(self) -> list[BrianObject]:
        """The source."""
        return [self.source.parent]

    def refers_to(self) -> list[BrianObject]:
        """The source, or the part of a group that it is."""
        return [self.source]

    def _raw(self, variable: str) -> np.ndarray:
        return self._records[variable][1].values()

    @property
    def N(self) -> int:
        """Entries of the record."""
        return self._count

    def __len__(self) -> int:
        return self._count

    def neighbours(self) -> list[Group]:
        """None: names in strings are those of the record."""
        return []

    def get_states(self, vars: Iterable[str] | None = None, units: bool = True, format: str = "dict",
                   subexpressions: bool = False, read_only_variables: bool = True, level: int = 0) -> Any:
        """The record by name, first axis time; everything in it is read-only."""
        if vars is None:
            vars = (*self._records, *self._further) if read_only_variables else ()
        return in_format({v: self._state(v, units) for v in vars}, format, units)

    _further: tuple[str, ...] = ("N",)
    _rows = "time"           #: what an entry is called in tables

    def _table(self) -> Table:
        columns = (Column(v, (self._rows,),
                          self._raw(v).copy(), unit_text(self.variables[v].dimension)) for v in self._records
                   if v != "t")
        return Table(self.name,
                     type(self).__name__, self._rows, tuple(columns), (Column("time", ("time",),
                                                                              self._raw("t").copy(), "second"),))

    def _repr_html_(self) -> str:
        rows = [(v, unit_text(self.variables[v].dimension)) for v in self._records]
        return html.table(type(self).__name__, ("recorded", "unit"), rows, repr(self).partition("(")[2][:-1])

    def _state(self, name: str, units: bool) -> Any:
        values = getattr(self, name if units or name in ("i", *self._further) else f"{name}_")
        values = values[:] if isinstance(values, VariableView) else values
        return values.T if np.ndim(values) == 2 else values

    def reinit(self) -> None:
        """Not possible: make a new monitor."""
        raise Unsupported("A monitor cannot be emptied", help="make a new one")


class StateMonitor(Recorder):
    """Values of ``variables`` (a name, a list, or True for all in the equations) of the elements ``record``, every
    tick.

    ``record``: True for all, an index, a list, a subgroup or ``S[...]``. ``M.v`` has shape (elements, times), with
    units; ``M[k].v`` is the trace of source index k. The default slot ``start`` shows values before the update of the
    step.
    """

    def __init__(self, source: Any, variables: object, record: object = None, dt: object = None,
                 clock: BaseClock | None = None, when: str = "start", order: int = 0, name: str = "statemonitor*",
                 codeobj_class: object = None):
        if not isinstance(source, Group):
            raise WrongSource("StateMonitor records a group", found=type(source).__name__)
        if record is None:
            raise WrongType("StateMonitor needs to know which elements to record",
                            help="record=True for all, or record=[0, 5]")
        super().__init__(source, dt=dt, clock=clock or (None if dt is not None else source.clock), when=when,
                         order=order, name=name)
        self.record_variables = [v for v in _names_to_record(source, variables) if v != "t"]
        self._index = _recorded_indices(source, record)
        for v in self.record_variables:
            kept = _variable(source, v)
            assert kept is not None
            self._keep(v, kept.dtype if kept.linked_to is None else kept.linked_to.dtype, kept.dimension)
            if kept.shared and len(self._index) > 1:
                logger.warning("%s: '%s' is shared, and is recorded once for every element", self.name, v,
                               extra={"topic": "shared_variable"})

    @property
    def record(self) -> np.ndarray:
        """Recorded indices, as in the source."""
        return self._index - self.source._first

    @property
    def n_indices(self) -> int:
        """How many elements are recorded."""
        return len(self._index)

    @property
    def _width(self) -> int:
        return len(self._index)

    def declared(self) -> Declared:
        """Indices of the recorded elements besides."""
        index = Array(own(self.name, "index"), "i4", self.name, self.source.space, "index")
        return super().declared() | Declared({index.name: (index, self._index)})

    def tasks(self, run: RunNamespace) -> list[Task]:
        """One row per tick."""
        if not self.active:
            return []
        resolver = self.source.resolver(run)
        statements = tuple(Assign(v, "=", resolver.tree(parse_expression(Source(v)))) for v in self.record_variables)
        block = Block(statements, resolver.symbols, resolver.functions, "record")
        return [
            RecordState(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=self.name,
                        block=block, variables=tuple(
                            (self._queue(v), v) for v in self.record_variables), time=self._queue("t"))
        ]

    def record_single_timestep(self) -> None:
        """Add one row with the present values."""
        if self._network is None:
            raise WrongType("Nothing can be recorded before the first run", help="run(0*ms) prepares everything")
        resolver = self.source.resolver(RunNamespace.of_caller())
        self._records["t"][1].make_room(len(self._raw("t")) + 1)
        _push(self._records["t"][1], np.array([self.clock.t_]))
        for v in self.record_variables:
            tree = resolver.tree(parse_expression(Source(v)))
            here = self.source.elements(self._index.astype(np.int64))
            values = evaluate(tree, Block((), resolver.symbols, resolver.functions), here)
            _push(self._records[v][1], np.broadcast_to(values, self._index.shape))

    def _table(self) -> Table:
        source, element = self.source, self.source._element
        columns = tuple(
            Column(v, ("time", element),
                   self._values(v).T.copy(), unit_text(self.variables[v].dimension)) for v in self.record_variables)
        places = tuple(
            Column(side, (element,),
                   getattr(source, side)[:][self.record]) for side in ("i", "j") if element == "synapse")
        return replace(super()._table(), columns=columns,
                       coordinates=(*super()._table().coordinates, Column(element, (element,), self.record), *places))

    def _values(self, variable: str) -> np.ndarray:
        return self._raw(variable).reshape(len(self), len(self._index)).T

    def __getattr__(self, name: str) -> Any:
        records = self.__dict__.get("_records", {})
        for stem, with_units in ((name, True), (name[:-1] if name.endswith("_") else "", False)):
            if stem in records and stem != "t":
                values = self._values(stem).copy()
                return with_dimension(values, self.variables[stem].dimension) if with_units else values
        return super().__getattr__(name)

    def __getitem__(self, item: object) -> "StateMonitorView":
        wanted = np.atleast_1d(
            element_indices(getattr(item, "_indices_for", lambda g: item)(self.source), self.source._count, self.name))
        rows = []
        for k in wanted:
            at = np.flatnonzero(self.record == k)
            if not len(at):
                raise WrongIndex(f"Index {k} is not recorded by {self.name}",
                                 found=", ".join(map(str, self.record[:10])))
            rows.append(int(at[0]))
        return StateMonitorView(self, rows[0] if np.ndim(item) == 0 and not hasattr(item, "_indices_for") else rows)

    def plot(self, variable: str | None = None, ax: Any = None) -> Any:
        """Traces over time in milliseconds; returns the Matplotlib axes."""
        return plotting.traces(self, variable or self.record_variables[0], ax)

    def __repr__(self) -> str:
        return f"StateMonitor({self.source.name}: {', '.join(self.record_variables)}; {self.n_indices} elements, {len(self)} times)"


class StateMonitorView:
    """The records of chosen source indices."""

    def __init__(self, monitor: StateMonitor, rows: object):
        self._monitor, self._rows = monitor, rows

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._monitor, name)
        return found if name in ("t", "t_") else found[self._rows]

    def __repr__(self) -> str:
        chosen = self._monitor.record[self._rows]
        return f"<{self._monitor.name}: {', '.join(self._monitor.record_variables)} of {chosen}>"


class EventMonitor(Recorder):
    """Index ``i`` and time ``t`` of every event, and ``variables`` at that moment (before the reset)."""

    def __init__(self, source: Any, event: str, variables: object = None, record: bool = True, when: str | None = None,
                 order: int | None = None, name: str = "eventmonitor*", codeobj_class: object = None):
        if not isinstance(source, Group) or not hasattr(source, "events"):
            raise WrongType(f"{type(self).__name__} records a source of spikes", found=type(source).__name__)
        if event not in source.events:
            what = f"{source.name} has no threshold, so no spikes to record" if event == "spike" else f"{source.name} has no event '{event}' to record"
            raise WrongValue(what,
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
        parent = source.parent
        part = getattr(parent, "thresholder", {}).get(event, parent)
        after = part.order + (2 if isinstance(source, Subgroup) else 1)
        super().__init__(source, clock=source.clock, when=when or part.when, order=after if order is None else order,
                         name=name)
        self.event, self.record = event, bool(record)
        self.record_variables = [] if variables is None else _names_to_record(source, variables)
        self._counts = np.zeros(source._count, np.int32)
        if record:
            self._keep("i", "i4")
        else:
            del self._records["t"], self.variables["t"]
        for v in self.record_variables:
            if v == "count":
                raise WrongValue(f"{type(self).__name__} has a 'count' of its own and cannot record the variable",
                                 help="give the variable of the group another name")
            if v not in ("i", "t"):
                self._keep(v, source.variables[v].dtype, source.variables[v].dimension)
        self.variables["count"] = Variable("count", own(self.name, "count"), dtype="i4", read_only=True,
                                           values=self._counts)

    def declared(self) -> Declared:
        """Events per element besides."""
        count = Array(own(self.name, "count"), "i4", f"{self.name}.source", role="count")
        return super().declared() | Declared({count.name: (count, self._counts)})

    def tasks(self, run: RunNamespace) -> list[Task]:
        """One entry per event."""
        if not self.active:
            return []
        resolver = self.source.resolver(run)
        chosen = [v for v in self._records if v not in ("i", "t")]
        statements = tuple(Assign(v, "=", resolver.tree(parse_expression(Source(v)))) for v in chosen)
        block = Block(statements, resolver.symbols, resolver.functions, "record")
        return [
            RecordEvents(name=self.name, clock=self.clock.name, when=self.when, order=self.order,
                         queue=self.source.event_queue(self.event), source=self.source.bounds(),
                         index=self._queue("i") if self.record else "", time=self._queue("t") if self.record else "",
                         count=own(self.name, "count"), block=block, variables=tuple((self._queue(v), v) for v in chosen))
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

    def _table(self) -> Table:
        element, rows = self.source._element, self._rows if self.record else self.source._element
        names = ("i", "t", *(v for v in self._records if v not in ("i", "t"))) if self.record else ()
        events = tuple(
            Column(v, ("event",),
                   self._raw(v).copy(), unit_text(self.variables[v].dimension)) for v in names)
        count = Column("count", (element,), self.count)
        return Table(self.name,
                     type(self).__name__, rows, (*events, count),
                     (Column(element, (element,), np.arange(self.source._count)),))

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
        steps = _steps_of(bin_size, dt)
        bins = self.clock.step // steps
        at = np.round(self._recorded("t") / dt).astype(np.int64) // steps
        counts = np.zeros((self.source._count, bins))
        whole = at < bins
        np.add.at(counts, (self._recorded("i")[whole], at[whole]), 1)
        return Quantity(np.arange(bins) * (steps * dt), SECOND), Quantity(counts / (steps * dt), SECOND ** -1)

    def spike_trains(self) -> dict[int, Quantity]:
        """Spike times by neuron, for every neuron of the source."""
        return self.event_trains()


class PopulationRateMonitor(Recorder):
    """Spikes in each step over (number of neurons times dt), in hertz."""

    _slot = "end"

    def __init__(self, source: Any, name: str = "ratemonitor*", dtype: object = None, codeobj_class: object = None):
        if not isinstance(source, Group):
            raise WrongSource("PopulationRateMonitor records a source of spikes", found=type(source).__name__)
        if "spike" not in getattr(source, "events", {}):
            raise NoSpikes(f"{source.name} has no threshold, so no spikes to count", help="give the group a threshold")
        super().__init__(source, clock=source.clock, name=name)
        if not isinstance(self.clock, Clock):
            raise Unsupported("A PopulationRateMonitor counts spikes per time step, and an EventClock has none",
                              help="SpikeMonitor(group)")
        self._keep("rate", "f8", SECOND ** -1)
        self._counter = np.zeros(1, np.int32)

    def declared(self) -> Declared:
        """The count of the step besides."""
        counter = Array(own(self.name, "counter"), "i4", f"{self.name}.once", role="count")
        return super().declared() | Declared({counter.name: (counter, self._counter)})

    def tasks(self, run: RunNamespace) -> list[Task]:
        """One rate per tick."""
        if not self.active:
            return []
        return [
            RecordRate(name=self.name, clock=self.clock.name, when=self.when, order=self.order,
                       queue=self.source.event_queue("spike"), source=self.source.bounds(),
                       counter=own(self.name, "counter"), rate=self._queue("rate"), time=self._queue("t"))
        ]

    def smooth_rate(self, window: object = "gaussian", width: object = None) -> Quantity:
        """The rate under a moving window: 'flat' or 'gaussian' of a ``width`` (full width; standard deviation), or
        weights."""
        weights = _window(window, width, self.clock.dt_)
        return Quantity(np.convolve(self._raw("rate"), weights / weights.sum(), mode="same"), SECOND ** -1)

    def binned_rate(self, bin_size: object) -> tuple[Quantity, Quantity]:
        """Starts of bins of this length, whole ones only, and the mean rate in each, both of shape (bins,)."""
        steps = _steps_of(bin_size, self.clock.dt_)
        bins = len(self) // steps
        rates = self._raw("rate")[:bins * steps].reshape(bins, steps).mean(axis=1)
        return Quantity(self._raw("t")[:bins * steps:steps].copy(), SECOND), Quantity(rates, SECOND ** -1)

    def plot(self, width: Any = None, ax: Any = None) -> Any:
        """Rate over time, smoothed by a Gaussian of this width; returns the Matplotlib axes."""
        return plotting.rate(self, width, ax)

    def __repr__(self) -> str:
        return f"PopulationRateMonitor({self.source.name}, {len(self)} times)"


def _steps_of(bin_size: object, dt: float) -> int:
    """Whole steps in a bin; `WrongValue` where it is none."""
    length = seconds(bin_size, "bin_size", positive=True)
    steps = round(length / dt)
    if steps < 1 or abs(length / dt - steps) > 1e-6:
        raise WrongValue("A bin is a whole number of time steps long", found=f"{bin_size}, with a step of {dt} s")
    return steps


def _window(window: object, width: object, dt: float) -> np.ndarray:
    if not isinstance(window, str):
        if width is not None:
            raise WrongType("A window given as weights has no width", found=repr(width))
        if np.asarray(window).dtype.kind not in "iuf":
            raise WrongType("A window is 'flat', 'gaussian' or an array of weights", found=repr(window))
        weights = np.asarray(window, dtype=float)
        if weights.ndim != 1 or len(weights) % 2 == 0:
            raise WrongType("A window given as weights has an odd number of them", found=str(np.shape(window)))
        return weights
    if width is None:
        raise WrongType(f"The window '{window}' needs a width", help="width=5*ms")
    if window == "flat":
        return np.ones(int(float(width) / 2 / dt) * 2 + 1)  # type: ignore[arg-type]
    if window == "gaussian":
        sigma = float(width)  # type: ignore[arg-type]
        half = int(np.round(2 * sigma / dt))
        return np.exp(-((np.arange(-half, half + 1) * dt) ** 2) / (2 * sigma**2))
    raise Unsupported(f"The window '{window}' is unknown", help="'flat', 'gaussian', or an array of weights")


def _names_to_record(source: Group, variables: object) -> list[str]:
    if variables is True:
        equations = getattr(source, "equations", None)
        if equations is None:
            return [n for n in source.variables if n not in TIMES]
        return [e.name for e in equations.equations if "summed" not in e.flags
                ] + [n for n in ("lastspike", "not_refractory") if n in source.variables]
    names = [variables] if isinstance(variables, str) else list(variables)  # type: ignore[call-overload]
    for v in names:
        if v != "t" and _variable(source, v) is None:
            raise UnknownName(f"'{v}' is not a variable of {source.name}", help=near(v, source.variables))
    return names


def _variable(source: Group, name: str) -> Variable | None:
    """A variable of the source; of synapses also one of the neurons they join."""
    return source.variables.get(name) or source._reached(name)


def _recorded_indices(source: Group, record: object) -> np.ndarray:
    if record is True:
        return np.arange(source._first, source._first + source._count, dtype=np.int32)
    if record is False:
        return np.zeros(0, np.int32)
    inner = getattr(record, "_indices_for", None)
    if inner is not None:
        return np.asarray(inner(source.parent), np.int32)  # type: ignore[attr-defined]
    if isinstance(record, tuple):
        record = list(record)
    return (np.atleast_1d(element_indices(record, source._count, source.name)) + source._first).astype(np.int32)


def _push(queue: QueueState, values: np.ndarray) -> None:
    used = int(queue.count[0])
    queue.make_room(used + len(values))
    queue.data[0, used:used + len(values)] = values
    queue.count[0] = used + len(values)
