"""Exponential Euler: each equation solved exactly in its own variable, everything else frozen.

Frozen too is what functions of the variable itself give: in ``-m(v)**3*(v - E)`` the variable is ``v``, at the rate
``-m(v)**3``.

Certaine (1960); Rush and Larsen (1978).
"""
from __future__ import annotations

from brainsim.integrators.affine import Affine, affine, factor_of
from brainsim.integrators.linear import refuse
from brainsim.integrators.system import DT, Steps, System, Update, assignments, draws
from brainsim.integrators.terms import ZERO, add, call, is_number, multiply, subtract
from brainsim.language.trees import Name, Tree


def exponential_euler(system: System) -> Update:
    """x + dt * exprel(a * dt) * (a * x + b), finite also where a is zero.

    Refuses noise and equations that, functions apart, are not linear in their own variable.
    """
    steps = Steps()
    new = {x: steps.fresh(f"_{x}_new", _new_value(system, x, rhs, steps)) for x, rhs in system.equations}
    return Update((*steps.statements, *assignments(system, new)), "exponential_euler")


def _new_value(system: System, x: str, rhs: Tree, steps: Steps) -> Tree:
    found = _in_own_variable(system, x, rhs)
    rate = found.coefficients.get(x, ZERO)
    if is_number(rate, 0):
        return add(Name(x), multiply(DT, rhs))
    turned = multiply(rate, DT)
    if is_number(found.rest, 0):
        return multiply(Name(x), steps.let(f"_{x}_decay", call("exp", turned)))
    share = multiply(DT, call("exprel", turned))
    return add(Name(x), multiply(steps.let(f"_{x}_share", share), rhs))


def _in_own_variable(system: System, x: str, rhs: Tree) -> Affine:
    if system.noises:
        raise refuse(system, x, f"belongs to a system with noise ({', '.join(system.noises)})",
                     "method='heun' takes any noise")
    found = affine(rhs, frozenset({x}))
    if found is None:
        rate = factor_of(x, rhs)
        if rate is None:
            raise refuse(system, x, f"is not linear in '{x}'")
        found = Affine({x: rate}, subtract(rhs, multiply(rate, Name(x))))
    if x in found.coefficients and draws(system, found.coefficients[x]):
        raise refuse(system, x, f"multiplies '{x}' by a random function")
    return found
