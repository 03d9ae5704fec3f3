"""Derivatives that stand for that of a spike where gradients pass through a threshold: names, formulas, defaults.

A spike is H(x), the step of the margin x = (v - threshold)/(threshold - reset); its derivative, zero nearly everywhere,
is replaced by a formula in ``x``. Forms as collected by Neftci, Mostafa & Zenke (2019), IEEE Signal Processing Magazine
36, and the authors named beside each; the text of a formula is read by the same parser as equations.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from brainsim.errors import Source, UnknownName, WrongSyntax, WrongType, near
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Call, Name, Number, Op, Tree


@dataclass(frozen=True)
class Surrogate:
    """A formula in ``x`` and the numbers of its other names."""

    formula: Tree
    numbers: Mapping[str, float] = field(default_factory=dict)


#: name → (formula, defaults)
TABLE: dict[str, tuple[str, dict[str, float]]] = {
    "superspike": ("1/(1 + alpha*abs(x))**2", {"alpha": 100.0}),  # Zenke & Ganguli 2018
    "sigmoid": ("alpha*exp(-alpha*abs(x))/(1 + exp(-alpha*abs(x)))**2", {"alpha": 4.0}),
    "piecewise_quadratic": ("clip(alpha - alpha**2*abs(x), 0, alpha)", {"alpha": 1.0}),  # Esser et al. 2016
    "piecewise_exp": ("alpha/2*exp(-alpha*abs(x))", {"alpha": 1.0}),
    "softsign": ("alpha/2/(1 + abs(alpha*x))**2", {"alpha": 1.0}),
    "arctan": ("alpha/2/(1 + (pi/2*alpha*x)**2)", {"alpha": 1.0}),  # Fang et al. 2021
    "nonzero_sign_log": ("1/(1/alpha + abs(x))", {"alpha": 1.0}),
    "erf": ("alpha/sqrt(pi)*exp(-(alpha*x)**2)", {"alpha": 1.0}),
    "piecewise_leaky_relu": ("int(abs(x) <= w)/(2*w) + int(abs(x) > w)*c", {"w": 1.0, "c": 0.01}),
    "squarewave_fourier":
    ("4/T*(cos(2*pi/T*x) + int(n > 1.5)*cos(6*pi/T*x) + int(n > 2.5)*cos(10*pi/T*x) + int(n > 3.5)*cos(14*pi/T*x))",
     {"n": 2.0, "T": 8.0}),
    "s2nn": ("int(x < 0)*alpha*exp(-alpha*abs(x))/(1 + exp(-alpha*abs(x)))**2 + int(x >= 0)*beta/(abs(x) + 1)",
             {"alpha": 4.0, "beta": 1.0}),  # Suetake 2022
    "q_pseudo_spike": ("(1 + 2*abs(x)/(alpha + 1))**(-alpha)", {"alpha": 2.0}),  # Herranz-Celotti & Rouat 2022
    "leaky_relu": ("int(x >= 0)*beta + int(x < 0)*alpha", {"alpha": 0.1, "beta": 1.0}),
    "log_tailed_relu": ("int(x > 1)/clip(x, 1, inf) + int(x > 0)*int(x <= 1) + int(x <= 0)*alpha", {"alpha": 0.0}),
    "relu": ("clip(alpha*(w - abs(x)), 0, alpha*w)", {"alpha": 0.3, "w": 1.0}),  # Bellec et al. 2018
    "gaussian": ("alpha*exp(-(x/sigma)**2/2)/(sigma*sqrt(2*pi))", {"alpha": 0.5, "sigma": 0.5}),
    "multi_gaussian":
    ("gamma*((1 + h)*exp(-(x/sigma)**2/2) - h/s*exp(-((x - sigma)/(s*sigma))**2/2) "
     "- h/s*exp(-((x + sigma)/(s*sigma))**2/2))"
     "/(sigma*sqrt(2*pi))", {"h": 0.15, "s": 6.0, "sigma": 0.5, "gamma": 0.5}),  # Yin, Corradi & Bohte 2021
    "slayer": ("exp(-alpha*abs(x))", {"alpha": 1.0}),  # Shrestha & Orchard 2018
    "boxcar": ("int(abs(x) < w)/(2*w)", {"w": 0.5}),
    "straight_through": ("1 + 0*x", {}),
    "triangular": ("gamma*clip(1 - abs(x), 0, 1)", {"gamma": 1.0}),
    "tanh": ("1 - tanh(x)**2", {}),
}
ALIASES = {
    "fast_sigmoid": "superspike", "inv_square": "superspike", "atan": "arctan", "multigaussian": "multi_gaussian",
    "triangle": "triangular"
}
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
FUNCTIONS = "abs exp clip int sqrt cos sin tanh log log1p expm1 floor ceil sign".split()


def surrogate(text: str) -> Surrogate:
    """``'superspike'``, ``'superspike(alpha=10)'`` or a formula in ``x``, ``'1/(1 + 10*abs(x))**2'``.

    Raises `UnknownName` for a name that is not in `TABLE` and `WrongSyntax` for anything that is no formula.
    """
    if not isinstance(text, str):
        raise WrongType("A surrogate derivative is a name or a formula", found=repr(text),
                        help="'superspike(alpha=100)' for example")
    name, bracket, rest = text.strip().partition("(")
    name = ALIASES.get(name.strip(), name.strip())
    if name in TABLE and (not bracket or rest.rstrip().endswith(")")):
        formula, numbers = TABLE[name]
        given = _numbers(text, name, rest.rstrip()[:-1] if bracket else "", numbers)
        return Surrogate(parse_expression(Source(formula, f"surrogate '{name}'")), {**numbers, **given})
    if name.isidentifier() and name != "x" and (not bracket or name not in FUNCTIONS):
        raise UnknownName(f"There is no surrogate derivative called '{name}'",
                          help=near(name, [*TABLE, *ALIASES]) or f"one of {', '.join(TABLE)}, or a formula in x")
    tree = parse_expression(Source(text, "surrogate derivative"))
    _check(tree)
    return Surrogate(tree)


def _numbers(text: str, name: str, inside: str, known: Mapping[str, float]) -> dict[str, float]:
    given: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in inside.split(","))):
        key, equals, number = (p.strip() for p in part.partition("="))
        try:
            given[key] = float(number)
        except ValueError:
            raise WrongSyntax(f"The surrogate '{name}' takes numbers by name", found=repr(part),
                              help=f"{_example(name, known)}") from None
        if not equals or key not in known:
            raise UnknownName(f"The surrogate '{name}' has no number called '{key}'", found=repr(text),
                              help=near(key, known) or _example(name, known))
    return given


def _example(name: str, known: Mapping[str, float]) -> str:
    return f"{name}({', '.join(f'{k}={v:g}' for k, v in known.items())})" if known else f"'{name}' has none"


def _check(tree: Tree) -> None:
    match tree:
        case Name(key) if key != "x" and key not in CONSTANTS:
            raise UnknownName(f"A surrogate derivative is a formula in x; it has no '{key}'", at=tree.span)
        case Call(function, args):
            if function not in FUNCTIONS:
                raise UnknownName(f"There is no function '{function}' in a surrogate derivative", at=tree.span,
                                  help=near(function, FUNCTIONS))
            for a in args:
                _check(a)
        case Op(_, args):
            for a in args:
                _check(a)
        case Name() | Number():
            pass
