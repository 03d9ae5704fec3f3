"""The phrasebook: how each language spells the words of the update program. One row per language."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """Spellings; ``{}`` fields are filled by the writer."""

    types: dict[str, str]
    operators: dict[str, str]
    functions: dict[str, str] = field(default_factory=dict)
    true: str = "1"
    false: str = "0"


C = Words(
    types={"f8": "double", "f4": "float", "i4": "int32_t", "i8": "int64_t", "b1": "uint8_t"},
    operators={
        "+": "({} + {})",
        "-": "({} - {})",
        "*": "({} * {})",
        "/": "({} / {})",
        "neg": "(-{})",
        "not": "(!{})",
        "and": "({} & {})",
        "or": "({} | {})",
        "select": "({} ? {} : {})",
        "<": "({} < {})",
        "<=": "({} <= {})",
        ">": "({} > {})",
        ">=": "({} >= {})",
        "==": "({} == {})",
        "!=": "({} != {})",
    },
    functions={
        "abs": "fabs",
        "arccos": "acos",
        "arccosh": "acosh",
        "arcsin": "asin",
        "arcsinh": "asinh",
        "arctan": "atan",
        "arctanh": "atanh",
        "ceil": "ceil",
        "clip": "bs_clip",
        "cos": "cos",
        "cosh": "cosh",
        "exp": "exp",
        "expm1": "expm1",
        "exprel": "bs_exprel",
        "floor": "floor",
        "log": "log",
        "log10": "log10",
        "log1p": "log1p",
        "sign": "bs_sign",
        "sin": "sin",
        "sinh": "sinh",
        "sqrt": "sqrt",
        "tan": "tan",
        "tanh": "tanh",
        "timestep": "bs_timestep",
        "poisson_from": "bs_poisson",
        "binomial_from": "bs_binomial",
    },
)

NUMPY = Words(
    types={"f8": "f8", "f4": "f4", "i4": "i4", "i8": "i8", "b1": "b1"},
    operators={
        "+": "({} + {})",
        "-": "({} - {})",
        "*": "({} * {})",
        "/": "divide({}, {})",
        "//": "floor_divide({}, {})",
        "%": "mod({}, {})",
        "neg": "(-{})",
        "not": "logical_not({})",
        "and": "logical_and({}, {})",
        "or": "logical_or({}, {})",
        "select": "where({}, {}, {})",
        "<": "({} < {})",
        "<=": "({} <= {})",
        ">": "({} > {})",
        ">=": "({} >= {})",
        "==": "({} == {})",
        "!=": "({} != {})",
    },
    true="True",
    false="False",
)
