"""Whether so many steps have passed since a time of each element, as one comparison with a time that is computed once
per step."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Call, Const, Expr, Load, Op, Scalar
from brainsim.ir.program import Program, Statement
from brainsim.ir.trees import walk


def compare_times(program: Program) -> Program:
    """``floor((t - x)/dt + c) >= K`` → ``x <= t - (K - c)*dt``, where only x depends on the element and K is a whole
    number.

    ``floor(y) >= K`` is ``y >= K`` for a whole K; the rest is the same inequality solved for x. Times that are noted by
    a clock are whole steps, and c, a thousandth, keeps them away from the border, so rounding decides nothing.
    """
    return replace(
        program, kernels=tuple(
            k.rebuilt(_solved) if k.domain.stretch else k for k in program.kernels))


def _solved(node: Expr | Statement) -> Expr | Statement:
    match node:
        case Op(">=", (Call("floor", (Op("+", (Op("/", (Op("-", (t, Load() as x)), dt)), c)),)),
                       Call("floor") as whole)) \
                if all(map(_same_for_all, (t, dt, c, whole))):
            return Op("<=", (x, Op("-", (t, Op("*", (Op("-", (whole, c)), dt))))))
    return node


def _same_for_all(e: Expr) -> bool:
    return all(isinstance(n, (Const, Scalar, Op, Call)) for n in walk(e))
