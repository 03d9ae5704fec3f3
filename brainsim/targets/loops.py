"""The loop plan: how a compiled target runs each kernel of a program, decided before a word of its text is written.

A plan holds expressions and statements of the program. What writes it down – for a processor, or for a machine of
another kind – has nothing left to decide but how to say it.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from brainsim.ir import text as words
from brainsim.ir.expressions import Expr, Keyed, Local
from brainsim.ir.program import Append, Domain, Each, FanOut, Kernel, Let, RandomRows, Range, Statement
from brainsim.targets.split import Split

Order = Literal["any", "given", "single"]
"""Of the elements of a loop: any; as they are counted; as they are counted and never several at once, since functions
round otherwise in vectors."""

PACKED, PLACE = "@packed", Local("@place", "i8")
"""The copy of an index array in the order of the rows, and where the running member of a row is in it."""


@dataclass(frozen=True)
class Stage:
    """One loop over a block of elements.

    ``takes`` and ``keeps`` are the locals (with dtypes) that earlier stages leave in arrays of the block and later ones
    find there. Of the ``calls`` (name of the value, name of the argument, function) it computes the arguments, and then
    the functions are made for the whole block; it uses the values of the ``results``.
    """

    body: tuple[Statement, ...]
    order: Order = "given"
    takes: tuple[tuple[str, str], ...] = ()
    keeps: tuple[tuple[str, str], ...] = ()
    calls: tuple[tuple[str, str, str], ...] = ()
    results: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Filter:
    """After the stages of a block: a test without branches, behind what stands ``before`` it, and the ``body`` for the
    few elements that passed. ``listed``: parts list what they append, and the lists are joined."""

    test: Expr
    body: tuple[Statement, ...]
    before: Stage
    listed: Append | None = None


@dataclass(frozen=True)
class WholeLoop:
    """All elements of a space or a range: ``block`` at a time, stage by stage, or (0) one after the other in one stage.

    Threads share them at multiples of ``grain``.
    """

    domain: Each | Range
    stages: tuple[Stage, ...]
    block: int = 0
    grain: int = 64
    draws: tuple[tuple[str, int], ...] = ()
    filter: Filter | None = None


@dataclass(frozen=True)
class PlainLoop:
    """The elements of a domain as it finds them, one after the other: the values in a slot of a queue, levels of
    trees."""

    domain: Domain
    stage: Stage


@dataclass(frozen=True)
class RowLoop:
    """The rows of the values in a slot of a queue, ``chunk`` members at a time where that is not 0.

    ``ahead``: arrays of which the next rows are asked for in time, ``through``: those of which the next members are,
    which lie elsewhere. ``packed``: an index array that is read from a copy in the order of the rows.
    """

    domain: FanOut
    stages: tuple[Stage, ...]
    chunk: int = 0
    ahead: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    packed: str = ""


@dataclass(frozen=True)
class RandomRowLoop:
    """Rows that are drawn anew at each event; the numbers of 64 members that are ``keyed`` are drawn together."""

    domain: RandomRows
    body: tuple[Statement, ...]
    keyed: tuple[Keyed, ...] = ()


@dataclass(frozen=True)
class OnceLoop:
    """No loop at all."""

    body: tuple[Statement, ...]


@dataclass(frozen=True)
class ReturnToPython:
    """A return to Python."""


Loop = WholeLoop | PlainLoop | RowLoop | RandomRowLoop | OnceLoop | ReturnToPython


@dataclass(frozen=True)
class Plan:
    """How one kernel is run.

    Of its prologue, ``settled`` is computed once for a run and ``ahead`` at each tick. ``split`` says how threads share
    the loop, ``work`` how many operations an element takes about, ``room`` how many values one element can add to which
    queue. ``alike`` are the kernels, itself first, that one text serves; it is empty for those that an earlier one
    serves.
    """

    kernel: Kernel
    loop: Loop
    settled: tuple[Let, ...] = ()
    ahead: tuple[Let, ...] = ()
    split: Split = Split()
    work: int = 0
    room: tuple[tuple[str, int], ...] = ()
    alike: tuple[str, ...] = ()


# -- as text -----------------------------------------------------------------------------------------------------------
def text(plans: tuple[Plan, ...]) -> str:
    """The plans as people read them."""
    return "\n".join(line for p in plans for line in _lines(p)) + "\n"


def _lines(p: Plan) -> Iterator[str]:
    yield f"{p.kernel.name}: {p.kernel.domain.text(words.expression)} on {p.kernel.clock}"
    if choices := ", ".join(_choices(p.loop)):
        yield f"  {choices}"
    if p.split.kind:
        yield f"  shared by {p.split.kind}" + f" {p.split.index}" * bool(p.split.index) + f", {p.work} operations each"
    yield from (f"  room in {queue} for {times} each" for queue, times in p.room)
    if len(p.alike) != 1:
        yield f"  the text of {p.kernel.like}" if p.kernel.like else f"  its text serves {', '.join(p.alike[1:])}"
    yield from (words.statement(s, "  once for a run | ") for s in p.settled)
    yield from (words.statement(s, "  | ") for s in p.ahead)
    yield from _body(p.loop)


def _choices(loop: Loop) -> Iterator[str]:
    match loop:
        case WholeLoop(_, _, block, grain, draws):
            yield from [f"{block} at a time"] * bool(block)
            yield from [f"cut at multiples of {grain}"] * (grain != 64)
            yield from (f"draws {law}#{stream}" for law, stream in draws)
        case RowLoop(_, _, chunk, ahead, through, packed):
            yield from [f"{chunk} at a time"] * bool(chunk)
            yield from (f"ahead {array}" for array in ahead)
            yield from (f"through {array}" for array in through)
            yield from [f"packed {packed}"] * bool(packed)
        case RandomRowLoop(_, _, keyed):
            yield from (f"draws {k.law}#{k.stream} by its key" for k in keyed)


def _body(loop: Loop) -> Iterator[str]:
    match loop:
        case WholeLoop(_, stages) | RowLoop(_, stages):
            for s in stages:
                yield from _stage(s)
        case PlainLoop(_, stage):
            yield from _stage(stage)
        case OnceLoop(body) | RandomRowLoop(_, body):
            yield from map(words.statement, body)
    if isinstance(loop, WholeLoop) and loop.filter:
        yield from _stage(loop.filter.before) if loop.filter.before.body else ()
        yield f"  few {words.expression(loop.filter.test)}" + ", listed" * bool(loop.filter.listed)
        yield from (words.statement(s, "    ") for s in loop.filter.body)


def _stage(s: Stage) -> Iterator[str]:
    yield {"any": "  in any order", "given": "  in order", "single": "  one at a time"}[s.order] + "".join(
        f", takes {name}" for name, _ in s.takes) + "".join(f", keeps {name}" for name, _ in s.keeps)
    yield from (words.statement(x, "    ") for x in s.body)
    yield from (f"  all {value} := {function}({argument})" for value, argument, function in s.calls)
