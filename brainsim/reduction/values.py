"""What the analysis asks about values, and the rule that does not hold when an answer is no."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from brainsim.language.trees import Tree
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol


@dataclass(frozen=True)
class Obstacle:
    """A condition that does not hold: its number and what is in the way."""

    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.number}: {self.text}"


class ValuesNow(Protocol):
    """The values of synapses now, as far as rules depend on them."""

    def equal(self, program: str, side: str) -> bool:
        """Whether a state has one value at all synapses of each neuron of a side."""
        ...

    def resting(self, program: str, block: Block, values: Mapping[str, Tree], key: str) -> bool:
        """Whether ``values[key]``, the new value of a state without events, is its old one at every synapse."""
        ...

    def divided(self, constants: tuple[Symbol, ...]) -> str:
        """Why the synapses of a target cannot be divided by the values of these constants, in words; empty when they
        can."""
        ...

    def waiting(self, program: str, pathway: str) -> str:
        """Why the past of a state at the sources is not known or not worth keeping, in words; empty when it is."""
        ...
