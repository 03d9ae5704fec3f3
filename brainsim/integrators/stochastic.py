"""White noise: how it enters the equations, what kind it is, and Milstein's method for noise that depends on its own variable."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from brainsim.integrators.affine import affine
from brainsim.integrators.linear import refuse
from brainsim.integrators.system import DT, Steps, System, Update, assignments, changing, draws
from brainsim.integrators.terms import add, divide, multiply, subtract
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, names, substitute

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
    """Has each noise one equation, each equation one noise, and scales no noise a variable that another noise drives?"""
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
        rhs = _bound(system, rhs, steps)
    parts = split(system, x, rhs)
    total = multiply(DT, parts.drift)
    for name, scale in parts.noise.items():
        total = add(total, multiply(scale, Name(f"_{name}")))
    return total


def _bound(system: System, rhs: Tree, steps: Steps) -> Tree:
    match rhs:
        case Op(op, args, span):
            return Op(op, tuple(_bound(system, a, steps) for a in args), span)
        case Call(function, args, span):
            call = Call(function, tuple(_bound(system, a, steps) for a in args), span)
            return steps.fresh("_drawn", call) if function in system.stateful else call
    return rhs


def milstein(system: System) -> Update:
    """Milstein's method without derivatives, strong order 1, Stratonovich (Kloeden and Platen 1992, section 11.1).

    Refuses noise that is not diagonal.
    """
    if not is_diagonal(system):
        raise refuse(system, _first_noisy(system), "has noise that is not diagonal: it is shared or scaled by another noisy variable",
                     "method='heun' takes any noise")
    steps = Steps()
    steps.statements.extend(increments_of_noise(system))
    parts = {x: split(system, x, _bound(system, rhs, steps)) for x, rhs in system.equations}
    drift = {x: steps.fresh(f"_{x}_drift", multiply(DT, p.drift)) for x, p in parts.items()}
    scale = {x: (name, steps.fresh(f"_{x}_noise", g)) for x, p in parts.items() for name, g in p.noise.items()}
    shifted = {x: steps.fresh(f"_{x}_shifted", _shifted(system, x, drift[x], scale)) for x in parts}
    new = {}
    for x, p in parts.items():
        value = add(Name(x), drift[x])
        for name, g in p.noise.items():
            change = subtract(substitute(g, shifted), scale[x][1])
            noise = Name(f"_{name}")
            square = divide(multiply(noise, noise), multiply(Number(2.0), ROOT_DT))
            value = add(add(value, multiply(scale[x][1], noise)), multiply(change, square))
        new[x] = steps.fresh(f"_{x}_new", value)
    return Update((*steps.statements, *assignments(system, new)), "milstein")


def _shifted(system: System, x: str, drift: Tree, scale: dict[str, tuple[str, Tree]]) -> Tree:
    moved = add(Name(x), drift)
    moved = add(moved, multiply(scale[x][1], ROOT_DT)) if x in scale else moved
    return Op("select", (Name("not_refractory"), moved, Name(x))) if x in system.conditional else moved


def _first_noisy(system: System) -> str:
    return next(x for x, rhs in system.equations if any(n in names(rhs) for n in system.noises))
