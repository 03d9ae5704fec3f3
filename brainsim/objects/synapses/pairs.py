"""Which neurons synapses join, behind one protocol; and the form that keeps it in memory.

`StoredPairs` has a place for every synapse, `ProceduralPairs` (`procedural.py`) draws the synapses of a neuron again
whenever an event needs them.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from brainsim.ir.program import Array
from brainsim.ir.random import draw_many
from brainsim.language.trees import Assign
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import DrawnRows, Task
from brainsim.naming import end_index
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.synapses.rows import Rows, in_order, rows_of

Index = Rows | np.ndarray
"""The neuron of every synapse; rows say it where synapses are stored by neuron, and take less memory."""
Draws = Callable[[str], np.ndarray]
"""Random numbers by their law, 'uniform' or 'normal': each call gives others."""


class Joining(Protocol):
    """The synapses, as far as their pairs need to know them."""

    name: str
    source: Group
    target: Group
    variables: dict[str, Variable]

    @property
    def clock(self) -> BaseClock:
        """When they are due."""
        ...

    def resolver(self, run: RunNamespace) -> Resolver:
        """A collector of symbols for one piece of code."""
        ...

    def stored_arrays(self) -> Callable[[str], np.ndarray]:
        """Arrays by program name."""
        ...

    def elements_at(self, index: np.ndarray | None) -> Elements:
        """Synapses for strings evaluated at once."""
        ...

    def refuse_write(self, v: Variable) -> None:
        """`WrongType` for a variable that cannot be set."""
        ...


class Pairs(Protocol):
    """The pairs of neurons that synapses join: indices in the whole groups, in the order of synapses."""

    is_stored: bool        #: whether each synapse has a place in memory, and may have values of its own there
    by_law: bool           #: whether a random law made them: values assigned by strings are those of the law too

    def count(self) -> int:
        """How many synapses there are."""
        ...

    def index(self, side: str) -> Index:
        """The neuron of every synapse at its source ('pre') or its target ('post')."""
        ...

    def rows(self, side: str, first: int, count: int) -> Rows | None:
        """The synapses of the neurons ``first`` to ``first + count`` of a side; None where these are not in memory."""
        ...

    def values(self, v: Variable, s: Joining) -> np.ndarray | None:
        """A variable for every synapse, where it follows from the pair and is kept nowhere else."""
        ...

    def declared(self, s: Joining) -> Declared:
        """What a program needs of the pairs."""
        ...

    def drawn(self, block: Block, s: Joining) -> DrawnRows | None:
        """What a pathway that runs the block needs to know of synapses that it has to draw."""
        ...

    def check_code(self, statements: list[Assign], symbols: Mapping[str, Symbol], s: Joining) -> None:
        """Refuse code of a pathway that needs more of a synapse than there is."""
        ...

    def check_tasks(self, tasks: Sequence[Task], mine: Sequence[str], s: Joining) -> None:
        """Refuse tasks that do, besides the pathways ``mine``."""
        ...

    def new_delays(self, s: Joining) -> np.ndarray:
        """Room for a delay for every synapse; `WrongType` where there is none."""
        ...

    def more(self, pre: Index, post: np.ndarray, by_law: bool, s: Joining) -> "Pairs":
        """These and further ones, by their indices in source and target, which become the pairs' own; `WrongValue`
        where no more can be made."""
        ...

    def same(self, other: "Pairs") -> bool:
        """Whether others join the same neurons in the same order, and have the same values where pairs have some."""
        ...

    def assign(self, v: Variable, item: object, value: object, run: RunNamespace, check: bool, s: Joining) -> bool:
        """Make a variable a number or a formula for all synapses; False where every synapse has a place for its
        value."""
        ...

    def new_draws(self) -> Callable[[np.ndarray], Draws] | None:
        """Where a string that is assigned has its random numbers from, for synapses by their number; None for the
        generator of all strings."""
        ...

    def said(self, s: Joining) -> list[tuple[str, str]] | None:
        """Each variable and the formula of its values; None where values are stored."""
        ...

    def about(self) -> str:
        """How many there are, in words."""
        ...

    def reach(self, side: str) -> int:
        """How many neurons the whole group at a side has at least."""
        ...

    def copied(self) -> "Pairs":
        """The same, whatever happens to these."""
        ...


class StoredPairs:
    """Pairs in memory: four bytes for the target of each synapse, and rows of the sources where these ascend."""

    is_stored = True

    def __init__(self, pre: Index, post: np.ndarray, by_law: bool = False):
        self._pre, self._post = pre, post
        self.by_law = by_law     #: whether a random law made them: values assigned by strings are those of the law too

    def count(self) -> int:
        """How many synapses there are."""
        return len(self._post)

    def index(self, side: str) -> Index:
        """The neuron of every synapse at a side."""
        return self._pre if side == "pre" else self._post

    def rows(self, side: str, first: int, count: int) -> Rows:
        """The synapses of each of these neurons; those of the sources are kept."""
        if side == "post":
            return rows_of(self._post, first, count)
        if not isinstance(self._pre, Rows):
            self._pre = rows_of(self._pre, first, count)
        return self._pre.over(count)

    def more(self, pre: Index, post: np.ndarray, by_law: bool, s: Joining) -> "StoredPairs":
        """These and further ones; ``pre`` and ``post`` become the pairs' own."""
        first, before = s.source.first_element, self.count()
        pre, post = shifted(pre, first), flat(shifted(post, s.target.first_element))
        if not before and isinstance(pre, Rows):
            return StoredPairs(pre, post, by_law)
        index: Index = np.concatenate([flat(self._pre), flat(pre)]) if before else flat(pre)
        if not before or in_order(flat(index)):     # now, while the variables of synapses take no memory yet
            index = rows_of(flat(index), first, len(s.source))
        return StoredPairs(index, np.concatenate([self._post, post]) if before else post, by_law and not before)

    def same(self, other: "Pairs") -> bool:
        """Whether others join the same neurons in the same order."""
        return other.is_stored and all(np.array_equal(flat(self.index(side)), flat(other.index(side)))
                                       for side in ("pre", "post"))

    def assign(self, v: Variable, item: object, value: object, run: RunNamespace, check: bool, s: Joining) -> bool:
        """Never: values are where the variables have them."""
        return False

    def new_draws(self) -> Callable[[np.ndarray], Draws] | None:
        """Numbers by the places of synapses in the rows of their sources, as if they were not stored."""
        if not self.by_law:
            return None
        key, pre = new_key(), self._pre
        assert isinstance(pre, Rows)

        def draws(chosen: np.ndarray) -> Draws:
            row = pre[chosen] - pre.first
            return keyed_draws(key, row, chosen - pre.starts[row])

        return draws

    def said(self, s: Joining) -> None:
        """Nothing: values are stored."""

    def values(self, v: Variable, s: Joining) -> None:
        """Nothing: values are where the variables have them."""

    def declared(self, s: Joining) -> Declared:
        """The index of the target."""
        name = end_index(s.name, "post")
        return Declared({name: (Array(name, "i4", s.name, s.target.own_space, "index"), self._post)})

    def drawn(self, block: Block, s: Joining) -> None:
        """Nothing has to be drawn."""

    def check_code(self, statements: list[Assign], symbols: Mapping[str, Symbol], s: Joining) -> None:
        """Everything is there."""

    def check_tasks(self, tasks: Sequence[Task], mine: Sequence[str], s: Joining) -> None:
        """Everything is there."""

    def new_delays(self, s: Joining) -> np.ndarray:
        """No delays."""
        return np.zeros(self.count())

    def about(self) -> str:
        """How many there are, in words."""
        return f"{self.count()} synapses"

    def reach(self, side: str) -> int:
        """One more than the last neuron that has a synapse."""
        index = self.index(side)
        if isinstance(index, Rows):
            return index.first + int(np.searchsorted(index.starts, len(index)))
        return int(index.max(initial=-1)) + 1

    def copied(self) -> "StoredPairs":
        """The same, whatever happens to these."""
        return StoredPairs(self._pre, self._post.copy(), self.by_law)


