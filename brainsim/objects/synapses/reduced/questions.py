"""What the analysis asks of the values of synapses (`brainsim.reduction.values`), and whether the answers hold."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brainsim.language.trees import Tree
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.objects.groups.evaluate_now import evaluate
from brainsim.objects.synapses.reduced.cells import Cells, cells_of
from brainsim.objects.synapses.reduced.past import digest
from brainsim.objects.synapses.reduced.way_back import WayBack
from brainsim.objects.synapses.synaptic_variable import projection_of
from brainsim.reduction.cells import constant_of

MOST_PAST = 2
"""Earlier values of the sources may take so many times the memory of values per synapse, not more."""
FULL_CELLS = 2
"""Sums by cells need so many synapses in a cell on average."""


@dataclass
class Questions(WayBack):
    """The values of synapses now, as far as rules depend on them."""

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
        assert old is not None
        here = s.elements_at(np.arange(len(s)))
        for elapsed in (s.clock.dt_, 1000 * np.pi * s.clock.dt_):
            here.locals["_elapsed"] = np.float64(elapsed)
            if not np.allclose(evaluate(values[key], block, here), old, rtol=1e-12, atol=0):
                return False
        return True

    def cells_by(self, constants: tuple[Symbol, ...]) -> Cells:
        """The cells of these constants with their present values."""
        s = self.synapses
        here = s.elements_at(np.arange(len(s)))
        return cells_of(s.post_index, {constant_of(x): here.arrays(x.program)[here.at(x.path)] for x in constants})

    def waiting(self, program: str, pathway: str) -> str:
        """Why the past of a state at the sources is not known or not worth keeping, in words; empty when it is."""
        if self.moved.get(program) == "late":
            return ""
        path = next(p for p in self.synapses.pathways if p.name == pathway)
        if path.events_under_way:
            return f"events of '{pathway}' are under way"
        size = self._index("pre")[1] * (int(path.steps.max(initial=0)) + 1)
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
        get = self.synapses.stored_arrays()
        return all(digest(get(name)) == was for name, was in watched.items())

    def _driven_at(self, side: str) -> bool:
        """Whether event-driven states are kept at the neurons of a side."""
        return any(
            self.moved.get(v) in ("equal", "late") and self._place_of(v).side == side
            for v in projection_of(self.synapses).event_driven)

