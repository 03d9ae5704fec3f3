"""The functions and constants that every expression may use."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

DType = Literal["boolean", "integer", "float"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """One physical dimension, by its seven SI exponents (metre, kilogram, second, ampere, kelvin, mole, candela)."""

    exponents: tuple[float, ...] = (0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Same:
    """The dimension of argument number ``of`` (from 0), to a power."""

    of: int = 0
    power: float = 1


@dataclass(frozen=True, slots=True)
class Free:
    """Any dimension."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What a function demands of its arguments' dimensions, and the dimension of its result.

    ``result`` may also be a Python function of the arguments' dimensions.
    """

    arguments: tuple[Fixed | Same | Free, ...]
    result: Fixed | Same | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """A function; ``dtype`` is that of its result (``highest``: that of its arguments).

    A function that is not ``stateless`` gives a new value at each call, and is never merged, moved or left out.
    """

    name: str
    arity: int
    dimensions: Dimensions
    dtype: DType | Literal["highest"] = "float"
    stateless: bool = True


ONE = Fixed()
SECOND = Fixed((0, 0, 1, 0, 0, 0, 0))
_PLAIN = Dimensions((ONE,), ONE)
_KEEPS = Dimensions((Free(),), Same(0))
_CHOICE = Dimensions((Fixed(), Free(), Same(1)), Same(1))

_ROWS = (
    FunctionRow("abs", 1, _KEEPS, "highest"),
    FunctionRow("arccos", 1, _PLAIN),
    FunctionRow("arccosh", 1, _PLAIN),
    FunctionRow("arcsin", 1, _PLAIN),
    FunctionRow("arcsinh", 1, _PLAIN),
    FunctionRow("arctan", 1, _PLAIN),
    FunctionRow("arctanh", 1, _PLAIN),
    FunctionRow("binomial", 2, Dimensions((ONE, ONE), ONE), "integer", stateless=False),
    FunctionRow("ceil", 1, _KEEPS),
    FunctionRow("clip", 3, Dimensions((Free(), Same(0), Same(0)), Same(0)), "highest"),
    FunctionRow("cos", 1, _PLAIN),
    FunctionRow("cosh", 1, _PLAIN),
    FunctionRow("exp", 1, _PLAIN),
    FunctionRow("expm1", 1, _PLAIN),
    FunctionRow("exprel", 1, _PLAIN),
    FunctionRow("floor", 1, _KEEPS),
    FunctionRow("int", 1, _PLAIN, "integer"),
    FunctionRow("log", 1, _PLAIN),
    FunctionRow("log10", 1, _PLAIN),
    FunctionRow("log1p", 1, _PLAIN),
    FunctionRow("poisson", 1, _PLAIN, "integer", stateless=False),
    FunctionRow("rand", 0, Dimensions((), ONE), stateless=False),
    FunctionRow("randn", 0, Dimensions((), ONE), stateless=False),
    FunctionRow("select", 3, _CHOICE, "highest"),  # made by brainsim, never written by users
    FunctionRow("sign", 1, Dimensions((Free(),), ONE), "highest"),
    FunctionRow("sin", 1, _PLAIN),
    FunctionRow("sinh", 1, _PLAIN),
    FunctionRow("sqrt", 1, Dimensions((Free(),), Same(0, 0.5))),
    FunctionRow("tan", 1, _PLAIN),
    FunctionRow("tanh", 1, _PLAIN),
    FunctionRow("timestep", 2, Dimensions((SECOND, SECOND), ONE), "integer"),
)
FUNCTIONS: Mapping[str, FunctionRow] = MappingProxyType({row.name: row for row in _ROWS})
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e, "inf": math.inf})
RANDOM = frozenset(name for name, function in FUNCTIONS.items() if not function.stateless)
"""The built-in functions that give a new value at each call."""
