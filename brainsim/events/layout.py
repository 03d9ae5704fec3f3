"""Where things lie in the arrays of the engine."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brainsim.events.dynamics import LOOK_AHEAD, Dynamics


@dataclass(frozen=True, eq=False)
class Layout:
    """Parts of a network that do not act on each other, all alike in shape: C parts of N neurons each.

    Spikes arrive by rows, first the G from outside the part, then those from its own neurons: a row has one source, one
    delay, and up to W targets, at each of which a synapse with values of its own. ``group`` (C, N): which group, by
    number. ``targets`` (C, R, W): neurons, -1 where a row is shorter. ``pathways`` (C, R): by number, -1 for a row that
    is not there. ``sources`` (C, R - G): neurons. ``kept``: spikes of a neuron that there is room for; ``given``: of a
    source outside.
    """

    dynamics: Dynamics
    duration: float
    group: np.ndarray
    targets: np.ndarray
    pathways: np.ndarray
    sources: np.ndarray
    kept: int
    given: int

    @property
    def parts(self) -> int:
        """C"""
        return self.group.shape[0]

    @property
    def neurons(self) -> int:
        """N"""
        return self.group.shape[1]

    @property
    def rows(self) -> int:
        """R"""
        return self.targets.shape[1]

    @property
    def outside(self) -> int:
        """G"""
        return self.rows - self.sources.shape[1]

    @property
    def width(self) -> int:
        """W"""
        return self.targets.shape[2]

    @property
    def most_events(self) -> int:
        """Events of a part that there can be: spikes, their arrivals, and pauses of the search for crossings."""
        pauses = int(np.ceil(self.duration / (LOOK_AHEAD * self.dynamics.step))) + 2 if self.dynamics.stepped else 0
        return self.outside * self.given + (self.rows - self.outside) * self.kept + self.neurons * (self.kept + 1
                                                                                                    + pauses)
