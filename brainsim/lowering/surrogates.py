"""Derivatives that stand for that of a spike → expressions of the program, in the local ``x``."""
from __future__ import annotations

from brainsim.ir.expressions import Call, Cast, Const, Expr, Local, Op
from brainsim.language import trees
from brainsim.model.surrogates import CONSTANTS, Surrogate


def derivative(surrogate: Surrogate) -> Expr:
    """The formula with its numbers put in."""
    def go(t: trees.Tree) -> Expr:
        match t:
            case trees.Number(value):
                return Const(float(value))
            case trees.Name("x"):
                return Local("x", "f8")
            case trees.Name(name):
                return Const(float({**CONSTANTS, **surrogate.numbers}[name]))
            case trees.Op("**", (base, trees.Number(power))) if power == int(power):
                return Op("**", (go(base), Const(int(power))))
            case trees.Op(op, args):
                return Op(op, tuple(map(go, args)))
            case trees.Call("int", (value,)):
                return Cast("f8", go(value))
            case trees.Call(function, args):
                return Call(function, tuple(map(go, args)))
        raise TypeError(f"no expression for {t!r}")
    return go(surrogate.formula)
