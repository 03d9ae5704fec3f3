"""Synapses whose states have moved to the neurons: the arrays there, the way back, and the report
(`Synapses.reduction`)."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.errors import WrongState, WrongValue
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES, zeros
from brainsim.language.trees import Number, Tree
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import HostCall, Pathway, Task
from brainsim.naming import field_of, of_synapses, supplied
from brainsim.objects.groups.evaluate_now import evaluate
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import scalar_value
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.reduced.cells import Cells, cells_of
from brainsim.objects.synapses.reduced.past import Delays, digest
from brainsim.objects.synapses.reduced.replay import Course, Replay
from brainsim.objects.synapses.synaptic_variable import SynapticVariable, projection_of
from brainsim.pipeline import symbols_of
from brainsim.reduction.cells import constant_of, neuron_of
from brainsim.reduction.projection import final, written_arrays
from brainsim.reduction.reduce import Party, Reduction, Verdict, reduce_projection
from brainsim.reduction.rewrite import Moves, Substitute, apart_name
from brainsim.reduction.values import Obstacle

if TYPE_CHECKING:
    from brainsim.objects.synapses.synapses import Synapses

logger = logging.getLogger("brainsim")
MOST_PAST = 2
"""Earlier values of the sources may take so many times the memory of values per synapse, not more."""
FULL_CELLS = 2
"""Sums by cells need so many synapses in a cell on average."""
MODES = ("auto", "off", "require")
FEW = 1000
"""With fewer synapses than this there is nothing to win, and values stay where users look for them."""


@dataclass(frozen=True)
class Kept:
    """Where states were at some time, for `Network.store`."""

    moved: dict[str, str]
    places: dict[str, Substitute]
    delays: dict[str, Delays]
    constants: dict[str, bytes | float]
    host: str
    cells: Cells | None
    weights: dict[str, bytes]
    known: dict[str, np.ndarray]


@dataclass
class Reduced:
    """The state of a reduction: where each variable lies now. One per `Synapses`."""

    synapses: "Synapses"
    verdicts: tuple[Verdict, ...] = ()
    places: dict[str, Substitute] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    analysed: bool = False
    decay: Block | None = None            #: what brings event-driven states up to date
    delays: dict[str, Delays] = field(default_factory=dict)      #: of the pathways whose states are read late
    constants: dict[str,
                    bytes | float] = field(default_factory=dict)  #: what may not change while states are where they are
    party: Party | None = None  #: what may lie together with the sums of others (`objects/synapses/reduced/merging.py`)
    host: str = ""                        #: the synapses in whose arrays these sums are
    lies_with: "Reduced | None" = None    #: their reduction
    guests: dict[str, "Reduced"] = field(default_factory=dict)   #: those whose sums are in these arrays
    apart: dict[str, Obstacle] = field(default_factory=dict)  #: with which other sums these are not together, and why
    cells: Cells | None = None            #: of sums that are divided by constants
    new_cells: Cells | None = None        #: those of the analysis under way
    ties: dict[str, bytes | float] = field(
        default_factory=dict)  #: constants that are equal to those of the host or the guests
    changing: frozenset[str] = frozenset()
    later: dict[str, str] = field(default_factory=dict)  #: constants of sums that were assigned to after a run, in words
    plans: tuple[Moves, ...] = ()          #: how the tasks were rewritten
    #: values per synapse of states that have become sums since the last run
    known: dict[str, np.ndarray] = field(default_factory=dict)
    course: Course | None = None          #: what happens in the runs of the network, where it has sums
    replay: Replay | None = None          #: the runs since values per synapse were known
    weights: dict[str, bytes] = field(default_factory=dict)           #: constants of the sources that are factors

    # -- before a run --------------------------------------------------------------------------------------------------
    def reduce(self, tasks: Sequence[Task]) -> list[Task]:
        """The tasks of the network with what can be reduced in a smaller form; moves values to their new places.

        ``tasks`` are in the order of a time step.
        """
        s = self.synapses
        if s._procedural is not None:
            s._procedural.check_tasks(list(tasks))
            self.verdicts, self.analysed = (), True
            return list(tasks)
        driven = [t for t in tasks if isinstance(t, Pathway) and t.driven and t.name in [p.name for p in s._pathways]]
        self.decay = replace(driven[0].block,
                             statements=driven[0].block.statements[:driven[0].driven]) if driven else None
        self._settle(tasks)
        self.new_cells = None
        found = reduce_projection(replace(projection_of(s), later=self.later), tasks, self,
                                  self._seen(tasks) if s.reduce == "auto" else {})
        self.verdicts, self.analysed = found.verdicts, True
        if s.reduce == "require":
            self._require(found)
        if s.reduce == "off" or s.reduce == "auto" and len(s) < FEW:
            found = Reduction(tuple(tasks), (), found.verdicts, {})
        self._move(found)
        self.plans = found.plans
        self.constants = self._values_of(found.constants, tasks)
        self.party, self.ties, self.changing = found.party, {}, written_arrays(tasks)
        return list(found.tasks)

    def _settle(self, tasks: Sequence[Task]) -> None:
        """Take note of factors that changed since the last run. States that are read late get values per synapse again
        when something changed that their past depends on."""
        get = self.synapses.reach()
        for program, was in self.weights.items() if self.moved else ():
            if digest(get(program)) != was:
                self._note_later(program, f"{_last(program)} of the sources was assigned to after a run")
        if "late" in self.moved.values():
            paths = {p.name: p for p in self.synapses._pathways}
            same = all(paths[n]._scattered and d.same(paths[n]._steps, paths[n].clock.dt_)
                       for n, d in self.delays.items())
            if not same or self._values_of(frozenset(self.constants), tasks) != self.constants:
                for program in [p for p, kind in self.moved.items() if kind == "late"]:
                    self.bring_back(self._variable(program))

    def _values_of(self, programs: frozenset[str], tasks: Sequence[Task]) -> dict[str, bytes | float]:
        """What parameters and arrays are now, by program name."""
        get, found = self.synapses.reach(), {}
        for symbol in symbols_of(tasks) if programs else ():
            if symbol.program in programs and symbol.kind == "param" and symbol.origin == "namespace":
                found[symbol.program] = float(scalar_value(symbol.holder, symbol.dtype))
            elif symbol.program in programs and symbol.kind == "array" and symbol.program not in found:
                found[symbol.program] = digest(get(symbol.program))
        return found

    def relies_on(self, program: str) -> bool:
        """Whether states are where they are only as long as this parameter does not change."""
        return program in self.constants or program in self.ties

    def computed_from(self, program: str) -> bool:
        """Whether values at the neurons were computed from this parameter when they were moved there."""
        return self.relies_on(program) or any(program in {x.program for x in p.factor.symbols.values()} and (
            p.kind in ("static", "noise") or p.kind == "sum" and self.arrays[p.program].any())
                                              for p in self.places.values())

    def holds(self) -> bool:
        """Whether the arrays that states depend on, where they are now, are still the same."""
        watched = {
            name: was for name, was in (self.constants | self.ties | self.weights).items() if isinstance(was, bytes)
        }
        get = self.synapses.reach()
        return all(digest(get(name)) == was for name, was in watched.items())

    def _seen(self, tasks: Sequence[Task]) -> dict[str, str]:
        """Variables that Python code may look at one by one, and how: program name → in words."""
        s = self.synapses
        states = projection_of(s).states
        host = next((t for t in tasks if isinstance(t, HostCall)), None)
        if host is not None:
            return dict.fromkeys(states, f"the Python function '{host.name}' may look at it")
        return {}

    def _sum_of(self, program: str) -> bool:
        """Whether there is a sum of a state that is not zero."""
        return any(p.state == program and p.kind == "sum" and self.arrays[n].any()
                   for n, p in self.places.items()) or self._shares()

    def _require(self, found: Reduction) -> None:
        for verdict in found.verdicts:
            if verdict.kind == "synapse" and self.synapses._is_differential(verdict.variable):
                e = self.synapses.equations[verdict.variable]
                raise WrongValue(f"'{verdict.variable}' of {self.synapses.name} cannot be reduced", at=e.span,
                                 found="; ".join(map(str, verdict.rules)), help="reduce='auto' keeps it per synapse")

    # -- what the analysis asks (`reduction/values.py`) ----------------------------------------------------------------
    def equal(self, program: str, side: str) -> bool:
        """Whether a state has one value at all synapses of each neuron of a side."""
        v = self._variable(program)
        if program == projection_of(self.synapses).last_update and self._driven_at(side):
            return True
        if self.moved.get(program) in ("equal", "late") and self._place_of(program).side == side:
            return True
        if self.moved.get(program) == "sum":
            return False
        values = v.values
        assert values is not None
        if not values.any():
            return True
        index, size = self._index(side)
        first = np.zeros(size, values.dtype)
        first[index] = values
        return bool(np.array_equal(first[index], values))

    def resting(self, program: str, block: Block, values: Mapping[str, Tree], key: str) -> bool:
        """Whether the new value of a state without events is its old one at every synapse, for a short and a long
        time."""
        if self.moved.get(program) == "late":
            return True
        s, old = self.synapses, self._variable(program).values
        here = s.elements(np.arange(len(s)))
        for elapsed in (s.clock.dt_, 1000 * np.pi * s.clock.dt_):
            here.locals["_elapsed"] = np.float64(elapsed)
            if not np.allclose(evaluate(values[key], block, here), old, rtol=1e-12, atol=0):  # type: ignore[arg-type]
                return False
        return True

    def cells_by(self, constants: tuple[Symbol, ...]) -> Cells:
        """The cells of these constants with their present values."""
        s = self.synapses
        here = s.elements(np.arange(len(s)))
        return cells_of(s.post_index, {constant_of(x): here.arrays(x.program)[here.at(x.path)] for x in constants})

    def waiting(self, program: str, pathway: str) -> str:
        """Why the past of a state at the sources is not known or not worth keeping, in words; empty when it is."""
        if self.moved.get(program) == "late":
            return ""
        path = next(p for p in self.synapses._pathways if p.name == pathway)
        if path._due.count.any():
            return f"events of '{pathway}' are under way"
        size = self._index("pre")[1] * (int(path._steps.max(initial=0)) + 1)
        if self.synapses.reduce == "auto" and size > MOST_PAST * len(self.synapses):
            return f"the past of the sources takes {size} values, more than the synapses"
        return ""

    def divided(self, constants: tuple[Symbol, ...]) -> str:
        """Why the synapses of a target cannot be divided by the values of these constants; empty when they can."""
        self.new_cells = self.cells_by(constants)
        many, count = len(self.new_cells), len(self.synapses)
        if many * FULL_CELLS > count:
            return f"{' and '.join(sorted({x.name for x in constants}))} divide {count} synapses into {many} groups"
        return ""

    # -- moving --------------------------------------------------------------------------------------------------------
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
        get = self.synapses.reach()
        now = {program: digest(get(program)) for program in factors}
        other = {p for p in factors if p in self.weights and now[p] != self.weights[p]}
        self.weights = now
        return frozenset(p.program for p in found.places if p.kind == "sum" and any(map(p.weighed_by, other)))

    def _other_constants(self) -> list[str]:
        """Constants of cells that are not what they were, by program name."""
        if self.cells is None:
            return []
        get, of, before = self.synapses.reach(), self.cells.of, self.cells.constants
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
        paths = {p.name: p for p in s._pathways}
        wanted = {p.pathway for p in found.places if p.pathway}
        delays = {name: d for name, d in self.delays.items() if name in wanted and "late" in self.moved.values()}
        for name in wanted - set(delays):
            index, size = self._index("pre")
            since = np.zeros(size)
            if "lastupdate" in s.variables:
                since[index] = s.variables["lastupdate"].values
            delays[name] = Delays(paths[name]._steps.copy(), paths[name].clock.dt_, since)
        self.delays = delays

    def _wholly_driven(self, found: Reduction) -> bool:
        return projection_of(self.synapses).event_driven <= set(found.moved)

    def _still(self, name: str) -> bool:
        """Whether an array of the last run is the truth: its variable has no values of its own."""
        place = self.places[name]
        if place.state and place.state == projection_of(self.synapses).last_update:
            return self._driven_at(place.side)
        return place.state in self.moved

    def _driven_at(self, side: str) -> bool:
        """Whether event-driven states are kept at the neurons of a side."""
        return any(
            self.moved.get(v) in ("equal", "late") and self._place_of(v).side == side
            for v in projection_of(self.synapses).event_driven)

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
        return evaluate(place.factor.tree, Block((), place.factor.symbols), s.elements(np.arange(len(s))))

    # -- the way back --------------------------------------------------------------------------------------------------
    def bring_back(self, v: Variable) -> None:
        """Give a variable its values per synapse again; `WrongState` where they are not known."""
        assert isinstance(v, SynapticVariable)
        v._stored = self.expanded(v).copy()
        self.forget(v)

    def expanded(self, v: Variable) -> np.ndarray:
        """The values per synapse, to read; `WrongState` where they are not known."""
        s = self.synapses
        if self.moved[v.program] == "sum":
            values = self._summed(v)
        elif v.name == "lastupdate" and v.program == projection_of(s).last_update:
            values = self._last_update()
        else:
            place = self._place_of(v.program)
            values = self._seen_of(place)
            if v.program in projection_of(s).event_driven:
                values = self._brought_up(v, place.side, values)
        values = np.array(values)
        values.flags.writeable = False
        return values

    def _summed(self, v: Variable) -> np.ndarray:
        """Values per synapse of a state that is kept as a sum: known, or what the runs once more come to."""
        if v.program in self.known:
            return self._padded(self.known[v.program])
        try:
            assert self.replay is not None
            found = self.replay.ask().get(v.program)
        except WrongState as error:
            if not self._sum_of(v.program):
                return np.zeros(len(self.synapses), DTYPES[v.dtype])
            raise WrongState(
                f"'{v.name}' of {self.synapses.name} has no value per synapse: only its sum for each target was kept",
                found=error.found, help=f"make the synapses with Synapses(..., reduce='off') to look at '{v.name}'"
            ) from error
        return np.zeros(len(self.synapses), DTYPES[v.dtype]) if found is None else found

    def apart_from_others(self, v: Variable) -> np.ndarray:
        """A summed variable of the target that holds the sum of several projections, as it is by itself."""
        assert self.replay is not None and v.values is not None
        try:
            return self.replay.ask().get(apart_name(v.program), v.values)
        except WrongState as error:
            raise WrongState(f"'{v.name}' is known as a sum with that of other projections only", found=error.found,
                             help=f"make {self.synapses.name} with Synapses(..., reduce='off')") from error

    def began(self) -> dict[str, np.ndarray]:
        """Values per synapse of states that have become sums since the last run; from now on they change."""
        known, self.known = self.known, {}
        return {program: self._padded(values) for program, values in known.items()}

    def _padded(self, values: np.ndarray) -> np.ndarray:
        """The values, and zero for synapses made since."""
        more = len(self.synapses) - len(values)
        return np.concatenate([values, np.zeros(more, values.dtype)]) if more else values

    def _seen_of(self, place: Substitute) -> np.ndarray:
        """What every synapse sees of a state at the neurons of a side."""
        neuron = self._index(place.side)[0]
        if not place.pathway:
            return self.arrays[place.program][neuron]
        delays = self.delays[place.pathway]
        values = delays.look(self.arrays[f"{place.program}.past"], self.arrays[supplied(place.pathway, "newest")], neuron)
        return delays.arrived(values, neuron) if place.state == projection_of(self.synapses).last_update else values

    def _last_update(self) -> np.ndarray:
        last = projection_of(self.synapses).last_update
        return np.maximum.reduce(
            [self._seen_of(p) for p in self.places.values() if p.state == last and p.kind == "equal"])

    def _brought_up(self, v: Variable, side: str, values: np.ndarray) -> np.ndarray:
        """The value at the last event of either side, where the synapse itself would have kept it."""
        s = self.synapses
        last = projection_of(s).last_update
        own = self._seen_of(self.places[f"{last}@{side}"])
        mark = s.variables["lastupdate"]
        both = self._last_update() if last in self.moved else mark.values
        assert self.decay is not None and both is not None
        here = s.elements(np.arange(len(s)))
        arrays = here.arrays
        here.arrays = lambda name: values if name == v.program else arrays(name)
        here.locals["_elapsed"] = both - own
        key = next(k for k, x in self.decay.symbols.items() if x.program == v.program and not x.path)
        trees = final(a for a in self.decay.statements if a.target != "_elapsed")
        return np.asarray(evaluate(trees[key], self.decay, here))

    def kept(self) -> Kept:
        """Which variables have moved, to where, and what that depends on; their values are among the arrays of the
        synapses."""
        return Kept(dict(self.moved), dict(self.places), dict(self.delays), dict(self.constants), self.host, self.cells,
                    dict(self.weights), dict(self.known))

    def restore(self, kept: Kept, arrays: Mapping[str, np.ndarray]) -> None:
        """As it was when `kept` was called; ``arrays`` are the values of that time."""
        moved, places = kept.moved, kept.places
        if not moved and not self.moved:
            return
        for v in self.synapses.variables.values():
            if isinstance(v, SynapticVariable) and v.program in moved:
                v._stored, v.kept_by = None, self
            elif v.moved:
                v.values = arrays[v.program].copy()
        self.host, self.cells, self.weights, self.known = kept.host, kept.cells, dict(kept.weights), dict(kept.known)
        self.moved, self.places, self.delays, self.constants = dict(moved), dict(places), dict(kept.delays), dict(
            kept.constants)
        self.arrays = {name: arrays[name].copy() for name in places}
        structure_changed()

    def convert(self, dtype: str) -> None:
        """Sums of floats stay sums, with this type."""
        floats = {
            name for name, p in self.places.items() if p.dtype in ("f8", "f4") and p.kind in ("sum", "noise", "static")
        }
        self.places = {name: replace(p, dtype=dtype) if name in floats else p for name, p in self.places.items()}
        self.arrays = {name: a.astype(DTYPES[dtype]) if name in floats else a for name, a in self.arrays.items()}

    def forget(self, v: Variable) -> None:
        """The variable has values of its own again."""
        assert isinstance(v, SynapticVariable)
        v.kept_by = None
        self.moved.pop(v.program, None)
        self.known.pop(v.program, None)
        structure_changed()

    def before_write(self, v: Variable, item: object, value: object) -> None:
        """Values come back to be changed; where a factor of a sum changes, those of the sum, for another one."""
        if self.moved.get(v.program) == "sum" and self._shares():
            self.separate()
        elif self.moved.get(v.program) == "sum" and isinstance(
                item, slice) and item == slice(None) and not isinstance(value, str):
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

    # -- helpers -------------------------------------------------------------------------------------------------------
    @property
    def partners(self) -> list[str]:
        """The synapses whose sums lie in one array with these."""
        others = self.lies_with.partners if self.lies_with is not None and self.host else self.guests
        return [n for n in ([self.host] if self.host else []) + list(others) if n != self.synapses.name]

    def _shares(self) -> bool:
        """Whether these sums are one with others and not zero."""
        host = self.lies_with if self.host else self if self.guests else None
        return host is not None and any(host.arrays[n].any() for n, p in host.places.items() if p.kind == "sum")

    def _variable(self, program: str) -> Variable:
        return next(v for v in self.synapses.variables.values() if v.program == program)

    def _place_of(self, program: str) -> Substitute:
        return next(p for p in self.places.values() if p.state == program and p.kind == "equal")

    def _index(self, side: str) -> tuple[np.ndarray, int]:
        s = self.synapses
        if side == "cells":
            assert self.cells is not None
            return self.cells.of, len(self.cells)
        return (s.pre_index, len(s.source.parent)) if side == "pre" else (s.post_index, len(s.target.parent))

    def declared(self) -> dict[str, tuple[Array, np.ndarray]]:
        """The arrays at the neurons, for the program."""
        s = self.synapses
        spaces = {"newest": "now", "past": "past", "sent": "past"}

        def space(p: Substitute) -> str:
            sides = {"pre": s.source.space, "post": s.target.space, "cells": f"{s.name}.cells"}
            return f"{p.pathway}.{spaces[p.kind]}" if p.kind in spaces else sides[p.side]

        found = {name: (Array(name, p.dtype, space(p)), self.arrays[name]) for name, p in self.places.items()}
        if self.cells is not None:
            made = f"{s.name}.cells"
            found[supplied(s.name, "cell")] = (Array(supplied(s.name, "cell"), "i4", s.space, made, "index"), self.cells.of)
            found[neuron_of(s.name)] = (Array(neuron_of(s.name), "i4", made, s.target.space, "index"), self.cells.neuron)
            words = {kind: word for word, kind in DTYPES.items()}
            found |= {
                name: (Array(name, words[values.dtype], made), values) for name, values in self.cells.constants.items()
            }
        return found

    def params(self) -> dict[str, float | int]:
        """Lengths of the rings."""
        return {supplied(name, "slots"): delays.slots for name, delays in self.delays.items()}


def _last(program: str) -> str:
    """What a script calls a variable of this program name."""
    return field_of(program)
