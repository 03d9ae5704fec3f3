"""Trees and statements as functions of JAX arrays."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

import jax.numpy as jnp

from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree

Array = Any
SERIES = 0.1     #: below this size exprel is its series; that, and its derivative, are then exact to the last digits
TERMS = 9


def exprel(x: Array) -> Array:
    """(exp(x) - 1)/x, with finite derivatives everywhere."""
    small = jnp.abs(x) < SERIES
    near, far = jnp.where(small, x, 0.0), jnp.where(small, 1.0, x)
    series = reduce(lambda total, k: 1.0 + near * (1.0 / k) * total, range(TERMS, 1, -1), jnp.ones_like(near))
    return jnp.where(small, series, jnp.expm1(far) / far)


FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "exprel": exprel,
    "clip": jnp.clip,
    "int": lambda x: jnp.where(x < 0, jnp.ceil(x), jnp.floor(x)),
    "abs": jnp.abs,
    **{
        name: getattr(jnp, name) for name in ("exp", "expm1", "log", "log10", "log1p", "sqrt", "sin", "cos", "tan",
                                              "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh",
                                              "arccosh", "arctanh", "floor", "ceil", "sign")
    },
}

OPERATORS: Mapping[str, Callable[..., Array]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "//": jnp.floor_divide,
    "%": jnp.mod,
    "neg": lambda a: -a,
    "not": jnp.logical_not,
    "and": jnp.logical_and,
    "or": jnp.logical_or,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "select": lambda c, a, b: jnp.where(c, a, b),
}


def value_of(tree: Tree, names: Mapping[str, Array]) -> Array:
    """The value of an expression where names have these values."""
    match tree:
        case Number(value):
            return value
        case Name(name):
            return names[name]
        case Op(op, args):
            return OPERATORS[op](*(value_of(a, names) for a in args))
        case Call(function, args):
            return FUNCTIONS[function](*(value_of(a, names) for a in args))
    raise TypeError(f"no value for {tree!r}")


def after(statements: Iterable[Assign], names: Mapping[str, Array]) -> dict[str, Array]:
    """Names and their values after the statements."""
    found = dict(names)
    for s in statements:
        value = value_of(s.value, found)
        found[s.target] = value if s.op == "=" else OPERATORS[s.op[:-1]](found[s.target], value)
    return found
