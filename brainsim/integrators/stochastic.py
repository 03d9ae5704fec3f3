"""White noise: how it enters the equations, what kind it is, and Milstein's method for noise that depends on its own
variable."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from brainsim.integrators.affine import affine
from brainsim.integrators.linear import refuse
from brainsim.integrators.system import (
    DT,
    Steps,
    System,
    Update,
    assignments,
    changing,
    draws,
)
from brainsim.integrators.terms import add, divide, multiply, subtract
from brainsim.language.trees import (
    Assign,
    Call,
    Name,
    Number,
    Op,
    Tree,
    names,
    substitute,
)

ROOT_DT = Op("**", (DT, Number(0.5)))


@dataclass(frozen=True)
class Noisy:
    """dx = drift * dt + sum(noise[name] * dW_name)."""

    drift: Tree
    noise: dict[str, Tree]


def split(system: System, x: str, rhs: Tree) -> Noisy:
    """Drift and noise terms of one equation; refuses noise that does not enter linearly."""
    if not any(name in names(rhs) for name in system.noises):
        return Noisy(rhs, {})
    found = affine(rhs, frozenset(system.noises))
    if found is None:
        raise refuse(system, x, "is not linear in its noise")
    return Noisy(found.rest, dict(found.coefficients))


def noise_type(system: System) -> Literal["none", "additive", "multiplicative"]:
    """Additive when no noise is scaled by a differential variable or by anything else that changes during a step."""
    if not system.noises:
        return "none"
    scales = [g for x, rhs in system.equations for g in split(system, x, rhs).noise.values()]
    return "multiplicative" if any(changing(system, g) or draws(system, g) for g in scales) else "additive"


def is_diagonal(system: System) -> bool:
    """Has each noise one equation, each equation one noise, and scales no noise a variable that another noise
    drives?"""
    noisy = {x: split(system, x, rhs).noise for x, rhs in system.equations}
    used = [name for noise in noisy.values() for name in noise]
    driven = {x for x, noise in noisy.items() if noise}
    own = all(not (changing(system, g) & driven) - {x} for x, noise in noisy.items() for g in noise.values())
    return own and len(used) == len(set(used)) and all(len(noise) <= 1 for noise in noisy.values())


def increments_of_noise(system: System) -> tuple[Assign, ...]:
    """``_xi = dt**0.5 * randn()`` for each noise: its integral over the step, drawn once."""
    return tuple(Assign(f"_{name}", "=", Op("*", (ROOT_DT, Call("randn", ())))) for name in system.noises)


def increment(system: System, x: str, rhs: Tree, steps: Steps) -> Tree:
    """What the right-hand side adds over the step: ``dt * drift + noise * dW``; each random function is called once."""
    if system.noises and draws(system, rhs):
        rhs = bound_draws(system, rhs, steps)
    parts = split(system, x, rhs)
    total = multiply(DT, parts.drift)
    for name, scale in parts.noise.items():
        total = add(total, multiply(scale, Name(f"_{name}")))
    return total


def bound_draws(system: System, rhs: Tree, steps: Steps) -> Tree:
    """The right-hand side with every call of a random function made now, so that its value may be used twice."""
    match rhs:
        case Op(op, args, span):
            return Op(op, tuple(bound_draws(system, a, steps) for a in args), span)
        case Call(function, args, span):
            call = Call(function, tuple(bound_draws(system, a, steps) for a in args), span)
            return steps.fresh("_drawn", call) if function in system.stateful else call
    return rhs


def moves_others(system: System) -> bool:
    """Does an equation without the flag (unless refractory) contain a variable that has it?"""
    return any(names(rhs) & system.conditional for x, rhs in system.equations if x not in system.conditional)


def milstein(system: System) -> Update:
    """Milstein's method without derivatives, in the sense of Stratonovich, strong order 1 (Milstein 1974).

    The derivative of the noise along itself is a central difference over ``sqrt(dt)``: a one-sided one would be biased
    by ``dt**1.5`` a step and so lose half an order. Refuses noise that is not diagonal.
    """
    if not is_diagonal(system):
        why = "has noise that is not diagonal: it is shared or scaled by another noisy variable"
        raise refuse(system, _first_noisy(system), why, "method='heun' takes any noise")
    steps = Steps()
    steps.statements.extend(increments_of_noise(system))
    new = {
        x: _milstein_step(x, split(system, x, bound_draws(system, rhs, steps)), steps) for x, rhs in system.equations
    }
    new = {x: steps.fresh(f"_{x}_new", value) for x, value in new.items()}
    return Update((*steps.statements, *assignments(system, new)), "milstein")


def _milstein_step(x: str, parts: Noisy, steps: Steps) -> Tree:
    value = add(Name(x), multiply(DT, parts.drift))
    for name, scale in parts.noise.items():
        noise = Name(f"_{name}")
        here = steps.fresh(f"_{x}_noise", scale)
        value = add(value, multiply(here, noise))
        if x in names(scale):
            shift = steps.fresh(f"_{x}_shift", multiply(here, ROOT_DT))
            up, down = (substitute(scale, {x: moved}) for moved in (add(Name(x), shift), subtract(Name(x), shift)))
            slope = divide(subtract(up, down), multiply(Number(4.0), ROOT_DT))
            value = add(value, multiply(slope, multiply(noise, noise)))
    return value


def _first_noisy(system: System) -> str:
    return next(x for x, rhs in system.equations if any(n in names(rhs) for n in system.noises))
