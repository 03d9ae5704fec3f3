"""Text of an expression to a tree, and a tree back to its canonical text."""
from __future__ import annotations

import ast
import math
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

from brainsim.errors import BrainsimError, Source, Span, WrongSyntax
from brainsim.language.refusals import explain_character, explain_failure, explain_node
from brainsim.language.scan import on_one_line, trimmed
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, While
from brainsim.stages import stage

_BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.And: "and", ast.Or: "or",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}
_UNARY = {ast.USub: "neg", ast.Not: "not"}


@dataclass(frozen=True, slots=True)
class _Parsing:
    """What is read (``text``, one line, standing at ``start`` of ``source``) and how a refusal is raised."""

    source: Source
    start: int
    text: str
    error: type[BrainsimError]
    allow_select: bool

    def span(self, node: ast.expr) -> Span:
        return self.between(node.col_offset, node.end_col_offset or node.col_offset + 1)

    def between(self, start: int, stop: int) -> Span:
        return Span(self.source, self.start + start, self.start + stop)

    def refuse(self, node: ast.expr) -> BrainsimError:
        return self.wrong(*explain_node(node, self.text))

    def wrong(self, what: str, start: int, stop: int, help: str) -> BrainsimError:
        found = " ".join(self.text[start:stop].split())
        return self.error(what, at=self.between(start, stop), found=repr(found) if found else "", help=help)


@stage("parse")
@lru_cache(maxsize=4096)
def parse_expression(source: Source, error: type[BrainsimError] = WrongSyntax, allow_select: bool = False) -> Tree:
    """The tree of a whole source; refuses with ``error``.

    ``and`` and ``or`` have two arguments each, grouped from the left; ``+x`` is ``x``; ``select(c, a, b)`` is read only
    when the text comes from `to_text`.
    """
    return parse_part(source, 0, len(source.text), error, allow_select)


def parse_part(
    source: Source, start: int, stop: int, error: type[BrainsimError] = WrongSyntax, allow_select: bool = False
) -> Tree:
    """The tree of ``source.text[start:stop]``, with spans in the whole source."""
    flat = on_one_line(source.text[start:stop])
    first, last = trimmed(flat, 0, len(flat))
    reading = _Parsing(source, start + first, flat[first:last], error, allow_select)
    try:
        return _tree(_python(reading).body, reading)
    except (RecursionError, MemoryError):
        raise error("The expression is nested too deeply", at=reading.between(0, 1)) from None


def _python(reading: _Parsing) -> ast.Expression:
    if not reading.text.isascii():
        raise reading.wrong(*explain_character(reading.text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(reading.text, mode="eval")
    except (SyntaxError, ValueError) as failure:
        raise reading.wrong(*explain_failure(reading.text, failure)) from None


def _tree(node: ast.expr, reading: _Parsing) -> Tree:
    span = reading.span(node)
    match node:
        case ast.Constant(value=bool() | int() | float() as value) if math.isfinite(value):
            return Number(value, span)
        case ast.Name(id=name):
            return Name(name, span)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _tree(operand, reading)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return Op(_UNARY[type(op)], (_tree(operand, reading),), span)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return Op(_BINARY[type(op)], (_tree(left, reading), _tree(right, reading)), span)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _BINARY:
            return Op(_BINARY[type(op)], (_tree(left, reading), _tree(right, reading)), span)
        case ast.BoolOp(op=op, values=values):
            return _from_the_left(_BINARY[type(op)], values, reading)
        case ast.Call(func=ast.Name(id="select"), args=[_, _, _] as args, keywords=[]) if reading.allow_select:
            return Op("select", tuple(_tree(a, reading) for a in args), span)
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function != "select":
            return Call(function, tuple(_tree(a, reading) for a in args), span)
    raise reading.refuse(node)


def _from_the_left(op: str, values: list[ast.expr], reading: _Parsing) -> Tree:
    tree = _tree(values[0], reading)
    start = reading.span(values[0]).start
    for value in values[1:]:
        tree = Op(op, (tree, _tree(value, reading)), replace(reading.span(value), start=start))
    return tree


# How tightly each operator binds, and how tightly its left and right operands must bind to go without parentheses.
_BINDING = {
    "or": (1, 1, 2), "and": (2, 2, 3),
    "<": (4, 5, 5), "<=": (4, 5, 5), ">": (4, 5, 5), ">=": (4, 5, 5), "==": (4, 5, 5), "!=": (4, 5, 5),
    "+": (5, 5, 6), "-": (5, 5, 6),
    "*": (6, 6, 7), "/": (6, 6, 7), "//": (6, 6, 7), "%": (6, 6, 7),
    "**": (8, 9, 7),
}
_NOT, _NEG, _ATOM = 3, 7, 9
_TIGHT = {"*", "/", "//", "%", "**"}


def to_text(tree: Tree) -> str:
    """The canonical text, with no parentheses but those needed; parses back to an equal tree."""
    return _written(tree)[0]


def statement_text(statement: Assign | While, pad: str = "") -> str:
    """A statement as text, a loop with its body indented."""
    if isinstance(statement, While):
        return "\n".join(
            [f"{pad}while {to_text(statement.condition)}:", *(statement_text(s, pad + "    ") for s in statement.body)])
    return f"{pad}{statement.target} {statement.op} {to_text(statement.value)}"


def _written(tree: Tree) -> tuple[str, int]:
    """Text, and how tightly it binds."""
    match tree:
        case Number(value):
            return repr(value), _ATOM if value >= 0 else _NEG
        case Name(name):
            return name, _ATOM
        case Call(function, args):
            return f"{function}({', '.join(map(to_text, args))})", _ATOM
        case Op("select", args):
            return f"select({', '.join(map(to_text, args))})", _ATOM
        case Op("neg", (operand,)):
            return f"-{_enclosed(operand, _NEG)}", _NEG
        case Op("not", (operand,)):
            return f"not {_enclosed(operand, _NOT)}", _NOT
        case Op(op, (left, right)):
            own, from_left, from_right = _BINDING[op]
            space = "" if op in _TIGHT else " "
            return f"{_enclosed(left, from_left)}{space}{op}{space}{_enclosed(right, from_right)}", own
    raise TypeError(f"no text for {tree!r}")


def _enclosed(tree: Tree, needed: int) -> str:
    text, binding = _written(tree)
    return text if binding >= needed else f"({text})"
