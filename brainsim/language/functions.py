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
class Function:
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
    Function("abs", 1, _KEEPS, "highest"),
    Function("arccos", 1, _PLAIN),
    Function("arccosh", 1, _PLAIN),
    Function("arcsin", 1, _PLAIN),
    Function("arcsinh", 1, _PLAIN),
    Function("arctan", 1, _PLAIN),
    Function("arctanh", 1, _PLAIN),
    Function("binomial", 2, Dimensions((ONE, ONE), ONE), "integer", stateless=False),
    Function("ceil", 1, _KEEPS),
    Function("clip", 3, Dimensions((Free(), Same(0), Same(0)), Same(0)), "highest"),
    Function("cos", 1, _PLAIN),
    Function("cosh", 1, _PLAIN),
    Function("exp", 1, _PLAIN),
    Function("expm1", 1, _PLAIN),
    Function("exprel", 1, _PLAIN),
    Function("floor", 1, _KEEPS),
    Function("int", 1, _PLAIN, "integer"),
    Function("log", 1, _PLAIN),
    Function("log10", 1, _PLAIN),
    Function("log1p", 1, _PLAIN),
    Function("poisson", 1, _PLAIN, "integer", stateless=False),
    Function("rand", 0, Dimensions((), ONE), stateless=False),
    Function("randn", 0, Dimensions((), ONE), stateless=False),
    Function("select", 3, _CHOICE, "highest"),  # made by brainsim, never written by users
    Function("sign", 1, Dimensions((Free(),), ONE), "highest"),
    Function("sin", 1, _PLAIN),
    Function("sinh", 1, _PLAIN),
    Function("sqrt", 1, Dimensions((Free(),), Same(0, 0.5))),
    Function("tan", 1, _PLAIN),
    Function("tanh", 1, _PLAIN),
    Function("timestep", 2, Dimensions((SECOND, SECOND), ONE), "integer"),
)
FUNCTIONS: Mapping[str, Function] = MappingProxyType({row.name: row for row in _ROWS})
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e, "inf": math.inf})
RANDOM = frozenset(name for name, function in FUNCTIONS.items() if not function.stateless)
"""The built-in functions that give a new value at each call."""
