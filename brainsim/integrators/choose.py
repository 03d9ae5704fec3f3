"""Which method integrates a system: the one asked for, or the first of a list that takes the equations; and why."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from brainsim.errors import (
    UnknownName,
    UnsupportedEquationsException,
    WrongType,
    WrongValue,
    near,
)
from brainsim.integrators import adaptive
from brainsim.integrators.exact import exact
from brainsim.integrators.explicit import TABLEAUS, runge_kutta
from brainsim.integrators.exponential import exponential_euler
from brainsim.integrators.foreign import adapted, takes_equations
from brainsim.integrators.pairs import PAIRS
from brainsim.integrators.scheme import euler_heun
from brainsim.integrators.shared import share
from brainsim.integrators.stochastic import milstein
from brainsim.integrators.system import System, Update
from brainsim.stages import stage

Method = Callable[..., Update]
DEFAULT = ("exact", "euler", "heun")


def _exact(system: System, extended: bool = False, simplify: bool = True) -> Update:
    """`exact`; ``simplify`` is taken for compatibility: solutions are always as short as they can be made cheaply."""
    return exact(system, extended=extended)


METHODS: dict[str, Method] = {
    "exact": _exact,
    "exponential_euler": exponential_euler,
    "milstein": milstein,
    "heun": euler_heun,
    **{name: partial(runge_kutta, method=name) for name in TABLEAUS},
    **{name: partial(adaptive.embedded, method=name) for name in PAIRS},
}
ALIASES: Mapping[str, str] = {"linear": "exact", "independent": "exact", "gsl": "gsl_rkf45"}
OPTIONS: Mapping[str, frozenset[str]] = {
    "exact": frozenset({"extended", "simplify"}), **dict.fromkeys(PAIRS, adaptive.OPTIONS)
}


@stage("integrate")
def integrate(
    system: System,
    method: str | Sequence[str | Method] | Method | None = None,
    options: Mapping[str, object] = MappingProxyType({}),
) -> Update:
    """The update of one step by ``method``: a name, a callable ``system -> Update``, or a list of candidates to try in
    turn.

    Raises `UnsupportedEquationsException` when no candidate takes the equations, `WrongValue` for an unknown name,
    `WrongType` for anything that is no method, `UnknownName` for an option that no candidate has.
    """
    given = DEFAULT if method is None else method
    if isinstance(given, str) or callable(given):
        candidates: list[tuple[str, Method]] = [_find(given)]
    elif isinstance(given, Sequence) and given:
        candidates = [_find(one) for one in given]
    else:
        raise _no_method(given)
    _check_options(candidates, options)
    if not system.equations:
        return Update((), candidates[0][0], "there are no differential equations")
    return share(_first_accepted(system, candidates, options), system.stateful)


def kept(method: object, options: Mapping[str, object]) -> Mapping[str, str]:
    """What an element remembers from step to step beside its variables, by name ('time' or 'count'), if a method needs
    it."""
    if isinstance(method, str) or callable(method):
        candidates: Sequence[object] = [method]
    else:
        candidates = method if isinstance(method, Sequence) else ()
    found = (getattr(c, "__name__", c) for c in candidates)
    adapts = any(isinstance(n, str) and ALIASES.get(n.lower(), n.lower()) in PAIRS for n in found)
    return adaptive.kept(options) if adapts else {}


def _find(given: str | Method) -> tuple[str, Method]:
    if isinstance(given, str):
        name = ALIASES.get(given.lower(), given.lower())
        if name not in METHODS:
            known = ", ".join((*METHODS, *ALIASES))
            raise WrongValue(f"there is no integration method '{given}'", found=repr(given),
                             help=near(name, (*METHODS, *ALIASES)) or f"the methods are {known}")
        return name, METHODS[name]
    if callable(given):
        name = getattr(given, "__name__", type(given).__name__)
        return name, adapted(name, given) if takes_equations(given) else given
    raise _no_method(given)


def _no_method(given: object) -> WrongType:
    return WrongType("an integration method is a name, a function or a list of these", found=repr(given),
                     help=f"the names are {', '.join((*METHODS, *ALIASES))}")


def _check_options(candidates: Sequence[tuple[str, Method]], options: Mapping[str, object]) -> None:
    if any(name not in METHODS for name, _ in candidates):
        return  # a user's function may take any option
    known = frozenset().union(*(OPTIONS.get(name, frozenset()) for name, _ in candidates))
    for option in options:
        if option not in known:
            tried = ", ".join(f"'{name}'" for name, _ in candidates)
            raise UnknownName(f"{tried} has no option '{option}'", found=repr(option),
                              help=near(option, known) or f"the options are: {', '.join(sorted(known)) or 'none'}")


def _first_accepted(system: System, candidates: Sequence[tuple[str, Method]], options: Mapping[str, object]) -> Update:
    refusals: list[tuple[str, UnsupportedEquationsException]] = []
    for name, method in candidates:
        known = {k: v for k, v in options.items() if name not in METHODS or k in OPTIONS.get(name, ())}
        try:
            update = method(system, **known)
        except UnsupportedEquationsException as error:
            refusals.append((name, error))
        else:
            return replace(update, method=name, reason=_reason(name, [(n, e.what) for n, e in refusals],
                                                               len(candidates)))
    raise _nothing_left(refusals)


def _reason(name: str, refusals: Sequence[tuple[str, str]], candidates: int) -> str:
    if candidates == 1:
        return f"'{name}' was asked for"
    if not refusals:
        return f"'{name}' is the first choice and takes these equations"
    refused = "; ".join(f"not '{other}' because {why}" for other, why in refusals)
    return f"'{name}' takes these equations; {refused}"


def _another(name: str) -> str:
    """What to try when a method was asked for that does not take the equations."""
    return {"exact": "leave 'method' out to have one chosen, or name 'rk2' or 'rk4', with noise 'euler' or 'heun'",
            "exponential_euler": "leave 'method' out to have one chosen, or name 'euler', 'rk2' or 'rk4'",
            }.get(name, "leave 'method' out to have one chosen")


def _nothing_left(refusals: Sequence[tuple[str, UnsupportedEquationsException]]) -> UnsupportedEquationsException:
    if len(refusals) == 1:
        (name, error), = refusals
        return UnsupportedEquationsException(f"'{name}' cannot integrate these equations: {error.what}",
                                             at=error.at, help=error.help or _another(name))
    reasons = "; ".join(f"'{name}' because {error.what}" for name, error in refusals)
    return UnsupportedEquationsException(f"no method takes these equations: {reasons}", at=refusals[-1][1].at,
                                         help="name another method, or simplify the equation")
