"""Equations as a value: the parsed lines of a model with their dimensions, and the checks every model must pass."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from brainsim.errors import EquationError, Source, WrongSyntax, WrongValue
from brainsim.language.code_strings import Expression
from brainsim.language.equations import Equation, parse_equations
from brainsim.language.latex import aligned
from brainsim.language.names import check_identifier
from brainsim.language.trees import Call, Name, Number, Op, Tree, names, substitute
from brainsim.model.single_equation import SingleEquation, is_noise, single
from brainsim.units.dimensions import DIMENSIONLESS, Dimension

DTYPES = {"float": "f8", "integer": "i4", "boolean": "b1"}


@dataclass(frozen=True)
class Equations(Mapping[str, SingleEquation]):
    """Differential equations, subexpressions and parameters of a model: a mapping from name to `SingleEquation`.

    ``Equations(text, x='y', tau=10*ms)``: a string renames, a value is inserted. Raises `EquationError` for text that
    is not a set of equations. Add two of them, or one and a string, with ``+``.
    """

    #: against the names of a group; from `objects`, where groups and namespaces are known
    check_units: ClassVar[Callable[..., None]]
    #: against the names of a group; from `objects`, where groups and namespaces are known
    check_units: ClassVar[Callable[..., None]]
    equations: tuple[SingleEquation, ...]
    _by_name: Mapping[str, SingleEquation] = field(init=False, repr=False, compare=False)
    _dimensions: Mapping[str, Dimension] = field(init=False, repr=False, compare=False)

    def __init__(self, text: "str | Source | Equations | Iterable[Equation]", **replacements: object):
        if isinstance(text, (str, Source)):
            lines = parse_equations(text if isinstance(text, Source) else Source(text, "model"))
        elif isinstance(text, Equations):
            lines = text.equations
        else:
            lines = tuple(text)
        object.__setattr__(self, "equations", tuple(map(single, _replaced(lines, replacements))))
        seen: dict[str, SingleEquation] = {}
        for e in self.equations:
            if e.name in seen:
                raise EquationError(f"'{e.name}' is defined twice", at=e.name_span,
                                    help="give one of them another name")
            seen[e.name] = e
        object.__setattr__(self, "_by_name", seen)
        _refuse_cycles(self)
        _refuse_repeated_noise(self)
        object.__setattr__(self, "_dimensions", {e.name: e.dim for e in self.equations})

    # -- mapping -------------------------------------------------------------------------------------------------------
    def __getitem__(self, name: str) -> SingleEquation:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self.equations)

    def __hash__(self) -> int:
        return hash(self.equations)

    def __add__(self, other: "Equations | str") -> "Equations":
        more = other if isinstance(other, Equations) else Equations(other)
        return Equations((*self.equations, *more.equations))

    def __radd__(self, other: str) -> "Equations":
        return Equations(other) + self

    def substitute(self, **replacements: object) -> "Equations":
        """A copy with names replaced by other names or by values."""
        return Equations(self, **replacements)

    # -- views ---------------------------------------------------------------------------------------------------------
    def of_kind(self, kind: str) -> tuple[SingleEquation, ...]:
        """The lines of one kind: 'differential', 'subexpression' or 'parameter'."""
        return tuple(e for e in self.equations if e.kind == kind)

    @property
    def names(self) -> set[str]:
        """All names defined."""
        return set(self)

    @property
    def diff_eq_names(self) -> set[str]:
        """Names of differential variables."""
        return {e.name for e in self.of_kind("differential")}

    @property
    def subexpr_names(self) -> set[str]:
        """Names of subexpressions."""
        return {e.name for e in self.of_kind("subexpression")}

    @property
    def parameter_names(self) -> set[str]:
        """Names of parameters."""
        return {e.name for e in self.of_kind("parameter")}

    @property
    def eq_names(self) -> set[str]:
        """Names with an expression."""
        return self.diff_eq_names | self.subexpr_names

    @property
    def diff_eq_expressions(self) -> list[tuple[str, Expression]]:
        """Names and right sides of the differential equations."""
        return [(e.name, e.expr) for e in self.of_kind("differential") if e.expr is not None]

    @property
    def eq_expressions(self) -> list[tuple[str, Expression]]:
        """Names and right sides of differential equations and subexpressions."""
        return [(e.name, e.expr) for e in self.equations if e.expr is not None]

    @property
    def dependencies(self) -> dict[str, list["Dependency"]]:
        """For every name with an expression, the lines it needs: at once, or through subexpressions."""
        def visit(name: str, via: tuple[str, ...]) -> Iterator[Dependency]:
            for used in sorted(self[name].identifiers & set(self)):
                yield Dependency(self[used], via)
                if self[used].kind == "subexpression":
                    yield from visit(used, (*via, used))

        return {e.name: list(visit(e.name, ())) for e in self.equations if e.expression is not None}

    @property
    def identifiers(self) -> set[str]:
        """All names used on right-hand sides, and those defined."""
        used = {n for e in self.equations if e.expression is not None for n in names(e.expression)}
        return used | self.names

    @property
    def stochastic_variables(self) -> set[str]:
        """The white noises: xi, xi_..."""
        return {n for n in self.identifiers if is_noise(n)}

    @property
    def is_stochastic(self) -> bool:
        """Whether there is noise."""
        return bool(self.stochastic_variables)

    @property
    def stochastic_type(self) -> str | None:
        """'multiplicative' where a factor of a noise depends on a differential variable or on time, else 'additive';
        None without noise."""
        if not self.is_stochastic:
            return None
        scales = {
            n for e in self.of_kind("differential") if e.expression is not None for n in _scales_of_noise(e.expression)
        }
        inner = {d.equation.name for n in scales & self.subexpr_names for d in self.dependencies[n]}
        timed = any("t" in self[n].identifiers for n in (scales | inner) & self.subexpr_names)
        return "multiplicative" if timed or (scales | inner) & {*self.diff_eq_names, "t"} else "additive"

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """Dimensions by name."""
        return dict(self._dimensions)

    @property
    def ordered(self) -> list[SingleEquation]:
        """Subexpressions, each after those it uses; then differential equations; then parameters."""
        found: dict[str, SingleEquation] = {}

        def visit(name: str) -> None:
            for used in sorted(self[name].identifiers & self.subexpr_names):
                visit(used)
            found.setdefault(name, self[name])

        for e in (*self.of_kind("subexpression"), *self.of_kind("differential"), *self.of_kind("parameter")):
            visit(e.name)
        return list(found.values())

    def _repr_latex_(self) -> str:
        lines = (rf"{left} &{'=' if right else ''} {right} &&\quad {remark}"
                 for left, right, remark in (e.latex for e in self.equations))
        return aligned(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """A line each in IPython."""
        printer.text(str(self))

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))

    def __repr__(self) -> str:
        return f"Equations({str(self)!r})"


@dataclass(frozen=True)
class Dependency:
    """A line that another one needs, and the subexpressions on the way to it."""

    equation: SingleEquation
    via: tuple[str, ...]


def _scales_of_noise(tree: Tree) -> frozenset[str]:
    """Names in the factors of noises."""
    match tree:
        case Op(op, args):
            noisy = [a for a in args if any(map(is_noise, names(a)))]
            beside = frozenset(n for a in args for n in names(a)
                               if a not in noisy) if noisy and op not in ("+", "-") else frozenset()
            return beside.union(*map(_scales_of_noise, noisy))
        case Call(_, args):
            return frozenset().union(*map(_scales_of_noise, args))
    return frozenset()


def check_names(equations: Iterable[Equation], is_unit: Callable[[str], bool], is_function: Callable[[str], bool],
                extra: tuple[str, ...] = ()) -> None:
    """Refuse names that a model may not define (`WrongSyntax`, `WrongValue`)."""
    for e in equations:
        summed = "summed" in e.flags
        stem = e.name.removesuffix("_post").removesuffix("_pre") if summed else e.name
        check_identifier(stem, e.name_span, extra)
        for what, test in (("unit", is_unit), ("function", is_function)):
            if test(e.name):
                raise WrongSyntax(f"'{e.name}' is the name of a {what} and cannot be a variable", at=e.name_span,
                                  help="choose another name")


def check_flags(equations: Iterable[Equation], allowed: Mapping[str, tuple[str, ...]],
                exclusive: tuple[tuple[str, str], ...] = ()) -> None:
    """Refuse flags that this kind of object does not know for this kind of line (`WrongValue`)."""
    for e in equations:
        for flag in e.flags:
            if flag not in allowed[e.kind]:
                raise WrongValue(f"The flag '{flag}' cannot be used for the {e.kind} '{e.name}'", at=e.span,
                                 help=f"possible here: {', '.join(allowed[e.kind]) or 'none'}")
        for a, b in exclusive:
            if a in e.flags and b in e.flags:
                raise WrongValue(f"'{e.name}' cannot be both ({a}) and ({b})", at=e.span)
        if "linked" in e.flags and len(e.flags) > 1:
            raise WrongSyntax(f"(linked) cannot be combined with other flags for '{e.name}'", at=e.span)


def _replaced(lines: tuple[Equation, ...], replacements: Mapping[str, object]) -> tuple[Equation, ...]:
    if not replacements:
        return lines
    trees: dict[str, Tree] = {}
    renamed: dict[str, str] = {}
    for name, value in replacements.items():
        if isinstance(value, str):
            if name in {e.name for e in lines} or not value.isidentifier():
                check_identifier(value)
            trees[name], renamed[name] = Name(value), value
        elif any(e.name == name for e in lines):
            raise WrongValue(f"'{name}' is a variable of the model and cannot be replaced by a value",
                             help=f"give a string to rename it, {name}='other'")
        else:
            trees[name] = value_tree(value)
    return tuple(replace(e, name=renamed.get(e.name, e.name),
                         expression=None if e.expression is None else substitute(e.expression, trees)) for e in lines)


def value_tree(value: Any) -> Tree:
    """A number with its unit as a tree of SI base units."""
    dim = getattr(value, "dim", DIMENSIONLESS)
    if getattr(value, "shape", ()) != ():
        raise WrongSyntax("Only a single value can stand for a name",
                          found=f"an array of shape {getattr(value, 'shape', '')}",
                          help="declare it as a parameter and assign the array to the group")
    tree: Tree = Number(float(value) if not isinstance(value, (bool, int)) else value)
    for base, power in zip(("metre", "kilogram", "second", "amp", "kelvin", "mole", "candela"), dim.exponents):
        if power:
            tree = Op("*", (tree, Op("**", (Name(base), Number(int(power) if power == int(power) else power)))))
    return tree


def _refuse_cycles(equations: Equations) -> None:
    definitions = {e.name: e for e in equations.of_kind("subexpression")}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join((*path[path.index(name):], name))
            raise WrongValue(f"The subexpression '{name}' is defined by itself", at=definitions[name].span,
                             found=circle)
        expression = definitions[name].expression
        for used in names(expression) if expression is not None else ():
            if used in definitions:
                visit(used, (*path, name))

    for name in definitions:
        visit(name, ())


def _refuse_repeated_noise(equations: Equations) -> None:
    seen: dict[str, Equation] = {}
    for e in equations.equations:
        if e.expression is None:
            continue
        used = {n for n in names(e.expression) if is_noise(n)}
        if used and e.kind != "differential" and ("xi" in used or "constant over dt" in e.flags or "summed" in e.flags):
            raise EquationError(f"Noise can only be used in differential equations, not in '{e.name}'", at=e.span,
                                help="a line that only differential equations use may have a noise with a name: xi_1")
        if "xi" in used:
            if "xi" in seen:
                raise EquationError(
                    "'xi' is used in two equations", at=e.span,
                    help="name the noises: xi_1 and xi_2 are independent, one name in two equations is the same noise")
            seen["xi"] = e
