"""Integration methods as objects: usable as ``method=``, and, called with equations, the statements of one step."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brainsim.errors import Source, Unsupported, WrongValue
from brainsim.integrators.choose import METHODS, integrate
from brainsim.integrators.system import System, Update
from brainsim.language.equations import Equation
from brainsim.language.expressions import to_text
from brainsim.language.functions import RANDOM
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Tree, names, substitute
from brainsim.model.equations import Equations

CLOCK = {"t", "t_in_timesteps"}


class StateUpdateMethod:
    """An integration method by name."""

    def __init__(self, name: str):
        self.name = self.__name__ = name

    def __call__(self, equations: Any, variables: Any = None, method_options: Any = None, **options: Any) -> Any:
        """The statements of one step as text, for `Equations`."""
        if isinstance(equations, System):
            return METHODS[self.name](equations, **options)
        update = integrate(system_of(equations), self.name, dict(method_options or {}))
        return "\n".join(f"{s.target} {s.op} {to_text(s.value)}" for s in update.statements)

    @staticmethod
    def register(name: str, updater: Any) -> None:
        """Make ``method=name`` known; ``updater(equations, variables, options)`` gives statements. `WrongValue` if the name is taken."""
        if name in METHODS:
            raise WrongValue(f"There is a method called '{name}' already")
        METHODS[name] = updater if isinstance(updater, StateUpdateMethod) else adapted(name, updater)  # type: ignore[index]

    def __repr__(self) -> str:
        return f"StateUpdateMethod({self.name!r})"


class NotThere(StateUpdateMethod):
    """A method of Brian 2 that is not there."""

    def __call__(self, equations: Any, variables: Any = None, method_options: Any = None, **options: Any) -> Any:
        raise Unsupported(f"The method '{self.name}' is not there", help="method='rk4' with a smaller dt, for example")


def adapted(name: str, updater: Callable[..., str]) -> Callable[..., Update]:
    """A function of equations that gives statements as text, as an integrator of ours."""
    def method(system: System, **options: Any) -> Update:
        equations = Equations([Equation("differential", x, None, "float", rhs) for x, rhs in system.equations])
        text = updater(equations, {}, options)
        return Update(parse_statements(Source(text, f"statements by '{name}'")), name)

    method.__name__ = name
    return method


def system_of(equations: Equations) -> System:
    """The differential equations, with everything that they do not define held constant."""
    inner = {e.name: e.expression for e in equations.of_kind("subexpression") if e.expression is not None}

    def plain(tree: Tree) -> Tree:
        while names(tree) & set(inner):
            tree = substitute(tree, {n: inner[n] for n in names(tree) & set(inner)})
        return tree

    lines = tuple((e.name, plain(e.expression)) for e in equations.of_kind("differential") if e.expression is not None)
    used = frozenset().union(*(names(rhs) for _, rhs in lines)) if lines else frozenset()
    constant = frozenset(n for n in used if n not in CLOCK and n != "xi" and not n.startswith("xi_")) - {x for x, _ in lines}
    return System(lines, constant | {"dt"}, frozenset(), RANDOM)


exact = StateUpdateMethod("exact")
linear = exact
euler = StateUpdateMethod("euler")
rk2 = StateUpdateMethod("rk2")
rk4 = StateUpdateMethod("rk4")
heun = StateUpdateMethod("heun")
milstein = StateUpdateMethod("milstein")
exponential_euler = StateUpdateMethod("exponential_euler")
independent = StateUpdateMethod("exact")
gsl_rk2, gsl_rk4, gsl_rkf45, gsl_rkck, gsl_rk8pd = (NotThere(f"gsl_{name}") for name in ("rk2", "rk4", "rkf45", "rkck", "rk8pd"))
