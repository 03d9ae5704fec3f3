"""Single precision: what is stored as float32 is computed as float32.

Constants, parameters, random numbers and whole numbers adapt: where they meet a float32 they become one. What is made
of them alone, ``dt/tau`` for example, is worked out in double precision first. Variables in double precision and the
time stay what they are, and so does everything that is computed with them, so that times of spikes keep their precision
however long a run is.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Literal

from brainsim.ir.expressions import (
    COMPARISONS,
    Call,
    Cast,
    Const,
    Draw,
    Expr,
    Foreign,
    Load,
    Local,
    Op,
    Scalar,
    Tick,
    dtype,
)
from brainsim.ir.program import Append, If, Kernel, Let, Program, Statement, Store, While
from brainsim.ir.trees import statements, walk

Kind = Literal["double", "single", "adapts", "whole"]
DOUBLE_INSIDE = ("//", "%")
"""Operations whose result jumps where rounding differs a little; they are done in double precision."""
WHOLE = ("b1", "i4", "i8")
OF_DOUBLES = ("poisson_from", "binomial_from", "timestep")


def in_single(program: Program) -> Program:
    """The program with arithmetic in the precision of its variables; the same program where all of them are double."""
    if not any(a.dtype == "f4" for a in program.arrays):
        return program
    return replace(program, kernels=tuple(_kernel(k) for k in program.kernels))


def _kernel(kernel: Kernel) -> Kernel:
    often = Counter(s.name for s in statements((*kernel.prologue, *kernel.body)) if isinstance(s, Let))
    known: dict[str, tuple[str, Kind]] = {}
    prologue, body = (_block(part, known, often) for part in (kernel.prologue, kernel.body))
    return replace(kernel, prologue=prologue, body=body)


def _block(body: tuple[Statement, ...], known: dict[str, tuple[str, Kind]], often: Counter[str]) -> tuple:
    return tuple(_statement(s, known, often) for s in body)


def _statement(s: Statement, known: dict[str, tuple[str, Kind]], often: Counter[str]) -> Statement:
    match s:
        case Let(name, value):
            if often[name] > 1 or dtype(value) in WHOLE:      # a local that is set again keeps its type
                return Let(name, _as(dtype(value), *_expression(value, known)))
            inner = value.value if isinstance(value, Cast) and value.dtype == "f8" else value
            made, kind = _expression(inner, known)
            made = made if dtype(made) not in WHOLE else Cast("f8", made)
            known[name] = dtype(made), "adapts" if kind == "whole" else kind
            return Let(name, made)
        case Store(array, index, op, value, t):
            made, kind = _expression(value, known)
            return Store(array, index, op, Cast("f4", made) if t == "f4" and kind == "adapts" else made, t)
        case Append(queue, slot, value):
            return Append(queue, slot, _expression(value, known)[0])
        case If(condition, body):
            return If(_expression(condition, known)[0], _block(body, known, often))
        case While(condition, body):
            return While(_expression(condition, known)[0], _block(body, known, often))
    return s


def _as(t: str, e: Expr, kind: Kind) -> Expr:
    return e if dtype(e) == t else Cast(t, e)


def _expression(e: Expr, known: dict[str, tuple[str, Kind]]) -> tuple[Expr, Kind]:
    """An expression in the precision of what it is made of."""
    match e:
        case Const(value):
            return e, "adapts" if isinstance(value, float) else "whole"
        case Tick(_, "t"):
            return e, "double"
        case Scalar():
            return e, "whole" if dtype(e) in WHOLE else "adapts"
        case Local(name, _) if name in known:
            t, kind = known[name]
            return Local(name, t), kind
        case Local(_, t) | Load(_, _, t):
            return e, "whole" if t in WHOLE else "single" if t == "f4" else "double"
        case Draw():
            return e, "adapts"
        case Foreign(function, args, t):
            return Foreign(function, tuple(_expression(a, known)[0] for a in args),
                           t), "whole" if t in WHOLE else "adapts"
        case Cast(t, value):
            return Cast(t, _expression(value, known)[0]), "whole" if t in WHOLE else "single" if t == "f4" else "double"
        case Op("select", (condition, a, b)):
            args, kind = _together((a, b), known)
            return Op("select", (_expression(condition, known)[0], *args)), kind
        case Op(("and" | "or" | "not") as op, inner):
            return Op(op, tuple(_expression(a, known)[0] for a in inner)), "whole"
        case Op("**", (base, Const(int()) as power)):
            made, kind = _expression(base, known)
            return Op("**", (made, power)), kind
        case Op(op, inner):
            args, kind = _together(inner, known)
            if op in DOUBLE_INSIDE and kind == "single":
                return Cast("f4", Op(op, tuple(Cast("f8", a) for a in args))), kind
            made = Op(op, args)
            return made, "whole" if op in COMPARISONS else "adapts" if kind == "whole" and dtype(made) == "f8" else kind
        case Call(function, inner) if function in OF_DOUBLES:
            return Call(function, tuple(_expression(a, known)[0] for a in inner)), "whole"
        case Call(function, inner):
            args, kind = _together(inner, known)
            made = Call(function, args)
            if dtype(made) in WHOLE:
                return made, "whole"
            scalar = not any(isinstance(n, Load) for n in walk(e))       # a function of the time alone may be rounded
            return made, "adapts" if kind == "whole" or kind == "double" and scalar else kind
    raise TypeError(f"not an expression of the program: {e!r}")


def _together(inner: tuple[Expr, ...], known: dict[str, tuple[str, Kind]]) -> tuple[tuple[Expr, ...], Kind]:
    """Operands in one precision."""
    made = [_expression(a, known) for a in inner]
    kinds = {kind for _, kind in made}
    if "single" in kinds and "double" not in kinds:
        return tuple(a if kind == "single" else Cast("f4", a) for a, kind in made), "single"
    kind: Kind = "double" if "double" in kinds else "adapts" if "adapts" in kinds else "whole"
    return tuple(a for a, _ in made), kind
