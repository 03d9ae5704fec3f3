"""What the functions of the NumPy target call: drawing, powers, queues and rows on whole arrays."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.ir import library, random_rows
from brainsim.ir.evaluate import power
from brainsim.ir.random import draw_many
from brainsim.ir.state import DTYPES, QueueState


class DrawAhead:
    """`draw_many` for a whole space: for few elements, the numbers of many steps are made at once."""

    _few = 2048

    def __init__(self, draw: Callable[..., np.ndarray] = draw_many) -> None:
        self._draw = draw
        self._tables: dict[tuple[str, int], tuple[tuple[int, int, int], int, np.ndarray]] = {}

    def __call__(self, law: str, seed: int, stream: int, step: int, index: np.ndarray) -> np.ndarray:
        """One number per element; ``index`` counts up by one."""
        ahead = min(self._few // max(1, len(index)), 256)
        if ahead < 2:
            return self._draw(law, seed, stream, step, index)
        this = seed, len(index), int(index[0]) if len(index) else 0
        made_for, first, table = self._tables.get((law, stream), ((0, 0, 0), step + 1, np.zeros(0)))
        if made_for != this or not first <= step < first + len(table):
            first, table = step, self._draw(law, seed, stream, step + np.arange(ahead)[:, None], index)
            self._tables[law, stream] = this, first, table
        return table[step - first]


def power_many(a: Any, b: Any) -> Any:
    """``**`` with the interpreter's rule for whole numbers, on arrays."""
    whole = np.asarray(a).dtype.kind in "iu" and np.asarray(b).dtype.kind in "iu"
    if not whole:
        return np.power(np.asarray(a, dtype=float) if np.asarray(a).dtype.kind in "iub" else a, b)
    if np.ndim(a) == 0 and np.ndim(b) == 0:
        return power(int(a), int(b))
    return np.power(a, b) if np.min(b) >= 0 else np.power(np.asarray(a, dtype=float), b)


def strict_power(a: Any, b: Any) -> Any:
    """``**`` with the C library's function for floats."""
    whole = np.asarray(a).dtype.kind in "iub" and np.asarray(b).dtype.kind in "iub"
    return power_many(a, b) if whole else library.power(
        np.asarray(a, dtype=float) if np.asarray(a).dtype.kind in "iub" else a, b)


def strict_draw(*args: Any) -> np.ndarray:
    """`draw_many` with the C library's logarithm."""
    return draw_many(*args, log=library.functions()["log"])


def cast(t: str, x: Any) -> np.ndarray:
    """Conversion to a dtype of the program."""
    return np.asarray(x).astype(DTYPES[t])[()]


def expand(x: Any, count: int) -> np.ndarray:
    """A value per element."""
    x = np.asarray(x)
    return x if x.ndim else np.full(count, x)


def append(queue: QueueState, slot: Any, values: Any, count: int) -> None:
    """Add ``count`` values to the end of a slot, or each to the slot of its own, in order."""
    if count == 0:
        return
    slots = np.asarray(slot)
    if slots.ndim == 0:
        _append_to(queue, int(slots), expand(values, count))
        return
    values = expand(values, count)
    order = np.argsort(slots, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(slots[order]), 1)) + 1
    for first, last in zip([0, *ends[:-1]], ends):
        _append_to(queue, int(slots[order[first]]), values[order[first:last]])


def _append_to(queue: QueueState, slot: int, values: np.ndarray) -> None:
    used = int(queue.count[slot])
    if used + len(values) > queue.data.shape[1]:
        queue.make_room(2 * (used + len(values)))
    queue.data[slot, used:used + len(values)] = values
    queue.count[slot] = used + len(values)


def fan_out(events: np.ndarray, starts: np.ndarray, ids: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(i, j): all members of the rows of these events, and the event of each."""
    first = starts[events].astype(np.int64)
    count = starts[events + 1] - first
    j = np.repeat(events, count)
    shift = np.repeat(first - (np.cumsum(count) - count), count)
    i = np.arange(len(j)) + shift
    return (i if ids is None else ids[i]), j


def random_members(key: int, events: np.ndarray, columns: int, gaps: np.ndarray,
                   hollow: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, column, number in the row) of all members of the rows of these events."""
    count, found = random_rows.rows(key, events, columns, gaps, hollow)
    return np.repeat(events, count), found, random_rows.numbered(count)
