"""The resolved model: everything that happens in a time step, as tasks with a place in the schedule. Immutable."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol


@dataclass(frozen=True, kw_only=True)
class Task:
    """One scheduled thing: its slot, its order there, then the age of its object decide when it runs (R1)."""

    name: str
    clock: str
    when: str
    order: int = 0

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Its pieces of code, in the order in which they run."""
        return tuple(self.code.values())

    @cached_property
    def code(self) -> Mapping[str, Block]:
        """The same by the names of the fields that they are in."""
        found: dict[str, Block | None] = {}
        match self:
            case Elementwise():
                found = {"before": self.before, "block": self.block}
            case Transmission():
                found = {"once": self.once, "block": self.block}
            case Threshold() | OnEvents() | Summed() | RecordState() | RecordEvents():
                found = {"block": self.block}
        return {name: block for name, block in found.items() if block is not None}

    @cached_property
    def assigns(self) -> frozenset[str]:
        """Arrays that it assigns to; what it records is nobody's variable."""
        match self:
            case RecordState() | RecordEvents():
                return frozenset()
            case Summed():
                own = {self.target.program}
            case Threshold():
                own = {self.not_refractory, self.last_spike}
            case _:
                own = set()
        return frozenset().union(own, *(b.assigns for b in self.blocks))

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Arrays that its code mentions."""
        return frozenset(s.program for b in self.blocks for s in b.symbols.values() if s.kind == "array")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A part of a space: the parameters ``first`` and ``last`` say which."""

    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Elementwise(Task):
    """A block for every element of a space, or of a part of it: state updates, `run_regularly`, Poisson input."""

    space: str
    block: Block
    bounds: Bounds | None = None
    role: Literal["update", "operation"] = "operation"
    guarded: bool = False      #: writes to (unless refractory) variables are dropped while refractory (R9)
    before: Block | None = None    #: statements that set shared variables, once, before the others


@dataclass(frozen=True, kw_only=True)
class Threshold(Task):
    """Elements where the block's last statement (``_condition``) holds become events."""

    space: str
    block: Block
    queue: str
    not_refractory: str = ""
    last_spike: str = ""


@dataclass(frozen=True, kw_only=True)
class OnEvents(Task):
    """A block for the elements that had an event in this step: resets, `run_on_event`."""

    queue: str
    block: Block
    role: Literal["reset", "operation"] = "operation"


@dataclass(frozen=True, kw_only=True)
class DrawnValue:
    """A value of synapses that nobody stores: the block's last statement, its random numbers by the parameter
    ``key``."""

    program: str
    dtype: str
    key: str
    block: Block


@dataclass(frozen=True, kw_only=True)
class DrawnRows:
    """Synapses that nobody stores (`ir/random_rows.py`): a parameter and two tables, and the values that the pathway
    reads."""

    key: str
    gaps: str
    guide: str
    columns: Bounds            #: the neurons on the other side
    start: str                 #: index array of the neurons on this side, which is not there
    end: str                   #: and of those on the other side
    hollow: bool
    values: tuple[DrawnValue, ...]


@dataclass(frozen=True, kw_only=True)
class Transmission(Task):
    """Events of a source reach synapses after a delay and run a block there.

    ``scattered`` delays are one whole number of steps per synapse (array ``delay``); otherwise one parameter ``delay``.
    ``once`` runs for the neuron of an event: before the block runs at its synapses, or where delays are scattered, when
    the event leaves.
    """

    queue: str                 #: events of the source
    source: Bounds             #: which of them reach this object
    fired: str                 #: queue of those, counted from 0
    due: str                   #: queue of neurons (one delay) or synapses (scattered), one slot per step
    starts: str                #: row starts, by neuron
    ids: str                   #: synapse numbers in row order; empty when the rows lie in place
    delay: str
    scattered: bool
    end: str                   #: index array of the neurons that the rows belong to (``synapses.pre``)
    block: Block
    #: that many statements at the start bring event-driven variables up to date; the last one notes the time
    driven: int = 0
    once: Block | None = None
    drawn: DrawnRows | None = None


@dataclass(frozen=True, kw_only=True)
class Summed(Task):
    """A variable of the target becomes the sum of the block's last statement (``_value``) over its synapses."""

    space: str                 #: of the synapses
    target: Symbol
    target_space: str
    bounds: Bounds | None
    block: Block


@dataclass(frozen=True, kw_only=True)
class GivenEvents(Task):
    """Events read from a list: rows of indices, one row per step that has any."""

    queue: str
    indices: str
    starts: str
    steps: str
    cursor: str
    period: str                #: parameter, in steps; 0 without a period


@dataclass(frozen=True, kw_only=True)
class RecordState(Task):
    """Values of chosen elements, one row per tick. ``variables`` are (queue, symbol name in the block)."""

    space: str                 #: of the record
    block: Block
    variables: tuple[tuple[str, str], ...]
    time: str


@dataclass(frozen=True, kw_only=True)
class RecordEvents(Task):
    """Index, time and chosen variables at each event of a part of the source."""

    queue: str
    source: Bounds
    index: str                 #: queue, empty when neither index nor time is kept
    time: str
    count: str                 #: array over the source
    block: Block
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class RecordRate(Task):
    """Events in the step over (number of neurons times dt)."""

    queue: str
    source: Bounds
    counter: str
    rate: str
    time: str


@dataclass(frozen=True, kw_only=True)
class HostCall(Task):
    """A Python function."""
