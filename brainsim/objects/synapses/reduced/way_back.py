"""Where the states of synapses lie after a reduction, and the way back to a value per synapse."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from brainsim.errors import WrongState
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.model.equations import Equations
from brainsim.model.resolve import Block
from brainsim.naming import supplied
from brainsim.objects.groups.evaluate_now import Elements, evaluate
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.pairs import Joining, Pairs
from brainsim.objects.synapses.pathway import Pathway
from brainsim.objects.synapses.reduced.cells import Cells
from brainsim.objects.synapses.reduced.past import Delays
from brainsim.objects.synapses.reduced.replay import Course, Replay
from brainsim.objects.synapses.synaptic_variable import SynapticVariable, projection_of
from brainsim.reduction.cells import neuron_of
from brainsim.reduction.projection import final
from brainsim.reduction.reduce import Party, Verdict
from brainsim.reduction.rewrite import Moves, Substitute, apart_name
from brainsim.reduction.values import Obstacle


class Reducible(Joining, Protocol):
    """Synapses, as far as their reduction needs to know them."""

    reduce: str
    reduce_noise: bool
    equations: Equations

    @property
    def pairs_now(self) -> Pairs:
        """Which neurons they join."""
        ...

    @property
    def own_space(self) -> str:
        """Name of their space in the program."""
        ...

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """All pathways, in the order in which they were declared."""
        ...

    @property
    def pre_index(self) -> np.ndarray:
        """The neuron of the source's whole group of every synapse."""
        ...

    @property
    def post_index(self) -> np.ndarray:
        """The neuron of the target's whole group of every synapse."""
        ...

    def __len__(self) -> int:
        """How many synapses there are."""
        ...

    def elements_at(self, index: np.ndarray | None) -> Elements:
        """Synapses for strings evaluated at once."""
        ...

    def summed_into(self) -> list[Variable]:
        """The variables of the neurons that they are summed into."""
        ...

    def _is_differential(self, name: str) -> bool:
        """Whether a variable has a differential equation."""
        ...


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
class WayBack:
    """Where each variable lies now, and its value per synapse."""


    synapses: Reducible
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
    lies_with: "WayBack | None" = None    #: their reduction
    guests: dict[str, "WayBack"] = field(default_factory=dict)   #: those whose sums are in these arrays
    apart: dict[str, Obstacle] = field(default_factory=dict)  #: with which other sums these are not together, and why
    cells: Cells | None = None            #: of sums that are divided by constants
    new_cells: Cells | None = None        #: those of the analysis under way
    ties: dict[str, bytes | float] = field(
        default_factory=dict)  #: constants that are equal to those of the host or the guests
    changing: frozenset[str] = frozenset()
    #: constants of sums that were assigned to after a run, in words
    later: dict[str, str] = field(default_factory=dict)
    plans: tuple[Moves, ...] = ()          #: how the tasks were rewritten
    #: values per synapse of states that have become sums since the last run
    known: dict[str, np.ndarray] = field(default_factory=dict)
    course: Course | None = None          #: what happens in the runs of the network, where it has sums
    replay: Replay | None = None          #: the runs since values per synapse were known
    weights: dict[str, bytes] = field(default_factory=dict)           #: constants of the sources that are factors

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
        return np.zeros(len(self.synapses), DTYPES[v.dtype]) if found is None else self._padded(found)

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
        newest = self.arrays[supplied(place.pathway, "newest")]
        values = delays.look(self.arrays[f"{place.program}.past"], newest, neuron)
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
        here = s.elements_at(np.arange(len(s)))
        arrays = here.arrays
        here.arrays = lambda name: values if name == v.program else arrays(name)
        here.locals["_elapsed"] = both - own
        key = next(k for k, x in self.decay.symbols.items() if x.program == v.program and not x.path)
        trees = final(a for a in self.decay.assignments if a.target != "_elapsed")
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

    @property
    def partners(self) -> list[str]:
        """The synapses whose sums lie in one array with these."""
        others = self.lies_with.partners if self.lies_with is not None and self.host else self.guests
        return [n for n in ([self.host] if self.host else []) + list(others) if n != self.synapses.name]

    def _shares(self) -> bool:
        """Whether these sums are one with others and not zero."""
        host = self.lies_with if self.host else self if self.guests else None
        return host is not None and any(host.arrays[n].any() for n, p in host.places.items() if p.kind == "sum")

    def _sum_of(self, program: str) -> bool:
        """Whether there is a sum of a state that is not zero."""
        return any(p.state == program and p.kind == "sum" and self.arrays[n].any()
                   for n, p in self.places.items()) or self._shares()

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
            sides = {"pre": s.source.own_space, "post": s.target.own_space, "cells": f"{s.name}.cells"}
            return f"{p.pathway}.{spaces[p.kind]}" if p.kind in spaces else sides[p.side]

        found = {name: (Array(name, p.dtype, space(p)), self.arrays[name]) for name, p in self.places.items()}
        if self.cells is not None:
            made = f"{s.name}.cells"
            cell, end = supplied(s.name, "cell"), neuron_of(s.name)
            found[cell] = (Array(cell, "i4", s.own_space, made, "index"), self.cells.of)
            found[end] = (Array(end, "i4", made, s.target.own_space, "index"), self.cells.neuron)
            words = {kind: word for word, kind in DTYPES.items()}
            found |= {
                name: (Array(name, words[values.dtype], made), values) for name, values in self.cells.constants.items()
            }
        return found

    def params(self) -> dict[str, float | int]:
        """Lengths of the rings."""
        return {supplied(name, "slots"): delays.slots for name, delays in self.delays.items()}

