"""What every monitor is: a record that grows while the network runs."""
from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brainsim.errors import (
    UnknownAttribute,
    UnknownName,
    Unsupported,
    WrongSource,
    WrongValue,
    near,
)
from brainsim.ir.program import Queue
from brainsim.ir.state import DTYPES, QueueState
from brainsim.model.symbols import Symbol
from brainsim.naming import supplied
from brainsim.objects.groups.clock import seconds
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.evaluate_now import Elements
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.scoped import TIMES
from brainsim.objects.groups.shared import shared
from brainsim.objects.groups.variables import Variable, VariableView
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Frame
from brainsim.objects.looks.memory import Line
from brainsim.objects.looks.tables import in_format
from brainsim.objects.names.namespace import RunNamespace
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")


@dataclass(frozen=True)
class Origin:
    """What a record needs to know of the group that it was made from, where the group itself is not."""

    name: str
    element_word: str
    first_element: int
    count: int
    i: np.ndarray | None = None
    j: np.ndarray | None = None

    def __len__(self) -> int:
        return self.count

    @property
    def parent(self) -> "Origin":
        """The whole group."""
        return self


def origin_of(source: Group) -> Origin:
    """The group in a few numbers; of synapses also the neurons that they join."""
    sides = () if source.element_word != "synapse" else tuple(
        np.asarray(source.view_of(source.variables[side], False)[:]) for side in ("i", "j"))
    return Origin(source.name, source.element_word, source.first_element, len(source), *sides)


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
        self.variables["N"] = Variable("N", supplied(self.name, "N"), dtype="i4", shared=True, read_only=True,
                                       symbol=Symbol("N", "size", self.name, dtype="i4", shared=True))
        self._keep("t", "f8", SECOND)

    # -- apart from the network ----------------------------------------------------------------------------------------
    def emptied(self) -> "Recorder":
        """The monitor without records; its variables are its own, and nothing that happens to it reaches the
        network."""
        return self._with(
            _records={v: (dtype, QueueState.empty(dtype)) for v, (dtype, _) in self._records.items()},
            variables={n: replace(v, values=None) for n, v in self.variables.items()}, _clock=copy.copy(self.clock),
            namespace={}, _contained=[])

    def with_records(self, step: int, queues: Mapping[str, QueueState], arrays: Mapping[str, np.ndarray]) -> "Recorder":
        """The monitor with these records, by program name, after so many steps of its clock."""
        clock = copy.copy(self.clock)
        clock.step = step
        return self._with(_clock=clock,
                          _records={v: (dtype, queues[self._queue(v)]) for v, (dtype, _) in self._records.items()})

    def without_ties(self) -> "Recorder":
        """The monitor with what it needs to know of its source, in place of the source."""
        return self if isinstance(self.source, Origin) else self._with(source=origin_of(self.source))

    def _with(self, **changed: Any) -> "Recorder":
        """A copy with other values of these attributes, which a finished group would not take."""
        made = copy.copy(self)
        for name, value in changed.items():
            object.__setattr__(made, name, value)
        return made

    # -- the record ----------------------------------------------------------------------------------------------------
    @property
    def record_names(self) -> tuple[str, ...]:
        """What is recorded, the time included."""
        return tuple(self._records)

    def recorded_values(self, variable: str) -> np.ndarray:
        """Numbers in base units; the last axis is time. `UnknownAttribute` for what is not recorded."""
        if variable not in self._records:
            raise self._not_recorded(variable)
        return self._raw(variable)

    def _refuse_taken(self, variables: Iterable[str]) -> None:
        """`WrongValue` for a variable whose record could not be reached by its name."""
        for v in variables:
            if self.is_taken(v):
                raise WrongValue(f"{type(self).__name__} has a '{v}' of its own and cannot record the variable",
                                 help="give the variable of the group another name")

    def _keep(self, variable: str, dtype: str, dimension: Dimension = DIMENSIONLESS) -> None:
        """Record a variable."""
        self._records[variable] = (dtype, QueueState.empty(dtype))
        self.variables[variable] = Variable(variable, f"{self.name}.{variable}", dimension, dtype, read_only=True)

    @property
    def _count(self) -> int:
        return len(self._raw("t"))

    @property
    def own_space(self) -> str:
        """The entries."""
        return supplied(self.name, "entries")

    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """What is recorded; the time is that of the entries."""
        scope_of = self.scope_function(run)
        return {name: self._symbol(v, scope_of) for name, v in self.variables.items()}

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except UnknownAttribute:
            raise self._not_recorded(name) from None

    def _not_recorded(self, name: str) -> UnknownAttribute:
        return UnknownAttribute(
            f"'{name.removesuffix('_') or name}' is not recorded by {self.__dict__.get('name', 'this monitor')}",
            help=near(name, self.__dict__.get("_records", {})))

    def read_values(self, v: Variable, item: object, level: int = 0,
                    namespace: Mapping[str, object] | None = None) -> np.ndarray:
        """As of any group, from the record."""
        if v.name == "N":
            self._refuse_index(v, item)
            return np.asarray(self._count)
        if v.name not in self._records:
            return super().read_values(v, item, level, namespace)
        return self._raw(v.name)[self._absolute(item, RunNamespace.given(namespace, level))]

    def stored_arrays(self) -> Callable[[str], np.ndarray]:
        """The records by program name."""
        arrays = {self._queue(v): self._raw(v) for v in self._records}
        return lambda name: arrays[name]

    def elements_at(self, index: np.ndarray | None) -> Elements:
        """Entries, for strings evaluated at once."""
        return Elements(self.stored_arrays(), self.clock, index, {self.name: self._count})

    def _queue(self, variable: str) -> str:
        return f"{self.name}.{variable}"

    def declared(self) -> Declared:
        """One growing queue per recorded variable, and the bounds of a part that is the source."""
        queues = {self._queue(v): (Queue(self._queue(v), dtype, role="record"), q)
                  for v, (dtype, q) in self._records.items()}
        return Declared(queues=queues, sizes={self.own_space: self._count}, params=self.source.declared().params,
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
        return shared(self._count)

    def near_groups(self) -> list[Group]:
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

    def _table(self) -> Frame:
        columns = (Column(v, (self._rows,),
                          self._raw(v).copy(), unit_text(self.variables[v].dimension)) for v in self._records
                   if v != "t")
        return Frame(self.name,
                     type(self).__name__, self._rows, tuple(columns), (Column("time", ("time",),
                                                                              self._raw("t").copy(), "second"),))

    def _repr_html_(self) -> str:
        rows = [(v, unit_text(self.variables[v].dimension)) for v in self._records]
        return html.table(type(self).__name__, ("recorded", "unit"), rows, repr(self).partition("(")[2][:-1])

    def _state(self, name: str, units: bool) -> Any:
        values: Any = getattr(self, name if units or name in ("i", *self._further) else f"{name}_")
        values = values[:] if isinstance(values, VariableView) else values
        return values.T if np.ndim(values) == 2 else values

    def reinit(self) -> None:
        """Not possible: make a new monitor."""
        raise Unsupported("A monitor cannot be emptied", help="make a new one")


def names_to_record(source: Group, variables: Any) -> list[str]:
    """Names of variables of the source: those asked for, or all of its equations; `UnknownName` otherwise."""
    if variables is True:
        if not isinstance(source, EquationGroup):
            return [n for n in source.variables if n not in TIMES]
        states = [e.name for e in source.equations.equations if "summed" not in e.flags]
        return states + [n for n in ("lastspike", "not_refractory") if n in source.variables]
    names = [variables] if isinstance(variables, str) else list(variables)
    for v in names:
        if v != "t" and variable_of(source, v) is None:
            raise UnknownName(f"'{v}' is not a variable of {source.name}", help=near(v, source.variables))
    return names


def variable_of(source: Group, name: str) -> Variable | None:
    """A variable of the source; of synapses also one of the neurons they join."""
    return source.variables.get(name) or source.seen_through(name)


def steps_in_bin(bin_size: object, dt: float) -> int:
    """Whole steps in a bin; `WrongValue` where it is none."""
    length = seconds(bin_size, "bin_size", positive=True)
    steps = round(length / dt)
    if steps < 1 or abs(length / dt - steps) > 1e-6:
        raise WrongValue("A bin is a whole number of time steps long", found=f"{bin_size}, with a step of {dt} s")
    return steps
