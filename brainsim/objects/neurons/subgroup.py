"""Parts of groups: consecutive elements that share the variables of the whole."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from brainsim.errors import WrongIndex, WrongType
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Bounds
from brainsim.naming import bounds, supplied
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Choice, Holder
from brainsim.objects.names.namespace import RunNamespace

logger = logging.getLogger("brainsim")
_SAID: set[tuple[str, str]] = set()


def part_of(item: object, count: int, owner: str) -> tuple[int, int]:
    """First and last (exclusive) element of a contiguous part; `WrongIndex` for anything else."""
    if isinstance(item, slice):
        if item.step not in (None, 1):
            raise WrongIndex(f"A part of {owner} has no gaps", found=f"step {item.step}")
        first, last, _ = item.indices(count)
    elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        first, last = int(item), int(item) + 1
        if first < 0:
            raise WrongIndex("Indices of subgroups have to be positive", found=str(item))
    elif isinstance(item, (Sequence, np.ndarray)) and not isinstance(item, str):
        array = np.asarray(item)
        if array.size and array.dtype.kind not in "iu":
            raise WrongType(f"A part of {owner} is given by whole numbers", found=repr(item))
        if array.size == 0 or np.any(np.diff(array) != 1):
            raise WrongIndex(f"A part of {owner} is given by consecutive indices", found=repr(item))
        first, last = int(array[0]), int(array[-1]) + 1
    else:
        raise WrongType(f"A part of {owner} is given by a slice or indices", found=repr(item))
    if not 0 <= first < last <= count:
        raise WrongIndex(f"This part of {owner} is empty or out of range",
                         found=f"{first} to {last} of {count} neurons")
    return first, last


class Subgroup(EventSource, Choice):
    """Consecutive neurons of a group; shares their variables, counts from 0."""

    invalidates_magic_network = False
    add_to_magic_network = False

    def __init__(self, source: Any, first: int, last: int, name: str | None = None):
        parent = source.parent
        offset = source.first_element if isinstance(source, Subgroup) else 0
        super().__init__(clock=source.clock, name=name or f"{source.name}_subgroup*")
        object.__setattr__(self, "_parent", parent)
        self._start, self._stop = first + offset, last + offset
        self.variables = parent.variables
        self.namespace = parent.namespace
        self.events = parent.events
        self._say_what_is_hidden()

    def _say_what_is_hidden(self) -> None:
        """Say once which of the whole group's variables go by names of a part's own attributes."""
        whole = self._parent
        for v, _ in whole.declared_names():
            if self.is_taken(v) and (whole.name, v) not in _SAID:
                _SAID.add((whole.name, v))
                logger.warning(
                    "'%s' of a part of %s is an attribute of the part and not the variable: "
                    "reach the variable through the whole group", v, whole.name, extra={"topic": "resolution_conflict"})

    @property
    def parent(self) -> Any:
        """The whole group."""
        return self._parent

    source = parent

    @property
    def start(self) -> int:
        """First neuron, counted in the whole group."""
        return self._start

    @property
    def stop(self) -> int:
        """The neuron after the last, counted in the whole group."""
        return self._stop

    @property
    def first_element(self) -> int:
        """The first of these neurons in the whole group."""
        return self._start

    @property
    def _count(self) -> int:
        return self._stop - self._start

    @property
    def N(self) -> int:
        """Number of neurons."""
        return self._count

    @property
    def own_space(self) -> str:
        """The whole group's space."""
        return self._parent.own_space

    @property
    def spikes(self) -> np.ndarray:
        """Indices, within this part, of the neurons that spiked in the present step."""
        all_ = self._parent.spikes
        return all_[(all_ >= self._start) & (all_ < self._stop)] - self._start

    def event_queue(self, event: str) -> str:
        """The whole group's queue."""
        return self._parent.event_queue(event)

    def looked_for_by(self, event: str) -> BrianObject:
        """As in the whole group."""
        return self._parent.looked_for_by(event)

    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """The whole group's names, with ``i`` and ``N`` of this part."""
        found = dict(self._parent.own_scope(run).own)
        found["i"] = Symbol("i", "index", dtype="i4", constant=True, offset=supplied(self.name, "first"))
        found["N"] = Symbol("N", "count", supplied(self.name, "count"), dtype="i4", shared=True, constant=True)
        return found

    def declared(self) -> Declared:
        """Bounds of this part; the arrays are those of the whole group."""
        first, last = bounds(self.name)
        params = {first: self._start, last: self._stop, supplied(self.name, "count"): self._count}
        return Declared(params=params, clock=self.clock)

    def near_groups(self) -> list[Group]:
        """The whole group."""
        return [self._parent]

    def own_domain(self) -> tuple[str, Bounds | None]:
        """A range of the whole group's space."""
        return self.own_space, self.own_bounds()

    def dependencies(self) -> list[BrianObject]:
        """The whole group."""
        return [self._parent]

    def indices_for(self, group: Holder) -> np.ndarray:
        """The numbers of these neurons in the whole group."""
        if group is not self._parent:
            raise WrongIndex(f"{self.name} is a part of {self._parent.name}, not of {group.name}")
        return np.arange(self._start, self._stop)

    def __getitem__(self, item: object) -> "Subgroup":
        if not isinstance(item, slice):
            raise WrongType("A part of a subgroup is given by a slice", found=repr(item))
        return Subgroup(self, *part_of(item, self._count, self.name))

    def __repr__(self) -> str:
        return f"Subgroup({self._parent.name}[{self._start}:{self._stop}])"
