"""Linear systems in the order they can be solved: coefficients, the groups of equations that need each other, what is
refused."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from brainsim.errors import UnsupportedEquationsException
from brainsim.integrators.affine import affine, is_zero, surely_negative
from brainsim.integrators.system import System, changing, draws
from brainsim.integrators.terms import ZERO, add, multiply, subtract
from brainsim.language.trees import Number, Tree


@dataclass(frozen=True)
class Linear:
    """dx/dt = sum(rates[x][y] * y) + input[x]; ``blocks`` hold the variables that need each other, needed ones
    first."""

    rates: Mapping[str, Mapping[str, Tree]]
    input: Mapping[str, Tree]
    blocks: tuple[tuple[str, ...], ...]

    def rate(self, x: str, y: str) -> Tree:
        """The coefficient of ``y`` in the equation of ``x``."""
        return self.rates[x].get(y, ZERO)

    def block_of(self, x: str) -> tuple[str, ...]:
        """The group of ``x``."""
        return next(block for block in self.blocks if x in block)

    @property
    def is_tangled(self) -> bool:
        """Has it a block of three or more, or a block of two that acts on another block of two?"""
        pairs = [block for block in self.blocks if len(block) == 2]
        chained = any(a != b and _reached(a[0], self.rates) & set(b) for a in pairs for b in pairs)
        return chained or any(len(block) > 2 for block in self.blocks)

    def determinant(self, pair: tuple[str, str]) -> Tree:
        """Of the 2x2 matrix of two equations."""
        x, y = pair
        return subtract(multiply(self.rate(x, x), self.rate(y, y)), multiply(self.rate(x, y), self.rate(y, x)))

    def discriminant(self, pair: tuple[str, str]) -> Tree:
        """The square of half the distance between the eigenvalues of a pair; negative when they are complex."""
        x, y = pair
        half = multiply(Number(0.5), subtract(self.rate(x, x), self.rate(y, y)))
        return add(multiply(half, half), multiply(self.rate(x, y), self.rate(y, x)))


def refuse(system: System, x: str, why: str, help: str = "") -> UnsupportedEquationsException:
    """The error for an equation that a method cannot take; it shows the equation when the text is known."""
    tree = dict(system.equations).get(x)
    return UnsupportedEquationsException(f"the equation of '{x}' {why}", at=tree.span if tree is not None else None,
                                         help=help)


def linear(system: System) -> Linear:
    """The system as a linear one. Refuses noise, random functions, non-linear terms and coefficients that change in a
    step."""
    rates, rest = {}, {}
    for x, rhs in system.equations:
        if system.noises:
            raise refuse(system, x, f"belongs to a system with noise ({', '.join(system.noises)})")
        if draws(system, rhs):
            raise refuse(system, x, "contains a function that gives a new random value at each call")
        found = affine(rhs, system.variables)
        if found is None:
            raise refuse(system, x, "is not linear")
        for part in (*found.coefficients.values(), found.rest):
            moving = sorted(changing(system, part))
            if moving:
                raise refuse(system, x, f"depends on '{moving[0]}', which changes during a step")
        rates[x], rest[x] = found.coefficients, found.rest
    return Linear(rates, rest, _blocks(rates))


def _blocks(rates: Mapping[str, Mapping[str, Tree]]) -> tuple[tuple[str, ...], ...]:
    """Variables that depend on each other (strongly connected), each block after those it depends on."""
    reach = {x: _reached(x, rates) for x in rates}
    blocks = {tuple(y for y in rates if y == x or (y in reach[x] and x in reach[y])) for x in rates}
    order = list(rates)
    return tuple(sorted(blocks, key=lambda block: (len(reach[block[0]] | set(block)), order.index(block[0]))))


def _reached(x: str, rates: Mapping[str, Mapping[str, Tree]]) -> set[str]:
    found, todo = set(), [x]
    while todo:
        for y in rates[todo.pop()]:
            if y not in found:
                found.add(y)
                todo.append(y)
    return found


def must_have_decay(system: System, form: Linear) -> None:
    """Refuse what has no unique resting point or certainly oscillates, as the default choice of methods expects (R51,
    R52)."""
    for block in form.blocks:
        determinant = form.rate(block[0],
                                block[0]) if len(block) == 1 else form.determinant(block) if len(block) == 2 else None
        if determinant is not None and is_zero(determinant):
            raise refuse(system, block[0], "has no unique resting state (its linear part is singular)", EXTENDED)
        if len(block) == 2 and surely_negative(form.discriminant(block)):
            raise refuse(system, block[0], "oscillates: its solution has complex rates", EXTENDED)


EXTENDED = "method='exact' with method_options={'extended': True} takes drifts and oscillators too"


def without(system: System, frozen: frozenset[str]) -> System:
    """The system while some of its variables stand still."""
    moving = tuple((x, rhs) for x, rhs in system.equations if x not in frozen)
    return replace(system, equations=moving, constant=system.constant | frozen)
