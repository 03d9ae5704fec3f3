"""The past of states that synapses read late: how far each looks back, and from when on."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


def digest(values: np.ndarray) -> bytes:
    """What tells an array from others without keeping it."""
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


@dataclass(frozen=True)
class Delays:
    """Delays of a pathway while states are read late: in steps of ``dt``, shape (synapses,), and how many steps are
    kept.

    ``since``: when event-driven states were last up to date before that, in seconds, for each neuron of the source's
    whole group.
    """

    steps: np.ndarray
    dt: float
    since: np.ndarray

    @property
    def slots(self) -> int:
        """Steps that a ring holds: up to the longest delay, and the present one."""
        return int(self.steps.max(initial=0)) + 1

    def same(self, steps: np.ndarray, dt: float) -> bool:
        """Whether delays are still these."""
        return self.dt == dt and np.array_equal(self.steps, steps)

    def look(self, ring: np.ndarray, newest: np.ndarray, neuron: np.ndarray) -> np.ndarray:
        """What each synapse sees in a ring (neurons x slots, flat) now; ``neuron`` is the one that it comes from."""
        slots = self.slots
        return ring[neuron.astype(np.int64) * slots + (newest[0] - self.steps) % slots]

    @property
    def never(self) -> np.ndarray:
        """Times of a last event for neurons that have had none: too early to have arrived after ``since`` by any
        delay."""
        return self.since - self.slots * self.dt

    def arrived(self, left: np.ndarray, neuron: np.ndarray) -> np.ndarray:
        """When events arrived at each synapse that left at these times; ``since`` where there were none."""
        return np.maximum(self.since[neuron], left + self.steps * self.dt)
