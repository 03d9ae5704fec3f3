"""The synapses of each neuron of one side: rows. Where synapses are stored by neuron, rows say as much as an index per
synapse."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brainsim.errors import WrongValue
from brainsim.objects.groups.pieces import PIECE, pieces

MOST = 2**31 - 1   #: numbers of synapses have 32 bits


@dataclass(frozen=True, eq=False)
class Rows:
    """Neuron ``first + k`` has the synapses ``starts[k]`` to ``starts[k + 1]``; through ``ids`` where synapses are
    stored in another order.

    Indexed with numbers of synapses it gives their neurons, like the array of shape (synapses,) that it stands for.
    """

    starts: np.ndarray
    ids: np.ndarray | None = None
    first: int = 0

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, chosen: np.ndarray) -> np.ndarray:
        """The neurons of these synapses, int32."""
        chosen = np.asarray(chosen)
        if self.ids is not None:
            return self.index()[chosen]
        if chosen.size and chosen.ndim and chosen[-1] - chosen[0] + 1 == chosen.size and (chosen[1:]
                                                                                          > chosen[:-1]).all():
            return self._run(int(chosen[0]), int(chosen[-1]) + 1)
        return (np.searchsorted(self.starts, chosen, side="right") - 1 + self.first).astype(np.int32)

    def _run(self, begin: int, end: int) -> np.ndarray:
        """The neurons of the synapses from ``begin`` up to, not including, ``end``."""
        low = int(np.searchsorted(self.starts, begin, side="right")) - 1
        high = int(np.searchsorted(self.starts, end, side="left"))
        edges = np.clip(self.starts[low:high + 1], begin, end)
        return np.repeat(np.arange(low + self.first, high + self.first, dtype=np.int32), np.diff(edges))

    def index(self) -> np.ndarray:
        """The neuron of every synapse, shape (synapses,), int32."""
        neurons = np.arange(self.first, self.first + len(self.starts) - 1, dtype=np.int32)
        in_order = np.repeat(neurons, np.diff(self.starts))
        if self.ids is None:
            return in_order
        found = np.empty_like(in_order)
        found[self.ids] = in_order
        return found

    def of(self, neurons: np.ndarray) -> np.ndarray:
        """The synapses of neurons (numbered from ``first``), in order of storage within each."""
        parts = [np.arange(int(self.starts[n]), int(self.starts[n + 1])) for n in neurons]
        flat = np.concatenate(parts) if parts else np.zeros(0, int)
        return (flat if self.ids is None else self.ids[flat]).astype(np.int32)

    def counts(self, size: int) -> np.ndarray:
        """Synapses of each of ``size`` neurons of the whole group, int32."""
        found = np.zeros(size, np.int32)
        found[self.first:self.first + len(self.starts) - 1] = np.diff(self.starts)
        return found

    def over(self, count: int) -> "Rows":
        """The same rows for a side that has ``count`` neurons by now."""
        missing = count + 1 - len(self.starts)
        return self if missing <= 0 else Rows(fixed(np.append(self.starts, np.full(missing, self.starts[-1]))),
                                              self.ids, self.first)


def in_order(index: np.ndarray) -> bool:
    """Whether numbers never fall."""
    return all(bool((index[p.start:p.stop] <= index[p.start + 1:p.stop + 1]).all()) for p in pieces(len(index) - 1))


def rows_by_count(count: np.ndarray, first: int = 0) -> Rows:
    """Rows of these lengths, in place. `WrongValue` when there are more synapses than numbers for them."""
    total = int(count.sum(dtype=np.int64))
    if total > MOST:
        raise WrongValue("There are too many synapses for one Synapses object", found=f"{total}; at most {MOST}",
                         help="divide them among several objects")
    starts = np.zeros(len(count) + 1, np.int32)
    np.cumsum(count, out=starts[1:])
    return Rows(fixed(starts), None, first)


def rows_of(index: np.ndarray, first: int, count: int) -> Rows:
    """The rows of the neurons ``first`` to ``first + count``, from the neuron of every synapse. Needs 4 bytes a synapse
    at most."""
    length = np.zeros(count, np.int64)
    for p in pieces(len(index), max(PIECE, count)):
        length += np.bincount(index[p] - first, minlength=count)
    rows = rows_by_count(length, first)
    if in_order(index):
        return rows
    return Rows(rows.starts, fixed(_sorted(index, first, rows.starts)), first)


def _sorted(index: np.ndarray, first: int, starts: np.ndarray) -> np.ndarray:
    """Numbers of the synapses by neuron, those of one neuron in order: counting sort, a piece at a time."""
    free, ids = starts[:-1].astype(np.int64), np.empty(len(index), np.int32)
    size = max(PIECE, len(free))
    for p in pieces(len(index), size):
        row = index[p] - first
        order = np.argsort(row.astype(np.uint16) if len(free) <= 1 << 16 else row, kind="stable")
        row = row[order]
        length = np.bincount(row, minlength=len(free))
        rank = np.arange(len(row)) - (np.cumsum(length) - length)[row]
        ids[free[row] + rank] = order + p.start
        free += length
    return ids


def fixed(array: np.ndarray) -> np.ndarray:
    """The array, not to be written any more: others share it."""
    array.flags.writeable = False
    return array
