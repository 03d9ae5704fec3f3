"""Values of variables at every tick: `StateMonitor`."""
from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    Source,
    WrongIndex,
    WrongSource,
    WrongType,
)
from brainsim.ir.program import Array
from brainsim.ir.state import QueueState
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign
from brainsim.model.resolve import Block
from brainsim.model.tasks import RecordState, Task
from brainsim.naming import supplied
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import evaluate
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Choice, element_indices, index_of
from brainsim.objects.looks import plotting
from brainsim.objects.looks.exports import Column, Frame
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.recorders.record import Recorder, names_to_record, variable_of
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")


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
        self.record_variables = [v for v in names_to_record(source, variables) if v != "t"]
        self._refuse_taken(self.record_variables)
        self._index = _recorded_indices(source, record)
        for v in self.record_variables:
            kept = variable_of(source, v)
            assert kept is not None
            self._keep(v, kept.dtype if kept.linked_to is None else kept.linked_to.dtype, kept.dimension)
            if kept.shared and len(self._index) > 1:
                logger.warning("%s: '%s' is shared, and is recorded once for every element", self.name, v,
                               extra={"topic": "shared_variable"})

    @property
    def record(self) -> np.ndarray:
        """Recorded indices, as in the source."""
        return self._index - self.source.first_element

    @property
    def n_indices(self) -> int:
        """How many elements are recorded."""
        return len(self._index)

    @property
    def _width(self) -> int:
        return len(self._index)

    def declared(self) -> Declared:
        """Indices of the recorded elements besides."""
        index = Array(supplied(self.name, "index"), "i4", self.name, self.source.own_space, "index")
        return super().declared() | Declared({index.name: (index, self._index)})

    def own_tasks(self, run: RunNamespace) -> list[Task]:
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
            here = self.source.elements_at(self._index.astype(np.int64))
            values = evaluate(tree, Block((), resolver.symbols, resolver.functions), here)
            _push(self._records[v][1], np.broadcast_to(values, self._index.shape))

    def _table(self) -> Frame:
        source, element = self.source, self.source.element_word
        columns = tuple(
            Column(v, ("time", element),
                   self.recorded_values(v).T.copy(), unit_text(self.variables[v].dimension))
            for v in self.record_variables)
        ends = (("i", source.i), ("j", source.j)) if element == "synapse" else ()
        places = tuple(Column(side, (element,), index[:][self.record]) for side, index in ends)
        return replace(super()._table(), columns=columns,
                       coordinates=(*super()._table().coordinates, Column(element, (element,), self.record), *places))

    def recorded_values(self, variable: str) -> np.ndarray:
        """Numbers in base units, shape (elements, times)."""
        return super().recorded_values(variable).reshape(len(self), len(self._index)).T

    def __getattr__(self, name: str) -> Any:
        records = self.__dict__.get("_records", {})
        for stem, with_units in ((name, True), (name[:-1] if name.endswith("_") else "", False)):
            if stem in records and stem != "t":
                values = self.recorded_values(stem).copy()
                return with_dimension(values, self.variables[stem].dimension) if with_units else values
        return super().__getattr__(name)

    def __getitem__(self, item: Any) -> "StateMonitorView":
        wanted = np.atleast_1d(
            element_indices(index_of(item, self.source), len(self.source), self.name))
        rows = []
        for k in wanted:
            at = np.flatnonzero(self.record == k)
            if not len(at):
                raise WrongIndex(f"Index {k} is not recorded by {self.name}",
                                 found=", ".join(map(str, self.record[:10])))
            rows.append(int(at[0]))
        return StateMonitorView(self, rows[0] if np.ndim(item) == 0 and not isinstance(item, Choice) else rows)

    def plot(self, variable: str | None = None, ax: Any = None) -> Any:
        """Traces over time in milliseconds; returns the Matplotlib axes."""
        return plotting.traces(self, variable or self.record_variables[0], ax)

    def __repr__(self) -> str:
        what = f"{self.source.name}: {', '.join(self.record_variables)}"
        return f"StateMonitor({what}; {self.n_indices} elements, {len(self)} times)"


class StateMonitorView:
    """The records of chosen source indices."""

    def __init__(self, monitor: StateMonitor, rows: Any):
        self._monitor, self._rows = monitor, rows

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._monitor, name)
        return found if name in ("t", "t_") else found[self._rows]

    def __repr__(self) -> str:
        chosen = self._monitor.record[self._rows]
        return f"<{self._monitor.name}: {', '.join(self._monitor.record_variables)} of {chosen}>"


def _recorded_indices(source: Group, record: object) -> np.ndarray:
    if record is True:
        return np.arange(source.first_element, source.first_element + len(source), dtype=np.int32)
    if record is False:
        return np.zeros(0, np.int32)
    if isinstance(record, Choice):
        return np.asarray(record.indices_for(source.parent), np.int32)
    if isinstance(record, tuple):
        record = list(record)
    return (np.atleast_1d(element_indices(record, len(source), source.name)) + source.first_element).astype(np.int32)


def _push(queue: QueueState, values: np.ndarray) -> None:
    used = int(queue.count[0])
    queue.make_room(used + len(values))
    queue.data[0, used:used + len(values)] = values
    queue.count[0] = used + len(values)
