"""The bounds of a trainable parameter as numbers."""
from __future__ import annotations

import math

from brainsim.errors import DimensionMismatchError, EquationError, WrongType
from brainsim.language.equations import Equation
from brainsim.language.trees import Name, Number, Op, Tree
from brainsim.model.single_equation import UnitLookup, dimension_of_unit
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.words import unit_text

WHOLE_LINE = (-math.inf, math.inf)
Measure = tuple[float, Dimension]


def bounds_of(e: Equation, lookup: UnitLookup) -> tuple[float, float]:
    """Lower and upper bound in SI base units, infinite where there is none.

    Raises `WrongType` for a trainable parameter that is no float, `EquationError` for bounds that are no numbers or in
    the wrong order, `DimensionMismatchError` for another unit. 0 and infinity fit any unit.
    """
    if e.dtype != "float":
        raise WrongType(f"A trainable parameter is a float; '{e.name}' is {e.dtype}", at=e.span,
                        help=f"write '{e.name} : 1 (trainable)'")
    if e.bounds is None:
        return WHOLE_LINE
    wanted = dimension_of_unit(e, lookup)
    low, high = (_end(e, tree, wanted, lookup) for tree in e.bounds)
    if not low < high:
        raise EquationError(f"The lower bound of '{e.name}' is not below the upper one", at=e.bounds[0].span or e.span)
    return low, high


def _end(e: Equation, tree: Tree, wanted: Dimension, lookup: UnitLookup) -> float:
    value, found = _number(e, tree, lookup)
    if found is not wanted and value != 0 and not math.isinf(value):
        raise DimensionMismatchError(f"'{e.name}' is in {unit_text(wanted)}; this bound is not", wanted, found,
                                     at=tree.span or e.span, found=f"a bound in {unit_text(found)}")
    return value


def _number(e: Equation, tree: Tree, lookup: UnitLookup) -> Measure:
    def go(t: Tree) -> Measure:
        return _number(e, t, lookup)

    match tree:
        case Number(value):
            return float(value), DIMENSIONLESS
        case Name("inf"):
            return math.inf, DIMENSIONLESS
        case Name(name) if (found := lookup(name)) is not None:
            return found
        case Op("neg", (a,)):
            return -go(a)[0], go(a)[1]
        case Op("*", (a, b)):
            return go(a)[0] * go(b)[0], go(a)[1] * go(b)[1]
        case Op("/", (a, b)) if go(b)[0]:
            return go(a)[0] / go(b)[0], go(a)[1] / go(b)[1]
        case Op("**", (a, Number(power))):
            return go(a)[0] ** power, go(a)[1] ** power
    raise EquationError("A bound is a number with its unit", at=tree.span or e.span,
                        help="bounds=(1*ms, 100*ms), bounds=(0, inf)")
