"""Exact integration of systems whose equations all need each other, by Newton's form of the matrix exponential.

exp(A) = sum over k of exp[z1 ... zk+1] * (A - z1) ... (A - zk) for the eigenvalues z of A (Higham, Functions of
Matrices, 2008, section 10.4.3). SymPy only factors the characteristic polynomial; the rest is `differences`.
"""
from __future__ import annotations

from functools import lru_cache

from brainsim.integrators.affine import is_zero, shorter, surely_negative
from brainsim.integrators.differences import conjugate, difference
from brainsim.integrators.linear import Linear, refuse
from brainsim.integrators.store import stored
from brainsim.integrators.system import Steps, System
from brainsim.integrators.terms import (
    ONE,
    ZERO,
    add,
    divide,
    multiply,
    negative,
    subtract,
    total,
)
from brainsim.language.expressions import to_text
from brainsim.language.trees import Name, Number, Tree
from brainsim.model.algebra import factors_of_characteristic

Matrix = list[list[Tree]]


def newton(system: System, form: Linear, step: Tree, steps: Steps) -> dict[str, Tree]:
    """The value of each variable after ``step``; refuses systems whose eigenvalues have no short closed form."""
    rates, pairs = _eigenvalues(system, form)
    variables = [x for x, _ in system.equations]
    state: list[Tree] = [Name(x) for x in variables]
    matrix = [[multiply(form.rate(x, y), step) for y in variables] for x in variables]
    if any(not is_zero(form.input[x]) for x in variables):
        matrix = [[*row, multiply(form.input[x], step)] for x, row in zip(variables, matrix)] + [[ZERO] *
                                                                                                 (len(variables) + 1)]
        state.append(ONE)
        rates.append(Number(0.0))
    matrix = [[steps.let("_a", shorter(e)) for e in row] for row in matrix]
    points = [steps.let("_rate", shorter(multiply(rate, step))) for rate in rates]
    exponential = _newton_form(matrix, points, [_scaled(pair, step) for pair in pairs], steps)
    return {x: total(multiply(e, s) for e, s in zip(row, state)) for x, row in zip(variables, exponential)}


def _scaled(pair: tuple[Tree, Tree], step: Tree) -> tuple[Tree, Tree]:
    middle, square = pair
    return multiply(middle, step), multiply(square, multiply(step, step))


def _eigenvalues(system: System, form: Linear) -> tuple[list[Tree], list[tuple[Tree, Tree]]]:
    """Real eigenvalues, and pairs ``middle ± sqrt(square)``: at most one."""
    rates: list[Tree] = []
    pairs: list[tuple[Tree, Tree]] = []
    for block in form.blocks:
        if len(block) == 1:
            rates.append(form.rate(block[0], block[0]))
            continue
        for factor in _factors(form, block):
            if len(factor) == 1:
                rates.append(negative(factor[0]))
            else:
                pairs.append(_pair(factor))
            if len(factor) > 2 or len(pairs) > 1:
                raise refuse(system, block[0], f"has no short closed form: {', '.join(block)} need each other")
    if len(rates) + 2 * len(pairs) != len(system.equations):
        raise refuse(system, system.equations[0][0], "has no short closed form")
    return rates, pairs


def _pair(factor: tuple[Tree, ...]) -> tuple[Tree, Tree]:
    half = divide(factor[0], Number(2))
    return negative(half), shorter(subtract(multiply(half, half), factor[1]))


def _factors(form: Linear, block: tuple[str, ...]) -> list[tuple[Tree, ...]]:
    return _factors_of(tuple(tuple(form.rate(x, y) for y in block) for x in block))


@lru_cache(maxsize=100)
def _factors_of(matrix: tuple[tuple[Tree, ...], ...]) -> list[tuple[Tree, ...]]:
    question = "characteristic polynomial of\n" + "\n".join(" ; ".join(to_text(e) for e in row) for row in matrix)
    return stored(question, lambda: factors_of_characteristic(matrix))


def check_blocks(system: System, form: Linear) -> None:
    """Refuse larger blocks with a drift or a certain oscillation, as `linear.must_have_decay` does for small ones."""
    for block in form.blocks:
        if len(block) > 2:
            for factor in _factors(form, block):
                if is_zero(factor[-1]) or (len(factor) == 2 and surely_negative(_pair(factor)[1])):
                    raise refuse(system, block[0], "drifts or oscillates: an eigenvalue is zero or complex")


def _newton_form(matrix: Matrix, points: list[Tree], pairs: list[tuple[Tree, Tree]], steps: Steps) -> Matrix:
    power = _unit(len(matrix))
    result: Matrix = [[ZERO for _ in row] for row in matrix]
    for k, point in enumerate(points):
        result = _plus(result, difference(points[:k + 1], steps), power)
        if k + 1 < len(points) or pairs:
            power = _times(_minus(matrix, point), power, steps)
    for middle, square in pairs:
        mean, slope = conjugate(points, middle, square, steps)
        result = _plus(result, mean, power)
        result = _plus(result, slope, _times(_minus(matrix, steps.let("_middle", middle)), power, steps))
    return [[steps.let("_e", e) for e in row] for row in result]


def _unit(size: int) -> Matrix:
    return [[ONE if i == j else ZERO for j in range(size)] for i in range(size)]


def _minus(matrix: Matrix, value: Tree) -> Matrix:
    return [[subtract(e, value) if i == j else e for j, e in enumerate(row)] for i, row in enumerate(matrix)]


def _times(a: Matrix, b: Matrix, steps: Steps) -> Matrix:
    return [[steps.let("_p", total(multiply(x, row[j]) for x, row in zip(left, b))) for j in range(len(b))]
            for left in a]


def _plus(a: Matrix, factor: Tree, b: Matrix) -> Matrix:
    return [[add(x, multiply(factor, y)) for x, y in zip(left, right)] for left, right in zip(a, b)]
