"""Resolved trees → expressions of the program. Names become loads, draws get their streams."""
from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from brainsim.ir.expressions import (
    Call,
    Cast,
    Const,
    Draw,
    Expr,
    Foreign,
    Keyed,
    Load,
    Local,
    Op,
    Param,
    Size,
    Tick,
    dtype,
)
from brainsim.ir.program import If, Let, Statement, Store, While
from brainsim.language import trees
from brainsim.model.resolve import Block
from brainsim.model.symbols import External, Past, Symbol
from brainsim.naming import MARK, grid_of, supplied

I = Local("i", "i4")   # noqa: E741
J = Local("j", "i4")
COLUMN = Local("column", "i4")
NUMBER = Local("number", "i4")
ZERO = Const(0)


@dataclass
class Streams:
    """Numbers for random streams, in the order in which draws are lowered."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count())

    def draw(self, law: str, index: Expr) -> Expr:
        return Draw(law, next(self.numbers), index)


@dataclass
class KeyedStreams(Streams):
    """Random numbers of the members of random rows, which do not depend on the time."""

    key: Expr = ZERO

    def draw(self, law: str, index: Expr) -> Expr:
        return Keyed(law, next(self.numbers), self.key, J, NUMBER)


@dataclass(frozen=True)
class Place:
    """Where a block runs: its clock, the running element, and short cuts for index paths (``j`` in a fan-out)."""

    clock: str
    streams: Streams
    element: Expr = I
    short: Mapping[tuple[str, ...], Expr] = field(default_factory=dict)
    guarded: bool = False
    given: Mapping[str, Expr] = field(default_factory=dict)  #: what stands for the values of arrays that nobody stores
    masked: bool = False       #: write guarded variables by select rather than by branch (whole loops)

    def index(self, path: tuple[str, ...]) -> Expr:
        """The index of the element that a path leads to."""
        if path in self.short:
            return self.short[path]
        return Load(path[-1], self.index(path[:-1]), "i4") if path else self.element


def expression(tree: trees.Tree, block: Block, place: Place) -> Expr:
    """One resolved tree."""
    def go(t: trees.Tree) -> Expr:
        return expression(t, block, place)

    match tree:
        case trees.Number(value):
            return Const(value)
        case trees.Name(key):
            return read(block.symbols[key], place)
        case trees.Op(op, args):
            return Op(op, tuple(map(go, args)))
        case trees.Call("rand", _):
            return place.streams.draw("uniform", place.element)
        case trees.Call("randn", _):
            return place.streams.draw("normal", place.element)
        case trees.Call(("poisson" | "binomial") as law, args):
            numbers = place.streams.draw("uniform", place.element), place.streams.draw("normal", place.element)
            return Call(law + "_from", (*map(go, args), *numbers))
        case trees.Call("int", (value,)):
            return Cast("i4", go(value))
        case trees.Call("select", args):
            return Op("select", tuple(map(go, args)))
        case trees.Call(function, args) if function in block.functions:
            return outside(block.functions[function], tuple(map(go, args)), place)
        case trees.Call(function, args):
            return Call(function, tuple(map(go, args)))
    raise TypeError(f"not a tree: {tree!r}")


def read(symbol: Symbol, place: Place) -> Expr:
    """The value of a symbol for the running element."""
    match symbol.kind:
        case "array" if symbol.program in place.given:
            return place.given[symbol.program]
        case "array":
            return Load(symbol.program, array_index(symbol, place), symbol.dtype)
        case "param":
            return Param(symbol.program, symbol.dtype)
        case "clock":
            return Tick(symbol.program, symbol.part)
        case "index":
            here = place.index(symbol.path)
            return Op("-", (here, Param(symbol.offset, "i4"))) if symbol.offset else here
        case "size":
            return Size(symbol.program)
        case "count":
            return Param(symbol.program, "i4")
        case "number":
            return Const(symbol.value)
        case "local":
            return Local(local_name(symbol.program), symbol.dtype)
    raise TypeError(f"{symbol.name} has no value of its own")


def array_index(symbol: Symbol, place: Place) -> Expr:
    """Where in its array a symbol's value lies for the running element."""
    if symbol.shared:
        return ZERO
    return place.index(symbol.path) if symbol.past is None else ring_index(symbol, symbol.past, place)


