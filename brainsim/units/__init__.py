"""Physical units: quantities, the named units, constants, and NumPy's functions with units.

``from brainsim.units import *`` gives the 203 standard names (``mV``, ``volt``, ``ms`` ...), `Quantity`, `check_units`
and kin; ``brainsim.units.allunits`` has every SI prefix.
"""
# ruff: noqa: F401  (handed on: their names stand in MACHINERY)
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.fundamentalunits import (
    MACHINERY,
    DimensionMismatchError,
    Quantity,
    Unit,
    check_units,
    fail_for_dimension_mismatch,
    get_dimensions,
    get_or_create_dimension,
    get_unit,
    have_same_dimensions,
    in_best_unit,
    in_unit,
    is_dimensionless,
    is_scalar_type,
    register_new_unit,
)
from brainsim.units.names import STANDARD, unit
from brainsim.units.plotting import teach_matplotlib

__all__ = [*MACHINERY, *STANDARD]  # pyright: ignore[reportUnsupportedDunderAll] -- also of a table
globals().update({name: unit(name) for name in STANDARD})
teach_matplotlib()
