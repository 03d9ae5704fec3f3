"""What each NumPy ufunc does to dimensions, as data: its name -> the rule from the operands to the result's
dimension."""
from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import Part, agree, is_scale_free, is_zero, mismatch, words

times = lru_cache(maxsize=4096)(operator.mul)
divided = lru_cache(maxsize=4096)(operator.truediv)
raised = lru_cache(maxsize=4096)(operator.pow)

SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "power": "**",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "matmul": "@",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Application:
    """A ufunc and its operands."""

    name: str
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        texts = [words(*part) for part in self.parts]
        symbol = SYMBOLS.get(self.name)
        return f" {symbol} ".join(texts) if symbol and len(texts) == 2 else f"{self.name}({', '.join(texts)})"


Outcome = Dimension | tuple[Dimension, Dimension]
Rule = Callable[[Application], Outcome]
AnyRule = TypeVar("AnyRule", bound=Rule)


def matching(call: Application) -> Dimension:
    return agree(call.parts, lambda: f"Cannot calculate {call}, the units do not match", is_zero)


def ordering(call: Application) -> Dimension:
    return agree(call.parts, lambda: f"Cannot calculate {call}, the units do not match", is_scale_free)


def comparing(call: Application) -> Dimension:
    agree(call.parts, lambda: f"Cannot perform comparison {call}, the units do not match", is_scale_free)
    return DIMENSIONLESS


def ratio(call: Application) -> Dimension:
    matching(call)
    return DIMENSIONLESS


def quotient_and_remainder(call: Application) -> tuple[Dimension, Dimension]:
    return DIMENSIONLESS, matching(call)


def pure(call: Application) -> Dimension:
    for plain, dim in call.parts:
        if dim is not DIMENSIONLESS:
            raise mismatch(f"{call.name} expects a dimensionless argument but got {words(plain, dim)}", dim)
    return DIMENSIONLESS


def first(call: Application) -> Dimension:
    return call.parts[0][1]


def number(call: Application) -> Dimension:
    return DIMENSIONLESS


def product(call: Application) -> Dimension:
    return times(call.parts[0][1], call.parts[1][1])


def quotient(call: Application) -> Dimension:
    return divided(call.parts[0][1], call.parts[1][1])


def to_the(exponent: float) -> Callable[[Application], Dimension]:
    return lambda call: raised(call.parts[0][1], exponent)


def power(call: Application) -> Dimension:
    (_, base), (exponent, of_exponent) = call.parts
    if of_exponent is not DIMENSIONLESS:
        text = words(exponent, of_exponent)
        raise mismatch(f"The exponent of a power has to be dimensionless but was {text}", of_exponent)
    if base is DIMENSIONLESS:
        return DIMENSIONLESS
    if np.size(exponent) != 1:
        raise WrongType(
            "The exponent of a quantity has to be one number, not an array: the elements of the result would have "
            "different units"
        )
    return raised(base, float(np.asarray(exponent).item()))


def gated(call: Application) -> Dimension:
    """heaviside(x, value at zero), which is the pure number 0 or 1 elsewhere."""
    (x, _), (_, dim) = call.parts
    if dim is not DIMENSIONLESS and not is_zero(x):
        raise mismatch("The value of heaviside at zero has to be a pure number", dim)
    return dim


def _rows(rule: AnyRule, names: str) -> dict[str, AnyRule]:
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, Rule] = {
    **_rows(matching, "add subtract hypot remainder fmod nextafter"),
    **_rows(ordering, "maximum minimum fmax fmin"),
    **_rows(comparing, "less less_equal greater greater_equal equal not_equal"),
    **_rows(ratio, "arctan2"),
    **_rows(quotient_and_remainder, "divmod"),
    **_rows(first, "positive negative absolute fabs conjugate rint floor ceil trunc spacing copysign ldexp"),
    **_rows(number, "isfinite isinf isnan signbit sign logical_and logical_or logical_xor logical_not"),
    **_rows(product, "multiply matmul vecdot matvec vecmat"),
    **_rows(quotient, "divide floor_divide"),
    **_rows(to_the(0.5), "sqrt"),
    **_rows(to_the(1 / 3), "cbrt"),
    **_rows(to_the(2.0), "square"),
    **_rows(to_the(-1.0), "reciprocal"),
    **_rows(power, "power float_power"),
    **_rows(gated, "heaviside"),
    **_rows(
        pure,
        "exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos arctan sinh cosh tanh "
        "arcsinh arccosh arctanh degrees radians deg2rad rad2deg modf frexp",
    ),
}  # fmt: skip


def outcome(ufunc: np.ufunc, parts: tuple[Part, ...]) -> Outcome:
    """The dimension of ``ufunc(*parts)``. WrongType for a ufunc without a rule, unless nothing has a dimension."""
    rule = RULES.get(ufunc.__name__)
    if rule is None:
        if all(dim is DIMENSIONLESS for _, dim in parts):
            return DIMENSIONLESS
        raise WrongType(f"{ufunc.__name__} has no meaning for values with units",
                        help="divide by the unit first, e.g. x/mV")
    return rule(Application(ufunc.__name__, parts))


_REDUCIBLE = {
    **_rows(first, "add subtract maximum minimum fmax fmin hypot"),
    **_rows(number, "logical_and logical_or logical_xor"),
}


def outcome_of_reduction(ufunc: np.ufunc, method: str, part: Part, count: int | None) -> Dimension:
    """The dimension of ``ufunc.reduce`` and its kin over ``count`` elements; ``count`` None: not the same
    everywhere."""
    _, dim = part
    if dim is DIMENSIONLESS:
        return dim
    rule = _REDUCIBLE.get(ufunc.__name__)
    if rule is not None:
        return rule(Application(ufunc.__name__, (part,)))
    if ufunc.__name__ == "multiply" and method == "reduce" and count is not None:
        return raised(dim, float(count))
    raise WrongType(
        f"{ufunc.__name__}.{method} has no meaning for values with units: its elements would have different units",
        help="divide by the unit first, e.g. x/mV",
    )
