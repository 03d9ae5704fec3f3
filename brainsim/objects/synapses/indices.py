"""Which synapses an index means: neurons of both sides, and the number among the synapses of a pair."""
from __future__ import annotations

from typing import Protocol

import numpy as np

from brainsim.errors import WrongIndex, WrongValue
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Choice, Holder, Variable, element_indices


class Growing(Protocol):
    """Synapses, as far as a choice of them needs to know them."""

    name: str
    connect_calls: int     #: how often there have been new ones


class Indexed(Protocol):
    """Synapses, as far as an index needs to know them."""

    name: str
    source: Group
    target: Group
    variables: dict[str, Variable]
    multisynaptic_index: str | None

    @property
    def pre_index(self) -> np.ndarray:
        """The neuron of the source's whole group of every synapse."""
        ...

    @property
    def post_index(self) -> np.ndarray:
        """The neuron of the target's whole group of every synapse."""
        ...


class SynapticIndices(Choice):
    """Chosen synapses, for ``record=``."""

    def __init__(self, synapses: Growing, indices: np.ndarray):
        self.synapses, self.indices, self._version = synapses, indices, synapses.connect_calls

    def indices_for(self, group: Holder) -> np.ndarray:
        """The numbers of these synapses."""
        if group is not self.synapses:
            raise WrongValue(f"These are synapses of {self.synapses.name}, not of {group.name}")
        if self._version != self.synapses.connect_calls:
            raise WrongIndex("The synapses have changed since they were chosen", help="choose them again after connect")
        return self.indices

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"<{len(self.indices)} synapses of {self.synapses.name}: {np.array2string(self.indices, threshold=6)}>"


def synapses_between(s: Indexed, item: tuple[object, ...]) -> np.ndarray:
    """The numbers of the synapses that ``[i, j]`` or ``[i, j, k]`` means."""
    if len(item) > 3 or len(item) == 3 and not s.multisynaptic_index:
        raise WrongIndex(
            f"{s.name} takes the indices [i, j]" + (", or [i, j, k]" if s.multisynaptic_index else ""),
            found=f"{len(item)} indices", help="a third index needs multisynaptic_index='k'")
    pre, post = s.pre_index, s.post_index
    chosen = np.ones(len(post), bool)
    for part, index, group in zip(item, (pre, post), (s.source, s.target)):
        chosen &= np.isin(index - group.first_element, _neurons(part, group))
    if len(item) == 3 and s.multisynaptic_index:
        k = s.variables[s.multisynaptic_index].values
        assert k is not None
        chosen &= np.isin(k, element_indices(item[2], int(k.max(initial=0)) + 1, f"{s.name} [k]"))
    return np.flatnonzero(chosen)


def occurrences(pre: np.ndarray, post: np.ndarray) -> np.ndarray:
    """How many earlier synapses join the same pair, int32, shape (synapses,)."""
    pair = pre.astype(np.int64) * (int(post.max(initial=0)) + 1) + post
    order = np.argsort(pair, kind="stable")
    fresh = np.r_[True, np.diff(pair[order]) != 0] if len(pair) else np.zeros(0, bool)
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(pair)), 0))
    earlier = np.zeros(len(pair), np.int32)
    earlier[order] = np.arange(len(pair)) - start
    return earlier


def _neurons(part: object, group: Group) -> np.ndarray:
    if isinstance(part, Choice):
        return part.indices_for(group.parent) - group.first_element
    return element_indices(part, len(group), group.name)
