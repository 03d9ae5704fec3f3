"""Rows of a random matrix that nobody stores: drawn again, the same, whenever they are asked for.

Columns follow each other at geometric gaps, so a row costs as much as it has members (as in Knight & Nowotny 2021,
whose procedural connectivity this is). The gap comes from a uniform number by inversion: how many entries of a table of
the geometric distribution do not exceed it. Comparisons do not round, so the rows are the same on every target. A
number beyond the table passes over as many columns as the table has entries, without a member, and the next number
decides: the distribution has no memory.
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brainsim.ir.random import draw, uniforms

LONGEST = 1 << 16    #: entries of a table
GUIDE = 1024         #: entries of the guide into it
BEYOND = 2.0         #: the last entry, larger than any uniform number


def gap_table(p: float) -> np.ndarray:
    """Probability that a gap is at most 1, 2, ... columns, for members with probability p, 0 < p <= 1; then
    `BEYOND`."""
    if p >= 1:
        return np.array([1.0, BEYOND])
    count = int(min(np.ceil(36.05 / p), LONGEST))
    return np.append(-np.expm1(np.arange(1, count + 1) * np.log1p(-p)), BEYOND)


def guide_of(gaps: np.ndarray) -> np.ndarray:
    """Where to begin to look in a table: how many of its entries do not exceed k / `GUIDE`, int32."""
    return np.searchsorted(gaps, np.arange(GUIDE) / GUIDE, side="right").astype(np.int32)


def row(key: int, j: int, columns: int, gaps: np.ndarray, hollow: bool) -> Iterator[int]:
    """The columns of row ``j``, ascending; without column ``j`` if ``hollow``."""
    at, number = -1, 0
    while True:
        passed = int(np.searchsorted(gaps, draw("uniform", key, 0, j, number), side="right"))
        number += 1
        beyond = gaps[passed] == BEYOND
        at += passed if beyond else passed + 1
        if at >= columns:
            return
        if not beyond and not (hollow and at == j):
            yield at


def rows(key: int, wanted: np.ndarray, columns: int, gaps: np.ndarray, hollow: bool) -> tuple[np.ndarray, np.ndarray]:
    """How many members each wanted row has, and their columns, row after row: `row` for many."""
    wanted = np.asarray(wanted, np.int64)
    at, waiting, first = np.full(len(wanted), -1), np.arange(len(wanted)), 0
    expected = columns * gaps[0] / max(1e-300, gaps[-2])
    blocks = max(1, int(np.ceil((expected + 4 * expected ** 0.5 + 4) / 64)))
    which, found = [], []
    while len(waiting):
        passed = np.searchsorted(gaps, uniforms(key, 0, wanted[waiting], first, blocks), side="right")
        member = passed != len(gaps) - 1
        place = np.cumsum(passed + member, axis=1)
        place += at[waiting][:, None]
        member &= place < columns
        if hollow:
            member &= place != wanted[waiting][:, None]
        which.append(np.repeat(waiting, member.sum(axis=1)))
        found.append(place[member])
        at[waiting] = place[:, -1]
        waiting = waiting[place[:, -1] < columns]
        first, blocks = first + 64 * blocks, 1
    owner, column = np.concatenate(which or [np.zeros(0, int)]), np.concatenate(found or [np.zeros(0, int)])
    if len(which) > 1:
        order = np.argsort(owner, kind="stable")
        owner, column = owner[order], column[order]
    return np.bincount(owner, minlength=len(wanted)), column


def numbered(count: np.ndarray) -> np.ndarray:
    """The number of each member within its row, from the lengths of the rows."""
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
