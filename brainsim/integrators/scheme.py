"""Explicit methods from a description in formulas: ``k = dt*f(x, t)``, further lines, and at the end ``x_new = x + k``.

In a description ``x`` is the state, ``f(x, t)`` its drift, ``g(x, t)`` what scales its noise and ``dW`` the noise's own
increment over ``dt``. Where a variable has several noises, ``g`` and ``dW`` belong together and are summed over them;
the state at which ``g`` of a noise is taken is the one that this noise leads to by itself.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from brainsim.errors import Source, WrongSyntax, near
from brainsim.integrators.affine import affine
from brainsim.integrators.linear import refuse
from brainsim.integrators.stochastic import (
    bound_draws,
    increments_of_noise,
    moves_others,
    noise_type,
    split,
)
from brainsim.integrators.system import (
    NOT_REFRACTORY,
    Steps,
    System,
    Update,
    assignments,
    change_outside,
    draws,
)
from brainsim.integrators.terms import ZERO, add, divide, multiply, negative, select, subtract
from brainsim.language.functions import FUNCTIONS
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Call, Name, Op, Tree, names, walk

RESERVED = ("x", "t", "dt", "dW")
OUTPUT = "x_new"
Line = Callable[[str, str, str], Tree]      #: value of a line by its name, for a variable and a noise
FOLDED = {"+": add, "-": subtract, "*": multiply, "/": divide, "neg": negative}


@dataclass(frozen=True)
class Scheme:
    """A parsed description: named intermediate values in order, and the new state. ``takes`` the kinds of noise."""

    steps: tuple[tuple[str, Tree], ...]
    new: Tree
    takes: frozenset[str] = frozenset({"none"})


def parse_scheme(description: str, takes: frozenset[str] = frozenset({"none"})) -> Scheme:
    """The scheme that a text describes. Raises `WrongSyntax` for lines that are no formulas of one."""
    source = Source(description, "description of an integration method")
    lines = parse_statements(source)
    if not lines or lines[-1].target != OUTPUT:
        raise WrongSyntax(f"A description ends with the line '{OUTPUT} = ...'",
                          at=lines[-1].target_span if lines else None, help=f"for example {OUTPUT} = x + dt*f(x, t)")
    known: list[str] = [*RESERVED]
    for line in lines:
        _check_line(line, known, last=line is lines[-1])
        known.append(line.target)
    return Scheme(tuple((s.target, s.value) for s in lines[:-1]), lines[-1].value, takes)


def _check_line(line: Assign, known: list[str], last: bool) -> None:
    if line.op != "=":
        raise WrongSyntax(f"'{line.op}' cannot be used in a description", at=line.span, help="write 'name = formula'")
    if line.target in (*known, "f", "g") or line.target == OUTPUT and not last:
        what = "'x_new' is the last line" if line.target == OUTPUT else f"'{line.target}' has a meaning already"
        raise WrongSyntax(what, at=line.target_span, help="" if line.target == OUTPUT else "choose another name")
    for node in walk(line.value):
        if isinstance(node, Name) and node.id not in known:
            raise WrongSyntax(f"'{node.id}' means nothing in a description", at=node.span,
                              help=near(node.id, known) or f"known here are {', '.join(known)}, f(x, t) and g(x, t)")
        if isinstance(node, Call):
            _check_call(node)


def _check_call(node: Call) -> None:
    if node.function not in ("f", "g") and (node.function not in FUNCTIONS or not FUNCTIONS[node.function].stateless):
        raise WrongSyntax(f"'{node.function}' is no function of a description", at=node.span,
                          help="f(x, t) and g(x, t) stand for the equations; exp, sqrt and the like may be used")
    wanted = 2 if node.function in ("f", "g") else FUNCTIONS[node.function].arity
    if len(node.args) != wanted:
        raise WrongSyntax(f"'{node.function}' has {wanted} argument{'s' * (wanted > 1)} here", at=node.span,
                          found=f"{len(node.args)}", help=f"write {node.function}(x, t)" if wanted == 2 else "")


#: Euler's method for the drift and Heun's for the noise, in the sense of Stratonovich; what Brian 2 calls heun
EULER_HEUN = """x_support = x + g(x, t)*dW
                g_support = g(x_support, t + dt)
                x_new = x + dt*f(x, t) + 0.5*dW*(g(x, t) + g_support)"""


def euler_heun(system: System) -> Update:
    """`EULER_HEUN`: order 1 without noise, strong order 1 where noises do not interact, any noise."""
    return by_scheme(system, parse_scheme(EULER_HEUN, frozenset({"none", "additive", "multiplicative"})), "heun")


def by_scheme(system: System, scheme: Scheme, name: str) -> Update:
    """One step by a scheme. Refuses kinds of noise that it does not take."""
    kind = noise_type(system)
    if kind not in scheme.takes:
        raise refuse(system, system.equations[0][0],
                     f"belongs to a system with {kind} noise, which '{name}' does not take",
                     "method='heun' takes any noise")
    steps = Steps()
    steps.statements.extend(increments_of_noise(system))
    new = _Carried(system, scheme, steps).out()
    return Update((*steps.statements, *assignments(system, new)), name)


@dataclass
class _Carried:
    """A scheme carried out for every variable of a system."""

    system: System
    scheme: Scheme
    steps: Steps

    def __post_init__(self) -> None:
        self.equations = dict(self.system.equations)
        self.noises = {x: tuple(split(self.system, x, rhs).noise) for x, rhs in self.system.equations}
        self.lines = dict(self.scheme.steps)
        self.values: dict[tuple[str, str, str], Tree] = {}          #: by name, variable and noise ("" without one)
        self.alone: dict[tuple[str, str, str], Tree] = {}           #: the same where no other noise acts
        self.single: set[str] = set()                               #: names with g or dW alone: one value per noise
        self.sides: dict[tuple[str, Tree, Tree, str], Tree] = {}
        self.slopes: dict[tuple[str, str, str, Tree, Tree], Tree] = {}
        self.still = moves_others(self.system)
        self.read = frozenset().union(*(names(rhs) for rhs in self.equations.values()))

    def out(self) -> dict[str, Tree]:
        """The new value of every variable; what leads there goes to ``steps``."""
        for name, tree in self.scheme.steps:
            if self._is_single(tree):
                self.single.add(name)
        return {x: self.steps.fresh(f"_{x}_new", self._summed(OUTPUT, x, self.scheme.new)) for x in self.equations}

    def _is_single(self, tree: Tree) -> bool:
        """Has it g without dW or the other way round, so that it is a value per noise?"""
        own = set(_outside_arguments(tree))
        g = Call("g", ()) in own or any(n.id in self.single for n in own if isinstance(n, Name))
        return g != (Name("dW") in own)

    def _define(self, name: str, x: str, tree: Tree) -> None:
        if len(self.noises[x]) > 1 and name in self.single:
            for noise in (*self.noises[x], ""):
                value = self.value(tree, x, noise, self._together)
                self.values[name, x, noise] = self.steps.fresh(f"_{name}_{x}{'_' * bool(noise)}{noise}", value)
        else:
            value = self.steps.fresh(f"_{name}_{x}", self._summed(name, x, tree))
            self.values |= {(name, x, noise): value for noise in (*self.system.noises, "")}

    def _together(self, name: str, x: str, noise: str) -> Tree:
        """A line where all noises act."""
        if (name, x, noise) not in self.values:
            self._define(name, x, self.lines[name])
        return self.values[name, x, noise]

    def _alone(self, name: str, x: str, noise: str) -> Tree:
        """A line where no other noise acts."""
        if (name, x, noise) not in self.alone:
            self.alone[name, x, noise] = self.steps.fresh(f"_{name}_{x}_by_{noise}",
                                                          self.value(self.lines[name], x, noise, self._alone))
        return self.alone[name, x, noise]

    def _summed(self, name: str, x: str, tree: Tree) -> Tree:
        """The value for a variable, over all of its noises."""
        noises = self.noises[x]
        if len(noises) < 2:
            return self.value(tree, x, noises[0] if noises else "", self._together)
        if self._is_single(tree):
            raise refuse(self.system, x, f"has {len(noises)} noises, and '{name}' uses g(x, t) or dW alone",
                         "method='heun' takes any noise")
        without = self.value(tree, x, "", self._together)
        total = without
        for noise in noises:
            whole = self.value(tree, x, noise, self._together)
            found = affine(whole, frozenset({f"_{noise}"}))
            total = add(
                total,
                subtract(whole, without) if found is None else multiply(found.coefficients.get(f"_{noise}", ZERO),
                                                                        Name(f"_{noise}")))
        return total

    def value(self, tree: Tree, x: str, noise: str, line: Line) -> Tree:
        """A formula for one variable and one noise, with earlier lines as ``line`` has them."""
        match tree:
            case Name("x"):
                return Name(x)
            case Name("dW"):
                return Name(f"_{noise}") if noise else ZERO
            case Name("t" | "dt"):
                return Name(tree.id)
            case Name(name):
                return line(name, x, noise)
            case Op(op, args):
                parts = [self.value(a, x, noise, line) for a in args]
                return FOLDED[op](*parts) if op in FOLDED else Op(op, tuple(parts))
            case Call("g", _) if not noise:
                return ZERO
            case Call(("f" | "g") as part, (state, time)):
                return self._slope(part, x, noise, state, time)
            case Call(function, args):
                return Call(function, tuple(self.value(a, x, noise, line) for a in args))
        return tree

    def _slope(self, part: str, x: str, noise: str, state: Tree, time: Tree) -> Tree:
        """``f`` or ``g`` of a variable at a state and a time; evaluated once."""
        key = (part, x, noise if part == "g" else "", state, time)
        if key not in self.slopes:
            by_itself = part == "g" and len(self.system.noises) > 1 and state != Name("x")
            pieces = split(
                self.system, x,
                self._moved(x, state, self.value(time, x, noise, self._together), noise if by_itself else ""))
            tree = pieces.drift if part == "f" else pieces.noise.get(noise, ZERO)
            if x in self.system.conditional and self.still:
                tree = select(NOT_REFRACTORY, tree, ZERO)
            self.slopes[key] = self.steps.let(f"_{part}_{x}", tree)
        return self.slopes[key]

    def _moved(self, x: str, state: Tree, time: Tree, noise: str) -> Tree:
        """The right side at another state and time, the state that ``noise`` leads to by itself if one is given; random
        functions called."""
        key = (x, state, time, noise)
        if key not in self.sides:
            rhs = self._side(x, state, time, noise)
            self.sides[key] = bound_draws(self.system, rhs, self.steps) if draws(self.system, rhs) else rhs
        return self.sides[key]

    def _side(self, x: str, state: Tree, time: Tree, noise: str) -> Tree:
        here: Mapping[str, Tree] = {}
        if state != Name("x"):
            here = {
                y:
                self.steps.let(f"_{y}_at",
                               self.value(state, y, noise, self._alone) if noise else self._summed("f(x, t)", y, state))
                for y in self.equations if y in self.read
            }

        def change(node: Tree) -> Tree:
            if node == Name("t"):
                return time
            return here.get(node.id, node) if isinstance(node, Name) else node

        return change_outside(self.equations[x], self.system.locally_constant, change)


def _outside_arguments(tree: Tree) -> list[Tree]:
    """All parts of a formula that are not inside f(...) or g(...); those calls themselves without arguments."""
    if isinstance(tree, Call) and tree.function in ("f", "g"):
        return [Call(tree.function, ())]
    inner = tree.args if isinstance(tree, (Op, Call)) else ()
    return [tree, *(node for a in inner for node in _outside_arguments(a))]
