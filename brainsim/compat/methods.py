"""Integration methods as objects: usable as ``method=``, and, called with equations, the statements of one step."""
from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from brainsim.errors import UnknownName, WrongType, WrongValue, near
from brainsim.integrators.choose import ALIASES, METHODS, Method, integrate
from brainsim.integrators.foreign import SystemMethod, adapted, equations_of, takes_equations
from brainsim.integrators.scheme import EULER_HEUN, OUTPUT, by_scheme, parse_scheme
from brainsim.integrators.system import System, Update
from brainsim.language.expressions import statement_text, to_text
from brainsim.language.functions import RANDOM
from brainsim.language.trees import Call, Name, Number, Op, Tree, names, substitute
from brainsim.model.equations import Equations

logger = logging.getLogger("brainsim")
CLOCK = {"t", "t_in_timesteps"}
NOISE = {None: {"none"}, "additive": {"none", "additive"}, "multiplicative": {"none", "additive", "multiplicative"}}


class StateUpdateMethod(ABC):
    """An integration method: called with equations it gives the statements of one step as text. To be derived from."""

    @abstractmethod
    def __call__(self, equations: Any, variables: Any = None, method_options: Any = None) -> Any:
        """The statements of one step; `UnsupportedEquationsException` for equations it cannot take."""

    @staticmethod
    def apply_stateupdater(equations: Equations, variables: Mapping[str, Any], method: Any,
                           method_options: Mapping[str, Any] | None = None, group_name: str | None = None) -> str:
        """The statements of one step by a method, or by the first of several that takes the equations."""
        update = integrate(system_of(equations), method, dict(method_options or {}))
        if not (isinstance(method, str) or callable(method)):
            logger.info("%s: method '%s': %s", group_name or "equations", update.method, update.reason,
                        extra={"topic": "method_choice"})
        return statements(update)

    @staticmethod
    def register(name: str, updater: Any) -> None:
        """Make ``method=name`` known; ``updater(equations, variables, options)`` gives statements as text.

        `WrongValue` if the name is taken, or for something that cannot be called.
        """
        method: Method = updater
        if name.lower() in (*METHODS, *ALIASES):
            raise WrongValue(f"There is a method called '{name}' already")
        if not callable(updater):
            raise WrongValue(
                f"The method '{name}' must be something to call", found=repr(updater), help=
                "an ExplicitStateUpdater, or a function (equations, variables, method_options) that gives statements")
        METHODS[name.lower()] = adapted(name, updater) if takes_equations(updater) else method


class NamedMethod(StateUpdateMethod, SystemMethod):
    """One of brainsim's methods."""

    def __init__(self, name: str):
        self.name = self.__name__ = name

    def __call__(self, equations: Any, variables: Any = None, method_options: Any = None, **options: Any) -> Any:
        """The statements of one step as text, for `Equations`; `UnsupportedEquationsException` for equations it cannot
        take."""
        if isinstance(equations, System):
            return METHODS[self.name](equations, **options)
        return statements(integrate(system_of(equations), self.name, dict(method_options or {})))

    def __repr__(self) -> str:
        return f"NamedMethod({self.name!r})"


class ExplicitStateUpdater(StateUpdateMethod, SystemMethod):
    """An explicit method described in formulas, one per line, the last for ``x_new``.

    A description may use ``x``, ``t``, ``dt``, the drift ``f(x, t)``, the factor of the noise ``g(x, t)`` and its
    increment ``dW``, and the names of earlier lines. ``stochastic`` says which noise it takes: None, 'additive' or
    'multiplicative'. ``custom_check(equations, variables)`` may raise `UnsupportedEquationsException`. Raises
    `WrongSyntax` for a text that is no description, `WrongValue` for another kind of noise.
    """

    def __init__(self, description: str, stochastic: str | None = None, custom_check: Callable[..., Any] | None = None):
        self.name = self.__name__ = "explicit"
        if not isinstance(description, str):
            raise WrongType("An explicit method is described by a text", found=repr(description),
                            help="'x_new = x + dt*f(x, t)'")
        if stochastic not in NOISE:
            raise WrongValue("The kind of noise is not known", found=repr(stochastic),
                             help="None, 'additive' or 'multiplicative'")
        self.scheme = parse_scheme(description, frozenset(NOISE[stochastic]))
        self.stochastic, self.custom_check = stochastic, custom_check
        self.statements = [(name, to_text(tree)) for name, tree in self.scheme.steps]
        self.output = to_text(self.scheme.new)

    def __call__(self, equations: Any, variables: Any = None, method_options: Any = None, **options: Any) -> Any:
        """The statements of one step as text, for `Equations`; `UnsupportedEquationsException` for noise it does not
        take."""
        if not isinstance(equations, System):
            return statements(integrate(system_of(equations), self, dict(method_options or {})))
        if options:
            raise UnknownName("A described method has no options", found=", ".join(options))
        if self.name in METHODS:
            return METHODS[self.name](equations)
        if self.custom_check is not None:
            self.custom_check(equations_of(equations), variables or {})
        return by_scheme(equations, self.scheme, self.name)

    def __repr__(self) -> str:
        lines = [*self.statements, (OUTPUT, self.output)]
        text = "\n".join(f"{name} = {text}" for name, text in lines)
        return f"ExplicitStateUpdater('''{text}''', stochastic={self.stochastic!r})"

    def __str__(self) -> str:
        before = ["Intermediate statements:", *(f"{name} = {text}"
                                                for name, text in self.statements)] if self.statements else []
        return "\n".join(["ExplicitStateUpdater", *before, "Output:", self.output])

    def _repr_latex_(self) -> str:
        lines = [f"{_subscript(name)} = {_latex(tree)}" for name, tree in self.scheme.steps]
        return "\\begin{equation}\n" + "\\\\\n".join([*lines, f"x_{{t+1}} = {_latex(self.scheme.new)}"
                                                      ]) + "\n\\end{equation}"