def ring_index(symbol: Symbol, past: Past, place: Place) -> Expr:
    """Where in a ring of earlier values: the row of the element, and a slot that goes round at both ends."""
    slots, slot = Param(past.slots, "i8"), Load(past.newest, ZERO, "i4")
    if past.ahead:
        slot = Op("+", (slot, Const(past.ahead)))
    if past.delay:
        slot = Op("-", (slot, Load(past.delay, place.index(symbol.path[:-1]), "i4")))
    if past.ahead:
        slot = Op("select", (Op(">=", (slot, slots)), Op("-", (slot, slots)), slot))
    if past.delay:
        slot = Op("select", (Op("<", (slot, ZERO)), Op("+", (slot, slots)), slot))
    return Op("+", (Op("*", (place.index(symbol.path), slots)), slot))


def local_name(name: str) -> str:
    """Locals of the program; those that a domain provides have their names to themselves."""
    return name + MARK if name in ("i", "j", "column", "number") else name


def outside(found: External, args: tuple[Expr, ...], place: Place) -> Expr:
    """A call of a function from the user's namespace."""
    if found.kind == "timed_array":
        return timed_array(found, args, place)
    return Foreign(found.program, (*args, place.element) if found.wants_elements else args, found.dtype)


def timed_array(found: External, args: tuple[Expr, ...], place: Place) -> Expr:
    """``values[k]`` for k dt <= t < (k + 1) dt, with a grid finer than the step so that exact multiples are exact
    (R24)."""
    name = found.program
    grid_name, per_row_name = grid_of(name, place.clock)
    grid, per_row = Param(grid_name, "f8"), Param(per_row_name, "i8")
    fine = Cast("i8", Call("floor", (Op("+", (Op("/", (args[0], grid)), Const(0.5))),)))
    last = Op("-", (Param(supplied(name, "rows"), "i8"), Const(1)))
    row = Call("clip", (Op("//", (fine, per_row)), ZERO, last))
    if len(args) == 1:
        return Load(supplied(name, "values"), row, "f8")
    columns = Param(supplied(name, "columns"), "i8")
    column = Cast("i8", args[1])
    inside = Op("and", (Op(">=", (column, ZERO)), Op("<", (column, columns))))
    safe = Call("clip", (column, ZERO, Op("-", (columns, Const(1)))))
    value = Load(supplied(name, "values"), Op("+", (Op("*", (row, columns)), safe)), "f8")
    return Op("select", (inside, value, Const(float("nan"))))


def statements(block: Block, place: Place) -> tuple[Statement, ...]:
    """A block's statements in order."""
    return tuple(statement(s, block, place) for s in block.statements)


def statement(s: trees.Assign | trees.While, block: Block, place: Place) -> Statement:
    """A loop, or one assignment: a local, or a store that respects the refractory guard."""
    if isinstance(s, trees.While):
        return While(expression(s.condition, block, place), tuple(statement(x, block, place) for x in s.body))
    symbol, value = block.symbols[s.target], expression(s.value, block, place)
    if symbol.kind == "local":
        if s.op != "=":
            value = Op(s.op[:-1], (read(symbol, place), value))
        return Let(local_name(symbol.program), value if dtype(value) == symbol.dtype else Cast(symbol.dtype, value))
    index = array_index(symbol, place)
    if not (place.guarded and symbol.guard):
        return Store(symbol.program, index, s.op, value, symbol.dtype)
    free = Load(symbol.guard, place.index(symbol.path), "b1")
    if not place.masked:
        return If(free, (Store(symbol.program, index, s.op, value, symbol.dtype),))
    old = Load(symbol.program, index, symbol.dtype)
    new = value if s.op == "=" else Op(s.op[:-1], (old, value))
    return Store(symbol.program, index, "=", Op("select", (free, new, old)), symbol.dtype)
