"""A tiny machine for the tests: equations from text, and the statements of an update carried out on NumPy arrays."""
from __future__ import annotations

import numpy as np

from brainsim.errors import Source
from brainsim.integrators.system import System, Update
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Call, Name, Number, Op, Tree, While, names


def exprel(x):
    x = np.asarray(x, dtype=float)
    return np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))


FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "abs": np.abs,
             "exprel": exprel,
             "int": lambda x: np.asarray(x).astype(int),
             "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high)}
OPS = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "//": np.floor_divide, "%": np.mod,
    "**": np.power,
    "neg": np.negative, "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal, "==": np.equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "select": np.where,
}


def tree(text: str) -> Tree:
    return parse_expression(Source(text))


def system(text: str, *, changing=(), conditional=(), stateful=("rand", "randn", "poisson"),
           locally_constant=()) -> System:
    """Lines ``dv/dt = ...``; every name is constant but the variables, `t`, the noises and ``changing``."""
    lines = [line.split("=", 1) for line in text.strip().splitlines()]
    equations = tuple((left.strip()[1:].split("/")[0], tree(right.strip())) for left, right in lines)
    used = frozenset().union(*(names(rhs) for _, rhs in equations))
    moving = {x for x, _ in equations} | {"t", *changing} | {n for n in used if n.startswith("xi")}
    return System(equations, (used | {"dt"}) - moving, frozenset(map(tree, locally_constant)), frozenset(stateful),
                  frozenset(conditional))


def value(node: Tree, scope: dict, functions: dict):
    match node:
        case Number(number):
            return number
        case Name(name):
            return scope[name]
        case Op(op, args):
            return OPS[op](*(value(a, scope, functions) for a in args))
        case Call(function, args):
            return functions[function](*(value(a, scope, functions) for a in args))


def step(update: Update, scope: dict, functions: dict = {}) -> dict:
    """The scope after one step; numbers become doubles so that an integer power behaves."""
    scope = {k: v if isinstance(v, (bool, np.bool_)) else np.asarray(v, dtype=v.dtype if hasattr(v, "dtype") else float)
             for k, v in scope.items()}
    with np.errstate(all="ignore"):
        _carry_out(update.statements, scope, FUNCTIONS | functions)
    return scope


def _carry_out(statements, scope: dict, functions: dict) -> None:
    for s in statements:
        if isinstance(s, While):
            while value(s.condition, scope, functions):
                _carry_out(s.body, scope, functions)
        else:
            assert s.op == "="
            scope[s.target] = value(s.value, scope, functions)


def run(update: Update, scope: dict, dt: float, steps: int, functions: dict = {}) -> dict:
    scope = dict(scope, dt=dt)
    scope.setdefault("t", 0.0)
    start = scope["t"]
    for k in range(steps):
        scope = step(update, dict(scope, t=start + k * dt), functions)
    return dict(scope, t=start + steps * dt)


def matrix_of(system: System, scope: dict) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and inputs of a linear system at given values, by evaluating its right-hand sides."""
    variables = [x for x, _ in system.equations]
    zero = scope | dict.fromkeys(variables, 0.0)
    given = np.array([float(value(rhs, zero, FUNCTIONS)) for _, rhs in system.equations])
    columns = [[float(value(rhs, zero | {y: 1.0}, FUNCTIONS)) for _, rhs in system.equations] for y in variables]
    return np.array(columns).T - given[:, None], given