def statements(update: Update) -> str:
    """An update as text."""
    return "\n".join(map(statement_text, update.statements))


def system_of(equations: Equations) -> System:
    """The differential equations, with everything that they do not define held constant."""
    inner = {e.name: e.expression for e in equations.of_kind("subexpression") if e.expression is not None}

    def plain(tree: Tree) -> Tree:
        while names(tree) & set(inner):
            tree = substitute(tree, {n: inner[n] for n in names(tree) & set(inner)})
        return tree

    lines = tuple((e.name, plain(e.expression)) for e in equations.of_kind("differential") if e.expression is not None)
    used = frozenset().union(*(names(rhs) for _, rhs in lines)) if lines else frozenset()
    constant = frozenset(
        n for n in used if n not in CLOCK and n != "xi" and not n.startswith("xi_")) - {x for x, _ in lines}
    return System(lines, constant | {"dt"}, frozenset(), RANDOM)


def _subscript(name: str) -> str:
    letter, rest = name[0], name[1:].strip("_")
    return f"{letter}_{{{rest}}}" if rest.isdigit() else name.replace("_", r"\_")


def _latex(tree: Tree, inside: str = "") -> str:
    """A formula in LaTeX; ``inside`` is the operator around it."""
    match tree:
        case Name(name):
            return _subscript(name)
        case Number(value):
            return f"{value:g}" if isinstance(value, float) else str(value)
        case Op("/", (a, b)):
            return f"\\frac{{{_latex(a)}}}{{{_latex(b)}}}"
        case Op("**", (a, Number(0.5))):
            return f"\\sqrt{{{_latex(a)}}}"
        case Op("**", (a, b)):
            return f"{_latex(a, '**')}^{{{_latex(b)}}}"
        case Op("*", args):
            return " ".join(_latex(a, "*") for a in args)
        case Op("neg", (a,)):
            return f"-{_latex(a, '*')}"
        case Op(op, (a, b)):
            text = f"{_latex(a)} {op} {_latex(b, op)}"
            return f"\\left({text}\\right)" if inside in ("*", "**", "-") else text
        case Call(function, args):
            return f"{function}\\left({', '.join(map(_latex, args))}\\right)"
    raise TypeError(f"not a formula: {tree!r}")


def _described(name: str, stochastic: str | None, *lines: str) -> ExplicitStateUpdater:
    """One of brainsim's explicit methods, with the description that it agrees with."""
    made = ExplicitStateUpdater("\n".join(lines), stochastic)
    made.name = made.__name__ = name
    return made


exact = NamedMethod("exact")
linear = independent = exact
exponential_euler = NamedMethod("exponential_euler")
euler = _described("euler", "additive", "x_new = x + dt*f(x, t) + g(x, t)*dW")
rk2 = _described("rk2", None, "k = dt*f(x, t)", "x_new = x + dt*f(x + k/2, t + dt/2)")
rk4 = _described("rk4", None, "k_1 = dt*f(x, t)", "k_2 = dt*f(x + k_1/2, t + dt/2)", "k_3 = dt*f(x + k_2/2, t + dt/2)",
                 "k_4 = dt*f(x + k_3, t + dt)", "x_new = x + (k_1 + 2*k_2 + 2*k_3 + k_4)/6")
heun = _described("heun", "multiplicative", EULER_HEUN)
milstein = _described("milstein", "multiplicative", "up = g(x + dt**0.5*g(x, t), t)",
                      "down = g(x - dt**0.5*g(x, t), t)",
                      "x_new = x + dt*f(x, t) + g(x, t)*dW + (up - down)/(4*dt**0.5)*dW**2")
gsl_rk2, gsl_rk4, gsl_rkf45, gsl_rkck, gsl_rk8pd = (NamedMethod(f"gsl_{name}")
                                                    for name in ("rk2", "rk4", "rkf45", "rkck", "rk8pd"))


def extract_method_options(method_options: Mapping[str, Any] | None, default_options: Mapping[str, Any]) -> dict[
        str, Any]:
    """The options of a method with their defaults; `UnknownName` for one that it does not have."""
    for option in method_options or {}:
        if option not in default_options:
            raise UnknownName(
                f"The method has no option '{option}'", found=repr(option), help=near(option, default_options)
                or f"the options are: {', '.join(default_options) or 'none'}")
    return {**default_options, **(method_options or {})}
