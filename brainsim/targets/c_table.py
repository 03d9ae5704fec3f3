"""The table of addresses that compiled code works on: where everything of a program is in it, and what the text calls
it."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from brainsim.ir.expressions import Part, Scalar, Size, Slots, Tick
from brainsim.ir.program import Array, Program, Queue
from brainsim.naming import owner_of
from brainsim.targets import native
from brainsim.targets.loops import PACKED, Plan
from brainsim.targets.words import C
from brainsim.targets.writer import identifiers


@dataclass(frozen=True)
class Table:
    """Of a program: the number of each thing among its kind, its declaration, and its word in the text; ``short`` are
    the names that comments give."""

    numbers: Mapping[tuple[str, str], int]
    settled: Mapping[tuple[str, str], int]
    arrays: Mapping[str, Array]
    queues: Mapping[str, Queue]
    listed: frozenset[str]
    words: Mapping[str | Scalar, str]
    short: Mapping[str, str]

    def number(self, kind: str, name: str, kernel: str) -> int:
        """Where the thing of this name is, as this kernel sees it; ``targets`` and ``rows`` are the sizes of the spaces
        that an array points into and lies over."""
        match kind:
            case "settled":
                return self.settled[kernel, name]
            case "kernels":
                return self.numbers[kind, kernel]
            case "targets":
                return self.numbers["sizes", self.arrays[name].into]
            case "rows":
                return self.numbers["sizes", self.arrays[name].space]
        return self.numbers[kind, name]

    def in_order(self, kind: str, names: Iterable[str]) -> list[str]:
        """Those of the names that are of a kind, as the program declares them."""
        return sorted((n for n in names if (kind, n) in self.numbers), key=lambda n: self.numbers[kind, n])

    def queue_type(self, name: str) -> str:
        """What C calls the values in a queue."""
        return C.types[self.queues[name].dtype]


def table(program: Program, plans: tuple[Plan, ...]) -> Table:
    """The table of a program."""
    kinds: dict[str, Iterable[str]] = {
        "arrays": (a.name for a in program.arrays), "queues": (q.name for q in program.queues), "sizes": program.spaces,
        "reals": (n for n, t in program.params if t == "f8"), "wholes": (n for n, t in program.params if t != "f8"),
        "kernels": (k.name for k in program.kernels), "clocks": program.clocks
    }
    settled = [(p.kernel.name, s.name) for p in plans for s in p.settled]
    short = canonical_names(program)
    return Table({(kind, name): n for kind, names in kinds.items() for n, name in enumerate(names)},
                 {place: n for n, place in enumerate(settled)}, {a.name: a for a in program.arrays},
                 {q.name: q for q in program.queues}, frozenset(program.listed), _words(program, short), short)


def canonical_names(program: Program) -> dict[str, str]:
    """Program name → name with the owners numbered, so that equal models give equal text whatever the objects are
    called."""
    owners: dict[str, str] = {}

    def short(name: str) -> str:
        owner = owner_of(name)
        return owners.setdefault(owner, f"o{len(owners)}") + name[len(owner):]

    for k in program.kernels:
        short(k.name)
    every = [k.name for k in program.kernels] + _storage(program)
    return {name: short(name) for name in dict.fromkeys([*_storage(program), *every, *program.spaces, *program.clocks])}


def _storage(program: Program) -> list[str]:
    return [a.name for a in program.arrays] + [q.name for q in program.queues] + [n for n, _ in program.params]


def _words(program: Program, short: Mapping[str, str]) -> dict[str | Scalar, str]:
    stored = _storage(program)
    word = identifiers([short[n] for n in stored])
    words: dict[str | Scalar, str] = {n: word[short[n]] for n in stored}
    words |= {Tick(c, f): f"clock_{k}_{f}" for k, c in enumerate(program.clocks) for f in get_args(Part)}
    words |= {Slots(q.name): f"slots_{k}" for k, q in enumerate(program.queues)}
    words |= {Size(s): f"size_{k}" for k, s in enumerate(program.spaces)}
    return words | native.names(program) | {PACKED: "packed"}


class TableNumbers:
    """Numbers in the table, written into a kernel's text."""

    def __init__(self, of: Table, kernel: str):
        self.of, self.kernel = of, kernel

    def __call__(self, kind: str, name: str = "") -> str:
        """The number as text."""
        return str(self.of.number(kind, name, self.kernel))


class ListedNumbers(TableNumbers):
    """Numbers that a text for several kernels finds in a list of each."""

    def __init__(self, of: Table, kernel: str):
        super().__init__(of, kernel)
        self.asked: dict[tuple[str, str], int] = {}

    def __call__(self, kind: str, name: str = "") -> str:
        """The place of the list where the number is."""
        return f"at[{self.asked.setdefault((kind, name), len(self.asked))}]"

    def list_of(self, kernel: str, names: Mapping[str, str]) -> list[int]:
        """The list of a kernel, which has other ``names`` where the text's own has these."""
        return [self.of.number(kind, names.get(name, name), kernel) for kind, name in self.asked]
