"""Sums and products over trees that fold zeros and ones, so that solutions stay as short as a person would write
them."""
from __future__ import annotations

from collections.abc import Iterable

from brainsim.language.trees import Call, Number, Op, Tree

ZERO, ONE = Number(0), Number(1)


def is_number(tree: Tree, value: float) -> bool:
    """Is this the literal ``value``?"""
    return isinstance(tree, Number) and tree.value == value


def add(a: Tree, b: Tree) -> Tree:
    """``a + b``"""
    match a, b:
        case Number(x), Number(y):
            return Number(x + y)
        case _, Op("neg", (y,)):
            return subtract(a, y)
    if is_number(a, 0):
        return b
    return a if is_number(b, 0) else Op("+", (a, b))


def subtract(a: Tree, b: Tree) -> Tree:
    """``a - b``"""
    match a, b:
        case Number(x), Number(y):
            return Number(x - y)
        case _, Op("neg", (y,)):
            return add(a, y)
    if is_number(a, 0):
        return negative(b)
    if is_number(b, 0):
        return a
    return ZERO if a == b else Op("-", (a, b))


def negative(a: Tree) -> Tree:
    """``-a``"""
    match a:
        case Number(x):
            return Number(-x)
        case Op("neg", (x,)):
            return x
        case Op("-", (x, y)):
            return Op("-", (y, x))
    return Op("neg", (a,))


def multiply(a: Tree, b: Tree) -> Tree:
    """``a * b``"""
    match a, b:
        case Number(x), Number(y):
            return Number(x * y)
        case Op("neg", (x,)), _:
            return negative(multiply(x, b))
        case _, Op("neg", (y,)):
            return negative(multiply(a, y))
        case Op("/", (Number(1), divisor)), _:
            return divide(b, divisor)
        case _, Op("/", (Number(1), divisor)):
            return divide(a, divisor)
    if is_number(a, 0) or is_number(b, 0):
        return ZERO
    for one, other in ((a, b), (b, a)):
        if is_number(one, 1):
            return other
        if is_number(one, -1):
            return negative(other)
    return Op("*", (a, b))


def divide(a: Tree, b: Tree) -> Tree:
    """``a / b``"""
    if isinstance(a, Op) and a.op == "neg":
        return negative(divide(a.args[0], b))
    if isinstance(a, Number) and a.value < 0:
        return negative(divide(Number(-a.value), b))
    if is_number(a, 0):
        return ZERO
    return a if is_number(b, 1) else Op("/", (a, b))


def total(trees: Iterable[Tree]) -> Tree:
    """The sum of all."""
    result: Tree = ZERO
    for tree in trees:
        result = add(result, tree)
    return result


def product(trees: Iterable[Tree]) -> Tree:
    """The product of all."""
    result: Tree = ONE
    for tree in trees:
        result = multiply(result, tree)
    return result


def select(condition: Tree, yes: Tree, no: Tree) -> Tree:
    """``yes`` where the condition holds, else ``no``"""
    return yes if yes == no else Op("select", (condition, yes, no))


def less(a: Tree, b: Tree) -> Tree:
    """``a < b``"""
    return Op("<", (a, b))


def call(function: str, *args: Tree) -> Tree:
    """A function applied; ``exp(0)`` and ``exprel(0)`` are 1."""
    if function in ("exp", "exprel") and is_number(args[0], 0):
        return ONE
    return Call(function, args)
