"""The update program: declarations and ordered kernels. Immutable; sizes and values are run-time data."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from brainsim.ir.expressions import Expr

ArrayRole = Literal["values", "index", "starts", "ids", "delays", "list", "count"]
"""What an array is for: values of elements; the neurons that synapses lead to; where rows start; synapses in the order
of rows; delays in steps; tables and lists that nobody changes; counts of what happened."""
QueueRole = Literal["events", "sent", "due", "record"]
"""What a queue is for: a group's events of this step; those of them that leave through a pathway; what is on its way;
what is written down and only grows."""
KernelRole = Literal["update", "threshold", "reset", "given", "send", "arrive", "sum", "record", "operation"]
"""What a kernel does: states move on; events are found, acted on where they are, or read from a list; events leave and
arrive at synapses; synapses are summed over; values are written down; a user's own operation."""


# -- statements --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Statement:
    """One effect."""


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """A local value; a second `Let` of one name replaces the first."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Store(Statement):
    """``array[index] op value`` with op one of ``= += -= *= /= //= %= **=``."""

    array: str
    index: Expr
    op: str
    value: Expr
    dtype: str


@dataclass(frozen=True, slots=True)
class Append(Statement):
    """Add a value at the end of one slot of a queue."""

    queue: str
    slot: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Clear(Statement):
    """Empty one slot of a queue."""

    queue: str
    slot: Expr


@dataclass(frozen=True, slots=True)
class If(Statement):
    """Statements for the elements where the condition holds."""

    condition: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class While(Statement):
    """Statements repeated, for each element by itself, as long as the condition holds.

    What one round leaves to the next are locals set before the loop; the program sees to it that the condition ends.
    """

    condition: Expr
    body: tuple[Statement, ...]


# -- domains: what a kernel runs over ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Domain:
    """The elements a kernel's body runs for, in order."""


@dataclass(frozen=True, slots=True)
class Once(Domain):
    """One execution, no element."""


@dataclass(frozen=True, slots=True)
class Each(Domain):
    """``i`` runs over a space."""

    space: str


@dataclass(frozen=True, slots=True)
class Range(Domain):
    """``i`` runs from ``first`` up to, not including, ``last``."""

    first: Expr
    last: Expr


@dataclass(frozen=True, slots=True)
class Events(Domain):
    """``i`` runs over the values in one slot of a queue."""

    queue: str
    slot: Expr


@dataclass(frozen=True, slots=True)
class FanOut(Domain):
    """For each value ``j`` in a slot of a queue, ``i`` runs over row ``j``: positions ``starts[j]`` to ``starts[j +
    1]``, through ``ids`` when the rows are not stored in place."""

    queue: str
    slot: Expr
    starts: str
    ids: str = ""


@dataclass(frozen=True, slots=True)
class RandomRows(Domain):
    """For each value ``j`` in a slot of a queue, row ``j`` of a random matrix with so many ``columns``
    (`ir/random_rows.py`): ``column`` runs over its members, ``number`` counts them. ``gaps`` is the table of gaps,
    ``guide`` that into it. ``hollow``: without column ``j``."""

    queue: str
    slot: Expr
    key: Expr
    columns: Expr
    gaps: str
    guide: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Host(Domain):
    """A return to Python: the object of the kernel's name is called."""


# -- declarations ------------------------------------------------------------------------------------------------------
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
