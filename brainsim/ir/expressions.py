"""Expressions of the update program. Each has a dtype that follows from itself."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["t", "dt", "step"]


@dataclass(frozen=True, slots=True)
class Expr:
    """A value computed without side effects."""


@dataclass(frozen=True, slots=True)
class Const(Expr):
    """A literal that is part of the program text."""

    value: float | int | bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and repr(self.value) == repr(
            other.value)

    def __hash__(self) -> int:
        return hash((type(self.value), repr(self.value)))


@dataclass(frozen=True, slots=True)
class Local(Expr):
    """A `Let`, or an index that the domain provides (``i``; ``j`` in a fan-out; ``column``, ``number`` in random
    rows)."""

    name: str
    dtype: str


@dataclass(frozen=True, slots=True)
class Scalar(Expr):
    """One value for all elements, supplied at run time; a new value never changes the program."""


@dataclass(frozen=True, slots=True)
class Param(Scalar):
    """A scalar that the program declares."""

    name: str
    dtype: str


@dataclass(frozen=True, slots=True)
class Tick(Scalar):
    """Where a clock stands: the time ``t`` in seconds, the length ``dt`` of a step, or the whole number of the
    ``step``."""

    clock: str
    part: Part


@dataclass(frozen=True, slots=True)
class Slots(Scalar):
    """How many slots a queue has."""

    queue: str


@dataclass(frozen=True, slots=True)
class Size(Scalar):
    """How many elements a space has."""

    space: str


@dataclass(frozen=True, slots=True)
class Load(Expr):
    """One element of an array."""

    array: str
    index: Expr
    dtype: str


@dataclass(frozen=True, slots=True)
class Op(Expr):
    """``+ - * / // % ** neg not and or < <= > >= == != select``."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function from the list in ``ir/functions.py``."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Foreign(Expr):
    """A Python function of the user's, found by name in the state; a kernel that has one runs in Python on every
    target."""

    function: str
    args: tuple[Expr, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Draw(Expr):
    """A random number, ``law`` uniform on [0, 1) or standard normal: a function of (seed, stream, step, index)."""

    law: str
    stream: int
    index: Expr


@dataclass(frozen=True, slots=True)
class Keyed(Expr):
    """A random number that does not depend on the time: a `Draw` with a seed of its own, a function of (key, stream,
    row, index)."""

    law: str
    stream: int
    key: Expr
    row: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """Conversion; a float becomes an integer by truncation toward zero."""

    dtype: str
    value: Expr


COMPARISONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


def widest(dtypes: tuple[str, ...]) -> str:
    """The dtype of arithmetic between these: f8 over f4 over integers; booleans count as i4."""
    for name in ("f8", "f4", "i8"):
        if name in dtypes:
            return name
    return "i4"


def dtype(expr: Expr) -> str:
    """The dtype of an expression."""
    match expr:
        case Const(value):
            if isinstance(value, bool):
                return "b1"
            return ("i4" if -(2**31) <= value < 2**31 else "i8") if isinstance(value, int) else "f8"
        case Tick(_, part):
            return "i8" if part == "step" else "f8"
        case Slots():
            return "i8"
        case Size():
            return "i4"
        case Local(_, t) | Param(_, t) | Load(_, _, t) | Cast(t, _) | Foreign(_, _, t):
            return t
        case Op("select", (_, a, b)):
            return dtype(a) if dtype(a) == dtype(b) else widest((dtype(a), dtype(b)))
        case Op(op, _) if op in COMPARISONS:
            return "b1"
        case Op("/", args):
            return "f4" if widest(tuple(map(dtype, args))) == "f4" else "f8"
        case Op("**", (base, power)):
            whole = isinstance(power, Const) and isinstance(power.value, int) and power.value >= 0
            both = widest((dtype(base), dtype(power)))
            return both if whole or both in ("f8", "f4") else "f8"
        case Op(_, args):
            return widest(tuple(map(dtype, args)))
        case Call("sign", _):
            return "i4"
        case Call("timestep", _):
            return "i8"
        case Call(("poisson_from" | "binomial_from"), _):
            return "i4"
        case Call(("abs" | "clip"), args):
            return widest(tuple(map(dtype, args)))
        case Call(_, args):
            return "f4" if args and widest(tuple(map(dtype, args))) == "f4" else "f8"
        case Draw() | Keyed():
            return "f8"
    raise TypeError(f"not an expression of the program: {expr!r}")
