"""Statements of the update program: a handful of effects."""
from __future__ import annotations

from dataclasses import dataclass

from brainsim.ir.expressions import Expr


@dataclass(frozen=True, slots=True)
class Statement:
    """One effect."""


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """A local value; a second `Let` of one name replaces the first."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Store(Statement):
    """``array[index] op value`` with op one of ``= += -= *= /= //= %= **=``."""

    array: str
    index: Expr
    op: str
    value: Expr
    dtype: str


@dataclass(frozen=True, slots=True)
class Append(Statement):
    """Add a value at the end of one slot of a queue."""

    queue: str
    slot: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Clear(Statement):
    """Empty one slot of a queue."""

    queue: str
    slot: Expr


@dataclass(frozen=True, slots=True)
class If(Statement):
    """Statements for the elements where the condition holds."""

    condition: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class While(Statement):
    """Statements repeated, for each element by itself, as long as the condition holds.

    What one round leaves to the next are locals set before the loop; the program sees to it that the condition ends.
    """

    condition: Expr
    body: tuple[Statement, ...]
