"""Variables of synapses, whose values may lie at the neurons, and a set of synapses as the analysis sees it."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brainsim.naming import end_index
from brainsim.objects.groups.variables import Variable
from brainsim.reduction.projection import Projection, Side

if TYPE_CHECKING:
    from brainsim.objects.synapses.reduced.reduced import Reduced
    from brainsim.objects.synapses.synapses import Synapses


class SynapticVariable(Variable):
    """A variable of synapses. Its values may have moved to the neurons; asking for them gives a copy, where that is
    possible."""

    _stored: np.ndarray | None = None
    kept_by: "Reduced | None" = None

    @property
    def values(self) -> np.ndarray | None:  # type: ignore[override]
        return self._stored if self.kept_by is None else self.kept_by.expanded(self)

    @property
    def moved(self) -> bool:
        """Whether the values lie at the neurons."""
        return self.kept_by is not None

    @values.setter
    def values(self, values: np.ndarray | None) -> None:
        self._stored = values
        if self.kept_by is not None:
            self.kept_by.forget(self)


def projection_of(s: "Synapses") -> Projection:
    """A set of synapses as the analysis sees it."""
    per_synapse = {
        v.program: v for v in s.variables.values()
        if isinstance(v, SynapticVariable) and not v.shared and not {"linked", "constant over dt"} & set(v.flags)
        and v.definition is None and v.symbol is None and v.dtype in ("f8", "f4") and v.name != "lastupdate"
    }
    driven = frozenset(f"{s.name}.{e.name}" for e in s.equations.of_kind("differential") if "event-driven" in e.flags)
    sides = []
    for name, group in (("pre", s.source), ("post", s.target)):
        space, bounds = group.domain()
        sides.append(Side(name, end_index(s.name, name), space, bounds))
    return Projection(s.name, s.space, sides[0], sides[1], {p: v.name for p, v in per_synapse.items()},
                      {p: v.dtype for p, v in per_synapse.items()}, driven, f"{s.name}.lastupdate" if driven else "",
                      s.reduce_noise)
