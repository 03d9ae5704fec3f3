"""Synapses whose states move to the neurons before a run, and what is done where the user assigns to them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brainsim.errors import WrongValue
from brainsim.ir.state import DTYPES, zeros
from brainsim.language.trees import Number
from brainsim.model.resolve import Block
from brainsim.model.tasks import Task, Transmission
from brainsim.naming import field_of, of_synapses
from brainsim.objects.groups.evaluate_now import evaluate
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import scalar_value
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.reduced.cells import Cells
from brainsim.objects.synapses.reduced.past import Delays, digest
from brainsim.objects.synapses.reduced.questions import Questions
from brainsim.objects.synapses.synaptic_variable import SynapticVariable, projection_of
from brainsim.pipeline import symbols_of
from brainsim.reduction.projection import TimeStep
from brainsim.reduction.reduce import Reduction, reduce_projection
from brainsim.reduction.rewrite import Substitute

MODES = ("auto", "off", "require")
FEW = 1000
"""With fewer synapses than this there is nothing to win, and values stay where users look for them."""


@dataclass
class Reduced(Questions):
    """The state of a reduction. One per `Synapses`."""

    def reduce(self, step: TimeStep) -> tuple[Task, ...]:
        """The tasks of the network with what can be reduced in a smaller form, or the step's own; moves values to their
        new places."""
        s, tasks = self.synapses, step.tasks
        s.pairs_now.check_tasks(tasks, [p.name for p in s.pathways], s)
        if not s.pairs_now.is_stored:
            self.verdicts, self.analysed = (), True
            return tasks
        if self._rests(step):
            self.plans, self.party, self.ties = (), None, {}
            return tasks
        mine = [tasks[n] for n in sorted(step.order[p.name] for p in s.pathways if p.name in step.order)]
        driven = [t for t in mine if isinstance(t, Transmission) and t.driven]
        self.decay = replace(driven[0].block,
                             statements=driven[0].block.statements[:driven[0].driven]) if driven else None
        self._settle(tasks)
        self.new_cells = None
        found = reduce_projection(replace(projection_of(s), later=self.later), step, self,
                                  self._seen(step) if s.reduce == "auto" else {})
        self.verdicts, self.analysed = found.verdicts, True
        if s.reduce == "require":
            self._require(found)
        if s.reduce == "off" or s.reduce == "auto" and len(s) < FEW:
            found = Reduction(tasks, (), found.verdicts, {})
        self._move(found)
        self.plans = found.plans
        self.constants = self._values_of(found.constants, tasks)
        self.party, self.ties, self.changing = found.party, {}, step.changing
        return found.tasks

    def _rests(self, step: TimeStep) -> bool:
        """Whether nothing in a run touches what has moved, so that it stays as it is, as with synapses that are not
        active."""
        alone = bool(self.moved) and not self.host and not self.guests and not self._seen(step)
        return alone and not any(x.program in self.moved for x in symbols_of(step.tasks))

    def _settle(self, tasks: Sequence[Task]) -> None:
        """Take note of factors that changed since the last run. States that are read late get values per synapse again
        when something changed that their past depends on."""
        get = self.synapses.stored_arrays()
        for program, was in self.weights.items() if self.moved else ():
            if digest(get(program)) != was:
                self._note_later(program, f"{_last(program)} of the sources was assigned to after a run")
        if "late" in self.moved.values():
            paths = {p.name: p for p in self.synapses.pathways}
            same = all(paths[n].is_scattered and d.same(paths[n].steps, paths[n].clock.dt_)
                       for n, d in self.delays.items())
            if not same or self._values_of(frozenset(self.constants), tasks) != self.constants:
                for program in [p for p, kind in self.moved.items() if kind == "late"]:
                    self.bring_back(self._variable(program))

    def _values_of(self, programs: frozenset[str], tasks: Sequence[Task]) -> dict[str, bytes | float]:
        """What parameters and arrays are now, by program name."""
        get, found = self.synapses.stored_arrays(), {}
        for symbol in symbols_of(tasks) if programs else ():
            if symbol.program in programs and symbol.kind == "param" and symbol.origin == "namespace":
                found[symbol.program] = float(scalar_value(symbol.holder, symbol.dtype))
            elif symbol.program in programs and symbol.kind == "array" and symbol.program not in found:
                found[symbol.program] = digest(get(symbol.program))
        return found

    def _seen(self, step: TimeStep) -> dict[str, str]:
        """Variables that Python code may look at one by one, and how: program name → in words."""
        if step.host is None:
            return {}
        return dict.fromkeys(projection_of(self.synapses).states,
                             f"the Python function '{step.host.name}' may look at it")

    def _require(self, found: Reduction) -> None:
        for verdict in found.verdicts:
            if verdict.kind == "synapse" and self.synapses._is_differential(verdict.variable):
                e = self.synapses.equations[verdict.variable]
                raise WrongValue(f"'{verdict.variable}' of {self.synapses.name} cannot be reduced", at=e.span,
                                 found="; ".join(map(str, verdict.rules)), help="reduce='auto' keeps it per synapse")

    def _move(self, found: Reduction) -> None:
        moved = dict(found.moved)
        last = projection_of(self.synapses).last_update
        if any(p.state == last and last for p in found.places) and self._wholly_driven(found):
            moved[last] = "late" if any(p.state == last and p.pathway for p in found.places) else "equal"
        for program in [p for p, kind in self.moved.items() if moved.get(p) != kind]:
            self._take_back(self._variable(program), found)
        places = {p.program: p for p in found.places}
        kept = {
            name: a for name, a in self.arrays.items()
            if name in places and places[name] == self.places.get(name) and self._still(name)
        }
        other = self._other_weights(found)
        kept = {name: a for name, a in kept.items() if name not in other}
        before, self.cells = self.cells, self.new_cells if found.cells else None
        kept |= {name: self._regrouped(name, before) for name in kept if places[name].side == "cells"}
        self._keep_delays(found)
        fresh = {name: kept[name] if name in kept else self._made(place) for name, place in places.items()}
        self.places, self.arrays, self.moved = places, fresh, moved
        for program in moved:
            v = self._variable(program)
            assert isinstance(v, SynapticVariable)
            if moved[program] == "sum" and not v.moved:
                assert v.values is not None
                self.known[program] = v.values
            v._stored, v.kept_by = None, self

    def _take_back(self, v: Variable, found: Reduction) -> None:
        """A variable needs values per synapse in the coming run; `WrongState` where they are not known."""
        if self.moved[v.program] == "sum":
            for name in self._other_constants():
                self._note_later(name, f"{_last(name)} was assigned to after a run")
        self.bring_back(v)

    def _other_weights(self, found: Reduction) -> frozenset[str]:
        """Sums whose factors, constants of the sources, are not what they were in the last run."""
        factors = {x.program for p in found.places for x in p.factor.symbols.values() if x.path}
        get = self.synapses.stored_arrays()
        now = {program: digest(get(program)) for program in factors}
        other = {p for p in factors if p in self.weights and now[p] != self.weights[p]}
        self.weights = now
        return frozenset(p.program for p in found.places if p.kind == "sum" and any(map(p.weighed_by, other)))

    def _other_constants(self) -> list[str]:
        """Constants of cells that are not what they were, by program name."""
        if self.cells is None:
            return []
        get, of, before = self.synapses.stored_arrays(), self.cells.of, self.cells.constants
        now = {n: get(of_synapses(n)) for n in before}
        at = {n: a if len(a) == len(self.synapses) else a[self._index("pre")[0]] for n, a in now.items()}
        return [of_synapses(n) for n in before if not np.array_equal(at[n][:len(of)], before[n][of])]

    def _regrouped(self, name: str, before: Cells | None) -> np.ndarray:
        """A sum by cells in the cells of now."""
        assert before is not None and self.cells is not None
        found = self.cells.taken_over(before, self.arrays[name])
        if found is None:
            return self._made(self.places[name])
        made = zeros(len(self.cells), self.arrays[name].dtype)
        made[:] = found
        return made

    def _keep_delays(self, found: Reduction) -> None:
        """How far each synapse looks back; as before where states are read late already."""
        s = self.synapses
        paths = {p.name: p for p in s.pathways}
        wanted = {p.pathway for p in found.places if p.pathway}
        delays = {name: d for name, d in self.delays.items() if name in wanted and "late" in self.moved.values()}
        for name in wanted - set(delays):
            index, size = self._index("pre")
            since = np.zeros(size)
            if "lastupdate" in s.variables:
                since[index] = s.variables["lastupdate"].values
            delays[name] = Delays(paths[name].steps.copy(), paths[name].clock.dt_, since)
        self.delays = delays

    def _wholly_driven(self, found: Reduction) -> bool:
        return projection_of(self.synapses).event_driven <= set(found.moved)

    def _still(self, name: str) -> bool:
        """Whether an array of the last run is the truth: its variable has no values of its own."""
        place = self.places[name]
        if place.state and place.state == projection_of(self.synapses).last_update:
            return self._driven_at(place.side)
        return place.state in self.moved

    def _made(self, place: Substitute) -> np.ndarray:
        index, size = self._index(place.side)
        slots = self.delays[place.pathway].slots if place.pathway else 1
        if place.kind in ("newest", "payload", "sent"):
            return zeros(1 if place.kind == "newest" else size * slots, place.dtype)
        if place.kind == "past":
            return np.repeat(self._made(replace(place, kind="equal")), slots)
        array = zeros(size, place.dtype)
        if place.pathway and place.state == projection_of(self.synapses).last_update:
            array[:] = self.delays[place.pathway].never
            return array
        values = self._variable(place.state).values if place.state else None
        if place.kind == "equal":
            assert values is not None
            if values.any():
                array[index] = values
        elif values is None or values.any():
            factor = self._factor(place)
            if place.kind == "noise":
                array[:] = np.sqrt(np.bincount(index, np.broadcast_to(np.square(factor), index.shape), size))
                return array
            array[:] = np.bincount(index, np.broadcast_to(factor if values is None else factor * values, index.shape),
                                   size)
        return array

    def _factor(self, place: Substitute) -> Any:
        if isinstance(place.factor.tree, Number):
            return float(place.factor.tree.value)
        s = self.synapses
        return evaluate(place.factor.tree, Block((), place.factor.symbols), s.elements_at(np.arange(len(s))))

    def before_write(self, v: Variable, item: object, value: object) -> None:
        """Values come back to be changed; where a factor of a sum changes, those of the sum, for another one."""
        if self.moved.get(v.program) == "sum" and self._shares():
            self.separate()
        elif self.moved.get(v.program) == "sum" and _is_all(item) and not isinstance(value, str):
            v.values = np.zeros(len(self.synapses), DTYPES[v.dtype])  # a new value for every synapse needs no old ones
        elif v.moved:
            self.bring_back(v)
        weighed = [p for n, p in self.places.items() if p.kind == "sum" and p.weighed_by(v.program)
                   and (self.arrays[n].any() or self._shares())]
        if weighed:
            self._note_later(v.program, f"{v.name} was assigned to after a run")
            self.separate()
        if any(p.kind in ("static", "noise") and p.weighed_by(v.program) for p in self.places.values()):
            structure_changed()           # what drives a sum is added up anew before the next run

    def _note_later(self, program: str, why: str) -> None:
        """A constant of sums changes between runs: from now on nothing is summed with it, unless the user insists."""
        if self.synapses.reduce == "auto":
            self.later[program] = why

    def separate(self) -> None:
        """All sums of these synapses, and of those with which they lie together, have values per synapse again."""
        host = self.lies_with if self.host and self.lies_with is not None else self
        every = [host, *host.guests.values()]
        sums = [(r, r._variable(p)) for r in every for p, kind in r.moved.items() if kind == "sum"]
        values = [v.values for _, v in sums]
        for (r, v), own in zip(sums, values):
            assert isinstance(v, SynapticVariable) and own is not None
            v._stored = own.copy()
            r.forget(v)

    def made_again(self) -> None:
        """The sums as they follow from the values per synapse."""
        made = {n: self._made(p) for n, p in self.places.items() if p.kind == "sum"}
        for name, values in made.items():
            self.arrays[name][...] = values

    def grow(self) -> None:
        """Synapses were added: a sum holds for them too, whatever else moved comes back."""
        for program in [p for p, kind in self.moved.items() if kind != "sum"]:
            self.bring_back(self._variable(program))


def _last(program: str) -> str:
    """What a script calls a variable of this program name."""
    return field_of(program)


def _is_all(item: object) -> bool:
    return isinstance(item, slice) and item == slice(None)
