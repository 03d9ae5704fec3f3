"""The machinery of units under the path that Brian scripts import it from."""
# ruff: noqa: F401  (handed on: their names stand in MACHINERY)
from brainsim.errors import DimensionMismatchError
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
from brainsim.units.unit import Unit, register_new_unit

MACHINERY = (
    "DimensionMismatchError", "Quantity", "Unit", "check_units", "get_dimensions", "get_or_create_dimension", "get_unit",
    "have_same_dimensions", "in_best_unit", "in_unit", "is_dimensionless", "is_scalar_type", "register_new_unit",
)  # fmt: skip
__all__ = [*MACHINERY, "DIMENSIONLESS", "Dimension", "fail_for_dimension_mismatch", *FUNDAMENTAL]  # pyright: ignore
globals().update({name: unit(name) for name in FUNDAMENTAL})
