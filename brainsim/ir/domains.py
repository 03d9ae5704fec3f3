"""What a kernel runs over. A new domain is a row here and a loop form in each target (``ir/evaluate.py`` has the
interpreter's); everything else asks the row."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from functools import cache
from typing import ClassVar, TypeVar

import numpy as np

from brainsim.ir.expressions import Expr, Load
from brainsim.ir.statements import Append, Clear, Statement, Store
from brainsim.ir.trees import own_element

Kind = TypeVar("Kind", bound="Domain")
SPACE = {"names": "space"}
QUEUE = {"names": "queue"}
ROWS = {"names": "array", "dtypes": ("i4", "i8")}
GAPS = {"names": "array", "dtypes": ("f8",)}
GUIDE = {"names": "array", "dtypes": ("i4",)}
#: what a field of a domain names, and the dtypes that an array there may have


@dataclass(frozen=True, slots=True)
class Domain:
    """The elements a kernel's body runs for, in order.

    Each domain says of itself which locals it ``provides`` (none: there is no loop), whether ``i`` runs over a
    ``stretch`` of a space, one by one and each element once, whether the elements come in ``rounds``, one after the
    other, of which those of one round do not depend on each other, and how it is written (``words``, and more of them
    where an ``option`` is not empty).
    """

    provides: ClassVar[tuple[str, ...]] = ()
    stretch: ClassVar[bool] = False
    rounds: ClassVar[bool] = False
    words: ClassVar[str] = ""
    options: ClassVar[Mapping[str, str]] = {}

    def named(self, what: str) -> tuple[str, ...]:
        """The spaces, queues or arrays ('space', 'queue', 'array') that the loop itself uses."""
        return tuple(name for f, name in self.marked() if f.metadata["names"] == what)

    def marked(self) -> Iterator[tuple[Field, str]]:
        """The fields that name something, with the name."""
        yield from ((f, name) for f in _marked(type(self)) if (name := getattr(self, f.name)))

    def refuses(self, nodes: Iterable[Expr | Statement]) -> Iterator[str]:
        """What a body of these nodes does and may not in this loop."""
        yield from ()

    def refuses_values(self, nodes: Iterable[Expr | Statement], arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
        """What in the values of arrays makes the loop of a body of these nodes mean nothing."""
        yield from ()

    def renamed(self: Kind, of: Callable[[str], str]) -> Kind:
        """The same loop over what has other names."""
        return replace(self, **{f.name: of(name) for f, name in self.marked()})

    @property
    def title(self) -> str:
        """What it is called."""
        return self.words.partition("{")[0].strip()

    def text(self, expression: Callable[[Expr], str]) -> str:
        """The domain in words; ``expression`` writes what it computes."""
        shown = {f.name: expression(x) if isinstance(x := getattr(self, f.name), Expr) else x for f in fields(self)}
        return "".join([self.words, *(more for name, more in self.options.items() if shown[name])]).format(**shown)


@cache
def _marked(kind: type[Domain]) -> tuple[Field, ...]:
    return tuple(f for f in fields(kind) if "names" in f.metadata)


@dataclass(frozen=True, slots=True)
class Once(Domain):
    """One execution, no element."""

    words: ClassVar[str] = "once"


@dataclass(frozen=True, slots=True)
class Each(Domain):
    """``i`` runs over a space."""

    space: str = field(metadata=SPACE)

    provides: ClassVar[tuple[str, ...]] = ("i",)
    stretch: ClassVar[bool] = True
    words: ClassVar[str] = "each {space}"


@dataclass(frozen=True, slots=True)
class Range(Domain):
    """``i`` runs from ``first`` up to, not including, ``last``."""

    first: Expr
    last: Expr

    provides: ClassVar[tuple[str, ...]] = ("i",)
    stretch: ClassVar[bool] = True
    words: ClassVar[str] = "range {first} to {last}"


@dataclass(frozen=True, slots=True)
class Levels(Domain):
    """``i`` runs over the elements of trees, a level after the other: from ``starts[l]`` up to ``starts[l + 1]`` for
    all l, outwards from the roots, or where ``backward`` inwards from the tips, the last level first.

    An element knows its parent, which lies in an earlier level, through an index array. Outwards it writes to its own
    place and reads what its parent has become; inwards it also adds to what its parent, which comes later, will read.
    """

    starts: str = field(metadata=ROWS)
    backward: bool = False

    provides: ClassVar[tuple[str, ...]] = ("i",)
    rounds: ClassVar[bool] = True
    words: ClassVar[str] = "levels {starts}"
    options: ClassVar[Mapping[str, str]] = {"backward": ", inwards"}

    def refuses(self, nodes: Iterable[Expr | Statement]) -> Iterator[str]:
        """What one element of a level might see of another, or leave to it."""
        nodes = tuple(nodes)
        written = {n.array for n in nodes if isinstance(n, Store)}
        if any(isinstance(n, (Append, Clear)) for n in nodes):
            yield "a level changes a queue"
        for n in nodes:
            if not isinstance(n, (Load, Store)) or n.array not in written or own_element(n.index):
                continue
            if not (isinstance(n.index, Load) and own_element(n.index.index) and n.index.array not in written):
                yield f"an element of a level reaches {n.array} at a place that is neither its own nor its parent's"
            elif isinstance(n, Store) and not (self.backward and n.op in ("+=", "-=")):
                yield f"an element of a level does not add to {n.array} of its parent, inwards, but writes there"
            elif isinstance(n, Load) and self.backward:
                yield f"an element of a level reads {n.array} of its parent, which comes later"

    def refuses_values(self, nodes: Iterable[Expr | Statement], arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Elements whose parent does not lie in an earlier level; a root may be its own parent."""
        nodes = tuple(nodes)
        written = {n.array for n in nodes if isinstance(n, Store)}
        starts = np.asarray(arrays[self.starts])
        element = np.arange(starts[0], starts[-1])
        first = starts[np.searchsorted(starts, element, side="right") - 1]
        for name in dict.fromkeys(n.index.array for n in nodes if isinstance(n, (Load, Store)) and n.array in written
                                  and isinstance(n.index, Load)):
            parent = np.asarray(arrays[name])[element]
            for i in element[(parent >= first) & (parent != element)][:1]:
                yield f"element {i} comes no later than its parent, {name}[{i}] = {arrays[name][i]}, in the levels"


