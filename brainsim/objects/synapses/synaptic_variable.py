"""Variables of synapses, whose values may lie at the neurons, and a set of synapses as the analysis sees it."""
from __future__ import annotations

from typing import Protocol

import numpy as np

from brainsim.model.equations import Equations
from brainsim.naming import end_index
from brainsim.objects.groups.variables import Variable
from brainsim.objects.synapses.pairs import Joining
from brainsim.reduction.projection import Projection, Side


class Keeper(Protocol):
    """Who has the values of variables that lie at the neurons."""

    def expanded(self, v: Variable) -> np.ndarray:
        """The values per synapse, to read."""
        ...

    def forget(self, v: Variable) -> None:
        """The variable has values of its own again."""
        ...


class Projecting(Joining, Protocol):
    """Synapses with their equations, as the analysis needs to know them."""

    equations: Equations
    reduce_noise: bool

    @property
    def own_space(self) -> str:
        """Name of their space in the program."""
        ...


class SynapticVariable(Variable):
    """A variable of synapses. Its values may have moved to the neurons; asking for them gives a copy, where that is
    possible."""

    _stored: np.ndarray | None = None
    kept_by: Keeper | None = None

    # assigned to and read like that of any variable
    @property
    def values(self) -> np.ndarray | None:
        return self._stored if self.kept_by is None else self.kept_by.expanded(self)

    @property
    def moved(self) -> bool:
        """Whether the values lie at the neurons."""
        return self.kept_by is not None

    @values.setter
    # a field of its class, a property here
    def values(self, values: np.ndarray | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._stored = values
        if self.kept_by is not None:
            self.kept_by.forget(self)


def projection_of(s: Projecting) -> Projection:
    """A set of synapses as the analysis sees it."""
    per_synapse = {
        v.program: v for v in s.variables.values()
        if isinstance(v, SynapticVariable) and not v.shared and not {"linked", "constant over dt"} & set(v.flags)
        and v.definition is None and v.symbol is None and v.dtype in ("f8", "f4") and v.name != "lastupdate"
    }
    driven = frozenset(f"{s.name}.{e.name}" for e in s.equations.of_kind("differential") if "event-driven" in e.flags)
    sides = []
    for name, group in (("pre", s.source), ("post", s.target)):
        space, bounds = group.own_domain()
        sides.append(Side(name, end_index(s.name, name), space, bounds))
    return Projection(s.name, s.own_space, sides[0], sides[1], {p: v.name for p, v in per_synapse.items()},
                      {p: v.dtype for p, v in per_synapse.items()}, driven, f"{s.name}.lastupdate" if driven else "",
                      s.reduce_noise)
