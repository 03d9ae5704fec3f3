"""Questions about the dimension of a value, and its text in a chosen unit."""
from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units import display
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.names import unit
from brainsim.units.plain import agree, dimensions_of, mismatch, split
from brainsim.units.quantities import Quantity
from brainsim.units.unit import Unit


def get_dimensions(obj: object) -> Dimension:
    """The dimension of a number, array, quantity, unit, state variable, or list of them. WrongType for anything
    else."""
    return obj if isinstance(obj, Dimension) else dimensions_of(obj)


def have_same_dimensions(obj1: object, obj2: object) -> bool:
    """Whether two values have one dimension; 0 counts as a pure number here."""
    return get_dimensions(obj1) is get_dimensions(obj2)


def is_dimensionless(obj: object) -> bool:
    return get_dimensions(obj) is DIMENSIONLESS


def is_scalar_type(obj: object) -> bool:
    """Whether this is a single number without unit."""
    if isinstance(obj, np.ndarray):
        return obj.ndim == 0 and obj.dtype.kind in "biufc" and get_dimensions(obj) is DIMENSIONLESS
    return isinstance(obj, (Number, np.bool_))


def get_unit(dim: Dimension) -> Unit:
    """The unit of value 1 of a dimension; unnamed for a pure number."""
    shown = display.best([], dim)
    if shown.value != 1:  # only molar: a thousand moles per cubic metre
        shown = display.base_form(dim)
    if shown.name in display.TABLE.roots:
        return unit(shown.name)
    return Unit(1.0, dim, name=shown.name, dispname=shown.symbol)


def in_unit(x: Any, u: Quantity, precision: int | None = None) -> str:
    """``in_unit(3*mV, uvolt)`` is ``"3000. uV"``. DimensionMismatchError when it does not fit."""
    plain, dim = split(x)
    if dim is not u.dim:
        raise mismatch(f"The value cannot be written in {u}", dim, u.dim)
    return Quantity(plain, dim).in_unit(u, precision)


def in_best_unit(x: Any, precision: int | None = None) -> str:
    """``in_best_unit(0.003*volt)`` is ``"3. mV"``; a number without unit stays as it is."""
    plain, dim = split(x)
    if dim is DIMENSIONLESS and isinstance(x, Number) and precision is None:
        return str(x)
    return Quantity(plain, dim).in_best_unit(precision)


def fail_for_dimension_mismatch(
    obj1: object, obj2: object = None, error_message: str | None = None, **error_quantities: object
) -> tuple[Dimension, Dimension]:
    """The dimensions of two values when they match (a plain 0 matches all; one value alone has to be a pure number).

    DimensionMismatchError else; ``error_message`` may have ``{fields}``, filled from ``error_quantities``.
    """
    what = (error_message or "Dimension mismatch").format(**error_quantities)
    parts = [split(obj1), split(0 if obj2 is None else obj2)]
    if obj2 is None and parts[0][1] is not DIMENSIONLESS:
        raise mismatch(what, parts[0][1])
    agree(parts, what)
    return parts[0][1], parts[1][1]


def require_unit(obj: object) -> Dimension:
    """The dimension of a unit given as ``volt``, ``1`` or a `Dimension`. WrongType for anything else."""
    if isinstance(obj, Dimension):
        return obj
    if isinstance(obj, Quantity) or (is_scalar_type(obj) and obj == 1):
        return dimensions_of(obj)
    raise WrongType(f"A unit is needed, not {obj!r}", help="write a unit such as volt, or 1 for a pure number")
