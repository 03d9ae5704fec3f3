"""Explicit Runge–Kutta methods from their tableaus. A further method is one more row of `TABLEAUS`."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brainsim.integrators.linear import refuse
from brainsim.integrators.stochastic import increment, increments_of_noise, moves_others, noise_type
from brainsim.integrators.system import (
    DT,
    NOT_REFRACTORY,
    Steps,
    System,
    Update,
    assignments,
    change_outside,
)
from brainsim.integrators.terms import add, multiply, select, total
from brainsim.language.trees import Name, Number, Tree, names

T = Name("t")


@dataclass(frozen=True)
class Tableau:
    """Stage times, stage weights (lower triangle) and final weights (Butcher 1964); ``takes`` the kinds of noise."""

    times: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    takes: frozenset[str]


TABLEAUS: Mapping[str, Tableau] = {
    # Euler 1768; with noise Maruyama 1955
    "euler":
    Tableau((0,), ((),), (1,), frozenset({"none", "additive"})),
    # the midpoint method, Runge 1895
    "rk2":
    Tableau((0, 1 / 2), ((), (1 / 2,)), (0, 1), frozenset({"none"})),
    # the classical method, Kutta 1901
    "rk4":
    Tableau((0, 1 / 2, 1 / 2, 1), ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6),
            frozenset({"none"})),
    # Heun 1900; with noise in the sense of Stratonovich, Rümelin 1982
    "explicit_trapezoidal":
    Tableau((0, 1), ((), (1,)), (1 / 2, 1 / 2), frozenset({"none", "additive", "multiplicative"})),
}


def runge_kutta(system: System, method: str) -> Update:
    """One step of a method of `TABLEAUS`. Refuses kinds of noise that the method does not converge for."""
    tableau = TABLEAUS[method]
    kind = noise_type(system)
    if kind not in tableau.takes:
        raise refuse(system, system.equations[0][0],
                     f"belongs to a system with {kind} noise, which '{method}' does not take",
                     "method='heun' takes any noise")
    steps = Steps()
    steps.statements.extend(increments_of_noise(system))
    state: dict[str, Tree] = {x: Name(x) for x, _ in system.equations}
    increments: list[dict[str, Tree]] = []
    for stage, (time, weights) in enumerate(zip(tableau.times, tableau.stages)):
        here = state if not any(weights) else _stage_state(system, weights, increments, stage, steps)
        last = stage == len(tableau.times) - 1
        increments.append({
            x:
            _stage_increment(system, x, rhs, here, time, stage, last and len(tableau.times) == 1, steps)
            for x, rhs in system.equations
        })
    new = {x: steps.fresh(f"_{x}_new", add(state[x], _weighted(tableau.weights, increments, x))) for x in state}
    return Update((*steps.statements, *assignments(system, new)), method)


def _stage_state(
    system: System, weights: tuple[float, ...], increments: list[dict[str, Tree]], stage: int, steps: Steps
) -> dict[str, Tree]:
    """Temporaries for the state at a stage, of the variables that some equation reads."""
    read = {name for _, rhs in system.equations for name in names(rhs)}
    return {x: steps.fresh(f"_{x}_{stage + 1}", add(Name(x), _weighted(weights, increments, x)))
            for x, _ in system.equations if x in read}


def _stage_increment(
    system: System, x: str, rhs: Tree, state: Mapping[str, Tree], time: float, stage: int, only: bool, steps: Steps
) -> Tree:
    """``dt * f`` plus noise at a stage; a flagged variable on which unflagged ones depend stands still while
    refractory."""
    moved = T if time == 0 else add(T, multiply(Number(float(time)), DT))

    def change(node: Tree) -> Tree:
        if node == T:
            return moved
        return state.get(node.id, node) if isinstance(node, Name) else node

    value = increment(system, x, change_outside(rhs, system.locally_constant, change), steps)
    if x in system.conditional and not only and moves_others(system):
        value = select(NOT_REFRACTORY, value, Number(0.0))
    return value if only else steps.fresh(f"_k_{stage + 1}_{x}", value)


def _weighted(weights: tuple[float, ...], increments: list[dict[str, Tree]], x: str) -> Tree:
    return total(multiply(Number(float(w)), k[x]) for w, k in zip(weights, increments) if w)
