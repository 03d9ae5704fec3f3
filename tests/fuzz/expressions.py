"""Random expressions of the language, with the type and the rough size of what they give known beforehand.

Values stay within about ±50 and decisions never stand on a knife's edge: constants are odd decimals, so that two ways
to round rarely choose differently.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["float", "integer", "boolean"]

#: functions of one number that are finite everywhere once the argument is tamed, and how it is tamed
ONE_NUMBER = {
    "sin": "{}", "cos": "{}", "tanh": "{}", "arctan": "{}", "abs": "{}", "ceil": "{}", "floor": "{}",
    "exp": "clip({}, -6, 2.3)",
    "expm1": "clip({}, -6, 2.3)", "exprel": "clip({}, -4, 2.3)", "log": "abs({}) + 0.37", "log10": "abs({}) + 0.37",
    "log1p": "abs({})", "sqrt": "abs({})", "sinh": "clip({}, -2.1, 2.3)", "cosh": "clip({}, -2.1, 2.3)",
    "arcsinh": "{}", "arccosh": "1.01 + abs({})", "arcsin": "clip({}, -0.97, 0.98)", "arccos": "clip({}, -0.97, 0.98)",
    "arctanh": "clip({}, -0.9, 0.91)", "tan": "clip({}, -1.3, 1.2)",
}


@dataclass(frozen=True)
class Scope:
    """Names that an expression may use, by kind, and whether it may draw random numbers."""

    names: Mapping[Kind, Sequence[str]]
    random: bool = False

    def with_names(self, kind: Kind, *names: str) -> Scope:
        """The scope with more names of a kind."""
        return Scope({**self.names, kind: (*self.names.get(kind, ()), *names)}, self.random)


def constant(rng: Random, kind: Kind) -> str:
    """A literal that rarely meets another value exactly."""
    if kind == "boolean":
        return rng.choice(("True", "False"))
    if kind == "integer":
        return str(rng.randint(1, 7))
    return f"{rng.uniform(0.05, 3):.4f}7"


def expression(rng: Random, kind: Kind, scope: Scope, depth: int = 3) -> str:
    """One expression of a kind over the names of a scope."""
    names = scope.names.get(kind, ())
    if depth <= 0 or rng.random() < 0.15:
        return rng.choice(names) if names and rng.random() < 0.8 else constant(rng, kind)
    return _MAKERS[kind](rng, scope, depth - 1)


def _float(rng: Random, scope: Scope, depth: int) -> str:
    def make(kind: Kind = "float") -> str:
        return expression(rng, kind, scope, depth)

    forms = ["sum", "sum", "product", "ratio", "power", "function", "function", "clip", "remainder", "mixed", "choice"]
    match rng.choice([*forms, *(["random"] if scope.random else [])]):
        case "sum":
            return f"({make()} {rng.choice('+-')} {make()})"
        case "product":
            return f"(clip({make()}, -7, 7.1)*clip({make()}, -7, 7.1))"
        case "ratio":
            return f"({make()}/(0.43 + abs({make()})))"
        case "power":
            return rng.choice((f"clip({make()}, -3, 3.1)**{rng.randint(2, 3)}", f"(0.21 + abs({make()}))**0.5",
                               f"(0.3 + clip(abs({make()}), 0, 3.3))**clip({make()}, -2, 2.1)"))
        case "function":
            name = rng.choice(list(ONE_NUMBER))
            return f"{name}({ONE_NUMBER[name].format(make())})"
        case "clip":
            return f"clip({make()}, {-rng.uniform(1, 5):.3f}, {rng.uniform(1, 5):.3f})"
        case "remainder":
            return rng.choice((f"(({make()} + 0.1234567) % {rng.uniform(1, 4):.4f}3)",
                               f"(({make()} + 0.1234567) // {rng.uniform(1, 4):.4f}3)"))
        case "mixed":
            return f"({make()} + {make('integer')})"
        case "choice":
            return f"({make()} + ({make('boolean')})*{constant(rng, 'float')})"
        case _:
            return rng.choice(("rand()", "clip(randn(), -4, 4)"))


def _integer(rng: Random, scope: Scope, depth: int) -> str:
    def make(kind: Kind = "integer") -> str:
        return expression(rng, kind, scope, depth)

    match rng.randrange(7):
        case 0:
            return f"({make()} {rng.choice('+-')} {make()})"
        case 1:
            return f"({make()} % {rng.randint(2, 9)})"
        case 2:
            return f"({make()} // {rng.randint(2, 5)})"
        case 3:
            return f"(({make()} % 11)*({make()} % 7))"
        case 4:
            return f"int({make('boolean')})"
        case 5:
            return f"int(clip({make('float')}, -9, 9.1) + 0.0123)"
        case _:
            return f"clip({make()}, -20, 20)"


def _boolean(rng: Random, scope: Scope, depth: int) -> str:
    def make(kind: Kind) -> str:
        return expression(rng, kind, scope, depth)

    match rng.randrange(5):
        case 0 | 1:
            return f"{make('float')} {rng.choice(('<', '<=', '>', '>='))} {make('float')} + 0.01234567"
        case 2:
            return f"{make('integer')} {rng.choice(('<', '<=', '>', '>=', '==', '!='))} {make('integer')}"
        case 3:
            return f"({make('boolean')}) {rng.choice(('and', 'or'))} ({make('boolean')})"
        case _:
            return f"not ({make('boolean')})"


_MAKERS = {"float": _float, "integer": _integer, "boolean": _boolean}
