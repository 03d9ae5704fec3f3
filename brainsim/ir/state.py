"""State: the only mutable thing in the house. Every number is in a NumPy array that the compiled code works on in
place."""
from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np

from brainsim.errors import WrongValue
from brainsim.ir.program import Program

DTYPES = {"f8": np.dtype(np.float64), "f4": np.dtype(np.float32), "i4": np.dtype(np.int32), "i8": np.dtype(np.int64),
          "b1": np.dtype(np.bool_)}


def zeros(count: int, dtype: str | np.dtype) -> np.ndarray:
    """An array of zeros that begins at a cache line, so that no vector straddles two of them."""
    kind = DTYPES[dtype] if isinstance(dtype, str) else np.dtype(dtype)
    room = np.zeros(count * kind.itemsize + 64, np.uint8)
    first = -room.__array_interface__["data"][0] % 64
    return room[first:first + count * kind.itemsize].view(kind)


class Pause(IntEnum):
    """Why `advance` came back."""

    DONE = 0     #: every clock has reached its end
    BUDGET = 1   #: the allowed number of ticks is used up
    ROOM = 2     #: a queue needs more room before the kernel at the cursor can run
    HOST = 3     #: the Python object of kernel ``state.kernel`` is due


@dataclass
class QueueState:
    """``data[slot, :count[slot]]`` are the values in a slot."""

    data: np.ndarray
    count: np.ndarray

    @classmethod
    def empty(cls, dtype: str, slots: int = 1, capacity: int = 16) -> "QueueState":
        return cls(np.empty((slots, capacity), DTYPES[dtype]), np.zeros(slots, np.int64))

    def make_room(self, capacity: int) -> None:
        """Grow every slot to ``capacity`` values."""
        if capacity <= self.data.shape[1]:
            return
        bigger = np.empty((self.data.shape[0], capacity), self.data.dtype)
        used = int(self.count.max(initial=0))
        bigger[:, :used] = self.data[:, :used]
        self.data = bigger

    def values(self, slot: int = 0) -> np.ndarray:
        """A view of the values in a slot."""
        return self.data[slot, : self.count[slot]]


class PythonFunction(Protocol):
    """A function of the user's, as a program calls it: arrays → array, plain numbers in base units."""

    def __call__(self, *args: Any) -> np.ndarray:
        """The result for arrays of NumPy."""
        ...

    def traced(self, *args: Any) -> Any:
        """The result for arrays of JAX, where it is traceable."""
        ...

    @property
    def stateless(self) -> bool:
        """Whether the same arguments give the same result."""
        ...

    @property
    def traceable(self) -> bool:
        """Whether there is code for JAX, through which gradients pass."""
        ...


@dataclass
class State:
    """Values of a program: sizes of spaces, scalars, arrays, queues, and where each clock stands."""

    program: Program
    sizes: dict[str, int]
    params: dict[str, float | int]
    arrays: dict[str, np.ndarray]
    queues: dict[str, QueueState]
    functions: dict[str, PythonFunction] = field(default_factory=dict)     #: what `Foreign` calls
    times: dict[str, np.ndarray] = field(
        default_factory=dict)  #: of listed clocks: seconds of each step, and the last once more; float64
    seed: int = 0
    step: np.ndarray = field(init=False)   #: next step of each clock, int64
    end: np.ndarray = field(init=False)    #: step at which each clock ends, int64
    dt: np.ndarray = field(init=False)     #: seconds, float64; of a listed clock, what its times are told apart by
    origin: np.ndarray = field(
        init=False)  #: step of each clock at which the seed began to hold, int64; random numbers count from there
    due: np.ndarray = field(init=False)    #: clocks taking part in the tick under way
    cursor: int = -1                       #: next kernel of the tick under way, -1 between ticks
    kernel: int = -1                       #: the kernel that asked for the pause
    wanted: int = 0                        #: capacity asked for by `Pause.ROOM`
    queue: int = -1                        #: queue that needs room

    def __post_init__(self) -> None:
        count = len(self.program.clocks)
        self.step, self.end = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.dt, self.due, self.origin = np.ones(count), np.zeros(count, np.uint8), np.zeros(count, np.int64)

        for k in (k for k in self.program.kernels if k.domain.rounds):
            for text in k.domain.refuses_values(k.facts.nodes, self.arrays):
                raise WrongValue(f"{k.name}: {text}", help="each level begins after all parents of its elements")

    def reached(self) -> np.ndarray:
        """Seconds of the next step of each clock; of its last step, where a listed clock has no further one."""
        found = self.step * self.dt
        for clock in self.program.listed:
            k = self.program.clocks.index(clock)
            found[k] = self.times[clock][self.step[k]]
        return found

    def queue_slots(self, name: str) -> int:
        """Number of slots of a queue."""
        return self.queues[name].data.shape[0]


def begin_tick(state: State) -> bool:
    """Mark the clocks that are due next; False when all have reached their end (R7)."""
    running = state.step < state.end
    if not running.any():
        return False
    times = state.reached()
    first = times[running].min()
    state.due[:] = running & (times - first < 1e-4 * state.dt.min())
    state.cursor = 0
    return True