def no_pairs() -> StoredPairs:
    """No synapses."""
    return StoredPairs(np.zeros(0, np.int32), np.zeros(0, np.int32))


def shifted(index: Index, first: int) -> Index:
    """The index in the whole group, from that in a part that begins at ``first``; an array is changed in place."""
    if isinstance(index, Rows):
        return replace(index, first=index.first + first)
    index += first
    return index


def flat(index: Index) -> np.ndarray:
    """The index as an array, shape (synapses,), int32."""
    return index.index() if isinstance(index, Rows) else index


def counts(index: Index, size: int) -> np.ndarray:
    """Synapses of each of ``size`` neurons of the whole group, int32."""
    return index.counts(size) if isinstance(index, Rows) else np.bincount(index, minlength=size).astype(np.int32)


def in_rows(index: Index) -> bool:
    """Whether synapses are stored in the order of these neurons, so that rows alone say which they are."""
    return isinstance(index, Rows) and index.ids is None or not len(index)


# -- values of a random law --------------------------------------------------------------------------------------------
def new_key() -> int:
    """A key for a random law, from the generator that `seed` sets."""
    return int(random_state.host.integers(2**63))


def keyed_draws(key: int, row: np.ndarray, number: np.ndarray) -> Draws:
    """A source of random numbers for the members of rows: each call gives those of the next stream."""
    streams = itertools.count()
    return lambda law: draw_many(law, key, next(streams), row, number)
