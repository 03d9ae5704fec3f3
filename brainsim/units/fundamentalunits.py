"""The machinery of units under the path that Brian scripts import it from."""
# ruff: noqa: F401  (handed on: their names stand in MACHINERY)
import sys
from types import ModuleType

import numpy as np

from brainsim.errors import DimensionMismatchError, Unsupported
from brainsim.units.checking import check_units
from brainsim.units.dimensions import DIMENSIONLESS, Dimension, get_or_create_dimension
from brainsim.units.names import FUNDAMENTAL, unit
from brainsim.units.quantities import Quantity
from brainsim.units.queries import (
    fail_for_dimension_mismatch,
    get_dimensions,
    get_unit,
    have_same_dimensions,
    in_best_unit,
    in_unit,
    is_dimensionless,
    is_scalar_type,
)
from brainsim.units.ufuncs import RULES, comparing, first, matching, number, ordering, product, pure, quotient
from brainsim.units.unit import Unit, register_new_unit

MACHINERY = (
    "DimensionMismatchError",
    "Quantity",
    "Unit",
    "check_units",
    "get_dimensions",
    "get_or_create_dimension",
    "get_unit",
    "have_same_dimensions",
    "in_best_unit",
    "in_unit",
    "is_dimensionless",
    "is_scalar_type",
    "register_new_unit",
)  # fmt: skip
#: NumPy's functions by what they do to units, as scripts ask for them
UFUNCS_DIMENSIONLESS = tuple(n for n, rule in RULES.items()
                             if rule is pure and getattr(np, n).nin == getattr(np, n).nout == 1)
UFUNCS_DIMENSIONLESS_TWOARGS = tuple(n for n, rule in RULES.items() if rule is pure and getattr(np, n).nin == 2)
UFUNCS_PRESERVE_DIMENSIONS = tuple(n for n, rule in RULES.items() if rule is first and getattr(np, n).nin == 1)
UFUNCS_MATCHING_DIMENSIONS = tuple(n for n, rule in RULES.items() if rule in (matching, ordering))
UFUNCS_COMPARISONS = tuple(n for n, rule in RULES.items() if rule is comparing)
UFUNCS_LOGICAL = tuple(n for n, rule in RULES.items() if rule is number and n not in ("sign", "signbit"))
UFUNCS_CHANGE_DIMENSIONS = tuple(n for n, rule in RULES.items()
                                 if rule in (product, quotient) or n in ("sqrt", "square", "reciprocal"))
UFUNCS_INTEGERS = ("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift")
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] -- also of a table
    *MACHINERY, "DIMENSIONLESS", "Dimension", "fail_for_dimension_mismatch", *FUNDAMENTAL]
globals().update({name: unit(name) for name in FUNDAMENTAL})

#: the maker of quantities that pickles of Brian 2 name
quantity_with_dimensions = Quantity.with_dimensions
unit_checking = True    #: there is no way round the checks


class _Checked(ModuleType):
    """This module, which says so where a script wants to switch the checks off."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "unit_checking" and not value:
            raise Unsupported("Units are always checked", found="unit_checking = False",
                              help="numbers without units: G.v_ in place of G.v, numpy.asarray(quantity) in base units")
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Checked
