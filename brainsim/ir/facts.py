"""What a kernel does, found out in one walk over it: `Kernel.facts` keeps the answer beside the kernel."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from brainsim.ir.domains import Domain
from brainsim.ir.expressions import Draw, Expr, Foreign, Load, Scalar
from brainsim.ir.statements import Append, Clear, Let, Statement, Store
from brainsim.ir.trees import children, own_element, own_place, walk

Place = tuple[tuple[Expr, ...], tuple[str, ...]]
"""Of one array: the indices it is reached by, and the operators it is stored with."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a kernel does, its loop included."""

    nodes: tuple[Expr | Statement, ...]   #: all of it, the loop's first, then prologue and body
    loads: frozenset[str]                 #: arrays that expressions read
    stores: frozenset[str]                #: arrays that statements write
    reads: frozenset[str]                 #: arrays and queues whose values are used
    writes: frozenset[str]                #: arrays and queues that are changed
    arrays: frozenset[str]                #: arrays that are read or written
    queues: frozenset[str]                #: queues that are read, appended to or cleared
    clears: frozenset[str]                #: queues of which a slot is emptied
    appends: Mapping[str, int]            #: to each queue, how many values one element can add
    scalars: tuple[Scalar, ...]           #: in the order of their first use
    streams: frozenset[int]               #: of the random numbers
    functions: frozenset[str]             #: of the user's
    own_element: bool  #: every written array is reached at the running element's own place only
    order_free: bool   #: statement by statement over all elements (of a round) is the same as element by element

    @property
    def draws(self) -> bool:
        """Whether random numbers are used."""
        return bool(self.streams)


def facts_of(domain: Domain, prologue: tuple[Let, ...], body: tuple[Statement, ...]) -> Facts:
    """The facts of a kernel of these parts."""
    nodes = tuple(n for part in (*children(domain), *prologue, *body) for n in walk(part))
    kinds: dict[type, list] = {}
    for n in nodes:
        kinds.setdefault(type(n), []).append(n)
    loads, stores = kinds.get(Load, []), kinds.get(Store, [])
    appends, clears = kinds.get(Append, []), kinds.get(Clear, [])
    read, written = frozenset([n.array for n in loads]), frozenset([s.array for s in stores])
    added = read | {s.array for s in stores if s.op != "="}
    tables, queues = frozenset(domain.named("array")), frozenset(domain.named("queue"))
    changed = frozenset([n.queue for n in (*appends, *clears)])
    places = _places(loads, stores)
    return Facts(
        nodes, read, written, added | tables | queues, written | changed, read | written | tables, queues | changed,
        frozenset([n.queue for n in clears]), _counted(appends),
        tuple(dict.fromkeys([n for n in nodes if isinstance(n, Scalar)])),
        frozenset([n.stream for n in kinds.get(Draw, [])]), frozenset([n.function for n in kinds.get(Foreign, [])]),
        all(_at_own_place(places[array]) for array in written),
        domain.rounds or all(
            _at_own_place(places[array]) or _in_any_order(places[array], array in read) for array in written))


def _counted(appends: Iterable[Append]) -> dict[str, int]:
    count: dict[str, int] = {}
    for n in appends:
        count[n.queue] = count.get(n.queue, 0) + 1
    return count


def _places(loads: Iterable[Load], stores: Iterable[Store]) -> dict[str, Place]:
    """The written arrays, and how each of them is reached."""
    found: dict[str, tuple[list[Expr], list[str]]] = {}
    for s in stores:
        indices, operators = found.setdefault(s.array, ([], []))
        indices.append(s.index)
        operators.append(s.op)
    for n in loads:
        if n.array in found:
            found[n.array][0].append(n.index)
    return {array: (tuple(indices), tuple(operators)) for array, (indices, operators) in found.items()}


def _at_own_place(place: Place) -> bool:
    """Whether an array is reached at one place of the running element only."""
    indices, _ = place
    first = indices[0]
    return own_place(first) and all(x is first or x == first for x in indices)


def _in_any_order(place: Place, loaded: bool) -> bool:
    """Whether an array is only accumulated into (one and the same of ``+= -= *=``) and never read, or only overwritten
    and never read: the last wins."""
    indices, operators = place
    kinds = {"+=" if op == "-=" else op for op in operators}
    return not loaded and len(kinds) == 1 and len(set(map(own_element, indices))) == 1 and not kinds.isdisjoint(
        ("=", "+=", "*="))
