"""A loop over elements or synapses, divided into stages that each run over a block: what a compiler makes into good
vector code.

* ``exprel`` of something that is proportional to the time step has a small argument in nearly every element. Where all
  arguments of a block are small, a polynomial gives it without a division; so the arguments of a block come first, then
  the function of all of them, then the rest.
* Single bytes beside numbers of eight would make the compiler treat 64 elements at a time, with more intermediate
  results than there are registers. So bytes are stored in a loop of their own.
* Synapses of a row add to their targets one after the other; functions of what no synapse changes are computed for 64
  of them together.
"""
from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from functools import partial

from brainsim.ir.expressions import Call, Const, Draw, Expr, Foreign, Keyed, Load, Local, Op, Scalar, Tick, dtype
from brainsim.ir.program import Append, If, Let, Statement, Store, While
from brainsim.ir.trees import free_locals, own_element, rebuild, statements, walk

BLOCK = 512
ROW_BLOCK = 64
VECTOR_FUNCTIONS = frozenset(
    "exp log sin cos expm1 log1p log10 tan tanh sinh cosh arcsin arccos arctan arcsinh arccosh arctanh exprel".split())


@dataclass(frozen=True)
class Stages:
    """``first`` computes the arguments of ``calls`` (name of the value, name of the argument, function), ``second``
    uses the values, and ``bytes`` stores what is one byte wide. ``kept`` are the locals of the first two stages that a
    later one uses, with their dtypes."""

    first: tuple[Statement, ...]
    calls: tuple[tuple[str, str, str], ...]
    second: tuple[Statement, ...]
    bytes: tuple[Statement, ...]
    kept: tuple[dict[str, str], dict[str, str]]


def stages(body: tuple[Statement, ...], prologue: tuple[Statement, ...], clock: str) -> Stages | None:
    """The division of a loop whose elements are independent; None where there is nothing to gain.

    ``prologue`` are the statements before the loop, ``clock`` the one that it goes by.
    """
    if any(isinstance(s, While) for s in statements(body)):
        return None
    body, late = _bytes_apart(body)
    at = next((n for n, s in enumerate(body) if _calls(s, _small(_proportional(clock, prologue, body[:n])))), 0)
    first, calls, second = _calls_apart(body, at, _small(_proportional(clock, prologue, body[:at])))
    if not calls and not (late and _has_numbers(body)):
        return None
    return _stages(first, calls, second, late)


def row_stages(body: tuple[Statement, ...]) -> Stages | None:
    """The division of a loop over the synapses of a row, each a synapse of its own; None where there are no functions
    to compute together."""
    if any(isinstance(s, While)
           for s in statements(body)) or any(isinstance(n, (Append, Foreign)) for s in body for n in walk(s)):
        return None
    elsewhere = {n.array for s in body for n in walk(s) if isinstance(n, Store) and not own_element(n.index)}

    def together(call: Call) -> bool:
        return call.function in VECTOR_FUNCTIONS and not _uses(call, elsewhere) and not any(
            isinstance(n, (Draw, Keyed)) for n in walk(call))

    at = next(
        (n for n, s in enumerate(body) if not isinstance(s, Let) or _calls(s, together) or _uses(s.value, elsewhere)),
        len(body))
    first, calls, second = _calls_apart(body, at, together)
    return _stages(first, calls, second, ()) if calls else None


def _stages(first: tuple[Statement, ...], calls: tuple[tuple[str, str, str], ...], second: tuple[Statement, ...],
            late: tuple[Store, ...]) -> Stages:
    needed, last = (frozenset().union(*map(free_locals, b)) for b in ((*second, *late), late))
    early, made = ({s.name: s for s in b if isinstance(s, Let)} for b in (first, second))
    stored = {n.array for s in (*first, *second) for n in walk(s) if isinstance(n, Store)}
    often = [s.name for s in statements((*first, *second)) if isinstance(s, Let)]
    again = tuple(s for n, s in early.items()
                  if n in needed and often.count(n) == 1 and _repeatable(s.value, stored,
                                                                         early.keys() | made.keys()))
    names = {s.name for s in again}
    keep_first = {n: dtype(s.value) for n, s in early.items() if n in needed - names}
    keep_second = {n: dtype(s.value) for n, s in made.items() if n in last}
    final = tuple(s for s in again if s.name in last)
    return Stages(first, calls, (*again, *second), (*final, *late), (keep_first, keep_second))


