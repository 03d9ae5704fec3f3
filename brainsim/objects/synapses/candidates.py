"""Candidate pairs of neurons in order, a part at a time, and the places where those that are taken are kept."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from brainsim.errors import Span, WrongIndex
from brainsim.objects.groups.pieces import pieces
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.synapses.rows import Rows, rows_by_count

CHUNK = 1 << 21    #: candidates looked at together where the order of random numbers depends on it


@dataclass(frozen=True)
class Part:
    """``count[k]`` candidates of neuron ``first + k`` of the outer side; ``inner`` are the neurons of the other side,
    in order."""

    first: int
    count: np.ndarray
    inner: np.ndarray

    def outer(self) -> np.ndarray:
        """The neuron of the outer side of every candidate."""
        return np.repeat(np.arange(self.first, self.first + len(self.count)), self.count)

    def taken(self, good: np.ndarray, outer: np.ndarray) -> "Part":
        """The candidates where ``good``; ``outer`` is what the method of that name gave."""
        return Part(self.first, np.bincount(outer[good] - self.first, minlength=len(self.count)), self.inner[good])


class Taken:
    """Collects parts: how many synapses each neuron of the outer side has, and the neurons of the inner side. Four
    bytes a synapse."""

    def __init__(self, rows: int, expected: float = 0.0):
        self._count = np.zeros(rows, np.int64)
        self._inner = np.empty(int(expected + 6 * expected ** 0.5) + 16, np.int32)
        self._used = 0

    def add(self, part: Part) -> None:
        """Take all of a part."""
        self._count[part.first:part.first + len(part.count)] += part.count
        end = self._used + len(part.inner)
        if end > len(self._inner):
            self._inner.resize(max(end, len(self._inner) + len(self._inner) // 2), refcheck=False)
        self._inner[self._used:end] = part.inner
        self._used = end

    def rows(self) -> tuple[Rows, np.ndarray]:
        """Rows of the outer side, and the neurons of the inner side, int32."""
        self._inner.resize(self._used, refcheck=False)
        return rows_by_count(self._count), self._inner


def all_rows(n_outer: int, n_inner: int) -> tuple[Rows, np.ndarray]:
    """All pairs, as `Taken` gives them."""
    rows = rows_by_count(np.full(n_outer, n_inner))
    inner = np.empty((n_outer, n_inner), np.int32)
    inner[:] = np.arange(n_inner, dtype=np.int32)
    return rows, inner.reshape(-1)


def all_pairs(n_pre: int, n_post: int, size: int) -> Iterator[Part]:
    """All pairs, whole rows at a time."""
    rows = max(1, size // max(1, n_post))
    for first in range(0, n_pre, rows):
        here = min(n_pre, first + rows) - first
        yield Part(first, np.full(here, n_post), np.tile(np.arange(n_post), here))


def thinned_pairs(n_pre: int, n_post: int, p: float, size: int) -> Iterator[Part]:
    """Each pair with probability p: the gaps between chosen pairs are geometric, so the work is proportional to
    them."""
    if p >= 1:
        yield from all_pairs(n_pre, n_post, size)
        return
    for chosen in bernoulli(n_pre * n_post, p, size):
        if len(chosen):
            first = int(chosen[0]) // n_post
            yield in_rows(chosen, first, np.arange(first, int(chosen[-1]) // n_post + 2) * n_post)


def in_rows(chosen: np.ndarray, first: int, edges: np.ndarray) -> Part:
    """Ascending numbers cut into rows that begin at ``edges``, the first of them row ``first``."""
    count = np.diff(np.searchsorted(chosen, edges))
    return Part(first, count, chosen - np.repeat(edges[:-1], count))


def bernoulli(total: int, p: float, size: int = CHUNK) -> Iterator[np.ndarray]:
    """Numbers below ``total``, each with probability p, ascending, in parts of about ``size``. They do not depend on
    ``size``."""
    if p <= 0:
        return
    at = -1
    while at < total:
        for part in pieces(int(min(CHUNK, (total - at) * p * 1.05 + 64)), size):
            chosen = random_state.host.geometric(p, size=part.stop - part.start)
            np.cumsum(chosen, out=chosen)
            chosen += at
            at = int(chosen[-1])
            yield chosen[:np.searchsorted(chosen, total)] if at >= total else chosen


def random_sample(p: np.ndarray, count: np.ndarray, size: int) -> Iterator[Part]:
    """From each row of ``count`` numbers from 0 on, each with the probability p of its row."""
    if len(count) and (p == p[0]).all():
        edges = np.concatenate([[0], np.cumsum(count)])
        if not edges[-1]:
            return
        if p[0] >= 1:
            yield from whole_rows(count, size)
            return
        for chosen in bernoulli(int(edges[-1]), float(p[0]), size):
            if len(chosen):
                first = int(np.searchsorted(edges, chosen[0], side="right")) - 1
                last = int(np.searchsorted(edges, chosen[-1], side="right")) - 1
                yield in_rows(chosen, first, edges[first:last + 2])
        return
    for first, last in row_blocks(count, size):
        rows = [np.flatnonzero(random_state.host.random(n) < q) for n, q in zip(count[first:last], p[first:last])]
        yield Part(first, np.array([len(r) for r in rows]), np.concatenate(rows))


def fixed_sample(wanted: np.ndarray, count: np.ndarray, clamp: bool, span: Span | None, size: int) -> Iterator[Part]:
    """From each row of ``count`` numbers from 0 on, ``wanted`` without replacement, ascending. `WrongIndex` for more
    than there are."""
    bad = (wanted < 0) | (wanted > count)
    if bad.any() and not clamp:
        k = int(np.flatnonzero(bad)[0])
        raise WrongIndex(
            "The sample is larger than what it is drawn from" if wanted[k] > 0 else "The size of a sample is negative",
            at=span, found=f"{wanted[k]} of {count[k]}")
    wanted = np.clip(wanted, 0, count)
    for first, last in row_blocks(wanted, size):
        rows = [
            np.sort(random_state.host.choice(n, k, replace=False))
            for n, k in zip(count[first:last].tolist(), wanted[first:last].tolist())
        ]
        yield Part(first, wanted[first:last], np.concatenate(rows).astype(np.int64))


def whole_rows(count: np.ndarray, size: int) -> Iterator[Part]:
    """Rows of ``count`` numbers from 0 on, all of them."""
    for first, last in row_blocks(count, size):
        here = count[first:last]
        yield Part(first, here, np.arange(int(here.sum())) - np.repeat(np.cumsum(here) - here, here))


def row_blocks(count: np.ndarray, size: int) -> Iterator[tuple[int, int]]:
    """Consecutive rows with about ``size`` members together, at least one row."""
    ends, first = np.cumsum(count), 0
    while first < len(count):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + size, side="right")))
        yield first, last
        first = last


def joined(parts: Iterator[Part]) -> Part:
    """Parts of consecutive rows as one."""
    every = list(parts)
    if not every:
        return Part(0, np.zeros(0, int), np.zeros(0, int))
    first, end = min(p.first for p in every), max(p.first + len(p.count) for p in every)
    count = np.zeros(end - first, np.int64)
    for p in every:
        count[p.first - first:p.first - first + len(p.count)] += p.count
    return Part(first, count, np.concatenate([p.inner for p in every]))
