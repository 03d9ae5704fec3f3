"""Expressions to SymPy and back, and the check of their units, for scripts that import them from Brian 2's modules."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainsim.errors import DimensionMismatchError, Source, Unsupported
from brainsim.language.expressions import parse_expression, to_text
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Name, Tree
from brainsim.model.algebra import FUNCTIONS, Conversion
from brainsim.units.check import dimension_of
from brainsim.units.dimensions import Dimension
from brainsim.units.words import unit_text


def str_to_sympy(expr: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The SymPy expression of a text; every name is a real number. `WrongSyntax`; `Unsupported` for what is more than
    arithmetic."""
    conversion = Conversion()
    found = conversion.to_sympy(parse_expression(Source(expr)))
    for symbol in found.free_symbols:
        if not isinstance(part := conversion.to_tree(symbol), Name):
            raise Unsupported(f"'{to_text(part)}' has no form in SymPy here",
                              help=f"arithmetic and {', '.join(FUNCTIONS)} have one")
    return found


def sympy_to_str(sympy_expr: Any) -> str:
    """The text of a SymPy expression made of arithmetic, names and functions of the language; `ValueError` for
    others."""
    conversion = Conversion()
    ours = {symbol: conversion.to_sympy(Name(symbol.name)) for symbol in sympy_expr.free_symbols}
    return to_text(conversion.to_tree(sympy_expr.xreplace(ours)))


def check_dimensions(expression: str, dimensions: Dimension, variables: Mapping[str, Any]) -> None:
    """Refuse an expression that has another unit (`DimensionMismatchError`); ``variables`` have a ``dim``."""
    _demand(parse_expression(Source(expression)), expression, dimensions, _table(variables))


def check_units_statements(code: str, variables: Mapping[str, Any]) -> None:
    """Refuse statements that give a variable another unit (`DimensionMismatchError`); new names take the unit of what
    they are given."""
    table = _table(variables)
    for statement in parse_statements(Source(code, "statements")):
        if statement.target in table:
            _demand(statement.value, to_text(statement.value), table[statement.target], table)
        else:
            table[statement.target] = dimension_of(statement.value, table)


def _table(variables: Mapping[str, Any]) -> dict[str, Dimension]:
    return {name: variable.dim for name, variable in variables.items() if hasattr(variable, "dim")}


def _demand(tree: Tree, text: str, wanted: Dimension, table: Mapping[str, Dimension]) -> None:
    found = dimension_of(tree, table)
    if found is not wanted:
        raise DimensionMismatchError(f"'{text}' has another unit than it should", wanted, found,
                                     found=f"{unit_text(found)}, where {unit_text(wanted)} belongs")
