"""Small programs of the update language, for tests of its rooms."""
from __future__ import annotations

from brainsim.ir.expressions import Call, Const, Draw, Expr, Load, Local, Op, Param
from brainsim.ir.program import (
    Append,
    Array,
    Domain,
    Each,
    Events,
    FanOut,
    If,
    Kernel,
    Let,
    Program,
    Queue,
    Statement,
    Store,
    While,
)

I = Local("i", "i4")   # noqa: E741
ZERO = Const(0)


def x(index: Expr = I) -> Load:
    return Load("G.x", index, "f8")


def y(index: Expr = I) -> Load:
    return Load("G.y", index, "f8")


def p(name: str) -> Param:
    return Param(name, "f8")


def op(o: str, *args: Expr) -> Op:
    return Op(o, args)


def store(array: str, value: Expr, o: str = "=", index: Expr = I) -> Store:
    return Store(array, index, o, value, "f8")


def kernel(*body: Statement, domain: Domain | None = None, name: str = "k") -> Kernel:
    return Kernel(name, "clock", domain or Each("G"), tuple(body))


def program(*kernels: Kernel) -> Program:
    return Program(
        ("G", "S", "rows"), ("clock",), (("a", "f8"), ("b", "f8"), ("tau", "f8")),
        (Array("G.x", "f8", "G"), Array("G.y", "f8", "G"), Array("G.n", "i4", "G"), Array("S.post", "i4", "S", "G"),
         Array("S.w", "f8", "S"),
         Array("S.starts", "i4", "rows", "S")),
        (Queue("G.spikes", "i4", "G"),), kernels)


__all__ = ["I", "ZERO", "x", "y", "p", "op", "store", "kernel", "program", "Append", "Call", "Const", "Draw", "Each",
           "Events", "FanOut",
           "If", "Let", "Load", "Local", "Op", "Param", "Store", "While"]
