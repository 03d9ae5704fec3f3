"""What an object hands over to a program: arrays and queues with their contents, lengths, scalars, its clock."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from brainsim.ir.program import Array, Queue
from brainsim.ir.state import QueueState
from brainsim.objects.groups.clock import BaseClock


@dataclass(frozen=True)
class Declared:
    """All that a program, a copy, a file or another machine needs to know of one object; by program name.

    Arrays and queues are the object's own, so that what a run changes is at once what users read.
    """

    arrays: Mapping[str, tuple[Array, np.ndarray]] = field(default_factory=dict)
    queues: Mapping[str, tuple[Queue, QueueState]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)               #: of spaces
    params: Mapping[str, float | int] = field(default_factory=dict)      #: scalars that are data of a run
    on_request: Mapping[str, tuple[Array, Callable[[], np.ndarray]]] = field(default_factory=dict)
    clock: BaseClock | None = None
    derived: frozenset[str] = frozenset()    #: arrays that follow from what the user said: made anew where it changes

    def __or__(self, other: "Declared") -> "Declared":
        """Both; where they differ, the other."""
        return Declared({**self.arrays, **other.arrays}, {**self.queues, **other.queues},
                        {**self.sizes, **other.sizes}, {**self.params, **other.params},
                        {**self.on_request, **other.on_request}, other.clock or self.clock,
                        self.derived | other.derived)

    def values(self, name: str) -> np.ndarray | None:
        """The values of an array, made if need be; None for a name that is not declared here."""
        if name in self.arrays:
            return self.arrays[name][1]
        return self.on_request[name][1]() if name in self.on_request else None
