"""Where parameters, inputs and outputs of a function of a network stand in its program."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, Unsupported, WrongType, WrongValue, near
from brainsim.naming import at_the_end, field_of, owner_of, queue_of, shown, supplied
from brainsim.objects.recorders.event_monitor import EventMonitor
from brainsim.objects.runs.result import own_name
from brainsim.objects.runs.simulation import Settable, Simulation
from brainsim.units import Quantity
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.quantities import with_dimension


class Places:
    """From the names that users say to places in the program of a simulation, and what these are measured in."""

    def __init__(self, simulation: Simulation, jax: Any):
        self._simulation, self._start, self._jax = simulation, simulation.start, jax
        self.dimensions: dict[str, Dimension] = {}
        self.units: dict[str, Quantity | float] = {}          #: of parameters, inputs and outputs

    def know(self, name: str, dimension: Dimension) -> None:
        """Note what a name is measured in."""
        self.dimensions[name] = dimension
        self.units[name] = with_dimension(np.float64(1), dimension)

    def place_of(self, s: Settable) -> Any:
        """Where a parameter stands."""
        ProgramPlace = self._jax.ProgramPlace
        if s.kind == "delay":
            raise Unsupported(f"There is no gradient with respect to '{s.name}': delays are whole steps",
                              help="grad='events' has gradients of delays")
        names = (s.program,) if s.program else tuple(
            p.found.program
            for p in s.places) if s.variable is None else (s.variable.program,)
        for reduced, owner in self._simulation.reductions:
            if s.variable is not None and s.variable.moved and s.variable.program in reduced.moved or any(
                    map(reduced.computed_from, names)):
                raise Unsupported(
                    f"'{s.name}' cannot be a parameter of a function: "
                    f"states of {owner} were moved to the neurons and made from it",
                    help="Synapses(..., reduce='off')")
        if s.variable is None:
            return ProgramPlace("param", names)
        part = None
        if s.group is not s.group.parent:
            part = slice(s.group.first_element, s.group.first_element + len(s.group))
        whole = self._start.values.arrays[s.variable.program][1]
        return ProgramPlace("array", (s.variable.program,), part, (whole[part] if part else whole).shape)

    def refuse_twice(self, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """`WrongValue` for a variable that would be a parameter and an input that replaces it in every step."""
        for name, place in inputs.items():
            twin = next((n for n, p in params.items()
                         if place.kind == "array" and p.kind == "array" and set(p.names) & set(place.names)), None)
            if twin is not None:
                raise WrongValue(f"'{name}' is both a parameter and an input",
                                 help="the input replaces it in every step: leave it out of params")

    def _variable(self, name: str) -> Settable | None:
        try:
            found = self._simulation.settable(name)
        except UnknownName:
            return None
        return found if found.variable is not None else None

    def input_of(self, name: str) -> Any:
        """Where an input stands: a variable that nothing else writes, or the spikes of a group."""
        ProgramPlace, program = self._jax.ProgramPlace, self._start.program
        found = self._variable(name)
        if found is not None:
            place = self.place_of(found)
            self.know(name, found.dimension)
            return place if place.names[0] in program.constant else replace(place, kind="state")
        queue, part, count = self._events(name)
        if queue:
            self.know(name, DIMENSIONLESS)
            kernel = max(n for n, k in enumerate(program.kernels) if queue in k.facts.appends)
            return ProgramPlace("events", (queue,), part, (count,), False, kernel)
        raise UnknownName(
            f"There is no input '{name}'", help=near(name, [*self._simulation.parameters, *self._all_events()])
            or f"a variable, or the spikes of a group: {', '.join(self._all_events())}")

    def spikes_of(self, name: str) -> str | None:
        """Name of the spikes of the group that a variable belongs to; None if it has no threshold."""
        spikes = f"{owner_of(name)}.spikes"
        return spikes if self._events(spikes)[0] else None

    def _all_events(self) -> list[str]:
        return [shown(q.name) for q in self._start.program.queues if q.name in self._event_queues()]

    def _event_queues(self) -> set[str]:
        program = self._start.program
        pushed = {q for k in program.kernels for q in k.facts.appends} - program.records
        return {q.name for q in program.queues if q.role == "events" and q.name in pushed}

    def _events(self, name: str) -> tuple[str, slice | None, int]:
        """The queue of ``'G.spikes'``, the part that a subgroup is, and how many elements."""
        said = own_name(name, self._start.words)
        group = self._simulation.parts.get(owner_of(said))
        queue = supplied(owner_of(said) if group is None else group.parent.name, field_of(said))
        if queue not in self._event_queues():
            return "", None, 0
        into = next(q.into for q in self._start.program.queues if q.name == queue)
        if group is None:
            return queue, None, self._start.values.sizes[into]
        return queue, slice(group.first_element, group.first_element + len(group)), len(group)

    def output_of(self, name: str) -> Any:
        """Where an output stands: a variable at the end of each step, a monitor's record, or the spikes of a group."""
        ProgramPlace = self._jax.ProgramPlace
        plain, last = at_the_end(name)
        found = self._variable(plain)
        if found is not None:
            self.know(name, found.dimension)
            return replace(self.place_of(found), last=last)
        queue, part, _ = self._events(plain)
        if queue:
            self.know(name, DIMENSIONLESS)
            return ProgramPlace("events", (queue,), part, (), last)
        for r in self._start.recorders:
            place = self._recorded(r, self._record_of(r, plain), name)
            if place is not None:
                return replace(place, last=False) if not last else _refuse_last(name)
        known = [
            *(s for s in self._simulation.parameters), *self._all_events(), *(r.name for r in self._start.recorders),
            *self._start.words
        ]
        raise UnknownName(
            f"There is no output '{name}'", help=near(plain, known)
            or "a variable ('G.v'), the spikes of a group ('G.spikes'), or a monitor")

    def _record_of(self, recorder: Any, name: str) -> str:
        """The name of a record: that of its monitor is enough where it has one only."""
        if isinstance(recorder, EventMonitor) or own_name(f"{name}.", self._start.words) != f"{recorder.name}.":
            return name
        found = [
            q.name for q in self._start.program.queues
            if q.role == "record" and owner_of(q.name) == recorder.name and field_of(q.name) != "t"
        ]
        if len(found) != 1:
            raise UnknownName(f"The monitor '{name}' has several records", help="one of " + ", ".join(found))
        return found[0]

    def _recorded(self, recorder: Any, plain: str, name: str) -> Any:
        ProgramPlace = self._jax.ProgramPlace
        said = own_name(plain, self._start.words)
        if isinstance(recorder, EventMonitor) and said == recorder.name or self._start.words.get(
                plain) == recorder.name and isinstance(recorder, EventMonitor):
            source = recorder.source
            queue = queue_of(source.parent.name, recorder.event)
            self.know(name, DIMENSIONLESS)
            part = None if source is source.parent else slice(source.first_element, source.first_element + len(source))
            return ProgramPlace("events", (queue,), part)
        variable = field_of(said)
        if owner_of(said) == recorder.name and said in {q.name for q in self._start.program.queues}:
            self.know(name,
                       recorder.variables[variable].dimension if variable in recorder.variables else DIMENSIONLESS)
            return ProgramPlace("record", (said,))
        return None


def _refuse_last(name: str) -> Any:
    raise WrongValue(f"'{name}': a monitor has a record of every step",
                     help="take the last entry of it, or name the variable")


def names_in(given: object, what: str) -> list[str]:
    """A name, or a sequence of names; `WrongType` for anything else."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Sequence) or not all(isinstance(n, str) for n in given):
        raise WrongType(f"'{what}' are names", found=repr(given)[:60], help=f"{what}=['G.v'] for example")
    return list(dict.fromkeys(given))
