"""The update program: declarations and ordered kernels. Immutable; sizes and values are run-time data."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from brainsim.ir.domains import Domain, Each, Events, FanOut, Host, Levels, Once, RandomRows, Range
from brainsim.ir.expressions import Expr
from brainsim.ir.facts import Facts, facts_of
from brainsim.ir.statements import Append, Clear, If, Let, Statement, Store, While
from brainsim.ir.trees import Change, rebuild

__all__ = ["Append", "Array", "Clear", "Domain", "Each", "Events", "FanOut", "Flight", "Host", "If", "Kernel", "Let",
           "Levels", "Native", "Once", "Program", "Queue", "RandomRows", "Range", "Section", "Statement", "Store",
           "Sum", "While"]

ArrayRole = Literal["values", "index", "starts", "ids", "delays", "list", "count"]
"""What an array is for: values of elements; the neurons that synapses lead to; where rows start; synapses in the order
of rows; delays in steps; tables and lists that nobody changes; counts of what happened."""
QueueRole = Literal["events", "sent", "due", "record"]
"""What a queue is for: a group's events of this step; those of them that leave through a pathway; what is on its way;
what is written down and only grows."""
KernelRole = Literal["update", "threshold", "reset", "given", "send", "arrive", "sum", "record", "operation"]
"""What a kernel does: states move on; events are found, acted on where they are, or read from a list; events leave and
arrive at synapses; synapses are summed over; values are written down; a user's own operation."""


@dataclass(frozen=True, slots=True)
class Array:
    """Values over a space; ``into`` names the space that an index array points into."""

    name: str
    dtype: str
    space: str
    into: str = ""
    role: ArrayRole = "values"


@dataclass(frozen=True, slots=True)
class Queue:
    """Slots that values are appended to; a record is a queue with one slot that nobody clears.

    ``crowded``: so many events meet at each target that adding them up beforehand pays (`passes/deliver.py`).
    """

    name: str
    dtype: str
    into: str = ""
    crowded: bool = False
    role: QueueRole = "events"


@dataclass(frozen=True, slots=True)
class Sum:
    """What arrives at each element at each step to come, added up: ``array`` has a row for each slot. An event at
    synapse i adds ``value`` to place ``index[i]`` (``sign`` 1) or takes it away (-1)."""

    array: str
    index: str
    value: Expr
    sign: int


@dataclass(frozen=True, slots=True)
class Flight:
    """Events on their way that a program has added up, instead of a queue of synapses, while it runs.

    ``due`` is the queue of synapses, one slot per step; ``recent`` has the rows that fired in the last steps; their
    synapses are those of ``starts`` (through ``ids``), which arrive ``steps`` later. Before a run, the ``sums`` are
    made from ``due``; after it, what ``recent`` tells of the future goes back into ``due`` (`ir/flights.py`).
    """

    due: str
    recent: str
    clock: str
    starts: str
    ids: str
    steps: str
    sums: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Code in C or C++: definitions of the preprocessor, and functions."""

    definitions: str
    functions: str


@dataclass(frozen=True, slots=True)
class Native:
    """The function of a `Foreign`, as code that is compiled into the program.

    ``sections`` hold it and what it depends on, in order; ``arrays`` are (name in the code, array of the program);
    ``compiler`` are (setting, values).
    """

    function: str
    call: str
    language: str
    arguments: tuple[str, ...]
    result: str
    sections: tuple[Section, ...]
    arrays: tuple[tuple[str, str], ...] = ()
    compiler: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Kernel:
    """A loop: ``prologue`` runs once, ``body`` for each element of the domain, at the ticks of ``clock``.

    ``like``: an earlier kernel that is equal but for names, so that a target may write both once.
    """

    name: str
    clock: str
    domain: Domain
    body: tuple[Statement, ...] = ()
    prologue: tuple[Let, ...] = ()
    title: str = ""
    like: str = ""
    role: KernelRole = "operation"

    @cached_property
    def facts(self) -> Facts:
        """What the kernel does; found out once."""
        return facts_of(self.domain, self.prologue, self.body)

    def rebuilt(self, change: Change) -> "Kernel":
        """The kernel with `trees.rebuild` applied to its domain, prologue and body; the same one where nothing
        changes."""
        domain = rebuild(self.domain, change)
        prologue, body = (tuple([rebuild(s, change) for s in part]) for part in (self.prologue, self.body))
        same = domain is self.domain and all(a is b for a, b in zip(prologue + body, self.prologue + self.body))
        return self if same else replace(self, domain=domain, prologue=prologue, body=body)

    def calls_python(self, natives: frozenset[str] = frozenset()) -> bool:
        """Whether the kernel calls a function of the user's other than these, which are compiled."""
        return not self.facts.functions <= natives


@dataclass(frozen=True)
class Program:
    """Everything that happens in a time step, in order. Each clock ``c`` owns the parameters ``c.t``, ``c.dt``,
    ``c.step``.

    The time of step s is ``s * dt``, or, for the clocks that are ``listed``, the s-th of a list of times.
    """

    spaces: tuple[str, ...]
    clocks: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    arrays: tuple[Array, ...]
    queues: tuple[Queue, ...]
    kernels: tuple[Kernel, ...]
    natives: tuple[Native, ...] = ()
    listed: tuple[str, ...] = ()
    flights: tuple[Flight, ...] = ()

    @cached_property
    def declared(self) -> Mapping[str, Array]:
        """The arrays by name."""
        return {a.name: a for a in self.arrays}

    @cached_property
    def written(self) -> frozenset[str]:
        """Arrays and queues that some kernel changes."""
        return frozenset().union(*(k.facts.writes for k in self.kernels))

    @cached_property
    def constant(self) -> frozenset[str]:
        """Arrays that no kernel changes."""
        return frozenset(self.declared) - self.written

    @cached_property
    def records(self) -> frozenset[str]:
        """Queues that only grow."""
        read = frozenset().union(*(k.facts.clears.union(k.domain.named("queue")) for k in self.kernels))
        return frozenset(q.name for q in self.queues) - read

    @cached_property
    def users(self) -> Mapping[str, tuple[int, ...]]:
        """Of each queue, the numbers of the kernels that read it, append to it or clear it."""
        found: dict[str, list[int]] = {}
        for n, k in enumerate(self.kernels):
            for queue in k.facts.queues:
                found.setdefault(queue, []).append(n)
        return {queue: tuple(numbers) for queue, numbers in found.items()}

    @cached_property
    def compiled(self) -> frozenset[str]:
        """The functions of the user's that are compiled into the program."""
        return frozenset(n.function for n in self.natives)
