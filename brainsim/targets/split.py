"""How the work of a kernel is divided among threads, so that every number is the same for any number of them.

A thread owns elements, and nobody else writes to what it owns; everything is added to one place in the order of one
thread.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from brainsim.ir.expressions import Call, Draw, Expr, Load, Local, Op, Param, Size
from brainsim.ir.program import Append, Each, Events, FanOut, If, Kernel, Let, Range, Store
from brainsim.ir.trees import free_locals, own_element, own_place, statements


@dataclass(frozen=True)
class Split:
    """``elements``: parts of the range. ``rare``: parts of the range that find a few elements for a queue. ``target``:
    each thread takes the elements whose entry in ``index`` it owns. ``rows``: each thread takes some of the rows."""

    kind: Literal["", "elements", "rare", "target", "rows"] = ""
    index: str = ""


WHOLE = Split()


def split(k: Kernel) -> Split:
    """How a kernel may be divided; `WHOLE` when it may not."""
    if k.calls_python() or k.facts.clears:
        return WHOLE
    if k.facts.appends:
        return Split("rare") if rare(k) is not None and _one_append(k) else WHOLE
    match k.domain:
        case Each() | Range() if k.facts.own_element:
            return Split("elements")
        case Each() | Range() | Events() | FanOut():
            return _by_owner(k)
    return WHOLE


def rare(k: Kernel) -> If | None:
    """The one `If` at the end of a loop that appends: few elements pass, and each touches only itself."""
    if not (k.domain.stretch and k.facts.appends and k.body and isinstance(k.body[-1], If) and k.facts.own_element):
        return None
    before, last = k.body[:-1], k.body[-1]
    set_before = {s.name for s in statements(before) if isinstance(s, Let)}
    return None if replace(k, body=before).facts.appends or free_locals(last) & set_before else last


def independent(k: Kernel) -> bool:
    """Whether elements may be computed in any order and grouping (so the compiler may use SIMD)."""
    if k.facts.appends or not k.domain.stretch or not k.facts.order_free:
        return False
    return all(own_place(s.index) for s in statements(k.body) if isinstance(s, Store))


def _one_append(k: Kernel) -> bool:
    found = [n for n in k.facts.nodes if isinstance(n, Append)]
    return len(found) == 1 and own_element(found[0].value) and isinstance(k.body[-1],
                                                                          If) and found[0] in k.body[-1].body


def _by_owner(k: Kernel) -> Split:
    """Every place that is written is reached through one index array, or is the element's own (one of a row), and is
    read so too."""
    written: dict[str, set[Expr]] = {}
    for n in k.facts.nodes:
        if isinstance(n, Store):
            written.setdefault(n.array, set()).add(n.index)
    for n in k.facts.nodes:
        if isinstance(n, Load) and n.array in written:
            written[n.array].add(n.index)
    if any(len(ways) > 1 for ways in written.values()):
        return WHOLE
    ways = {_column(next(iter(w))) for w in written.values()}
    through = {w for w in ways if not own_element(w)}
    if not written:
        return WHOLE
    if isinstance(k.domain, FanOut) and all(_of_row(w) for w in through):
        return Split("rows") if len(through) <= 1 else WHOLE
    if len(through) != 1:
        return WHOLE
    way = next(iter(through))
    if isinstance(way, Load) and own_element(way.index) and way.array not in written:
        if k.domain.stretch and any(isinstance(n, (Call, Draw)) for n in k.facts.nodes):
            return WHOLE      # the compiler may compute functions several at a time, and rounds them otherwise then
        return Split("target", way.array)
    return WHOLE


def _column(index: Expr) -> Expr:
    """What says whose a place is: of an array with a row for each slot, the column."""
    match index:
        case Op("+", (Op("*", (_, Size())), Load() as column)):
            return column
    return index


def _of_row(index: Expr) -> bool:
    """Whether an index depends on the row only, one place for each."""
    match index:
        case Local("j"):
            return True
        case Op("+", (Local("j"), Param())):
            return True
    return False


FAR = 20
"""Operations in the time of a look at a place that is not next to the last one."""


def work(k: Kernel) -> int:
    """About how many operations an element takes."""
    far = isinstance(k.domain, (Events, FanOut)) * sum(isinstance(n, Store) for n in k.facts.nodes)
    return FAR * far + sum(12 if isinstance(n, (Call, Draw)) else 1 for n in k.facts.nodes)