@dataclass(frozen=True, slots=True)
class Events(Domain):
    """``i`` runs over the values in one slot of a queue."""

    queue: str = field(metadata=QUEUE)
    slot: Expr

    provides: ClassVar[tuple[str, ...]] = ("i",)
    words: ClassVar[str] = "events {queue}[{slot}]"


@dataclass(frozen=True, slots=True)
class FanOut(Domain):
    """For each value ``j`` in a slot of a queue, ``i`` runs over row ``j``: positions ``starts[j]`` to ``starts[j +
    1]``, through ``ids`` when the rows are not stored in place."""

    queue: str = field(metadata=QUEUE)
    slot: Expr
    starts: str = field(metadata=ROWS)
    ids: str = field(default="", metadata=ROWS)

    provides: ClassVar[tuple[str, ...]] = ("i", "j")
    words: ClassVar[str] = "fan-out {queue}[{slot}] by {starts}"
    options: ClassVar[Mapping[str, str]] = {"ids": " through {ids}"}


@dataclass(frozen=True, slots=True)
class RandomRows(Domain):
    """For each value ``j`` in a slot of a queue, row ``j`` of a random matrix with so many ``columns``
    (`ir/random_rows.py`): ``column`` runs over its members, ``number`` counts them. ``gaps`` is the table of gaps,
    ``guide`` that into it. ``hollow``: without column ``j``."""

    queue: str = field(metadata=QUEUE)
    slot: Expr
    key: Expr
    columns: Expr
    gaps: str = field(metadata=GAPS)
    guide: str = field(metadata=GUIDE)
    hollow: bool = False

    provides: ClassVar[tuple[str, ...]] = ("j", "column", "number")
    words: ClassVar[str] = "random rows {queue}[{slot}] of {columns} by {gaps}, {key}"
    options: ClassVar[Mapping[str, str]] = {"hollow": ", hollow"}


@dataclass(frozen=True, slots=True)
class Host(Domain):
    """A return to Python: the object of the kernel's name is called."""

    words: ClassVar[str] = "python"