def _repeatable(value: Expr, stored: set[str], own: Set[str]) -> bool:
    """Whether a value takes less time to compute again than to keep: one comparison of what nobody changes."""
    return isinstance(value, Op) and len(value.args) == 2 and dtype(value) == "b1" and all(
        isinstance(a, (Const, Scalar)) or isinstance(a, Local) and a.name not in own
        or isinstance(a, Load) and own_element(a.index) and a.array not in stored for a in value.args)


def _has_numbers(body: tuple[Statement, ...]) -> bool:
    return any(isinstance(s, Store) and s.dtype in ("f8", "f4") for s in statements(body))


def _bytes_apart(body: tuple[Statement, ...]) -> tuple[tuple[Statement, ...], tuple[Store, ...]]:
    """The statements without those that store a byte in the element's own place which nobody reads or changes later;
    and these."""
    rest: list[Statement] = []
    late: list[Store] = []
    for n, s in enumerate(body):
        if not (isinstance(s, Store) and s.dtype == "b1" and s.op == "=" and own_element(s.index)) or _touches(
                body[n + 1:], s.array):
            rest.append(s)
            continue
        value = s.value
        if not isinstance(value, Local) or _set_again(body[n + 1:], value.name):
            name = f"{s.array}@byte".replace(".", "_")
            rest.append(Let(name, value))
            value = Local(name, dtype(value))
        late.append(replace(s, value=value))
    return tuple(rest), tuple(late)


def _touches(body: tuple[Statement, ...], array: str) -> bool:
    return any(isinstance(n, (Load, Store)) and n.array == array for s in body for n in walk(s))


def _set_again(body: tuple[Statement, ...], name: str) -> bool:
    return any(isinstance(s, Let) and s.name == name for s in statements(body))


def _proportional(clock: str, *before: tuple[Statement, ...]) -> Callable[[Expr], bool]:
    """Whether an expression contains the time step, in itself or through the locals of statements before it."""
    through: set[str] = set()
    for s in (s for body in before for s in body):
        if isinstance(s, Let) and _contains(s.value, clock, through):
            through.add(s.name)
    return lambda e: _contains(e, clock, through)


def _contains(e: Expr, clock: str, through: set[str]) -> bool:
    return any(
        n == Tick(clock, "dt") or isinstance(n, Local) and n.name in through for n in walk(e))


def _small(proportional: Callable[[Expr], bool]) -> Callable[[Call], bool]:
    """Whether a call is one of exprel whose argument contains the time step."""
    return lambda call: call.function == "exprel" and proportional(call.args[0])


def _calls(s: Statement, wanted: Callable[[Call], bool]) -> list[Call]:
    """The calls of one double in a statement, not in a branch, that are wanted."""
    if isinstance(s, (If, While)):
        return []
    return [
        n for n in walk(s)
        if isinstance(n, Call) and len(n.args) == 1 and dtype(n) == dtype(n.args[0]) == "f8" and wanted(n)
    ]


def _calls_apart(body: tuple[Statement, ...], at: int, wanted: Callable[[Call], bool]
                 ) -> tuple[tuple[Statement, ...], tuple[tuple[str, str, str], ...], tuple[Statement, ...]]:
    """The statements up to ``at`` with the arguments of all calls that are known there; these calls; the other
    statements with their values."""
    first, second = list(body[:at]), list(body[at:])
    calls: list[tuple[str, str, str]] = []
    known: dict[Expr, Expr] = {}   # calls whose values are still those of the split, and their names
    changed: set[str] = set()      # locals and arrays that are not what they were at the split
    for n, s in enumerate(second):
        for call in _calls(s, wanted):
            if call not in known and not _uses(call, changed):
                value, argument = f"{call.function}@{len(calls)}", f"{call.function}@{len(calls)}_of"
                calls.append((value, argument, call.function))
                first.append(Let(argument, call.args[0]))
                known[call] = Local(value, "f8")
        if not isinstance(s, (If, While)):
            second[n] = rebuild(s, partial(_named, known))
        changed |= {
            x.array if isinstance(x, Store) else x.name for x in statements((s,)) if isinstance(x, (Let, Store))
        }
        known = {call: name for call, name in known.items() if not _uses(call, changed)}
    return tuple(first), tuple(calls), tuple(second)


def _uses(e: Expr, names: set[str]) -> bool:
    return any(isinstance(n, Load) and n.array in names or isinstance(n, Local) and n.name in names for n in walk(e))


def _named(known: dict[Expr, Expr], node: Expr | Statement) -> Expr | Statement:
    return known.get(node, node) if isinstance(node, Expr) else node
