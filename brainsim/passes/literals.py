"""Literals become parameters, so that another number in a user's equation compiles nothing."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Call, Cast, Const, Expr, Op, Param, dtype
from brainsim.ir.program import Program, Statement

KEPT = (0.0, 1.0, -1.0, 2.0, 0.5)


def lift_literals(program: Program) -> tuple[Program, dict[str, float]]:
    """The program with float literals replaced by parameters ``@literals.k``, and their values."""
    values: dict[str, float] = {}

    def named(value: float) -> Expr:
        name = f"@literals.{len(values)}"
        values[name] = value
        return Param(name, "f8")

    def lift(e: Expr) -> Expr:
        match e:
            case Const(float() as value) if value == value and value not in KEPT:
                return named(value)
        return e

    def change(node: Expr | Statement) -> Expr | Statement:
        match node:
            case Op("**", (base, power)):
                return _with(node, (lift(base), power))
            case Op("*", (a, b)) if _zero(a) != _zero(b) and dtype(b if _zero(a) else a) == "f8":
                return _with(node, tuple(named(0.0) if _zero(x) else lift(x)
                                         for x in (a, b)))      # or a compiler makes 0 of 0*inf
            case Op() | Call():
                return _with(node, tuple(map(lift, node.args)))
            case Cast(t, value):
                return node if (lifted := lift(value)) is value else Cast(t, lifted)
        return node

    made = tuple(k.rebuilt(change) for k in program.kernels)
    params = (*program.params, *((name, "f8") for name in values))
    return replace(program, kernels=made, params=params), values


def _with(node: Op | Call, args: tuple[Expr, ...]) -> Op | Call:
    """The node with other arguments."""
    return node if all(a is b for a, b in zip(args, node.args)) else replace(node, args=args)


def _zero(e: Expr) -> bool:
    return isinstance(e, Const) and not isinstance(e.value, bool) and e.value == 0
