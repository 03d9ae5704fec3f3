"""One line of a model with its unit, under the names that Brian 2 has for its parts."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from brainsim.errors import EquationError
from brainsim.language.equations import Equation
from brainsim.language.expressions import to_text
from brainsim.language.trees import Name, Number, Op, Tree
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.names import unit
from brainsim.units.queries import get_unit
from brainsim.units.unit import Unit
from brainsim.units.words import unit_text

UnitLookup = Callable[[str], "tuple[float, Dimension] | None"]
TYPES = {"differential": "differential equation", "subexpression": "subexpression", "parameter": "parameter"}


@dataclass(frozen=True, slots=True, repr=False)
class SingleEquation(Equation):
    """A line of a model; ``equations['v']`` gives it."""

    @property
    def varname(self) -> str:
        """The name."""
        return self.name

    @property
    def type(self) -> str:
        """'differential equation', 'subexpression' or 'parameter'."""
        return TYPES[self.kind]

    @property
    def var_type(self) -> str:
        """'float', 'integer' or 'boolean'."""
        return self.dtype

    @property
    def dim(self) -> Dimension:
        """The declared dimension; `EquationError` where the unit is none."""
        return dimension_of_unit(self, _unit)

    @property
    def unit(self) -> Unit:
        """The declared unit."""
        return get_unit(self.dim)

    @property
    def stochastic_variables(self) -> set[str]:
        """The white noises of the right side."""
        return {n for n in self.identifiers if is_noise(n)}

    def __str__(self) -> str:
        return line(self)

    def __repr__(self) -> str:
        right = "" if self.expression is None else f": {to_text(self.expression)}"
        flags = f", flags: {', '.join(self.flag_texts)}" if self.flags else ""
        return f"<{self.type} {self.name}{right} (Unit: {unit_text(self.dim)}{flags})>"


def single(e: Equation) -> SingleEquation:
    """The line with its unit."""
    return SingleEquation(**{f.name: getattr(e, f.name) for f in fields(e)})


def line(e: Equation) -> str:
    """An equation as text."""
    left = {"differential": f"d{e.name}/dt = ", "subexpression": f"{e.name} = ", "parameter": e.name}[e.kind]
    right = to_text(e.expression) if e.expression is not None else ""
    unit = to_text(e.unit_tree) if e.unit_tree is not None else {"float": "1"}.get(e.dtype, e.dtype)
    return f"{left}{right} : {unit}" + (f" ({', '.join(e.flag_texts)})" if e.flags else "")


def _unit(name: str) -> tuple[float, Dimension] | None:
    """Size in base units and dimension of a unit, None for other names."""
    try:
        found = unit(name)
    except KeyError:
        return None
    return float(found), found.dim


def is_unit(name: str) -> bool:
    """Whether a name is a unit."""
    return _unit(name) is not None


def is_noise(name: str) -> bool:
    """Whether a name is a white noise."""
    return name == "xi" or name.startswith("xi_")


def dimension_of_unit(e: Equation, lookup: UnitLookup) -> Dimension:
    """The declared dimension; raises `EquationError` for a scaled unit such as ``mV`` and for names that are no
    units."""
    def go(tree: Tree) -> Dimension:
        match tree:
            case Number():
                return DIMENSIONLESS
            case Name(name):
                found = lookup(name)
                if found is None:
                    raise EquationError(f"'{name}' is not a unit", at=tree.span or e.unit_span,
                                        help="for example volt, amp, siemens, second, 1")
                size, dimension = found
                if size != 1.0 and name not in ("mmolar", "mM", "kilogram"):
                    raise EquationError(
                        f"A variable is declared in a base unit, not in '{name}'", at=tree.span or e.unit_span,
                        help=f"write '{e.name} : {unit_text(dimension)}'; values may be given in any unit")
                return dimension
            case Op("*", (a, b)):
                return go(a) * go(b)
            case Op("/", (a, b)):
                return go(a) / go(b)
            case Op("**", (a, b)):
                return go(a) ** exponent(b)
        raise EquationError("This is not a unit", at=e.unit_span, help="write amp/meter**2 for example")

    def exponent(tree: Tree) -> float:
        match tree:
            case Number(value):
                return float(value)
            case Op("neg", (a,)):
                return -exponent(a)
            case Op("/", (a, b)):
                return exponent(a) / exponent(b)
        raise EquationError("The exponent of a unit is a number", at=e.unit_span)

    return DIMENSIONLESS if e.unit_tree is None else go(e.unit_tree)
