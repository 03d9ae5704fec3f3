"""Methods from outside: functions of equations that give the statements of one step as text."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from brainsim.errors import Source, WrongType
from brainsim.integrators.system import System, Update
from brainsim.language.equations import Equation
from brainsim.language.statements import parse_statements
from brainsim.model.equations import Equations


class SystemMethod:
    """A method that is an object: called with a `System` it gives an `Update`."""


def takes_equations(method: Callable[..., Any]) -> bool:
    """Is it a function ``(equations, variables, method_options)`` that gives text, rather than one from a `System` to
    an `Update`?"""
    if isinstance(method, SystemMethod):
        return False
    try:
        parameters = [
            p for p in inspect.signature(method).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        return False
    return len(parameters) > 1 and (parameters[1].name == "variables" or parameters[1].default is parameters[1].empty)


def equations_of(system: System) -> Equations:
    """The system as equations; subexpressions are inlined, units unknown."""
    return Equations([Equation("differential", x, None, "float", rhs) for x, rhs in system.equations])


def adapted(name: str, updater: Callable[..., Any]) -> Callable[..., Update]:
    """A function of equations that gives statements as text, as an integrator of ours."""
    def method(system: System, **options: object) -> Update:
        return Update(
            parse_statements(Source(_text(name, updater, equations_of(system), options), f"statements by '{name}'")),
            name)

    method.__name__ = name
    return method


def _text(name: str, updater: Callable[..., Any], equations: Equations, options: Mapping[str, object]) -> str:
    text = updater(equations, {}, options)
    if not isinstance(text, str):
        raise WrongType(f"The method '{name}' gives the statements of a step as text", found=repr(text),
                        help="for example 'v = v + dt*f'")
    return text
