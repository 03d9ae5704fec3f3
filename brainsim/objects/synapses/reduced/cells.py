"""Cells of synapses: those of one target that have the same constants."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cells:
    """The cell of each synapse, the target of each cell, and the values of constants in cells, by name of the array.
    Ordered by target."""

    of: np.ndarray
    neuron: np.ndarray
    constants: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.neuron)

    def taken_over(self, before: "Cells", sums: np.ndarray) -> np.ndarray | None:
        """Sums by cells as they were ``before``, in these cells; None where synapses that shared a sum are apart now.

        Synapses made since then come last and add nothing.
        """
        place = np.zeros(len(before), np.int64)
        place[before.of] = self.of[:len(before.of)]
        if not np.array_equal(place[before.of], self.of[:len(before.of)]):
            return None
        return np.bincount(place, sums, len(self)).astype(sums.dtype)


def cells_of(target: np.ndarray, constants: dict[str, np.ndarray]) -> Cells:
    """The cells of synapses onto these targets with these constants, shape (synapses,) each."""
    columns: Sequence[np.ndarray] = [target, *constants.values()]
    number = np.zeros(len(target), np.int64)
    for values in columns:
        _, which = np.unique(values, return_inverse=True)
        _, number = np.unique(number * (int(which.max(initial=0)) + 1) + which, return_inverse=True)
    _, first = np.unique(number, return_index=True)
    return Cells(number.astype(np.int32), target[first].astype(np.int32),
                 {name: np.ascontiguousarray(v[first]) for name, v in constants.items()})
