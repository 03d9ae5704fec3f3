"""A group whose elements join the neurons of two groups: its pairs, and what is seen of both sides through them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.model.symbols import Symbol
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.synapses.indices import SynapticIndices, synapses_between
from brainsim.objects.synapses.pairs import Pairs, counts, flat


class JoiningGroup(EquationGroup):
    """The elements of `Synapses`."""

    source: Group
    target: Group
    multisynaptic_index: str | None
    connect_calls: int              #: how often there have been new synapses
    _pairs: Pairs

    # -- pairs ---------------------------------------------------------------------------------------------------------
    @property
    def _count(self) -> int:
        return self._pairs.count()

    @property
    def pairs_now(self) -> Pairs:
        """Which neurons they join."""
        return self._pairs

    @property
    def post_index(self) -> np.ndarray:
        """The neuron of the target's whole group of every synapse, int32; drawn again where synapses are not stored."""
        return flat(self._pairs.index("post"))

    @property
    def pre_index(self) -> np.ndarray:
        """The neuron of the source's whole group of every synapse, int32; made when it is asked for."""
        return flat(self._pairs.index("pre"))

    @property
    def N_incoming_post(self) -> np.ndarray:
        """Number of synapses onto each neuron of the target's whole group."""
        return counts(self._pairs.index("post"), len(self.target.parent))

    @property
    def N_outgoing_pre(self) -> np.ndarray:
        """Number of synapses from each neuron of the source's whole group."""
        return counts(self._pairs.index("pre"), len(self.source.parent))

    @property
    def is_procedural(self) -> bool:
        """Whether no synapse is stored: each event draws the row of its neuron again."""
        return not self._pairs.is_stored

    # -- both sides ----------------------------------------------------------------------------------------------------
    def near_groups(self) -> list[Any]:
        """Source, target, and what they are linked to."""
        return [self.source, self.target, *super().near_groups()]

    def dependencies(self) -> list[BrianObject]:
        """Both sides."""
        return [self.source, self.target]

    def seen_through(self, name: str) -> Variable | None:
        """A variable of the source or the target, seen through the synapses."""
        if not name.endswith(("_pre", "_post")) and name not in self.target.variables:
            return None
        symbol = self.own_scope(RunNamespace.of_caller()).own.get(name)
        if symbol is None:
            return None
        return Variable(name, symbol.program, symbol.dimension, symbol.dtype, shared=symbol.shared,
                        read_only=not symbol.writable, symbol=symbol)

    def variable_behind(self, symbol: Symbol) -> Variable:
        """The variable of the synapses, or of one of the groups that they join, that a symbol stands for."""
        every = [w for g in (self.source, self.target) for w in g.parent.variables.values()]
        return next((w for w in every if w.program == symbol.program), None) or super().variable_behind(symbol)

    # -- chosen ones ---------------------------------------------------------------------------------------------------
    def _absolute(self, item: object, run: RunNamespace) -> np.ndarray:
        if not isinstance(item, tuple):
            return super()._absolute(item, run)
        return synapses_between(self, item)

    def read_values(self, v: Variable, item: object, level: int = 0,
                    namespace: Mapping[str, object] | None = None) -> np.ndarray:
        """Numbers in base units of the elements that ``item`` means."""
        if isinstance(item, tuple):   # where there is no such neuron there are no synapses to read
            item = tuple(np.zeros(0, int) if isinstance(x, (int, np.integer)) and not -len(g) <= x < len(g) else x
                         for x, g in zip(item, (self.source, self.target))) + item[2:]
        return super().read_values(v, item, level, namespace)

    def __getitem__(self, item: object) -> SynapticIndices:
        return SynapticIndices(self, self._absolute(item, RunNamespace.of_caller()))
