"""Literals become parameters, so that another number in a user's equation compiles nothing."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Call, Cast, Const, Draw, Expr, Load, Op, Param, Scalar, dtype
from brainsim.ir.program import Kernel, Program, Statement
from brainsim.ir.walk import rebuild_kernel

KEPT = (0.0, 1.0, -1.0, 2.0, 0.5)


def lift_literals(program: Program) -> tuple[Program, dict[str, float]]:
    """The program with float literals replaced by parameters ``@literals.k``, and their values."""
    values: dict[str, float] = {}

    def named(value: float) -> Expr:
        name = f"@literals.{len(values)}"
        values[name] = value
        return Param(name, "f8")

    def lift(e: Expr) -> Expr:
        return named(e.value) if isinstance(e, Const) and isinstance(
            e.value, float) and e.value == e.value and e.value not in KEPT else e

    def change(node: Expr | Statement) -> Expr | Statement:
        match node:
            case Op("**", (base, power)):
                return Op("**", (lift(base), power))
            case Op("*", (a, b)) if _zero(a) != _zero(b) and dtype(b if _zero(a) else a) == "f8":
                return Op("*",
                          tuple(named(0.0) if _zero(x) else lift(x) for x in (a, b)))  # or a compiler makes 0 of 0*inf
            case Op(op, args):
                return Op(op, tuple(map(lift, args)))
            case Call(function, args):
                return Call(function, tuple(map(lift, args)))
            case Cast(t, value):
                return Cast(t, lift(value))
            case Load() | Draw() | Const() | Scalar():
                return node
        return node

    made: tuple[Kernel, ...] = tuple(rebuild_kernel(k, change) for k in program.kernels)
    params = tuple(sorted({**dict(program.params), **{name: "f8" for name in values}}.items()))
    return replace(program, kernels=made, params=params), values


def _zero(e: Expr) -> bool:
    return isinstance(e, Const) and not isinstance(e.value, bool) and e.value == 0
