"""Exact integration of linear equations over one step.

The matrix exponential of a (block-)triangular system is a sum over the paths by which one variable acts on another: the
product of the couplings on the way times the divided difference of exp over the rates met (Davis 1973; Descloux 1963).
Most neural models are such: membrane ← conductance ← its source. A block of two variables is the function of a 2x2
matrix; larger blocks go to `newton`.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from brainsim.integrators.affine import common_factor, is_zero, quotient, shorter
from brainsim.integrators.differences import conjugate, difference
from brainsim.integrators.linear import Linear, linear, must_have_decay, without
from brainsim.integrators.newton import check_blocks, newton
from brainsim.integrators.system import (
    DT,
    NOT_REFRACTORY,
    Steps,
    System,
    Update,
    assignments,
)
from brainsim.integrators.terms import (
    ZERO,
    add,
    call,
    is_number,
    multiply,
    negative,
    product,
    select,
    subtract,
    total,
)
from brainsim.language.trees import Name, Number, Tree

MOST_PATHS = 300


def exact(system: System, *, extended: bool = False, step: Tree = DT) -> Update:
    """The closed-form solution after ``step``. Refuses what `linear` refuses and, unless ``extended``, drifts and
    oscillators."""
    steps = Steps()
    free = linear(system)
    if not extended:
        must_have_decay(system, free)
        check_blocks(system, free)
    new = solution(system, free, step, steps)
    waiting = _affected(free, system.conditional)
    if waiting:
        held = without(system, system.conditional)
        still = solution(held, linear(held), step, steps)
        new |= {x: select(NOT_REFRACTORY, new[x], still[x]) for x in waiting}
    for x, value in new.items():
        new[x] = steps.fresh(f"_{x}_new", value)
    return Update((*steps.statements, *assignments(system, new)), "exact")


def _affected(form: Linear, conditional: frozenset[str]) -> tuple[str, ...]:
    """The unflagged variables that feel, through any chain, whether the flagged ones stand still."""
    affected = set(conditional & form.rates.keys())
    while True:
        more = {x for x, row in form.rates.items() if affected & row.keys()} - affected
        if not more:
            return tuple(x for x in form.rates if x in affected and x not in conditional)
        affected |= more


def solution(system: System, form: Linear, step: Tree, steps: Steps) -> dict[str, Tree]:
    """The value of each variable after ``step``; what does not depend on the state goes to ``steps`` as temporaries."""
    if form.is_tangled or _count_paths(form) > MOST_PATHS:
        return newton(system, form, step, steps)
    return _PathSum(system, form, step, steps).solve()


def _count_paths(form: Linear) -> int:
    ways: dict[str, int] = {}
    for block in form.blocks:
        outside = sum(ways[y] for x in block for y in form.rates[x] if y not in block)
        ways |= {x: len(block) * (1 + outside) for x in block}
    return max(ways.values(), default=0)


@dataclass(frozen=True)
class _PathSum:
    system: System
    form: Linear
    step: Tree
    steps: Steps

    def solve(self) -> dict[str, Tree]:
        rest, inputs = self._resting_states()
        return {x: self._new_value(x, rest, inputs) for x, _ in self.system.equations}

    def _resting_states(self) -> tuple[dict[str, Tree], dict[str, Tree]]:
        """Where a variable's input is a clean multiple of its rate, measure it from its resting state: the input
        disappears.

        Returned are the resting states found, and the inputs left of the other variables.
        """
        rest: dict[str, Tree] = {}
        inputs: dict[str, Tree] = {}
        for block in self.form.blocks:
            given = {x: self._given(x, rest) for x in block}
            if all(is_zero(g) for g in given.values()):
                continue
            states = self._rest_of_pair(block, given) if len(block) == 2 else self._rest_of_one(block[0], given)
            if states is None:
                inputs |= {x: g for x, g in given.items() if not is_zero(g)}
            else:
                rest |= states
        return rest, inputs

    def _given(self, x: str, rest: Mapping[str, Tree]) -> Tree:
        """The constant part of the equation once what it depends on is measured from rest."""
        return total(
            (self.form.input[x], *(multiply(rate, rest[y]) for y, rate in self.form.rates[x].items() if y in rest)))

    def _rest_of_one(self, x: str, given: Mapping[str, Tree]) -> dict[str, Tree] | None:
        state = quotient(negative(given[x]), self.form.rate(x, x))
        return None if state is None else {x: state}

    def _rest_of_pair(self, pair: tuple[str, ...], given: Mapping[str, Tree]) -> dict[str, Tree] | None:
        """Cramer's rule, where the determinant cancels."""
        x, y = pair
        determinant = self.form.determinant((x, y))
        rate = self.form.rate
        top = {a: subtract(multiply(given[b], rate(a, b)), multiply(given[a], rate(b, b))) for a, b in ((x, y), (y, x))}
        states = {a: ZERO if is_zero(t) else common_factor(t, determinant) for a, t in top.items()}
        known = {a: state for a, state in states.items() if state is not None}
        return known if len(known) == len(states) else None

    def _new_value(self, x: str, rest: Mapping[str, Tree], inputs: Mapping[str, Tree]) -> Tree:
        def from_rest(y: str) -> Tree:
            return subtract(Name(y), rest.get(y, ZERO))

        gains = self._gains(x, inputs)
        value = rest.get(x, ZERO)
        if len(self.form.block_of(x)) == 1:
            value = add(value, self._alone(x, from_rest(x), inputs.get(x, ZERO)))
        for (y, from_state), gain in gains.items():
            if from_state:
                gain = self.steps.let(f"_{x}_from_{y}", shorter(gain))
                value = add(value, multiply(gain, from_rest(y)))
            else:
                gain = self.steps.let(f"_{x}_per_input", gain)
                value = add(value, self.steps.let(f"_{x}_input", multiply(gain, inputs[y])))
        return value

    def _alone(self, x: str, state: Tree, given: Tree) -> Tree:
        """The variable's own decay from ``state``, and what its own constant input adds."""
        rate = self.form.rate(x, x)
        if is_zero(rate):
            return add(state, multiply(self.step, given))
        turned = self._rate(x)
        if is_number(given, 0):
            return multiply(self.steps.let(f"_{x}_decay", call("exp", turned)), state)
        alone = not self.form.rates[x].keys() - {x}
        slope = dict(self.system.equations)[x] if alone else add(multiply(rate, state), given)
        return add(state, multiply(self.steps.let(f"_{x}_share", multiply(self.step, call("exprel", turned))), slope))

    def _scaled(self, rate: Tree) -> Tree:
        return shorter(multiply(rate, self.step))

    def _rate(self, x: str) -> Tree:
        """The rate of a variable per step, dimensionless; equal rates have one name."""
        rate = self.form.rate(x, x)
        for y in self.form.rates:
            if is_zero(subtract(rate, self.form.rate(y, y))):
                return self.steps.let(f"_{y}_rate", self._scaled(self.form.rate(y, y)))
        return rate

    def _gains(self, x: str, inputs: Mapping[str, Tree]) -> dict[tuple[str, bool], Tree]:
        """What a unit of each variable's state (True) or of its constant input (False) adds to ``x`` after the step."""
        gains: dict[tuple[str, bool], Tree] = {}
        for path in self._paths(x):
            source = path[-1][1]
            self._collect(gains, (source, True), path, ())
            if source in inputs:
                self._collect(gains, (source, False), path, (Number(0.0),))
        return gains

    def _collect(self, gains: dict, key: tuple[str, bool], path: tuple, more: tuple[Tree, ...]) -> None:
        if len(path) == 1 and path[0][0] == path[0][1] and len(self.form.block_of(path[0][0])) == 1:
            return  # a variable's own decay: see _alone
        gains[key] = add(gains.get(key, ZERO), self._weight(path, more))

    def _paths(self, x: str) -> Iterator[tuple[tuple[str, str], ...]]:
        """Each way something reaches ``x``: pairs (where the way leaves a block, where it enters it), ``x``'s own block
        first."""
        block = self.form.block_of(x)
        for y in block:
            yield ((x, y),)
            for z in self.form.rates[y]:
                if z not in block:
                    for onward in self._paths(z):
                        yield ((x, y), *onward)

    def _weight(self, path: tuple[tuple[str, str], ...], more: tuple[Tree, ...]) -> Tree:
        """Product of the couplings times the divided difference of the rates on the way; ``more`` rate 0 for a constant
        input."""
        couplings = [multiply(self.form.rate(a[1], b[0]), self.step) for a, b in zip(path, path[1:])]
        couplings += [self.step] if more else []
        points = (*(self._rate(x) for x, _ in path if len(self.form.block_of(x)) == 1), *more)
        double = [hop for hop in path if len(self.form.block_of(hop[0])) == 2]
        value = self._of_pair(double[0], points) if double else difference(points, self.steps)
        return multiply(shorter(product(couplings)), value)

    def _of_pair(self, hop: tuple[str, str], points: tuple[Tree, ...]) -> Tree:
        """The entry of the matrix function exp[points, .] of a block of two: mean + slope * (matrix - middle)."""
        x, y = self.form.block_of(hop[0])
        middle = multiply(Number(0.5), self._scaled(add(self.form.rate(x, x), self.form.rate(y, y))))
        square = multiply(shorter(self.form.discriminant((x, y))), multiply(self.step, self.step))
        mean, slope = conjugate(points, middle, square, self.steps)
        if hop[0] != hop[1]:
            return multiply(slope, self._scaled(self.form.rate(*hop)))
        apart = subtract(self._scaled(self.form.rate(hop[0], hop[0])), middle)
        return add(mean, multiply(slope, shorter(apart)))
